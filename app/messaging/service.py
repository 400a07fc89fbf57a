"""Due times and campaigns: rows that the scheduler then works on."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.directory.models import Organisation
from app.messaging.models import Campaign, Schedule
from app.messaging.render import render

# A weekly issue is worth sending within its own week, whatever held the scheduler up.
ISSUE_LATE = timedelta(days=6)


@dataclass(frozen=True)
class Audience:
    """Who is meant: the members under `path`, narrowed to floating ones, to those unfinished in `unfinished_week`, to
    those whom the audience of the issue `issue_id` means, to those who joined the Party on the day that it is with them
    at `joined_at`, or to those who have not the hours of the year `hours_year`.

    `unfinished_week` is an ISO week such as `2026-W47`, `joined_at` a moment; exempt members are never reminded.
    """

    path: str
    floating_only: bool = False
    unfinished_week: str | None = None
    issue_id: int | None = None
    joined_at: str | None = None
    hours_year: int | None = None


def event_of(organisation: Organisation, at: datetime) -> dict[str, object]:
    """What the wording of every reminder and greeting needs: who speaks, and when, by which clock."""
    return {"organisation": organisation.name, "at": at.isoformat(), "timezone": organisation.timezone}


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
    """Adds a campaign; the planner picks it up, and what is not sent by `expires_at` is not sent at all.

    Raises ValueError for an event that cannot be worded: its maker hears of it, and not a sender for days.
    """
    render(kind, event, subject_id)
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
    title: str,
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
        title=title,
        once_at=at,
        timezone=timezone,
        late_policy="send",
        late_seconds=int(late.total_seconds()),
        enabled=True,
        next_due_at=at,
        created_at=now,
    )
    session.add(schedule)
    return schedule


async def rename_schedules(session: AsyncSession, kind: str, subject_id: int, title: str) -> None:
    """Names the due times of an issue or a meeting by its new title."""
    await session.execute(
        update(Schedule).where(Schedule.kind == kind, Schedule.subject_id == subject_id).values(title=title)
    )


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
