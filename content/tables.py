"""Excel tables: rows of text from an upload, and workbooks for download."""

import math
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, time
from io import BytesIO
from itertools import chain, islice
from typing import Any, TypeVar

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from content.errors import ContentError
from content.text import ILLEGAL_IN_XML, compact, listed
from content.zip_guard import check_xlsx

HEADER_SEARCH_ROWS = 10
# The last row of the format: a sheet that claims more is not Excel's.
_LAST_ROW = 1_048_576
_T = TypeVar("_T")

Row = tuple[int, list[str]]
Value = str | int | float | None


def read_xlsx(data: bytes, *, sheet: str | None = None, max_rows: int = 20_000, max_columns: int = 64) -> list[Row]:
    """Return the non-empty rows of a sheet (the first by default) as (line as Excel shows it, trimmed cells).

    All rows have the width of the widest; columns beyond `max_columns` are not read. Dates are ISO, 3.0 is "3".
    Raises ContentError for unsafe or damaged files, a missing sheet, or text below line `max_rows`.
    """
    return _with_workbook(data, lambda book: _read_sheet(book, sheet, max_rows, max_columns))


def sheet_names(data: bytes) -> list[str]:
    """Return the names of the worksheets in their order."""
    return _with_workbook(data, lambda book: [worksheet.title for worksheet in book.worksheets])


def filled_sheets(data: bytes) -> list[str]:
    """Return the names of the worksheets that hold something in their first 64 columns, in their order."""

    def is_filled(worksheet: Any) -> bool:
        worksheet.reset_dimensions()
        return any(_cell_text(value) for row in worksheet.iter_rows(max_col=64, values_only=True) for value in row)

    return _with_workbook(data, lambda book: [each.title for each in book.worksheets if is_filled(each)])


def _with_workbook(data: bytes, read: Callable[[Any], _T]) -> _T:
    check_xlsx(data)
    try:
        book = load_workbook(BytesIO(data), read_only=True, data_only=True)
        try:
            return read(book)
        finally:
            book.close()
    except ContentError:
        raise
    # A malformed part makes openpyxl raise nearly anything: KeyError, TypeError, ParseError, OverflowError ...
    except Exception:
        raise ContentError(
            "damaged_file", "表格无法读取，可能已损坏。请用 Excel 或 WPS 打开并另存为 .xlsx 后重新上传。"
        ) from None


def _read_sheet(book: Any, sheet: str | None, max_rows: int, max_columns: int) -> list[Row]:
    found = [worksheet for worksheet in book.worksheets if sheet is None or worksheet.title == sheet]
    if not found:
        raise ContentError("missing_sheet", f"文件中没有工作表「{sheet or 1}」，请使用下载的模板。")
    worksheet = found[0]
    # The stated dimension may be wrong either way; without it the rows come as they are. Gaps cost one step a row.
    worksheet.reset_dimensions()
    rows: list[Row] = []
    for line, values in enumerate(worksheet.iter_rows(max_col=max_columns, values_only=True), start=1):
        if line > _LAST_ROW:
            raise ContentError("too_many_rows", f"表格的行号超出范围，请只保留前 {max_rows} 行。")
        # A gap of a million rows must cost next to nothing.
        if values.count(None) == len(values):
            continue
        cells = [_cell_text(value) for value in values]
        if not any(cells):
            continue
        if line > max_rows:
            raise ContentError("too_many_rows", f"表格超过 {max_rows} 行（第 {line} 行仍有内容），请拆分后重新上传。")
        rows.append((line, cells))
    width = max((column for _, cells in rows for column, cell in enumerate(cells, start=1) if cell), default=0)
    return [(line, cells[:width]) for line, cells in rows]


def _cell_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        # Excel keeps 15 significant digits; a longer tail is noise of the binary form.
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else format(value, ".15g")
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time.min else value.isoformat(" ", "seconds")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return str(value).strip()


def find_header(rows: Sequence[Row], required: Sequence[str], optional: Sequence[str]) -> tuple[int, dict[str, int]]:
    """Return (index in rows of the header, column index of each known name that it has).

    The header is the first of the first 10 rows with all required names. Raises `missing_columns`, `duplicate_columns`.
    """
    names = {compact(name): name for name in (*required, *optional)}
    fewest_missing = list(required)
    for index, (_, cells) in enumerate(rows[:HEADER_SEARCH_ROWS]):
        known = [(names[compact(cell)], column) for column, cell in enumerate(cells) if compact(cell) in names]
        columns = dict(known)
        missing = [name for name in required if name not in columns]
        if missing:
            fewest_missing = min(fewest_missing, missing, key=len)
            continue
        repeated = sorted({name for name, column in known if columns[name] != column})
        if repeated:
            raise ContentError("duplicate_columns", f"表头中{listed(repeated)}出现了多次，请只保留一列。")
        return index, columns
    raise ContentError("missing_columns", f"表头缺少{listed(fewest_missing)}列，请对照模板检查前 10 行。")


FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_MAX_WIDTH = 60


def write_xlsx(sheets: Mapping[str, Iterable[list[Value]]], *, text_columns: Collection[str] = ()) -> bytes:
    """Return a workbook with the given sheets; see `write_sheets`."""
    return write_sheets(sheets.items(), text_columns=text_columns)


def write_sheets(sheets: Iterable[tuple[str, Iterable[list[Value]]]], *, text_columns: Collection[str] = ()) -> bytes:
    """Return a workbook of (title, rows with the header first); sheets and rows are taken one by one.

    Text stays text: what a spreadsheet would take for a formula gets a leading apostrophe. NaN and infinity
    are left empty. Columns whose title is in `text_columns` are formatted as text, so that what is typed stays.
    """
    book = Workbook(write_only=True)
    for title, rows in sheets:
        worksheet = book.create_sheet(title)
        worksheet.freeze_panes = "A2"
        coming = iter(rows)
        first = list(islice(coming, 200))
        texts = {column for column, name in enumerate(first[0] if first else []) if name in text_columns}
        for column, width in enumerate(_widths(first)):
            dimension = worksheet.column_dimensions[get_column_letter(column + 1)]
            dimension.width = width
            if column in texts:
                dimension.number_format = "@"
        for number, row in enumerate(chain(first, coming)):
            cells = (_cell(worksheet, value, number == 0, column in texts) for column, value in enumerate(row))
            worksheet.append(list(cells))
    output = BytesIO()
    book.save(output)
    return output.getvalue()


def _cell(worksheet: Any, value: Value, bold: bool, as_text: bool) -> Any:
    if isinstance(value, str):
        value = safe_cell_text(value) or None
    elif isinstance(value, float) and not math.isfinite(value):
        value = None
    # A cell of its own is slow to make; most values need none.
    if not (bold or as_text or (isinstance(value, str) and value.startswith("#"))):
        return value
    cell = WriteOnlyCell(worksheet, value=value)
    if isinstance(value, str):
        cell.data_type = "s"
    if bold:
        cell.font = Font(bold=True)
    elif as_text:
        cell.number_format = "@"
    return cell


def safe_cell_text(text: str) -> str:
    """Return the text as it may stand in an exported cell: no illegal characters, and never a formula."""
    text = ILLEGAL_IN_XML.sub("", text)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def _widths(rows: list[list[Value]]) -> list[int]:
    columns = max((len(row) for row in rows), default=0)
    widths = [0] * columns
    for row in rows:
        for column, value in enumerate(row):
            widths[column] = max(widths[column], _display_width(str(value or "")))
    return [min(width, _MAX_WIDTH) + 2 for width in widths]


def _display_width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
