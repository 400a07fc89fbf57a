"""A round of a claim: one transaction that records what has come in and marks what goes out next."""

from collections import Counter as Count
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from prometheus_client import Counter
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.vault import Vault
from app.messaging.models import DeliveryState
from app.messaging.times import quiet_until
from scheduler import addresses, claims, rates, subscriptions
from scheduler.adapters.base import Envelope, Status
from scheduler.addresses import Address
from scheduler.claims import OWNER_DIED, Claim, Note
from scheduler.hand import Call, Hand
from scheduler.render import render

# A day's quota begins anew at midnight in China; a few minutes later, so that no clock is ahead of the platform's.
QUOTA_RESUMES = time(0, 5)
PLATFORM_ZONE = ZoneInfo("Asia/Shanghai")

DELIVERIES = Counter("zhijian_deliveries_total", "Deliveries tried", ["adapter", "status"])


@dataclass
class Books:
    """What a round will write beside the states: notes, and what becomes of subscriptions."""

    notes: list[Note] = field(default_factory=list)
    back: list[int] = field(default_factory=list)  # WeChat users
    gone: list[int] = field(default_factory=list)


async def go_round(
    session: AsyncSession, vault: Vault, hand: Hand, room: int, now: datetime, lease: timedelta
) -> list[Call]:
    """Records and marks; gives the calls that may be made once the transaction is committed.

    Rows are locked in one order by all senders: bucket, subscriptions, batch. Raises `LostClaim`.
    """
    claim, books = hand.claim, Books()
    await _record(session, hand, books, now)
    window = await _window(session, hand, room, now) if room else []
    level = None
    if window and hand.rate is not None:
        level = await rates.open_bucket(session, claim.channel.id, hand.rate, now)
    allowed = window if level is None else window[: int(level.tokens)]
    sending = await _addressed(session, vault, hand, allowed, books)
    if hand.subscription is not None:
        await _subscribed(session, hand, hand.subscription, sending, books, now)
    if level is not None and hand.rate is not None:
        level = await rates.take(session, claim.channel.id, level, len(sending))
        if len(allowed) < len(window):
            hand.dry_for(level.wait(hand.rate, len(window) - len(allowed)))
    if sending and hand.message is None:
        hand.message = render(claim.kind, claim.event, claim.subject_id)  # what fails here has not been marked
    for at in sending:
        claim.states[at] = DeliveryState.SENDING
    hand.sending.update(sending)
    await claims.save(session, claim, books.notes, now, claimed_until=now + lease)
    return _calls(hand, sending)


async def _record(session: AsyncSession, hand: Hand, books: Books, now: datetime) -> None:
    """Moves on those whose outcomes have come in; stops the channel or lets it rest where an outcome says so."""
    claim, outcomes = hand.claim, hand.collect()
    for at, outcome in outcomes.items():
        user = hand.sending.pop(at).user
        note = claims.settle(claim, at, outcome, now)
        if note is not None:
            books.notes.append(note)
        # Who is tried again pays again; what was certainly not delivered costs nothing.
        if claim.states[at] == DeliveryState.PENDING or outcome.status is Status.RETRY:
            books.back.append(user)
        if outcome.subscription_spent:
            books.gone.append(user)
        hand.let_by(user)
    for status, count in Count(outcome.status for outcome in outcomes.values()).items():
        DELIVERIES.labels(claim.channel.adapter, status.value).inc(count)
    down = next((outcome for outcome in outcomes.values() if outcome.status is Status.CHANNEL_DOWN), None)
    if down is not None:
        hand.closed = True
        await claims.stop_channel(session, claim, down.code, down.detail)
    if any(outcome.status is Status.QUOTA for outcome in outcomes.values()):
        hand.closed = True
        await claims.rest_channel(session, claim, _tomorrow(now))


async def _window(session: AsyncSession, hand: Hand, room: int, now: datetime) -> list[int]:
    """Who may be sent to in this round. What could only be heard when the campaign has ended expires instead."""
    claim = hand.claim
    expires_at, runs = await claims.read_anew(session, claim, now)
    heard_at = (quiet_until(claim.night, now) if hand.kind.rings else None) or now
    if expires_at <= heard_at:
        for at in claim.positions(DeliveryState.PENDING):
            claim.end(at, DeliveryState.EXPIRED)
    elif not runs:
        hand.closed = True
    elif now < heard_at:
        hand.closed, hand.rest_until = True, heard_at
    return hand.ready(now)[:room]


async def _addressed(
    session: AsyncSession, vault: Vault, hand: Hand, window: Sequence[int], books: Books
) -> dict[int, Address]:
    """Where they are reached; who is not is refused.

    A WeChat user whose subscription counts gets one message at a time: a family's second member comes next.
    """
    claim = hand.claim
    if not window:
        return {}
    found = await addresses.find(session, vault, claim.channel, hand.kind, [claim.members[at] for at in window])
    busy = {address.user for address in hand.sending.values()}
    sending: dict[int, Address] = {}
    for at in window:
        address = found[claim.members[at]]
        if isinstance(address, str):
            _refuse(claim, at, address, books)
        elif hand.subscription is not None and address.user in busy:
            hand.behind[at] = address.user
        else:
            busy.add(address.user)
            sending[at] = address
    return sending


async def _subscribed(
    session: AsyncSession, hand: Hand, template: str, sending: dict[int, Address], books: Books, now: datetime
) -> None:
    """Takes one subscription of each; drops those who have none from `sending`."""
    wanted = {address.user for address in sending.values()}
    able = await subscriptions.book(session, template, now, back=books.back, gone=books.gone, wanted=wanted)
    for at, address in list(sending.items()):
        if address.user not in able:
            del sending[at]
            hand.let_by(address.user)
            _refuse(hand.claim, at, "no_subscription", books)


def _refuse(claim: Claim, position: int, reason: str, books: Books) -> None:
    """Ends a delivery that this channel cannot make."""
    claim.end(position, DeliveryState.FAILED)
    books.notes.append(Note(position, reason))


def _calls(hand: Hand, sending: Mapping[int, Address]) -> list[Call]:
    """A call for each, or one for all where the platform takes many."""
    claim = hand.claim
    if hand.message is None:
        return []  # nothing has been marked yet
    envelopes = [
        Envelope(
            f"{claim.campaign_id}:{claim.members[at]}",
            claim.members[at],
            address.text,
            hand.message,
            again=at in claim.ambiguous,
        )
        for at, address in sending.items()
    ]
    if hand.many:
        return [(list(sending), envelopes)] if sending else []
    return [((at,), (envelope,)) for at, envelope in zip(sending, envelopes, strict=True)]


def _tomorrow(now: datetime) -> datetime:
    """When the platform's next day has begun."""
    day = now.astimezone(PLATFORM_ZONE).date() + timedelta(days=1)
    return datetime.combine(day, QUOTA_RESUMES, PLATFORM_ZONE)


async def recover(session: AsyncSession, vault: Vault, hand: Hand, now: datetime) -> None:
    """What a dead owner left marked may have arrived: sent again or left unknown, by kind."""
    claim = hand.claim
    left = claim.positions(DeliveryState.SENDING)
    if not left:
        return
    claim.ambiguous.update(left)
    for at in left:
        again = claim.resends and claim.may_try_again(at)
        claim.states[at] = DeliveryState.PENDING if again else DeliveryState.UNKNOWN
    if hand.subscription is not None:
        again_to = [claim.members[at] for at in left if claim.states[at] == DeliveryState.PENDING]
        found = await addresses.find(session, vault, claim.channel, hand.kind, again_to)
        # The next try takes one again. Where the first had arrived, the platform refuses, and the ledger learns it.
        back = [address.user for address in found.values() if isinstance(address, Address)]
        await subscriptions.book(session, hand.subscription, now, back=back)
    await claims.save(session, claim, [Note(at, OWNER_DIED) for at in left], now)
