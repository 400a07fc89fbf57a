"""The study hours of an organisation's year as a workbook: the rows of the screen."""

from app.records.schemas import MemberHours, OrganisationHours
from content.tables import Value, write_xlsx

HEADERS = [
    "党员编号",
    "姓名",
    "所在党组织",
    "本年度学时",
    "其中纸质、送学上门",
    "全年应学",
    "还差",
    "达到",
    "免学（第二十三条）",
]


def hours_workbook(year: OrganisationHours) -> bytes:
    """An .xlsx with 学时 and 说明; hours are numbers of two digits."""
    basis: list[list[Value]] = [
        ["党组织", "年度", "应学人数", "已达到", "免学人数", "依据", "规则版本"],
        [year.organisation, year.year, year.due, year.met, year.exempt, year.rule.article, year.rule.version],
    ]
    return write_xlsx({"学时": [[*HEADERS], *(_row(each) for each in year.items)], "说明": basis})


def _row(each: MemberHours) -> list[Value]:
    # A cell is a binary number by its nature; two digits of it are exact on the screen.
    missing = None if each.missing is None else float(each.missing)
    met = None if each.met is None else "是" if each.met else "否"
    hours: list[Value] = [float(each.hours), float(each.recorded), None if each.exempt else each.target, missing]
    return [each.member_id, each.name, each.organisation, *hours, met, "是" if each.exempt else "否"]
