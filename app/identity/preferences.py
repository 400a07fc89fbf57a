"""What a member wants of notices: kinds (《个人信息保护法》 article 24), channels in order, own quiet hours."""

from datetime import datetime
from typing import get_args

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import CurrentMember, ancestors
from app.directory.models import Member, Organisation
from app.errors import Invalid
from app.identity.schemas import Preferences, PreferencesIn, Switchable, WayOut
from app.platforms.models import Channel

SWITCHABLE: tuple[str, ...] = get_args(Switchable)
# The inbox of the system itself comes last, whatever anybody wants.
CONSOLE = "console"
# Some night and some day are always left, and the night may be longer than an organisation's can be.
BEGINS = ("15:00", "23:59")
ENDS = ("05:00", "12:00")


class CannotSwitchOff(Invalid):
    """A meeting concerns the member's rights in the Party: whoever is not told of it cannot take part."""

    code = "cannot_switch_off"
    detail = "组织生活通知关系到您的党员权利，不能关闭，只会在免打扰时段以外送达。其他种类的通知可以关闭。"


class NoSuchWay(Invalid):
    """No organisation of the member has a channel of this kind."""

    code = "no_such_way"
    detail = "您的党组织没有开通所选的通知渠道，请刷新页面后重新选择。"


class QuietOutOfBounds(Invalid):
    """No day would be left, or no night."""

    code = "quiet_out_of_bounds"
    detail = "免打扰的开始时间请填 15:00 至 23:59，结束时间请填 05:00 至 12:00；不填就按党组织的设置。"


async def get_preferences(session: AsyncSession, member: CurrentMember) -> Preferences:
    """What the member wants, and what there is to choose."""
    row = await session.get_one(Member, member.member_id)
    return _shown(row, await _available(session, row))


async def change_preferences(
    session: AsyncSession, member: CurrentMember, body: PreferencesIn, now: datetime
) -> Preferences:
    """Sets what the body names; raises `CannotSwitchOff`, `NoSuchWay` or `QuietOutOfBounds`."""
    row = await session.get_one(Member, member.member_id)
    available = await _available(session, row)
    if body.notices_off is not None:
        if not set(body.notices_off) <= set(SWITCHABLE):
            raise CannotSwitchOff
        row.notices_off = sorted(set(body.notices_off))
    if body.channels is not None:
        if not set(body.channels) <= {way.adapter for way in available}:
            raise NoSuchWay
        row.channels_wanted = list(dict.fromkeys(body.channels))
    if "quiet_from" in body.model_fields_set:
        row.quiet_from = _between(body.quiet_from, *BEGINS)
    if "quiet_until" in body.model_fields_set:
        row.quiet_until = _between(body.quiet_until, *ENDS)
    audit.record(
        session, member.actor, "preferences.changed", "member", row.id,
        now=now, organisation_id=member.organisation_id,
    )  # fmt: skip
    return _shown(row, available)


def _between(given: str | None, earliest: str, latest: str) -> str | None:
    if given is not None and not earliest <= given <= latest:
        raise QuietOutOfBounds
    return given


def _shown(row: Member, available: list[WayOut]) -> Preferences:
    there = {way.adapter for way in available}
    return Preferences(
        notices_off=row.notices_off,
        switchable=list(SWITCHABLE),
        channels=[adapter for adapter in row.channels_wanted if adapter in there],
        available=available,
        quiet_from=row.quiet_from,
        quiet_until=row.quiet_until,
    )


async def _available(session: AsyncSession, row: Member) -> list[WayOut]:
    """The adapters that serve the member's organisations, each as the nearest one calls its channel."""
    path = await session.scalar(select(Organisation.path).where(Organisation.id == row.organisation_id))
    places = ancestors(path or "")
    channels = await session.scalars(
        select(Channel)
        .where(Channel.organisation_id.in_(places), Channel.enabled, Channel.adapter != CONSOLE)
        .order_by(Channel.id)
    )
    names: dict[str, str] = {}
    for channel in sorted(channels, key=lambda each: -places.index(each.organisation_id)):
        names.setdefault(channel.adapter, channel.name)
    return [WayOut(adapter=adapter, name=name) for adapter, name in names.items()]
