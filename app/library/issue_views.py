"""Weekly issues as the desk shows them."""

from sqlalchemy import Select, case, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.access.principals import CurrentStaff, within
from app.directory.models import Account, Organisation
from app.errors import NotFound
from app.library.issue_schemas import AudienceOut, IssueDraft, IssueLessonOut, IssueRow, Person
from app.library.lessons import DESK
from app.library.models import Issue, IssueLesson, Lesson, LessonVersion
from app.library.reviews import list_reviews, reviews_required
from app.library.rules import required_seconds
from app.schemas import monday_of, week_of


def with_people() -> Select[Issue, Account, Account]:
    author, reviewer = aliased(Account), aliased(Account)
    return (
        select(Issue, author, reviewer)
        .join(author, author.id == Issue.author_id)
        .outerjoin(reviewer, reviewer.id == Issue.reviewer_id)
        .join(Organisation, Organisation.id == Issue.organisation_id)
    )


def row_of(issue: Issue, author: Account, reviewer: Account | None) -> IssueRow:
    return IssueRow.model_validate(
        {
            "id": issue.id,
            "organisation_id": issue.organisation_id,
            "week": week_of(issue.week),
            "title": issue.title,
            "summary": issue.summary,
            "state": issue.state,
            "author": Person(id=author.id, name=author.name),
            "reviewer": reviewer and Person(id=reviewer.id, name=reviewer.name),
            "publish_at": issue.publish_at,
            "published_at": issue.published_at,
            "plan_id": issue.plan_id,
        }
    )


async def list_issues(
    session: AsyncSession,
    staff: CurrentStaff,
    *,
    organisation_id: int | None,
    state: str | None,
    week: str | None,
    planned: bool | None,
    before: int | None,
    limit: int,
) -> list[IssueRow]:
    """Issues in the reach of an editor or reviewer, newest first, one more than `limit` where there are more."""
    statement = with_people().where(within(Organisation.path, staff.paths(*DESK)))
    if organisation_id is not None:
        statement = statement.where(Issue.organisation_id == organisation_id)
    if state is not None:
        statement = statement.where(Issue.state == state)
    if week is not None:
        statement = statement.where(Issue.week == monday_of(week))
    if planned is not None:
        statement = statement.where(Issue.plan_id.is_not(None) if planned else Issue.plan_id.is_(None))
    if before is not None:
        statement = statement.where(Issue.id < before)
    found = await session.execute(statement.order_by(Issue.id.desc()).limit(limit + 1))
    return [row_of(*row) for row in found]


async def get_issue(session: AsyncSession, staff: CurrentStaff, issue_id: int) -> IssueDraft:
    """An issue as its editors and reviewers see it; raises `NotFound`."""
    found = await session.execute(
        with_people().where(Issue.id == issue_id, within(Organisation.path, staff.paths(*DESK)))
    )
    row = found.first()
    if row is None:
        raise NotFound
    issue, author, reviewer = row
    audience = AudienceOut(stages=issue.audience_stages, rosters=issue.audience_rosters, tags=issue.audience_tags)
    return IssueDraft(
        **row_of(issue, author, reviewer).model_dump(),
        lessons=await _lessons(session, staff, issue_id),
        audience=audience,
        outline=issue.outline,
        reviews=await list_reviews(session, issue_id=issue.id),
        reviews_required=await reviews_required(session, issue.organisation_id),
        revision=issue.revision,
    )


async def _lessons(session: AsyncSession, staff: CurrentStaff, issue_id: int) -> list[IssueLessonOut]:
    """The lessons of an issue: the editor's own as they are now, those of a superior as they were published."""
    mine = within(Organisation.path, staff.paths(*DESK))
    shown = [
        case((mine, getattr(Lesson, name)), else_=getattr(LessonVersion, name)).label(name)
        for name in ("title", "summary", "characters", "media_seconds")
    ]
    found = await session.execute(
        select(Lesson.id, *shown, IssueLesson.required, IssueLesson.position)
        .join(IssueLesson, IssueLesson.lesson_id == Lesson.id)
        .join(Organisation, Organisation.id == Lesson.organisation_id)
        .outerjoin(LessonVersion, LessonVersion.id == Lesson.current_version_id)
        .where(IssueLesson.issue_id == issue_id)
        .order_by(IssueLesson.position)
    )
    return [
        IssueLessonOut(
            lesson_id=row.id,
            title=row.title,
            summary=row.summary,
            characters=row.characters,
            required_seconds=required_seconds(row.characters, row.media_seconds),
            required=row.required,
            position=row.position,
        )
        for row in found
    ]
