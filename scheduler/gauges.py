"""What stands in the database, for Prometheus: every scheduler shows the same figures, with bounded labels."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from math import nan

from prometheus_client import Gauge
from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import load_only

from app.db.engine import Sessions, transaction
from app.messaging.models import CAMPAIGN_KINDS, Batch, Campaign, DeliveryException, Schedule
from app.messaging.progress import failed_by, remaining, through_channels
from app.messaging.words import REASON_WORDS
from app.messaging.words import STATES as DELIVERY_STATES
from app.platforms.models import Channel
from scheduler.channels import runs

REFRESH_SECONDS = 5
STATES = ("planning", "sending", "paused")
UNDER_WAY = and_(Campaign.state != "done", Campaign.dry_run.is_(False))

CAMPAIGNS = Gauge("zhijian_campaigns_open", "Campaigns that are not over", ["kind", "state"])
DELIVERIES = Gauge("zhijian_deliveries_open", "Deliveries of campaigns that are not over", ["kind", "state"])
FAILURES = Gauge("zhijian_failures_open", "Failed deliveries of campaigns that are not over", ["kind", "reason"])
REMAINING = Gauge("zhijian_remaining_seconds", "How long what is on its way will take, the slowest campaign", ["kind"])
BATCH_LAG = Gauge("zhijian_oldest_due_batch_seconds", "How long the oldest batch that could be sent has been due")
TICK_LAG = Gauge("zhijian_tick_lag_seconds", "How long the oldest due time that has not fired has been due")
STOPPED = Gauge("zhijian_channels_stopped", "Channels that a configuration error has stopped", ["adapter"])
RESTING = Gauge("zhijian_channels_resting", "Channels that wait for the next day's quota", ["adapter"])
REFRESHED = Gauge("zhijian_gauges_refreshed_timestamp_seconds", "When the figures of the database were last read")


async def refresh(sessions: Sessions, now: datetime) -> None:
    """Reads the figures and shows them; raises what the database raises, and they stay as they were."""
    async with transaction(sessions) as session:
        await _campaigns(session, now)
        await _failures(session)
        await _channels(session, now)
        TICK_LAG.set(_age(await session.scalar(_oldest_tick(now)), now))
        BATCH_LAG.set(_age(await session.scalar(_oldest_batch(now)), now))
    REFRESHED.set(now.timestamp())


async def _campaigns(session: AsyncSession, now: datetime) -> None:
    """How far what is on its way has come, by kind: half a second for a million, and nothing once they are over."""
    columns = (Campaign.kind, Campaign.state, Campaign.paused_at, Campaign.created_at, Campaign.expires_at)
    campaigns = (await session.scalars(select(Campaign).options(load_only(*columns)).where(UNDER_WAY))).all()
    through = await through_channels(session, UNDER_WAY, now)
    open_: Counter[tuple[str, str]] = Counter()
    deliveries: Counter[tuple[str, str]] = Counter()
    estimates: dict[str, list[int | None]] = {kind: [] for kind in CAMPAIGN_KINDS}
    for campaign in campaigns:
        kind, parts = campaign.kind, through.get(campaign.id, [])
        open_[kind, "paused" if campaign.paused_at else campaign.state] += 1
        for name in DELIVERY_STATES.values():
            deliveries[kind, name] += sum(getattr(part.counts, name) for part in parts)
        estimates[kind].append(remaining(campaign, parts, now))
    for kind in CAMPAIGN_KINDS:
        for name in STATES:
            CAMPAIGNS.labels(kind, name).set(open_[kind, name])
        for name in DELIVERY_STATES.values():
            DELIVERIES.labels(kind, name).set(deliveries[kind, name])
        REMAINING.labels(kind).set(_longest(estimates[kind]))


def _longest(estimates: Sequence[int | None]) -> float:
    """Of what can be estimated; not a number where campaigns are open and of none it can be said."""
    known = [each for each in estimates if each is not None]
    return max(known, default=nan if estimates else 0)


async def _failures(session: AsyncSession) -> None:
    found: Counter[tuple[str, str]] = Counter()
    for kind, reason, count in await session.execute(
        failed_by(Campaign.kind, DeliveryException.reason).where(UNDER_WAY)
    ):
        found[kind, reason if reason in REASON_WORDS else "other"] += count
    FAILURES.clear()  # their campaigns may be over
    for labels, count in found.items():
        FAILURES.labels(*labels).set(count)


async def _channels(session: AsyncSession, now: datetime) -> None:
    rows = await session.execute(
        select(
            Channel.adapter,
            func.count().filter(Channel.stopped_reason.is_not(None)),
            func.count().filter(Channel.rests_until > now),
        )
        .where(Channel.enabled)
        .group_by(Channel.adapter)
    )
    found = {adapter: (stopped, resting) for adapter, stopped, resting in rows}
    STOPPED.clear()  # the last channel of an adapter may have been switched off
    RESTING.clear()
    for adapter, (stopped, resting) in found.items():
        STOPPED.labels(adapter).set(stopped)
        RESTING.labels(adapter).set(resting)


def _oldest_tick(now: datetime) -> Select[datetime | None]:
    return select(func.min(Schedule.next_due_at)).where(Schedule.enabled, Schedule.next_due_at <= now)


def _oldest_batch(now: datetime) -> Select[datetime]:
    """Of those that a sender could take now: what waits for an operator or the next day is counted elsewhere."""
    return (
        select(Batch.not_before)
        .join(Channel, Channel.id == Batch.channel_id)
        .join(Campaign, Campaign.id == Batch.campaign_id)
        .where(
            Batch.done_at.is_(None),
            Batch.not_before <= now,
            or_(Batch.claimed_until.is_(None), Batch.claimed_until <= now),
            runs(now),
            Campaign.paused_at.is_(None),
        )
        .order_by(Batch.not_before)
        .limit(1)
    )


def _age(since: datetime | None, now: datetime) -> float:
    return (now - since).total_seconds() if since is not None else 0.0
