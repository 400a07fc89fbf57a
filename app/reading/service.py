"""Progress of a member in a lesson: the hot path, in three statements."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principals import CurrentMember
from app.errors import NotFound
from app.library.audience import holds_for
from app.library.models import Lesson, LessonVersion
from app.reading import credit
from app.reading.credit import Beat, Progress
from app.reading.models import ReadingProgress
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
from app.reading.schemas import ProgressOut


async def record_progress(
    session: AsyncSession, member: CurrentMember, lesson_id: int, beat: Beat, now: datetime
) -> ProgressOut:
    """Takes a heartbeat of a lesson that is meant for the member; raises `NotFound`.

    Heartbeats of one member come one after the other, whatever devices and lessons they are from.
    """
    clock = await hold_clock(session, member.member_id, now)
    read, before = await _progress(session, member, lesson_id)
    if read.begun_edition is not None and read.begun_edition < read.edition:
        await keep_completion(session, member.member_id, lesson_id)
        before = None
    after, left = credit.credit(before, clock, now, beat, read.needs)
    if after is not before:
        await write_reading(session, member.member_id, lesson_id, after, clock, left, read)
    await earn(session, member.member_id, lesson_id, before, after, read, now)
    return shown(after, read.needs)


async def get_progress(session: AsyncSession, member: CurrentMember, lesson_id: int) -> ProgressOut:
    """How far the member is with a lesson as it is now, on whatever device; raises `NotFound`."""
    read, progress = await _progress(session, member, lesson_id)
    return shown(progress if read.begun_edition == read.edition else None, read.needs)


async def _progress(session: AsyncSession, member: CurrentMember, lesson_id: int) -> tuple[Read, Progress | None]:
    """The published version of the lesson, and the member's progress; raises `NotFound`."""
    found = await session.execute(
        select(*VERSION, *PROGRESS)
        .join(Lesson, Lesson.current_version_id == LessonVersion.id)
        .outerjoin(ReadingProgress, mine(member.member_id, Lesson.id))
        .where(Lesson.id == lesson_id, holds_for(member, Lesson.id))
    )
    row = found.first()
    if row is None:
        raise NotFound
    return read_of(row)
