"""Claim, mark, send, record: a batch by windows, with nothing open while the platform is asked."""

import asyncio
import contextlib
import os
import secrets
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import structlog
from prometheus_client import Counter
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.engine import is_away, transaction
from app.messaging.models import DeliveryState
from app.messaging.times import quiet_until
from app.platforms import console
from app.platforms.models import Channel
from app.platforms.token_store import DatabaseTokens
from app.resources import Service
from scheduler import claims, subscriptions
from scheduler.adapters.base import Adapter, AdapterKind, ChannelInfo, Envelope, Outcome, Outside, Status
from scheduler.claims import Claim, LostClaim, Note
from scheduler.render import render
from scheduler.subscriptions import Address

log = structlog.get_logger()

WINDOW = 20
POLL_SECONDS = 1.0
# A day's quota begins anew at midnight in China; a few minutes later, so that no clock is ahead of the platform's.
QUOTA_RESUMES = time(0, 5)
PLATFORM_ZONE = ZoneInfo("Asia/Shanghai")

NOBODY = Address(0, "")

DELIVERIES = Counter("zhijian_deliveries_total", "Deliveries tried", ["adapter", "status"])


@dataclass
class Sender:
    """One sender: its name in claims, and an adapter for each channel as it is set up at present."""

    service: Service
    kinds: Mapping[str, AdapterKind]
    owner: str = field(default_factory=lambda: f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}")
    adapters: dict[int, tuple[object, Adapter]] = field(default_factory=dict)

    @property
    def lease(self) -> timedelta:
        """How long a batch is held without a sign of life."""
        return timedelta(seconds=self.service.settings.sender_lease_seconds)

    def adapter(self, channel: Channel) -> Adapter:
        """The adapter of a channel, built anew when its settings have changed."""
        fingerprint = (channel.adapter, channel.account, channel.secret_cipher, repr(channel.config))
        known = self.adapters.get(channel.id)
        if known is None or known[0] != fingerprint:
            secret = ""
            if channel.secret_cipher is not None:
                secret = self.service.vault.decrypt(channel.secret_cipher, f"channels:{channel.id}:secret")
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
    """Sends what is due until `stopping`; finishes or releases the batch in hand before it returns."""
    while not stopping.is_set():
        wake.clear()  # before looking, so that what is announced meanwhile is looked for at once
        try:
            if await send_next(sender, stopping):
                continue
        except Exception as error:
            # The lease runs out and somebody, perhaps this sender, takes the batch up again.
            log.warning("sender_failed", error=type(error).__name__, exc_info=None if is_away(error) else error)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(wake.wait(), POLL_SECONDS)


async def send_next(sender: Sender, stopping: asyncio.Event) -> bool:
    """Sends one batch as far as it goes now; False where nothing was due."""
    service = sender.service
    claim = await claims.claim_batch(service.sessions, sender.owner, sender.kinds, service.clock(), sender.lease)
    if claim is None:
        return False
    try:
        adapter = await _adapter_or_stop(sender, claim)
        rest_until = await _send_batch(sender, claim, adapter, stopping) if adapter is not None else service.clock()
        await claims.release(service.sessions, claim, service.clock(), rest_until=rest_until)
    except LostClaim:
        log.warning("claim_lost", batch=claim.batch_id)
    return True


async def _adapter_or_stop(sender: Sender, claim: Claim) -> Adapter | None:
    """The adapter, or None where it cannot work with the channel's settings, and the channel was stopped."""
    kind = sender.kinds[claim.channel.adapter]
    try:
        if kind.subscribed and kind.template(claim.channel.config, claim.kind) is None:
            raise LookupError(f"no template for {claim.kind}")
        return sender.adapter(claim.channel)
    except Exception as error:
        log.error("channel_stopped", channel=claim.channel.id, exc_info=error)
        async with transaction(sender.service.sessions) as session:
            await claims.stop_channel(session, claim, "bad_settings 渠道设置或密钥无法使用，请重新填写。")
        return None


async def _send_batch(sender: Sender, claim: Claim, adapter: Adapter, stopping: asyncio.Event) -> datetime | None:
    """Sends a batch by windows; gives the time until which it must rest, if it must."""
    service, kind = sender.service, sender.kinds[claim.channel.adapter]
    template = kind.template(claim.channel.config, claim.kind)
    await claims.recover(service.sessions, claim, template, service.clock())
    rest_until: datetime | None = None
    while rest_until is None and not stopping.is_set():
        now = service.clock()
        window = claim.ready(now)[:WINDOW]
        if not window:
            break
        heard_at = (quiet_until(claim.night, now) if kind.rings else None) or now
        if now < heard_at < claim.expires_at:
            rest_until = heard_at
        else:
            rest_until = await _send_window(sender, claim, adapter, window, heard_at)
    return rest_until


async def _send_window(
    sender: Sender, claim: Claim, adapter: Adapter, window: Sequence[int], heard_at: datetime
) -> datetime | None:
    """Marks, sends and records some deliveries; gives the time until which the batch must rest, if it must.

    What could only be heard when the campaign has ended expires instead.
    """
    now = sender.service.clock()
    kind = sender.kinds[claim.channel.adapter]
    template = kind.template(claim.channel.config, claim.kind)
    async with transaction(sender.service.sessions) as session:
        expires_at, runs = await claims.read_anew(session, claim)
        if expires_at <= heard_at:
            for position in claim.positions(DeliveryState.PENDING):
                claim.end(position, DeliveryState.EXPIRED)
            await claims.save(session, claim, [], now)
            return None
        if not runs:
            return now
        message = render(claim.kind, claim.event, claim.subject_id)  # what fails here has not been marked
        sending, notes = await _mark(session, claim, kind, window, template, now)
        await claims.save(session, claim, notes, now, claimed_until=now + sender.lease)
    if not sending:
        return None
    envelopes = [
        Envelope(f"{claim.campaign_id}:{claim.members[position]}", claim.members[position], address.openid, message)
        for position, address in sending.items()
    ]
    outcomes = dict(zip(sending, await adapter.send(envelopes), strict=True))
    return await _record(sender, claim, sending, outcomes, template)


async def _mark(
    session: AsyncSession, claim: Claim, kind: AdapterKind, window: Sequence[int], template: str | None, now: datetime
) -> tuple[dict[int, Address], list[Note]]:
    """Sets the write-ahead mark on those who are to be sent to; those who cannot be reached fail here."""
    sending = dict.fromkeys(window, NOBODY)
    notes: list[Note] = []
    if kind.address == "wechat":
        members = [claim.members[position] for position in window]
        found = await subscriptions.addresses(session, claim.channel.account, members)
        sending = {at: found[claim.members[at]] for at in window if claim.members[at] in found}
        notes += [Note(at, "not_bound") for at in window if at not in sending]
    elif kind.outside:
        willing = await subscriptions.willing(session, [claim.members[position] for position in window])
        sending = {at: NOBODY for at in window if claim.members[at] in willing}
        notes += [Note(at, "not_consented") for at in window if at not in sending]
    if template is not None:
        users = {address.wechat_user_id for address in sending.values()}
        able = await subscriptions.spend(session, template, users, now)
        notes += [Note(at, "no_subscription") for at, each in sending.items() if each.wechat_user_id not in able]
        sending = _one_each({at: each for at, each in sending.items() if each.wechat_user_id in able})
    for note in notes:
        claim.end(note.position, DeliveryState.FAILED)
    for position in sending:
        claim.states[position] = DeliveryState.SENDING
    return sending, notes


def _one_each(sending: Mapping[int, Address]) -> dict[int, Address]:
    """One delivery for each WeChat user: one subscription was taken, and a family's second member comes next."""
    first: dict[int, int] = {}
    for position, address in sending.items():
        first.setdefault(address.wechat_user_id, position)
    return {position: sending[position] for position in first.values()}


async def _record(
    sender: Sender,
    claim: Claim,
    sending: Mapping[int, Address],
    outcomes: Mapping[int, Outcome],
    template: str | None,
) -> datetime | None:
    """Commits what the platform said; gives the time until which the batch must rest, if it must."""
    now = sender.service.clock()
    notes = [note for position, outcome in outcomes.items() if (note := claims.settle(claim, position, outcome, now))]
    for outcome in outcomes.values():
        DELIVERIES.labels(claim.channel.adapter, outcome.status.value).inc()
    down = next((outcome for outcome in outcomes.values() if outcome.status is Status.CHANNEL_DOWN), None)
    quota_spent = any(outcome.status is Status.QUOTA for outcome in outcomes.values())
    async with transaction(sender.service.sessions) as session:
        if template is not None:
            # Who is tried again pays again; what was certainly not delivered costs nothing.
            back = [
                sending[at].wechat_user_id
                for at, outcome in outcomes.items()
                if claim.states[at] == DeliveryState.PENDING or outcome.status is Status.RETRY
            ]
            gone = [sending[at].wechat_user_id for at, outcome in outcomes.items() if outcome.subscription_spent]
            await subscriptions.correct(session, template, back=back, gone=gone, now=now)
        if down is not None:
            log.error("channel_stopped", channel=claim.channel.id, code=down.code)
            await claims.stop_channel(session, claim, f"{down.code} {down.detail}")
        if quota_spent:
            await claims.rest_channel(session, claim, _tomorrow(now))
        await claims.save(session, claim, notes, now, claimed_until=now + sender.lease)
    if quota_spent:
        return _tomorrow(now)
    return now if down is not None else None


def _tomorrow(now: datetime) -> datetime:
    """When the platform's next day has begun."""
    day = now.astimezone(PLATFORM_ZONE).date() + timedelta(days=1)
    return datetime.combine(day, QUOTA_RESUMES, PLATFORM_ZONE)
