"""What stands in the braces of a GIFT question."""

import re
from dataclasses import dataclass

from content.errors import ContentError
from content.questions.check import LETTERS
from content.questions.gift_text import read_text, show_escapes

_TRUE, _FALSE = {"T", "TRUE", "Ｔ", "ＴＲＵＥ"}, {"F", "FALSE", "Ｆ", "ＦＡＬＳＥ"}
_NARROW = str.maketrans("＝～＃", "=~#")
_ARROWS, _WIDE_ARROWS = re.compile("->"), re.compile("->|－＞|→")
_WEIGHT = re.compile(r"[%％]\s*([-－]?[0-9０-９]+(?:[.．][0-9０-９]*)?)\s*[%％]")
# Moodle gives thirds and the like with five digits.
_WHOLE = 0.1
# More than any question may have; how many, is checked with all else.
_MAX_ANSWERS = 100
# A shorthand of Moodle: * in an accepted text stands for anything.
_WILDCARD = re.compile(r"(?<!\\)\*")


@dataclass(frozen=True)
class Answers:
    """The parts of a question that the braces give; `feedback` is a line for each answer that has one."""

    kind: str
    options: tuple[str, ...]
    answer: tuple[str, ...]
    explanation: str
    feedback: tuple[str, ...]


@dataclass(frozen=True)
class _Choice:
    """One = or ~ with what follows; `weight` is a percentage, or None."""

    right: bool
    weight: float | None
    text: str
    feedback: str


def read_answers(source: str, default: str, wide: bool, stated: str) -> Answers:
    """Return what the text in the braces says; its escapes are hidden.

    `default` is the format of its texts, `wide` says that its braces were full-width, `stated` is the kind that a
    comment names, if any. Raises ContentError for the kinds that the service does not have.
    """
    if not re.search("[=~]", source) and (wide or source.startswith(("＝", "～"))):
        source = source.translate(_NARROW)
    source, mark, general = source.rpartition("####") if "####" in source else (source, "", "")
    source, explanation = source.strip(), read_text(general, default)[1] if mark else ""
    if not source:
        raise ContentError("essay", "问答题（花括号里没有答案）不支持，请改为单选、多选、判断、填空或排序题。")
    if source.startswith("#"):
        raise ContentError("numeric", "数值题（{#…}）不支持，请改为填空题，如 {=12}。")
    if source.count("=") + source.count("~") > _MAX_ANSWERS:
        raise ContentError(
            "option_count", f"一道题的选项或答案不能超过 {len(LETTERS)} 个，请检查两题之间是否空了一行。"
        )
    if "~" not in source:
        arrows = _WIDE_ARROWS if wide else _ARROWS
        if "=" in source and arrows.search(source) and stated != "填空":
            return _ordering(source, default, arrows, explanation)
        right, *feedback = source.split("#")
        if right.strip() in _TRUE | _FALSE:
            return _true_false(right.strip() in _TRUE, feedback, default, explanation)
    return _choices(source, default, explanation)


def _true_false(is_true: bool, feedback: list[str], default: str, explanation: str) -> Answers:
    if len(feedback) > 2:
        raise ContentError("too_many_feedbacks", "判断题的反馈（#）最多两段：答错时一段，答对时一段。")
    texts = [read_text(text, default)[1] for text in feedback]
    lines = [f"{label}：{text}" for label, text in zip(("答错时", "答对时"), texts, strict=False) if text]
    return Answers("true_false", (), ("A" if is_true else "B",), explanation, tuple(lines))


def _ordering(source: str, default: str, arrows: re.Pattern[str], explanation: str) -> Answers:
    pairs: list[tuple[str, str]] = []
    for part in source.removeprefix("=").split("="):
        found = list(arrows.finditer(part))
        if not found:
            raise ContentError("matching", f"匹配题的每一项都要有 ->，「{show_escapes(part.strip())[:20]}」没有。")
        last = found[-1]
        pairs.append((read_text(part[: last.start()], default)[1], show_escapes(part[last.end() :]).strip()))
    places = [place for _, place in pairs]
    if sorted(places) != sorted(map(str, range(1, len(pairs) + 1))) or len(pairs) > len(LETTERS):
        raise ContentError("matching", "匹配题不支持；右边是 1、2、3… 且不重复时，按排序题导入。请改为排序题或选择题。")
    answer = sorted(zip(map(int, places), LETTERS, strict=False))
    return Answers("ordering", tuple(text for text, _ in pairs), tuple(each for _, each in answer), explanation, ())


def _choices(source: str, default: str, explanation: str) -> Answers:
    choices = [_read_choice(part, default) for part in _parts(source)]
    if all(choice.right for choice in choices):
        return _fill_in(choices, explanation)
    letters = [LETTERS[number] if number < len(LETTERS) else "?" for number in range(len(choices))]
    lettered = list(zip(letters, choices, strict=True))
    right = [letter for letter, choice in lettered if choice.right]
    given = [(letter, choice.weight) for letter, choice in lettered if (choice.weight or 0) > 0 and not choice.right]
    weights = [weight or 0 for _, weight in given]
    whole = [choice.weight is None or choice.weight == 100 for choice in choices if choice.right]
    if len(right) > 1:
        raise ContentError(
            "several_right_answers", "有几个 = 答案、选对任一个即可的选择题不支持；需要全部选对请用 ~%50% 的写法。"
        )
    if (right and weights) or not all(whole):
        raise _partial()
    if weights and (max(weights) - min(weights) > _WHOLE or abs(sum(weights) - 100) > _WHOLE):
        raise _partial()
    feedback = tuple(f"选项{letter}：{choice.feedback}" for letter, choice in lettered if choice.feedback)
    kind, answer = ("single", right) if right else ("multiple", [letter for letter, _ in given])
    return Answers(kind, tuple(choice.text for choice in choices), tuple(answer), explanation, feedback)


def _partial() -> ContentError:
    return ContentError(
        "partial_weights", "部分得分的选项（权重不相等，或合计不是 100%）不支持，请改为全部选对才得分。"
    )


def _fill_in(choices: list[_Choice], explanation: str) -> Answers:
    if any(choice.weight is not None and choice.weight != 100 for choice in choices):
        raise _partial()
    texts: list[str] = []
    for choice in choices:
        if _WILDCARD.search(choice.text):
            raise ContentError("wildcard_answer", "填空答案中的 * 表示任意文字，不支持；要星号本身请写成 \\*。")
        texts.append(choice.text.replace("\\*", "*"))
    feedback = tuple(
        f"填“{text}”：{choice.feedback}" for text, choice in zip(texts, choices, strict=True) if choice.feedback
    )
    return Answers("fill_in", (), tuple(texts), explanation, feedback)


def _parts(source: str) -> list[str]:
    """Return the answers, each with its mark; a text without any mark is the one right answer."""
    parts = re.split("(?=[=~])", source)
    if parts[0].strip() and len(parts) > 1:
        raise ContentError("text_before_answers", "花括号里第一个答案前面有多余的文字，请在每个答案前加 = 或 ~。")
    return [part for part in parts if part.strip()] if len(parts) > 1 else [f"={source}"]


def _read_choice(part: str, default: str) -> _Choice:
    body = part[1:].strip()
    weight = _WEIGHT.match(body)
    if weight:
        body = body[weight.end() :]
    text, mark, feedback = body.partition("#")
    return _Choice(
        part[0] == "=",
        float(weight[1].replace("－", "-").replace("．", ".")) if weight else None,
        read_text(text, default)[1],
        read_text(feedback, default)[1] if mark else "",
    )
