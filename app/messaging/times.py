"""When a cron rule is due in its zone, how late it may be, and when it is night."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.directory.models import Organisation
from app.errors import Invalid
from app.messaging.models import Schedule
from app.organisations.settings.keys import DAILY_NOTICES, QUIET_FROM, QUIET_UNTIL
from app.organisations.settings.resolved import load_settings

CRON_FIELDS = 5
# Who looks once a second, or has just been started anew, is not late yet.
PROMPT = timedelta(minutes=2)
# No day is longer in coming than the 29th of February around 2100: eight years.
FURTHEST = timedelta(days=9 * 366)


class BadCron(Invalid):
    """The rule is not one that we understand the way its writer does."""

    code = "bad_cron"
    detail = "定时规则不正确。请写五段：分 时 日 月 星期，星期用英文缩写，例如「0 8 * * mon」表示每周一 8:00。"


def check_cron(cron: str) -> None:
    """Raises `BadCron`; weekdays must be names, because APScheduler's 1 is Tuesday where cron's is Monday.

    Day and weekday together are refused too: cron means either of them, APScheduler both.
    """
    fields = cron.split()
    if len(fields) != CRON_FIELDS or any(character.isdigit() for character in fields[4]):
        raise BadCron
    # At most once a day: a star in the place of the minute would remind people sixty times an hour.
    if not (fields[0].isdigit() and fields[1].isdigit()):
        raise BadCron("每天最多提醒一次：分和时请各写一个数字，例如「0 8 * * mon」表示每周一 8:00。")
    if fields[2] != "*" and fields[4] != "*":
        raise BadCron("定时规则不能同时限定日和星期，请只写其中一个，另一个写「*」，例如「0 8 * * mon」。")
    try:
        CronTrigger.from_crontab(cron, timezone="UTC")
    except ValueError:
        raise BadCron from None


def next_due(cron: str, timezone: str, after: datetime) -> datetime | None:
    """The first due time of a cron rule later than `after`, in UTC; None where there is none any more."""
    trigger = CronTrigger.from_crontab(cron, timezone=ZoneInfo(timezone))
    trigger.end_date = after + FURTHEST
    while True:
        # The trigger gives what is not earlier than this, and rounds it up to a whole second.
        found: datetime | None = trigger.get_next_fire_time(None, after + timedelta(microseconds=1))
        if found is None:
            return None
        after = found.astimezone(UTC)
        if not found.fold:  # the hour that the end of summer time repeats counts once
            return after


def latest(schedule: Schedule, due: datetime) -> datetime:
    """Until when what was due at `due` is still sent."""
    late = timedelta(seconds=schedule.late_seconds) if schedule.late_policy == "send" else PROMPT
    return due + max(late, PROMPT)


@dataclass(frozen=True)
class Night:
    """When notices do not ring: from `begins` over midnight until `ends`, in the zone; `notices` may on the day."""

    timezone: str
    begins: time
    ends: time
    notices: int = int(DAILY_NOTICES.default)


async def get_nights(session: AsyncSession, zones: Mapping[str, str]) -> dict[str, Night]:
    """The quiet hours and the daily limit of the members at each path, given the time zone there."""
    settings = await load_settings(session, zones.keys(), [QUIET_FROM, QUIET_UNTIL, DAILY_NOTICES])
    return {
        path: Night(
            zone, settings.get(path, QUIET_FROM), settings.get(path, QUIET_UNTIL), settings.get(path, DAILY_NOTICES)
        )
        for path, zone in zones.items()
    }


def own_night(night: Night, quiet_from: str | None, quiet_until: str | None) -> Night:
    """The night of members who have set its beginning or its end (HH:MM) for themselves."""
    return replace(
        night,
        begins=time.fromisoformat(quiet_from) if quiet_from else night.begins,
        ends=time.fromisoformat(quiet_until) if quiet_until else night.ends,
    )


def quiet_until(night: Night, now: datetime) -> datetime | None:
    """The end of the quiet hours if `now` is in them, else None."""
    zone = ZoneInfo(night.timezone)
    local = now.astimezone(zone)
    if night.ends <= local.time() < night.begins:
        return None
    day = local.date() if local.time() < night.ends else local.date() + timedelta(days=1)
    return datetime.combine(day, night.ends, zone)


async def follow_zones(session: AsyncSession, now: datetime) -> int:
    """Has standing reminders keep to the clock of their organisations, whose zones have changed; gives how many.

    The time of day stays, so that none comes twice; what is due already fires first. A schedule's own zone is kept.
    """
    found = await session.execute(
        select(Schedule, Organisation.timezone)
        .join(Organisation, Organisation.id == Schedule.organisation_id)
        .where(
            Schedule.cron.is_not(None),
            Schedule.own_zone.is_(False),
            Schedule.timezone != Organisation.timezone,
            Schedule.next_due_at > now,
        )
        .order_by(Schedule.id)
        .with_for_update(of=Schedule, skip_locked=True)
    )
    moved = found.all()
    for schedule, timezone in moved:
        schedule.next_due_at = _in_zone(schedule, timezone, now)
        schedule.timezone = timezone
    return len(moved)


def _in_zone(schedule: Schedule, timezone: str, now: datetime) -> datetime | None:
    """When a standing reminder that is to come comes by another clock."""
    if schedule.cron is None or schedule.next_due_at is None:
        return None
    local = schedule.next_due_at.astimezone(ZoneInfo(schedule.timezone))
    due = local.replace(tzinfo=ZoneInfo(timezone)).astimezone(UTC)
    return due if due > now else next_due(schedule.cron, timezone, now)
