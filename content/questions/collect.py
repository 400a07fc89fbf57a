"""What a file of questions holds, whatever its format: each question is taken, or named with the reason why not."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from content.errors import ContentError, Rejected
from content.questions.check import ParsedQuestion, identity

MAX_QUESTIONS = 2_000


@dataclass(frozen=True)
class Note:
    """What was taken otherwise than it was written, and stops nothing: `line` is 1-based."""

    line: int
    code: str
    reason: str


@dataclass(frozen=True)
class QuestionSheet:
    """What a file holds: each question, by its line (or its number in a package), is in exactly one of the first two.

    `notes` tells what the file says besides and is not kept, such as the names of questions.
    """

    questions: tuple[ParsedQuestion, ...]
    rejected: tuple[Rejected, ...]
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True)
class Found:
    """A question of a file, or what is wrong with it; `name` is what a person finds it by where it has no line."""

    line: int
    outcome: ParsedQuestion | ContentError
    name: str = ""


def collect(found: Iterable[Found], notes: Iterable[Note] = ()) -> QuestionSheet:
    """Return the sheet: of questions that are the same the first is taken, and the others name it.

    `notes` are taken after all that is found. Raises ContentError for no question at all, and for more than 2,000.
    """
    questions: list[ParsedQuestion] = []
    rejected: list[Rejected] = []
    places: dict[tuple[str, ...], str] = {}
    for each in found:
        if len(questions) + len(rejected) == MAX_QUESTIONS:
            raise ContentError("too_many_questions", f"试题超过 {MAX_QUESTIONS} 道，请拆分后重新上传。")
        outcome = each.outcome
        if isinstance(outcome, ParsedQuestion):
            place = each.name or f"第 {each.line} 行"
            first = places.setdefault(identity(outcome), place)
            if first == place:
                questions.append(replace(outcome, line=each.line))
                continue
            outcome = ContentError("duplicate_question", f"与{first}的试题重复，请删除其中一道。")
        named = f"{each.name}：" if each.name else ""
        rejected.append(Rejected(each.line, outcome.code, named + outcome.detail))
    if not questions and not rejected:
        raise ContentError("empty_sheet", "文件里没有试题，请填写后重新上传。")
    return QuestionSheet(tuple(questions), tuple(rejected), tuple(notes))
