"""Questions -> a GIFT file; see content.questions.gift for what it makes of the parts that the format lacks."""

from collections.abc import Sequence

from content.questions.check import LETTERS, ParsedQuestion
from content.questions.gift_text import escape, write_text


def write_gift(questions: Sequence[ParsedQuestion]) -> bytes:
    """Return a file in UTF-8 that `parse_gift` reads as the same questions."""
    return "\n".join(map(_write_question, questions)).encode()


def _write_question(question: ParsedQuestion) -> str:
    answers = "".join(f"\n\t{line}" for line in _answer_lines(question))
    explanation = f"\n\t####{write_text(question.explanation)}" if question.explanation else ""
    return f"{_comment(question)}[plain]{escape(question.stem)}{{{answers}{explanation}\n}}\n"


def _comment(question: ParsedQuestion) -> str:
    data = [("tag", tag) for tag in question.tags]
    if question.difficulty:
        data.append(("难度", str(question.difficulty)))
    if question.source:
        data.append(("出处", question.source))
    if question.kind == "fill_in" and any("->" in text for text in question.answer):
        # GIFT has no way to escape it: Moodle would take the question for matching.
        data.append(("题型", "填空"))
    marks = [f"[{name}:{_escape(value)}]" for name, value in data]
    return f"// {' '.join(marks)}\n" if marks else ""


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")


def _answer_lines(question: ParsedQuestion) -> list[str]:
    if question.kind == "true_false":
        return ["TRUE" if question.answer == ("A",) else "FALSE"]
    if question.kind == "fill_in":
        # For Moodle * is anything, and \* the character.
        return [f"={write_text(text.replace('*', chr(92) + '*'))}" for text in question.answer]
    lettered = list(zip(LETTERS, question.options, strict=False))
    if question.kind == "ordering":
        return [f"={write_text(option)} -> {question.answer.index(letter) + 1}" for letter, option in lettered]
    if question.kind == "single":
        return [f"{'=' if letter in question.answer else '~'}{write_text(option)}" for letter, option in lettered]
    # All of the right ones are the whole, and a wrong one takes it away again.
    weight = f"{100 / len(question.answer):.5f}".rstrip("0").rstrip(".")
    return [f"~%{weight if letter in question.answer else '-100'}%{write_text(option)}" for letter, option in lettered]
