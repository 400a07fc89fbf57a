"""Builds the files of the corpus in memory, and says what is expected of them."""

import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import xlwt  # type: ignore[import-untyped]  # it has no stubs
from openpyxl import Workbook

from content.roster import RosterLine

TODAY = "2026-11-24"
BRANCH = "第一党支部"
HEADER = ("姓名", "所在党组织", "手机号")

Rows = Sequence[Sequence[Any]]


@dataclass(frozen=True)
class Case:
    """A file and what comes of it; `error` is the code of a ContentError, `words` stand in it or in some reason."""

    name: str
    build: Callable[[], bytes]
    people: Sequence[RosterLine] = ()
    rejected: Sequence[tuple[int, str]] = ()
    skipped: Sequence[int] = ()
    ignored: Sequence[str] = ()
    skipped_sheets: Sequence[str] = ()
    error: str = ""
    words: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    default_organisation: str = ""


def person(line: int, name: str = "张三", organisation: str = BRANCH, phone: str = "", **more: Any) -> RosterLine:
    """A line as the test compares it: without its sheet and its raw texts."""
    said: dict[str, Any] = {
        "superior": "", "stage": None, "roster": None, "exempt": None, "exempt_reason": "",
        "birth_month": "", "joined_on": "", "tags": (), **more,
    }  # fmt: skip
    return RosterLine(line=line, sheet="", name=name, organisation=organisation, phone=phone, raw={}, **said)


def xlsx(
    rows: Rows | Mapping[str, Rows],
    *,
    merged: Iterable[str] = (),
    formats: Mapping[str, str] | None = None,
    hidden: Iterable[str] = (),
    tweak: Callable[[Workbook], None] | None = None,
) -> Callable[[], bytes]:
    """A workbook, made when it is asked for; `merged` and `formats` (cell -> number format) are of the first sheet."""

    def build() -> bytes:
        book = Workbook()
        book.remove(book.worksheets[0])
        for title, content in (rows if isinstance(rows, Mapping) else {"Sheet1": rows}).items():
            sheet = book.create_sheet(title)
            for row in content:
                sheet.append(list(row))
            if title in hidden:
                sheet.sheet_state = "hidden"
        first = book.worksheets[0]
        for area in merged:
            first.merge_cells(area)
        for place, number_format in (formats or {}).items():
            first[place].number_format = number_format
        if tweak:
            tweak(book)
        output = BytesIO()
        book.save(output)
        return output.getvalue()

    return build


def xlsx_of_xml(sheet_data: str, dimension: str = "A1:C3") -> Callable[[], bytes]:
    """A workbook whose sheet is written as XML, for what no program writes."""

    def build() -> bytes:
        xml = (
            '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
            f'<dimension ref="{dimension}"/><sheetData>{sheet_data}</sheetData></worksheet>'
        )
        return replaced(xlsx([["x"]])(), "xl/worksheets/sheet1.xml", xml)

    return build


def replaced(data: bytes, part: str, content: str) -> bytes:
    """The workbook with another part in the place of one, or with one more."""
    source, output = zipfile.ZipFile(BytesIO(data)), BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            if name != part:
                target.writestr(name, source.read(name))
        target.writestr(part, content)
    return output.getvalue()


def zipped(**parts: str) -> Callable[[], bytes]:
    """A zip file of (name with __ for / and _dot_ for a dot) -> content."""

    def build() -> bytes:
        output = BytesIO()
        with zipfile.ZipFile(output, "w") as target:
            for name, content in parts.items():
                target.writestr(name.replace("__", "/").replace("_dot_", "."), content)
        return output.getvalue()

    return build


def inline(place: str, text: str) -> str:
    """The XML of a cell with text."""
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


class XlsError:
    """A cell of an .xls with an error in it: 0x2A is #N/A."""

    def __init__(self, code: int) -> None:
        self.code = code


def xls(
    rows: Rows,
    *,
    title: str = "党员花名册",
    merged: Iterable[tuple[int, int, int, int]] = (),
    date_format: str = "yyyy-mm-dd",
    is_1904: bool = False,
    password: bool = False,
) -> Callable[[], bytes]:
    """An old workbook; `merged` are (first row, last row, first column, last column), from 0."""

    def build() -> bytes:
        book = xlwt.Workbook(encoding="utf-8")
        book.dates_1904 = is_1904
        sheet = book.add_sheet(title)
        areas = {(area[0], area[2]): area for area in merged}
        for line, row in enumerate(rows):
            for column, value in enumerate(row):
                style = xlwt.easyxf(num_format_str=date_format) if hasattr(value, "year") else xlwt.easyxf()
                if (line, column) in areas:
                    sheet.write_merge(*areas[line, column], value, style)
                elif isinstance(value, XlsError):
                    sheet.row(line).set_cell_error(column, value.code)
                elif value is not None:
                    sheet.write(line, column, value, style)
        output = BytesIO()
        book.save(output)
        data = output.getvalue()
        if password:
            # FILEPASS in the place of the record that has the name of who wrote the file.
            at = data.index(b"\x5c\x00\x70\x00")
            data = data[:at] + b"\x2f\x00\x70\x00" + data[at + 4 :]
        return data

    return build


def text(content: str, encoding: str = "utf-8") -> Callable[[], bytes]:
    """A text file."""
    return lambda: content.encode(encoding)


def small_xls(rows: Rows) -> Callable[[], bytes]:
    """An old workbook that is so small that its container keeps it in pieces of 64 bytes."""

    def build() -> bytes:
        book = xlwt.Workbook(encoding="utf-8")
        sheet = book.add_sheet("Sheet1")
        for line, row in enumerate(rows):
            for column, value in enumerate(row):
                sheet.write(line, column, value)
        return _container([("Workbook", book.get_biff_data())])

    return build


def compound(*names: str) -> Callable[[], bytes]:
    """An OLE container with empty streams of these names: how Word, and workbooks with a password, begin."""
    return lambda: _container([(name, b"") for name in names])


_FREE, _END = 0xFFFFFFFF, 0xFFFFFFFE


def _container(streams: Sequence[tuple[str, bytes]]) -> bytes:
    """The first stream begins the small ones; the sectors are: table, directory, table of small ones, small ones."""
    small = streams[0][1].ljust(-(-len(streams[0][1]) // 512) * 512, b"\0")
    sectors, pieces = len(small) // 512, len(small) // 64
    header = bytearray(_numbers(_FREE, count=128))
    header[:8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    header[8:76] = (
        bytes(16)
        + b"\x3e\x00\x03\x00\xfe\xff\x09\x00\x06\x00"
        + bytes(10)
        + _numbers(1, 1, 0, 4096, 2, 1, _END, 0, count=8)
    )
    header[76:80] = _numbers(0, count=1)
    chain = [*range(4, 3 + sectors), _END] if sectors else []
    table = _numbers(0xFFFFFFFD, _END, _END, *chain, count=128)
    directory = b""
    for number, (name, content) in enumerate([("Root Entry", small), *streams]):
        wide = name.encode("utf-16-le")
        entry = wide.ljust(64, b"\0") + (len(wide) + 2).to_bytes(2, "little") + bytes([2 if number else 5, 1])
        # Its siblings, and of the root its first child.
        entry += _numbers(_FREE, number + 1 if 0 < number < len(streams) else _FREE, _FREE if number else 1, count=3)
        start = (0 if number else 3) if content else _END
        directory += entry.ljust(116, b"\0") + _numbers(start, len(content), 0, count=3)
    return bytes(header) + table + directory.ljust(512, b"\0") + _numbers(*range(1, pieces), _END, count=128) + small


def _numbers(*values: int, count: int) -> bytes:
    return b"".join(value.to_bytes(4, "little") for value in [*values, *[_FREE] * count][:count])
