"""Progress of a member in a lesson: the hot path, in three statements."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from app.access.principals import CurrentMember
from app.errors import NotFound
from app.library.audience import holds_for
from app.library.models import Lesson, LessonVersion
from app.reading import credit
from app.reading.credit import Progress
from app.reading.models import EarlierCompletion, ReadingClock, ReadingProgress
from app.reading.schemas import ProgressOut
from app.records.service import Done, append

_READ: tuple[InstrumentedAttribute[Any], ...] = (
    LessonVersion.required_seconds,
    LessonVersion.edition,
    LessonVersion.number,
    ReadingProgress.edition,
    ReadingProgress.position,
    ReadingProgress.credited_ms,
    ReadingProgress.recent,
    ReadingProgress.started_at,
    ReadingProgress.heartbeat_at,
    ReadingProgress.completed_at,
)


async def record_progress(
    session: AsyncSession, member: CurrentMember, lesson_id: int, position: float, heartbeat_id: str, now: datetime
) -> ProgressOut:
    """Takes a heartbeat of a lesson that is meant for the member; raises `NotFound`.

    Heartbeats of one member come one after the other, whatever devices and lessons they are from.
    """
    credited_until = await _hold_clock(session, member.member_id, now)
    read, before = await _progress(session, member, lesson_id)
    if read.begun_edition is not None and read.begun_edition < read.edition:
        await _keep_completion(session, member.member_id, lesson_id)
        before = None
    required, heartbeat = read.required_seconds, credit.digest(heartbeat_id)
    after, used_until = credit.credit(before, credited_until, now, position, heartbeat, required)
    if after is not before:
        await _write(session, member.member_id, lesson_id, after, used_until, read)
    if after.completed_at is not None and (before is None or before.completed_at is None):
        done = Done(member.member_id, "lesson", lesson_id, required, read.edition)
        await append(session, [done], after.completed_at)
    return ProgressOut(
        position=after.position,
        credited_seconds=after.credited_ms // 1000,
        remaining_seconds=credit.remaining_seconds(after.credited_ms, required, after.completed_at is not None),
        completed_at=after.completed_at,
    )


async def _hold_clock(session: AsyncSession, member_id: int, now: datetime) -> datetime:
    """Until when the member's time is used up; the row is held until the end of the transaction."""
    held = select(ReadingClock.credited_until).where(ReadingClock.member_id == member_id).with_for_update()
    found = await session.scalar(held)
    if found is None:
        # The member's first heartbeat ever, or two of them at once.
        row = insert(ReadingClock).values(member_id=member_id, credited_until=now)
        await session.execute(row.on_conflict_do_nothing())
        found = await session.scalar(held)
    assert found is not None  # noqa: S101 - it was there, or has just been made
    return found


@dataclass(frozen=True)
class Read:
    """The version that is read, and the edition that the member has begun, if any."""

    required_seconds: int
    edition: int
    version: int
    begun_edition: int | None


async def _progress(session: AsyncSession, member: CurrentMember, lesson_id: int) -> tuple[Read, Progress | None]:
    """The published version of the lesson, and the member's progress; raises `NotFound`."""
    mine = and_(ReadingProgress.lesson_id == Lesson.id, ReadingProgress.member_id == member.member_id)
    found = await session.execute(
        select(*_READ)
        .join(Lesson, Lesson.current_version_id == LessonVersion.id)
        .outerjoin(ReadingProgress, mine)
        .where(Lesson.id == lesson_id, holds_for(member, Lesson.id))
    )
    row = found.first()
    if row is None:
        raise NotFound
    required, edition, number, begun, position, credited_ms, recent, started_at, heartbeat_at, completed_at = row
    read = Read(required, edition, number, begun)
    if recent is None:
        return read, None
    return read, Progress(position, credited_ms, tuple(recent), started_at, heartbeat_at, completed_at)


async def _keep_completion(session: AsyncSession, member_id: int, lesson_id: int) -> None:
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


async def _write(
    session: AsyncSession, member_id: int, lesson_id: int, progress: Progress, credited_until: datetime, read: Read
) -> None:
    values = {**asdict(progress), "edition": read.edition, "version": read.version}
    clock = (
        update(ReadingClock)
        .where(ReadingClock.member_id == member_id)
        .values(credited_until=credited_until)
        .returning(ReadingClock.member_id)
        .cte("clock")
    )
    row = insert(ReadingProgress).values(member_id=member_id, lesson_id=lesson_id, **values).add_cte(clock)
    await session.execute(row.on_conflict_do_update(index_elements=["member_id", "lesson_id"], set_=values))
