"""Puts references of what is due on the bus, and again where the bus has lost them: the rows are its outbox."""

import asyncio
import contextlib
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import or_, select, update

from app.clock import Clock
from app.db.engine import Sessions, is_away, transaction
from app.messaging.models import Batch
from app.platforms.models import Channel
from scheduler.bus import Bus, BusAway, Reference
from scheduler.claims import claimable

log = structlog.get_logger()

# So many references at most in one transaction, and in one go to the bus.
ROUND = 200
# What is still due so long after its reference was published was lost on the bus, or waits in a long line there, where
# the new reference takes the place of the old one.
LOST_AFTER = timedelta(seconds=60)
LOOK_SECONDS = 1.0


async def publish_for_ever(
    sessions: Sessions, bus: Bus, adapters: Collection[str], clock: Clock, wake: asyncio.Event
) -> None:
    """Publishes what is due whenever `wake` is set, and every second, for ever."""
    while True:
        wake.clear()  # before looking, so that what is announced meanwhile is looked for at once
        try:
            while await publish_due(sessions, bus, adapters, clock()) == ROUND:
                pass
        except BusAway:
            pass  # it has said so itself; the senders look at the rows meanwhile
        except Exception as error:
            log.warning("publishing_failed", error=type(error).__name__, exc_info=None if is_away(error) else error)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(wake.wait(), LOOK_SECONDS)


async def publish_due(sessions: Sessions, bus: Bus, adapters: Collection[str], now: datetime) -> int:
    """Publishes a round of batches that may be claimed and were not published since they may; gives their number.

    Raises `BusAway`, and they are published again at the next round.
    """
    references = await _mark(sessions, adapters, now)
    try:
        if references:
            await bus.publish(references)
    except BusAway:
        await _unmark(sessions, references, now)
        raise
    return len(references)


async def _mark(sessions: Sessions, adapters: Collection[str], now: datetime) -> Sequence[Reference]:
    """Commits that they are published at `now`: who dies before they are leaves them to `LOST_AFTER`."""
    waiting = (
        select(Batch.id)
        .join(Channel, Channel.id == Batch.channel_id)
        .where(
            claimable(adapters, now),
            or_(
                Batch.published_at.is_(None),
                Batch.published_at < Batch.not_before,
                Batch.published_at < Batch.claimed_until,
                Batch.published_at <= now - LOST_AFTER,
            ),
        )
        .order_by(Batch.not_before, Batch.id)
        .limit(ROUND)
        .with_for_update(of=Batch, skip_locked=True)
        # Found once: as a subquery it may be asked again for each row, and its limit would hold for none of them.
        .cte("waiting")
    )
    async with transaction(sessions) as session:
        rows = await session.execute(
            update(Batch)
            .where(Batch.id.in_(select(waiting.c.id)))
            .values(published_at=now)
            .returning(Batch.id, Batch.campaign_id, Batch.number)
            .execution_options(synchronize_session=False)
        )
        return [Reference(campaign, number) for _, campaign, number in sorted(tuple(row) for row in rows)]


async def _unmark(sessions: Sessions, references: Sequence[Reference], now: datetime) -> None:
    """They did not get onto the bus, or not all of them; one that did does no harm there."""
    async with transaction(sessions) as session:
        for campaign_id in {each.campaign_id for each in references}:
            numbers = [each.batch_no for each in references if each.campaign_id == campaign_id]
            await session.execute(
                update(Batch)
                .where(Batch.campaign_id == campaign_id, Batch.number.in_(numbers), Batch.published_at == now)
                .values(published_at=None)
                .execution_options(synchronize_session=False)
            )
