"""Lessons: drafts that editors work on, and the versions that members read."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import CurrentStaff, within
from app.directory.models import Organisation
from app.errors import Conflict, NotFound
from app.library.assets.addresses import PATH, sign_address, sign_html, sign_nodes
from app.library.assets.completing import adopt_files
from app.library.desk_models import LessonText
from app.library.models import Issue, IssueLesson, Lesson, LessonVersion
from app.library.reach import get_organisation as get_organisation
from app.library.recording import differing, record_change
from app.library.recordings import check_shown
from app.library.revisions import Expected, check_revision
from app.library.rules import required_seconds
from app.library.schemas import Changed, LessonOut, LessonRow, MediaOut, reading_rule
from app.library.texts import index_lesson, searchable
from app.library.written import NOBODY, Byline, Written, as_written, byline_of, kept_text, write_lesson
from app.settings import Settings
from content.documents.markdown import LessonDocument

# While one of these rests on a lesson, the lesson stands still: what was reviewed is what is published.
LOCKING_STATES = ("in_review", "scheduled", "published")
DESK = ("editor", "reviewer")


class LessonLocked(Conflict):
    """The lesson is in an issue that is under review, scheduled or published."""

    code = "lesson_locked"
    detail = "资料所在的每周学习正在审核、已定时或已发布，不能修改。请先把该期退回草稿再修改；已发布的请提交更正。"


class LessonChanged(Conflict):
    """Somebody else saved the draft in the meantime."""

    code = "lesson_changed"
    detail = "这篇资料刚刚被他人修改过。请刷新看过最新内容，再保存您的修改。"


def shown(
    lesson_id: int,
    content: Lesson | LessonVersion,
    version: int | None,
    media: MediaOut | None,
    changed: Changed | None = None,
) -> LessonOut:
    """The one representation of a lesson: what a preview shows is what a member gets."""
    return LessonOut(
        id=lesson_id,
        version=version,
        title=content.title,
        summary=content.summary,
        source=content.source,
        article=content.article,
        source_url=content.source_url,
        author_line=content.author_line,
        html=content.html,
        nodes=content.nodes,
        characters=content.characters,
        media=media,
        required_seconds=(
            content.required_seconds
            if isinstance(content, LessonVersion)
            else required_seconds(content.characters, content.media_seconds)
        ),
        rule=reading_rule(content.media_seconds),
        changed=changed,
    )


def signed(settings: Settings, lesson: LessonOut, now: datetime) -> LessonOut:
    """The same with addresses that open its media, alike for everybody to whom it is shown within the same hours."""
    lesson = lesson.model_copy(update={"media": signed_media(settings, lesson.media, now)})
    if PATH not in lesson.html:
        return lesson
    html, nodes = sign_html(settings, lesson.html, now), sign_nodes(settings, lesson.nodes, now)
    return lesson.model_copy(update={"html": html, "nodes": nodes})


def signed_media(settings: Settings, media: MediaOut | None, now: datetime) -> MediaOut | None:
    """The same at an address that opens it."""
    return media and media.model_copy(update={"address": sign_address(settings, media.address, now)})


def add_lesson(
    session: AsyncSession,
    author_id: int,
    organisation_id: int,
    document: LessonDocument,
    now: datetime,
    byline: Byline = NOBODY,
    words: Mapping[str, Any] | None = None,
) -> Lesson:
    """Adds a draft to the caller's transaction; it has its id after the next flush. `words` are its `searchable`."""
    lesson = Lesson(organisation_id=organisation_id, author_id=author_id, revision=1, created_at=now)
    write_lesson(lesson, author_id, as_written(document), byline, now)
    session.add(lesson)
    words = words or searchable(lesson.title, lesson.summary, lesson.nodes, lesson.body_text)
    session.add(LessonText(lesson=lesson, published=False, **words))
    return lesson


async def create_lesson(
    session: AsyncSession,
    staff: CurrentStaff,
    organisation_id: int,
    written: Written,
    byline: Byline,
    now: datetime,
) -> Lesson:
    """A new draft in an organisation of the editor, with its pictures; raises `NotFound` or `UnknownPicture`."""
    organisation = await get_organisation(session, staff, organisation_id)
    await check_shown(session, staff, written)
    # In a thread: the words of a long document would hold up the other requests for a second.
    words = await asyncio.to_thread(searchable, written.title, written.summary, written.nodes, written.body_text)
    lesson = add_lesson(session, staff.account_id, organisation.id, written, now, byline, words)
    await session.flush()
    await adopt_files(session, written.files, organisation.id, staff.account_id, staff.actor, now)
    record_created(session, staff.actor, lesson, now)
    return lesson


def record_created(session: AsyncSession, actor: str, lesson: Lesson, now: datetime) -> None:
    """The audit entry of a new lesson, and the first of its history."""
    record_change(
        session,
        lesson.author_id,
        "created",
        lesson_id=lesson.id,
        before={},
        after=kept_text(lesson, byline_of(lesson)),
        now=now,
    )
    audit.record(
        session, actor, "lesson.created", "lesson", lesson.id,
        now=now, organisation_id=lesson.organisation_id, characters=lesson.characters,
    )  # fmt: skip


async def get_lesson(session: AsyncSession, staff: CurrentStaff, lesson_id: int, *roles: str) -> Lesson:
    """A lesson in the reach of these roles; raises `NotFound`."""
    lesson = await session.scalar(
        select(Lesson)
        .join(Organisation, Organisation.id == Lesson.organisation_id)
        .where(Lesson.id == lesson_id, within(Organisation.path, staff.paths(*roles)))
    )
    if lesson is None:
        raise NotFound
    return lesson


async def check_unlocked(session: AsyncSession, lesson_id: int) -> None:
    """Raises `LessonLocked` where an issue rests on the lesson."""
    locking = await session.scalar(
        select(Issue.id)
        .join(IssueLesson, IssueLesson.issue_id == Issue.id)
        .where(IssueLesson.lesson_id == lesson_id, Issue.state.in_(LOCKING_STATES))
        .limit(1)
    )
    if locking is not None:
        raise LessonLocked


async def lock_lesson(session: AsyncSession, lesson_id: int) -> Lesson:
    """The lesson as it is now, held until the end of the transaction."""
    lesson = await session.scalar(
        select(Lesson)
        .where(Lesson.id == lesson_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    assert lesson is not None  # noqa: S101 - lessons are never deleted
    return lesson


async def change_lesson(
    session: AsyncSession,
    staff: CurrentStaff,
    base: Lesson,
    written: Written,
    now: datetime,
    byline: Byline | None = None,
    expected: Expected = None,
) -> Lesson:
    """Saves a draft that was made from `base`.

    Raises `StaleRevision`, `LessonLocked`, `LessonChanged`, `UnknownPicture` or `NotFound`. Without `byline`
    these stay as they are.
    """
    await get_lesson(session, staff, base.id, "editor")
    # Locked before the states are looked at: an issue that goes to review holds its lessons until it is there.
    lesson = await lock_lesson(session, base.id)
    check_revision(lesson.revision, expected)
    await check_unlocked(session, lesson.id)
    if lesson.revision != base.revision:
        raise LessonChanged
    await check_shown(session, staff, written, lesson.html)
    byline = byline or byline_of(lesson)
    before, after = kept_text(lesson, byline_of(lesson)), kept_text(written, byline)
    if after == before and written.html == lesson.html:
        return lesson
    write_lesson(lesson, staff.account_id, written, byline, now)
    await adopt_files(session, written.files, lesson.organisation_id, staff.account_id, staff.actor, now)
    lesson.revision += 1
    await index_lesson(session, lesson, published=False)
    record_change(session, staff.account_id, "changed", lesson_id=lesson.id, before=before, after=after, now=now)
    audit.record(
        session, staff.actor, "lesson.changed", "lesson", lesson.id,
        now=now, organisation_id=lesson.organisation_id, fields=differing(before, after),
    )  # fmt: skip
    return lesson


async def list_lessons(
    session: AsyncSession, staff: CurrentStaff, organisation_id: int | None, *, before: int | None, limit: int
) -> list[LessonRow]:
    """Lessons in the reach of an editor or reviewer, newest first, one more than `limit` where there are more."""
    columns = (
        Lesson.id, Lesson.organisation_id, Lesson.title, Lesson.summary, Lesson.source, Lesson.characters,
        Lesson.media_seconds,
    )  # fmt: skip
    statement = (
        select(*columns, Lesson.current_version_id, Lesson.updated_at)
        .join(Organisation, Organisation.id == Lesson.organisation_id)
        .where(within(Organisation.path, staff.paths(*DESK)))
        .order_by(Lesson.id.desc())
        .limit(limit + 1)
    )
    if organisation_id is not None:
        statement = statement.where(Lesson.organisation_id == organisation_id)
    if before is not None:
        statement = statement.where(Lesson.id < before)
    return [
        LessonRow(
            id=row.id,
            organisation_id=row.organisation_id,
            title=row.title,
            summary=row.summary,
            source=row.source,
            characters=row.characters,
            required_seconds=required_seconds(row.characters, row.media_seconds),
            published=row.current_version_id is not None,
            updated_at=row.updated_at,
        )
        for row in await session.execute(statement)
    ]
