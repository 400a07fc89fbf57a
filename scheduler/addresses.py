"""Where a channel reaches its members: one query a round, by the kind of address that its platform knows people by."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ARRAY, BIGINT, Select, any_, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.access.principals import notice_in_force
from app.db.vault import Vault
from app.directory.models import Binding, Member, Organisation, WechatUser
from app.platforms.models import Channel, ChannelAddress
from scheduler.adapters.base import AdapterKind


@dataclass(frozen=True)
class Address:
    """What an envelope is addressed to; `user` is the WeChat user whose subscriptions count, 0 where none do."""

    text: str
    user: int = 0


NOBODY = Address("")
Found = dict[int, Address | str]


async def find(
    session: AsyncSession, vault: Vault, channel: Channel, kind: AdapterKind, members: Collection[int]
) -> Found:
    """The address of each member, or the reason why there is none.

    What leaves the house goes to nobody who has taken the consent back, and to nobody who practises.
    """
    if kind.address in ("phone", "channel"):
        return await _sealed(session, vault, channel, kind.address, members)
    if kind.address == "wechat":
        rows = await session.execute(_BOUND, {"members": list(members), "appid": channel.account})
        found: Found = {member: Address(openid, user) for member, user, openid in rows}
        return {member: found.get(member, "not_bound") for member in members}
    if kind.address == "unionid":
        rows = await session.execute(_UNITED, {"members": list(members), "appid": channel.account})
        found = {member: Address(openid, user) for member, user, openid in rows}
        return {member: found.get(member, "no_address") for member in members}
    if not kind.outside:
        return dict.fromkeys(members, NOBODY)
    willing = set(await session.scalars(_WILLING, {"members": list(members)}))
    return {member: NOBODY if member in willing else "not_consented" for member in members}


async def _sealed(session: AsyncSession, vault: Vault, channel: Channel, kind: str, members: Collection[int]) -> Found:
    """Phone numbers, or the ids that were registered for the channel, opened."""
    asked = {"members": list(members)}
    place: Callable[[int], str]
    missing = "no_phone" if kind == "phone" else "no_address"
    if kind == "phone":
        rows = await session.execute(_PHONES, asked)
        place = "members:{}:phone".format
    else:
        rows = await session.execute(_REGISTERED, {**asked, "channel": channel.id})
        place = f"channel_addresses:{channel.id}:{{}}:address".format
    found: Found = {
        member: missing if cipher is None else Address(vault.decrypt(cipher, place(member))) for member, cipher in rows
    }
    return {member: found.get(member, "not_consented") for member in members}


def _outside(statement: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """Of the members, those to whom something may go outside."""
    return statement.join(Organisation, Organisation.id == Member.organisation_id).where(
        Member.id == any_(bindparam("members", type_=ARRAY(BIGINT))),
        Member.consent_version == notice_in_force(),
        Organisation.practice.is_(False),
    )


_there = aliased(WechatUser)
# Built once: what is put together anew at each round costs more than it does in the database.
_WILLING = _outside(select(Member.id))
_PHONES = _outside(select(Member.id, Member.phone_cipher))
_REGISTERED = _outside(
    select(Member.id, ChannelAddress.cipher).outerjoin(
        ChannelAddress,
        (ChannelAddress.member_id == Member.id) & (ChannelAddress.channel_id == bindparam("channel")),
    )
)
_BOUND = _outside(
    select(Member.id, WechatUser.id, WechatUser.openid)
    .join(Binding, (Binding.member_id == Member.id) & Binding.ended_at.is_(None))
    .join(WechatUser, WechatUser.id == Binding.wechat_user_id)
).where(WechatUser.appid == bindparam("appid"))
_UNITED = _outside(
    select(Member.id, _there.id, _there.openid)
    .join(Binding, (Binding.member_id == Member.id) & Binding.ended_at.is_(None))
    .join(WechatUser, WechatUser.id == Binding.wechat_user_id)
    .join(_there, _there.unionid == WechatUser.unionid)
).where(_there.appid == bindparam("appid"))
