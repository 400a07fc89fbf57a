"""Delimited text (.csv and its kin), in the encodings and with the separators that spreadsheets write."""

import csv
import re
from collections.abc import Iterator
from datetime import date
from io import StringIO
from itertools import islice

from content.errors import ContentError
from content.spreadsheets.cells import MAX_COLUMNS, Cell, Sheet

_BYTE_ORDER_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_DELIMITERS = (",", ";", "\t")
# Excel's own way to say which one it is; it does not show that line.
_STATED = re.compile(r"sep=(.)\r?\n")
# How a program that writes text tells Excel not to take a number for one: ="19900000001".
_AS_TEXT = re.compile(r'^="([^"]*)"$')
_NO_TEXT = re.compile("[\x00-\x08\x0e-\x1f\x7f]")
_SAMPLE_LINES = 50


def read_delimited(data: bytes, epoch: date) -> Sheet:
    """Return the only sheet of a text file; raises ContentError where it is no text or its quotes do not match."""
    text = _decode(data)
    stated = _STATED.match(text)
    delimiter = stated[1] if stated else max(_DELIMITERS, key=lambda each: _sampled_cells(text, each))
    table = text[stated.end() :] if stated else text
    # Once through all of it: a quote that is never closed is known before the first line is told.
    widths = [len(cells) for _, cells in _rows(table, delimiter)]

    def rows() -> Iterator[tuple[int, list[Cell]]]:
        for line, cells in _rows(table, delimiter):
            yield line, [_AS_TEXT.sub(r"\1", cell) for cell in cells[:MAX_COLUMNS]]

    return Sheet("", False, len(widths), max(widths, default=0) > MAX_COLUMNS, (), epoch, False, rows)


def _decode(data: bytes) -> str:
    marked = [encoding for mark, encoding in _BYTE_ORDER_MARKS if data.startswith(mark)]
    for encoding in marked or ("utf-8", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if _NO_TEXT.search(text):
            break
        return text
    raise ContentError(
        "unsupported_format", "文件不是可以读取的表格，请用 Excel 或 WPS 打开并另存为 .xlsx 后重新上传。"
    )


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield (line as Excel shows it, cells): a line break in quotes begins no new line."""
    line = 0
    try:
        for line, cells in enumerate(csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True), 1):
            yield line, cells
    except csv.Error:
        raise ContentError(
            "damaged_csv",
            f"第 {line + 1} 行的双引号不成对，或格子里的文字过长。请用 Excel 或 WPS 打开并另存为 .xlsx 后重新上传。",
            line=line + 1,
        ) from None


def _sampled_cells(text: str, delimiter: str) -> int:
    try:
        return sum(map(len, islice(csv.reader(StringIO(text, newline=""), delimiter=delimiter), _SAMPLE_LINES)))
    except csv.Error:
        return 0
