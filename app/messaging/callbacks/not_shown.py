"""A message that a platform took and then did not show: counted, and noted where it is sure which one it was."""

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

log = structlog.get_logger()

COUNTED = Counter(
    "zhijian_messages_not_shown_total", "Messages that a platform took and did not show", ["adapter", "reason"]
)
SUBSCRIPTION_SPENT = "43101"

# Platforms tell within seconds, and again for some minutes where we do not answer.
RECENT = timedelta(minutes=10)


async def note(session: AsyncSession, callback: Callback, openid: str, template: str, code: str, now: datetime) -> None:
    """Counts it, and notes it beside the delivery, which stays sent: the platform took it.

    The platform's number of a message is not kept, as it would be a row a delivery. Where several messages went to the
    member of late on this channel it is only counted and logged: a note at the wrong one would be worse than none.
    """
    reason = "refused" if code == SUBSCRIPTION_SPENT or "block" in code else "failed"
    COUNTED.labels(callback.adapter, reason).inc()
    candidates = await _sent_of_late(session, callback, openid, now)
    if len(candidates) == 1:
        (batch_id, member_id), said = candidates[0], {"reason": NOT_SHOWN, "code": code[:64], "at": now}
        await session.execute(
            insert(DeliveryException)
            .values(batch_id=batch_id, member_id=member_id, tries=0, next_try_at=None, **said)
            .on_conflict_do_update(index_elements=["batch_id", "member_id"], set_=said)
        )
    log.warning(
        "message_not_shown",
        channel=callback.channel_id,
        openid=openid[:6] + "…",
        template=template,
        code=code[:64],
        noted=len(candidates) == 1,
    )


async def _sent_of_late(session: AsyncSession, callback: Callback, openid: str, now: datetime) -> list[tuple[int, int]]:
    """Batch and member of what went to this openid in the last minutes, two at most."""
    found: list[tuple[int, int]] = []
    for member_id in await _members(session, callback.account, openid):
        state = func.get_byte(Batch.states, func.array_position(Batch.members, literal(member_id, BIGINT)) - 1)
        batches = await session.scalars(
            select(Batch.id)
            .join(Campaign, Campaign.id == Batch.campaign_id)
            .where(
                *holds(member_id),
                Batch.channel_id == callback.channel_id,
                Campaign.dry_run.is_(False),
                or_(Batch.done_at.is_(None), Batch.done_at > now - RECENT),
                # The platform may tell before the sender has put down that it was taken.
                state.in_((DeliveryState.SENDING, DeliveryState.SENT)),
            )
            .limit(2)
        )
        found += [(batch_id, member_id) for batch_id in batches]
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
