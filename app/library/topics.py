"""Topics (专题): lessons across weeks in an order of their own, for the desk and for members."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, case, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import CurrentMember, CurrentStaff, ancestors, within
from app.directory.models import Organisation
from app.errors import NotFound
from app.library.audience import holds_for
from app.library.desk_models import Topic, TopicLesson
from app.library.issues import LessonTwice, check_reach
from app.library.lessons import DESK, get_organisation
from app.library.models import Lesson, LessonVersion
from app.library.planning_schemas import (
    TopicDraft,
    TopicIn,
    TopicLessonOut,
    TopicLessonRow,
    TopicOut,
    TopicPatch,
    TopicRow,
    TopicSummary,
)
from app.library.reviews import OwnIssue
from app.library.revisions import Expected, check_revision

# Instead of the title of a lesson that the reader may not see.
NOT_PUBLISHED = "（上级还没有发布的资料）"


async def create_topic(session: AsyncSession, staff: CurrentStaff, body: TopicIn, now: datetime) -> Topic:
    """A new topic, not yet published; raises `LessonTwice`, `LessonOutOfReach` or `NotFound`."""
    organisation = await get_organisation(session, staff, body.organisation_id)
    await _check_lessons(session, staff, organisation.path, body.lesson_ids)
    topic = Topic(
        organisation_id=organisation.id,
        title=body.title,
        summary=body.summary,
        changed_by=staff.account_id,
        published=False,
        revision=1,
        created_at=now,
        updated_at=now,
    )
    session.add(topic)
    await session.flush()
    _add_lessons(session, topic.id, body.lesson_ids)
    _record(session, staff, topic, "topic.created", now)
    return topic


async def _check_lessons(session: AsyncSession, staff: CurrentStaff, path: str, lesson_ids: Sequence[int]) -> None:
    if len(set(lesson_ids)) != len(lesson_ids):
        raise LessonTwice
    await check_reach(session, staff, path, lesson_ids)


def _add_lessons(session: AsyncSession, topic_id: int, lesson_ids: Sequence[int]) -> None:
    session.add_all(
        TopicLesson(topic_id=topic_id, lesson_id=lesson_id, position=position)
        for position, lesson_id in enumerate(lesson_ids, start=1)
    )


def _record(session: AsyncSession, staff: CurrentStaff, topic: Topic, action: str, now: datetime) -> None:
    audit.record(
        session, staff.actor, action, "topic", topic.id,
        now=now, organisation_id=topic.organisation_id, published=topic.published,
    )  # fmt: skip


async def _hold(
    session: AsyncSession, staff: CurrentStaff, topic_id: int, role: str, expected: Expected
) -> tuple[Topic, str]:
    found = await session.execute(
        select(Topic, Organisation.path)
        .join(Organisation, Organisation.id == Topic.organisation_id)
        .where(Topic.id == topic_id, within(Organisation.path, staff.paths(role)))
        .with_for_update(of=Topic)
    )
    row = found.first()
    if row is None:
        raise NotFound
    check_revision(row[0].revision, expected)
    return row[0], row[1]


async def change_topic(
    session: AsyncSession, staff: CurrentStaff, topic_id: int, body: TopicPatch, expected: Expected, now: datetime
) -> None:
    """Changes a topic; with other words it is to be published again. Raises what `create_topic` does."""
    topic, path = await _hold(session, staff, topic_id, "editor", expected)
    words = (body.title or topic.title, topic.summary if body.summary is None else body.summary)
    if words != (topic.title, topic.summary):
        topic.title, topic.summary = words
        topic.published, topic.changed_by = False, staff.account_id
    if body.lesson_ids is not None:
        await _check_lessons(session, staff, path, body.lesson_ids)
        await session.execute(delete(TopicLesson).where(TopicLesson.topic_id == topic.id))
        _add_lessons(session, topic.id, body.lesson_ids)
    topic.revision += 1
    topic.updated_at = now
    _record(session, staff, topic, "topic.changed", now)


async def publish_topic(
    session: AsyncSession, staff: CurrentStaff, topic_id: int, published: bool, expected: Expected, now: datetime
) -> None:
    """Shows a topic to members, or hides it; raises `OwnIssue` for who wrote its words, or `NotFound`."""
    topic, _ = await _hold(session, staff, topic_id, "reviewer", expected)
    if published == topic.published:
        return
    if published and topic.changed_by == staff.account_id:
        raise OwnIssue
    topic.published = published
    topic.revision += 1
    topic.updated_at = now
    _record(session, staff, topic, "topic.published" if published else "topic.hidden", now)


def row_of(topic: Topic) -> TopicRow:
    """A topic in the list of the desk."""
    return TopicRow.model_validate({name: getattr(topic, name) for name in TopicRow.model_fields})


async def list_desk_topics(
    session: AsyncSession, staff: CurrentStaff, *, before: int | None, limit: int
) -> list[Topic]:
    """The topics in the reach of an editor or reviewer, newest first, one more than `limit` where there are more."""
    statement = (
        select(Topic)
        .join(Organisation, Organisation.id == Topic.organisation_id)
        .where(within(Organisation.path, staff.paths(*DESK)))
        .order_by(Topic.id.desc())
        .limit(limit + 1)
    )
    if before is not None:
        statement = statement.where(Topic.id < before)
    return list(await session.scalars(statement))


async def get_desk_topic(session: AsyncSession, staff: CurrentStaff, topic_id: int) -> TopicDraft:
    """A topic in the reach of an editor or reviewer; raises `NotFound`."""
    topic = await session.scalar(
        select(Topic)
        .join(Organisation, Organisation.id == Topic.organisation_id)
        .where(Topic.id == topic_id, within(Organisation.path, staff.paths(*DESK)))
    )
    if topic is None:
        raise NotFound
    # The draft of a superior is none of the reader's business.
    mine = within(Organisation.path, staff.paths(*DESK))
    title = case((mine, Lesson.title), else_=func.coalesce(LessonVersion.title, NOT_PUBLISHED))
    lessons = await session.execute(
        select(Lesson.id, title)
        .join(TopicLesson, TopicLesson.lesson_id == Lesson.id)
        .join(Organisation, Organisation.id == Lesson.organisation_id)
        .outerjoin(LessonVersion, LessonVersion.id == Lesson.current_version_id)
        .where(TopicLesson.topic_id == topic_id)
        .order_by(TopicLesson.position)
    )
    return TopicDraft(
        id=topic.id,
        organisation_id=topic.organisation_id,
        title=topic.title,
        summary=topic.summary,
        published=topic.published,
        lessons=[TopicLessonRow(id=id_, title=shown) for id_, shown in lessons],
        revision=topic.revision,
        updated_at=topic.updated_at,
    )


def _topics(member: CurrentMember) -> Select[Topic, int]:
    """Published topics of the member's organisation and those above, each with how many lessons the member can read."""
    return (
        select(Topic, func.count())
        .join(TopicLesson, TopicLesson.topic_id == Topic.id)
        .where(
            Topic.published,
            Topic.organisation_id.in_(ancestors(member.path)),
            holds_for(member, TopicLesson.lesson_id),
        )
        .group_by(Topic.id)
        .order_by(Topic.id.desc())
    )


async def list_topics(
    session: AsyncSession, member: CurrentMember, *, before: int | None, limit: int
) -> list[TopicSummary]:
    """The topics that hold something for the member, newest first, one more than `limit` where there are more."""
    statement = _topics(member).limit(limit + 1)
    if before is not None:
        statement = statement.where(Topic.id < before)
    return [
        TopicSummary(id=topic.id, title=topic.title, summary=topic.summary, lessons=count)
        for topic, count in await session.execute(statement)
    ]


async def get_topic(session: AsyncSession, member: CurrentMember, topic_id: int) -> TopicOut:
    """A topic with the lessons that the member can read; raises `NotFound` where there is none."""
    row = (await session.execute(_topics(member).where(Topic.id == topic_id))).first()
    if row is None:
        raise NotFound
    topic = row[0]
    lessons = await session.scalars(
        select(LessonVersion)
        .join(Lesson, Lesson.current_version_id == LessonVersion.id)
        .join(TopicLesson, TopicLesson.lesson_id == Lesson.id)
        .where(TopicLesson.topic_id == topic_id, holds_for(member, Lesson.id))
        .order_by(TopicLesson.position)
    )
    shown = [
        TopicLessonOut(
            id=version.lesson_id,
            title=version.title,
            summary=version.summary,
            required_seconds=version.required_seconds,
        )
        for version in lessons
    ]
    return TopicOut(id=topic.id, title=topic.title, summary=topic.summary, lessons=shown)
