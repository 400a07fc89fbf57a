"""Chosen recipients become batches: one channel and one night each, so that a batch rests as a whole."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principals import ancestors
from app.messaging.models import BATCH_SIZE, MEETING_KINDS, Batch, Campaign, DeliveryState
from app.messaging.times import Night, get_nights, own_night, quiet_until
from scheduler.choosing import Candidate, Recipient, allowance, choose
from scheduler.reach import Reach

# When the quiet hours that members have set themselves begin and end (HH:MM), where they have.
OwnHours = tuple[str | None, str | None]


def take(recipient: Recipient, reach: Reach, candidates: Sequence[Candidate]) -> Candidate | None:
    """The channel for a member; of a family that shares one subscription, only the first is told by it."""
    chosen = choose(recipient, candidates, reach.balances, reach.addressed)
    if chosen is not None and chosen.kind.subscribed:
        reach.balances[allowance(recipient, chosen)] -= 1
    return chosen


async def add_batches(
    session: AsyncSession, campaign: Campaign, chosen: Sequence[tuple[Recipient, Candidate]], now: datetime
) -> None:
    """Adds batches for these members, numbered on from the last; the caller holds the campaign's row."""
    nights = await get_nights(session, {recipient.path: recipient.timezone for recipient, _ in chosen})
    groups: dict[tuple[int, Night, OwnHours], list[Recipient]] = defaultdict(list)
    for recipient, candidate in chosen:
        night = nights[recipient.path]
        groups[candidate.channel_id, night, _own_hours(campaign, recipient, night, now)].append(recipient)
    number = await session.scalar(
        select(func.coalesce(func.max(Batch.number), 0)).where(Batch.campaign_id == campaign.id)
    )
    ringing = {candidate.channel_id for _, candidate in chosen if candidate.kind.rings}
    for (channel_id, night, own), group in groups.items():
        when = _try(campaign, own_night(night, *own), channel_id in ringing) if campaign.dry_run else now
        for first in range(0, len(group), BATCH_SIZE):
            number = (number or 0) + 1
            session.add(_batch(campaign, number, channel_id, group[first : first + BATCH_SIZE], own, when))
    await session.flush()


def _own_hours(campaign: Campaign, recipient: Recipient, night: Night, now: datetime) -> OwnHours:
    """The quiet hours that a member has set, but for a meeting that would then be over: it concerns their rights."""
    own = recipient.quiet_from, recipient.quiet_until
    if campaign.kind in MEETING_KINDS and any(own):
        heard_at = quiet_until(own_night(night, *own), now)
        if heard_at is not None and heard_at >= campaign.expires_at:
            return None, None
    return own


def _try(campaign: Campaign, night: Night, rings: bool) -> datetime:
    """When a batch of a dry run would be sent; it never is."""
    return (quiet_until(night, campaign.created_at) if rings else None) or campaign.created_at


def _batch(
    campaign: Campaign, number: int, channel_id: int, some: Sequence[Recipient], own: OwnHours, when: datetime
) -> Batch:
    return Batch(
        campaign_id=campaign.id,
        number=number,
        channel_id=channel_id,
        organisation_id=ancestors(some[0].path)[-1],
        quiet_from=own[0],
        quiet_until=own[1],
        members=[recipient.member_id for recipient in some],
        states=bytes([DeliveryState.PENDING]) * len(some),
        first_member=some[0].member_id,
        last_member=some[-1].member_id,
        not_before=when,
        urgent=campaign.kind in MEETING_KINDS,
        fence=0,
        done_at=when if campaign.dry_run else None,
    )
