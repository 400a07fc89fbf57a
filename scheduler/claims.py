"""A sender's hold on a batch: every write is fenced, so that an owner who lost the batch cannot spoil it."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import ColumnElement, Update, and_, bindparam, func, or_, select, update
from sqlalchemy.dialects.postgresql import TIMESTAMP, Insert, insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.base import Base
from app.db.engine import Sessions, transaction
from app.directory.models import Organisation
from app.messaging.models import BATCH_SIZE, Batch, Campaign, DeliveryException, DeliveryState
from app.messaging.times import Night, get_nights, own_night
from app.platforms.models import Channel
from scheduler.adapters.base import Outcome, Status
from scheduler.bus import Reference
from scheduler.channels import runs
from scheduler.unreached import clear_reached

# Sent again when nobody knows whether it arrived; a reminder is never sent twice.
RESENT_WHEN_UNKNOWN = frozenset({"weekly_issue", "meeting_notice", "meeting_changed", "meeting_cancelled"})

# A message that brings its senders down is given up like one that a platform keeps refusing.
MAX_TRIES = 6
FIRST_BACKOFF = timedelta(seconds=10)

OWNER_DIED = "owner_died"
GAVE_UP = "gave_up"
NO_SUBSCRIPTION = "no_subscription"
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
    channel: Channel
    members: Sequence[int]
    states: bytearray
    held_until: datetime
    next_tries: dict[int, datetime] = field(default_factory=dict)
    tries: dict[int, int] = field(default_factory=dict)
    ambiguous: set[int] = field(default_factory=set)  # an earlier try of theirs may have arrived
    done: Callable[[], Awaitable[None]] | None = None  # tells the bus that its reference has served

    def hold(self, until: datetime) -> datetime:
        """Until when it is held; never twice the same, so that the row shows whether a round was committed."""
        self.held_until = until if until != self.held_until else until - timedelta(microseconds=1)
        return self.held_until

    @property
    def resends(self) -> bool:
        """Whether an ambiguous delivery is sent again."""
        return self.kind in RESENT_WHEN_UNKNOWN

    def positions(self, *states: int) -> list[int]:
        """The positions in one of these states."""
        return [position for position, value in enumerate(self.states) if value in states]

    def ready(self, now: datetime, most: int = BATCH_SIZE) -> list[int]:
        """The first positions that may be sent now."""
        found: list[int] = []
        at = self.states.find(DeliveryState.PENDING)
        while at >= 0 and len(found) < most:
            if self.next_tries.get(at, now) <= now:
                found.append(at)
            at = self.states.find(DeliveryState.PENDING, at + 1)
        return found

    def may_try_again(self, position: int) -> bool:
        """Whether one more failed try leaves another one."""
        return self.tries.get(position, 0) + 1 < MAX_TRIES

    def end(self, position: int, state: int) -> None:
        """Ends a delivery undelivered; one that may have arrived after all says so."""
        self.states[position] = DeliveryState.UNKNOWN if position in self.ambiguous else state


@dataclass(frozen=True)
class Note:
    """What is kept of a delivery beyond its state byte; not every note is of a try."""

    position: int
    reason: str
    code: str = ""
    next_try_at: datetime | None = None
    tried: bool = True  # not where the delivery only waits, as over the daily limit


def claimable(adapters: Collection[str], now: datetime) -> ColumnElement[bool]:
    """Whether a batch, joined with its channel, is due and free, or its owner's lease has run out."""
    paused = select(Campaign.id).where(Campaign.id == Batch.campaign_id, Campaign.paused_at.is_not(None))
    return and_(
        ~paused.exists(),
        Batch.done_at.is_(None),
        Batch.not_before <= now,
        or_(Batch.claimed_until.is_(None), Batch.claimed_until <= now),
        Channel.adapter.in_(adapters),
        runs(now),
    )


async def claim_batch(
    sessions: Sessions,
    owner: str,
    adapters: Collection[str],
    now: datetime,
    lease: timedelta,
    *,
    reference: Reference | None = None,
    busy: Collection[int] = (),
    urgent: bool = False,
) -> Claim | None:
    """Takes the oldest (`urgent`) batch that may be claimed, or the one that is referred to; else None.

    Batches of the `busy` channels are left alone.
    """
    waiting = (
        select(Batch)
        .join(Channel, Channel.id == Batch.channel_id)
        .where(claimable(adapters, now), Channel.id.not_in(busy))
        .order_by(Batch.not_before, Batch.id)
        .limit(1)
        # One that was named is waited for: who has its row will not have it for long, and may not be taking it.
        .with_for_update(of=Batch, skip_locked=reference is None)
    )
    if reference is not None:
        waiting = waiting.where(Batch.campaign_id == reference.campaign_id, Batch.number == reference.batch_no)
    if urgent:
        waiting = waiting.where(Batch.urgent)
    async with transaction(sessions) as session:
        row = await session.scalar(waiting)
        if row is None:
            return None
        row.fence += 1
        row.claimed_by = owner
        row.claimed_until = now + lease
        return await _load(session, row, row.claimed_until)


async def _load(session: AsyncSession, row: Batch, held_until: datetime) -> Claim:
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
        night=own_night(nights[place.path], row.quiet_from, row.quiet_until),
        channel=await session.get_one(Channel, row.channel_id),
        members=row.members,
        states=bytearray(row.states),
        held_until=held_until,
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
    plain = NO_SUBSCRIPTION if outcome.subscription_spent else status.value
    reason = Status.UNKNOWN.value if position in claim.ambiguous else plain
    again = status is Status.RETRY or (status is Status.UNKNOWN and claim.resends)
    if again and claim.may_try_again(position):
        states[position] = DeliveryState.PENDING
        pause = max(FIRST_BACKOFF * 4 ** claim.tries.get(position, 0), timedelta(seconds=outcome.retry_after))
        return Note(position, reason, outcome.code, now + pause)
    claim.end(position, DeliveryState.FAILED)
    return Note(position, GAVE_UP if again else reason, outcome.code)


@cache
def _write(columns: frozenset[str]) -> Update:
    """Put together once: that costs more than the database does for it."""
    batches = Base.metadata.tables["batches"]
    return (
        update(batches)
        .where(batches.c.id == bindparam("batch"), batches.c.fence == bindparam("held"))
        .values({name: bindparam(f"new_{name}") for name in columns})
        .returning(batches.c.id)
    )


@cache
def _keep() -> Insert:
    statement = insert(Base.metadata.tables["delivery_exceptions"])
    changes = {name: statement.excluded[name] for name in ("tries", "reason", "code", "next_try_at", "at")}
    return statement.on_conflict_do_update(index_elements=["batch_id", "member_id"], set_=changes)


async def save(session: AsyncSession, claim: Claim, notes: Sequence[Note], now: datetime, **more: object) -> None:
    """Writes the states, and `more` columns, under the fence, and the notes; raises `LostClaim`."""
    values = {"states": bytes(claim.states), **more}
    held = await session.execute(
        _write(frozenset(values)),
        {"batch": claim.batch_id, "held": claim.fence, **{f"new_{name}": value for name, value in values.items()}},
    )
    if held.one_or_none() is None:
        raise LostClaim
    if not notes:
        return
    for note in notes:
        claim.tries[note.position] = claim.tries.get(note.position, 0) + note.tried
        claim.next_tries.pop(note.position, None)
        if note.next_try_at is not None:
            claim.next_tries[note.position] = note.next_try_at
    await session.execute(
        _keep(),
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
        ],
    )


async def renew(sessions: Sessions, claim: Claim, now: datetime, lease: timedelta) -> None:
    """A sign of life while nothing else is to be written; raises `LostClaim`."""
    async with transaction(sessions) as session:
        await save(session, claim, [], now, claimed_until=claim.hold(now + lease))


_ANEW = (
    select(
        Campaign.expires_at, and_(runs(bindparam("now", type_=TIMESTAMP(timezone=True))), Campaign.paused_at.is_(None))
    )
    .join(Channel, Channel.id == bindparam("channel"))
    .where(Campaign.id == bindparam("campaign"))
)


async def read_anew(session: AsyncSession, claim: Claim, now: datetime) -> tuple[datetime, bool]:
    """When the campaign ends (a cancellation moves that to the present), and whether it and its channel still run."""
    asked = {"campaign": claim.campaign_id, "channel": claim.channel.id, "now": now}
    expires_at, goes_on = (await session.execute(_ANEW, asked)).one()
    return expires_at, goes_on


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
        await clear_reached(session, [claim.members[position] for position in claim.positions(DeliveryState.SENT)])
        if campaign.state == "sending" and not await open_batches(session, campaign):
            campaign.state = "done"


async def open_batches(session: AsyncSession, campaign: Campaign) -> int:
    """How many batches of a campaign, whose row the caller holds, are not done."""
    count = await session.scalar(select(func.count()).where(Batch.campaign_id == campaign.id, Batch.done_at.is_(None)))
    return count or 0
