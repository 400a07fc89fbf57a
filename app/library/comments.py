"""Comments on issues and lessons, among those who work on them."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import CurrentStaff, within
from app.directory.models import Account, Organisation
from app.errors import NotFound
from app.library.desk_models import DeskComment
from app.library.desk_schemas import CommentOut
from app.library.issue_schemas import Person
from app.library.lessons import DESK
from app.library.models import Issue, Lesson
from app.library.subjects import Subject


def _shown(comment: DeskComment, by: Person) -> CommentOut:
    return CommentOut(
        id=comment.id, by=by, body=comment.body, created_at=comment.created_at, resolved_at=comment.resolved_at
    )


async def add_comment(
    session: AsyncSession, staff: CurrentStaff, subject: Subject, body: str, now: datetime
) -> CommentOut:
    """A new remark."""
    comment = DeskComment(
        issue_id=subject.issue_id,
        lesson_id=subject.lesson_id,
        account_id=staff.account_id,
        body=body,
        created_at=now,
    )
    session.add(comment)
    await session.flush()
    audit.record(
        session, staff.actor, "comment.created", subject.kind, subject.id,
        now=now, organisation_id=subject.organisation_id, comment=comment.id,
    )  # fmt: skip
    return _shown(comment, Person(id=staff.account_id, name=staff.name))


async def list_comments(session: AsyncSession, subject: Subject, *, after: int | None, limit: int) -> list[CommentOut]:
    """The remarks, oldest first, one more than `limit` where there are more."""
    found = await session.execute(
        select(DeskComment, Account.id, Account.name)
        .join(Account, Account.id == DeskComment.account_id)
        .where(subject.owns(DeskComment), DeskComment.id > (after or 0))
        .order_by(DeskComment.id)
        .limit(limit + 1)
    )
    return [_shown(comment, Person(id=id_, name=name)) for comment, id_, name in found]


async def resolve_comment(session: AsyncSession, staff: CurrentStaff, comment_id: int, now: datetime) -> CommentOut:
    """Says that a remark is done with; a repeat changes nothing. Raises `NotFound`."""
    found = await session.execute(
        select(DeskComment, Account.id, Account.name, Organisation.id)
        .join(Account, Account.id == DeskComment.account_id)
        .outerjoin(Issue, Issue.id == DeskComment.issue_id)
        .outerjoin(Lesson, Lesson.id == DeskComment.lesson_id)
        .join(Organisation, Organisation.id == func.coalesce(Issue.organisation_id, Lesson.organisation_id))
        .where(DeskComment.id == comment_id, within(Organisation.path, staff.paths(*DESK)))
        .with_for_update(of=DeskComment)
    )
    row = found.first()
    if row is None:
        raise NotFound
    comment, account_id, name, organisation_id = row
    if comment.resolved_at is None:
        comment.resolved_at, comment.resolved_by = now, staff.account_id
        audit.record(
            session, staff.actor, "comment.resolved", "comment", comment.id, now=now, organisation_id=organisation_id
        )
    return _shown(comment, Person(id=account_id, name=name))
