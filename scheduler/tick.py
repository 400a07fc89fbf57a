"""What is due: each due time of each schedule fires exactly once, however many schedulers look."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.engine import Sessions, is_away, transaction
from app.directory.models import Organisation
from app.library.models import Issue, IssueLesson, Lesson
from app.library.plans import plan_ahead
from app.library.service import publish_issue
from app.meetings.service import due_reminder, meeting_event
from app.messaging.models import Schedule, Tick
from app.messaging.service import ISSUE_LATE, Audience, announce
from app.messaging.times import follow_zones, next_due
from app.schemas import week_of

log = structlog.get_logger()

REMINDER_LIFE = timedelta(hours=12)


async def run_due(sessions: Sessions, now: datetime) -> int:
    """Fires everything that is due at `now`, one transaction each; gives how many due times were handled.

    A schedule that fails is logged and left for the next look; the others are not held up by it.
    """
    await _follow_zones(sessions, now)
    await _make_drafts(sessions, now)
    handled = 0
    failed: set[int] = set()
    while True:
        schedule_id: int | None = None
        try:
            async with transaction(sessions) as session:
                schedule = await session.scalar(
                    select(Schedule)
                    .where(Schedule.enabled, Schedule.next_due_at <= now, Schedule.id.not_in(failed))
                    .order_by(Schedule.next_due_at, Schedule.id)
                    .limit(1)
                    .with_for_update(skip_locked=True)
                )
                if schedule is None:
                    return handled
                schedule_id = schedule.id
                await _fire(session, schedule, now)
            handled += 1
        except Exception as error:
            if schedule_id is None or is_away(error):
                raise
            failed.add(schedule_id)
            log.error("schedule_failed", schedule=schedule_id, exc_info=error)


async def _follow_zones(sessions: Sessions, now: datetime) -> None:
    """First of all, standing reminders follow the clocks of their organisations; what is due does not wait for it."""
    try:
        async with transaction(sessions) as session:
            moved = await follow_zones(session, now)
    except Exception as error:
        if is_away(error):
            raise
        log.error("zones_failed", exc_info=error)
        return
    if moved:
        log.info("zones_followed", schedules=moved)


async def _make_drafts(sessions: Sessions, now: datetime) -> None:
    """Plans get the drafts that they are behind with, one transaction each; what is due does not wait for it."""
    try:
        while True:
            async with transaction(sessions) as session:
                made = await plan_ahead(session, now)
            if made is None:
                return
            log.info("drafts_made", issues=made)
    except Exception as error:
        if is_away(error):
            raise
        log.error("plan_failed", exc_info=error)


async def _fire(session: AsyncSession, schedule: Schedule, now: datetime) -> None:
    due = schedule.next_due_at
    assert due is not None  # noqa: S101 - it was selected by it
    late = (now - due).total_seconds()
    expired = schedule.late_policy == "expire" and late > schedule.late_seconds
    tick_id = await session.scalar(
        insert(Tick)
        .values(schedule_id=schedule.id, due_at=due, fired_at=now, outcome="expired" if expired else "fired")
        .on_conflict_do_nothing(index_elements=["schedule_id", "due_at"])
        .returning(Tick.id)
    )
    schedule.next_due_at = next_due(schedule.cron, schedule.timezone, due) if schedule.cron else None
    if tick_id is None:
        return
    acted = await _act(session, schedule, tick_id, due, now, tell=not expired)
    if not acted and not expired:
        tick = await session.get_one(Tick, tick_id)
        tick.outcome = "nothing_to_do"
    log.info("tick", schedule=schedule.id, kind=schedule.kind, due_at=due.isoformat(), late_seconds=round(late))


async def _act(
    session: AsyncSession, schedule: Schedule, tick_id: int, due: datetime, now: datetime, *, tell: bool
) -> bool:
    """Does what is due; False where there was nothing to do. Too late to tell, an issue is published all the same."""
    if schedule.kind == "weekly_issue":
        return await _publish(session, schedule, tick_id, due, now, tell=tell)
    if not tell:
        return False
    if schedule.kind == "meeting_reminder":
        return await _remind_of_meeting(session, schedule, tick_id, now)
    return await _remind_unfinished(session, schedule, tick_id, due, now)


async def _publish(
    session: AsyncSession, schedule: Schedule, tick_id: int, due: datetime, now: datetime, *, tell: bool
) -> bool:
    issue = await publish_issue(session, schedule.subject_id or 0, now)
    if issue is None:
        return False
    if tell:
        organisation = await session.get_one(Organisation, issue.organisation_id)
        announce(
            session,
            "weekly_issue",
            organisation_id=organisation.id,
            subject_id=issue.id,
            event=await _issue_event(session, issue, organisation, now),
            audience=Audience(path=organisation.path, issue_id=issue.id),
            expires_at=due + ISSUE_LATE,
            now=now,
            tick_id=tick_id,
        )
    return True


async def _issue_event(
    session: AsyncSession, issue: Issue, organisation: Organisation, now: datetime
) -> dict[str, object]:
    titles = await session.scalars(
        select(Lesson.title)
        .join(IssueLesson, IssueLesson.lesson_id == Lesson.id)
        .where(IssueLesson.issue_id == issue.id)
        .order_by(IssueLesson.position)
    )
    return {
        "title": issue.title,
        "week": week_of(issue.week),
        "organisation": organisation.name,
        "lessons": list(titles),
        "published_at": now.isoformat(),
        "timezone": organisation.timezone,
    }


async def _remind_of_meeting(session: AsyncSession, schedule: Schedule, tick_id: int, now: datetime) -> bool:
    meeting = await due_reminder(session, schedule.subject_id or 0, now)
    if meeting is None:
        return False
    organisation = await session.get_one(Organisation, meeting.organisation_id)
    announce(
        session,
        "meeting_reminder",
        organisation_id=organisation.id,
        subject_id=meeting.id,
        event=meeting_event(meeting, organisation),
        audience=Audience(path=organisation.path, floating_only=True),
        expires_at=meeting.starts_at,
        now=now,
        tick_id=tick_id,
    )
    return True


async def _remind_unfinished(
    session: AsyncSession, schedule: Schedule, tick_id: int, due: datetime, now: datetime
) -> bool:
    organisation = await session.get_one(Organisation, schedule.organisation_id)
    week = week_of(due.astimezone(ZoneInfo(organisation.timezone)).date())
    announce(
        session,
        "unfinished_reminder",
        organisation_id=organisation.id,
        subject_id=organisation.id,
        event={
            "week": week,
            "organisation": organisation.name,
            "at": now.isoformat(),
            "timezone": organisation.timezone,
        },
        audience=Audience(path=organisation.path, unfinished_week=week),
        expires_at=now + REMINDER_LIFE,
        now=now,
        tick_id=tick_id,
    )
    return True
