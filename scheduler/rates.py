"""A channel's rate: a bucket of tokens in PostgreSQL, a token a delivery, shared by all senders on all machines."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.messaging.models import BATCH_SIZE, RateBucket
from scheduler.adapters.base import AdapterKind

# A tenth of a second's worth at once keeps the calls apart, and rounds worth their transaction.
BURST_SECONDS = 0.1


@dataclass(frozen=True)
class Rate:
    """Deliveries a second, and how many may go at once after a pause."""

    a_second: float
    burst: int


def rate_of(config: Mapping[str, object], kind: AdapterKind) -> Rate | None:
    """What the channel is set to, else what its platform allows as a rule, else None: no limit."""
    set_, burst = config.get("rate"), config.get("burst")
    a_second = float(set_) if isinstance(set_, int | float) else kind.rate
    if a_second is None:
        return None
    if not isinstance(burst, int):
        burst = max(min(kind.per_call, BATCH_SIZE), math.ceil(a_second * BURST_SECONDS))
    return Rate(a_second, burst)


@dataclass(frozen=True)
class Level:
    """What a bucket holds, and the latest time that any sender's clock has shown at it."""

    tokens: float
    filled_at: datetime

    def filled(self, rate: Rate, now: datetime) -> "Level":
        """The bucket at `now`.

        A clock that lags fills nothing, and one that runs ahead fills what others then do not: over time the
        latest clock counts, once.
        """
        elapsed = max(0.0, (now - self.filled_at).total_seconds())
        return Level(min(float(rate.burst), self.tokens + rate.a_second * elapsed), max(now, self.filled_at))

    def wait(self, rate: Rate, wanted: int) -> float:
        """Seconds until it is worth coming back for `wanted` more: not for a single token, nor for more than fits."""
        enough = min(wanted, rate.burst, max(1, math.ceil(rate.a_second * BURST_SECONDS)))
        return max(0.0, enough - self.tokens) / rate.a_second


_LEVEL = (
    select(RateBucket.tokens, RateBucket.filled_at)
    .where(RateBucket.channel_id == bindparam("channel"))
    .with_for_update()
)
_SET = (
    update(RateBucket)
    .where(RateBucket.channel_id == bindparam("channel"))
    .values(tokens=bindparam("level"), filled_at=bindparam("at"))
    .execution_options(synchronize_session=False)
)


async def open_bucket(session: AsyncSession, channel_id: int, rate: Rate, now: datetime) -> Level:
    """The channel's bucket, locked until the transaction ends; a new one is full."""
    row = (await session.execute(_LEVEL, {"channel": channel_id})).one_or_none()
    if row is None:
        new = insert(RateBucket).values(channel_id=channel_id, tokens=float(rate.burst), filled_at=now)
        await session.execute(new.on_conflict_do_nothing())
        row = (await session.execute(_LEVEL, {"channel": channel_id})).one()
    return Level(row.tokens, row.filled_at).filled(rate, now)


async def take(session: AsyncSession, channel_id: int, level: Level, taken: int) -> Level:
    """Takes so many from the bucket that this transaction has open; the caller has seen that they are there."""
    left = Level(level.tokens - taken, level.filled_at)
    await session.execute(_SET, {"channel": channel_id, "level": left.tokens, "at": left.filled_at})
    return left
