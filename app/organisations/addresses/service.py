"""By which id a platform knows a member, where it has ids of its own: sealed, and shown masked."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import CurrentStaff, ancestors, within
from app.db.vault import Vault
from app.directory.models import Member, Organisation
from app.errors import Conflict, Invalid, NotFound
from app.organisations.addresses.schemas import AddressOut
from app.organisations.people.reach import find_living, find_member
from app.platforms import dingtalk, feishu, wecom
from app.platforms.installed import registering
from app.platforms.models import Channel, ChannelAddress

EMAIL = "email"
# Whether a text names one member at the platform.
USER_IDS = {"wecom": wecom.is_user_id, "dingtalk": dingtalk.is_user_id, "feishu": feishu.is_person_id}
_SHOWN = 2


class NeedsNoAddress(Conflict):
    """The channel finds people by itself."""

    code = "needs_no_address"
    detail = "这个渠道不用收件地址就能送达，不需要登记。"


class BadAddress(Invalid):
    """What no platform can have given out."""

    code = "bad_address"
    detail = "收件地址只能用字母、数字和符号，不能有空格和汉字，请核对。"


def check_address(adapter: str, address: str) -> None:
    """Raises `BadAddress`: one that means all members (`@all`) or several (`a|b`) is refused too."""
    if any(not "!" <= character <= "~" for character in address):
        raise BadAddress
    if adapter == EMAIL:
        name, _, host = address.rpartition("@")
        if not name or "@" in name or "." not in host.strip("."):
            raise BadAddress("邮箱地址不正确，请写成 name@example.com 这样的形式。")
    elif adapter in USER_IDS and not USER_IDS[adapter](address):
        raise BadAddress("请填写这一名党员在平台通讯录中的账号，不能填写 @all，也不能填写多个账号。")


def place_of(channel_id: int, member_id: int) -> str:
    """Where an address is sealed for."""
    return f"channel_addresses:{channel_id}:{member_id}:address"


def masked_address(address: str) -> str:
    """An address as people see it: the beginning, and of an e-mail address the host."""
    name, at, host = address.partition("@")
    return f"{name[:_SHOWN] if len(name) > _SHOWN else name[:1]}***{at}{host}"


async def list_addresses(
    session: AsyncSession, vault: Vault, staff: CurrentStaff, member_id: int, now: datetime
) -> list[AddressOut]:
    """The channels that may reach the member by an id, each with the id if there is one; raises `NotFound`."""
    member, organisation = await find_member(session, staff, member_id, now)
    rows = await session.execute(
        select(Channel, ChannelAddress)
        .outerjoin(ChannelAddress, (ChannelAddress.channel_id == Channel.id) & (ChannelAddress.member_id == member.id))
        .where(Channel.organisation_id.in_(ancestors(organisation.path)), Channel.adapter.in_(registering()))
        .order_by(Channel.id)
    )
    return [_shown(vault, channel, found) for channel, found in rows]


def _shown(vault: Vault, channel: Channel, found: ChannelAddress | None) -> AddressOut:
    address = vault.decrypt(found.cipher, place_of(channel.id, found.member_id)) if found else None
    return AddressOut(
        channel_id=channel.id,
        channel=channel.name,
        adapter=channel.adapter,
        address_masked=masked_address(address) if address else None,
        registered_at=found.created_at if found else None,
    )


async def set_address(
    session: AsyncSession,
    vault: Vault,
    staff: CurrentStaff,
    member_id: int,
    channel_id: int,
    address: str,
    now: datetime,
) -> AddressOut:
    """Registers by which id the channel reaches the member; raises `NotFound`, `NeedsNoAddress`, `BadAddress`."""
    member, channel = await _find(session, staff, member_id, channel_id, now)
    check_address(channel.adapter, address)
    await keep_addresses(session, vault, channel.id, [(member.id, address)], now)
    audit.record(
        session, staff.actor, "address.set", "member", member.id,
        now=now, organisation_id=member.organisation_id, channel_id=channel.id,
    )  # fmt: skip
    found = await session.get_one(ChannelAddress, (channel.id, member.id), populate_existing=True)
    return _shown(vault, channel, found)


async def drop_address(
    session: AsyncSession, staff: CurrentStaff, member_id: int, channel_id: int, now: datetime
) -> None:
    """Forgets the id, if there is one; raises `NotFound` or `NeedsNoAddress`."""
    member, channel = await _find(session, staff, member_id, channel_id, now)
    gone = await session.scalar(
        delete(ChannelAddress)
        .where(ChannelAddress.channel_id == channel.id, ChannelAddress.member_id == member.id)
        .returning(ChannelAddress.member_id)
    )
    if gone is not None:
        audit.record(
            session, staff.actor, "address.dropped", "member", member.id,
            now=now, organisation_id=member.organisation_id, channel_id=channel.id,
        )  # fmt: skip


async def _find(
    session: AsyncSession, staff: CurrentStaff, member_id: int, channel_id: int, now: datetime
) -> tuple[Member, Channel]:
    """The member and a channel of one of their organisations."""
    member, organisation = await find_living(session, staff, member_id, now)
    channel = await session.scalar(
        select(Channel).where(Channel.id == channel_id, Channel.organisation_id.in_(ancestors(organisation.path)))
    )
    if channel is None:
        raise NotFound
    if channel.adapter not in registering():
        raise NeedsNoAddress
    return member, channel


async def find_channel(session: AsyncSession, staff: CurrentStaff, channel_id: int) -> tuple[Channel, Organisation]:
    """A channel in the administrator's reach that takes addresses, and its organisation.

    Raises `NotFound` or `NeedsNoAddress`.
    """
    found = (
        await session.execute(
            select(Channel, Organisation)
            .join(Organisation, Organisation.id == Channel.organisation_id)
            .where(Channel.id == channel_id, within(Organisation.path, staff.paths("administrator")))
        )
    ).first()
    if found is None:
        raise NotFound
    channel, organisation = found
    if channel.adapter not in registering():
        raise NeedsNoAddress
    return channel, organisation


async def keep_addresses(
    session: AsyncSession, vault: Vault, channel_id: int, addresses: Iterable[tuple[int, str]], now: datetime
) -> None:
    """Seals and keeps addresses of members, in the place of those that are there."""
    rows = [
        {
            "channel_id": channel_id,
            "member_id": member_id,
            "cipher": vault.encrypt(address, place_of(channel_id, member_id)),
            "created_at": now,
        }
        for member_id, address in sorted(addresses)
    ]
    statement = insert(ChannelAddress)
    excluded = statement.excluded
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["channel_id", "member_id"],
            set_={"cipher": excluded.cipher, "created_at": excluded.created_at},
        ),
        rows,
    )
