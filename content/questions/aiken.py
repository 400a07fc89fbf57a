"""Aiken, the simplest text format of Moodle: a stem, lettered options and a line with the answer.

Beyond the format, and as Chinese authors write: Ａ、 for A., 答案：B for ANSWER: B, several letters for a multiple
choice, and lines 解析：, 出处：, 难度： and 标签： below the options.
"""

import re
import string
from collections.abc import Iterator
from dataclasses import dataclass, field

from content.errors import ContentError
from content.questions.check import TRUE_FALSE_OPTIONS, ParsedQuestion, check_question
from content.questions.collect import Found, QuestionSheet, collect
from content.text import compact, decode_any

MAX_BYTES = 5 * 1024 * 1024
_OPTION = re.compile(r"([A-ZＡ-Ｚ])\s*[.)、．）]\s*(.*)")
_ANSWER = re.compile(
    r"(?:[【\[](?:正确答案|参考答案|答案)[】\]]\s*[:：]?|(?:ANSWER|正确答案|参考答案|答案)\s*[:：])\s*(.*)",
    re.IGNORECASE,
)
_MORE = re.compile(r"(?:[【\[](解析|出处|难度|标签)[】\]]\s*[:：]?|(解析|出处|难度|标签)\s*[:：])\s*(.*)")


@dataclass
class _Draft:
    """A question that is being read; `line` is where it begins."""

    line: int
    stem: list[str] = field(default_factory=list)
    letters: list[str] = field(default_factory=list)
    # Each with the lines that it has.
    options: list[list[str]] = field(default_factory=list)
    answer: str | None = None
    more: dict[str, list[str]] = field(default_factory=dict)


def is_aiken(text: str) -> bool:
    """Return whether the text has options and answers as Aiken writes them."""
    lines = [line.strip() for line in text.split("\n")]
    return any(map(_ANSWER.match, lines)) and any(map(_OPTION.match, lines))


def parse_aiken(data: bytes) -> QuestionSheet:
    """Return the questions of an Aiken file in UTF-8 or GBK.

    Raises ContentError for a file that is no text, is larger than 5 MB, or has no question or more than 2,000.
    """
    return collect(map(_check, _drafts(decode_any(data, limit=MAX_BYTES))))


def _drafts(text: str) -> Iterator[_Draft]:
    draft: _Draft | None = None
    after_blank = False
    for number, raw in enumerate(text.split("\n"), start=1):
        line = raw.strip()
        if draft is not None and line and _ends(draft, line, after_blank):
            yield draft
            draft = None
        if line:
            draft = draft or _Draft(number)
            _add(draft, line)
        after_blank = not line
    if draft is not None:
        yield draft


def _ends(draft: _Draft, line: str, after_blank: bool) -> bool:
    """Return whether the line is no longer part of the question."""
    if draft.answer is not None:
        return not _MORE.match(line)
    # A heading stands alone; between a stem and its options people do leave a line.
    return after_blank and not draft.options and not _OPTION.match(line)


def _add(draft: _Draft, line: str) -> None:
    option, answer, more = _OPTION.match(line), _ANSWER.match(line), _MORE.match(line)
    if more and (draft.options or draft.answer is not None):
        draft.more.setdefault(more[1] or more[2], []).append(more[3])
    elif answer:
        draft.answer = answer[1]
    elif option and draft.stem:
        draft.letters.append(compact(option[1]))
        draft.options.append([option[2]])
    elif draft.options:
        draft.options[-1].append(line)
    else:
        draft.stem.append(line)


def _check(draft: _Draft) -> Found:
    try:
        return Found(draft.line, _question(draft))
    except ContentError as error:
        return Found(draft.line, error)


def _question(draft: _Draft) -> ParsedQuestion:
    if draft.answer is None:
        raise ContentError("missing_answer", "这段文字没有以 ANSWER: 或 答案： 开头的答案行，请补上或删除这一段。")
    if "".join(draft.letters) != string.ascii_uppercase[: len(draft.letters)]:
        letters = "".join(draft.letters[:30])
        raise ContentError("option_letters", f"选项的字母应从 A 起依次排列，现为 {letters}。请检查有无漏写。")
    options = [" ".join(lines) for lines in draft.options]
    kind = "multiple" if len(re.findall("[A-Z]", compact(draft.answer).upper())) > 1 else "single"
    if tuple(options) == TRUE_FALSE_OPTIONS:
        kind = "true_false"
    more = {name: "\n".join(texts) for name, texts in draft.more.items()}
    return check_question(
        kind, "\n".join(draft.stem), options, draft.answer,
        more.get("解析", ""), more.get("出处", ""), more.get("难度", ""), more.get("标签", ""),
    )  # fmt: skip
