"""Channels: accounts at outside platforms, each usable in an organisation's subtree."""

from datetime import datetime
from importlib.metadata import entry_points

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import CurrentStaff, within
from app.db.vault import Vault
from app.directory.models import Organisation
from app.errors import Conflict, Invalid, NotFound
from app.messaging.schemas import ChannelIn, ChannelPatch
from app.organisations.service import find_organisation
from app.platforms.models import Channel

ADAPTERS = "zhijian.adapters"
CONSOLE = "console"


class UnknownAdapter(Invalid):
    """No installed package brings an adapter of this name."""

    code = "unknown_adapter"
    detail = "没有安装这种渠道，请核对名称；第三方渠道要先由系统管理人员安装。"


class ChannelExists(Conflict):
    """The organisation has this account already."""

    code = "channel_exists"
    detail = "这个渠道账号已经登记过，请直接修改原有渠道；如由其他党组织登记，请与其联系。"


class PracticeBoundary(Conflict):
    """Nothing leaves a practice organisation."""

    code = "practice_boundary"
    detail = "演练党组织只能使用系统内的消息页（console），不能设置对外的渠道。"


def installed_adapters() -> set[str]:
    """The names of the adapters that are installed; the scheduler and the senders load them, the API only asks."""
    return {entry.name for entry in entry_points(group=ADAPTERS)}


async def create_channel(
    session: AsyncSession, vault: Vault, staff: CurrentStaff, body: ChannelIn, now: datetime
) -> Channel:
    """A channel of an organisation; its secret is sealed for its own row.

    Raises `UnknownAdapter`, `PracticeBoundary`, `ChannelExists` or `NotFound`.
    """
    if body.adapter not in installed_adapters():
        raise UnknownAdapter
    organisation = await find_organisation(session, body.organisation_id, staff.paths("administrator"))
    if organisation.practice and body.adapter != CONSOLE:
        raise PracticeBoundary
    channel = Channel(
        organisation_id=organisation.id,
        adapter=body.adapter,
        name=body.name,
        account=body.account,
        config=body.config.model_dump(),
        enabled=body.enabled,
        created_at=now,
    )
    session.add(channel)
    try:
        await session.flush()
    except IntegrityError:
        raise ChannelExists from None
    if body.secret is not None:
        channel.secret_cipher = vault.encrypt(body.secret, f"channels:{channel.id}:secret")
    audit.record(
        session,
        staff.actor,
        "channel.created",
        "channel",
        channel.id,
        now=now,
        organisation_id=organisation.id,
        adapter=body.adapter,
        account=body.account,
    )
    return channel


async def change_channel(
    session: AsyncSession, vault: Vault, staff: CurrentStaff, channel_id: int, body: ChannelPatch, now: datetime
) -> Channel:
    """Changes a channel; any change lets a channel run again that an error of its settings stopped, or a quota."""
    channel = await session.scalar(
        select(Channel)
        .join(Organisation, Organisation.id == Channel.organisation_id)
        .where(Channel.id == channel_id, within(Organisation.path, staff.paths("administrator")))
        .with_for_update(of=Channel)
    )
    if channel is None:
        raise NotFound
    if body.secret is not None:
        channel.secret_cipher = vault.encrypt(body.secret, f"channels:{channel.id}:secret")
    if body.config is not None:
        channel.config = body.config.model_dump()
    if body.name is not None:
        channel.name = body.name
    if body.enabled is not None:
        channel.enabled = body.enabled
    channel.stopped_reason = channel.rests_until = None
    audit.record(
        session,
        staff.actor,
        "channel.changed",
        "channel",
        channel.id,
        now=now,
        organisation_id=channel.organisation_id,
        fields=sorted(body.model_fields_set),
    )
    return channel


async def list_channels(session: AsyncSession, staff: CurrentStaff, *, after: int | None, limit: int) -> list[Channel]:
    """Channels in the administrator's reach, by id, one more than `limit` where there is a next page."""
    statement = (
        select(Channel)
        .join(Organisation, Organisation.id == Channel.organisation_id)
        .where(within(Organisation.path, staff.paths("administrator")), Channel.id > (after or 0))
        .order_by(Channel.id)
        .limit(limit + 1)
    )
    return list(await session.scalars(statement))
