"""Tying a WeChat user to a member of the roster, and untying them."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import CurrentMember, CurrentStaff, CurrentWechat, within
from app.db.vault import Vault
from app.directory.models import Binding, BindingRequest, BindingSlip, Member, Organisation, Session
from app.errors import Conflict, Invalid, NotFound
from app.identity.members import list_bound
from app.identity.schemas import BoundMember
from app.identity.slips import void_slips
from app.platforms.models import Channel

RESETTERS = ("leader", "security_administrator")


class WrongInviteCode(Invalid):
    """No living slip has this code."""

    code = "wrong_invite_code"
    detail = "绑定码不正确、已使用或已过期。请核对 8 位数字，或请支部书记重新发放。"


class AlreadyBound(Conflict):
    """The member is tied to another WeChat user."""

    code = "already_bound"
    detail = "该党员已绑定其他微信。如已更换手机或微信号，请支部书记先解除原绑定。"


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
    """Ties the WeChat user to the member of the slip, puts the member in use, and uses the slip up.

    Raises `WrongInviteCode` or `AlreadyBound`.
    """
    living = and_(
        BindingSlip.code_digest == vault.digest("binding slip", code),
        BindingSlip.used_at.is_(None),
        BindingSlip.voided_at.is_(None),
        BindingSlip.expires_at > now,
    )
    meant = await session.scalar(select(BindingSlip.member_id).where(living))
    # The member before the slip, as whoever voids slips does; then looked at again.
    member = await lock_member(session, meant) if meant is not None else None
    slip = await session.scalar(select(BindingSlip).where(living).with_for_update())
    if slip is None and await _used_by(session, vault, wechat, code):
        return await list_bound(session, wechat.wechat_user_id)
    if slip is None or member is None:
        raise WrongInviteCode
    holder = await holder_of(session, member.id)
    if holder is not None and holder.wechat_user_id != wechat.wechat_user_id:
        raise AlreadyBound
    slip.used_at = now
    await tie(session, wechat.wechat_user_id, member, wechat.actor, now, by="slip")
    await put_in_use(session, wechat, member.id)
    return await list_bound(session, wechat.wechat_user_id)


async def was_slip(session: AsyncSession, vault: Vault, code: str) -> bool:
    """Whether the code was ever handed out: who types an old one is not guessing."""
    digest = vault.digest("binding slip", code)
    return await session.scalar(select(BindingSlip.id).where(BindingSlip.code_digest == digest).limit(1)) is not None


async def put_in_use(session: AsyncSession, wechat: CurrentWechat, member_id: int) -> None:
    """From its next request on, this session acts as the member."""
    await session.execute(update(Session).where(Session.id == wechat.session_id).values(member_id=member_id))


async def lock_member(session: AsyncSession, member_id: int) -> Member | None:
    """The member, unless archived, held against whoever else binds or archives them."""
    return await session.scalar(
        select(Member)
        .where(Member.id == member_id, Member.archived_at.is_(None))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )


async def holder_of(session: AsyncSession, member_id: int) -> Binding | None:
    """The binding that the member has now."""
    return await session.scalar(select(Binding).where(Binding.member_id == member_id, Binding.ended_at.is_(None)))


async def tie(
    session: AsyncSession, wechat_user_id: int, member: Member, actor: str, now: datetime, *, by: str
) -> None:
    """Binds a member, whom the caller has locked and who is free or bound to this very user.

    What is asked for the member is settled by it: with yes for this WeChat user, with no for others.
    """
    if await holder_of(session, member.id) is None:
        session.add(Binding(wechat_user_id=wechat_user_id, member_id=member.id, created_at=now))
        await session.flush()
        audit.record(
            session, actor, "member.bound", "member", member.id,
            now=now, organisation_id=member.organisation_id, by=by,
        )  # fmt: skip
    # Whose sessions had nobody in use has somebody now.
    idle = and_(Session.wechat_user_id == wechat_user_id, Session.member_id.is_(None), Session.revoked_at.is_(None))
    await session.execute(update(Session).where(idle).values(member_id=member.id))
    own = and_(_open_for(member.id), BindingRequest.wechat_user_id == wechat_user_id)
    await session.execute(update(BindingRequest).where(own).values(state="approved", decided_at=now))
    await refuse_requests(session, member.id, now)


def _open_for(member_id: int) -> ColumnElement[bool]:
    return and_(BindingRequest.member_id == member_id, BindingRequest.state == "open")


async def refuse_requests(session: AsyncSession, member_id: int, now: datetime, by: int | None = None) -> None:
    """Ends what is still open: the member is taken, or is not to be had."""
    refused = update(BindingRequest).where(_open_for(member_id))
    await session.execute(refused.values(state="refused", decided_at=now, decided_by=by))


async def end_binding(session: AsyncSession, staff: CurrentStaff, member: Member, now: datetime) -> None:
    """Ends the binding of a member and every session that uses it, at once."""
    living = and_(Binding.member_id == member.id, Binding.ended_at.is_(None))
    ended = await session.execute(update(Binding).where(living).values(ended_at=now).returning(Binding.id))
    used = and_(Session.member_id == member.id, Session.revoked_at.is_(None))
    await session.execute(update(Session).where(used).values(revoked_at=now))
    audit.record(
        session, staff.actor, "member.unbound", "member", member.id,
        now=now, organisation_id=member.organisation_id, bindings=len(ended.all()),
    )  # fmt: skip


async def unbind(session: AsyncSession, staff: CurrentStaff, member_id: int, now: datetime) -> None:
    """Resets a member in reach: binding, sessions, slips and requests end; raises `NotFound`."""
    member = await session.scalar(
        select(Member)
        .join(Organisation, Organisation.id == Member.organisation_id)
        .where(Member.id == member_id, within(Organisation.path, staff.paths(*RESETTERS)))
        .with_for_update(of=Member, key_share=True)
    )
    if member is None:
        raise NotFound
    await end_binding(session, staff, member, now)
    await void_slips(session, [member_id], now)
    await refuse_requests(session, member_id, now, staff.account_id)


async def leave(session: AsyncSession, member: CurrentMember, now: datetime) -> list[BoundMember]:
    """The member unties themselves; this WeChat user's sessions go on with another member, or with none."""
    await lock_member(session, member.member_id)
    # Of this user only: a leader may have given the member to another one a moment ago.
    living = and_(
        Binding.member_id == member.member_id,
        Binding.wechat_user_id == member.wechat_user_id,
        Binding.ended_at.is_(None),
    )
    await session.execute(update(Binding).where(living).values(ended_at=now))
    left = await list_bound(session, member.wechat_user_id)
    used = and_(
        Session.member_id == member.member_id,
        Session.wechat_user_id == member.wechat_user_id,
        Session.revoked_at.is_(None),
    )
    await session.execute(update(Session).where(used).values(member_id=left[0].member_id if left else None))
    audit.record(
        session, member.actor, "member.left_binding", "member", member.member_id,
        now=now, organisation_id=member.organisation_id,
    )  # fmt: skip
    return left


async def record_refusal(session: AsyncSession, wechat: CurrentWechat, now: datetime) -> None:
    """Puts a wrong code on record where its mini-program belongs; what was typed is not."""
    place = await session.scalar(
        select(Channel.organisation_id).where(Channel.account == wechat.appid).order_by(Channel.id).limit(1)
    )
    audit.record(
        session, wechat.actor, "binding.refused", "wechat_user", wechat.wechat_user_id, now=now, organisation_id=place
    )
