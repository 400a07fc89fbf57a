"""When a post is in force, and what must not be left without anybody."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.duties import SEPARATE_DUTIES, duties_are_separate
from app.access.principals import ancestors
from app.directory.models import Account, Organisation, OrganisationSetting, Post
from app.errors import Conflict

# Without one of each nobody could appoint anybody.
INDISPENSABLE = ("administrator", "security_administrator")
TRUE = true()


class LastAdministrator(Conflict):
    """Without it nobody could appoint anybody any more."""

    code = "last_administrator"
    detail = (
        "这是最上级党组织的最后一名长期任职的管理员，不能撤销、停用或改为有期限。请先任命另一名不设结束时间的管理员。"
    )


class LastSecurityAdministrator(Conflict):
    """Where duties are separate, nobody else could appoint anybody."""

    code = "last_security_administrator"
    detail = (
        "该党组织或其下级已启用三员分立，这是最后一名长期任职的安全管理员，不能撤销、停用或改为有期限。"
        "请先任命另一名不设结束时间的安全管理员。"
    )


def not_over(at: datetime) -> ColumnElement[bool]:
    """The SQL of a post that is in force or to come."""
    return or_(Post.until_at.is_(None), Post.until_at > at)


def in_force(at: datetime) -> ColumnElement[bool]:
    """The SQL of a post that is in force."""
    return and_(Post.from_at <= at, not_over(at))


def overlaps(begins: datetime, ends: datetime | None) -> ColumnElement[bool]:
    """The SQL of a post that is in force at some time from `begins` until `ends`; a period without length is none."""
    lasts = or_(Post.until_at.is_(None), Post.until_at > func.greatest(Post.from_at, begins))
    return lasts if ends is None else and_(lasts, Post.from_at < ends)


async def check_not_last(session: AsyncSession, account: Account, now: datetime) -> None:
    """Raises `LastAdministrator` or `LastSecurityAdministrator` where the account is the one that appoints, or will."""
    held = and_(Post.account_id == account.id, Post.role.in_(INDISPENSABLE), not_over(now))
    posts = await session.scalars(select(Post).where(held).order_by(Post.organisation_id, Post.id))
    for post in posts.all():
        others = Post.account_id != account.id
        await check_others_remain(session, post.role, post.organisation_id, others, max(now, post.from_at))


async def check_others_remain(
    session: AsyncSession, role: str, organisation_id: int, others: ColumnElement[bool], at: datetime
) -> None:
    """Raises where somebody must hold the role in the organisation, and no other post gives it to anybody for good.

    Only a post without an end counts, begun by `at`: one that ends would leave nobody without anybody's doing.
    Administrators are needed at the top of a tree (`LastAdministrator`), security administrators over every
    organisation in which duties are separate (`LastSecurityAdministrator`).
    """
    if role not in INDISPENSABLE:
        return
    # Locked, so that two of them cannot dismiss each other at the same moment.
    path = await session.scalar(
        select(Organisation.path).where(Organisation.id == organisation_id).with_for_update(key_share=True)
    )
    if path is None:
        return
    if role == "administrator":
        places = ancestors(path)
        if len(places) == 1 and not await is_held(session, role, places, at, others):
            raise LastAdministrator
        return
    for separate in await separate_paths(session, path):
        if not await is_held(session, role, ancestors(separate), at, others):
            raise LastSecurityAdministrator


async def separate_paths(session: AsyncSession, path: str) -> list[str]:
    """Where duties are separate at `path` and below: what keeps them so at these paths keeps them so in between."""
    said = select(OrganisationSetting.organisation_id).where(OrganisationSetting.key == SEPARATE_DUTIES)
    found = await session.scalars(
        select(Organisation.path)
        .where(
            func.starts_with(Organisation.path, path),
            Organisation.archived_at.is_(None),
            duties_are_separate(),
            or_(Organisation.path == path, Organisation.id.in_(said)),
        )
        .order_by(Organisation.path)
    )
    return list(found)


async def is_held(
    session: AsyncSession, role: str, places: list[int], at: datetime, others: ColumnElement[bool] = TRUE
) -> bool:
    """Whether one of these `others` gives the role in one of the organisations, from `at` or before and for good."""
    found = await session.scalar(
        select(Post.id)
        .join(Account, Account.id == Post.account_id)
        .join(Organisation, Organisation.id == Post.organisation_id)
        .where(
            Post.organisation_id.in_(places),
            Post.role == role,
            Post.from_at <= at,
            Post.until_at.is_(None),
            Account.disabled_at.is_(None),
            Organisation.archived_at.is_(None),
            others,
        )
        .limit(1)
    )
    return found is not None
