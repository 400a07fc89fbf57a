"""A sender's hold on a batch: every write is fenced, so that an owner who lost the batch cannot spoil it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.engine import Sessions, transaction
from app.directory.models import Organisation
from app.messaging.models import Batch, Campaign, DeliveryException, DeliveryState
from app.messaging.times import Night, get_nights
from app.platforms.models import Channel
from scheduler import subscriptions
from scheduler.adapters.base import Outcome, Status

# Sent again when nobody knows whether it arrived; a reminder is never sent twice.
RESENT_WHEN_UNKNOWN = frozenset({"weekly_issue", "meeting_notice", "meeting_changed", "meeting_cancelled"})

# A message that brings its senders down is given up like one that a platform keeps refusing.
MAX_TRIES = 6
FIRST_BACKOFF = timedelta(seconds=10)

OWNER_DIED = "owner_died"
GAVE_UP = "gave_up"
AMBIGUOUS = frozenset({OWNER_DIED, Status.UNKNOWN.value})


class LostClaim(Exception):
    """Another sender has taken the batch over: stop at once."""


@dataclass
class Claim:
    """A batch in hand. `states` is the truth while the fence holds; the position of a member is its index."""

    batch_id: int
    fence: int
    campaign_id: int
    kind: str
    subject_id: int
    event: Mapping[str, object]
    night: Night
    expires_at: datetime
    channel: Channel
    members: Sequence[int]
    states: bytearray
    next_tries: dict[int, datetime] = field(default_factory=dict)
    tries: dict[int, int] = field(default_factory=dict)
    ambiguous: set[int] = field(default_factory=set)  # an earlier try of theirs may have arrived

    @property
    def resends(self) -> bool:
        """Whether an ambiguous delivery is sent again."""
        return self.kind in RESENT_WHEN_UNKNOWN

    def positions(self, *states: int) -> list[int]:
        """The positions in one of these states."""
        return [position for position, value in enumerate(self.states) if value in states]

    def ready(self, now: datetime) -> list[int]:
        """The positions that may be sent now."""
        return [at for at in self.positions(DeliveryState.PENDING) if self.next_tries.get(at, now) <= now]

    def may_try_again(self, position: int) -> bool:
        """Whether one more failed try leaves another one."""
        return self.tries.get(position, 0) + 1 < MAX_TRIES

    def end(self, position: int, state: int) -> None:
        """Ends a delivery undelivered; one that may have arrived after all says so."""
        self.states[position] = DeliveryState.UNKNOWN if position in self.ambiguous else state


@dataclass(frozen=True)
class Note:
    """What is kept of a delivery beyond its state byte."""

    position: int
    reason: str
    code: str = ""
    next_try_at: datetime | None = None


async def claim_batch(
    sessions: Sessions, owner: str, adapters: Collection[str], now: datetime, lease: timedelta
) -> Claim | None:
    """Takes the oldest batch that is due and free, or whose owner's lease has run out; None where there is none."""
    async with transaction(sessions) as session:
        row = await session.scalar(
            select(Batch)
            .join(Channel, Channel.id == Batch.channel_id)
            .join(Campaign, Campaign.id == Batch.campaign_id)
            .where(
                Batch.done_at.is_(None),
                Campaign.paused_at.is_(None),
                Batch.not_before <= now,
                or_(Batch.claimed_until.is_(None), Batch.claimed_until <= now),
                Channel.adapter.in_(adapters),
                Channel.enabled,
                Channel.stopped_reason.is_(None),
            )
            .order_by(Batch.not_before, Batch.id)
            .limit(1)
            .with_for_update(of=Batch, skip_locked=True)
        )
        if row is None:
            return None
        row.fence += 1
        row.claimed_by = owner
        row.claimed_until = now + lease
        return await _load(session, row)


async def _load(session: AsyncSession, row: Batch) -> Claim:
    campaign = await session.get_one(Campaign, row.campaign_id)
    place = await session.get_one(Organisation, row.organisation_id)
    nights = await get_nights(session, {place.path: place.timezone})
    claim = Claim(
        batch_id=row.id,
        fence=row.fence,
        campaign_id=campaign.id,
        kind=campaign.kind,
        subject_id=campaign.subject_id,
        event=campaign.event,
        night=nights[place.path],
        expires_at=campaign.expires_at,
        channel=await session.get_one(Channel, row.channel_id),
        members=row.members,
        states=bytearray(row.states),
    )
    places = {member: position for position, member in enumerate(row.members)}
    for kept in await session.scalars(select(DeliveryException).where(DeliveryException.batch_id == row.id)):
        position = places[kept.member_id]
        claim.tries[position] = kept.tries
        if kept.next_try_at is not None:
            claim.next_tries[position] = kept.next_try_at
        if kept.reason in AMBIGUOUS:
            claim.ambiguous.add(position)
    return claim


async def recover(sessions: Sessions, claim: Claim, template: str | None, now: datetime) -> None:
    """What a dead owner left marked may have arrived: sent again or left unknown, by kind."""
    left = claim.positions(DeliveryState.SENDING)
    if not left:
        return
    claim.ambiguous.update(left)
    for position in left:
        again = claim.resends and claim.may_try_again(position)
        claim.states[position] = DeliveryState.PENDING if again else DeliveryState.UNKNOWN
    async with transaction(sessions) as session:
        if template is not None:
            again_to = [claim.members[at] for at in left if claim.states[at] == DeliveryState.PENDING]
            found = await subscriptions.addresses(session, claim.channel.account, again_to)
            # The next try takes one again. Where the first had arrived, the platform refuses, and the ledger learns it.
            back = [address.wechat_user_id for address in found.values()]
            await subscriptions.correct(session, template, back=back, gone=(), now=now)
        await save(session, claim, [Note(position, OWNER_DIED) for position in left], now)


def settle(claim: Claim, position: int, outcome: Outcome, now: datetime) -> Note | None:
    """Moves one delivery on to its next state; gives what is worth keeping beyond it."""
    states, status = claim.states, outcome.status
    if status is Status.SENT:
        states[position] = DeliveryState.SENT
        return None
    if status in (Status.CHANNEL_DOWN, Status.QUOTA):
        states[position] = DeliveryState.PENDING  # neither lost nor counted as a try
        return None
    if status is Status.UNKNOWN:
        claim.ambiguous.add(position)
    # Kept over later tries: a delivery that may have arrived stays ambiguous until one is known to.
    reason = Status.UNKNOWN.value if position in claim.ambiguous else status.value
    again = status is Status.RETRY or (status is Status.UNKNOWN and claim.resends)
    if again and claim.may_try_again(position):
        states[position] = DeliveryState.PENDING
        return Note(position, reason, outcome.code, now + FIRST_BACKOFF * 4 ** claim.tries.get(position, 0))
    claim.end(position, DeliveryState.FAILED)
    return Note(position, GAVE_UP if again else reason, outcome.code)


async def save(session: AsyncSession, claim: Claim, notes: Sequence[Note], now: datetime, **more: object) -> None:
    """Writes the states, and `more` columns, under the fence, and the notes; raises `LostClaim`."""
    held = await session.scalar(
        update(Batch)
        .where(Batch.id == claim.batch_id, Batch.fence == claim.fence)
        .values(states=bytes(claim.states), **more)
        .returning(Batch.id)
    )
    if held is None:
        raise LostClaim
    if not notes:
        return
    for note in notes:
        claim.tries[note.position] = claim.tries.get(note.position, 0) + 1
        claim.next_tries.pop(note.position, None)
        if note.next_try_at is not None:
            claim.next_tries[note.position] = note.next_try_at
    statement = insert(DeliveryException).values(
        [
            {
                "batch_id": claim.batch_id,
                "member_id": claim.members[note.position],
                "tries": claim.tries[note.position],
                "reason": note.reason,
                "code": note.code or None,
                "next_try_at": note.next_try_at,
                "at": now,
            }
            for note in notes
        ]
    )
    excluded = statement.excluded
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["batch_id", "member_id"],
            set_={name: excluded[name] for name in ("tries", "reason", "code", "next_try_at", "at")},
        )
    )


async def read_anew(session: AsyncSession, claim: Claim) -> tuple[datetime, bool]:
    """When the campaign ends (a cancellation moves that to the present), and whether it and its channel still run."""
    runs_still = and_(Channel.enabled, Channel.stopped_reason.is_(None), Campaign.paused_at.is_(None))
    found = await session.execute(
        select(Campaign.expires_at, runs_still)
        .join(Channel, Channel.id == claim.channel.id)
        .where(Campaign.id == claim.campaign_id)
    )
    expires_at, runs = found.one()
    return expires_at, runs


async def stop_channel(session: AsyncSession, claim: Claim, reason: str) -> None:
    """Stops the channel; one whose settings were changed since the claim may be mended by now, and goes on."""
    used = claim.channel
    await session.execute(
        update(Channel)
        .where(
            Channel.id == used.id,
            Channel.config == used.config,
            Channel.secret_cipher.is_not_distinct_from(used.secret_cipher),
        )
        .values(stopped_reason=reason[:500])
        .execution_options(synchronize_session=False)
    )


async def rest_channel(session: AsyncSession, claim: Claim, until: datetime) -> None:
    """Lets the channel's free batches wait, so that a spent quota is not asked for again and again."""
    free = (
        select(Batch.id)
        .where(
            Batch.channel_id == claim.channel.id,
            Batch.done_at.is_(None),
            Batch.claimed_until.is_(None),
            Batch.not_before < until,
        )
        .with_for_update(skip_locked=True)
    )
    await session.execute(
        update(Batch).where(Batch.id.in_(free)).values(not_before=until).execution_options(synchronize_session=False)
    )


async def release(sessions: Sessions, claim: Claim, now: datetime, *, rest_until: datetime | None = None) -> None:
    """Gives the batch back: done when nothing is left to do, else free for its next try; closes a finished campaign."""
    left = claim.positions(DeliveryState.PENDING, DeliveryState.SENDING)
    async with transaction(sessions) as session:
        if left:
            again = rest_until or min(claim.next_tries.get(position, now) for position in left)
            await save(session, claim, [], now, claimed_by=None, claimed_until=None, not_before=again)
            return
        # The campaign first: of two senders that finish its last two batches, the later one sees both.
        campaign = await session.get_one(Campaign, claim.campaign_id, with_for_update=True)
        await save(session, claim, [], now, claimed_by=None, claimed_until=None, done_at=now)
        if campaign.state == "sending" and not await open_batches(session, campaign):
            campaign.state = "done"


async def open_batches(session: AsyncSession, campaign: Campaign) -> int:
    """How many batches of a campaign, whose row the caller holds, are not done."""
    count = await session.scalar(select(func.count()).where(Batch.campaign_id == campaign.id, Batch.done_at.is_(None)))
    return count or 0
