"""A4 pages that text, tables and pictures flow onto, in normal or large type."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, cast

from content.printing.pictures import printable_picture
from content.printing.wrap import Line, Run, printable, wrapped

if TYPE_CHECKING:
    from fpdf import FPDF
    from fpdf.fonts import TTFFont

_FONT = Path(__file__).parents[1] / "fonts" / "NotoSansSC-Regular.ttf"
_POINT = 25.4 / 72
_LEADING, _STROKE, _ASCENT = 1.6, 0.024, 0.88
# Millimetres.
WIDTH, _HEIGHT, SIDE, _TOP, _BOTTOM, _FOOT = 210.0, 297.0, 22.0, 20.0, 277.0, 285.0
INNER = WIDTH - 2 * SIDE
_TALLEST_PICTURE = 130.0
_PIXELS_A_MM = 150 / 25.4
_PADDING = 1.5


@dataclass
class Paper:
    """The document, how far down the page it is (mm), and the widths of all characters in thousandths of the size.

    Sizes are points; `foot` stands at the foot of each page, with its number.
    """

    pdf: "FPDF"
    widths: Mapping[int, float]
    foot: str
    foot_size: float
    y: float = _BOTTOM
    lacks: bool = field(default=False)

    def known(self, char: str) -> bool:
        """Say whether the font has the character, and remember where it has not."""
        found = ord(char) in self.widths
        self.lacks = self.lacks or not found
        return found

    def width(self, text: str, size: float) -> float:
        """Return the width in mm of a printable text."""
        return sum(self.widths[ord(char)] for char in text) / 1000 * size * _POINT

    def lines(self, runs: Sequence[Run], size: float, width: float, indent: float = 0.0) -> list[Line]:
        """Return the lines of any text; the first one is shorter by `indent`."""
        clean = [Run(printable(run.text, self.known), run.bold) for run in runs]
        return wrapped(clean, lambda text: self.width(text, size), width - indent, width)

    def need(self, height: float) -> None:
        """Begin a page where so much does not fit on this one."""
        if self.y + height > _BOTTOM:
            self.page()

    def page(self) -> None:
        """Begin a page."""
        self.pdf.add_page()
        self.y = _TOP

    def skip(self, height: float) -> None:
        """Leave white, but never at the top of a page."""
        if self.y > _TOP:
            self.y += height

    def line(self, line: Line, size: float, x: float) -> None:
        """Set one line from `x` on at the present height, without moving down."""
        self.pdf.set_font_size(size)
        baseline = self.y + (_ASCENT + (_LEADING - 1.2) / 2) * size * _POINT
        for run in line:
            # fpdf2 takes the width of this stroke in points, unlike that of a line.
            mode = "FILL_STROKE" if run.bold else "FILL"
            with self.pdf.local_context(text_mode=mode, line_width=size * _STROKE):
                self.pdf.text(x, baseline, run.text)
            x += self.width(run.text, size)

    def text(
        self, runs: Sequence[Run], size: float, *, left: float = 0.0, indent: float = 0.0, align: float = 0.0
    ) -> None:
        """Set a paragraph, `left` mm inside, its first line by `indent` more; `align` is 0 left, 0.5 centre."""
        width = INNER - left
        for number, line in enumerate(self.lines(runs, size, width, indent)):
            self.need(height := _LEADING * size * _POINT)
            shift = indent if number == 0 else 0.0
            free = width - shift - sum(self.width(run.text, size) for run in line)
            self.line(line, size, SIDE + left + shift + align * free)
            self.y += height

    def rule(self) -> None:
        """Draw a line across."""
        self.need(4)
        with self.pdf.local_context(draw_color=150, line_width=0.2):
            self.pdf.line(SIDE, self.y + 2, WIDTH - SIDE, self.y + 2)
        self.y += 4

    def picture(self, data: bytes) -> bool:
        """Draw a picture as wide as the text at most; False where the bytes are none that can be read."""
        image = printable_picture(data)
        if image is None:
            return False
        scale = min(1 / _PIXELS_A_MM, INNER / image.width, _TALLEST_PICTURE / image.height)
        width, height = image.width * scale, image.height * scale
        self.need(height + 2)
        self.pdf.image(BytesIO(image.jpeg), SIDE + (INNER - width) / 2, self.y + 1, width, height)
        self.y += height + 2
        return True

    def table(self, rows: Sequence[Sequence[Sequence[Run]]], size: float) -> bool:
        """Draw a table with columns as wide as their texts ask; False, with nothing drawn, where a row is too tall."""
        columns = max((len(row) for row in rows), default=0)
        if columns == 0:
            return True
        shares = self._shares(rows, size, columns)
        cells = [[self.lines(cell, size, shares[at] - 2 * _PADDING) for at, cell in enumerate(row)] for row in rows]
        step = _LEADING * size * _POINT
        heights = [max((len(cell) for cell in row), default=1) * step + 2 * _PADDING for row in cells]
        if max(heights) > (_BOTTOM - _TOP) / 2 or min(shares) < 2 * _PADDING + size * _POINT:
            return False
        # The head is never left alone at the foot of a page.
        self.need(sum(heights[:2]))
        for row, height in zip(cells, heights, strict=True):
            self.need(height)
            self._row(row, shares, height, size, step)
        self.skip(2)
        return True

    def _shares(self, rows: Sequence[Sequence[Sequence[Run]]], size: float, columns: int) -> list[float]:
        """The widths of the columns: that of the longest cell of each, as far as the page is wide enough."""
        longest = [1.0] * columns
        for row in rows:
            for at, cell in enumerate(row):
                text = printable("".join(run.text for run in cell), self.known)
                longest[at] = max(longest[at], self.width(text, size))
        wanted = [each + 2 * _PADDING + 0.1 for each in longest]
        # The widest columns give way, down to what is left when each narrower one has what it asks for.
        left, widest = INNER, 0.0
        for number, each in enumerate(sorted(wanted)):
            widest = left / (columns - number)
            if each > widest:
                break
            left -= each
        given = [min(each, widest) for each in wanted]
        return [each * INNER / sum(given) for each in given]

    def _row(
        self, row: Sequence[Sequence[Line]], shares: Sequence[float], height: float, size: float, step: float
    ) -> None:
        top, x = self.y, SIDE
        for at, share in enumerate(shares):
            with self.pdf.local_context(draw_color=120, line_width=0.2):
                self.pdf.rect(x, top, share, height)
            for number, line in enumerate(row[at] if at < len(row) else ()):
                self.y = top + _PADDING + number * step
                self.line(line, size, x + _PADDING)
            x += share
        self.y = top + height


@contextmanager
def a4(title: str, printed_on: date, foot: str, foot_size: float = 9) -> Iterator[Paper]:
    """An empty document; when the block ends, each page has got its foot."""
    # It lists the characters of the text, and these are people's names as well.
    logging.getLogger("fontTools").setLevel(logging.WARNING)
    # Here, for it takes 45 MB, which a service that has nothing to print can do without.
    from fpdf import FPDF

    pdf = FPDF(format="A4")
    pdf.set_auto_page_break(False)
    pdf.set_creation_date(datetime.combine(printed_on, time(), UTC))
    pdf.set_lang("zh-CN")
    pdf.set_title(title)
    pdf.add_font("Noto", fname=_FONT)
    pdf.set_font("Noto")
    font = cast("TTFFont", pdf.current_font)
    paper = Paper(pdf, {char: font.cw[char] for char in font.cmap}, foot, foot_size)
    yield paper
    _number(paper)


def _number(paper: Paper) -> None:
    """Write the foot of each page: only now is it known how many there are."""
    count = len(paper.pdf.pages)
    (foot, *_) = paper.lines([Run(paper.foot)], paper.foot_size, INNER * 0.75)
    for number in range(1, count + 1):
        paper.pdf.page = number
        paper.y = _FOOT
        paper.line(foot, paper.foot_size, SIDE)
        page = f"{number} / {count}"
        paper.line([Run(page)], paper.foot_size, WIDTH - SIDE - paper.width(page, paper.foot_size))
