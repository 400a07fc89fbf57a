"""Posts as they are looked at."""

from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.duties import KEEPERS_OF_POSTS
from app.access.principals import CurrentStaff, within
from app.directory.models import Account, Organisation, Post
from app.errors import NotFound
from app.organisations.posts.rules import in_force, not_over
from app.organisations.posts.schemas import HeldPostOut


def shown(post: Post, account: str, organisation: str) -> HeldPostOut:
    """A post with the names that go with it."""
    return HeldPostOut(
        id=post.id,
        account_id=post.account_id,
        account=account,
        organisation_id=post.organisation_id,
        organisation=organisation,
        role=post.role,
        acting=post.acting,
        from_at=post.from_at,
        until_at=post.until_at,
    )


async def list_posts(
    session: AsyncSession,
    staff: CurrentStaff,
    *,
    account_id: int | None,
    organisation_id: int | None,
    history: bool,
    after: int | None,
    limit: int,
    now: datetime,
) -> list[HeldPostOut]:
    """Posts in reach that are not over, with `history` all, by id, one more than `limit` where there is more.

    `organisation_id`: of this organisation itself, archived or not. Raises `NotFound`.
    """
    paths = staff.paths(*KEEPERS_OF_POSTS)
    statement = (
        select(Post, Account.name, Organisation.name)
        .join(Account, Account.id == Post.account_id)
        .join(Organisation, Organisation.id == Post.organisation_id)
        .where(within(Organisation.path, paths), Post.id > (after or 0))
        .order_by(Post.id)
        .limit(limit + 1)
    )
    if not history:
        statement = statement.where(not_over(now))
    if account_id is not None:
        statement = statement.where(Post.account_id == account_id)
    if organisation_id is not None:
        known = select(Organisation.id).where(Organisation.id == organisation_id, within(Organisation.path, paths))
        if await session.scalar(known) is None:
            raise NotFound
        statement = statement.where(Post.organisation_id == organisation_id)
    return [shown(*row) for row in await session.execute(statement)]


async def find_post(
    session: AsyncSession, staff: CurrentStaff, post_id: int, *, own: datetime | None = None
) -> tuple[Post, Account, Organisation]:
    """A post in reach, its holder and its organisation; raises `NotFound`.

    With `own` one that is the caller's at that time as well.
    """
    reach = within(Organisation.path, staff.paths(*KEEPERS_OF_POSTS))
    if own is not None:
        reach = or_(reach, and_(Post.account_id == staff.account_id, in_force(own), Organisation.archived_at.is_(None)))
    row = await session.execute(
        select(Post, Account, Organisation)
        .join(Account, Account.id == Post.account_id)
        .join(Organisation, Organisation.id == Post.organisation_id)
        .where(Post.id == post_id, reach)
        .execution_options(populate_existing=True)
    )
    found = row.first()
    if found is None:
        raise NotFound
    return found[0], found[1], found[2]
