"""Sheets of addresses: what is filled in is read, what cannot be meant is named by its line."""

from io import BytesIO

import pytest
from openpyxl import load_workbook

from content.addresses import AddressLine, parse_address_sheet, write_address_sheet
from content.errors import ContentError
from content.tables import Value, write_xlsx

HEADER: list[Value] = ["党员编号", "姓名", "组织", "手机尾号", "收件地址"]


def sheet(*rows: list[Value]) -> bytes:
    return write_xlsx({"收件地址": [HEADER, *rows]}, text_columns=("党员编号", "手机尾号", "收件地址"))


def test_lines_with_an_address_are_read_as_excel_numbers_them() -> None:
    found = parse_address_sheet(
        sheet(["7", "王小明", "第一支部", "0042", "wang.xm"], ["8", "李华", "", "", ""], ["", "赵敏", "", "", " zhao "])
    )
    assert found.lines == (
        AddressLine(2, 7, "王小明", "第一支部", "0042", "wang.xm"),
        AddressLine(4, None, "赵敏", "", "", "zhao"),
    )
    assert found.rejected == ()


@pytest.mark.parametrize("number", ["七", "1.5", "-1", "9" * 17])
def test_a_number_that_is_none_is_named_by_its_line(number: str) -> None:
    found = parse_address_sheet(sheet(["7", "王小明", "", "", "wang"], [number, "李华", "", "", "li"]))
    assert [(each.line, each.code) for each in found.rejected] == [(3, "bad_number")]


def test_a_line_without_a_name_or_with_too_long_an_address_is_named() -> None:
    found = parse_address_sheet(sheet(["7", "", "", "", "wang"], ["8", "李华", "", "", "x" * 129]))
    assert [each.line for each in found.rejected] == [2, 3]
    assert found.lines == ()


def test_a_sheet_in_which_nothing_was_filled_in_says_so() -> None:
    with pytest.raises(ContentError) as refused:
        parse_address_sheet(sheet(["7", "王小明", "", "", ""]))
    assert refused.value.code == "empty_sheet"


def test_a_sheet_without_the_column_of_addresses_is_refused() -> None:
    with pytest.raises(ContentError):
        parse_address_sheet(write_xlsx({"a": [["姓名"], ["王小明"]]}))


def test_the_template_shows_who_has_an_address_and_takes_numbers_as_text() -> None:
    data = write_address_sheet([(7, "王小明", "第一支部", "0042", True), (8, "=李华", "", "", False)])
    page = load_workbook(BytesIO(data)).worksheets[0]
    rows = [[cell.value for cell in row] for row in page.iter_rows()]
    assert rows[0] == ["党员编号", "姓名", "组织", "手机尾号", "现在", "收件地址"]
    assert rows[1][:5] == ["7", "王小明", "第一支部", "0042", "已登记"]
    assert rows[2][4] == "未登记"
    assert page["B3"].data_type != "f"
