"""Channels: accounts at outside platforms, each usable in an organisation's subtree."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import CurrentStaff, within
from app.directory.models import Organisation
from app.errors import Conflict, Invalid, NotFound
from app.messaging.callbacks.settings import set_callback
from app.messaging.fitting import require_fit
from app.messaging.schemas import ChannelIn, ChannelPatch
from app.organisations.service import find_organisation
from app.platforms.installed import installed
from app.platforms.models import Channel
from app.platforms.secrets import open_secret, seal_secret
from app.platforms.token_store import forget_token
from app.resources import Service

CONSOLE = "console"
ONE_OF_A_KIND = "这个党组织已经有一个这种渠道，每个党组织只能有一个，请直接修改原有渠道。"


class UnknownAdapter(Invalid):
    """No installed package brings an adapter of this name."""

    code = "unknown_adapter"
    detail = "没有安装这种渠道，请核对名称；第三方渠道要先由系统管理人员安装。"


class ChannelExists(Conflict):
    """The account is registered, here or elsewhere; or the organisation has such a channel, and it has no account."""

    code = "channel_exists"
    detail = "这个渠道账号已经登记过，请直接修改原有渠道；如由其他党组织登记，请与其联系。"


class PracticeBoundary(Conflict):
    """Nothing leaves a practice organisation."""

    code = "practice_boundary"
    detail = "演练党组织只能使用系统内的消息页（console），不能设置对外的渠道。"


async def create_channel(
    session: AsyncSession, service: Service, staff: CurrentStaff, body: ChannelIn, now: datetime
) -> Channel:
    """A channel of an organisation; its secret is sealed for its own row.

    Raises `UnknownAdapter`, `PracticeBoundary`, `ChannelDoesNotFit`, `ChannelExists`, `NotFound`; see `set_callback`.
    """
    if body.adapter not in installed():
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
    require_fit(service, channel, body.config, body.secret)
    session.add(channel)
    try:
        await session.flush()
    except IntegrityError:
        raise ChannelExists(None if body.account else ONE_OF_A_KIND) from None
    if body.secret is not None:
        seal_secret(service.vault, channel, body.secret)
    set_callback(service.vault, channel, body)
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


async def find_channel(session: AsyncSession, staff: CurrentStaff, channel_id: int, *, lock: bool = False) -> Channel:
    """A channel in the administrator's reach, locked for a change; raises `NotFound`."""
    statement = (
        select(Channel)
        .join(Organisation, Organisation.id == Channel.organisation_id)
        .where(Channel.id == channel_id, within(Organisation.path, staff.paths("administrator")))
    )
    channel: Channel | None = await session.scalar(statement.with_for_update(of=Channel) if lock else statement)
    if channel is None:
        raise NotFound
    return channel


async def change_channel(
    session: AsyncSession, service: Service, staff: CurrentStaff, channel_id: int, body: ChannelPatch, now: datetime
) -> Channel:
    """Changes a channel; any change lets a channel run again that an error of its settings stopped, or a quota.

    Raises `ChannelDoesNotFit` or `NotFound`.
    """
    channel = await find_channel(session, staff, channel_id, lock=True)
    if body.config is not None:
        require_fit(service, channel, body.config, body.secret or open_secret(service.vault, channel))
    if body.secret is not None:
        seal_secret(service.vault, channel, body.secret)
        await forget_token(session, channel.id)
    set_callback(service.vault, channel, body)
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
