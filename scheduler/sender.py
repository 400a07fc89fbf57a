"""Senders: batches are claimed as slots are free, and each is seen through by rounds and calls that overlap."""

import asyncio
import contextlib
import math
import os
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from app.db.engine import is_away, transaction
from app.messaging.models import MEETING_KINDS
from app.platforms import console
from app.platforms.models import Channel
from app.platforms.secrets import open_secret
from app.platforms.token_store import DatabaseTokens
from app.resources import Service
from scheduler import channels, claims, outages
from scheduler.adapters.base import Adapter, AdapterKind, ChannelInfo, Envelope, Outside
from scheduler.bus import Bus
from scheduler.claims import Claim, LostClaim
from scheduler.hand import GATHER_SECONDS, Hand
from scheduler.rates import rate_of
from scheduler.rounds import Means, recover
from scheduler.taking import next_claim

log = structlog.get_logger()

CLAIMS = 5  # batches that one sender has in hand at most; the last place is for a channel that has none in hand
POLL_SECONDS = 1.0
URGENT_RUN = 4  # urgent batches in a row, before one is taken as it comes: nothing waits for ever


@dataclass
class Sender:
    """One sender: its name in claims, where it gets them from, those in hand, and an adapter for each channel."""

    service: Service
    kinds: Mapping[str, AdapterKind]
    bus: Bus | None = None
    owner: str = field(default_factory=lambda: f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}")
    adapters: dict[int, tuple[object, Adapter]] = field(default_factory=dict)
    hands: list[Hand] = field(default_factory=list)
    urgent_run: int = 0  # urgent batches that were claimed since the last other one
    freed: asyncio.Event = field(default_factory=asyncio.Event)  # a slot may be free that no claim in hand needs

    @property
    def free(self) -> int:
        """The calls that may be begun now, over all claims in hand."""
        return self.service.settings.sender_calls - sum(hand.slots for hand in self.hands)

    @property
    def takes_more(self) -> bool:
        """Whether another claim could use what those in hand leave."""
        return len(self.hands) < CLAIMS - 1 and self.free > 0 and not any(hand.hungry for hand in self.hands)

    @property
    def shunned(self) -> set[int]:
        """The channels that are left alone at a look: dry, or in hand already where they fill slots or places."""
        return {hand.claim.channel.id for hand in self.hands if hand.dry or not self.takes_more}

    @property
    def urgent_shunned(self) -> set[int] | None:
        """As `shunned`, for urgent batches, which may wait in hand for slots; None where it is the turn of others."""
        if self.urgent_run >= URGENT_RUN:
            return None
        return {hand.claim.channel.id for hand in self.hands} if len(self.hands) >= CLAIMS - 1 else set()

    def share(self, hand: Hand) -> int:
        """The calls that a claim may have in hand: each channel that has more to send gets as many as the others."""
        channel = hand.claim.channel.id
        channels = {channel, *(other.claim.channel.id for other in self.hands if other.hungry)}
        siblings = sum(other.slots for other in self.hands if other is not hand and other.claim.channel.id == channel)
        return math.ceil(self.service.settings.sender_calls / len(channels)) - siblings

    def room(self, hand: Hand, ready: int) -> int:
        """How many deliveries of a claim may be marked now; their slots are taken at once."""
        # Those that have come back are free when the round is committed.
        free = min(self.free, self.share(hand) - hand.slots) + hand.arrived
        if free <= 0 or not hand.takes_slots:
            return 0
        room = min(ready, hand.kind.per_call if hand.many else free)
        hand.slots += max(0, min(room, 1 if hand.many else room) - hand.arrived)
        return room

    def pass_slots_on(self, hand: Hand) -> None:
        """Tells those who wait for a slot that this claim has left some."""
        if self.free > 0:
            self.freed.set()
            for other in self.hands:
                if other is not hand and other.hungry:
                    other.wake.set()

    @property
    def lease(self) -> timedelta:
        """How long a batch is held without a sign of life."""
        return timedelta(seconds=self.service.settings.sender_lease_seconds)

    @property
    def means(self) -> Means:
        """What its rounds need."""
        return Means(self.service.vault, self.kinds, self.lease)

    def adapter(self, channel: Channel) -> Adapter:
        """The adapter of a channel, built anew when its settings have changed."""
        fingerprint = (channel.adapter, channel.account, channel.secret_cipher, repr(channel.config))
        known = self.adapters.get(channel.id)
        if known is None or known[0] != fingerprint:
            secret = open_secret(self.service.vault, channel) or ""
            info = ChannelInfo(channel.id, channel.account, secret, channel.config)
            known = (fingerprint, self.kinds[channel.adapter].build(info, self.outside(channel.id)))
            self.adapters[channel.id] = known
        return known[1]

    def outside(self, channel_id: int) -> Outside:
        """What the adapter of a channel may use."""

        async def put_on_console(envelope: Envelope) -> None:
            message = envelope.message
            async with transaction(self.service.sessions) as session:
                await console.put(
                    session,
                    key=envelope.key,
                    member_id=envelope.member_id,
                    kind=message.kind,
                    title=message.title,
                    body=message.body,
                    link=message.link,
                    now=self.service.clock(),
                )

        hosts = self.service.settings.platform_hosts
        store = DatabaseTokens(self.service.sessions, self.service.vault, channel_id)
        return Outside(self.service.http, self.service.clock, hosts, put_on_console, store)


async def send_for_ever(sender: Sender, wake: asyncio.Event, stopping: asyncio.Event) -> None:
    """Sends what is due until `stopping`; then ends what is in flight, and releases the batches in hand."""
    service, loop = sender.service, asyncio.get_running_loop()
    look_at = loop.time()
    away = False
    async with asyncio.TaskGroup() as working:
        while not stopping.is_set():
            wake.clear()  # before looking, so that what is announced meanwhile is looked for at once
            sender.freed.clear()
            takes_more = sender.takes_more
            # A channel that fills all slots or places must not keep the others out: they get theirs as calls come back.
            looks = takes_more or (len(sender.hands) < CLAIMS and loop.time() >= look_at)
            look_at = loop.time() + POLL_SECONDS if looks else look_at
            try:
                if away:
                    await outages.come_back(service.sessions)
                    away = False
                    continue
                if looks and (claim := await _claim(sender)) is not None:
                    hand = await _take_up(sender, claim)
                    if hand is not None:
                        working.create_task(_guarded(sender, hand, stopping))
                    continue
            except Exception as error:
                away = is_away(error)
                _complain(error)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for((wake if takes_more else sender.freed).wait(), POLL_SECONDS)
        for hand in sender.hands:
            hand.wake.set()  # those that wait for a slot or for their rate wait no longer


async def send_next(sender: Sender, stopping: asyncio.Event) -> bool:
    """Sends one batch as far as it goes now; False where nothing was due."""
    claim = await _claim(sender)
    if claim is None:
        return False
    hand = await _take_up(sender, claim)
    if hand is not None:
        await _see_through(sender, hand, stopping)
    return True


async def _claim(sender: Sender) -> Claim | None:
    service = sender.service
    claim = await next_claim(
        service.sessions, sender.bus, sender.owner, sender.kinds, service.clock, sender.lease,
        busy=sender.shunned, urgent=sender.urgent_shunned,
    )  # fmt: skip
    sender.urgent_run = sender.urgent_run + 1 if claim is not None and claim.kind in MEETING_KINDS else 0
    return claim


async def _guarded(sender: Sender, hand: Hand, stopping: asyncio.Event) -> None:
    try:
        await _see_through(sender, hand, stopping)
    except Exception as error:
        _complain(error)


def _complain(error: Exception) -> None:
    # The lease runs out and somebody, perhaps this sender, takes the batch up again.
    log.warning("sender_failed", error=type(error).__name__, exc_info=None if is_away(error) else error)


async def _take_up(sender: Sender, claim: Claim) -> Hand | None:
    """Takes a claim in hand; None where it is lost, or cannot be sent with its channel's settings, which stops that."""
    service, kind = sender.service, sender.kinds[claim.channel.adapter]
    template = kind.template(claim.channel.config, claim.kind)
    try:
        try:
            if (kind.templated or kind.subscribed) and template is None:
                raise LookupError(f"no template for {claim.kind}")
            adapter, rate = sender.adapter(claim.channel), rate_of(claim.channel.config, kind)
        except Exception as error:
            log.error("bad_settings", channel=claim.channel.id, exc_info=error)
            async with transaction(service.sessions) as session:
                await channels.stop_channel(
                    session, claim.channel, "bad_settings", "渠道设置或密钥无法使用，请重新填写。"
                )
            await claims.release(service.sessions, claim, service.clock())
            await _served(claim)
            return None
        hand = Hand(claim, kind, adapter, template if kind.subscribed else None, rate)
        async with transaction(service.sessions) as session:
            await recover(session, service.vault, hand, service.clock())
    except LostClaim:
        log.warning("claim_lost", batch=claim.batch_id)
        await _served(claim)
        return None
    sender.hands.append(hand)
    return hand


async def _see_through(sender: Sender, hand: Hand, stopping: asyncio.Event) -> None:
    """Sends a batch as far as it goes now, and gives it back."""
    service = sender.service
    try:
        await _send(sender, hand, stopping)
        await outages.outlast(
            lambda: claims.release(service.sessions, hand.claim, service.clock(), rest_until=hand.rest_until),
            sender.means,
            stopping,
        )
    except LostClaim:
        log.warning("claim_lost", batch=hand.claim.batch_id)
    finally:
        await hand.drop()
        sender.hands.remove(hand)
        sender.pass_slots_on(hand)
    await _served(hand.claim)


async def _served(claim: Claim) -> None:
    if claim.done is not None:
        await claim.done()


async def _send(sender: Sender, hand: Hand, stopping: asyncio.Event) -> None:
    """Goes round until nothing is in flight, and nothing more may be marked now."""
    service, loop = sender.service, asyncio.get_running_loop()
    # However long the calls hang, the claim shows signs of life well within its lease.
    alive = sender.lease.total_seconds() / 3
    renew_at = back_at = loop.time() + alive
    most = max(hand.kind.per_call, service.settings.sender_calls)
    while True:
        hand.wake.clear()
        if hand.gathers:
            await hand.wait(GATHER_SECONDS)
        now = service.clock()
        ready = 0 if stopping.is_set() else len(hand.ready(now, most))
        room = sender.room(hand, ready)
        if room or hand.arrived:
            hand.start(await outages.make_round(service.sessions, sender.means, hand, room, service.clock, stopping))
            renew_at = loop.time() + alive
            hand.hungry = hand.takes_slots and bool(hand.ready(now, 1))
            sender.pass_slots_on(hand)
        elif not (hand.in_flight or ready):
            return
        elif hand.dry and not hand.in_flight and loop.time() >= back_at:
            return  # who takes it up again finds a rate that was mended, and a campaign that was called off
        else:
            await hand.wait(min(renew_at - loop.time(), hand.dry_seconds))
            if loop.time() >= renew_at:
                await outages.outlast(
                    lambda: claims.renew(service.sessions, hand.claim, service.clock(), sender.lease),
                    sender.means,
                    stopping,
                )
                renew_at = loop.time() + alive
