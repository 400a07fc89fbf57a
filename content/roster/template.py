"""The workbooks that we hand out: the empty template, and the lines to correct."""

from collections.abc import Iterable, Iterator

from content.roster.events import (
    FIELD_TITLES,
    FIELDS,
    LINE_TITLE,
    MEMBER_SHEET,
    ORGANISATION_COLUMNS,
    ORGANISATION_SHEET,
    PROBLEM_TITLE,
    RejectedLine,
)
from content.tables import Value, write_sheets, write_xlsx

# What a spreadsheet damages unless its cells are text: long numbers lose digits, 1985.10 becomes 1985.1.
_TEXT_TITLES = tuple(FIELD_TITLES[field] for field in ("phone", "birth_month", "joined_on"))


def roster_template() -> bytes:
    """Return an .xlsx to fill in: members, organisations, and a sheet that explains the columns."""
    members: list[list[Value]] = [
        [*FIELD_TITLES.values()],
        ["张示例", "示例第一党支部", "示例镇党委", "19900000001", "正式党员", "在职", "否", "",
         "1985.07", "2010-07-01", ""],
        ["李示例", "示例第一党支部", "示例镇党委", "", "预备党员", "流动", "否", "",
         "1990.10", "2026.05", "青年、务工"],
        ["王示例", "示例第二党支部", "示例镇党委", "19900000003", "正式党员", "无职", "是", "年老体弱",
         "1941.02", "", ""],
    ]  # fmt: skip
    organisations: list[list[Value]] = [
        [*ORGANISATION_COLUMNS],
        ["示例镇党委", "党委", ""],
        ["示例第一党支部", "党支部", "示例镇党委"],
        ["示例第二党支部", "党支部", "示例镇党委"],
    ]
    notes: list[list[Value]] = [
        ["列", "说明"],
        ["姓名、所在党组织", "必填；党组织名称应与「党组织」表或系统中已有的名称完全一致"],
        ["上级党组织", "可不填；有同名党支部时用来区分"],
        ["手机号", "可不填；11 位手机号码，一格一个；同一党组织中有同名党员时必填"],
        ["人员类别", "入党申请人、积极分子、发展对象、预备党员、正式党员"],
        ["名册", "在职、无职、流动"],
        ["免学、免学原因", "年老体弱等不作硬性学习要求的填 是，并写明原因"],
        ["出生年月", "可不填；如 1985.07 或 1985-07；10 月写作 1985.10，单元格应为“文本”格式"],
        ["入党时间", "可不填；如 2010-07-01 或 2010.07"],
        ["标签", "可不填；有多个时用顿号隔开"],
        ["留空的格子", "不会改动系统中已有的内容；新党员按 正式党员、在职、不免学 登记"],
        ["「党组织」表", "可删除；类别填 党委、党总支、党支部、党小组；最上级的“上级”留空"],
        ["示例", "以上各表中带“示例”的行不会导入，可以删除"],
    ]
    sheets: dict[str, Iterable[list[Value]]] = {
        MEMBER_SHEET: members,
        ORGANISATION_SHEET: organisations,
        "说明": notes,
    }
    return write_xlsx(sheets, text_columns=_TEXT_TITLES)


def corrections_workbook(lines: Iterable[RejectedLine]) -> bytes:
    """Return an .xlsx of lines in the columns of the template, with what is wrong with each, or ""; to mend and upload.

    Lines without raw texts are left out. They are taken one by one: a generator of any length needs little memory.
    """
    return write_sheets(_correction_sheets(iter(lines)), text_columns=_TEXT_TITLES)


def _correction_sheets(lines: Iterator[RejectedLine]) -> Iterator[tuple[str, Iterable[list[Value]]]]:
    trees: list[RejectedLine] = []
    yield MEMBER_SHEET, _member_rows(lines, trees)
    if trees:
        # Superiors come before their subordinates.
        trees.sort(key=lambda line: line.line)
        header: list[Value] = [*ORGANISATION_COLUMNS, LINE_TITLE, PROBLEM_TITLE]
        yield ORGANISATION_SHEET, [header, *(_correction(each, ORGANISATION_COLUMNS) for each in trees)]


def _member_rows(lines: Iterator[RejectedLine], trees: list[RejectedLine]) -> Iterator[list[Value]]:
    """Yield the rows of the members, and put the organisations among the lines into `trees`."""
    yield [*FIELD_TITLES.values(), LINE_TITLE, PROBLEM_TITLE]
    for line in lines:
        if line.raw.keys() & {*ORGANISATION_COLUMNS}:
            trees.append(line)
        elif line.raw:
            yield _correction(line, FIELDS)


def _correction(line: RejectedLine, keys: Iterable[str]) -> list[Value]:
    place = f"{line.sheet} 第 {line.line} 行" if line.sheet else f"第 {line.line} 行"
    return [*(line.raw.get(key, "") for key in keys), place, line.reason]
