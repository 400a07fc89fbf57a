"""What a member may answer, and what an attempt looks like: nothing of the key before it is submitted."""

from collections.abc import Sequence
from datetime import datetime

from app.errors import Invalid
from app.quizzes.attempt_schemas import AskedQuestion, OpenAttempt, ScoredQuestion, SubmittedAttempt
from app.quizzes.closing import GRACE, is_timed_out, key_of
from app.quizzes.models import Attempt, Question, Quiz
from app.quizzes.scoring import is_correct
from app.quizzes.shuffling import Options, options_in, order_of, to_shown
from content.questions.check import LETTERS


class BadAnswer(Invalid):
    """The question cannot be answered like that."""

    code = "bad_answer"


def check_given(question: Options, given: Sequence[str]) -> None:
    """Raises `BadAnswer` unless the question can be answered so: letters of its options, one text, or nothing."""
    if question.kind == "fill_in":
        if len(given) > 1:
            raise BadAnswer("填空题只能填写一个答案，请修改。")
        return
    known = LETTERS[: len(question.options)]
    if any(len(letter) != 1 or letter not in known for letter in given) or len(set(given)) != len(given):
        raise BadAnswer(f"答案只能是选项的字母（{known[0]}—{known[-1]}），且不能重复，请修改。")
    if question.kind == "ordering" and given and len(given) != len(known):
        raise BadAnswer("排序题要把全部选项按顺序排好，请补全。")
    if question.kind in ("single", "true_false") and len(given) > 1:
        raise BadAnswer("单选题和判断题只能选一个答案，请修改。")


def asked(question: Question, order: str, kept: Sequence[str]) -> dict[str, object]:
    """The fields of `AskedQuestion`, in the letters of `order`; `kept` is the answer so far."""
    return {
        "id": question.id,
        "kind": question.kind,
        "stem": question.stem,
        "options": options_in(question, order),
        "your_answer": to_shown(question, order, kept),
    }


def key_shown(question: Question, order: str, kept: Sequence[str]) -> dict[str, object]:
    """The rest of `ScoredQuestion`: the key in the letters of `order`, and whether `kept` is right."""
    return {
        "answer": to_shown(question, order, question.answer),
        "explanation": question.explanation,
        "source": question.source,
        "correct": is_correct(key_of(question), kept),
    }


def show_open(attempt: Attempt, quiz: Quiz, questions: Sequence[Question], now: datetime) -> OpenAttempt:
    """An attempt that goes on."""
    remaining = None
    if attempt.deadline_at is not None:
        remaining = max(0, int((attempt.deadline_at - now).total_seconds()))
    return OpenAttempt(
        id=attempt.id,
        quiz_id=attempt.quiz_id,
        number=attempt.number,
        started_at=attempt.started_at,
        deadline_at=attempt.deadline_at,
        remaining_seconds=remaining,
        grace_seconds=int(GRACE.total_seconds()),
        questions=[AskedQuestion.model_validate(asked(each, *_answer(attempt, quiz, each))) for each in questions],
    )


def _answer(attempt: Attempt, quiz: Quiz, question: Question) -> tuple[str, list[str]]:
    order = order_of(question, attempt.seed, shuffle=quiz.shuffle_options)
    return order, attempt.answers.get(str(question.id), [])


def show_submitted(
    attempt: Attempt,
    quiz: Quiz,
    questions: Sequence[Question],
    *,
    explained: bool,
    explained_from: datetime | None,
) -> SubmittedAttempt:
    """An attempt that is over; with the key where it is `explained`."""
    hidden = {"answer": None, "explanation": None, "source": None, "correct": None}
    shown = []
    for question in questions:
        order, kept = _answer(attempt, quiz, question)
        key = key_shown(question, order, kept) if explained else hidden
        shown.append(ScoredQuestion.model_validate({**asked(question, order, kept), **key}))
    return SubmittedAttempt.model_validate(
        {
            **{name: getattr(attempt, name) for name in ("id", "quiz_id", "number", "started_at", "submitted_at")},
            "timed_out": is_timed_out(attempt),
            "score": attempt.score,
            "passed": attempt.passed,
            "explained": explained,
            "explained_from": explained_from,
            "questions": shown,
        }
    )
