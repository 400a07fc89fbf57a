"""Progress of a member in a lesson: the hot path, in three statements."""

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Exists, and_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principals import CurrentMember, ancestors
from app.errors import NotFound
from app.library.models import Issue, IssueLesson, Lesson, LessonVersion
from app.reading import credit
from app.reading.credit import Progress
from app.reading.models import ReadingClock, ReadingProgress
from app.reading.schemas import ProgressOut

_PROGRESS = (
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
    required, before = await _progress(session, member, lesson_id)
    heartbeat = credit.digest(heartbeat_id)
    after, used_until = credit.credit(before, credited_until, now, position, heartbeat, required)
    if after is not before:
        await _write(session, member.member_id, lesson_id, after, used_until)
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


async def _progress(session: AsyncSession, member: CurrentMember, lesson_id: int) -> tuple[int, Progress | None]:
    """The required seconds of the published lesson, and the member's progress; raises `NotFound`."""
    mine = and_(ReadingProgress.lesson_id == Lesson.id, ReadingProgress.member_id == member.member_id)
    found = await session.execute(
        select(LessonVersion.required_seconds, *_PROGRESS)
        .join(Lesson, Lesson.current_version_id == LessonVersion.id)
        .outerjoin(ReadingProgress, mine)
        .where(Lesson.id == lesson_id, is_meant_for(member))
    )
    row = found.first()
    if row is None:
        raise NotFound
    required, position, credited_ms, recent, started_at, heartbeat_at, completed_at = row
    if recent is None:
        return required, None
    return required, Progress(position, credited_ms, tuple(recent), started_at, heartbeat_at, completed_at)


def is_meant_for(member: CurrentMember) -> Exists:
    """The SQL of "the lesson is in a published issue of the member's organisation or of one above it"."""
    return (
        select(IssueLesson.lesson_id)
        .join(Issue, Issue.id == IssueLesson.issue_id)
        .where(
            IssueLesson.lesson_id == Lesson.id,
            Issue.state == "published",
            Issue.organisation_id.in_(ancestors(member.path)),
        )
        .exists()
    )


async def _write(
    session: AsyncSession, member_id: int, lesson_id: int, progress: Progress, credited_until: datetime
) -> None:
    values = asdict(progress)
    clock = (
        update(ReadingClock)
        .where(ReadingClock.member_id == member_id)
        .values(credited_until=credited_until)
        .returning(ReadingClock.member_id)
        .cte("clock")
    )
    row = insert(ReadingProgress).values(member_id=member_id, lesson_id=lesson_id, **values).add_cte(clock)
    await session.execute(row.on_conflict_do_update(index_elements=["member_id", "lesson_id"], set_=values))
