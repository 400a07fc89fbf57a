"""The database goes away in the middle of a round: what has come in is kept, and the round is gone again, or stands."""

import asyncio
from collections import Counter as Count
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from prometheus_client import Counter
from sqlalchemy import select

from app.clock import Clock
from app.db.engine import Sessions, is_away, transaction
from app.messaging.models import Batch
from scheduler import claims
from scheduler.claims import Claim, LostClaim
from scheduler.hand import Call, Hand
from scheduler.rounds import Means, go_round

log = structlog.get_logger()

AWAY_SECONDS = 0.5

T = TypeVar("T")

DELIVERIES = Counter("zhijian_deliveries_total", "Deliveries tried", ["adapter", "status"])


async def outlast(work: Callable[[], Awaitable[T]], means: Means, stopping: asyncio.Event) -> T:
    """Does what may be done twice, as often as it takes; a sender that is to stop gives up after a lease.

    Raises what `work` raises while the database answers.
    """
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + means.lease.total_seconds()
    while True:
        try:
            return await work()
        except Exception as error:
            if not is_away(error) or (stopping.is_set() and loop.time() >= give_up_at):
                raise
        await asyncio.sleep(AWAY_SECONDS)


async def come_back(sessions: Sessions) -> None:
    """Asks the database whether it answers again, and if so waits: who holds a batch takes it up before others look."""
    async with transaction(sessions) as session:
        await session.execute(select(1))
    await asyncio.sleep(2 * AWAY_SECONDS)


async def make_round(
    sessions: Sessions, means: Means, hand: Hand, room: int, clock: Clock, stopping: asyncio.Event
) -> list[Call]:
    """A round in a transaction; gives the calls that may be made now. Raises `LostClaim`.

    Where the database goes away meanwhile, this waits for it. Then the round stands as it was committed, or all is as
    if it had not begun: what had come in is still to be recorded.
    """
    undo, outcomes, calls = hand.remember(), hand.collect(), None
    try:
        async with transaction(sessions) as session:
            calls = await go_round(session, means, hand, outcomes, room, clock())
    except Exception as error:
        if not is_away(error):
            raise
        log.warning("round_interrupted", batch=hand.claim.batch_id, error=type(error).__name__)
        await asyncio.sleep(AWAY_SECONDS)
        stands = await outlast(lambda: _stands(sessions, hand.claim), means, stopping)
        if calls is None or not stands:
            undo()
            return []
        # Its lease may be over by now.
        await outlast(lambda: claims.renew(sessions, hand.claim, clock(), means.lease), means, stopping)
    for status, count in Count(outcome.status for outcome in outcomes.values()).items():
        DELIVERIES.labels(hand.claim.channel.adapter, status.value).inc(count)
    return calls


async def _stands(sessions: Sessions, claim: Claim) -> bool:
    """Whether the row was left by the last round that was tried; raises `LostClaim`."""
    row = (
        select(Batch.claimed_until)
        .where(Batch.id == claim.batch_id, Batch.fence == claim.fence)
        # A commit whose answer was lost may still be under way: it holds the row.
        .with_for_update()
    )
    async with transaction(sessions) as session:
        held_until = await session.scalar(row)
    if held_until is None:
        raise LostClaim
    return held_until == claim.held_until
