"""A round of a claim: one transaction that records what has come in and marks what goes out next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.vault import Vault
from app.messaging.models import DeliveryState
from app.messaging.render import render
from app.messaging.times import quiet_until
from scheduler import addresses, channels, claims, fallback, limits, rates, subscriptions
from scheduler.adapters.base import AdapterKind, Envelope, Outcome, Status
from scheduler.addresses import Address
from scheduler.claims import OWNER_DIED, Claim, Note
from scheduler.hand import Call, Hand


@dataclass(frozen=True)
class Means:
    """What every round of a sender needs beside the claim."""

    vault: Vault
    kinds: Mapping[str, AdapterKind]
    lease: timedelta


@dataclass
class Books:
    """What a round will write beside the states."""

    notes: list[Note] = field(default_factory=list)
    back: list[int] = field(default_factory=list)  # WeChat users who get a subscription back
    gone: list[int] = field(default_factory=list)  # those who have none left
    uncounted: dict[int, datetime] = field(
        default_factory=dict
    )  # what counts in no day any more, and when it was marked
    passable: dict[int, str] = field(default_factory=dict)  # position -> why this channel cannot, but another may


async def go_round(
    session: AsyncSession, means: Means, hand: Hand, outcomes: Mapping[int, Outcome], room: int, now: datetime
) -> list[Call]:
    """Records and marks; gives the calls that may be made once the transaction is committed.

    Rows are locked in the one order of docs/decisions/0022: channel, bucket, days, subscriptions, campaign, batch.
    Raises `LostClaim`.
    """
    claim, books = hand.claim, Books()
    await _record(session, hand, outcomes, books, now)
    expires_at, window = await _window(session, hand, room, now) if room else (now, [])
    level = None
    if window and hand.rate is not None:
        level = await rates.open_bucket(session, claim.channel.id, hand.rate, now)
    allowed = window if level is None else window[: int(level.tokens)]
    sending = await _addressed(session, means.vault, hand, allowed, books)
    if hand.kind.rings:
        await _admitted(session, hand, sending, books, expires_at, now)
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
    hand.marked_at.update(dict.fromkeys(sending, now))
    if books.passable:
        await fallback.pass_on(session, claim, books.passable, means.kinds, now)
    await claims.save(session, claim, books.notes, now, claimed_until=claim.hold(now + means.lease))
    return _calls(hand, sending)


async def _record(
    session: AsyncSession, hand: Hand, outcomes: Mapping[int, Outcome], books: Books, now: datetime
) -> None:
    """Moves on those whose outcomes have come in; stops the channel or lets it rest where an outcome says so."""
    claim = hand.claim
    for at, outcome in outcomes.items():
        user, marked_at = hand.sending.pop(at).user, hand.marked_at.pop(at)
        hand.let_by(user)
        note = claims.settle(claim, at, outcome, now)
        if note is not None:
            books.notes.append(note)
            if fallback.is_passable(outcome):
                books.passable[at] = note.reason
        # Who is tried again pays again; what was certainly not delivered costs nothing.
        unsent = claim.states[at] in (DeliveryState.PENDING, DeliveryState.FAILED)
        if unsent or outcome.status is Status.RETRY:
            books.back.append(user)
        if unsent:
            books.uncounted[at] = marked_at
        if outcome.subscription_spent:
            books.gone.append(user)
    down = next((outcome for outcome in outcomes.values() if outcome.status is Status.CHANNEL_DOWN), None)
    if down is not None:
        hand.closed = True
        await channels.stop_channel(session, claim.channel, down.code, down.detail)
    if any(outcome.status is Status.QUOTA for outcome in outcomes.values()):
        hand.closed = True
        await channels.rest_channel(session, claim.channel, channels.tomorrow(now))


async def _window(session: AsyncSession, hand: Hand, room: int, now: datetime) -> tuple[datetime, list[int]]:
    """When the campaign ends, and who may be sent to in this round.

    What could only be heard when the campaign has ended expires instead.
    """
    claim = hand.claim
    expires_at, goes_on = await claims.read_anew(session, claim, now)
    heard_at = (quiet_until(claim.night, now) if hand.kind.rings else None) or now
    if expires_at <= heard_at:
        for at in claim.positions(DeliveryState.PENDING):
            claim.end(at, DeliveryState.EXPIRED)
    elif not goes_on:
        hand.closed = True
    elif now < heard_at:
        hand.closed, hand.rest_until = True, heard_at
    return expires_at, hand.ready(now, room)


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


async def _admitted(
    session: AsyncSession, hand: Hand, sending: dict[int, Address], books: Books, expires_at: datetime, now: datetime
) -> None:
    """Counts them in the day of each member; drops those who have had their notices of the day from `sending`."""
    claim = hand.claim
    await limits.give_back(session, claim, books.uncounted, now=now, next_=sending)
    if sending:
        admitted, notes = await limits.admit(session, claim, list(sending), expires_at, now)
        books.notes += notes
        for at in sending.keys() - set(admitted):
            hand.let_by(sending.pop(at).user)


async def _subscribed(
    session: AsyncSession, hand: Hand, template: str, sending: dict[int, Address], books: Books, now: datetime
) -> None:
    """Takes one subscription of each; drops those who have none from `sending`."""
    wanted = {address.user for address in sending.values()}
    able = await subscriptions.book(session, template, now, back=books.back, gone=books.gone, wanted=wanted)
    refused = [at for at, address in sending.items() if address.user not in able]
    for at in refused:
        hand.let_by(sending.pop(at).user)
        _refuse(hand.claim, at, claims.NO_SUBSCRIPTION, books)
    if hand.kind.rings:
        await limits.give_back(session, hand.claim, dict.fromkeys(refused, now), now=now)


def _refuse(claim: Claim, position: int, reason: str, books: Books) -> None:
    """Ends a delivery that this channel cannot make."""
    claim.end(position, DeliveryState.FAILED)
    books.notes.append(Note(position, reason))
    books.passable[position] = reason


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


async def recover(session: AsyncSession, vault: Vault, hand: Hand, now: datetime) -> None:
    """What a dead owner left marked may have arrived: sent again or left unknown, by kind."""
    claim = hand.claim
    left = claim.positions(DeliveryState.SENDING)
    if not left:
        return
    claim.ambiguous.update(left)
    for at in left:
        claim.states[at] = DeliveryState.PENDING if claim.resends and claim.may_try_again(at) else DeliveryState.UNKNOWN
    again = [at for at in left if claim.states[at] == DeliveryState.PENDING]
    if hand.kind.rings:
        await limits.give_back(session, claim, dict.fromkeys(again, now), now=now)
    if hand.subscription is not None:
        found = await addresses.find(session, vault, claim.channel, hand.kind, [claim.members[at] for at in again])
        # The next try takes one again. Where the first had arrived, the platform refuses, and the ledger learns it.
        back = [address.user for address in found.values() if isinstance(address, Address)]
        await subscriptions.book(session, hand.subscription, now, back=back)
    await claims.save(session, claim, [Note(at, OWNER_DIED) for at in left], now)
