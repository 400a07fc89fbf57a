"""The versions of lessons that members read: how one comes to be, and which there were."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principals import CurrentStaff
from app.errors import NotFound
from app.library.desk_schemas import VersionOut, VersionRow
from app.library.lessons import DESK, get_lesson
from app.library.models import Lesson, LessonVersion
from app.library.rules import required_seconds
from app.library.texts import index_lesson
from app.library.words import text_of

FROZEN = (
    "title", "summary", "source", "article", "source_url", "author_line", "html", "nodes", "characters",
    "body_text", "media_id", "media_seconds",
)  # fmt: skip


async def version_number(session: AsyncSession, lesson: Lesson) -> int | None:
    """The number of the version that members read, None before the first publication."""
    if lesson.current_version_id is None:
        return None
    return await session.scalar(select(LessonVersion.number).where(LessonVersion.id == lesson.current_version_id))


def is_as_published() -> ColumnElement[bool]:
    """The SQL of "the draft of this lesson is what its current version holds"."""
    same = (
        getattr(Lesson, name).is_not_distinct_from(getattr(LessonVersion, name)) for name in FROZEN if name != "nodes"
    )
    return and_(Lesson.current_version_id == LessonVersion.id, *same)


async def freeze(
    session: AsyncSession, lesson: Lesson, now: datetime, *, note: str = "", substantive: bool = False
) -> None:
    """Makes the draft the version that members read, unless it is already; the caller holds the lesson's lock.

    A `substantive` version begins a new edition: who has completed the one before is to read it anew. So does another
    recording, and a text in place of one: what was watched of the one is nothing of the other.
    """
    current = await session.get(LessonVersion, lesson.current_version_id) if lesson.current_version_id else None
    if current is not None and all(getattr(current, name) == getattr(lesson, name) for name in FROZEN):
        return
    anew = current is not None and (substantive or current.media_id != lesson.media_id)
    version = LessonVersion(
        lesson_id=lesson.id,
        number=current.number + 1 if current else 1,
        required_seconds=required_seconds(lesson.characters, lesson.media_seconds),
        edition=(current.edition if current else 1) + anew,
        note=note,
        created_at=now,
        **{name: getattr(lesson, name) for name in FROZEN},
    )
    session.add(version)
    await session.flush()
    lesson.current_version_id = version.id
    lesson.revision += 1
    await index_lesson(session, lesson, published=True)


def _row(version: LessonVersion, lesson: Lesson) -> VersionRow:
    return VersionRow(
        number=version.number,
        title=version.title,
        note=version.note,
        edition=version.edition,
        current=version.id == lesson.current_version_id,
        created_at=version.created_at,
    )


async def list_versions(
    session: AsyncSession, staff: CurrentStaff, lesson_id: int, *, before: int | None, limit: int
) -> list[VersionRow]:
    """The versions of a lesson in reach, newest first, one more than `limit` where there are more; or `NotFound`."""
    lesson = await get_lesson(session, staff, lesson_id, *DESK)
    statement = select(LessonVersion).where(LessonVersion.lesson_id == lesson_id)
    if before is not None:
        statement = statement.where(LessonVersion.number < before)
    found = await session.scalars(statement.order_by(LessonVersion.number.desc()).limit(limit + 1))
    return [_row(version, lesson) for version in found]


async def get_version(session: AsyncSession, staff: CurrentStaff, lesson_id: int, number: int) -> VersionOut:
    """One version of a lesson in reach; raises `NotFound`."""
    lesson = await get_lesson(session, staff, lesson_id, *DESK)
    version = await session.scalar(
        select(LessonVersion).where(LessonVersion.lesson_id == lesson_id, LessonVersion.number == number)
    )
    if version is None:
        raise NotFound
    return VersionOut(
        **_row(version, lesson).model_dump(),
        summary=version.summary,
        source=version.source,
        article=version.article,
        source_url=version.source_url,
        author_line=version.author_line,
        html=version.html,
        text=version.body_text or text_of(version.nodes),
        characters=version.characters,
        required_seconds=version.required_seconds,
    )
