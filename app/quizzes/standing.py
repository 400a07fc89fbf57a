"""How a member stands in a quiz: which score counts, and whether the answers may be seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principals import CurrentMember
from app.directory.models import Organisation
from app.errors import NotFound
from app.library.audience import is_for
from app.library.models import Issue
from app.quizzes.models import Attempt, Quiz


@dataclass(frozen=True)
class PublishedQuiz:
    """A quiz that is meant for a member, whose bank it draws from, and when its week is over."""

    quiz: Quiz
    organisation_id: int
    week_ends_at: datetime


def week_end(monday: date, timezone: str) -> datetime:
    """When the week of this Monday is over in the zone; in UTC."""
    return datetime.combine(monday + timedelta(weeks=1), time(), ZoneInfo(timezone)).astimezone(UTC)


async def find_published(session: AsyncSession, member: CurrentMember, condition: ColumnElement[bool]) -> PublishedQuiz:
    """The quiz of a published issue that is meant for the member; raises `NotFound`."""
    found = await session.execute(
        select(Quiz, Issue.organisation_id, Issue.week, Organisation.timezone)
        .join(Issue, Issue.id == Quiz.issue_id)
        .join(Organisation, Organisation.id == Issue.organisation_id)
        .where(condition, is_for(member))
    )
    row = found.first()
    if row is None:
        raise NotFound
    quiz, organisation_id, week, timezone = row
    return PublishedQuiz(quiz, organisation_id, week_end(week, timezone))


async def list_tries(session: AsyncSession, member_id: int, quiz_id: int) -> list[Attempt]:
    """The member's attempts at a quiz, first to last."""
    found = await session.scalars(
        select(Attempt)
        .where(Attempt.quiz_id == quiz_id, Attempt.member_id == member_id)
        .order_by(Attempt.number)
        .execution_options(populate_existing=True)
    )
    return list(found)


def is_explained(quiz: Quiz, tries: Sequence[Attempt], week_ends_at: datetime, now: datetime) -> bool:
    """Whether somebody with these attempts may see the answers of those that are submitted."""
    if quiz.explanations == "after_week":
        return now >= week_ends_at
    if quiz.explanations == "after_last_attempt":
        submitted = [each for each in tries if each.submitted_at is not None]
        return len(submitted) >= quiz.attempts_allowed or any(each.passed for each in submitted)
    return True


def counted(quiz: Quiz, tries: Sequence[Attempt]) -> Attempt | None:
    """The attempt that counts, of those that are submitted; `tries` are first to last."""
    submitted = [each for each in tries if each.submitted_at is not None]
    if not submitted:
        return None
    if quiz.score_counts == "best":
        return max(submitted, key=lambda each: each.score or 0)
    return submitted[0] if quiz.score_counts == "first" else submitted[-1]


async def list_hidden(session: AsyncSession, member_id: int, now: datetime) -> list[int]:
    """The ids of the quizzes that the member has tried and whose answers may not be seen yet."""
    found = await session.execute(
        select(Attempt, Quiz, Issue.week, Organisation.timezone)
        .join(Quiz, Quiz.id == Attempt.quiz_id)
        .join(Issue, Issue.id == Quiz.issue_id)
        .join(Organisation, Organisation.id == Issue.organisation_id)
        .where(Attempt.member_id == member_id, Quiz.explanations != "after_submission")
    )
    tries: dict[int, list[Attempt]] = {}
    quizzes: dict[int, tuple[Quiz, datetime]] = {}
    for attempt, quiz, week, timezone in found:
        tries.setdefault(quiz.id, []).append(attempt)
        quizzes[quiz.id] = quiz, week_end(week, timezone)
    return [key for key, (quiz, ends) in quizzes.items() if not is_explained(quiz, tries[key], ends, now)]
