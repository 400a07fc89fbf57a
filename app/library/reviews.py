"""Reviews: as many different people as the organisation asks for (三审), none of whom wrote anything of it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.directory.models import Account, Organisation
from app.errors import Conflict
from app.library.desk_models import DeskChange, Review
from app.library.issue_schemas import Person, ReviewOut
from app.library.models import Issue, IssueLesson, Lesson
from app.library.recording import WRITING
from app.organisations.settings.keys import REVIEWS_REQUIRED
from app.organisations.settings.resolved import get_setting


class OwnIssue(Conflict):
    """An author does not review their own."""

    code = "own_issue"
    detail = "不能审核自己拟稿或改过的内容，请由另一位审核人审核。"


class ReviewedAlready(Conflict):
    """Each reviewer counts once."""

    code = "reviewed_already"
    detail = "您已经审核通过这份内容，还需由其他审核人审核。"


async def reviews_required(session: AsyncSession, organisation_id: int) -> int:
    """How many have to approve what the organisation publishes."""
    path = await session.scalar(select(Organisation.path).where(Organisation.id == organisation_id))
    assert path is not None  # noqa: S101 - the caller has the organisation from a foreign key
    return await get_setting(session, path, REVIEWS_REQUIRED)


async def has_written(session: AsyncSession, account_id: int, issue_id: int) -> bool:
    """Whether the account had a hand in the issue: wrote or changed it, or ever one of its lessons."""
    lessons = select(IssueLesson.lesson_id).where(IssueLesson.issue_id == issue_id)
    changes = select(DeskChange.id).where(
        or_(DeskChange.issue_id == issue_id, DeskChange.lesson_id.in_(lessons)),
        DeskChange.account_id == account_id,
        DeskChange.action.in_(WRITING),
    )
    mine = or_(Lesson.author_id == account_id, Lesson.changed_by == account_id)
    drafts = select(Issue.id).where(Issue.id == issue_id, Issue.author_id == account_id)
    found = select(
        or_(changes.exists(), drafts.exists(), select(Lesson.id).where(Lesson.id.in_(lessons), mine).exists())
    )
    return bool(await session.scalar(found))


async def list_reviews(
    session: AsyncSession, *, issue_id: int | None = None, correction_id: int | None = None
) -> list[ReviewOut]:
    """The approvals that count, of an issue or of a correction."""
    found = await session.execute(
        select(Account.id, Account.name, Review.at)
        .join(Review, Review.account_id == Account.id)
        .where(
            Review.issue_id == issue_id if issue_id is not None else Review.correction_id == correction_id,
            Review.voided_at.is_(None),
        )
        .order_by(Review.id)
    )
    return [ReviewOut(reviewer=Person(id=id_, name=name), at=at) for id_, name, at in found]


async def approve(
    session: AsyncSession,
    account_id: int,
    organisation_id: int,
    now: datetime,
    *,
    issue_id: int | None = None,
    correction_id: int | None = None,
) -> bool:
    """Adds an approval of an issue or a correction, which the caller holds; whether that is enough now.

    Raises `ReviewedAlready`.
    """
    given: Sequence[ReviewOut] = await list_reviews(session, issue_id=issue_id, correction_id=correction_id)
    if any(review.reviewer.id == account_id for review in given):
        raise ReviewedAlready
    session.add(Review(issue_id=issue_id, correction_id=correction_id, account_id=account_id, at=now))
    return len(given) + 1 >= await reviews_required(session, organisation_id)


async def void_reviews(session: AsyncSession, issue_id: int, now: datetime) -> None:
    """Nobody has approved what the issue will be: it is a draft again."""
    await session.execute(
        update(Review).where(Review.issue_id == issue_id, Review.voided_at.is_(None)).values(voided_at=now)
    )
