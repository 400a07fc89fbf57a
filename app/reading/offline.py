"""What a phone read without network, handed in later under the ticket of its lesson (decision 17)."""

from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import Conflict
from app.library.models import LessonVersion
from app.reading.clock import Clock, micros
from app.reading.credit import Beat, Progress, claimed, credit_offline, digest
from app.reading.models import OfflineEvent, ReadingProgress
from app.reading.rows import (
    PROGRESS,
    VERSION,
    Read,
    earn,
    hold_clock,
    keep_completion,
    mine,
    read_of,
    shown,
    write_reading,
)
from app.reading.schemas import EventResult, EventState, HandedIn
from app.reading.tickets import LIFE, Ticket, TicketInvalid

# Of one member, whose tickets have not expired: several times what thirty days of reading leave behind.
MOST_EVENTS = 5000


class TooManyEvents(Conflict):
    """More events than anybody reads."""

    code = "too_many_events"
    detail = "最近 30 天提交的离线阅读记录太多，这一批没有收下。请联网阅读，联网时学习照常计入。"


@dataclass(frozen=True)
class Event:
    """A heartbeat that was not sent when it happened; `read_at` is the phone's clock."""

    heartbeat_id: str
    beat: Beat
    read_at: datetime


@dataclass
class _Desk:
    """What changes while the events of a batch are taken one after the other."""

    progress: Progress | None
    clock: Clock
    read: list[int]
    seen: set[int]


async def hand_in(
    session: AsyncSession, member_id: int, ticket: Ticket, events: Sequence[Event], now: datetime
) -> HandedIn:
    """Takes events under a ticket that was checked; raises `TooManyEvents`.

    The ticket says that the lesson was given to the member: it counts although it may have been withdrawn since. Who
    has begun a later edition has their events kept, and credited nothing (decision 14).
    """
    clock = await hold_clock(session, member_id, now)
    read, before = await _progress(session, member_id, ticket)
    behind = read.begun_edition is not None and read.begun_edition > read.edition
    ahead = read.begun_edition is not None and read.begun_edition < read.edition
    desk = await _desk(session, member_id, ticket, events, None if ahead or behind else before, clock)
    states: dict[int, EventState] = {}
    rows = []
    for place in sorted(range(len(events)), key=lambda each: micros(events[each].read_at)):
        states[place], credited_ms = _take(desk, ticket, events[place], now, read, behind=behind)
        if credited_ms is not None:
            rows.append(_row(member_id, ticket, events[place], credited_ms, now))
    if rows:
        await _keep(session, member_id, rows, now)
    if desk.progress is not None and desk.progress != before:
        if ahead:
            await keep_completion(session, member_id, ticket.lesson_id)
        await write_reading(session, member_id, ticket.lesson_id, desk.progress, clock, desk.clock, read)
        await earn(session, member_id, ticket.lesson_id, None if ahead else before, desk.progress, read, now)
    results = [EventResult(heartbeat_id=event.heartbeat_id, state=states[place]) for place, event in enumerate(events)]
    return HandedIn(lesson_id=ticket.lesson_id, results=results, progress=shown(desk.progress, read.needs))


def _take(
    desk: _Desk, ticket: Ticket, event: Event, now: datetime, read: Read, *, behind: bool
) -> tuple[EventState, int | None]:
    """Takes one event: what became of it, and the milliseconds that it was credited, None where it is kept already."""
    if (kept := _digest(ticket, event)) in desk.seen:
        return "duplicate", None
    desk.seen.add(kept)
    if behind:
        return "earlier_edition", 0
    at, had = micros(event.read_at), desk.progress.credited_ms if desk.progress else 0
    # The phone sent it when it happened, and only the answer was lost.
    sent = desk.progress is not None and event.beat.heartbeat in desk.progress.recent
    desk.progress, desk.clock = credit_offline(
        desk.progress, desk.clock, ticket.fetched_at, now, event.beat, read.needs, claimed(desk.read, at)
    )
    insort(desk.read, at)
    return ("duplicate" if sent else "accepted"), desk.progress.credited_ms - had


async def _progress(session: AsyncSession, member_id: int, ticket: Ticket) -> tuple[Read, Progress | None]:
    """The version of the ticket, and the member's progress in its lesson."""
    found = await session.execute(
        select(*VERSION, *PROGRESS)
        .outerjoin(ReadingProgress, mine(member_id, LessonVersion.lesson_id))
        .where(LessonVersion.lesson_id == ticket.lesson_id, LessonVersion.number == ticket.version)
    )
    row = found.first()
    if row is None:
        raise TicketInvalid  # of a database that was restored from before it
    return read_of(row)


async def _desk(
    session: AsyncSession,
    member_id: int,
    ticket: Ticket,
    events: Sequence[Event],
    progress: Progress | None,
    clock: Clock,
) -> _Desk:
    """What was handed in before: under this ticket, and under these ids."""
    known = await session.execute(
        select(OfflineEvent.heartbeat, OfflineEvent.read_us, OfflineEvent.lesson_id, OfflineEvent.fetched_at).where(
            OfflineEvent.member_id == member_id,
            or_(
                OfflineEvent.heartbeat.in_([_digest(ticket, event) for event in events]),
                and_(OfflineEvent.lesson_id == ticket.lesson_id, OfflineEvent.fetched_at == ticket.fetched_at),
            ),
        )
    )
    rows = known.all()
    same = [row.read_us for row in rows if (row.lesson_id, row.fetched_at) == (ticket.lesson_id, ticket.fetched_at)]
    return _Desk(progress, clock, sorted(same), {row.heartbeat for row in rows})


def _digest(ticket: Ticket, event: Event) -> int:
    """What is kept of an event's id, which is its own within a lesson, as that of a heartbeat is."""
    return digest(f"{ticket.lesson_id} {event.heartbeat_id}")


def _row(member_id: int, ticket: Ticket, event: Event, credited_ms: int, now: datetime) -> dict[str, object]:
    return {
        "member_id": member_id,
        "heartbeat": _digest(ticket, event),
        "lesson_id": ticket.lesson_id,
        "version": ticket.version,
        "fetched_at": ticket.fetched_at,
        "read_us": micros(event.read_at),
        "position": event.beat.position,
        "credited_ms": credited_ms,
        "accepted_at": now,
    }


async def _keep(session: AsyncSession, member_id: int, rows: list[dict[str, object]], now: datetime) -> None:
    """Keeps the events, and forgets those whose tickets have expired: nothing can repeat them any more."""
    # A day longer, since servers' clocks differ.
    expired = OfflineEvent.fetched_at < now - LIFE - LIFE / 30
    await session.execute(delete(OfflineEvent).where(OfflineEvent.member_id == member_id, expired))
    kept = await session.scalar(select(func.count()).where(OfflineEvent.member_id == member_id))
    if (kept or 0) + len(rows) > MOST_EVENTS:
        raise TooManyEvents
    await session.execute(insert(OfflineEvent), rows)
