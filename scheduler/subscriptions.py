"""The ledger of one-time subscriptions: what each WeChat user still allows of each template."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import ARRAY, BIGINT, any_, bindparam, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.messaging.models import SubscriptionBalance

# Longer than a message is ever on its way, lease and all.
IN_FLIGHT = timedelta(minutes=10)

# Locked in one order by all senders, so that no two wait for each other.
_LOCK = (
    select(SubscriptionBalance.wechat_user_id, SubscriptionBalance.balance, SubscriptionBalance.refused_at)
    .where(
        SubscriptionBalance.wechat_user_id == any_(bindparam("users", type_=ARRAY(BIGINT))),
        SubscriptionBalance.template == bindparam("template"),
    )
    .order_by(SubscriptionBalance.wechat_user_id)
    .with_for_update()
)
_WRITE = text(
    """
    UPDATE subscription_balances AS kept SET balance = entry.balance, updated_at = :now
    FROM unnest(:users, :balances) AS entry (wechat_user_id, balance)
    WHERE kept.wechat_user_id = entry.wechat_user_id AND kept.template = :template
    """
).bindparams(bindparam("users", type_=ARRAY(BIGINT)), bindparam("balances", type_=ARRAY(BIGINT)))


async def book(
    session: AsyncSession,
    template: str,
    now: datetime,
    *,
    back: Collection[int] = (),
    gone: Collection[int] = (),
    wanted: Collection[int] = (),
) -> set[int]:
    """Writes what a round changes, under one lock; gives those of the `wanted` who had one, which is taken.

    `back` are given back one each, for a message that did not count; those `gone` have none left, says the platform.
    Who has refused meanwhile gets none back: what was taken is void.
    """
    users = {*back, *gone, *wanted}
    if not users:
        return set()
    rows = await session.execute(_LOCK, {"users": list(users), "template": template})
    kept = rows.all()
    before: dict[int, int] = {user: balance for user, balance, _ in kept}
    void = {user for user, _, refused_at in kept if refused_at is not None and refused_at >= now - IN_FLIGHT}
    after = Counter(before)
    after.update(user for user in back if user in before and user not in void)
    after.update({user: -after[user] for user in gone if user in before})
    able = {user for user in wanted if after[user] > 0}
    after.subtract(able)
    changed = {user: balance for user, balance in after.items() if before.get(user) != balance and user in before}
    if changed:
        await session.execute(
            _WRITE,
            {"users": list(changed), "balances": list(changed.values()), "template": template, "now": now},
        )
    return able
