"""The font that PDFs are drawn with where they bring none: official documents often only name 仿宋 or 宋体."""

import ctypes
from pathlib import Path
from typing import Any

import pypdfium2.raw as pdfium

# Read when the module is loaded: the child may not open files later.
_FONT = (Path(__file__).parents[1] / "fonts" / "NotoSansSC-Regular.ttf").read_bytes()
_HANDLE = 1
# GB2312, Big5, Shift-JIS, Hangul: https://learn.microsoft.com/windows/win32/api/wingdi/ns-wingdi-logfonta
_CHARSETS = {134, 136, 128, 129}
_NAMES = (b"song", b"hei", b"kai", b"fang", b"sun", b"ming", b"yahei", b"cjk", b"gb")


def _map_font(_: Any, weight: int, italic: int, charset: int, pitch: int, face: Any, exact: Any) -> int | None:
    name = (ctypes.cast(face, ctypes.c_char_p).value or b"").lower()
    is_ours = charset in _CHARSETS or any(byte >= 0x80 for byte in name) or any(part in name for part in _NAMES)
    # The library has fonts of its own for the rest.
    return _HANDLE if is_ours else None


def _font_data(_: Any, handle: Any, table: int, buffer: Any, size: int) -> int:
    # Asked for one table, it would rather have all of them.
    if table != 0:
        return 0
    if buffer and size >= len(_FONT):
        ctypes.memmove(buffer, _FONT, len(_FONT))
    return len(_FONT)


def _structure() -> Any:
    kinds = dict(pdfium.FPDF_SYSFONTINFO._fields_)
    return pdfium.FPDF_SYSFONTINFO(
        version=1,
        Release=kinds["Release"](lambda _: None),
        EnumFonts=kinds["EnumFonts"](lambda _, mapper: None),
        MapFont=kinds["MapFont"](_map_font),
        GetFont=kinds["GetFont"](lambda _, face: None),
        GetFontData=kinds["GetFontData"](_font_data),
        GetFaceName=kinds["GetFaceName"](lambda _, handle, buffer, size: 0),
        GetFontCharset=kinds["GetFontCharset"](lambda _, handle: 134),
        DeleteFont=kinds["DeleteFont"](lambda _, handle: None),
    )


# The library keeps a pointer to it for as long as it is loaded.
_INFO = _structure()
pdfium.FPDF_SetSystemFontInfo(_INFO)
