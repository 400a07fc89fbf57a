"""What a member reads: published issues of their organisation and those above it, and the lessons in them."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from sqlalchemy import (
    Boolean,
    ColumnElement,
    DateTime,
    Row,
    Select,
    and_,
    any_,
    case,
    cast,
    func,
    or_,
    select,
    text,
    tuple_,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from app.access.principals import CurrentMember
from app.directory.models import Organisation, Placement
from app.errors import NotFound
from app.library.audience import holds_for, is_for
from app.library.models import Issue, IssueLesson, Lesson, LessonVersion
from app.library.schemas import Changed
from app.reading.credit import remaining_seconds
from app.reading.editions import completed_at, edition_at, list_changed, recorded_at
from app.reading.models import ReadingProgress
from app.reading.schemas import IssueOut, IssueSummary, LessonState
from app.schemas import monday_of, week_of

IssueRow: TypeAlias = Row[Issue, str, int, int]


# A week asks for the edition that there was at its end where the member is; a running one, for the one that there is.
_WEEK_ENDS = "CAST(issues.week + 7 AS timestamp) AT TIME ZONE :zone - interval '1 microsecond'"
_EDITION = edition_at("issue_lessons.lesson_id", f"least(CAST(:now AS timestamptz), {_WEEK_ENDS})")
_ONLINE, _ON_PAPER = completed_at("reading_progress", _EDITION), recorded_at(":me", "issue_lessons.lesson_id", _EDITION)
_DONE_AT = f"coalesce({_ONLINE}, {_ON_PAPER})"


def _done_at(member: CurrentMember, now: datetime) -> ColumnElement[datetime | None]:
    """When the member did what an `Issue` asks of an `IssueLesson`, for a query that joins their `ReadingProgress`."""
    asked = text(_DONE_AT).bindparams(now=now, zone=member.timezone, me=member.member_id)
    return type_coerce(asked, DateTime(timezone=True))


def _was_for(member: CurrentMember) -> ColumnElement[bool]:
    """The SQL of "the `Issue` is published, of an organisation that the member has ever stood in or below"."""
    publishers = cast(func.string_to_array(func.btrim(Placement.path, "/"), "/"), ARRAY(BIGINT))
    stood = select(Placement.id).where(
        Placement.member_id == member.member_id, Issue.organisation_id == any_(publishers)
    )
    return and_(Issue.state == "published", stood.exists())


def _issues(
    member: CurrentMember, now: datetime, meant: ColumnElement[bool] | None = None
) -> Select[Issue, str, int, int]:
    """Published issues for the member, or those `meant`, each with its organisation and how far it is completed."""
    mine = and_(ReadingProgress.lesson_id == IssueLesson.lesson_id, ReadingProgress.member_id == member.member_id)
    return (
        select(Issue, Organisation.name, func.count(), func.count(_done_at(member, now)))
        .join(Organisation, Organisation.id == Issue.organisation_id)
        .join(IssueLesson, and_(IssueLesson.issue_id == Issue.id, IssueLesson.required))
        .outerjoin(ReadingProgress, mine)
        .where(is_for(member) if meant is None else meant)
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
    session: AsyncSession, member: CurrentMember, now: datetime, *, after: int | None, limit: int
) -> Sequence[IssueSummary]:
    """Issues of the newest week first, after the issue `after`, one more than `limit` where there are more."""
    statement = _issues(member, now).limit(limit + 1)
    if after is not None:
        last = select(Issue.week, Issue.id).where(Issue.id == after).scalar_subquery()
        statement = statement.where(tuple_(Issue.week, Issue.id) < last)
    return [_summary(row) for row in await session.execute(statement)]


async def list_between(
    session: AsyncSession, member: CurrentMember, begins: date, ends: date, now: datetime
) -> list[tuple[IssueSummary, datetime | None, int]]:
    """Issues of the weeks that begin in the period, newest first, each with the last completion in it.

    Besides those that are for the member now, what they studied where they stood before. The number is of the
    required lessons that are done on paper or at home alone.
    """
    alone = text(f"({_ONLINE} IS NULL AND {_ON_PAPER} IS NOT NULL)")
    recorded = type_coerce(alone.bindparams(now=now, zone=member.timezone, me=member.member_id), Boolean())
    done_at, present = _done_at(member, now), is_for(member)
    issues = _issues(member, now, or_(present, _was_for(member)))
    statement = issues.add_columns(func.max(done_at), func.count().filter(recorded))
    statement = statement.having(or_(func.bool_and(present), func.count(done_at) > 0))
    rows = await session.execute(statement.where(Issue.week.between(begins, ends)))
    return [(_summary(row[:4]), row[4], row[5]) for row in rows]  # type: ignore[arg-type]  # the first four of a row


async def list_current(session: AsyncSession, member: CurrentMember, now: datetime) -> list[IssueSummary]:
    """Issues of the ISO week that it is where the member is."""
    monday = monday_of(week_of(now.astimezone(ZoneInfo(member.timezone)).date()))
    return [_summary(row) for row in await session.execute(_issues(member, now).where(Issue.week == monday))]


async def get_issue(session: AsyncSession, member: CurrentMember, issue_id: int, now: datetime) -> IssueOut:
    """An issue with the member's progress in each lesson; raises `NotFound`."""
    row = (await session.execute(_issues(member, now).where(Issue.id == issue_id))).first()
    if row is None:
        raise NotFound
    lessons = (await session.execute(_lessons(member, issue_id, now))).all()
    changed = await list_changed(session, member.member_id, [lesson.lesson_id for lesson in lessons])
    return IssueOut(
        **_summary(row).model_dump(), lessons=[_state(lesson, changed.get(lesson.lesson_id)) for lesson in lessons]
    )


def _lessons(member: CurrentMember, issue_id: int, now: datetime) -> Select[Any]:
    """The lessons of an issue in their order, as `_state` reads them."""
    done_at = _done_at(member, now)
    # What was read of an earlier edition, and does not do, is nothing of this one.
    counts = or_(done_at.is_not(None), ReadingProgress.edition == LessonVersion.edition)
    columns: tuple[ColumnElement[Any] | InstrumentedAttribute[Any], ...] = (
        IssueLesson.lesson_id,
        IssueLesson.required,
        LessonVersion.title,
        LessonVersion.summary,
        LessonVersion.characters,
        LessonVersion.required_seconds,
        case((counts, func.coalesce(ReadingProgress.position, 0.0)), else_=0.0).label("position"),
        case((counts, func.coalesce(ReadingProgress.credited_ms, 0)), else_=0).label("credited_ms"),
        done_at.label("done_at"),
    )
    mine = and_(ReadingProgress.lesson_id == Lesson.id, ReadingProgress.member_id == member.member_id)
    return (
        select(*columns)
        .select_from(Lesson)
        .join(IssueLesson, IssueLesson.lesson_id == Lesson.id)
        .join(Issue, Issue.id == IssueLesson.issue_id)
        .join(LessonVersion, LessonVersion.id == Lesson.current_version_id)
        .outerjoin(ReadingProgress, mine)
        .where(IssueLesson.issue_id == issue_id)
        .order_by(IssueLesson.position)
    )


def _state(lesson: Row[Any], changed: Changed | None) -> LessonState:
    return LessonState(
        lesson_id=lesson.lesson_id,
        title=lesson.title,
        summary=lesson.summary,
        characters=lesson.characters,
        required_seconds=lesson.required_seconds,
        required=lesson.required,
        position=lesson.position,
        remaining_seconds=remaining_seconds(lesson.credited_ms, lesson.required_seconds, lesson.done_at is not None),
        completed_at=lesson.done_at,
        changed=changed,
    )


async def get_lesson(
    session: AsyncSession, member: CurrentMember, lesson_id: int
) -> tuple[LessonVersion, Changed | None]:
    """The published version of a lesson that is meant for the member, and what is new in it; raises `NotFound`."""
    version = await session.scalar(
        select(LessonVersion)
        .join(Lesson, Lesson.current_version_id == LessonVersion.id)
        .where(Lesson.id == lesson_id, holds_for(member, Lesson.id))
    )
    if version is None:
        raise NotFound
    changed = await list_changed(session, member.member_id, [lesson_id])
    return version, changed.get(lesson_id)
