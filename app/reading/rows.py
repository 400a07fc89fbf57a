"""The rows of a member's reading: what is left of their time, and how far they are with a lesson."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from app.library.models import LessonVersion
from app.reading.clock import Clock, micros, moment, new_clock
from app.reading.credit import Needs, Progress, remaining_seconds
from app.reading.models import EarlierCompletion, ReadingClock, ReadingProgress
from app.reading.schemas import ProgressOut
from app.records.service import Done, append

VERSION: tuple[InstrumentedAttribute[Any], ...] = (
    LessonVersion.required_seconds,
    LessonVersion.media_seconds,
    LessonVersion.edition,
    LessonVersion.number,
)
PROGRESS: tuple[InstrumentedAttribute[Any], ...] = (
    ReadingProgress.edition,
    ReadingProgress.version,
    ReadingProgress.position,
    ReadingProgress.credited_ms,
    ReadingProgress.recent,
    ReadingProgress.started_at,
    ReadingProgress.heartbeat_at,
    ReadingProgress.completed_at,
    ReadingProgress.watched,
)


@dataclass(frozen=True)
class Read:
    """The version that is read, and the edition and version that the member has begun, if any."""

    needs: Needs
    edition: int
    version: int
    begun_edition: int | None
    begun_version: int | None


def read_of(row: Sequence[Any]) -> tuple[Read, Progress | None]:
    """What a row of `VERSION` and `PROGRESS`, in this order, says."""
    required, media, edition, number = row[:4]
    begun, opened, position, credited_ms, recent, started_at, heartbeat_at, completed_at, watched = row[4:]
    read = Read(Needs(required, media), edition, number, begun, opened)
    if recent is None:
        return read, None
    return read, Progress(position, credited_ms, tuple(recent), started_at, heartbeat_at, completed_at, watched)


async def hold_clock(session: AsyncSession, member_id: int, now: datetime) -> Clock:
    """What is left of the member's time; the row is held until the end of the transaction."""
    held = (
        select(ReadingClock.credited_until, ReadingClock.free)
        .where(ReadingClock.member_id == member_id)
        .with_for_update()
    )
    found = (await session.execute(held)).first()
    if found is None:
        # The member's first heartbeat ever, or two of them at once.
        clock = new_clock(micros(now))
        row = insert(ReadingClock).values(member_id=member_id, credited_until=now, free=_flat(clock))
        await session.execute(row.on_conflict_do_nothing())
        found = (await session.execute(held)).one()
    free = found.free
    return Clock(micros(found.credited_until), tuple(zip(free[::2], free[1::2], strict=True)))


def _flat(clock: Clock) -> list[int]:
    return [edge for stretch in clock.free for edge in stretch]


async def keep_completion(session: AsyncSession, member_id: int, lesson_id: int) -> None:
    """Has an edition that was completed stay so when the member begins with the next one (decision 14)."""
    completed = select(
        ReadingProgress.member_id, ReadingProgress.lesson_id, ReadingProgress.edition, ReadingProgress.completed_at
    ).where(
        ReadingProgress.member_id == member_id,
        ReadingProgress.lesson_id == lesson_id,
        ReadingProgress.completed_at.is_not(None),
    )
    await session.execute(
        insert(EarlierCompletion).from_select(["member_id", "lesson_id", "edition", "completed_at"], completed)
    )


async def write_reading(
    session: AsyncSession, member_id: int, lesson_id: int, progress: Progress, before: Clock, after: Clock, read: Read
) -> None:
    """Writes the member's clock, where it changed, and their progress in one statement."""
    # A version that was opened before is no news again, whatever an older ticket was for.
    version = max(read.version, read.begun_version or 0)
    values = {**asdict(progress), "edition": read.edition, "version": version}
    row = insert(ReadingProgress).values(member_id=member_id, lesson_id=lesson_id, **values)
    if after != before:
        changed: dict[str, object] = {"credited_until": moment(after.until)}
        if after.free != before.free:
            changed["free"] = _flat(after)
        clock = update(ReadingClock).where(ReadingClock.member_id == member_id).values(changed)
        row = row.add_cte(clock.returning(ReadingClock.member_id).cte("clock"))
    await session.execute(row.on_conflict_do_update(index_elements=["member_id", "lesson_id"], set_=values))


async def earn(
    session: AsyncSession,
    member_id: int,
    lesson_id: int,
    before: Progress | None,
    after: Progress,
    read: Read,
    now: datetime,
) -> None:
    """Adds the lesson to the member's study hours where it has just been completed."""
    if after.completed_at is not None and (before is None or before.completed_at is None):
        done = Done(member_id, "lesson", lesson_id, read.needs.required_seconds, read.edition)
        await append(session, [done], now)


def mine(member_id: int, lesson_id: InstrumentedAttribute[int]) -> Any:
    """The condition of a join with the member's progress in a lesson."""
    return and_(ReadingProgress.lesson_id == lesson_id, ReadingProgress.member_id == member_id)


def shown(progress: Progress | None, needs: Needs) -> ProgressOut:
    """What counts so far."""
    if progress is None:
        return ProgressOut(position=0, credited_seconds=0, remaining_seconds=needs.required_seconds, completed_at=None)
    return ProgressOut(
        position=progress.position,
        credited_seconds=progress.credited_ms // 1000,
        remaining_seconds=remaining_seconds(
            progress.credited_ms, needs.required_seconds, progress.completed_at is not None
        ),
        completed_at=progress.completed_at,
    )
