"""Schedules and campaigns: rows that the scheduler then works on."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import CurrentStaff, within
from app.directory.models import Organisation
from app.errors import Conflict, NotFound
from app.messaging.models import Campaign, Schedule
from app.messaging.schemas import ScheduleIn, SchedulePatch
from app.messaging.times import BadCron, check_cron, next_due
from app.organisations.service import find_organisation

# A weekly issue is worth sending within its own week, whatever held the scheduler up.
ISSUE_LATE = timedelta(days=6)


class ScheduleIsDerived(Conflict):
    """The time belongs to an issue or a meeting and is changed there."""

    code = "schedule_is_derived"
    detail = "这个定时由每周学习或会议自动产生，请到对应的学习或会议中修改时间；这里只能启用或停用。"


@dataclass(frozen=True)
class Audience:
    """Who is meant: the members under `path`, narrowed to floating ones, to those unfinished in `unfinished_week`, or
    to those whom the audience of the issue `issue_id` means.

    `unfinished_week` is an ISO week such as `2026-W47`; exempt members are never reminded.
    """

    path: str
    floating_only: bool = False
    unfinished_week: str | None = None
    issue_id: int | None = None


def announce(
    session: AsyncSession,
    kind: str,
    *,
    organisation_id: int,
    subject_id: int,
    event: dict[str, object],
    audience: Audience,
    expires_at: datetime,
    now: datetime,
    tick_id: int | None = None,
) -> Campaign:
    """Adds a campaign; the planner picks it up, and what is not sent by `expires_at` is not sent at all."""
    campaign = Campaign(
        kind=kind,
        organisation_id=organisation_id,
        subject_id=subject_id,
        tick_id=tick_id,
        event=event,
        audience=asdict(audience),
        state="planning",
        planned_until=0,
        recipients=0,
        unreachable=0,
        expires_at=expires_at,
        created_at=now,
    )
    session.add(campaign)
    return campaign


def schedule_once(
    session: AsyncSession,
    kind: str,
    *,
    organisation_id: int,
    subject_id: int,
    at: datetime,
    timezone: str,
    late: timedelta,
    now: datetime,
) -> Schedule:
    """Adds a due time for an issue or a meeting; missed by more than `late` it expires."""
    schedule = Schedule(
        organisation_id=organisation_id,
        kind=kind,
        subject_id=subject_id,
        once_at=at,
        timezone=timezone,
        late_policy="expire",
        late_seconds=int(late.total_seconds()),
        enabled=True,
        next_due_at=at,
        created_at=now,
    )
    session.add(schedule)
    return schedule


async def cancel_schedules(session: AsyncSession, kind: str, subject_id: int) -> None:
    """Stops what is still due for an issue or a meeting; what has fired stays on record."""
    await session.execute(
        update(Schedule)
        .where(Schedule.kind == kind, Schedule.subject_id == subject_id, Schedule.next_due_at.is_not(None))
        .values(enabled=False, next_due_at=None)
    )


async def hold_schedules(session: AsyncSession, kind: str, subject_id: int) -> None:
    """Locks the due times of an issue or a meeting before it is locked itself: the order of the tick, no deadlock."""
    await session.execute(
        select(Schedule.id)
        .where(Schedule.kind == kind, Schedule.subject_id == subject_id)
        .order_by(Schedule.id)
        .with_for_update()
    )


async def end_campaigns(session: AsyncSession, kinds: Sequence[str], subject_id: int, now: datetime) -> None:
    """Lets what has not been sent yet about an issue or a meeting expire now: it is no longer true."""
    await session.execute(
        update(Campaign)
        .where(Campaign.kind.in_(kinds), Campaign.subject_id == subject_id, Campaign.expires_at > now)
        .values(expires_at=now)
    )


async def create_schedule(session: AsyncSession, staff: CurrentStaff, body: ScheduleIn, now: datetime) -> Schedule:
    """A standing reminder of an organisation; raises `BadCron` or `NotFound`."""
    check_cron(body.cron)
    organisation = await find_organisation(session, body.organisation_id, staff.paths("administrator"))
    due = next_due(body.cron, organisation.timezone, now)
    if due is None:
        raise BadCron
    schedule = Schedule(
        organisation_id=organisation.id,
        kind=body.kind,
        cron=body.cron,
        timezone=organisation.timezone,
        late_policy=body.late_policy,
        late_seconds=body.late_seconds,
        enabled=body.enabled,
        next_due_at=due,
        created_at=now,
    )
    session.add(schedule)
    await session.flush()
    audit.record(
        session,
        staff.actor,
        "schedule.created",
        "schedule",
        schedule.id,
        now=now,
        organisation_id=organisation.id,
        kind=body.kind,
        cron=body.cron,
    )
    return schedule


async def change_schedule(
    session: AsyncSession, staff: CurrentStaff, schedule_id: int, body: SchedulePatch, now: datetime
) -> Schedule:
    """Changes a schedule; one that an issue or a meeting made can only be switched on and off."""
    schedule = await session.scalar(
        select(Schedule)
        .join(Organisation, Organisation.id == Schedule.organisation_id)
        .where(Schedule.id == schedule_id, within(Organisation.path, staff.paths("administrator")))
        .with_for_update(of=Schedule)
    )
    if schedule is None:
        raise NotFound
    changes = body.model_dump(exclude_unset=True, exclude_none=True)
    if schedule.cron is None and set(changes) - {"enabled"}:
        raise ScheduleIsDerived
    if "cron" in changes:
        check_cron(changes["cron"])
    for name, value in changes.items():
        setattr(schedule, name, value)
    if schedule.cron is not None and changes:
        schedule.next_due_at = next_due(schedule.cron, schedule.timezone, now)
        if schedule.next_due_at is None:
            raise BadCron
    audit.record(
        session,
        staff.actor,
        "schedule.changed",
        "schedule",
        schedule.id,
        now=now,
        organisation_id=schedule.organisation_id,
        **changes,
    )
    return schedule


async def list_schedules(
    session: AsyncSession, staff: CurrentStaff, *, after: int | None, limit: int
) -> list[Schedule]:
    """Schedules in the administrator's reach, by id, one more than `limit` where there is a next page."""
    statement = (
        select(Schedule)
        .join(Organisation, Organisation.id == Schedule.organisation_id)
        .where(within(Organisation.path, staff.paths("administrator")), Schedule.id > (after or 0))
        .order_by(Schedule.id)
        .limit(limit + 1)
    )
    return list(await session.scalars(statement))
