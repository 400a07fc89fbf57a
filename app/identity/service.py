"""Sign-in and sessions. Only digests of tokens are kept."""

import secrets
from datetime import datetime

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import (
    STAFF_ABSOLUTE,
    WECHAT_ABSOLUTE,
    CurrentStaff,
    token_digest,
)
from app.directory.models import Account, Organisation, Post, Session, WechatUser
from app.errors import Invalid, Unauthenticated
from app.identity.members import list_bound
from app.identity.schemas import BoundMember, PostOut


class WrongOwnPassword(Invalid):
    """The password in use was not given: no new one is set."""

    code = "wrong_own_password"
    detail = "当前密码不正确，密码没有修改。忘记密码请联系管理员重置。"


class WrongPassword(Unauthenticated):
    """Login and password do not go together; which of the two is wrong is not said."""

    code = "wrong_password"
    detail = "账号或密码不正确，请核对后重试。忘记密码请联系管理员重置。"


async def open_staff_session(session: AsyncSession, account: Account, now: datetime) -> tuple[str, datetime]:
    """A new session of an account: the token, which is kept nowhere, and when it ends.

    `account` is as it was when its password was looked at; raises `WrongPassword` where the password has been changed
    or the account disabled since.
    """
    unchanged = select(Account.id).where(
        Account.id == account.id, Account.password_hash == account.password_hash, Account.disabled_at.is_(None)
    )
    # Locked, so that a change that ends all sessions either sees this one or is seen here.
    if await session.scalar(unchanged.with_for_update(read=True)) is None:
        raise WrongPassword
    token = secrets.token_urlsafe(32)
    expires_at = now + STAFF_ABSOLUTE
    session.add(
        Session(
            token_digest=token_digest(token), account_id=account.id, created_at=now, seen_at=now, expires_at=expires_at
        )
    )
    audit.record(
        session,
        f"account:{account.id}",
        "session.opened",
        "account",
        account.id,
        now=now,
        organisation_id=account.organisation_id,
    )
    return token, expires_at


async def find_account(session: AsyncSession, login: str) -> Account | None:
    """The account of this login, unless it is disabled."""
    return await session.scalar(select(Account).where(Account.login == login, Account.disabled_at.is_(None)))


def record_refusal(session: AsyncSession, account: Account, now: datetime) -> None:
    """Puts a refused sign-in of a known account on record."""
    audit.record(
        session,
        "anonymous",
        "session.refused",
        "account",
        account.id,
        now=now,
        organisation_id=account.organisation_id,
    )


async def list_posts(session: AsyncSession, account_id: int, now: datetime) -> list[PostOut]:
    """The posts in force of an account, which give what `get_staff` says."""
    in_force = and_(Post.from_at <= now, or_(Post.until_at.is_(None), Post.until_at > now))
    rows = await session.execute(
        select(Post.role, Post.organisation_id, Organisation.name, Post.acting, Post.until_at)
        .join(Organisation, Organisation.id == Post.organisation_id)
        .where(Post.account_id == account_id, in_force, Organisation.archived_at.is_(None))
        .order_by(Post.id)
    )
    return [
        PostOut(role=role, organisation_id=where, organisation=name, acting=acting, until_at=until_at)
        for role, where, name, acting, until_at in rows
    ]


async def open_wechat_session(
    session: AsyncSession, appid: str, openid: str, unionid: str | None, now: datetime
) -> tuple[str, datetime, list[BoundMember]]:
    """A new session of a WeChat user, who is remembered on the first visit; the first bound member is in use."""
    statement = insert(WechatUser).values(appid=appid, openid=openid, unionid=unionid, created_at=now)
    statement = statement.on_conflict_do_update(
        index_elements=["appid", "openid"],
        set_={"unionid": func.coalesce(statement.excluded.unionid, WechatUser.unionid)},
    )
    user_id = await session.scalar(statement.returning(WechatUser.id))
    assert user_id is not None  # noqa: S101 - RETURNING of an upsert always has its row
    members = await list_bound(session, user_id)
    token = secrets.token_urlsafe(32)
    expires_at = now + WECHAT_ABSOLUTE
    session.add(
        Session(
            token_digest=token_digest(token),
            wechat_user_id=user_id,
            member_id=members[0].member_id if members else None,
            created_at=now,
            seen_at=now,
            expires_at=expires_at,
        )
    )
    return token, expires_at, members


async def end_session(session: AsyncSession, token: str, now: datetime) -> None:
    """Ends the session of this token; raises `Unauthenticated` where it has ended already."""
    ended = await session.scalar(
        update(Session)
        .where(Session.token_digest == token_digest(token), Session.revoked_at.is_(None), Session.expires_at > now)
        .values(revoked_at=now)
        .returning(Session.id)
    )
    if ended is None:
        raise Unauthenticated


async def change_password(
    session: AsyncSession, staff: CurrentStaff, old_hash: str, new_hash: str, now: datetime
) -> None:
    """Sets the own password, which the caller has checked and hashed; every other session of the account ends.

    Raises `WrongOwnPassword` where it has been changed since `old_hash` was read.
    """
    account = await session.get_one(Account, staff.account_id, with_for_update=True, populate_existing=True)
    if account.password_hash != old_hash:
        raise WrongOwnPassword
    account.password_hash = new_hash
    others = and_(Session.account_id == account.id, Session.id != staff.session_id, Session.revoked_at.is_(None))
    await session.execute(update(Session).where(others).values(revoked_at=now))
    audit.record(
        session, staff.actor, "account.password_changed", "account", account.id,
        now=now, organisation_id=account.organisation_id,
    )  # fmt: skip
