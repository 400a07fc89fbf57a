"""One QTI item -> a question of the service, or what stands in its way."""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from content.errors import ContentError
from content.questions.check import LETTERS, TRUE_FALSE_OPTIONS, ParsedQuestion, check_question
from content.questions.markup import as_block, text_of_xml

_KINDS = ("choiceinteraction", "textentryinteraction", "orderinteraction")
_BLANK = "____"
# Stands for the place of a blank: no text that is read has it.
_PLACE = "\x06"
_TRUE_FALSE = (("true", "false"), ("正确", "错误"), ("对", "错"), ("t", "f"))


@dataclass(frozen=True)
class ItemData:
    """What the manifest says about an item; `difficulty` is as in a sheet."""

    source: str = ""
    difficulty: str = ""
    tags: tuple[str, ...] = ()


def read_item(root: Element, data: ItemData) -> ParsedQuestion:
    """Return the question of an item from `read_xml`; raises ContentError for what the service has no kind for."""
    if root.tag != "assessmentitem":
        raise ContentError("not_an_item", f"「{root.tag[:40]}」不是 QTI 试题（assessmentItem），请检查导出的内容。")
    body = root.find("itembody")
    if body is None or root.find("templatedeclaration") is not None:
        raise ContentError("unsupported_item", "试题没有正文（itemBody），或使用了题目模板，请改为固定的题目。")
    interaction = _interaction(body)
    kind, options, answer = _answer(root, interaction)
    explanations = [text_of_xml(each, {}).strip() for each in root.findall("modalfeedback")]
    return check_question(
        kind,
        _stem(body, interaction),
        options,
        answer,
        "\n".join(text for text in explanations if text),
        data.source,
        data.difficulty,
        data.tags,
    )


def title_of(question: ParsedQuestion) -> str:
    """Return the title that an item has when nobody gave it one: the beginning of its stem, in one line."""
    return " ".join(question.stem.split())[:60]


def _interaction(body: Element) -> Element:
    found = [element for element in body.iter() if element.tag.endswith("interaction")]
    if not found:
        raise ContentError("no_interaction", "试题没有可以作答的部分（如 choiceInteraction），请检查。")
    for element in found:
        if element.tag not in _KINDS:
            name = element.tag.removesuffix("interaction")[:40]
            raise ContentError(
                "unsupported_interaction",
                f"不支持的作答方式 {name}Interaction；支持选择（choice）、填空（textEntry）和排序（order）。",
            )
    if len(found) > 1:
        raise ContentError("several_interactions", "一道题里有几处作答，请拆分为几道题。")
    return found[0]


def _stem(body: Element, interaction: Element) -> str:
    if interaction.tag == "textentryinteraction":
        text = text_of_xml(body, {interaction.tag: _PLACE}).strip()
        # A blank in a line of its own at the end is where one answers, and no part of the sentence.
        if text == _PLACE or text.endswith(f"\n{_PLACE}"):
            text = text.removesuffix(_PLACE)
        return text.replace(_PLACE, _BLANK)
    prompts = [text_of_xml(prompt, {}) for prompt in interaction.findall("prompt")]
    return text_of_xml(body, {interaction.tag: as_block("\n".join(prompts))})


def _answer(root: Element, interaction: Element) -> tuple[str, Sequence[str], Sequence[str]]:
    """Return (kind, options, answer) as `check_question` takes them."""
    name = interaction.get("responseidentifier")
    declared = [each for each in root.findall("responsedeclaration") if each.get("identifier") == name]
    if len(declared) != 1:
        raise ContentError("missing_answer", "试题没有声明答案（responseDeclaration），请补充。")
    right = [(value.text or "").strip() for value in declared[0].iterfind("correctresponse/value")]
    scores = {
        each.get("mapkey", ""): _number(each.get("mappedvalue")) for each in declared[0].iterfind("mapping/mapentry")
    }
    scored = [key for key, score in scores.items() if score > 0]
    if len({scores[key] for key in scored}) > 1:
        raise ContentError("partial_weights", "部分得分的答案（mapping 中的分值不相等）不支持，请改为全部答对才得分。")
    if interaction.tag == "textentryinteraction":
        if declared[0].get("basetype", "string") != "string":
            raise ContentError("numeric", "数值填空（baseType 不是 string）不支持，请改为文字填空。")
        return "fill_in", (), list(dict.fromkeys([*right, *scored]))
    choices = interaction.findall("simplechoice")
    names = [choice.get("identifier", "") for choice in choices]
    texts = [text_of_xml(choice, {}) for choice in choices]
    letters = [_letter(each, names) for each in right or scored]
    if interaction.tag == "orderinteraction":
        return "ordering", texts, letters
    if scored and right and set(scored) != set(right):
        raise ContentError("partial_weights", "得分的选项（mapping）与正确答案（correctResponse）不一致，请改为一致。")
    if declared[0].get("cardinality") != "single":
        return "multiple", texts, letters
    if _is_true_false(names, texts):
        return "true_false", TRUE_FALSE_OPTIONS, letters
    return "single", texts, letters


def _number(text: str | None) -> float:
    try:
        return float(text or "")
    except ValueError:
        raise ContentError("invalid_score", "mapping 中的分值（mappedValue）应为数字，请检查。") from None


def _letter(identifier: str, names: Sequence[str]) -> str:
    if identifier not in names[: len(LETTERS)]:
        raise ContentError("unknown_answer", f"正确答案「{identifier[:20]}」不是选项的标识，请检查。")
    return LETTERS[names.index(identifier)]


def _is_true_false(names: Sequence[str], texts: Sequence[str]) -> bool:
    """Return whether these are the two of true and false; A and B are how a single choice is written here."""
    if tuple(name.casefold() for name in names) == ("true", "false"):
        return True
    return list(names) != ["A", "B"] and tuple(text.strip().casefold() for text in texts) in _TRUE_FALSE
