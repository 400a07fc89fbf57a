"""The old binary .xls: which file of its kind it is, and what the reader of its cells does not tell."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from content.errors import ContentError
from content.spreadsheets.cells import CellError, damaged
from content.spreadsheets.extent import Extent

OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

_BIFF8 = 0x0600
_BOF, _EOF, _FILEPASS, _DATEMODE, _BOUNDSHEET = 0x0809, 0x000A, 0x002F, 0x0022, 0x0085
_FORMULA, _BOOLERR = 0x0006, 0x0205
# NUMBER, RK, LABELSST, LABEL, RSTRING: cells that hold something, each beginning with row and column.
_VALUES = {0x0203, 0x027E, 0x00FD, 0x0204, 0x00D6, _FORMULA, _BOOLERR}
_MULRK = 0x00BD
_ERRORS = {0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A"}
_FREE = 0xFFFFFFFA


@dataclass(frozen=True)
class XlsFacts:
    """`extents` are those of the sheets in their order."""

    is_1904: bool
    extents: tuple[Extent, ...]


def scan_xls(data: bytes) -> XlsFacts:
    """Return what the records of an .xls say; raises ContentError for whatever is no .xls to be read."""
    try:
        streams = _streams(data)
        _check_kind(set(streams))
        return _scan_workbook(streams["workbook"])
    except (struct.error, IndexError, KeyError, ValueError):
        raise damaged() from None


def _check_kind(names: set[str]) -> None:
    if "encryptedpackage" in names:
        raise encrypted()
    if "worddocument" in names:
        raise ContentError(
            "unsupported_format", "这是 Word 或 WPS 文字文档，请把其中的表格复制到 Excel 中，另存为 .xlsx 后重新上传。"
        )
    if "_vba_project_cur" in names:
        raise ContentError("has_macros", "文件含有宏，请另存为不含宏的 .xlsx 后重新上传。")
    if "workbook" not in names:
        raise ContentError(
            "unsupported_format", "文件不是可以读取的表格，请用 Excel 或 WPS 打开并另存为 .xlsx 后重新上传。"
        )


def encrypted() -> ContentError:
    return ContentError("encrypted_file", "文件有密码，请取消密码后另存为 .xlsx 重新上传。")


def _streams(data: bytes) -> dict[str, bytes]:
    """Return the names of a compound file, in lower case; only the workbook has its content."""
    shift, small_shift = struct.unpack_from("<2H", data, 30)
    first_directory, cutoff, first_small, _, first_extra, _ = struct.unpack_from("<I4xIIIII", data, 48)
    if shift not in {9, 12} or not small_shift < shift:
        raise damaged()
    size = 1 << shift

    def sector(number: int) -> bytes:
        return data[(number + 1) * size : (number + 2) * size]

    table_sectors = list(struct.unpack_from("<109I", data, 76))
    while first_extra < _FREE and len(table_sectors) * size < len(data) + 110 * size:
        *numbers, first_extra = struct.unpack(f"<{size // 4}I", sector(first_extra))
        table_sectors += numbers
    table = b"".join(sector(number) for number in table_sectors if number < _FREE)
    directory = b"".join(sector(number) for number in _chain(table, first_directory))
    streams: dict[str, bytes] = {}
    root_start = struct.unpack_from("<I", directory, 116)[0]
    for at in range(0, len(directory) - 127, 128):
        (length,) = struct.unpack_from("<H", directory, at + 64)
        start, stream_size = struct.unpack_from("<II", directory, at + 116)
        name = directory[at : at + max(length - 2, 0)].decode("utf-16-le").casefold()
        content = b""
        if name == "workbook" and stream_size >= cutoff:
            content = b"".join(sector(number) for number in _chain(table, start))
        elif name == "workbook":
            small_table = b"".join(sector(number) for number in _chain(table, first_small))
            small = b"".join(sector(number) for number in _chain(table, root_start))
            width = 1 << small_shift
            content = b"".join(small[n * width : (n + 1) * width] for n in _chain(small_table, start))
        streams[name] = content[:stream_size]
    return streams


def _chain(table: bytes, number: int) -> Iterator[int]:
    """Follow a chain of sectors; one that comes back to where it was is damaged."""
    seen: set[int] = set()
    while number < _FREE:
        if number in seen:
            raise damaged()
        seen.add(number)
        yield number
        number = struct.unpack_from("<I", table, number * 4)[0]


def _records(stream: bytes, at: int) -> Iterator[tuple[int, int, int]]:
    """Yield (kind, where its content begins, where it ends) of one substream, without what is nested in it."""
    depth = 0
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<2H", stream, at)
        depth += kind == _BOF
        if depth == 1:
            yield kind, at + 4, at + 4 + length
        depth -= kind == _EOF
        if depth == 0:
            return
        at += 4 + length


def _scan_workbook(stream: bytes) -> XlsFacts:
    if struct.unpack_from("<H2xH", stream) != (_BOF, _BIFF8):
        raise ContentError(
            "unsupported_format", "文件是很旧的 Excel 格式，请用 Excel 或 WPS 打开并另存为 .xlsx 后重新上传。"
        )
    is_1904 = False
    places: list[int] = []
    for kind, start, _ in _records(stream, 0):
        if kind == _FILEPASS:
            raise encrypted()
        if kind == _DATEMODE:
            is_1904 = stream[start] == 1
        elif kind == _BOUNDSHEET:
            places.append(struct.unpack_from("<I", stream, start)[0])
    return XlsFacts(is_1904, tuple(_scan_sheet(stream, place) for place in places))


def _scan_sheet(stream: bytes, place: int) -> Extent:
    extent = Extent()
    for kind, start, end in _records(stream, place):
        if kind in _VALUES:
            row, column = struct.unpack_from("<2H", stream, start)
            extent.add(row, column)
            if kind == _BOOLERR and stream[start + 7]:
                extent.add_error(row, column, CellError(_ERRORS.get(stream[start + 6], "#ERROR")))
            elif kind == _FORMULA and stream[start + 12 : start + 14] == b"\xff\xff" and stream[start + 6] == 2:
                extent.add_error(row, column, CellError(_ERRORS.get(stream[start + 8], "#ERROR")))
        elif kind == _MULRK:
            row = struct.unpack_from("<H", stream, start)[0]
            extent.add(row, struct.unpack_from("<H", stream, end - 2)[0])
    return extent
