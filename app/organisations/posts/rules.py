"""When a post is in force, and what must not be left without anybody."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.duties import are_duties_separate
from app.access.principals import ancestors
from app.directory.models import Account, Organisation, Post
from app.errors import Conflict

# Without one of each nobody could appoint anybody.
INDISPENSABLE = ("administrator", "security_administrator")


class LastAdministrator(Conflict):
    """Without it nobody could appoint anybody any more."""

    code = "last_administrator"
    detail = "这是最上级党组织的最后一名管理员，不能撤销或停用。请先任命另一名管理员。"


class LastSecurityAdministrator(Conflict):
    """Where duties are separate, nobody else could appoint anybody."""

    code = "last_security_administrator"
    detail = "该党组织已启用三员分立，这是最后一名安全管理员，不能撤销或停用。请先任命另一名安全管理员。"


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
    """Raises `LastAdministrator` or `LastSecurityAdministrator` where the account is the one that appoints."""
    held = and_(Post.account_id == account.id, Post.role.in_(INDISPENSABLE), in_force(now))
    rows = await session.execute(select(Post.role, Post.organisation_id).where(held).distinct())
    for role, organisation_id in sorted((role, place) for role, place in rows):
        await check_others_remain(session, role, organisation_id, Post.account_id != account.id, now)


async def check_others_remain(
    session: AsyncSession, role: str, organisation_id: int, others: ColumnElement[bool], at: datetime
) -> None:
    """Raises where somebody must hold the role in the organisation, and no other post gives it to anybody then.

    Administrators are needed at the top of a tree (`LastAdministrator`), security administrators where duties are
    separate (`LastSecurityAdministrator`).
    """
    if role not in INDISPENSABLE:
        return
    # Locked, so that two of them cannot dismiss each other at the same moment.
    path = await session.scalar(
        select(Organisation.path).where(Organisation.id == organisation_id).with_for_update(key_share=True)
    )
    if path is None:
        return
    places = ancestors(path)
    if role == "administrator":
        if len(places) == 1 and not await _is_held(session, role, places, others, at):
            raise LastAdministrator
    elif await are_duties_separate(session, organisation_id) and not await _is_held(session, role, places, others, at):
        raise LastSecurityAdministrator


async def _is_held(
    session: AsyncSession, role: str, places: list[int], others: ColumnElement[bool], at: datetime
) -> bool:
    found = await session.scalar(
        select(Post.id)
        .join(Account, Account.id == Post.account_id)
        .join(Organisation, Organisation.id == Post.organisation_id)
        .where(
            Post.organisation_id.in_(places),
            Post.role == role,
            in_force(at),
            Account.disabled_at.is_(None),
            Organisation.archived_at.is_(None),
            others,
        )
        .limit(1)
    )
    return found is not None
