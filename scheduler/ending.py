"""What is over ends although no sender has it in hand: cancelled or late, on a channel that stands still or rests."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

import structlog
from sqlalchemy import func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.engine import Sessions, transaction
from app.messaging.models import Batch, Campaign, DeliveryException, DeliveryState
from scheduler.claims import AMBIGUOUS, open_batches
from scheduler.unreached import clear_reached

log = structlog.get_logger()

# Batches in a transaction.
PAGE = 200


async def end_what_is_over(sessions: Sessions, now: datetime) -> int:
    """Ends the free batches of campaigns that have expired or were cancelled; gives how many.

    A batch that a sender holds is left to it: the sender finds the end by itself before the next window.
    """
    ended = 0
    looked_at: set[int] = set()
    while True:
        async with transaction(sessions) as session:
            campaign = await session.scalar(
                select(Campaign)
                .where(Campaign.state == "sending", Campaign.expires_at <= now, Campaign.id.not_in(looked_at))
                .order_by(Campaign.expires_at, Campaign.id)
                .limit(1)
                # The campaign before its batches, as whoever finishes one does.
                .with_for_update(skip_locked=True, key_share=True)
            )
            if campaign is None:
                return ended
            count = await _end_page(session, campaign, now)
            if count < PAGE:
                looked_at.add(campaign.id)
                if not await open_batches(session, campaign):
                    campaign.state = "done"
            ended += count
        if count:
            log.info("batches_ended", campaign=campaign.id, batches=count, cancelled=campaign.cancelled_at is not None)


async def _end_page(session: AsyncSession, campaign: Campaign, now: datetime) -> int:
    free = or_(Batch.claimed_until.is_(None), Batch.claimed_until <= now)
    rows = await session.execute(
        select(Batch.id, Batch.states, Batch.members)
        .where(Batch.campaign_id == campaign.id, Batch.done_at.is_(None), free)
        .order_by(Batch.id)
        .limit(PAGE)
        .with_for_update(skip_locked=True)
    )
    batches = rows.all()
    ambiguous = await _ambiguous(session, [batch_id for batch_id, _, _ in batches])
    reached: set[int] = set()
    for batch_id, states, members in batches:
        reached.update(member for member, state in zip(members, states, strict=True) if state == DeliveryState.SENT)
        await session.execute(
            update(Batch)
            .where(Batch.id == batch_id)
            # Whoever slept over the end of their lease finds another fence.
            .values(
                states=ended_states(states, ambiguous[batch_id]),
                fence=Batch.fence + 1,
                claimed_by=None,
                claimed_until=None,
                done_at=now,
            )
            .execution_options(synchronize_session=False)
        )
    await clear_reached(session, sorted(reached))
    return len(batches)


async def _ambiguous(session: AsyncSession, batches: Collection[int]) -> dict[int, set[int]]:
    """By batch, the positions of those to whom an earlier try may have arrived."""
    rows = await session.execute(
        select(Batch.id, func.array_position(Batch.members, DeliveryException.member_id) - 1)
        .join(DeliveryException, DeliveryException.batch_id == Batch.id)
        .where(Batch.id.in_(batches), DeliveryException.reason.in_(AMBIGUOUS))
    )
    found: dict[int, set[int]] = defaultdict(set)
    for batch_id, position in rows:
        found[batch_id].add(position)
    return found


def ended_states(states: bytes, ambiguous: Collection[int]) -> bytes:
    """The states of a batch at its end: what waits expires; what may have arrived stays unknown."""
    ended = bytearray(states)
    for position, state in enumerate(states):
        if state == DeliveryState.SENDING or (state == DeliveryState.PENDING and position in ambiguous):
            ended[position] = DeliveryState.UNKNOWN
        elif state == DeliveryState.PENDING:
            ended[position] = DeliveryState.EXPIRED
    return bytes(ended)
