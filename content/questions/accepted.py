"""The accepted texts of a fill-in in one cell: 月|个月, with a bar that belongs to a text written as \\|."""

import re
from collections.abc import Sequence

_BARS = re.compile(r"(\\*)([|｜])")
_BACKSLASHES_AT_END = re.compile(r"\\+\Z")


def split_accepted(cell: str) -> list[str]:
    """Return the texts between the bars; before a bar, and only there, a backslash takes away what follows it."""
    texts: list[str] = []
    text, end = "", 0
    for match in _BARS.finditer(cell):
        backslashes, bar = match.groups()
        text += cell[end : match.start()] + "\\" * (len(backslashes) // 2)
        end = match.end()
        if len(backslashes) % 2:
            text += bar
        else:
            texts.append(text)
            text = ""
    return [*texts, text + cell[end:]]


def join_accepted(texts: Sequence[str]) -> str:
    """Return the cell that `split_accepted` reads as `texts`, which have no spaces around them."""
    safe = [_BARS.sub(r"\1\1\\\2", text) for text in texts]
    ended = [_BACKSLASHES_AT_END.sub(lambda found: found[0] * 2, text) for text in safe[:-1]]
    return "|".join([*ended, *safe[-1:]])
