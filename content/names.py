"""What people type to find somebody: the name, its pinyin, and the initials of that."""

from functools import cache
from itertools import islice, product

from pypinyin import Style, pinyin

from content.text import compact

# Of a name whose characters are read in several ways, so many readings are kept.
READINGS = 16


def search_text(name: str) -> str:
    """Return the lines by which a name is found: `张三`, `zhangsan`, `zs`; several readings give more lines.

    There is a newline before and after each, so that the beginning of a line can be searched for.
    """
    key = compact(name).lower()
    readings = ["".join(syllables) for syllables in islice(product(*map(_syllables, key)), READINGS)]
    initials = ["".join(letters) for letters in islice(product(*map(_initials, key)), READINGS)]
    return "\n" + "\n".join(dict.fromkeys([key, *readings, *initials])) + "\n"


@cache
def _syllables(character: str) -> tuple[str, ...]:
    """The readings of a character without tones, the commonest first; what has none stands for itself."""
    ((*readings,),) = pinyin(character, style=Style.NORMAL, heteronym=True)
    return tuple(dict.fromkeys(readings))


@cache
def _initials(character: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(reading[0] for reading in _syllables(character)))
