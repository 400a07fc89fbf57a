"""Text with bold parts -> lines of a width: Chinese breaks anywhere, but stops and brackets stay with their words."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

BLANK = "□"
"""The mark for a missing character (GB/T 15834): what the font lacks is written into it by hand."""

# What may not begin a line, and what may not end one (避头尾).
_CLOSING = "，。、；：？！）】》〉」』”’…—％％·,.;:?!)]}"
_OPENING = "（【《〈「『“‘([{"
_PIECE = re.compile(r"[0-9A-Za-z][0-9A-Za-z.,:/_@%+-]*|\s+|.", re.DOTALL)


@dataclass(frozen=True)
class Run:
    """A part of a paragraph in one weight."""

    text: str
    bold: bool = False


Line = list[Run]


def printable(text: str, known: Callable[[str], bool]) -> str:
    """Return the text as NFC without what can not be seen, with □ for what the font lacks, narrow spaces single."""
    joined = re.sub(r"[^\S\u3000]+", " ", unicodedata.normalize("NFC", text))
    return "".join(char if known(char) else BLANK for char in joined if not _invisible(char))


def _invisible(char: str) -> bool:
    """Say whether a character has no picture of its own: control, format, or a selector of a variant of a glyph."""
    selects = "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"
    return selects or unicodedata.category(char) in ("Cc", "Cf")


def _pieces(runs: Sequence[Run]) -> list[Line]:
    """What stays together on a line, each of one run or, around a stop or a bracket, of several."""
    pieces: list[Line] = []
    glued = False
    for run in runs:
        for text in _PIECE.findall(run.text):
            part = Run(text, run.bold)
            follows = bool(pieces) and not pieces[-1][-1].text.isspace()
            if follows and (glued or text[0] in _CLOSING) and not text.isspace():
                pieces[-1].append(part)
            else:
                pieces.append([part])
            glued = text in _OPENING
    return pieces


def wrapped(runs: Sequence[Run], width: Callable[[str], float], first: float, others: float) -> list[Line]:
    """Return the lines of printable runs; `first` and `others` are the widths that lines have, as `width` measures.

    A piece that is wider than a line alone is broken wherever it has to be.
    """
    lines: list[Line] = [[]]
    left = first
    for piece in _pieces(runs):
        needed = sum(width(part.text) for part in piece)
        if needed > left and lines[-1]:
            lines.append([])
            left = others
        if not lines[-1] and piece[0].text.isspace():
            continue
        if needed <= left:
            lines[-1].extend(piece)
            left -= needed
            continue
        for part in piece:
            for char in part.text:
                if width(char) > left and lines[-1]:
                    lines.append([])
                    left = others
                lines[-1].append(Run(char, part.bold))
                left -= width(char)
    return [_merged(line) for line in lines]


def _merged(line: Line) -> Line:
    merged: Line = []
    for part in line:
        if merged and merged[-1].bold == part.bold:
            merged[-1] = Run(merged[-1].text + part.text, part.bold)
        else:
            merged.append(part)
    return merged
