"""The ledger of one-time subscriptions as members move it: +1 when they accept, 0 when they refuse.

What senders take from it is in `scheduler.subscriptions`.
"""

from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principals import CurrentMember
from app.directory.models import WechatUser
from app.messaging.models import SubscriptionBalance
from app.platforms.models import Channel

# A bound, so that no client can run a counter up for ever; nobody taps accept a thousand times ahead.
MOST = 1000


async def accept(session: AsyncSession, user_id: int, template: str, at: datetime, now: datetime) -> None:
    """One message more, accepted `at`; an acceptance of before the last refusal is void, however late it is told."""
    first = insert(SubscriptionBalance).values(wechat_user_id=user_id, template=template, balance=1, updated_at=now)
    refused = SubscriptionBalance.refused_at
    await session.execute(
        first.on_conflict_do_update(
            index_elements=["wechat_user_id", "template"],
            set_={"balance": func.least(SubscriptionBalance.balance + 1, MOST), "updated_at": now},
            where=or_(refused.is_(None), refused <= at),
        )
    )


async def refuse(session: AsyncSession, user_id: int, template: str, at: datetime, now: datetime) -> None:
    """No message more, as the member refused `at`."""
    first = insert(SubscriptionBalance).values(
        wechat_user_id=user_id, template=template, balance=0, refused_at=at, updated_at=now
    )
    last = func.greatest(SubscriptionBalance.refused_at, at)
    await session.execute(
        first.on_conflict_do_update(
            index_elements=["wechat_user_id", "template"],
            set_={"balance": 0, "refused_at": last, "updated_at": now},
        )
    )


async def record_subscription(
    session: AsyncSession, member: CurrentMember, template: str, accepted: bool, now: datetime
) -> int:
    """What a phone reports of a tap; the balance after it.

    Where the platform itself tells of each tap, the report of the phone counts for nothing: it would count twice.
    """
    if not await _told_by_platform(session, member.wechat_user_id):
        move = accept if accepted else refuse
        await move(session, member.wechat_user_id, template, now, now)
    balance = await session.scalar(
        select(SubscriptionBalance.balance).where(
            SubscriptionBalance.wechat_user_id == member.wechat_user_id, SubscriptionBalance.template == template
        )
    )
    return balance or 0


async def _told_by_platform(session: AsyncSession, user_id: int) -> bool:
    found = await session.scalar(
        select(Channel.id)
        .join(WechatUser, WechatUser.appid == Channel.account)
        .where(WechatUser.id == user_id, Channel.adapter == "wechat_miniprogram", Channel.callback_cipher.is_not(None))
        .limit(1)
    )
    return found is not None
