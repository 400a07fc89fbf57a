"""Lessons: drafts that editors work on, and the versions that members read."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import CurrentStaff, within
from app.directory.models import Organisation
from app.errors import Conflict, NotFound
from app.library.assets.addresses import PATH, sign_html, sign_nodes
from app.library.models import Issue, IssueLesson, Lesson, LessonVersion
from app.library.rules import required_seconds
from app.library.schemas import LessonOut, LessonRow, ReadingRule
from app.settings import Settings
from content.documents.markdown import LessonDocument

# While one of these rests on a lesson, the lesson stands still: what was reviewed is what is published.
LOCKING_STATES = ("in_review", "scheduled", "published")
FIELDS = ("title", "summary", "source", "article", "source_url", "markdown")
FROZEN = ("title", "summary", "source", "article", "source_url", "html", "nodes", "characters")


class LessonLocked(Conflict):
    """The lesson is in an issue that is under review, scheduled or published."""

    code = "lesson_locked"
    detail = "资料所在的每周学习正在审核、已定时或已发布，不能修改。请先把该期退回草稿（已发布的先撤回），再修改资料。"


class LessonChanged(Conflict):
    """Somebody else saved the draft in the meantime."""

    code = "lesson_changed"
    detail = "这篇资料刚刚被他人修改过。请刷新看过最新内容，再保存您的修改。"


async def get_organisation(session: AsyncSession, staff: CurrentStaff, organisation_id: int) -> Organisation:
    """An organisation in the editor's reach; raises `NotFound`."""
    found = await session.scalar(
        select(Organisation).where(
            Organisation.id == organisation_id,
            within(Organisation.path, staff.paths("editor")),
            Organisation.archived_at.is_(None),
        )
    )
    if found is None:
        raise NotFound
    return found


def shown(lesson_id: int, content: Lesson | LessonVersion, version: int | None) -> LessonOut:
    """The one representation of a lesson: what a preview shows is what a member gets."""
    return LessonOut(
        id=lesson_id,
        version=version,
        title=content.title,
        summary=content.summary,
        source=content.source,
        article=content.article,
        source_url=content.source_url,
        html=content.html,
        nodes=content.nodes,
        characters=content.characters,
        required_seconds=(
            content.required_seconds if isinstance(content, LessonVersion) else required_seconds(content.characters)
        ),
        rule=ReadingRule(),
    )


def signed(settings: Settings, lesson: LessonOut, now: datetime) -> LessonOut:
    """The same with addresses that open its media, alike for everybody to whom it is shown within the same hours."""
    if PATH not in lesson.html:
        return lesson
    html, nodes = sign_html(settings, lesson.html, now), sign_nodes(settings, lesson.nodes, now)
    return lesson.model_copy(update={"html": html, "nodes": nodes})


def add_lesson(
    session: AsyncSession, author_id: int, organisation_id: int, document: LessonDocument, now: datetime
) -> Lesson:
    """Adds a draft to the caller's transaction; it has its id after the next flush."""
    lesson = Lesson(organisation_id=organisation_id, author_id=author_id, created_at=now)
    _write(lesson, author_id, document, now)
    session.add(lesson)
    return lesson


def _write(lesson: Lesson, account_id: int, document: LessonDocument, now: datetime) -> None:
    for name in (*FIELDS, "html", "nodes", "characters"):
        setattr(lesson, name, getattr(document, name))
    lesson.changed_by = account_id
    lesson.updated_at = now


async def create_lesson(
    session: AsyncSession, staff: CurrentStaff, organisation_id: int, document: LessonDocument, now: datetime
) -> Lesson:
    """A new draft in an organisation of the editor; raises `NotFound`."""
    organisation = await get_organisation(session, staff, organisation_id)
    lesson = add_lesson(session, staff.account_id, organisation.id, document, now)
    await session.flush()
    record_created(session, staff.actor, lesson, now)
    return lesson


def record_created(session: AsyncSession, actor: str, lesson: Lesson, now: datetime) -> None:
    """The audit entry of a new lesson."""
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


async def version_number(session: AsyncSession, lesson: Lesson) -> int | None:
    """The number of the version that members read, None before the first publication."""
    if lesson.current_version_id is None:
        return None
    return await session.scalar(select(LessonVersion.number).where(LessonVersion.id == lesson.current_version_id))


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


async def change_lesson(
    session: AsyncSession, staff: CurrentStaff, base: Lesson, document: LessonDocument, now: datetime
) -> Lesson:
    """Saves a draft that was made from `base`; raises `LessonLocked`, `LessonChanged` or `NotFound`."""
    await get_lesson(session, staff, base.id, "editor")
    # Locked before the states are looked at: an issue that goes to review holds its lessons until it is there.
    lesson = await session.scalar(
        select(Lesson)
        .where(Lesson.id == base.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    assert lesson is not None  # noqa: S101 - lessons are never deleted
    await check_unlocked(session, lesson.id)
    if any(getattr(lesson, name) != getattr(base, name) for name in FIELDS):
        raise LessonChanged
    changed = [name for name in FIELDS if getattr(lesson, name) != getattr(document, name)]
    _write(lesson, staff.account_id, document, now)
    audit.record(
        session, staff.actor, "lesson.changed", "lesson", lesson.id,
        now=now, organisation_id=lesson.organisation_id, fields=changed,
    )  # fmt: skip
    return lesson


async def list_lessons(
    session: AsyncSession, staff: CurrentStaff, organisation_id: int | None, *, before: int | None, limit: int
) -> list[LessonRow]:
    """Lessons in the reach of an editor or reviewer, newest first, one more than `limit` where there are more."""
    columns = (Lesson.id, Lesson.organisation_id, Lesson.title, Lesson.summary, Lesson.source, Lesson.characters)
    statement = (
        select(*columns, Lesson.current_version_id, Lesson.updated_at)
        .join(Organisation, Organisation.id == Lesson.organisation_id)
        .where(within(Organisation.path, staff.paths("editor", "reviewer")))
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
            required_seconds=required_seconds(row.characters),
            published=row.current_version_id is not None,
            updated_at=row.updated_at,
        )
        for row in await session.execute(statement)
    ]


def is_as_published() -> ColumnElement[bool]:
    """The SQL of "the draft of this lesson is what its current version holds"."""
    same = (getattr(Lesson, name) == getattr(LessonVersion, name) for name in FROZEN if name != "nodes")
    return and_(Lesson.current_version_id == LessonVersion.id, *same)


async def freeze(session: AsyncSession, lesson: Lesson, now: datetime) -> None:
    """Makes the draft the version that members read, unless it is already; the caller holds the lesson's lock."""
    current = await session.get(LessonVersion, lesson.current_version_id) if lesson.current_version_id else None
    if current is not None and all(getattr(current, name) == getattr(lesson, name) for name in FROZEN):
        return
    number = await session.scalar(select(func.max(LessonVersion.number)).where(LessonVersion.lesson_id == lesson.id))
    version = LessonVersion(
        lesson_id=lesson.id,
        number=(number or 0) + 1,
        required_seconds=required_seconds(lesson.characters),
        created_at=now,
        **{name: getattr(lesson, name) for name in FROZEN},
    )
    session.add(version)
    await session.flush()
    lesson.current_version_id = version.id
