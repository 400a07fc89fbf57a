"""A message that a platform took and then did not show: counted, and noted where it is sure which one it was."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from prometheus_client import Counter
from sqlalchemy import BIGINT, func, literal, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.directory.models import Binding, WechatUser
from app.messaging.callbacks.opening import Callback
from app.messaging.history import holds
from app.messaging.models import Batch, Campaign, DeliveryException, DeliveryState
from app.messaging.words import NOT_SHOWN
from app.platforms.models import Channel
from app.platforms.rules import template_id

log = structlog.get_logger()

COUNTED = Counter(
    "zhijian_messages_not_shown_total", "Messages that a platform took and did not show", ["adapter", "reason"]
)
SUBSCRIPTION_SPENT = "43101"

# Whoever is sent to now, or was with no answer, may have been sent to.
TAKEN = (DeliveryState.SENDING, DeliveryState.SENT, DeliveryState.UNKNOWN)

# Platforms tell within seconds, and again for some minutes where we do not answer.
RECENT = timedelta(minutes=10)


async def note(session: AsyncSession, callback: Callback, openid: str, template: str, code: str, now: datetime) -> None:
    """Counts it, and notes it beside the delivery, which stays sent: the platform took it.

    The platform's number of a message is not kept, as it would be a row a delivery. Where several messages can be
    meant it is only counted and logged: a note at the wrong one would be worse than none. `template` is "" where the
    platform does not say which.
    """
    reason = "refused" if code == SUBSCRIPTION_SPENT or "block" in code else "failed"
    COUNTED.labels(callback.adapter, reason).inc()
    meant = await _meant(session, callback, openid, template, now)
    # Of any other the sender may still need the note that is there, and one that is sent is settled.
    sure = len(meant) == 1 and meant[0].state == DeliveryState.SENT
    if sure:
        said = {"reason": NOT_SHOWN, "code": code[:64], "at": now}
        await session.execute(
            insert(DeliveryException)
            .values(batch_id=meant[0].batch_id, member_id=meant[0].member_id, tries=0, next_try_at=None, **said)
            .on_conflict_do_update(index_elements=["batch_id", "member_id"], set_=said)
        )
    log.warning(
        "message_not_shown",
        channel=callback.channel_id,
        openid=openid[:6] + "…",
        template=template,
        code=code[:64],
        noted=sure,
    )


@dataclass(frozen=True)
class _Delivery:
    batch_id: int
    member_id: int
    state: int


async def _meant(
    session: AsyncSession, callback: Callback, openid: str, template: str, now: datetime
) -> list[_Delivery]:
    """What the platform may mean: it took it or may have taken it, from a batch that is open or was of late."""
    channel = await session.get_one(Channel, callback.channel_id)
    found: list[_Delivery] = []
    for member_id in await _members(session, callback.account, openid):
        state = func.get_byte(Batch.states, func.array_position(Batch.members, literal(member_id, BIGINT)) - 1)
        rows = await session.execute(
            select(Batch.id, state, Campaign.kind)
            .join(Campaign, Campaign.id == Batch.campaign_id)
            .where(
                *holds(member_id),
                Batch.channel_id == channel.id,
                Campaign.dry_run.is_(False),
                or_(Batch.done_at.is_(None), Batch.done_at > now - RECENT),
                state.in_(TAKEN),
            )
        )
        found += [
            _Delivery(batch_id, member_id, at)
            for batch_id, at, kind in rows
            if template in ("", template_id(channel.config, kind))
        ]
    return found


async def _members(session: AsyncSession, appid: str, openid: str) -> list[int]:
    """Who is bound to this openid, or to the same person's on another account of the unit."""
    bound = aliased(WechatUser)
    return list(
        await session.scalars(
            select(Binding.member_id)
            .join(bound, bound.id == Binding.wechat_user_id)
            .join(WechatUser, or_(WechatUser.id == bound.id, WechatUser.unionid == bound.unionid))
            .where(WechatUser.appid == appid, WechatUser.openid == openid, Binding.ended_at.is_(None))
            .distinct()
        )
    )
