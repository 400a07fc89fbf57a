"""What is due: each due time of each schedule fires exactly once, however many schedulers look."""

from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.engine import Sessions, is_away, transaction
from app.library.plans import lock_behind, make_drafts
from app.library.service import publish_issue
from app.messaging.models import Schedule, Tick
from app.messaging.service import announce
from app.messaging.times import follow_zones, latest, next_due
from scheduler.occasions import find_occasion

log = structlog.get_logger()

FIRED, EXPIRED, NOTHING = "fired", "expired", "nothing_to_do"


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
    failed: set[int] = set()
    while True:
        plan_id: int | None = None
        try:
            async with transaction(sessions) as session:
                plan = await lock_behind(session, now, failed)
                if plan is None:
                    return
                plan_id = plan.id
                made = await make_drafts(session, plan, now)
            log.info("drafts_made", plan=plan_id, issues=made)
        except Exception as error:
            if is_away(error):
                raise
            log.error("plan_failed", plan=plan_id, exc_info=error)
            if plan_id is None:
                return
            failed.add(plan_id)


async def _fire(session: AsyncSession, schedule: Schedule, now: datetime) -> None:
    due = schedule.next_due_at
    assert due is not None  # noqa: S101 - it was selected by it
    following = next_due(schedule.cron, schedule.timezone, due) if schedule.cron else None
    schedule.next_due_at = following
    outcome = _outcome(schedule, due, following, now)
    tick_id = await session.scalar(
        insert(Tick)
        .values(schedule_id=schedule.id, due_at=due, fired_at=now, outcome=outcome)
        .on_conflict_do_nothing(index_elements=["schedule_id", "due_at"])
        .returning(Tick.id)
    )
    if tick_id is None:
        return
    came = await _act(session, schedule, tick_id, due, now, outcome)
    if came != outcome:
        (await session.get_one(Tick, tick_id)).outcome = came
    log.info(
        "tick",
        schedule=schedule.id,
        kind=schedule.kind,
        due_at=due.isoformat(),
        late_seconds=round((now - due).total_seconds()),
        outcome=came,
    )


def _outcome(schedule: Schedule, due: datetime, following: datetime | None, now: datetime) -> str:
    """What the late policy says: of several that were missed, only the last one is told."""
    if now > latest(schedule, due):
        return EXPIRED
    return "coalesced" if following is not None and following <= now else FIRED


async def _act(
    session: AsyncSession, schedule: Schedule, tick_id: int, due: datetime, now: datetime, outcome: str
) -> str:
    """Does what is due, and gives what came of it. Too late to tell, an issue is published all the same."""
    if schedule.kind == "weekly_issue" and await publish_issue(session, schedule.subject_id or 0, now) is None:
        return EXPIRED if outcome == EXPIRED else NOTHING
    if outcome != FIRED:
        return outcome
    occasion = await find_occasion(session, schedule, due, now)
    if occasion is None:
        return NOTHING
    if occasion.expires_at < now:
        return EXPIRED
    announce(session, **vars(occasion), now=now, tick_id=tick_id)
    return FIRED
