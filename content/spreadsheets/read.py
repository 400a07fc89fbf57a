"""An uploaded spreadsheet -> its sheets; which format it has is told by its bytes, never by its name."""

from collections.abc import Callable, Iterator
from datetime import date
from io import BytesIO

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from content.errors import ContentError
from content.spreadsheets.cells import MAX_COLUMNS, Cell, Sheet, damaged
from content.spreadsheets.delimited import read_delimited
from content.spreadsheets.extent import MAX_CELLS, Extent
from content.spreadsheets.ole import OLE_MAGIC, scan_xls
from content.spreadsheets.xlsx import scan_xlsx
from content.zip_guard import MAX_FILE_BYTES, check_xlsx

# Day 0 of dates kept as numbers. Excel's first day is 1900-01-01, but it takes 1900 for a leap year.
EPOCH, EPOCH_1904 = date(1899, 12, 30), date(1904, 1, 1)

_FOREIGN = (
    (b"%PDF", "这是 PDF 文件，不是表格。请导出或另存为 .xlsx 后重新上传。"),
    (b"{\\rtf", "这是文字文档，不是表格。请把其中的表格复制到 Excel 中，另存为 .xlsx 后重新上传。"),
    (b"\x89PNG", "这是图片，不是表格。请上传 .xlsx 表格。"),
    (b"\xff\xd8\xff", "这是图片，不是表格。请上传 .xlsx 表格。"),
    (b"Rar!", "这是压缩包，不是表格。请解压后上传其中的表格文件。"),
    (b"7z\xbc\xaf\x27\x1c", "这是压缩包，不是表格。请解压后上传其中的表格文件。"),
    (b"\x1f\x8b", "这是压缩包，不是表格。请解压后上传其中的表格文件。"),
)
_MARKUP = (
    b"<!doctype",
    b"<html",
    b"<?xml",
    b"<table",
    b"<head",
    b"<meta",
    b"<body",
    b"<style",
    b"<div",
    b"mime-version:",
)


def read_spreadsheet(data: bytes) -> list[Sheet]:
    """Return the worksheets of an .xlsx, .xls or delimited text, in their order; the text's one is called "".

    Raises ContentError: file_too_large, empty_file, encrypted_file, has_macros, html_table, unsupported_format,
    damaged_file, damaged_csv, stray_cells, or what zip_guard finds.
    """
    if len(data) > MAX_FILE_BYTES:
        raise ContentError("file_too_large", "文件超过 20 MB，请拆分后重新上传。")
    if not data.strip():
        raise ContentError("empty_file", "文件是空的，请检查后重新上传。")
    if data.startswith(OLE_MAGIC):
        facts = scan_xls(data)
        return _read_workbook(data, facts.is_1904, lambda number, _: facts.extents[number])
    if data.startswith(b"PK\x03\x04"):
        check_xlsx(data)
        parts = scan_xlsx(data)
        return _read_workbook(data, parts.is_1904, lambda _, title: parts.extents[title])
    for magic, detail in _FOREIGN:
        if data.startswith(magic):
            raise ContentError("unsupported_format", detail)
    if (
        data[:1024]
        .removeprefix(b"\xef\xbb\xbf")
        .replace(b"\0", b"")
        .strip(b"\xff\xfe \t\r\n")
        .lower()
        .startswith(_MARKUP)
    ):
        raise ContentError(
            "html_table", "文件其实是网页表格，只是改名为 .xls。请用 Excel 打开并另存为 .xlsx 后重新上传。"
        )
    return [read_delimited(data, EPOCH)]


def _read_workbook(data: bytes, is_1904: bool, extent_of: Callable[[int, str], Extent]) -> list[Sheet]:
    try:
        book = CalamineWorkbook.from_filelike(BytesIO(data))
        sheets: list[Sheet] = []
        left = MAX_CELLS
        for number, meta in enumerate(book.sheets_metadata):
            if meta.typ != SheetTypeEnum.WorkSheet:
                continue
            extent = extent_of(number, meta.name)
            if meta.visible == SheetVisibleEnum.Visible:
                extent.check(meta.name, left)
                left -= extent.cells
            sheets.append(_sheet(book, number, meta.name, meta.visible, is_1904, extent))
        return sheets
    # KeyError and IndexError: the two readers of the file do not agree on what sheets there are.
    except (CalamineError, OSError, KeyError, IndexError):
        raise damaged() from None


def _sheet(
    book: CalamineWorkbook, number: int, title: str, visible: SheetVisibleEnum, is_1904: bool, extent: Extent
) -> Sheet:
    hidden = visible != SheetVisibleEnum.Visible
    epoch = EPOCH_1904 if is_1904 else EPOCH
    is_wide = extent.last_column >= MAX_COLUMNS
    if hidden:
        return Sheet(title, True, extent.last_row + 1, is_wide, (), epoch, True, lambda: iter(()))
    sheet = book.get_sheet_by_index(number)
    merged = tuple(sheet.merged_cell_ranges or ())
    return Sheet(title, False, extent.last_row + 1, is_wide, merged, epoch, True, lambda: _rows(sheet, extent))


def _rows(sheet: CalamineSheet, extent: Extent) -> Iterator[tuple[int, list[Cell]]]:
    # The reader begins at the first row, but at the first column that holds something; an old workbook has integers.
    margin: list[Cell] = [""] * (sheet.start[1] if sheet.start else 0)
    by_row: dict[int, list[int]] = {}
    for row, column in extent.errors:
        by_row.setdefault(row, []).append(column)
    for row, values in enumerate(sheet.iter_rows()):
        cells = [*margin, *(float(value) if type(value) is int else value for value in values[:MAX_COLUMNS])]
        del cells[MAX_COLUMNS:]
        # The reader shows what a formula that failed leaves as nothing.
        for column in by_row.get(row, ()):
            cells += [""] * (column + 1 - len(cells))
            cells[column] = extent.errors[row, column]
        yield row + 1, cells
