"""The end of an attempt: handed in, or its time is up; scored once, and what was wrong goes into the notebook."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.directory.models import Member
from app.quizzes.models import Attempt, Question, Quiz
from app.quizzes.notebook import Wrong, note_wrong
from app.quizzes.scoring import Key, score
from app.quizzes.service import list_asked
from app.records.service import Done, append, hold_members

# How long after the deadline answers are still taken: enough for a request on a slow network and its repetition, and
# too short to be worth waiting for.
GRACE = timedelta(seconds=30)
# How many overdue attempts are closed in one transaction: their locks are soon free.
PAGE = 50


def key_of(question: Question) -> Key:
    """What the question is scored by."""
    return Key(question.id, question.kind, question.answer)


def closes_at(attempt: Attempt) -> datetime | None:
    """When an open attempt takes no more answers; None where it has no limit."""
    return None if attempt.deadline_at is None else attempt.deadline_at + GRACE


def is_overdue(attempt: Attempt, now: datetime) -> bool:
    """Whether the attempt is open in the table only: its time was up, and nobody has closed it yet."""
    end = closes_at(attempt)
    return attempt.submitted_at is None and end is not None and end <= now


def is_timed_out(attempt: Attempt) -> bool:
    """Whether a submitted attempt ended because its time was up."""
    end = closes_at(attempt)
    return end is not None and attempt.submitted_at is not None and attempt.submitted_at >= end


def finish(attempt: Attempt, pass_mark: int, questions: Iterable[Question], at: datetime) -> list[Wrong]:
    """Scores an open attempt that ends at `at`, with what was saved; gives what was wrong."""
    result = score([key_of(each) for each in questions], attempt.answers, pass_mark)
    attempt.submitted_at, attempt.score, attempt.passed = at, result.percent, result.passed
    attempt.correct_ids = [question_id for question_id, correct in result.correct.items() if correct]
    wrong = [question_id for question_id, correct in result.correct.items() if not correct]
    return [Wrong(attempt.member_id, question_id, attempt.id, at) for question_id in wrong]


async def hand_in(
    session: AsyncSession, attempt: Attempt, quiz: Quiz, actor: str, organisation_id: int, now: datetime
) -> None:
    """Ends an attempt that the caller holds, and that is open and not overdue."""
    wrong = finish(attempt, quiz.pass_mark, await list_asked(session, attempt.question_ids), now)
    await note_wrong(session, wrong)
    await _credit(session, [attempt])
    audit.record(
        session, actor, "attempt.submitted", "attempt", attempt.id,
        now=now, organisation_id=organisation_id, quiz=quiz.id,
    )  # fmt: skip


async def close_overdue(session: AsyncSession, now: datetime, *, member_id: int | None = None) -> int:
    """Ends up to `PAGE` attempts whose time is up (of one member), as of when it was; gives how many.

    Whoever comes first does it, and all of them do the same: the scheduler, or the member who looks.
    """
    statement = (
        select(Attempt, Quiz.pass_mark, Member.organisation_id)
        .join(Quiz, Quiz.id == Attempt.quiz_id)
        .join(Member, Member.id == Attempt.member_id)
        .where(Attempt.submitted_at.is_(None), Attempt.deadline_at <= now - GRACE)
        .order_by(Attempt.deadline_at, Attempt.id)
        .limit(PAGE)
        .with_for_update(of=Attempt, key_share=True, skip_locked=member_id is None)
        # The member may have been read before the lock was waited for.
        .execution_options(populate_existing=True)
    )
    if member_id is not None:
        statement = statement.where(Attempt.member_id == member_id)
    found = (await session.execute(statement)).all()
    ids = sorted({question_id for attempt, _, _ in found for question_id in attempt.question_ids})
    asked = {question.id: question for question in await list_asked(session, ids)}
    wrong: list[Wrong] = []
    for attempt, pass_mark, organisation_id in found:
        end = closes_at(attempt)
        assert end is not None  # noqa: S101 - it was selected by its deadline
        wrong += finish(attempt, pass_mark, [asked[each] for each in attempt.question_ids], end)
        audit.record(
            session, audit.SYSTEM, "attempt.timed_out", "attempt", attempt.id,
            now=now, organisation_id=organisation_id, quiz=attempt.quiz_id,
        )  # fmt: skip
    await session.flush()
    await note_wrong(session, wrong)
    await _credit(session, [attempt for attempt, _, _ in found])
    return len(found)


async def _credit(session: AsyncSession, ended: Iterable[Attempt]) -> None:
    """Study hours for the quizzes that were passed, where there are any for a quiz."""
    passed = [attempt for attempt in ended if attempt.passed]
    # All of them in the order in which everybody locks members, not in that of the deadlines.
    await hold_members(session, [attempt.member_id for attempt in passed])
    for attempt in passed:
        if attempt.submitted_at is not None:
            await append(session, [Done(attempt.member_id, "quiz", attempt.quiz_id)], attempt.submitted_at)
