from collections.abc import Iterator
from io import BytesIO

from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from content.roster import (
    FIELD_TITLES,
    FIELDS,
    RejectedLine,
    RosterEvent,
    RosterHeader,
    RosterLine,
    RosterOptions,
    RosterOrganisation,
    corrections_workbook,
    roster_template,
)
from content.roster.parse import parse_roster_lines
from tests.content.rosters.build import BRANCH, TODAY, xlsx

OPTIONS: RosterOptions = {"today": TODAY}


def rejected(line: int, **raw: str) -> RejectedLine:
    return RejectedLine(line, "党员", "invalid_name", "姓名不对。", raw)


def read(data: bytes) -> list[RosterEvent]:
    return list(parse_roster_lines(data, OPTIONS))


def test_the_template_is_read_without_a_mapping_and_its_examples_are_refused_by_name() -> None:
    header, *events = read(roster_template())
    assert isinstance(header, RosterHeader)
    assert [column.field for column in header.columns] == list(FIELDS)
    assert header.ignored == ()
    assert header.skipped_sheets == ("说明（没有表头）",)
    assert [
        (event.sheet, event.line, event.code, event.raw) for event in events if isinstance(event, RejectedLine)
    ] == [(sheet, line, "example_line", {}) for sheet in ("党组织", "党员") for line in (2, 3, 4)]
    assert len(events) == 6


def test_a_template_that_is_filled_in_is_read() -> None:
    book = load_workbook(BytesIO(roster_template()))
    book["党员"].append(
        ["张三", BRANCH, "镇党委", "19900000001", "正式党员", "在职", "否", "", "1985.10", "2010.07", "青年"]
    )
    book["党组织"].append([BRANCH, "党支部", "镇党委"])
    output = BytesIO()
    book.save(output)
    events = read(output.getvalue())
    assert RosterOrganisation(5, BRANCH, "branch", "镇党委") in events
    line = events[-1]
    assert isinstance(line, RosterLine)
    assert (line.line, line.birth_month, line.joined_on, line.exempt, line.tags) == (
        5,
        "1985-10",
        "2010-07",
        False,
        ("青年",),
    )


def test_what_spreadsheets_damage_is_formatted_as_text() -> None:
    sheet = load_workbook(BytesIO(roster_template()))["党员"]
    formats = {sheet.cell(1, column).value: sheet.cell(2, column).number_format for column in range(1, 12)}
    texts = {"手机号", "出生年月", "入党时间"}
    assert {title for title, number_format in formats.items() if number_format == "@"} == texts
    # Also where nothing stands yet.
    columns = [letter for letter, dimension in sheet.column_dimensions.items() if dimension.number_format == "@"]
    assert {sheet[f"{letter}1"].value for letter in columns} == texts


def test_corrections_have_the_columns_of_the_template_then_the_line_and_the_problem() -> None:
    data = corrections_workbook([rejected(7, name="张", organisation=BRANCH, birth_month="1985.13")])
    rows = list(load_workbook(BytesIO(data))["党员"].values)
    assert rows[0] == (*FIELD_TITLES.values(), "原行号", "问题")
    assert rows[1] == ("张", BRANCH, *[None] * 6, "1985.13", None, None, "党员 第 7 行", "姓名不对。")


def test_corrections_that_were_mended_can_be_uploaded_as_they_are() -> None:
    book = load_workbook(BytesIO(corrections_workbook([rejected(7, name="张", organisation=BRANCH)])))
    book["党员"]["A2"] = "张三"
    output = BytesIO()
    book.save(output)
    header, line = read(output.getvalue())
    assert isinstance(header, RosterHeader)
    assert header.ignored == ()
    assert isinstance(line, RosterLine)
    assert (line.name, line.organisation) == ("张三", BRANCH)


def test_corrections_that_were_not_mended_are_refused_again() -> None:
    rows: list[list[object]] = [
        ["姓名", "党支部", "出生年月", "手机"],
        ["张三", BRANCH, 1985.1, ""],
        ["李四", BRANCH, "#N/A", ""],
        ["王五", BRANCH, "", 19900000001.5],
    ]
    first = [event for event in read(xlsx(rows)()) if isinstance(event, RejectedLine)]
    again = [event for event in read(corrections_workbook(first)) if isinstance(event, RejectedLine)]
    assert len(first) == len(again) == 3


def test_organisations_to_mend_have_a_sheet_of_their_own() -> None:
    tree = [["名称", "类别", "上级"], ["一支部", "支部", "镇党委"]]
    bad = read(xlsx({"党员": [["姓名", "党支部"], ["张三", BRANCH]], "党组织": tree})())[1]
    assert isinstance(bad, RejectedLine)
    book = load_workbook(BytesIO(corrections_workbook([bad])))
    assert [*book["党组织"].values][1][:4] == ("一支部", "支部", "镇党委", "党组织 第 2 行")
    assert book["党员"].max_row == 1


def test_lines_with_nothing_to_mend_are_left_out_and_a_text_file_has_no_sheet_to_name() -> None:
    data = corrections_workbook([rejected(3), RejectedLine(4, "", "x", "y", {"name": "张"})])
    rows = list(load_workbook(BytesIO(data))["党员"].values)
    assert [row[-2] for row in rows[1:]] == ["第 4 行"]


def test_the_lines_to_correct_are_taken_one_by_one() -> None:
    held = 0

    class Counted(dict[str, str]):
        def __del__(self) -> None:
            nonlocal held
            held -= 1

    most = 0

    def lines() -> Iterator[RejectedLine]:
        nonlocal held, most
        for number in range(1_000):
            held += 1
            most = max(most, held)
            yield RejectedLine(number, "", "x", "y", Counted(name="张"))

    corrections_workbook(lines())
    assert most < 10


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(FIELDS), st.text(max_size=20)))
def test_no_correction_is_a_formula(raw: dict[str, str]) -> None:
    book = load_workbook(BytesIO(corrections_workbook([rejected(2, **raw), rejected(3, name="=1+1")])))
    cells = [cell for row in book["党员"].iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n"}
    assert book["党员"].cell(book["党员"].max_row, 1).value == "'=1+1"
