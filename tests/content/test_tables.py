import time
import zipfile
from datetime import date, datetime
from datetime import time as clock_time
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from content.errors import ContentError
from content.tables import Value, find_header, read_xlsx, safe_cell_text, sheet_names, write_xlsx


def workbook(cells: dict[str, Any], title: str = "党员") -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for place, value in cells.items():
        sheet[place] = value
    output = BytesIO()
    book.save(output)
    return output.getvalue()


def with_sheet_xml(xml: str) -> bytes:
    source, output = zipfile.ZipFile(BytesIO(workbook({"A1": "x"}))), BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, xml if name == "xl/worksheets/sheet1.xml" else source.read(name))
    return output.getvalue()


def sheet_xml(rows: str, dimension: str = "A1:A1") -> str:
    return (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f'<dimension ref="{dimension}"/><sheetData>{rows}</sheetData></worksheet>'
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "3"),
        (3.0, "3"),
        (13800138000.0, "13800138000"),
        (0.1 + 0.2, "0.3"),
        (1e20, "1e+20"),
        ("　张三 ", "张三"),
        (True, "TRUE"),
        (False, "FALSE"),
        (date(2026, 11, 23), "2026-11-23"),
        (datetime(2026, 11, 23, 8, 30), "2026-11-23 08:30:00"),  # noqa: DTZ001  # Excel knows no zones
        (clock_time(8, 30), "08:30:00"),
    ],
)
def test_a_cell_is_read_as_the_text_that_a_person_sees(value: object, text: str) -> None:
    assert read_xlsx(workbook({"A1": value})) == [(1, [text])]


def test_empty_rows_are_left_out_and_lines_are_those_of_excel() -> None:
    data = workbook({"A1": "姓名", "A3": "  ", "A4": "张三", "C4": "党员"})
    assert read_xlsx(data) == [(1, ["姓名", "", ""]), (4, ["张三", "", "党员"])]


def test_an_empty_sheet_has_no_rows() -> None:
    assert read_xlsx(workbook({})) == []


def test_a_sheet_is_found_by_its_name() -> None:
    data = write_xlsx({"党员": [["a"]], "党组织": [["b"]]})
    assert sheet_names(data) == ["党员", "党组织"]
    assert read_xlsx(data, sheet="党组织") == [(1, ["b"])]
    with pytest.raises(ContentError) as caught:
        read_xlsx(data, sheet="干部")
    assert caught.value.code == "missing_sheet"
    assert "「干部」" in caught.value.detail


def test_a_cell_in_the_last_corner_is_refused_or_left_out_quickly() -> None:
    start = time.process_time()
    assert read_xlsx(workbook({"A1": "x", "XFD1048576": "y"})) == [(1, ["x"])]
    with pytest.raises(ContentError, match="too_many_rows"):
        read_xlsx(workbook({"A1": "x", "A1048576": "y"}))
    assert time.process_time() - start < 5


@pytest.mark.timeout(20)
def test_a_row_number_beyond_the_format_does_not_hang() -> None:
    row = '<row r="999999999"><c r="A999999999" t="n"><v>1</v></c></row>'
    with pytest.raises(ContentError, match="too_many_rows"):
        read_xlsx(with_sheet_xml(sheet_xml(row)))


def test_a_stated_dimension_that_is_too_small_hides_nothing() -> None:
    rows = '<row r="1"><c r="A1"><v>1</v></c></row><row r="3"><c r="B3"><v>2</v></c></row>'
    assert read_xlsx(with_sheet_xml(sheet_xml(rows))) == [(1, ["1", ""]), (3, ["", "2"])]


def test_rows_up_to_the_bound_are_read() -> None:
    data = write_xlsx({"a": [["x"]] * 30})
    assert len(read_xlsx(data, max_rows=30)) == 30
    with pytest.raises(ContentError) as caught:
        read_xlsx(data, max_rows=29)
    assert "第 30 行" in caught.value.detail


@pytest.mark.parametrize(
    "xml", ["<worksheet", sheet_xml('<row r="x"/>'), sheet_xml('<row r="1"><c r="A1" t="s"><v>9</v></c></row>')]
)
def test_a_damaged_part_is_told_as_such(xml: str) -> None:
    with pytest.raises(ContentError, match="damaged_file"):
        read_xlsx(with_sheet_xml(xml))


def test_a_zip_that_is_no_workbook_is_damaged() -> None:
    output = BytesIO()
    with zipfile.ZipFile(output, "w") as target:
        target.writestr("a.txt", "x")
    with pytest.raises(ContentError, match="damaged_file"):
        sheet_names(output.getvalue())


def test_the_header_is_the_first_row_with_all_required_names() -> None:
    rows = [(1, ["党员名册", ""]), (3, ["姓名", ""]), (4, ["姓　名", "手机号 "]), (5, ["姓名", "手机号"])]
    assert find_header(rows, ["姓名", "手机号"], ["名册"]) == (2, {"姓名": 0, "手机号": 1})


def test_missing_columns_are_named_from_the_closest_row() -> None:
    rows = [(1, ["名册"]), (2, ["姓名", "手机号"])]
    with pytest.raises(ContentError) as caught:
        find_header(rows, ["姓名", "手机号", "支部"], [])
    assert caught.value.code == "missing_columns"
    assert "「支部」" in caught.value.detail
    assert "姓名" not in caught.value.detail


def test_a_header_below_the_tenth_row_is_not_looked_for() -> None:
    rows = [(line, ["x"]) for line in range(1, 11)] + [(11, ["姓名"])]
    with pytest.raises(ContentError, match="missing_columns"):
        find_header(rows, ["姓名"], [])
    assert find_header(rows[1:], ["姓名"], [])[0] == 9


def test_a_column_that_occurs_twice_is_refused_but_unknown_ones_may() -> None:
    with pytest.raises(ContentError) as caught:
        find_header([(1, ["姓名", "名册", "名 册"])], ["姓名"], ["名册"])
    assert caught.value.code == "duplicate_columns"
    assert "「名册」" in caught.value.detail
    assert find_header([(1, ["备注", "姓名", "备注"])], ["姓名"], []) == (0, {"姓名": 1})


@pytest.mark.parametrize("text", ["=1+1", "+86", "-5", "@SUM(A1)", "\tx", "\rx", "\x01=1"])
def test_what_could_be_a_formula_is_exported_as_text(text: str) -> None:
    book = load_workbook(BytesIO(write_xlsx({"a": [["h"], [text]]})))
    cell = book["a"]["A2"]
    assert cell.data_type == "s"
    assert str(cell.value).startswith("'")


def test_values_keep_their_kind() -> None:
    rows: list[list[Value]] = [["h"], [1], [1.5], [None], ["#N/A"], [float("nan")], [float("-inf")], ["2026"]]
    sheet = load_workbook(BytesIO(write_xlsx({"a": rows})))["a"]
    assert [(sheet.cell(line, 1).value, sheet.cell(line, 1).data_type) for line in range(2, 9)] == [
        (1, "n"), (1.5, "n"), (None, "n"), ("#N/A", "s"), (None, "n"), (None, "n"), ("2026", "s"),
    ]  # fmt: skip


def test_the_header_is_bold_and_frozen_and_columns_fit_chinese() -> None:
    sheet = load_workbook(BytesIO(write_xlsx({"a": [["姓名", "b"], ["字" * 10, 1], ["张三", "x" * 500]]})))["a"]
    assert sheet["A1"].font.bold
    assert not sheet["A2"].font.bold
    assert sheet.freeze_panes == "A2"
    assert sheet.column_dimensions["A"].width == 22
    assert sheet.column_dimensions["B"].width == 62


def unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


@settings(deadline=None)
@given(st.lists(st.text(max_size=20), min_size=1, max_size=5))
def test_any_text_can_be_exported_and_is_never_a_formula(texts: list[str]) -> None:
    rows: list[list[Value]] = [["h"]]
    rows += [[text] for text in texts]
    sheet = load_workbook(BytesIO(write_xlsx({"a": rows})))["a"]
    for line, text in enumerate(texts, start=2):
        cell = sheet.cell(line, 1)
        assert cell.data_type != "f"
        # XML reads CR as LF where openpyxl writes without lxml, and openpyxl an empty text as nothing.
        assert unix(str(cell.value or "")) == unix(safe_cell_text(text))
