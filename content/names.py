"""What people type to find somebody: the name, its pinyin, and the initials of that."""

import os
from collections.abc import Callable, Iterator
from functools import cache
from itertools import islice, product

from content.text import compact

# Names are read character by character: the dictionary of phrases would only take 45 MB.
os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
from pypinyin import Style, pinyin

# Of a name whose characters are read in several ways, so many readings are kept.
READINGS = 16


def search_text(name: str) -> str:
    """Return the lines by which a name is found: `张三`, `zhangsan`, `zs`; several readings give more lines.

    There is a newline before and after each, so that the beginning of a line can be searched for.
    """
    key = compact(name).lower()
    readings = ["".join(syllables) for syllables in _several(_syllables, key)]
    initials = ["".join(letters) for letters in _several(_initials, key)]
    return "\n" + "\n".join(dict.fromkeys([key, *readings, *initials])) + "\n"


def _several(read: Callable[[str], tuple[str, ...]], key: str) -> Iterator[tuple[str, ...]]:
    """The first readings of a name: a surname that is read as one reads it seldom is the likeliest, so it is first."""
    backwards = product(*map(read, reversed(key)))
    return (syllables[::-1] for syllables in islice(backwards, READINGS))


@cache
def _syllables(character: str) -> tuple[str, ...]:
    """The readings of a character without tones, the commonest first; what has none stands for itself."""
    ((*readings,),) = pinyin(character, style=Style.NORMAL, heteronym=True)
    return tuple(dict.fromkeys(readings))


@cache
def _initials(character: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(reading[0] for reading in _syllables(character)))
