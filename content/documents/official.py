"""What the paragraphs of an official document are (GB/T 9704): red head, document number, signature block."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from content.text import compact

_HEAD_PARAGRAPHS = 12
_MAX_RED_HEAD = 60
_MAX_SIGNATURE = 40
_SIGNATURE_LINES = 4
# 某党发〔2026〕12号; compact() has made full-width brackets and digits plain ones.
_NUMBER = re.compile(r"\S{0,20}[〔\[(【][12][0-9]{3}[〕\])】](?:第)?[0-9]{1,5}号(?:签发人[::].{1,20})?")
_DATE = re.compile(
    r"(?:[12][0-9]{3}|[一二][〇○零一二三四五六七八九0O]{3})年"
    r"[0-9一二三四五六七八九十]{1,2}月[0-9一二三四五六七八九十]{1,3}日"
)
_SENTENCE_END = ("。", ";", ":", "!", "?", ",")


@dataclass(frozen=True)
class Line:
    """A paragraph: its text, its alignment (center, right or ""), and how it looks."""

    text: str
    alignment: str
    indent: bool = False
    red: bool = False
    far: bool = False


def classes_of(lines: Sequence[Line]) -> list[str]:
    """Return the class of each paragraph of a document, "" for an ordinary one; they are CLASSES of sanitize."""
    texts = [compact(line.text) for line in lines]
    found = [_plain_class(line) for line in lines]
    heads = [at for at, text in enumerate(texts) if text][:_HEAD_PARAGRAPHS]
    for at in heads:
        if lines[at].red and len(texts[at]) <= _MAX_RED_HEAD:
            found[at] = "red-head"
        if _NUMBER.fullmatch(texts[at]):
            found[at] = "document-number"
    for at, text in enumerate(texts):
        if _DATE.fullmatch(text) and _stands_right(lines[at]):
            for signed in _signature(lines, texts, at):
                found[signed] = "signature"
    return found


def _plain_class(line: Line) -> str:
    return line.alignment or ("indent" if line.indent else "")


def _stands_right(line: Line) -> bool:
    spaces = len(line.text) - len(line.text.lstrip())
    return line.alignment == "right" or line.far or spaces >= 8


def _signature(lines: Sequence[Line], texts: Sequence[str], date: int) -> list[int]:
    """Return the date and the lines right above it that name who signs."""
    found = [date]
    for at in range(date - 1, max(date - 1 - _SIGNATURE_LINES, -1), -1):
        if not texts[at]:
            continue
        if len(texts[at]) > _MAX_SIGNATURE or texts[at].endswith(_SENTENCE_END) or not _stands_right(lines[at]):
            break
        found.append(at)
    return found
