"""Paragraphs -> lines within a width, and lines -> pixels."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from PIL import ImageDraw

from content.documents.drawing.fonts import font_of, width_of
from content.documents.drawing.numbers import Box
from content.documents.drawing.styles import Paragraph, Run

LINE = 1.2
_BASELINE = 0.8
# No line begins with one of these.
_CLOSING = set("，。、；：！？）》」』】”’%,.;:!?)]}")
_WIDE = 0x2E80
_SMALLEST_SHARE = 0.4
MAX_LINES = 400


@dataclass(frozen=True)
class Line:
    """A line: where it begins, what stands before that and how far, its pieces of text, its width and its height."""

    indent: float
    bullet: str
    outdent: float
    pieces: tuple[tuple[str, Run], ...]
    width: float
    height: float
    align: str
    before: float


def wrapped(paragraphs: list[Paragraph], width: float) -> list[Line]:
    """Return the lines of paragraphs in a width in pixels, at most MAX_LINES."""
    found: list[Line] = []
    for at, paragraph in enumerate(paragraphs):
        gap = paragraph.before if at else 0.0
        gap += paragraphs[at - 1].after if at else 0.0
        for line in _lines(paragraph, width):
            found.append(replace(line, before=gap))
            gap = 0.0
            if len(found) >= MAX_LINES:
                return found
    return found


def height_of(lines: list[Line]) -> float:
    """Return how high lines are, in pixels."""
    return sum(line.height + line.before for line in lines)


def shrunk(paragraphs: list[Paragraph], share: float) -> list[Paragraph]:
    """Return paragraphs whose text has this share of its size."""
    return [
        replace(
            each,
            runs=tuple(replace(run, size=run.size * share) for run in each.runs),
            before=each.before * share,
            after=each.after * share,
        )
        for each in paragraphs
    ]


def fitted(paragraphs: list[Paragraph], width: float, height: float) -> list[Line]:
    """Return the lines of paragraphs, smaller where else they would not fit."""
    share = 1.0
    while True:
        lines = wrapped(shrunk(paragraphs, share), width)
        share -= 0.1
        if height_of(lines) <= height or share < _SMALLEST_SHARE:
            return lines


def draw_lines(draw: ImageDraw.ImageDraw, box: Box, lines: list[Line], anchor: str) -> None:
    """Draw lines in a box: `anchor` is t, ctr or b."""
    room = box[3] - box[1] - height_of(lines)
    y = box[1] + {"ctr": room / 2, "b": room}.get(anchor, 0.0)
    for line in lines:
        y += line.before
        room = box[2] - box[0] - line.indent - line.width
        x = box[0] + line.indent + {"ctr": room / 2, "r": room}.get(line.align, 0.0)
        if line.bullet and line.pieces:
            _draw(draw, x - line.outdent, y + line.height * _BASELINE, line.bullet, line.pieces[0][1])
        for text, run in line.pieces:
            _draw(draw, x, y + line.height * _BASELINE, text, run)
            x += _width(text, run)
        y += line.height


def _draw(draw: ImageDraw.ImageDraw, x: float, y: float, text: str, run: Run) -> None:
    font = font_of(round(run.size))
    draw.text((x, y), text, fill=run.colour, font=font, anchor="ls")
    if run.bold:
        # The font has one weight.
        draw.text((x + max(0.8, run.size / 24), y), text, fill=run.colour, font=font, anchor="ls")


def _width(text: str, run: Run) -> float:
    size = round(run.size)
    return sum(width_of(character, size) for character in text)


def _lines(paragraph: Paragraph, width: float) -> Iterator[Line]:
    bullet, indent, outdent = paragraph.bullet, max(0.0, paragraph.left + paragraph.indent), 0.0
    if bullet:
        # What follows the bullet stands where the other lines do.
        outdent = max(paragraph.left - indent, _width(bullet, paragraph.runs[0]))
        indent += outdent
    line: list[tuple[str, Run]] = []
    used = 0.0
    for word, run in _words(paragraph.runs):
        wide = _width(word, run)
        fits = indent + used + wide <= width or word in _CLOSING or not word.strip(" ") or not line
        if word == "\n" or not fits:
            yield _line(indent, bullet, outdent, line, used, paragraph)
            line, used, indent, bullet = [], 0.0, paragraph.left, ""
        if word != "\n":
            line = [*line[:-1], (line[-1][0] + word, run)] if line and line[-1][1] is run else [*line, (word, run)]
            used += wide
    yield _line(indent, bullet, outdent, line, used, paragraph)


def _line(
    indent: float, bullet: str, outdent: float, pieces: list[tuple[str, Run]], used: float, paragraph: Paragraph
) -> Line:
    size = max((run.size for _, run in pieces), default=paragraph.runs[0].size)
    height = size * LINE * paragraph.spacing
    return Line(indent, bullet, outdent, tuple(pieces), used, height, paragraph.align, 0.0)


def _words(runs: tuple[Run, ...]) -> Iterator[tuple[str, Run]]:
    """Yield what stays together: a Chinese character, a word, a space, or the end of a line."""
    for run in runs:
        word = ""
        for character in run.text:
            if character in " \n" or ord(character) >= _WIDE or len(word) >= 60:
                if word:
                    yield word, run
                word = ""
            if character in " \n" or ord(character) >= _WIDE:
                yield character, run
            else:
                word += character
        if word:
            yield word, run
