"""What one channel cannot deliver goes to the member's next: each channel at most once in a campaign."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.directory.models import Member
from app.messaging.models import Batch, Campaign, DeliveryException, DeliveryState
from scheduler.adapters.base import AdapterKind, Outcome, Status
from scheduler.batching import add_batches, take
from scheduler.bus import announce_batches
from scheduler.choosing import Addressed, Candidate, Recipient
from scheduler.claims import Claim
from scheduler.reach import load_reach, recipients
from scheduler.unreached import note_unreached


def is_passable(outcome: Outcome) -> bool:
    """Whether another channel may do what this one could not: no such person there, or no subscription left (43101)."""
    return outcome.status is Status.UNREACHABLE or outcome.subscription_spent


async def pass_on(
    session: AsyncSession, claim: Claim, reasons: Mapping[int, str], kinds: Mapping[str, AdapterKind], now: datetime
) -> set[int]:
    """Gives deliveries that this channel cannot do (position → why) to each member's next channel; gives those passed.

    Sets the states: passed on, or failed where there is no next channel. One that may have arrived after all stays
    unknown. The caller saves the states, with a note for each position: the notes are how the channels tried are known.

    The campaign's row is locked before the batch's, as `claims.release` does; whatever else the caller locks
    (subscriptions, days) comes before this.
    """
    for position in reasons:
        claim.end(position, DeliveryState.FAILED)
    places = {claim.members[at]: at for at in reasons if claim.states[at] == DeliveryState.FAILED}
    if not places:
        return set()
    campaign = await session.get_one(Campaign, claim.campaign_id, with_for_update=True)
    rows = await session.execute(recipients().where(Member.id.in_(places)).order_by(Member.id))
    people = [Recipient(*row) for row in rows]
    chosen = await _choose_next(session, campaign, claim, people, kinds)
    passed = {places[recipient.member_id] for recipient, _ in chosen}
    for position in passed:
        claim.states[position] = DeliveryState.PASSED_ON
    if chosen:
        await add_batches(session, campaign, chosen, now)
        await announce_batches(session)
    left = {person.member_id: reasons[places[person.member_id]] for person in people}
    for recipient, _ in chosen:
        del left[recipient.member_id]
    await note_unreached(session, campaign.id, left, now)
    return passed


async def _choose_next(
    session: AsyncSession,
    campaign: Campaign,
    claim: Claim,
    people: list[Recipient],
    kinds: Mapping[str, AdapterKind],
) -> list[tuple[Recipient, Candidate]]:
    """The next channel of each member who has one."""
    tried = await _tried(session, campaign, [person.member_id for person in people])
    reach = await load_reach(session, campaign, people, kinds)
    chosen: list[tuple[Recipient, Candidate]] = []
    for person in people:
        untried = [
            each
            for each in reach.candidates
            if each.channel_id != claim.channel.id and (person.member_id, each.channel_id) not in tried
        ]
        if (found := take(person, reach, untried)) is not None:
            chosen.append((person, found))
    return chosen


async def _tried(session: AsyncSession, campaign: Campaign, members: Collection[int]) -> set[Addressed]:
    """Which channels were tried for whom in this campaign: what was passed on has a note beside its batch."""
    rows = await session.execute(
        select(DeliveryException.member_id, Batch.channel_id)
        .join(Batch, Batch.id == DeliveryException.batch_id)
        .where(Batch.campaign_id == campaign.id, DeliveryException.member_id.in_(members))
    )
    return {(member, channel) for member, channel in rows}
