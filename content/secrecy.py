"""Secrecy markings: their form in a document's head refuses it, the bare words ask the reviewer."""

import re
from collections.abc import Iterable

from content.errors import ContentError
from content.text import compact

# As many lines as a head has: copy number, marking, urgency, issuing body, document number, title.
HEAD_LINES = 20
_MARKING = re.compile("(?:绝密|机密|秘密)[★☆⭐✩✪✫✬✭✮✯✰⭑⭒🌟]")
_WORDS = re.compile("绝密|机密|秘密")


def check_not_classified(lines: Iterable[str]) -> None:
    """Raise `classified_marking` where one of the lines of a head bears a marking, such as 机密★1年."""
    if any(_MARKING.search(compact(line)) for line in lines):
        raise ContentError(
            "classified_marking",
            "文件带有密级标志（如“秘密★”）。涉密内容严禁在本系统上传、处理，请立即按保密规定处置该文件。",
        )


def head_of(text: str) -> list[str]:
    """Return the first 20 lines of a text that are not empty."""
    found: list[str] = []
    for line in text.split("\n"):
        if line.strip():
            found.append(line)
            if len(found) == HEAD_LINES:
                break
    return found


def secrecy_words(text: str) -> list[str]:
    """Return which of 绝密, 机密 and 秘密 a text contains, each once, in the order in which they come."""
    return list(dict.fromkeys(_WORDS.findall(compact(text))))
