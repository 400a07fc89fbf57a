"""Separate duties (三员分立): administrator, security administrator and auditor are different people."""

from datetime import datetime

from sqlalchemy import func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.access.duties import OFFICERS, are_duties_separate, duties_are_separate
from app.access.principals import CurrentStaff, ancestors
from app.directory.models import Account, Organisation, Post
from app.errors import Conflict, Forbidden
from app.organisations.posts.rules import in_force, overlaps

OFFICER_NAMES = {"administrator": "管理员", "security_administrator": "安全管理员", "auditor": "审计员"}
MOST_NAMED = 20


class DutiesConflict(Conflict):
    """Somebody holds two of the three, or would."""

    code = "duties_conflict"


class OwnPost(Forbidden):
    """Whose only right is to appoint others does not appoint themselves."""

    code = "own_post"
    detail = "不能给自己任命或延长职务，请由另一名安全管理员办理。"


class NoSecurityAdministrator(Conflict):
    """Nobody would be left to appoint."""

    code = "no_security_administrator"
    detail = "启用三员分立后由安全管理员办理任职和重置密码。请先在该党组织或其上级任命一名安全管理员。"


async def check_not_own(
    session: AsyncSession, staff: CurrentStaff, account_id: int, organisation: Organisation
) -> None:
    """Raises `OwnPost` where a security administrator is about to appoint themselves."""
    if account_id != staff.account_id:
        return
    administers = any(organisation.path.startswith(path) for path in staff.paths("administrator"))
    if not administers or await are_duties_separate(session, organisation.id):
        raise OwnPost


async def check_apart(
    session: AsyncSession,
    account: Account,
    role: str,
    organisation: Organisation,
    begins: datetime,
    ends: datetime | None,
) -> None:
    """Raises `DutiesConflict` where the account holds another of the three in the same tree at the same time."""
    if role not in OFFICERS:
        return
    separate = await are_duties_separate(session, organisation.id)
    found = await session.execute(
        select(Post.role, Organisation.name)
        .join(Organisation, Organisation.id == Post.organisation_id)
        .where(
            Post.account_id == account.id,
            Post.role.in_(OFFICERS),
            Post.role != role,
            overlaps(begins, ends),
            func.starts_with(Organisation.path, f"/{ancestors(organisation.path)[0]}/"),
            or_(literal(separate), duties_are_separate()),
        )
        .order_by(Post.id)
        .limit(1)
    )
    held = found.first()
    if held is not None:
        raise DutiesConflict(
            f"三员分立：{account.name}已担任「{held.name}」的{OFFICER_NAMES[held.role]}，不能再任{OFFICER_NAMES[role]}。"
            "请改由其他人担任，或先结束原职务。"
        )


async def check_separable(session: AsyncSession, organisation: Organisation, now: datetime) -> None:
    """Raises `NoSecurityAdministrator` or `DutiesConflict`, which names who holds two of the three."""
    keeper = (
        select(Post.id)
        .join(Account, Account.id == Post.account_id)
        .where(
            Post.organisation_id.in_(ancestors(organisation.path)),
            Post.role == "security_administrator",
            in_force(now),
            Account.disabled_at.is_(None),
        )
    )
    if await session.scalar(keeper.limit(1)) is None:
        raise NoSecurityAdministrator
    one, other = aliased(Post), aliased(Post)
    here, there = aliased(Organisation), aliased(Organisation)
    found = await session.execute(
        select(Account.id, Account.name, one.role, other.role)
        .join(one, one.account_id == Account.id)
        .join(other, other.account_id == Account.id)
        .join(here, here.id == one.organisation_id)
        .join(there, there.id == other.organisation_id)
        .where(
            one.role.in_(OFFICERS),
            other.role.in_(OFFICERS),
            one.role < other.role,
            *(or_(post.until_at.is_(None), post.until_at > now) for post in (one, other)),
            or_(one.until_at.is_(None), one.until_at > other.from_at),
            or_(other.until_at.is_(None), other.until_at > one.from_at),
            *(func.starts_with(place.path, f"/{ancestors(organisation.path)[0]}/") for place in (here, there)),
            or_(*(func.starts_with(place.path, organisation.path) for place in (here, there))),
        )
        .distinct()
        .order_by(Account.id, one.role, other.role)
        .limit(MOST_NAMED)
    )
    held = found.all()
    if held:
        raise DutiesConflict(
            "三员分立要求管理员、安全管理员和审计员由不同的人担任。请先调整以下人员的职务："
            + "；".join(f"{name}（{OFFICER_NAMES[a]}、{OFFICER_NAMES[b]}）" for _, name, a, b in held)
            + "。",
            errors=[{"account_id": id_, "account": name, "roles": [a, b]} for id_, name, a, b in held],
        )
