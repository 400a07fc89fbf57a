"""A county's roster as an office keeps it: a spreadsheet made by hand over the years, with twenty branches.

All names and numbers are made up; the numbers are of a range that is not given out.
"""

import io
from dataclasses import dataclass

from openpyxl import Workbook

COUNTY = "云山县直属机关党委"
UNITS = (
    "教育局机关", "卫生健康局机关", "农业农村局机关", "水利局机关", "林业局机关", "民政局机关", "司法局机关",
    "自然资源局机关", "交通运输局机关", "文化馆", "图书馆", "第一中学", "第二中学", "中心小学", "人民医院",
    "中医院", "供销社", "青石镇东街", "青石镇西街", "青石镇离退休",
)  # fmt: skip
BRANCHES = tuple(f"{unit}党支部" for unit in UNITS)
SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许"
GIVEN = "安邦成德恩凡光海嘉凯磊明宁平清荣思涛文兴雅远志卓"
HEADER = (
    "序号", "所属党委", "党支部名称", "姓  名", "性别", "民族", "出生年月", "身份证号码", "入党时间", "政治面貌",
    "联系方式", "", "流动党员", "备注",
)  # fmt: skip
BELOW = {10: "手机", 11: "座机"}
FIRST_LINE = 5


@dataclass
class Person:
    """A line of the roster, as it stands in the sheet."""

    branch: str
    name: str
    born: object
    joined: object
    phone: object
    floating: bool

    @property
    def clean(self) -> str:
        """The name as the roster will keep it."""
        return self.name.replace("　", "").replace(" ", "")


def people() -> list[Person]:
    """Some six hundred people; how a name, a date or a number is written changes from line to line."""
    made: list[Person] = []
    for place, branch in enumerate(BRANCHES):
        for seat in range(24 + place % 9):
            number = len(made)
            surname, given = SURNAMES[number % 20], GIVEN[number // 20 % 24] + GIVEN[(number // 7 + place) % 24]
            name = f"{surname}　{given[0]}" if number % 11 == 0 else surname + given
            year, month = 1950 + number * 7 % 48, number % 12 + 1
            written: tuple[object, ...] = (
                f"{year}.{month:02d}", f"{year}年{month}月", f"{year}-{month:02d}-15", f"{year}{month:02d}",
            )  # fmt: skip
            phone = 19900000000 + number * 37
            made.append(
                Person(
                    branch=branch,
                    name=name,
                    born=written[number % 4],
                    joined=f"{year + 22}.{month:02d}.01",
                    phone=phone if number % 2 else f"{phone}"[:3] + "-" + f"{phone}"[3:7] + "-" + f"{phone}"[7:],
                    floating=seat % 12 == 5,
                )
            )
    return made


def sheet(roster: list[Person]) -> bytes:
    """The workbook: two lines of title, a header of two rows, one merged cell for all members of a branch, a total."""
    book = Workbook()
    page = book.active
    assert page is not None
    page.title = "花名册"
    page.append(["云山县直属机关党委党员花名册"])
    page.append(["填报单位：机关党委组织科", "", "", "", "", "", "", "", "填报日期：2026.11.16"])
    page.merge_cells("A1:N1")
    page.append(HEADER)
    page.append([BELOW.get(column, "") for column in range(len(HEADER))])
    page.merge_cells("K3:L3")
    for column in "ABCDEFGHIJMN":
        page.merge_cells(f"{column}3:{column}4")
    for number, person in enumerate(roster, start=1):
        first = number == 1 or roster[number - 2].branch != person.branch
        page.append(
            [
                number, COUNTY if first else None, person.branch if first else None, person.name, "男", "汉族",
                person.born, f"11010119900101{number:04d}", person.joined, "中共党员", person.phone, None,
                "是" if person.floating else "否", None,
            ]
        )  # fmt: skip
    _merge_branches(page, roster)
    page.append(["合计", "", "", f"{len(roster)}人"])
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def _merge_branches(page: "object", roster: list[Person]) -> None:
    start = 0
    for number in range(1, len(roster) + 1):
        if number == len(roster) or roster[number].branch != roster[start].branch:
            for column in "BC":
                page.merge_cells(f"{column}{start + FIRST_LINE}:{column}{number + FIRST_LINE - 1}")  # type: ignore[attr-defined]  # of the library's sheet
            start = number
