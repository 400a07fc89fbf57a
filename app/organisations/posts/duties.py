"""Separate duties (三员分立): administrator, security administrator and auditor are different people."""

from datetime import datetime

from sqlalchemy import false, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.access.duties import OFFICERS, are_duties_separate, duties_are_separate
from app.access.principals import CurrentStaff, ancestors
from app.directory.models import Account, Organisation, Post
from app.errors import Conflict, Forbidden
from app.organisations.posts.rules import is_held, overlaps, separate_paths

OFFICER_NAMES = {"administrator": "管理员", "security_administrator": "安全管理员", "auditor": "审计员"}
# Those who watch over administrators.
WATCHERS = ("security_administrator", "auditor")
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
    detail = (
        "启用三员分立后由安全管理员办理任职和重置密码。"
        "请先在启用三员分立的党组织或其上级任命一名安全管理员（不设结束时间）。"
    )


class PasswordKnown(Conflict):
    """Whoever gave an account its password could act as the officer."""

    code = "password_known"
    detail = (
        "三员分立：该账号的密码由其他人设置，设置人可以用它登录。"
        "请先为该账号重置密码并当面交给本人，再任命为安全管理员或审计员。"
    )


class SeparationLost(Conflict):
    """Who is bound by separate duties does not leave them by changing the tree."""

    code = "separation_lost"
    detail = (
        "该党组织实行三员分立，而去往的党组织没有实行，不能这样调整。"
        "请先由安全管理员为该党组织本身（合并时为接收的党组织）启用三员分立，或在其中关闭，再调整。"
    )


async def check_not_own(
    session: AsyncSession, staff: CurrentStaff, account_id: int, organisation: Organisation
) -> None:
    """Raises `OwnPost` where a security administrator is about to appoint themselves."""
    if account_id != staff.account_id:
        return
    administers = any(organisation.path.startswith(path) for path in staff.paths("administrator"))
    if not administers or await are_duties_separate(session, organisation.id):
        raise OwnPost


async def check_password_unknown(
    session: AsyncSession, staff: CurrentStaff, account: Account, role: str, organisation: Organisation
) -> None:
    """Raises `PasswordKnown` where duties are separate and another than who appoints has given the password."""
    if role not in WATCHERS or account.password_from in (None, staff.account_id):
        return
    if await are_duties_separate(session, organisation.id):
        raise PasswordKnown


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


async def check_separation_kept(
    session: AsyncSession, was_separate: bool, organisation: Organisation, now: datetime
) -> None:
    """After a change of the tree by which people have come to where `organisation` stands.

    Raises `SeparationLost` where their duties were separate and are so no longer, and what `check_separable` does.
    """
    if was_separate and not await are_duties_separate(session, organisation.id):
        raise SeparationLost
    await check_separable(session, organisation, now)


async def check_separable(session: AsyncSession, organisation: Organisation, now: datetime) -> None:
    """Holds the posts against separate duties in an organisation and below it, wherever duties are separate there.

    Raises `NoSecurityAdministrator`, or `DutiesConflict`, which names who holds two of the three.
    """
    paths = await separate_paths(session, organisation.path)
    for path in paths:
        if not await is_held(session, "security_administrator", ancestors(path), now):
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
            or_(false(), *(func.starts_with(place.path, path) for path in paths for place in (here, there))),
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
