"""Sign-in, sessions and binding. Only digests of tokens and codes are kept."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import and_, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import (
    STAFF_ABSOLUTE,
    WECHAT_ABSOLUTE,
    CurrentStaff,
    CurrentWechat,
    token_digest,
    within,
)
from app.db.vault import Vault
from app.directory.models import Account, Binding, BindingSlip, Member, Organisation, Post, Session, WechatUser
from app.errors import Conflict, Invalid, NotFound, Unauthenticated
from app.identity.members import list_bound
from app.identity.schemas import BoundMember, PostOut

SLIP_LIFE = timedelta(days=14)


class WrongPassword(Unauthenticated):
    """Login and password do not go together; which of the two is wrong is not said."""

    code = "wrong_password"
    detail = "账号或密码不正确，请核对后重试。忘记密码请联系管理员重置。"


class WrongInviteCode(Invalid):
    """No living slip has this code."""

    code = "wrong_invite_code"
    detail = "绑定码不正确、已使用或已过期。请核对 8 位数字，或请支部书记重新发放。"


class AlreadyBound(Conflict):
    """The member is tied to another WeChat user."""

    code = "already_bound"
    detail = "该党员已绑定其他微信。如已更换手机或微信号，请支部书记先解除原绑定。"


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
    """The posts in force of an account."""
    rows = await session.execute(
        select(Post.role, Post.organisation_id, Organisation.name)
        .join(Organisation, Organisation.id == Post.organisation_id)
        .where(Post.account_id == account_id, Post.from_at <= now, (Post.until_at.is_(None)) | (Post.until_at > now))
        .order_by(Post.id)
    )
    return [PostOut(role=role, organisation_id=where, organisation=name) for role, where, name in rows]


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


async def issue_slips(
    session: AsyncSession,
    vault: Vault,
    staff: CurrentStaff,
    organisation_id: int,
    member_ids: list[int] | None,
    now: datetime,
) -> list[tuple[int, str, str, datetime]]:
    """One-use codes, as (member id, name, code, expiry), for members of the organisation itself and its subtree.

    Without `member_ids`: for all that are not bound. A new slip voids the older ones of its member. Raises `NotFound`
    where the organisation or a member is out of reach.
    """
    led = within(Organisation.path, staff.paths("leader"))
    path = await session.scalar(select(Organisation.path).where(Organisation.id == organisation_id, led))
    if path is None:
        raise NotFound
    statement = (
        select(Member.id, Member.name)
        .join(Organisation, Organisation.id == Member.organisation_id)
        .where(within(Organisation.path, [path]), Member.archived_at.is_(None))
        .order_by(Member.id)
        # Locked, so that a member never has two living slips.
        .with_for_update(of=Member, key_share=True)
    )
    if member_ids is None:
        bound = select(Binding.id).where(Binding.member_id == Member.id, Binding.ended_at.is_(None))
        statement = statement.where(~bound.exists())
    else:
        statement = statement.where(Member.id.in_(member_ids))
    members = (await session.execute(statement)).all()
    if member_ids is not None and len(members) != len(set(member_ids)):
        raise NotFound
    living = and_(BindingSlip.used_at.is_(None), BindingSlip.voided_at.is_(None))
    ids = [member_id for member_id, _ in members]
    await session.execute(update(BindingSlip).where(BindingSlip.member_id.in_(ids), living).values(voided_at=now))
    codes = await _fresh_codes(session, vault, len(members))
    slips = [(member_id, name, code, now + SLIP_LIFE) for (member_id, name), code in zip(members, codes, strict=True)]
    session.add_all(
        BindingSlip(
            code_digest=vault.digest("binding slip", code),
            member_id=member_id,
            issued_by=staff.account_id,
            created_at=now,
            expires_at=expires_at,
        )
        for member_id, _, code, expires_at in slips
    )
    audit.record(
        session, staff.actor, "slips.issued", "organisation", organisation_id,
        now=now, organisation_id=organisation_id, count=len(slips),
    )  # fmt: skip
    return slips


async def _fresh_codes(session: AsyncSession, vault: Vault, count: int) -> list[str]:
    """`count` different codes that no living slip has."""
    codes: dict[bytes, str] = {}
    while len(codes) < count:
        drawn = (f"{secrets.randbelow(10**8):08d}" for _ in range(count - len(codes)))
        fresh = {vault.digest("binding slip", code): code for code in drawn}
        taken = await session.scalars(
            select(BindingSlip.code_digest).where(
                BindingSlip.code_digest.in_(fresh), BindingSlip.used_at.is_(None), BindingSlip.voided_at.is_(None)
            )
        )
        for digest in taken:
            del fresh[digest]
        codes |= fresh
    return list(codes.values())


async def _used_by(session: AsyncSession, vault: Vault, wechat: CurrentWechat, code: str) -> bool:
    """Whether this WeChat user has used this very slip: the answer was lost on the way, and the phone asks again."""
    found = await session.scalar(
        select(BindingSlip.id)
        .join(Binding, and_(Binding.member_id == BindingSlip.member_id, Binding.ended_at.is_(None)))
        .where(
            BindingSlip.code_digest == vault.digest("binding slip", code),
            BindingSlip.used_at.is_not(None),
            Binding.wechat_user_id == wechat.wechat_user_id,
        )
        .limit(1)
    )
    return found is not None


async def bind(
    session: AsyncSession, vault: Vault, wechat: CurrentWechat, code: str, now: datetime
) -> list[BoundMember]:
    """Ties the WeChat user to the member of the slip, puts the member in use, and uses the slip up."""
    slip = await session.scalar(
        select(BindingSlip)
        .where(
            BindingSlip.code_digest == vault.digest("binding slip", code),
            BindingSlip.used_at.is_(None),
            BindingSlip.voided_at.is_(None),
            BindingSlip.expires_at > now,
        )
        .with_for_update()
    )
    if slip is None and await _used_by(session, vault, wechat, code):
        return await list_bound(session, wechat.wechat_user_id)
    member = await session.get(Member, slip.member_id) if slip else None
    if slip is None or member is None or member.archived_at is not None:
        raise WrongInviteCode
    holder = await session.scalar(select(Binding).where(Binding.member_id == member.id, Binding.ended_at.is_(None)))
    if holder is not None and holder.wechat_user_id != wechat.wechat_user_id:
        raise AlreadyBound
    if holder is None:
        session.add(Binding(wechat_user_id=wechat.wechat_user_id, member_id=member.id, created_at=now))
    slip.used_at = now
    await session.execute(update(Session).where(Session.id == wechat.session_id).values(member_id=member.id))
    audit.record(
        session, wechat.actor, "member.bound", "member", member.id, now=now, organisation_id=member.organisation_id
    )
    await session.flush()
    return await list_bound(session, wechat.wechat_user_id)


async def unbind(session: AsyncSession, staff: CurrentStaff, member_id: int, now: datetime) -> None:
    """Ends the binding of a member in the leader's reach and the sessions that use it; raises `NotFound`."""
    member = await session.scalar(
        select(Member)
        .join(Organisation, Organisation.id == Member.organisation_id)
        .where(Member.id == member_id, within(Organisation.path, staff.paths("leader")))
    )
    if member is None:
        raise NotFound
    living = and_(Binding.member_id == member_id, Binding.ended_at.is_(None))
    ended = await session.execute(update(Binding).where(living).values(ended_at=now).returning(Binding.id))
    await session.execute(
        update(Session).where(Session.member_id == member_id, Session.revoked_at.is_(None)).values(revoked_at=now)
    )
    audit.record(
        session, staff.actor, "member.unbound", "member", member_id,
        now=now, organisation_id=member.organisation_id, bindings=len(ended.all()),
    )  # fmt: skip
