"""The form of a text that search compares: pure, and of the same length as what is shown, so that places agree."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

# Any other node begins a line of its own, and so does what follows it: words do not run on from one to the next.
_INLINE = frozenset({"strong", "em", "s", "code", "a", "img", "sup", "sub", "u", "span"})
# From U+2E80 on are the scripts that are written without spaces between words, and the wide forms of ours.
_NEEDLESS_SPACE = re.compile("(?<=[\u2e80-\uff00\uff5f-\U0010ffff]) | (?=[\u2e80-\uff00\uff5f-\U0010ffff])")


class _Folds(dict[int, str]):
    """What each character is compared as: of the compatibility forms only those that are one character as well."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        folded = unicodedata.normalize("NFKC", character).casefold()
        self[code] = folded if len(folded) == 1 else character
        return self[code]


_FOLDS = _Folds()


def fold(text: str) -> str:
    """The text as it is compared, character by character: `Ａ` and `A` are `a`."""
    return text.translate(_FOLDS)


def tidy(text: str) -> str:
    """One line without invisible characters, and with spaces only where they part words."""
    visible = "".join(char for char in text if unicodedata.category(char) != "Cf")
    return _NEEDLESS_SPACE.sub("", " ".join(visible.split()))


def _pieces(nodes: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for node in nodes:
        if node.get("type") == "text":
            yield str(node["text"]).replace("\n", " ")
            continue
        line = "" if node["name"] in _INLINE else "\n"
        yield line
        yield from _pieces(node["children"])
        yield line


def text_of(nodes: Iterable[Any]) -> str:
    """The text of a lesson's nodes: a line for each block, tidied, without empty ones."""
    lines = "".join(_pieces(nodes)).split("\n")
    return "\n".join(line for line in map(tidy, lines) if line)


def _pairs(line: str) -> set[str]:
    return {line[place : place + 2] for place in range(len(line) - 1)}


def tokens_of(folded: str) -> list[str]:
    """What a folded text can be found by: its characters, and its pairs of neighbours within a line."""
    found = set(folded)
    for line in folded.split("\n"):
        found |= _pairs(line)
    return sorted(found - {"\n"})


def tokens_wanted(query: str) -> list[str]:
    """What a text must have to hold the folded query; that it has them in this order is still to be looked at."""
    return sorted(_pairs(query)) or [query]
