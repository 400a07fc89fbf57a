"""The kinds of notices that a member does not want (《个人信息保护法》 article 24)."""

from datetime import datetime
from typing import get_args

from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import CurrentMember
from app.directory.models import Member
from app.errors import Invalid
from app.identity.schemas import Preferences, Switchable

SWITCHABLE: tuple[str, ...] = get_args(Switchable)


class CannotSwitchOff(Invalid):
    """A meeting concerns the member's rights in the Party: whoever is not told of it cannot take part."""

    code = "cannot_switch_off"
    detail = "组织生活通知关系到您的党员权利，不能关闭，只会在免打扰时段以外送达。其他种类的通知可以关闭。"


async def get_preferences(session: AsyncSession, member: CurrentMember) -> Preferences:
    """What the member does not want."""
    row = await session.get_one(Member, member.member_id)
    return Preferences(notices_off=row.notices_off, switchable=list(SWITCHABLE))


async def change_preferences(
    session: AsyncSession, member: CurrentMember, notices_off: list[str], now: datetime
) -> Preferences:
    """Sets what the member does not want; raises `CannotSwitchOff`."""
    if not set(notices_off) <= set(SWITCHABLE):
        raise CannotSwitchOff
    row = await session.get_one(Member, member.member_id)
    row.notices_off = sorted(set(notices_off))
    audit.record(
        session, member.actor, "preferences.changed", "member", row.id,
        now=now, organisation_id=member.organisation_id,
    )  # fmt: skip
    return Preferences(notices_off=row.notices_off, switchable=list(SWITCHABLE))
