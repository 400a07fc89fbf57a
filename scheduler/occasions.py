"""What a schedule has to tell at a due time: only read, for the tick that does it and the dry run that shows it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.directory.models import Organisation
from app.library.models import Issue, IssueLesson, Lesson
from app.meetings.service import due_reminder, meeting_event
from app.messaging.anniversaries import days_kept, kept_as, kept_on
from app.messaging.models import Schedule
from app.messaging.service import ISSUE_LATE, Audience, event_of
from app.messaging.times import next_due
from app.records.queries import ARTICLE
from app.schemas import week_of

REMINDER_LIFE = timedelta(hours=12)
# Daily for five years, and then some: the 29th of February, on a Friday, is looked for no longer.
MOST_LOOKED_AT = 2000


@dataclass(frozen=True)
class Occasion:
    """What is to be announced, as `announce` takes it."""

    kind: str
    organisation_id: int
    subject_id: int
    event: dict[str, object]
    audience: Audience
    expires_at: datetime


async def find_occasion(session: AsyncSession, schedule: Schedule, due: datetime, at: datetime) -> Occasion | None:
    """What there is to tell of a due time when it is told `at` a time; None where there is nothing."""
    organisation = await session.get_one(Organisation, schedule.organisation_id)
    return await FINDERS[schedule.kind](session, schedule, organisation, due, at)


async def coming_due(session: AsyncSession, schedule: Schedule, now: datetime) -> datetime | None:
    """The next due time at which there may be something to tell; None where there is none."""
    due = schedule.next_due_at
    if due is None or schedule.cron is None:
        return due
    if due < now:  # of one that is switched off
        due = next_due(schedule.cron, schedule.timezone, now)
    if schedule.kind != "anniversary":
        return due
    days = await days_kept(session, schedule.organisation_id)
    for _ in range(MOST_LOOKED_AT if days else 0):
        if due is None or days.intersection(kept_as(_day(schedule, due))):
            return due
        due = next_due(schedule.cron, schedule.timezone, due)
    return None


def _day(schedule: Schedule, due: datetime) -> date:
    return due.astimezone(ZoneInfo(schedule.timezone)).date()


async def _weekly_issue(
    session: AsyncSession, schedule: Schedule, organisation: Organisation, due: datetime, at: datetime
) -> Occasion | None:
    issue = await session.get(Issue, schedule.subject_id or 0)
    if issue is None or issue.state not in ("scheduled", "published"):
        return None
    titles = await session.scalars(
        select(Lesson.title)
        .join(IssueLesson, IssueLesson.lesson_id == Lesson.id)
        .where(IssueLesson.issue_id == issue.id)
        .order_by(IssueLesson.position)
    )
    event: dict[str, object] = {
        "title": issue.title,
        "week": week_of(issue.week),
        "organisation": organisation.name,
        "lessons": list(titles),
        "published_at": at.isoformat(),
        "timezone": organisation.timezone,
    }
    audience = Audience(path=organisation.path, issue_id=issue.id)
    return Occasion("weekly_issue", organisation.id, issue.id, event, audience, due + ISSUE_LATE)


async def _meeting_reminder(
    session: AsyncSession, schedule: Schedule, organisation: Organisation, due: datetime, at: datetime
) -> Occasion | None:
    meeting = await due_reminder(session, schedule.subject_id or 0, at)
    if meeting is None:
        return None
    audience = Audience(path=organisation.path, floating_only=True)
    event = meeting_event(meeting, organisation)
    return Occasion(schedule.kind, organisation.id, meeting.id, event, audience, meeting.starts_at)


async def _unfinished_reminder(
    session: AsyncSession, schedule: Schedule, organisation: Organisation, due: datetime, at: datetime
) -> Occasion:
    week = week_of(due.astimezone(ZoneInfo(organisation.timezone)).date())
    event = {**event_of(organisation, at), "week": week}
    audience = Audience(path=organisation.path, unfinished_week=week)
    return _standing(schedule, organisation, event, audience, at + REMINDER_LIFE)


async def _anniversary(
    session: AsyncSession, schedule: Schedule, organisation: Organisation, due: datetime, at: datetime
) -> Occasion | None:
    kept = await kept_on(session, organisation.id, _day(schedule, due))
    if not kept:
        return None
    days = [{"name": each.name, "words": each.words} for each in kept]
    event = {**event_of(organisation, at), "days": days}
    return _standing(schedule, organisation, event, Audience(path=organisation.path), _end_of_day(schedule, due))


async def _joining_anniversary(
    session: AsyncSession, schedule: Schedule, organisation: Organisation, due: datetime, at: datetime
) -> Occasion:
    audience = Audience(path=organisation.path, joined_at=due.isoformat())
    return _standing(schedule, organisation, event_of(organisation, at), audience, _end_of_day(schedule, due))


async def _hours_reminder(
    session: AsyncSession, schedule: Schedule, organisation: Organisation, due: datetime, at: datetime
) -> Occasion:
    year = _day(schedule, due).year
    event = {**event_of(organisation, at), "year": year, "article": ARTICLE}
    audience = Audience(path=organisation.path, hours_year=year)
    return _standing(schedule, organisation, event, audience, at + REMINDER_LIFE)


def _end_of_day(schedule: Schedule, due: datetime) -> datetime:
    """A greeting is for its day."""
    return datetime.combine(_day(schedule, due) + timedelta(days=1), time(), ZoneInfo(schedule.timezone))


def _standing(
    schedule: Schedule,
    organisation: Organisation,
    event: dict[str, object],
    audience: Audience,
    expires_at: datetime,
) -> Occasion:
    return Occasion(schedule.kind, organisation.id, organisation.id, event, audience, expires_at)


Finder = Callable[[AsyncSession, Schedule, Organisation, datetime, datetime], Awaitable[Occasion | None]]
FINDERS: Mapping[str, Finder] = MappingProxyType(
    {
        "weekly_issue": _weekly_issue,
        "meeting_reminder": _meeting_reminder,
        "unfinished_reminder": _unfinished_reminder,
        "anniversary": _anniversary,
        "joining_anniversary": _joining_anniversary,
        "hours_reminder": _hours_reminder,
    }
)
