"""Binding slips -> a PDF to print on A4 and cut up: the credential of each member, in digits and as a QR code."""

import logging
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, cast

import segno

if TYPE_CHECKING:
    from fpdf import FPDF
    from fpdf.fonts import TTFFont

PRODUCT = "指尖课堂"
ADVICE = (f"微信打开小程序“{PRODUCT}”→绑定→扫码或输入 8 位数字", "仅限本人使用一次，请勿转交他人")
WARNING = "此页含个人凭证，发放后请勿张贴、转发"
BLANK = "□"
"""The mark for a missing character (GB/T 15834): what the font lacks is written into it by hand."""
BLANK_NOTE = f"{BLANK} 为字库没有的字，请手写补上"

COLUMNS, ROWS = 2, 5

# Millimetres. A slip is a little larger than a business card; most printers leave 5 mm of the paper white.
_LEFT, _TOP, _WIDTH, _HEIGHT, _PADDING = 6.5, 7.0, 98.5, 54.5, 4.0
_RIGHT, _FOOT = _LEFT + COLUMNS * _WIDTH, 281.5
_QR_BOX = 39.4
"""The QR code with its white border; the smallest code (21 modules) is then 28.5 mm wide, and a larger one more."""
_TEXT_WIDTH = _WIDTH - _PADDING - _QR_BOX
_QUIET = 4  # modules of white that a reader needs on each side (ISO/IEC 18004)
_POINT = 25.4 / 72
_ASCENT, _LEADING, _STROKE = 0.88, 1.2, 0.024  # of the size

_FONT = Path(__file__).with_name("fonts") / "NotoSansSC-Regular.ttf"


@dataclass(frozen=True)
class Slip:
    """The credential of one member: `code` is 8 digits; the QR code holds `link`, or the code where there is none."""

    name: str
    organisation: str
    code: str
    link: str | None
    expires_on: date


@dataclass(frozen=True)
class _Style:
    """How a text may be set: on one line down to `small` points, then on `lines` down to `least`, then shortened.

    `bold` strokes around each character, because the font has one weight only.
    """

    size: float
    small: float
    least: float
    lines: int = 1
    bold: bool = False


_HEADING = _Style(10, 10, 10)
_NAME = _Style(24, 13, 9, lines=2, bold=True)
_ORGANISATION = _Style(11, 9.5, 8, lines=2)
_CODE = _Style(30, 30, 30, bold=True)
_SMALL = _Style(10, 6, 6)


def slips_pdf(slips: Sequence[Slip], *, title: str, issued_on: date, advice: Sequence[str] = ADVICE) -> bytes:
    """Return the slips in their order, ten a page; the same arguments give the same bytes.

    `title` stands at the foot of each page, `advice` is one or two lines at the foot of each slip. What does not fit
    is set smaller, then wrapped, then shortened in its middle; a character that the font lacks is printed as □.
    Raises ValueError for no slips, for a code that is not 8 digits and for a link too long for a QR code.
    """
    if not slips:
        raise ValueError("there are no slips to print")
    sheet = _new_sheet(issued_on)
    a_page = COLUMNS * ROWS
    pages = [slips[start : start + a_page] for start in range(0, len(slips), a_page)]
    for number, page in enumerate(pages, 1):
        sheet.pdf.add_page()
        for place, slip in enumerate(page):
            row, column = divmod(place, COLUMNS)
            _draw_slip(sheet, slip, advice, _LEFT + column * _WIDTH, _TOP + row * _HEIGHT)
        _draw_cutting_lines(sheet.pdf, rows=-(-len(page) // COLUMNS))
        lacking = any(BLANK in sheet.printable(slip.name + slip.organisation) for slip in page)
        _draw_foot(sheet, title, issued_on, f"第 {number} 页/共 {len(pages)} 页", BLANK_NOTE if lacking else "")
    return bytes(sheet.pdf.output())


@dataclass(frozen=True)
class _Sheet:
    """The document, and the widths of all characters of its font in thousandths of the size."""

    pdf: "FPDF"
    widths: Mapping[int, float]

    def printable(self, text: str) -> str:
        """Return the text on one line, without what can not be seen, and with □ for what the font lacks."""
        line = " ".join(unicodedata.normalize("NFC", text).split())
        return "".join(char if ord(char) in self.widths else BLANK for char in line if not _invisible(char))

    def width(self, text: str, size: float) -> float:
        """Return the width in mm of a printable text."""
        return sum(self.widths[ord(char)] for char in text) / 1000 * size * _POINT

    def draw(self, text: str, style: _Style, x: float, y: float, width: float, *, align: float = 0.0) -> float:
        """Draw a text from `y` down, and return where it ends; `align` is 0 for left, 0.5 for centre, 1 for right."""
        size, lines = _fitted(self, self.printable(text), style, width)
        self.pdf.set_font_size(size)
        # fpdf2 takes the width of this stroke in points, unlike that of a line.
        mode = "FILL_STROKE" if style.bold else "FILL"
        with self.pdf.local_context(text_mode=mode, line_width=size * _STROKE):
            for number, line in enumerate(lines):
                baseline = y + (_ASCENT + number * _LEADING) * size * _POINT
                self.pdf.text(x + align * (width - self.width(line, size)), baseline, line)
        return y + len(lines) * _LEADING * size * _POINT


def _new_sheet(issued_on: date) -> _Sheet:
    # It lists the characters of the sheet, and they are people's names.
    logging.getLogger("fontTools").setLevel(logging.WARNING)
    # Here, for it takes 45 MB, which a service that has nothing to print can do without.
    from fpdf import FPDF

    pdf = FPDF(format="A4")
    pdf.set_auto_page_break(False)
    pdf.set_creation_date(datetime.combine(issued_on, time(), UTC))
    pdf.set_lang("zh-CN")
    pdf.set_title(f"{PRODUCT} 绑定单")
    pdf.add_font("Noto", fname=_FONT)
    pdf.set_font("Noto")
    font = cast("TTFFont", pdf.current_font)
    return _Sheet(pdf, {char: font.cw[char] for char in font.cmap})


def _invisible(char: str) -> bool:
    """Say whether a character has no picture of its own: control, format, or a selector of a variant of a glyph."""
    selects = "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"
    return selects or unicodedata.category(char) in ("Cc", "Cf")


def _fitted(sheet: _Sheet, text: str, style: _Style, width: float) -> tuple[float, list[str]]:
    """Return the size and the lines in which a printable text fits."""
    size = min(style.size, width / max(sheet.width(text, 1), 0.001))
    if size >= style.small:
        return size, [text]
    size = style.small
    while len(lines := _wrapped(sheet, text, size, width)) > style.lines and size > style.least:
        size = max(size - 0.5, style.least)
    # The end of an organisation's name tells it from its neighbours, so that the middle goes.
    for kept in range(len(text) - 1, 0, -1):
        if len(lines) <= style.lines:
            break
        shorter = f"{text[: kept // 2]}…{text[len(text) - (kept - kept // 2) :]}"
        lines = _wrapped(sheet, shorter, size, width)
    return size, lines


def _wrapped(sheet: _Sheet, text: str, size: float, width: float) -> list[str]:
    """Return the text in lines of at most `width`, broken after a dot, hyphen or space in the second half of a line."""
    room = width * 1000 / size / _POINT
    lines = []
    while text:
        reached = list(accumulate(sheet.widths[ord(char)] for char in text))
        end = max(bisect_right(reached, room), 1)
        stop = max(text.rfind(mark, 0, end) for mark in "·- ") + 1
        if end < len(text) and stop > end // 2:
            end = stop
        lines.append(text[:end])
        text = text[end:]
    return lines


def _draw_slip(sheet: _Sheet, slip: Slip, advice: Sequence[str], x: float, y: float) -> None:
    if not re.fullmatch("[0-9]{8}", slip.code):
        raise ValueError("a binding code is 8 digits")
    left = x + _PADDING
    below = sheet.draw(f"{PRODUCT} 绑定单", _HEADING, left, y + 3.0, _TEXT_WIDTH)
    below = sheet.draw(slip.name, _NAME, left, below + 0.8, _TEXT_WIDTH)
    sheet.draw(slip.organisation, _ORGANISATION, left, below + 0.4, _TEXT_WIDTH)
    sheet.draw(f"{slip.code[:4]} {slip.code[4:]}", _CODE, left, y + 27.5, _TEXT_WIDTH)
    sheet.draw(f"有效期至 {_day(slip.expires_on)}", _SMALL, left, y + 39.0, _TEXT_WIDTH)
    for number, line in enumerate(advice):
        sheet.draw(line, _SMALL, left, y + 44.0 + number * 4.4, _WIDTH - 2 * _PADDING)
    _draw_qr(sheet.pdf, slip.link or slip.code, x + _WIDTH - _QR_BOX, y + 1.0)


def _draw_qr(pdf: "FPDF", content: str, x: float, y: float) -> None:
    """Draw the modules as rectangles, one for each run of dark ones in a row."""
    # Never a Micro QR code, which 8 digits would fit in: WeChat does not read it.
    rows = [bytes(row) for row in segno.make_qr(content, error="m").matrix]
    module = _QR_BOX / (len(rows) + 2 * _QUIET)
    for number, row in enumerate(rows):
        top = y + (_QUIET + number) * module
        for run in re.finditer(b"\x01+", row):
            pdf.rect(x + (_QUIET + run.start()) * module, top, len(run[0]) * module, module, style="F")


def _draw_cutting_lines(pdf: "FPDF", rows: int) -> None:
    bottom = _TOP + rows * _HEIGHT
    with pdf.local_context(draw_color=110, line_width=0.15, dash_pattern={"dash": 2, "gap": 1.5, "phase": 0}):
        for row in range(rows + 1):
            pdf.line(_LEFT, _TOP + row * _HEIGHT, _RIGHT, _TOP + row * _HEIGHT)
        for column in range(COLUMNS + 1):
            pdf.line(_LEFT + column * _WIDTH, _TOP, _LEFT + column * _WIDTH, bottom)


def _draw_foot(sheet: _Sheet, title: str, issued_on: date, page: str, note: str) -> None:
    width = _RIGHT - _LEFT
    sheet.draw(title, _SMALL, _LEFT, _FOOT, width / 2)
    sheet.draw(f"打印日期 {_day(issued_on)}，{page}", _SMALL, _LEFT + width / 2, _FOOT, width / 2, align=1)
    sheet.draw(WARNING, _SMALL, _LEFT, _FOOT + 4.4, width / 2)
    sheet.draw(note, _SMALL, _LEFT + width / 2, _FOOT + 4.4, width / 2, align=1)


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
