"""Schedules as an administrator sees and sets them; those of issues and meetings are changed there."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import CurrentStaff, within
from app.directory.models import Organisation
from app.errors import Conflict, Invalid, NotFound
from app.messaging.models import Schedule
from app.messaging.schedule_schemas import ScheduleIn, SchedulePatch
from app.messaging.times import BadCron, check_cron, next_due
from app.organisations.service import find_organisation

DERIVED = ("weekly_issue", "meeting_reminder")
AHEAD = timedelta(days=366)


class ScheduleIsDerived(Conflict):
    """The time belongs to an issue or a meeting and is changed there."""

    code = "schedule_is_derived"
    detail = "这个定时由每周学习或会议自动产生，请到对应的学习或会议中修改时间；这里只能启用或停用。"


class CronOrOnce(Invalid):
    """A rhythm and a single time, or neither."""

    code = "cron_or_once"
    detail = "请在定期（cron）和只一次（once_at）中写一个，并且只写一个。"


class BadOnce(Invalid):
    """A single time that cannot be."""

    code = "bad_once_at"
    detail = "时间不合适：只一次的定时应在今后一年之内。"


def _set_due(schedule: Schedule, now: datetime) -> None:
    """When it is due from now on; raises `BadCron` or `BadOnce`."""
    if schedule.cron is not None:
        check_cron(schedule.cron)
        schedule.next_due_at = next_due(schedule.cron, schedule.timezone, now)
        if schedule.next_due_at is None:
            raise BadCron("没有这样的日子（例如 2 月 31 日），请修改日或月。")
    elif schedule.once_at is not None:
        if not now < schedule.once_at <= now + AHEAD:
            raise BadOnce
        schedule.next_due_at = schedule.once_at = schedule.once_at.astimezone(UTC)


async def create_schedule(session: AsyncSession, staff: CurrentStaff, body: ScheduleIn, now: datetime) -> Schedule:
    """Sets up a schedule of an organisation; raises `CronOrOnce`, `BadCron`, `BadOnce` or `NotFound`."""
    if (body.cron is None) == (body.once_at is None):
        raise CronOrOnce
    organisation = await find_organisation(session, body.organisation_id, staff.paths("administrator"))
    given = body.model_dump()
    own = given.pop("timezone")
    schedule = Schedule(**given, timezone=own or organisation.timezone, own_zone=own is not None, created_at=now)
    _set_due(schedule, now)
    session.add(schedule)
    await session.flush()
    audit.record(
        session, staff.actor, "schedule.created", "schedule", schedule.id,
        now=now, organisation_id=organisation.id, kind=body.kind, **_kept(body, "cron", "once_at"),
    )  # fmt: skip
    return schedule


def _is_past(schedule: Schedule, now: datetime) -> bool:
    return schedule.next_due_at is not None and schedule.next_due_at <= now


def _kept(body: ScheduleIn | SchedulePatch, *names: str) -> dict[str, object]:
    return body.model_dump(mode="json", include=set(names), exclude_none=True)


async def change_schedule(
    session: AsyncSession, staff: CurrentStaff, schedule_id: int, body: SchedulePatch, now: datetime
) -> Schedule:
    """Changes a schedule; one that an issue or a meeting made can only be switched on and off.

    What was due while it was off is over; only an issue is published all the same. Raises `ScheduleIsDerived` and what
    `create_schedule` does.
    """
    schedule, organisation = await find_schedule(session, staff, schedule_id, lock=True)
    if body.cron is not None and body.once_at is not None:
        raise CronOrOnce
    given = body.model_dump(exclude_unset=True)
    if schedule.kind in DERIVED and given.keys() - {"enabled"}:
        raise ScheduleIsDerived
    own = schedule.timezone if schedule.own_zone else None
    zone = given.pop("timezone", own)
    moved = zone != own
    if moved:
        schedule.timezone, schedule.own_zone = zone or organisation.timezone, zone is not None
    changes = {name: new for name, new in given.items() if new is not None and new != getattr(schedule, name)}
    if changes.keys() & {"cron", "once_at"}:
        changes = {"cron": None, "once_at": None, **changes}
    switched_on = changes.get("enabled") is True
    for name, value in changes.items():
        setattr(schedule, name, value)
    # A single time that is over stays over; a rhythm goes on from now.
    if "cron" in changes or (schedule.cron is not None and (moved or switched_on)):
        _set_due(schedule, now)
    elif switched_on and schedule.kind != "weekly_issue" and _is_past(schedule, now):
        schedule.next_due_at = None
    audit.record(
        session, staff.actor, "schedule.changed", "schedule", schedule.id,
        now=now, organisation_id=schedule.organisation_id, **_kept(body, *body.model_fields_set),
    )  # fmt: skip
    return schedule


async def archive_schedule(session: AsyncSession, staff: CurrentStaff, schedule_id: int, now: datetime) -> None:
    """Puts a schedule away for good: what it told stays on record. Raises `ScheduleIsDerived` or `NotFound`."""
    schedule, _ = await find_schedule(session, staff, schedule_id, lock=True)
    if schedule.kind in DERIVED:
        raise ScheduleIsDerived
    schedule.archived_at, schedule.enabled, schedule.next_due_at = now, False, None
    audit.record(
        session, staff.actor, "schedule.archived", "schedule", schedule.id,
        now=now, organisation_id=schedule.organisation_id, kind=schedule.kind,
    )  # fmt: skip


async def find_schedule(
    session: AsyncSession, staff: CurrentStaff, schedule_id: int, *, lock: bool = False
) -> tuple[Schedule, Organisation]:
    """A schedule in the administrator's reach, and its organisation; raises `NotFound`."""
    statement = (
        select(Schedule, Organisation)
        .join(Organisation, Organisation.id == Schedule.organisation_id)
        .where(
            Schedule.id == schedule_id,
            Schedule.archived_at.is_(None),
            within(Organisation.path, staff.paths("administrator")),
        )
    )
    if lock:
        statement = statement.with_for_update(of=Schedule)
    row = (await session.execute(statement)).first()
    if row is None:
        raise NotFound
    return row[0], row[1]


async def list_schedules(
    session: AsyncSession, staff: CurrentStaff, standing: bool | None, *, before: int | None, limit: int
) -> list[Schedule]:
    """Schedules in the administrator's reach, newest first, one more than `limit` where there is a next page.

    `standing`: only those that were set up, or only those of issues and meetings, which become ever more.
    """
    statement = (
        select(Schedule)
        .join(Organisation, Organisation.id == Schedule.organisation_id)
        .where(
            within(Organisation.path, staff.paths("administrator")),
            Schedule.archived_at.is_(None),
        )
        .order_by(Schedule.id.desc())
        .limit(limit + 1)
    )
    if standing is not None:
        statement = statement.where(Schedule.kind.not_in(DERIVED) if standing else Schedule.kind.in_(DERIVED))
    if before is not None:
        statement = statement.where(Schedule.id < before)
    return list(await session.scalars(statement))
