"""What a member reads: published issues of their organisation and those above it, and the lessons in them."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias
from zoneinfo import ZoneInfo

from sqlalchemy import Row, Select, and_, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principals import CurrentMember, ancestors
from app.directory.models import Organisation
from app.errors import NotFound
from app.library.models import Issue, IssueLesson, Lesson, LessonVersion
from app.reading.credit import remaining_seconds
from app.reading.models import ReadingProgress
from app.reading.schemas import IssueOut, IssueSummary, LessonState
from app.reading.service import is_meant_for
from app.schemas import monday_of, week_of

IssueRow: TypeAlias = Row[Issue, str, int, int]


def _issues(member: CurrentMember) -> Select[Issue, str, int, int]:
    """Published issues for the member, each with its organisation and the required lessons, all and completed."""
    mine = and_(ReadingProgress.lesson_id == IssueLesson.lesson_id, ReadingProgress.member_id == member.member_id)
    return (
        select(Issue, Organisation.name, func.count(), func.count(ReadingProgress.completed_at))
        .join(Organisation, Organisation.id == Issue.organisation_id)
        .join(IssueLesson, and_(IssueLesson.issue_id == Issue.id, IssueLesson.required))
        .outerjoin(ReadingProgress, mine)
        .where(Issue.state == "published", Issue.organisation_id.in_(ancestors(member.path)))
        .group_by(Issue.id, Organisation.id)
        .order_by(Issue.week.desc(), Issue.id.desc())
    )


def _summary(row: IssueRow) -> IssueSummary:
    issue, organisation, total, completed = row
    return IssueSummary(
        id=issue.id,
        organisation_id=issue.organisation_id,
        organisation=organisation,
        week=week_of(issue.week),
        title=issue.title,
        summary=issue.summary,
        published_at=issue.published_at or issue.updated_at,
        lessons_total=total,
        lessons_completed=completed,
        completed=completed == total,
    )


async def list_issues(
    session: AsyncSession, member: CurrentMember, *, after: int | None, limit: int
) -> Sequence[IssueSummary]:
    """Issues of the newest week first, after the issue `after`, one more than `limit` where there are more."""
    statement = _issues(member).limit(limit + 1)
    if after is not None:
        last = select(Issue.week, Issue.id).where(Issue.id == after).scalar_subquery()
        statement = statement.where(tuple_(Issue.week, Issue.id) < last)
    return [_summary(row) for row in await session.execute(statement)]


async def list_current(session: AsyncSession, member: CurrentMember, now: datetime) -> list[IssueSummary]:
    """Issues of the ISO week that it is where the member is."""
    monday = monday_of(week_of(now.astimezone(ZoneInfo(member.timezone)).date()))
    return [_summary(row) for row in await session.execute(_issues(member).where(Issue.week == monday))]


async def get_issue(session: AsyncSession, member: CurrentMember, issue_id: int) -> IssueOut:
    """An issue with the member's progress in each lesson; raises `NotFound`."""
    row = (await session.execute(_issues(member).where(Issue.id == issue_id))).first()
    if row is None:
        raise NotFound
    mine = and_(ReadingProgress.lesson_id == Lesson.id, ReadingProgress.member_id == member.member_id)
    lessons = await session.execute(
        select(
            Lesson.id,
            LessonVersion.title,
            LessonVersion.summary,
            LessonVersion.characters,
            LessonVersion.required_seconds,
            IssueLesson.required,
            func.coalesce(ReadingProgress.position, 0.0),
            func.coalesce(ReadingProgress.credited_ms, 0),
            ReadingProgress.completed_at,
        )
        .join(IssueLesson, IssueLesson.lesson_id == Lesson.id)
        .join(LessonVersion, LessonVersion.id == Lesson.current_version_id)
        .outerjoin(ReadingProgress, mine)
        .where(IssueLesson.issue_id == issue_id)
        .order_by(IssueLesson.position)
    )
    return IssueOut(**_summary(row).model_dump(), lessons=[_state(*lesson) for lesson in lessons])


def _state(
    lesson_id: int,
    title: str,
    summary: str,
    characters: int,
    required_seconds: int,
    required: bool,
    position: float,
    credited_ms: int,
    completed_at: datetime | None,
) -> LessonState:
    return LessonState(
        lesson_id=lesson_id,
        title=title,
        summary=summary,
        characters=characters,
        required_seconds=required_seconds,
        required=required,
        position=position,
        remaining_seconds=remaining_seconds(credited_ms, required_seconds, completed_at is not None),
        completed_at=completed_at,
    )


async def get_lesson(session: AsyncSession, member: CurrentMember, lesson_id: int) -> LessonVersion:
    """The published version of a lesson that is meant for the member; raises `NotFound`."""
    version = await session.scalar(
        select(LessonVersion)
        .join(Lesson, Lesson.current_version_id == LessonVersion.id)
        .where(Lesson.id == lesson_id, is_meant_for(member))
    )
    if version is None:
        raise NotFound
    return version
