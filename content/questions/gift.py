"""GIFT, the text format of Moodle: its questions of the kinds that the service has, and the others by name.

The rules are those of Moodle's own importer (question/format/gift). What the format has no place for stands in a
comment above the question: `// [tag:党章] [难度:3] [出处:...]`; of these Moodle itself reads `[tag:]`. An ordering is
written as matching, each option with its place: `=甲 -> 2`. Texts are marked [plain], so that nobody reads < as HTML.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from content.errors import ContentError
from content.questions.check import ParsedQuestion, check_question
from content.questions.collect import Found, Note, QuestionSheet, collect
from content.questions.gift_answers import Answers, read_answers
from content.questions.gift_text import hide_escapes, hide_wide_escapes, read_text
from content.text import decode_any

# The longest questions, 2,000 of them, are 19 MB.
MAX_BYTES = 20 * 1024 * 1024
_MAX_QUESTION = 100_000
_COMMENT = ("//", "／／")
_CATEGORY = re.compile(r"\$CATEGORY\s*[:：]\s*(.*)")
_DATA = re.compile(r"(?<!\\)\[(tag|难度|出处|题型):((?:\\.|[^\\\[\]])*)\]")
_DATA_BEGINS = re.compile(r"(?<!\\)\[(?:tag|难度|出处|题型):")
_TITLE = re.compile(r"(?:::|：：)(.*?)(?:::|：：)", re.DOTALL)
_BRACES = str.maketrans("｛｝", "{}")


@dataclass
class _Block:
    """The lines of one question: `line` is the first that is no comment."""

    line: int = 0
    lines: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)


def parse_gift(data: bytes) -> QuestionSheet:
    """Return the questions of a GIFT file in UTF-8 or GBK; in a question without ASCII braces ｛＝～＃｝ are accepted.

    Raises ContentError for a file that is no text, is larger than 20 MB, or has no question or more than 2,000.
    """
    names, categories = _Counter(), _Counter()
    blocks = _blocks(decode_any(data, limit=MAX_BYTES))
    found = (each for block in blocks if (each := _read_block(block, names, categories)) is not None)
    return collect(found, _notes(names, categories))


def _notes(names: "_Counter", categories: "_Counter") -> Iterator[Note]:
    # Taken only once all is read.
    yield from categories.notes("category_not_kept", "题目分类（$CATEGORY）不保留，可改用标签")
    yield from names.notes("name_not_kept", "题目名称（::名称::）不保留")


@dataclass
class _Counter:
    """How often something was met, and where first."""

    line: int = 0
    count: int = 0

    def add(self, line: int) -> None:
        self.line = self.line or line
        self.count += 1

    def notes(self, code: str, reason: str) -> list[Note]:
        return [Note(self.line, code, f"{reason}，共 {self.count} 处。")] if self.count else []


def _blocks(text: str) -> Iterator[_Block]:
    block = _Block()
    for number, line in enumerate(text.split("\n"), start=1):
        stripped = line.strip()
        if stripped.startswith(_COMMENT):
            block.comments.append(stripped)
        elif stripped:
            block.line = block.line or number
            block.lines.append(line)
        elif block.lines:
            # A comment by itself belongs to the question that comes next.
            yield block
            block = _Block()
    yield block


def _read_block(block: _Block, names: _Counter, categories: _Counter) -> Found | None:
    first = 0
    while first < len(block.lines) and _CATEGORY.match(block.lines[first].strip()):
        categories.add(block.line + first)
        first += 1
    lines, line = block.lines[first:], block.line + first
    if not lines:
        return None
    if sum(map(len, lines)) + sum(map(len, block.comments)) > _MAX_QUESTION:
        return Found(line, ContentError("question_too_long", "这道题过长。请检查两题之间是否空了一行，或缩短文字。"))
    try:
        question, named = _read_question("\n".join(lines).strip(), " ".join(block.comments))
    except ContentError as error:
        return Found(line, error)
    if named:
        names.add(line)
    return Found(line, question)


def _read_question(source: str, comments: str) -> tuple[ParsedQuestion, bool]:
    """Return the question, and whether it has a name."""
    text = hide_escapes(source)
    wide = not re.search("[{}]", text)
    if wide:
        text = hide_wide_escapes(text).translate(_BRACES)
    title = _TITLE.match(text) if text.startswith("::") or (wide and text.startswith("：：")) else None
    if title is not None:
        text = text[title.end() :].strip()
    stem, answer = _split(text)
    mark, stem_text = read_text(stem, "plain")
    data = _read_data(comments)
    answers = read_answers(answer, mark, wide, "".join(data["题型"]))
    question = check_question(
        answers.kind,
        stem_text,
        answers.options,
        answers.answer,
        _explanation(answers),
        "".join(data["出处"]),
        "".join(data["难度"]),
        data["tag"],
    )
    return question, title is not None


def _split(text: str) -> tuple[str, str]:
    """Return the stem, with ____ where an answer stood inside it, and what is in the braces."""
    opened, closed = text.count("{"), text.count("}")
    if not opened and not closed:
        raise ContentError("description", "这段文字没有花括号 { }，只是说明文字，不是试题。请补上答案，或删除这一段。")
    if opened > 1:
        raise ContentError(
            "several_answers", "一道题里有几个花括号。两题之间请空一行；文字里的花括号请写成 \\{ 和 \\}。"
        )
    start, end = text.find("{"), text.find("}")
    if opened != closed or end < start:
        raise ContentError("unmatched_braces", "花括号不成对，请检查。花括号里面不能有空行。")
    before, after = text[:start], text[end + 1 :]
    # As Moodle does it.
    stem = f"{before}_____{after}" if after.strip() else before
    return stem.strip(), text[start + 1 : end].strip()


def _read_data(comments: str) -> dict[str, list[str]]:
    data: dict[str, list[str]] = {"tag": [], "难度": [], "出处": [], "题型": []}
    for name, value in _DATA.findall(comments):
        data[name].append(re.sub(r"\\([\\\[\]])", r"\1", value))
    if sum(map(len, data.values())) != len(_DATA_BEGINS.findall(comments)):
        raise ContentError(
            "malformed_comment", "注释里的 [tag:…]、[难度:…] 或 [出处:…] 没有写完；其中的方括号请写成 \\[ 和 \\]。"
        )
    if any(len(values) > 1 for name, values in data.items() if name != "tag"):
        raise ContentError("repeated_comment", "注释里的 [难度:…] 或 [出处:…] 出现了多次，请只保留一个。")
    return data


def _explanation(answers: Answers) -> str:
    return "\n".join(text for text in (answers.explanation, *answers.feedback) if text)
