"""Attempts of members: one open at a time, by the server's clock and shuffle, and scored once."""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principals import CurrentMember
from app.directory.models import Member
from app.errors import Conflict, Invalid, NotFound
from app.quizzes.answering import check_given, show_open, show_submitted
from app.quizzes.attempt_schemas import OpenAttempt, SubmittedAttempt
from app.quizzes.closing import GRACE, close_overdue, hand_in, is_overdue, is_timed_out
from app.quizzes.drawing import draw
from app.quizzes.models import Attempt, Quiz, QuizQuestion
from app.quizzes.questions import hold_answers
from app.quizzes.schemas import AttemptRow, QuizOut
from app.quizzes.service import fixed_ids, list_asked, rules_of
from app.quizzes.shuffling import arranged, order_of, to_bank
from app.quizzes.standing import PublishedQuiz, counted, find_published, is_explained, list_tries


class AttemptsUsedUp(Conflict):
    """No attempt is left."""

    code = "attempts_used_up"
    detail = "这份测验的作答次数已用完，可以查看以往作答的结果和解析。"


class AttemptSubmitted(Conflict):
    """What is submitted stays."""

    code = "attempt_submitted"
    detail = "这次作答已经交卷，不能再修改。如还有作答次数，可以重新作答。"


class TimeIsUp(Conflict):
    """The time of the attempt is over, with its grace."""

    code = "time_is_up"
    detail = "作答时间已到，已保存的答案已自动交卷，可以查看结果。如还有作答次数，可以重新作答。"


class UnknownQuestion(Invalid):
    """The quiz does not ask this."""

    code = "unknown_question"
    detail = "有题目不在这份测验里，请刷新后重新作答。"


async def get_quiz(session: AsyncSession, member: CurrentMember, issue_id: int, now: datetime) -> QuizOut:
    """The quiz of a published issue that is meant for the member, and how they stand; raises `NotFound`."""
    quiz = (await find_published(session, member, Quiz.issue_id == issue_id)).quiz
    tries = await _tries(session, member, quiz.id, now)
    count = sum(rule.count for rule in rules_of(quiz))
    if not count:
        count = await session.scalar(select(func.count()).where(QuizQuestion.quiz_id == quiz.id)) or 0
    counts = counted(quiz, tries)
    best = max((each.score for each in tries if each.score is not None), default=None)
    shown = ("id", "title", "pass_mark", "attempts_allowed", "time_limit_seconds", "explanations", "score_counts")
    return QuizOut.model_validate(
        {
            **{name: getattr(quiz, name) for name in shown},
            "attempts_used": len(tries),
            "question_count": count,
            "grace_seconds": int(GRACE.total_seconds()),
            "score": counts.score if counts else None,
            "best_score": best,
            "passed": bool(counts and counts.passed),
            "open_attempt_id": next((each.id for each in tries if each.submitted_at is None), None),
            "attempts": [_row(each) for each in tries],
        }
    )


def _row(attempt: Attempt) -> AttemptRow:
    shown = {name: getattr(attempt, name) for name in ("id", "number", "submitted_at", "score", "passed")}
    return AttemptRow.model_validate({**shown, "state": "open" if attempt.submitted_at is None else "submitted"})


async def _tries(session: AsyncSession, member: CurrentMember, quiz_id: int, now: datetime) -> list[Attempt]:
    """The member's attempts at a quiz as the clock has them."""
    tries = await list_tries(session, member.member_id, quiz_id)
    if any(is_overdue(each, now) for each in tries):
        await close_overdue(session, now, member_id=member.member_id)
        tries = await list_tries(session, member.member_id, quiz_id)
    return tries


async def open_attempt(session: AsyncSession, member: CurrentMember, quiz_id: int, now: datetime) -> OpenAttempt:
    """The member's open attempt, or a new one; raises `AttemptsUsedUp`, `BankTooSmall` or `NotFound`."""
    published = await find_published(session, member, Quiz.id == quiz_id)
    # One at a time for a member: parallel requests find the attempt that the first has opened.
    await session.execute(select(Member.id).where(Member.id == member.member_id).with_for_update(key_share=True))
    tries = await _tries(session, member, quiz_id, now)
    attempt = next((each for each in tries if each.submitted_at is None), None)
    if attempt is None:
        if len(tries) >= published.quiz.attempts_allowed:
            raise AttemptsUsedUp
        attempt = await _begin(session, member, published, len(tries) + 1, now)
    return show_open(attempt, published.quiz, await list_asked(session, attempt.question_ids), now)


async def _begin(
    session: AsyncSession, member: CurrentMember, published: PublishedQuiz, number: int, now: datetime
) -> Attempt:
    """A new attempt: what it asks, in which order, and until when, is settled here."""
    quiz = published.quiz
    seed = secrets.randbits(63)
    rules = rules_of(quiz)
    if rules:
        await hold_answers(session, published.organisation_id, shared=True)
        question_ids = await draw(session, published.organisation_id, rules, seed)
    else:
        question_ids = await fixed_ids(session, quiz.id)
    limit = quiz.time_limit_seconds
    attempt = Attempt(
        quiz_id=quiz.id,
        member_id=member.member_id,
        number=number,
        seed=seed,
        question_ids=arranged(seed, "questions", question_ids) if quiz.shuffle_questions else question_ids,
        answers={},
        started_at=now,
        deadline_at=None if limit is None else now + timedelta(seconds=limit),
    )
    session.add(attempt)
    await session.flush()
    return attempt


async def _own(
    session: AsyncSession, member: CurrentMember, attempt_id: int, *, hold: bool
) -> tuple[Attempt, PublishedQuiz]:
    """An attempt of the member's own at a quiz that is still meant for them; raises `NotFound`."""
    statement = select(Attempt).where(Attempt.id == attempt_id, Attempt.member_id == member.member_id)
    attempt = await session.scalar(statement.with_for_update(key_share=True) if hold else statement)
    if attempt is None:
        raise NotFound
    return attempt, await find_published(session, member, Quiz.id == attempt.quiz_id)


async def get_attempt(
    session: AsyncSession, member: CurrentMember, attempt_id: int, now: datetime
) -> OpenAttempt | SubmittedAttempt:
    """An attempt of the member's own: with the answers only after submission; raises `NotFound`."""
    attempt, published = await _own(session, member, attempt_id, hold=False)
    if is_overdue(attempt, now):
        await _tries(session, member, attempt.quiz_id, now)
    if attempt.submitted_at is not None:
        return await _result(session, member, attempt, published, now)
    return show_open(attempt, published.quiz, await list_asked(session, attempt.question_ids), now)


async def _result(
    session: AsyncSession, member: CurrentMember, attempt: Attempt, published: PublishedQuiz, now: datetime
) -> SubmittedAttempt:
    tries = await list_tries(session, member.member_id, attempt.quiz_id)
    ends = published.week_ends_at
    return show_submitted(
        attempt,
        published.quiz,
        await list_asked(session, attempt.question_ids),
        explained=is_explained(published.quiz, tries, ends, now),
        explained_from=ends if published.quiz.explanations == "after_week" else None,
    )


async def put_answers(
    session: AsyncSession, member: CurrentMember, attempt_id: int, answers: Mapping[str, list[str]], now: datetime
) -> OpenAttempt:
    """Merges answers into an open attempt: of each question, the last that arrives stays.

    Raises `AttemptSubmitted`, `TimeIsUp`, `UnknownQuestion`, `BadAnswer` or `NotFound`.
    """
    attempt, published = await _own(session, member, attempt_id, hold=True)
    if is_timed_out(attempt) or is_overdue(attempt, now):
        raise TimeIsUp
    if attempt.submitted_at is not None:
        raise AttemptSubmitted
    questions = await list_asked(session, attempt.question_ids)
    asked = {str(question.id): question for question in questions}
    merged = dict(attempt.answers)
    for question_id, given in answers.items():
        if question_id not in asked:
            raise UnknownQuestion
        question = asked[question_id]
        check_given(question, given)
        order = order_of(question, attempt.seed, shuffle=published.quiz.shuffle_options)
        merged[question_id] = to_bank(question, order, given)
    attempt.answers = {question_id: kept for question_id, kept in merged.items() if kept}
    return show_open(attempt, published.quiz, questions, now)


async def submit(session: AsyncSession, member: CurrentMember, attempt_id: int, now: datetime) -> SubmittedAttempt:
    """Scores the attempt; a repeat gives the same result. Raises `NotFound`."""
    attempt, published = await _own(session, member, attempt_id, hold=True)
    if is_overdue(attempt, now):
        await close_overdue(session, now, member_id=member.member_id)
    elif attempt.submitted_at is None:
        await hand_in(session, attempt, published.quiz, member.actor, member.organisation_id, now)
    return await _result(session, member, attempt, published, now)
