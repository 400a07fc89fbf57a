"""Accounts of staff, and the posts that give them their rights."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select, true, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import CurrentStaff, ancestors, within
from app.directory.models import Account, Organisation, Post, Session
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.organisations.schemas import AccountIn, AccountPatch, HeldPostOut, PostIn
from app.organisations.service import find_organisation


class LoginTaken(Conflict):
    """Logins are unique over all organisations."""

    code = "login_taken"
    detail = "这个登录名已被使用，请换一个。"


class WeakPassword(Invalid):
    """A password that would be guessed first."""

    code = "weak_password"
    detail = "密码过于简单：不能包含登录名，也不能只由一个字符重复组成，请换一个。"


class BadPeriod(Invalid):
    """A post that would never be in force."""

    code = "bad_period"
    detail = "任期的结束时间应晚于开始时间，也应晚于现在，请修改。"


class PostExists(Conflict):
    """The account has this role there already."""

    code = "post_exists"
    detail = "该账号在这个党组织已有同一职务，且任期重叠，无需重复添加。"


class AccountOutranks(Forbidden):
    """The account holds a post beyond the administrator's own reach."""

    code = "account_outranks"
    detail = "该账号还担任上级或其他党组织的职务，请由那里的管理员重置密码或停用。"


class LastAdministrator(Conflict):
    """Without it nobody could appoint anybody any more."""

    code = "last_administrator"
    detail = "这是最上级党组织的最后一名管理员，不能撤销或停用。请先任命另一名管理员。"


def check_password(login: str, password: str) -> None:
    """Raises `WeakPassword`."""
    if login.lower() in password.lower() or len(set(password)) == 1:
        raise WeakPassword


async def create_account(
    session: AsyncSession, *, organisation_id: int, login: str, name: str, password_hash: str, actor: str, now: datetime
) -> Account:
    """A new account with a password that the caller has checked and hashed; raises `LoginTaken`."""
    account = Account(
        organisation_id=organisation_id, login=login, name=name, password_hash=password_hash, created_at=now
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
        actor=staff.actor,
        now=now,
    )


async def _account(session: AsyncSession, account_id: int, staff: CurrentStaff) -> Account:
    found = await session.scalar(
        select(Account)
        .join(Organisation, Organisation.id == Account.organisation_id)
        .where(Account.id == account_id, within(Organisation.path, staff.paths("administrator")))
        .with_for_update(of=Account)
    )
    if found is None:
        raise NotFound
    return found


async def _check_outranked(session: AsyncSession, staff: CurrentStaff, account_id: int, now: datetime) -> None:
    """Whoever sets a password can act as its owner: every post of the account must lie in the administrator's reach."""
    beyond = await session.scalar(
        select(Post.id)
        .join(Organisation, Organisation.id == Post.organisation_id)
        .where(
            Post.account_id == account_id,
            or_(Post.until_at.is_(None), Post.until_at > now),
            ~within(Organisation.path, staff.paths("administrator")),
        )
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
    """Changes an account; raises `NotFound`, `AccountOutranks`, `WeakPassword` or `LastAdministrator`."""
    account = await _account(session, account_id, staff)
    if body.password is not None or body.disabled is not None:
        await _check_outranked(session, staff, account_id, now)
    if body.name is not None:
        account.name = body.name
    if body.password is not None and password_hash is not None:
        check_password(account.login, body.password)
        account.password_hash = password_hash
    if body.disabled is True and account.disabled_at is None:
        await _check_not_last(session, account, now)
        account.disabled_at = now
    if body.disabled is False:
        account.disabled_at = None
    if body.password is not None or body.disabled:
        await session.execute(
            update(Session).where(Session.account_id == account_id, Session.revoked_at.is_(None)).values(revoked_at=now)
        )
    audit.record(
        session, staff.actor, "account.changed", "account", account_id,
        now=now, organisation_id=account.organisation_id, fields=sorted(body.model_dump(exclude_none=True)),
    )  # fmt: skip
    return account


async def list_accounts(session: AsyncSession, staff: CurrentStaff, *, after: int | None, limit: int) -> list[Account]:
    """Accounts managed by organisations in reach, by id, one more than `limit` where there is a next page."""
    statement = (
        select(Account)
        .join(Organisation, Organisation.id == Account.organisation_id)
        .where(within(Organisation.path, staff.paths("administrator")), Account.id > (after or 0))
        .order_by(Account.id)
        .limit(limit + 1)
    )
    return list(await session.scalars(statement))


async def create_post(
    session: AsyncSession,
    *,
    account_id: int,
    organisation_id: int,
    role: str,
    actor: str,
    now: datetime,
    from_at: datetime | None = None,
    until_at: datetime | None = None,
) -> Post:
    """Gives an account a role from `from_at` (now) until `until_at` (no end); raises `BadPeriod` or `PostExists`."""
    begins = from_at or now
    if until_at is not None and until_at <= max(begins, now):
        raise BadPeriod
    # One appointment of an account at a time, so that two of them cannot both find it free.
    await session.execute(select(Account.id).where(Account.id == account_id).with_for_update())
    overlaps = and_(
        or_(Post.until_at.is_(None), Post.until_at > begins), Post.from_at < until_at if until_at else true()
    )
    same = and_(Post.account_id == account_id, Post.organisation_id == organisation_id, Post.role == role)
    if await session.scalar(select(Post.id).where(same, overlaps).limit(1)):
        raise PostExists
    post = Post(account_id=account_id, organisation_id=organisation_id, role=role, from_at=begins, until_at=until_at)
    session.add(post)
    await session.flush()
    audit.record(
        session, actor, "post.created", "post", post.id,
        now=now, organisation_id=organisation_id, account_id=account_id, role=role,
    )  # fmt: skip
    return post


async def appoint(session: AsyncSession, staff: CurrentStaff, body: PostIn, now: datetime) -> HeldPostOut:
    """A post for an account in reach in an organisation in reach; raises `NotFound`, `BadPeriod` or `PostExists`."""
    organisation = await find_organisation(session, body.organisation_id, staff.paths("administrator"))
    account = await _account(session, body.account_id, staff)
    post = await create_post(
        session,
        account_id=account.id,
        organisation_id=organisation.id,
        role=body.role,
        actor=staff.actor,
        now=now,
        from_at=body.from_at,
        until_at=body.until_at,
    )
    return _shown(post, account.name, organisation.name)


def _shown(post: Post, account: str, organisation: str) -> HeldPostOut:
    return HeldPostOut(
        id=post.id,
        account_id=post.account_id,
        account=account,
        organisation_id=post.organisation_id,
        organisation=organisation,
        role=post.role,
        from_at=post.from_at,
        until_at=post.until_at,
    )


def _not_over(now: datetime) -> ColumnElement[bool]:
    return or_(Post.until_at.is_(None), Post.until_at > now)


async def list_posts(
    session: AsyncSession,
    staff: CurrentStaff,
    organisation_id: int | None,
    *,
    after: int | None,
    limit: int,
    now: datetime,
) -> list[HeldPostOut]:
    """Posts in reach (or of one organisation) that are not over, by id, one more than `limit` where there is more."""
    paths = staff.paths("administrator")
    statement = (
        select(Post, Account.name, Organisation.name)
        .join(Account, Account.id == Post.account_id)
        .join(Organisation, Organisation.id == Post.organisation_id)
        .where(within(Organisation.path, paths), _not_over(now), Post.id > (after or 0))
        .order_by(Post.id)
        .limit(limit + 1)
    )
    if organisation_id is not None:
        await find_organisation(session, organisation_id, paths)
        statement = statement.where(Post.organisation_id == organisation_id)
    return [_shown(*row) for row in await session.execute(statement)]


async def end_post(session: AsyncSession, staff: CurrentStaff, post_id: int, now: datetime) -> None:
    """Ends a post now, once; raises `NotFound` or `LastAdministrator`."""
    post = await session.scalar(
        select(Post)
        .join(Organisation, Organisation.id == Post.organisation_id)
        .where(Post.id == post_id, within(Organisation.path, staff.paths("administrator")))
        .with_for_update(of=Post)
    )
    if post is None:
        raise NotFound
    if post.until_at is not None and post.until_at <= now:
        return
    if post.role == "administrator" and post.from_at <= now:
        await _check_others_remain(session, post.organisation_id, Post.id != post.id, now)
    post.until_at = now
    audit.record(
        session, staff.actor, "post.ended", "post", post.id,
        now=now, organisation_id=post.organisation_id, account_id=post.account_id, role=post.role,
    )  # fmt: skip


async def _check_not_last(session: AsyncSession, account: Account, now: datetime) -> None:
    """An account cannot be disabled while it is the one that administers a whole tree."""
    held = and_(Post.account_id == account.id, Post.role == "administrator", Post.from_at <= now, _not_over(now))
    for organisation_id in sorted(set(await session.scalars(select(Post.organisation_id).where(held)))):
        await _check_others_remain(session, organisation_id, Post.account_id != account.id, now)


async def _check_others_remain(
    session: AsyncSession, organisation_id: int, others: ColumnElement[bool], now: datetime
) -> None:
    """Raises `LastAdministrator` where the organisation is the top of its tree and no other post administers it."""
    # Locked, so that two administrators cannot dismiss each other at the same moment.
    path = await session.scalar(
        select(Organisation.path).where(Organisation.id == organisation_id).with_for_update(key_share=True)
    )
    if path is None or len(ancestors(path)) > 1:
        return
    remaining = await session.scalar(
        select(func.count())
        .select_from(Post)
        .join(Account, Account.id == Post.account_id)
        .where(
            Post.organisation_id == organisation_id,
            Post.role == "administrator",
            Post.from_at <= now,
            _not_over(now),
            Account.disabled_at.is_(None),
            others,
        )
    )
    if not remaining:
        raise LastAdministrator
