"""Accounts of staff: opened, changed, signed out. What they may do is said by their posts."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.duties import KEEPERS_OF_POSTS, check_keeps_posts, keeps_posts
from app.access.principals import CurrentStaff, within
from app.directory.models import Account, Organisation, Post, Session
from app.errors import Conflict, Forbidden, NotFound
from app.identity.passwords import check_password
from app.organisations.posts.rules import check_not_last, not_over
from app.organisations.schemas import AccountIn, AccountPatch
from app.organisations.service import find_organisation


class LoginTaken(Conflict):
    """Logins are unique over all organisations."""

    code = "login_taken"
    detail = "这个登录名已被使用，请换一个。"


class AccountOutranks(Forbidden):
    """The account holds a post beyond the caller's own reach."""

    code = "account_outranks"
    detail = "该账号还担任上级或其他党组织的职务，请由那里的管理员或安全管理员办理。"


class OwnPassword(Conflict):
    """One's own password is changed by who knows the present one: a session left open does not suffice."""

    code = "own_password"
    detail = "修改自己的密码请使用「修改密码」，并输入当前密码。"


async def create_account(
    session: AsyncSession,
    *,
    organisation_id: int,
    login: str,
    name: str,
    password_hash: str,
    actor: str,
    now: datetime,
    password_from: int | None = None,
) -> Account:
    """A new account with a password that the caller has checked and hashed; raises `LoginTaken`."""
    account = Account(
        organisation_id=organisation_id,
        login=login,
        name=name,
        password_hash=password_hash,
        password_from=password_from,
        created_at=now,
    )
    session.add(account)
    try:
        await session.flush()
    except IntegrityError:
        raise LoginTaken from None
    audit.record(session, actor, "account.created", "account", account.id, now=now, organisation_id=organisation_id)
    return account


async def create_managed_account(
    session: AsyncSession, staff: CurrentStaff, body: AccountIn, password_hash: str, now: datetime
) -> Account:
    """An account of an organisation in reach; raises `NotFound`, `WeakPassword` or `LoginTaken`."""
    organisation = await find_organisation(session, body.organisation_id, staff.paths("administrator"))
    check_password(body.login, body.password)
    return await create_account(
        session,
        organisation_id=organisation.id,
        login=body.login,
        name=body.name,
        password_hash=password_hash,
        password_from=staff.account_id,
        actor=staff.actor,
        now=now,
    )


async def find_account(session: AsyncSession, account_id: int, staff: CurrentStaff) -> Account:
    """An account of an organisation in reach of whoever opens accounts or appoints, held; raises `NotFound`."""
    found = await session.scalar(
        select(Account)
        .join(Organisation, Organisation.id == Account.organisation_id)
        .where(Account.id == account_id, within(Organisation.path, staff.paths(*KEEPERS_OF_POSTS)))
        .with_for_update(of=Account)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound
    return found


async def _check_outranked(session: AsyncSession, staff: CurrentStaff, account: Account, now: datetime) -> None:
    """Whoever sets a password can act as its owner: every post of the account must be in the hands of `staff`."""
    managing = await session.get_one(Organisation, account.organisation_id)
    await check_keeps_posts(session, staff, managing)
    beyond = await session.scalar(
        select(Post.id)
        .join(Organisation, Organisation.id == Post.organisation_id)
        .where(Post.account_id == account.id, not_over(now), ~keeps_posts(staff))
        .limit(1)
    )
    if beyond is not None:
        raise AccountOutranks


async def change_account(
    session: AsyncSession,
    staff: CurrentStaff,
    account_id: int,
    body: AccountPatch,
    password_hash: str | None,
    now: datetime,
) -> Account:
    """Changes an account: its name is the administrator's to change, the rest is for whoever keeps the posts.

    Raises `NotFound`, `Forbidden`, `OwnPassword`, `DutiesSeparated`, `AccountOutranks`, `WeakPassword`,
    `LastAdministrator` or `LastSecurityAdministrator`.
    """
    account = await find_account(session, account_id, staff)
    if body.password is not None and account_id == staff.account_id:
        raise OwnPassword
    if body.password is not None or body.disabled is not None:
        await _check_outranked(session, staff, account, now)
    if body.name is not None:
        await _check_administered(session, staff, account)
        account.name = body.name
    if body.password is not None and password_hash is not None:
        check_password(account.login, body.password)
        account.password_hash, account.password_from = password_hash, staff.account_id
    if body.disabled is True and account.disabled_at is None:
        await check_not_last(session, account, now)
        account.disabled_at = now
    if body.disabled is False:
        account.disabled_at = None
    if body.password is not None or body.disabled:
        await _revoke_sessions(session, account_id, now)
    audit.record(
        session, staff.actor, "account.changed", "account", account_id,
        now=now, organisation_id=account.organisation_id, fields=sorted(body.model_dump(exclude_none=True)),
    )  # fmt: skip
    return account


async def _check_administered(session: AsyncSession, staff: CurrentStaff, account: Account) -> None:
    managing = await session.get_one(Organisation, account.organisation_id)
    if not any(managing.path.startswith(path) for path in staff.paths("administrator")):
        raise Forbidden


async def _revoke_sessions(session: AsyncSession, account_id: int, now: datetime) -> int:
    """Ends the sessions of an account; gives how many there were."""
    living = update(Session).where(Session.account_id == account_id, Session.revoked_at.is_(None))
    ended = await session.scalars(living.values(revoked_at=now).returning(Session.id))
    return len(ended.all())


async def end_sessions(session: AsyncSession, staff: CurrentStaff, account_id: int, now: datetime) -> None:
    """Signs an account out everywhere; raises `NotFound`, `DutiesSeparated` or `AccountOutranks`."""
    account = await find_account(session, account_id, staff)
    await _check_outranked(session, staff, account, now)
    ended = await _revoke_sessions(session, account_id, now)
    audit.record(
        session, staff.actor, "account.signed_out", "account", account_id,
        now=now, organisation_id=account.organisation_id, sessions=ended,
    )  # fmt: skip


async def list_accounts(session: AsyncSession, staff: CurrentStaff, *, after: int | None, limit: int) -> list[Account]:
    """Accounts managed by organisations in reach, by id, one more than `limit` where there is a next page."""
    statement = (
        select(Account)
        .join(Organisation, Organisation.id == Account.organisation_id)
        .where(within(Organisation.path, staff.paths(*KEEPERS_OF_POSTS)), Account.id > (after or 0))
        .order_by(Account.id)
        .limit(limit + 1)
    )
    return list(await session.scalars(statement))
