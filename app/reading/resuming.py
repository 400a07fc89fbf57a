"""Where a member goes on from, on whatever device."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principals import CurrentMember
from app.library.audience import holds_for
from app.library.models import Lesson, LessonVersion
from app.reading.models import ReadingProgress
from app.reading.rows import PROGRESS, VERSION, mine, read_of, shown
from app.reading.schemas import BegunLesson

MOST = 10


async def list_begun(session: AsyncSession, member: CurrentMember) -> list[BegunLesson]:
    """The lessons that the member has begun and not completed, of those that they may read now; the last one first."""
    found = await session.execute(
        select(Lesson.id, LessonVersion.title, *VERSION, *PROGRESS)
        .join(Lesson, Lesson.current_version_id == LessonVersion.id)
        .join(ReadingProgress, mine(member.member_id, Lesson.id))
        .where(
            ReadingProgress.completed_at.is_(None),
            ReadingProgress.edition == LessonVersion.edition,
            holds_for(member, Lesson.id),
        )
        .order_by(ReadingProgress.heartbeat_at.desc(), Lesson.id)
        .limit(MOST)
    )
    begun = []
    for lesson_id, title, *row in found:
        read, progress = read_of(row)
        so_far = shown(progress, read.needs)
        begun.append(
            BegunLesson(
                lesson_id=lesson_id,
                title=title,
                kind="text" if read.needs.media_seconds is None else "media",
                position=so_far.position,
                remaining_seconds=so_far.remaining_seconds,
            )
        )
    return begun
