"""Attempts of members: one open at a time, scored once, and with no answer before that."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import CurrentMember
from app.directory.models import Member
from app.errors import Conflict, Invalid, NotFound
from app.library.audience import is_for
from app.library.models import Issue
from app.quizzes.models import Attempt, Question, Quiz
from app.quizzes.schemas import AskedQuestion, OpenAttempt, ScoredQuestion, SubmittedAttempt
from app.quizzes.scoring import Key, is_correct, score
from app.quizzes.service import list_asked
from content.questions.check import LETTERS


class AttemptsUsedUp(Conflict):
    """No attempt is left."""

    code = "attempts_used_up"
    detail = "这份测验的作答次数已用完，可以查看以往作答的结果和解析。"


class AttemptSubmitted(Conflict):
    """What is submitted stays."""

    code = "attempt_submitted"
    detail = "这次作答已经交卷，不能再修改。如还有作答次数，可以重新作答。"


class UnknownQuestion(Invalid):
    """The quiz does not ask this."""

    code = "unknown_question"
    detail = "有题目不在这份测验里，请刷新后重新作答。"


class BadAnswer(Invalid):
    """The question cannot be answered like that."""

    code = "bad_answer"


async def open_attempt(session: AsyncSession, member: CurrentMember, quiz_id: int, now: datetime) -> OpenAttempt:
    """The member's open attempt, or a new one; raises `AttemptsUsedUp` or `NotFound`."""
    quiz = await _quiz(session, member, quiz_id)
    # One at a time for a member: parallel requests find the attempt that the first has opened.
    await session.execute(select(Member.id).where(Member.id == member.member_id).with_for_update(key_share=True))
    found = await session.scalars(
        select(Attempt).where(Attempt.quiz_id == quiz_id, Attempt.member_id == member.member_id)
    )
    tries = found.all()
    attempt = next((each for each in tries if each.submitted_at is None), None)
    if attempt is None:
        if len(tries) >= quiz.attempts_allowed:
            raise AttemptsUsedUp
        attempt = Attempt(
            quiz_id=quiz_id, member_id=member.member_id, number=len(tries) + 1, answers={}, started_at=now
        )
        session.add(attempt)
        await session.flush()
    return _open(attempt, await list_asked(session, quiz_id))


async def _quiz(session: AsyncSession, member: CurrentMember, quiz_id: int) -> Quiz:
    quiz = await session.scalar(
        select(Quiz).join(Issue, Issue.id == Quiz.issue_id).where(Quiz.id == quiz_id, is_for(member))
    )
    if quiz is None:
        raise NotFound
    return quiz


async def _attempt(
    session: AsyncSession, member: CurrentMember, attempt_id: int, *, hold: bool = False
) -> tuple[Attempt, Quiz]:
    """An attempt of the member's own at a quiz that is still meant for them; raises `NotFound`."""
    statement = select(Attempt).where(Attempt.id == attempt_id, Attempt.member_id == member.member_id)
    attempt = await session.scalar(statement.with_for_update() if hold else statement)
    if attempt is None:
        raise NotFound
    return attempt, await _quiz(session, member, attempt.quiz_id)


async def get_attempt(session: AsyncSession, member: CurrentMember, attempt_id: int) -> OpenAttempt | SubmittedAttempt:
    """An attempt of the member's own: with the answers only after submission; raises `NotFound`."""
    attempt, _ = await _attempt(session, member, attempt_id)
    questions = await list_asked(session, attempt.quiz_id)
    return _open(attempt, questions) if attempt.submitted_at is None else _submitted(attempt, questions)


async def put_answers(
    session: AsyncSession, member: CurrentMember, attempt_id: int, answers: Mapping[str, list[str]]
) -> OpenAttempt:
    """Merges answers into an open attempt; raises `AttemptSubmitted`, `UnknownQuestion`, `BadAnswer`, `NotFound`."""
    attempt, _ = await _attempt(session, member, attempt_id, hold=True)
    if attempt.submitted_at is not None:
        raise AttemptSubmitted
    questions = await list_asked(session, attempt.quiz_id)
    asked = {str(question.id): question for question in questions}
    for question_id, given in answers.items():
        if question_id not in asked:
            raise UnknownQuestion
        check_given(asked[question_id], given)
    merged = {**attempt.answers, **answers}
    attempt.answers = {question_id: given for question_id, given in merged.items() if given}
    return _open(attempt, questions)


def check_given(question: Question, given: Sequence[str]) -> None:
    """Raises `BadAnswer` unless the question can be answered so: letters of its options, or one text."""
    if question.kind == "fill_in":
        if len(given) > 1:
            raise BadAnswer("填空题只能填写一个答案，请修改。")
        return
    known = LETTERS[: len(question.options)]
    if any(len(letter) != 1 or letter not in known for letter in given) or len(set(given)) != len(given):
        raise BadAnswer(f"答案只能是选项的字母（{known[0]}—{known[-1]}），且不能重复，请修改。")
    if question.kind != "multiple" and len(given) > 1:
        raise BadAnswer("单选题和判断题只能选一个答案，请修改。")


async def submit(session: AsyncSession, member: CurrentMember, attempt_id: int, now: datetime) -> SubmittedAttempt:
    """Scores the attempt; a repeat gives the same result. Raises `NotFound`."""
    attempt, quiz = await _attempt(session, member, attempt_id, hold=True)
    questions = await list_asked(session, attempt.quiz_id)
    if attempt.submitted_at is None:
        result = score([_key(each) for each in questions], attempt.answers, quiz.pass_mark)
        attempt.submitted_at, attempt.score, attempt.passed = now, result.percent, result.passed
        audit.record(
            session, member.actor, "attempt.submitted", "attempt", attempt.id,
            now=now, organisation_id=member.organisation_id, quiz=quiz.id,
        )  # fmt: skip
    return _submitted(attempt, questions)


def _key(question: Question) -> Key:
    return Key(question.id, question.kind, question.answer)


def _asked(question: Question, attempt: Attempt) -> dict[str, object]:
    return {
        "id": question.id,
        "kind": question.kind,
        "stem": question.stem,
        "options": question.options,
        "your_answer": attempt.answers.get(str(question.id), []),
    }


def _open(attempt: Attempt, questions: Sequence[Question]) -> OpenAttempt:
    return OpenAttempt(
        id=attempt.id,
        quiz_id=attempt.quiz_id,
        number=attempt.number,
        started_at=attempt.started_at,
        questions=[AskedQuestion.model_validate(_asked(question, attempt)) for question in questions],
    )


def _submitted(attempt: Attempt, questions: Sequence[Question]) -> SubmittedAttempt:
    return SubmittedAttempt.model_validate(
        {
            "id": attempt.id,
            "quiz_id": attempt.quiz_id,
            "number": attempt.number,
            "started_at": attempt.started_at,
            "submitted_at": attempt.submitted_at,
            "score": attempt.score,
            "passed": attempt.passed,
            "questions": [
                ScoredQuestion.model_validate(
                    {
                        **_asked(question, attempt),
                        "answer": question.answer,
                        "explanation": question.explanation,
                        "source": question.source,
                        "correct": is_correct(_key(question), attempt.answers.get(str(question.id), [])),
                    }
                )
                for question in questions
            ],
        }
    )
