"""One question, however it was written: checked, and in the one form that the service stores."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from content.errors import ContentError
from content.questions.accepted import split_accepted
from content.text import ILLEGAL_IN_XML, clean_field, compact

QuestionKind: TypeAlias = Literal["single", "multiple", "true_false", "fill_in", "ordering"]

LETTERS = "ABCDEFGH"
TRUE_FALSE_OPTIONS = ("正确", "错误")
MAX_STEM, MAX_OPTION, MAX_EXPLANATION, MAX_SOURCE = 500, 200, 1_000, 200
MAX_ACCEPTED_TEXTS = 10
MAX_TAGS, MAX_TAG = 10, 20
# 1 to 5, from the easiest.
DIFFICULTIES = ("容易", "较易", "中等", "较难", "困难")

_KINDS: dict[str, QuestionKind] = {
    "single": "single",
    "multiple": "multiple",
    "true_false": "true_false",
    "fill_in": "fill_in",
    "ordering": "ordering",
    "单选": "single",
    "多选": "multiple",
    "判断": "true_false",
    "填空": "fill_in",
    "排序": "ordering",
}
_TRUE_WORDS = {"a", "对", "正确", "是", "√", "✓", "✔", "true", "t"}
_FALSE_WORDS = {"b", "错", "错误", "否", "×", "✗", "✘", "x", "false", "f"}
# As they are after NFKC: full-width marks have become narrow.
_BETWEEN_LETTERS = re.compile("[,、;。./|和]")
_BETWEEN_PLACES = re.compile("[,、;。./|>→-]")
_BETWEEN_TAGS = re.compile("[,，、;；|｜\n]")


@dataclass(frozen=True)
class ParsedQuestion:
    """A valid question from `line` of its file (0 when it has none).

    `answer` holds letters A..H, in order, or for fill_in the accepted texts; true_false options are 正确 and 错误.
    For ordering the options are as they are shown, and `answer` has the letter of each, first to last.
    `difficulty` is 1 (easiest) to 5, or 0 where it is not given.
    """

    line: int
    kind: QuestionKind
    stem: str
    options: tuple[str, ...]
    answer: tuple[str, ...]
    explanation: str
    source: str
    difficulty: int = 0
    tags: tuple[str, ...] = ()


def normalise_answer(text: str) -> str:
    """Return the form in which fill-in answers are compared: NFKC, no spaces, case folded."""
    # Folding can leave a form that NFKC would change again.
    return compact(compact(text).casefold())


def check_question(
    kind: str,
    stem: str,
    options: Sequence[str],
    answer: str | Sequence[str],
    explanation: str = "",
    source: str = "",
    difficulty: str = "",
    tags: str | Sequence[str] = (),
) -> ParsedQuestion:
    """Return the question with line 0, or raise ContentError with what is wrong with it.

    `kind` may be Chinese; `answer` is text as in a sheet ("AB", "A、B", "对", "甲|乙", for ordering "B→A→C") or a list
    of letters or texts; `difficulty` is "1".."5", 容易 .. 困难 or ""; `tags` is text such as "党章、入党" or a list.
    """
    known_kind = _KINDS.get(compact(kind).removesuffix("题").casefold())
    if known_kind is None:
        raise ContentError("unknown_kind", f"题型「{kind[:20]}」无法识别，请填写 单选、多选、判断、填空 或 排序。")
    stem = _clean(stem, "stem", "题干", MAX_STEM, required=True, lines=True)
    checked = _check_options(known_kind, [_clean(option, "option", "选项", MAX_OPTION) for option in options])
    return ParsedQuestion(
        line=0,
        kind=known_kind,
        stem=stem,
        options=checked,
        answer=_check_answer(known_kind, answer, len(checked)),
        explanation=_clean(explanation, "explanation", "解析", MAX_EXPLANATION, lines=True),
        source=_clean(source, "source", "出处", MAX_SOURCE),
        difficulty=_check_difficulty(difficulty),
        tags=_check_tags(tags),
    )


def identity(question: ParsedQuestion) -> tuple[str, ...]:
    """Return what makes two questions one: the kind, the stem and the options, in whatever order."""
    # Many stems read "下列说法正确的是".
    return (question.kind, normalise_answer(question.stem), *sorted(map(normalise_answer, question.options)))


def _clean(text: str, name: str, label: str, limit: int, *, required: bool = False, lines: bool = False) -> str:
    cleaned = clean_field(text, name, label, limit, required=required, lines=lines)
    # Neither .xlsx nor QTI has a form for them, and nobody sees them.
    if ILLEGAL_IN_XML.search(cleaned):
        raise ContentError("invalid_characters", f"{label}含有看不见的控制字符，请删除后重新输入这部分文字。")
    return cleaned


def _check_options(kind: QuestionKind, options: list[str]) -> tuple[str, ...]:
    while options and not options[-1]:
        options.pop()
    if kind == "fill_in":
        if options:
            raise ContentError("unexpected_options", "填空题不需要选项，请清空选项列。")
        return ()
    if kind == "true_false":
        if options and tuple(options) != TRUE_FALSE_OPTIONS:
            raise ContentError("unexpected_options", "判断题的选项固定为“正确、错误”，请清空选项列。")
        return TRUE_FALSE_OPTIONS
    if not 2 <= len(options) <= len(LETTERS):
        raise ContentError("option_count", f"选择题应有 2 至 {len(LETTERS)} 个选项，现有 {len(options)} 个。")
    empty = [LETTERS[index] for index, option in enumerate(options) if not option]
    if empty:
        raise ContentError("empty_option", f"选项{'、'.join(empty)}为空，请按顺序填写，中间不要空缺。")
    if len({compact(option) for option in options}) != len(options):
        raise ContentError("duplicate_options", "选项中有重复内容，请修改。")
    return tuple(options)


def _check_answer(kind: QuestionKind, answer: str | Sequence[str], options: int) -> tuple[str, ...]:
    if kind == "fill_in":
        return _accepted_texts(answer)
    text = compact(answer if isinstance(answer, str) else "".join(answer))
    if not text:
        raise ContentError("missing_answer", "缺少答案，请填写。")
    if kind == "true_false":
        return _true_or_false(text)
    letters = (_BETWEEN_PLACES if kind == "ordering" else _BETWEEN_LETTERS).sub("", text).upper()
    known = LETTERS[:options]
    unknown = [letter for letter in letters if letter not in known]
    if unknown or not letters:
        raise ContentError("unknown_answer", f"答案「{text[:20]}」无法识别，请只填写选项的字母（A—{known[-1]}）。")
    chosen = tuple(sorted(set(letters)))
    if len(chosen) != len(letters):
        raise ContentError("repeated_answer", "答案中有重复的字母，请修改。")
    if kind == "ordering":
        if len(chosen) != options:
            raise ContentError("answer_count", "排序题的答案应按正确顺序写出每个选项的字母，各一次，如 BACD。")
        return tuple(letters)
    if kind == "single" and len(chosen) != 1:
        raise ContentError("answer_count", "单选题只能有一个答案；有多个答案请将题型改为多选。")
    if kind == "multiple" and len(chosen) < 2:
        raise ContentError("answer_count", "多选题至少要有两个答案；只有一个答案请将题型改为单选。")
    return chosen


def _true_or_false(text: str) -> tuple[str, ...]:
    word = text.casefold()
    if word in _TRUE_WORDS:
        return ("A",)
    if word in _FALSE_WORDS:
        return ("B",)
    raise ContentError("unknown_answer", f"判断题的答案「{text[:20]}」无法识别，请填写 对 或 错。")


def _accepted_texts(answer: str | Sequence[str]) -> tuple[str, ...]:
    parts = split_accepted(answer) if isinstance(answer, str) else answer
    texts = [_clean(part, "answer", "答案", MAX_OPTION) for part in parts]
    if not texts or not all(normalise_answer(text) for text in texts):
        raise ContentError("missing_answer", "填空题缺少答案，或“|”前后有空白答案，请填写。")
    if len(texts) > MAX_ACCEPTED_TEXTS:
        raise ContentError("answer_count", f"填空题最多有 {MAX_ACCEPTED_TEXTS} 个可接受的答案。")
    # Two ways of writing one answer are compared as one; the first stays.
    first: dict[str, str] = {}
    for text in texts:
        first.setdefault(normalise_answer(text), text)
    return tuple(first.values())


def _check_difficulty(written: str) -> int:
    text = compact(written)
    if not text:
        return 0
    if text in DIFFICULTIES:
        return DIFFICULTIES.index(text) + 1
    if text not in {"1", "2", "3", "4", "5"}:
        raise ContentError(
            "unknown_difficulty", f"难度「{text[:20]}」无法识别，请填写 1 至 5，或 {'、'.join(DIFFICULTIES)}。"
        )
    return int(text)


def _check_tags(written: str | Sequence[str]) -> tuple[str, ...]:
    parts = [written] if isinstance(written, str) else written
    tags = [
        _clean(tag, "tag", "每个标签", MAX_TAG) for part in parts for tag in _BETWEEN_TAGS.split(part) if tag.strip()
    ]
    # Two ways of writing one tag are one; the first stays.
    first: dict[str, str] = {}
    for tag in tags:
        first.setdefault(normalise_answer(tag), tag)
    if len(first) > MAX_TAGS:
        raise ContentError("too_many_tags", f"标签最多 {MAX_TAGS} 个，现有 {len(first)} 个，请删减。")
    return tuple(first.values())
