"""What stands in the database, for Prometheus: every scheduler shows the same figures, with bounded labels."""

from datetime import datetime

from prometheus_client import Gauge
from sqlalchemy import Select, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.engine import Sessions, transaction
from app.messaging.models import CAMPAIGN_KINDS, Batch, Campaign, Schedule
from app.messaging.progress import in_state
from app.messaging.words import STATES as DELIVERY_STATES
from app.platforms.models import Channel
from scheduler.channels import runs

REFRESH_SECONDS = 5
STATES = ("planning", "sending", "paused")

CAMPAIGNS = Gauge("zhijian_campaigns_open", "Campaigns that are not over", ["kind", "state"])
DELIVERIES = Gauge("zhijian_deliveries_open", "Deliveries of campaigns that are not over", ["kind", "state"])
BATCH_LAG = Gauge("zhijian_oldest_due_batch_seconds", "How long the oldest batch that could be sent has been due")
TICK_LAG = Gauge("zhijian_tick_lag_seconds", "How long the oldest due time that has not fired has been due")
STOPPED = Gauge("zhijian_channels_stopped", "Channels that a configuration error has stopped", ["adapter"])
RESTING = Gauge("zhijian_channels_resting", "Channels that wait for the next day's quota", ["adapter"])
REFRESHED = Gauge("zhijian_gauges_refreshed_timestamp_seconds", "When the figures of the database were last read")


async def refresh(sessions: Sessions, now: datetime) -> None:
    """Reads the figures and shows them; raises what the database raises, and they stay as they were."""
    async with transaction(sessions) as session:
        await _campaigns(session)
        await _deliveries(session)
        await _channels(session, now)
        TICK_LAG.set(_age(await session.scalar(_oldest_tick(now)), now))
        BATCH_LAG.set(_age(await session.scalar(_oldest_batch(now)), now))
    REFRESHED.set(now.timestamp())


async def _campaigns(session: AsyncSession) -> None:
    state = case((Campaign.paused_at.is_not(None), "paused"), else_=Campaign.state)
    rows = await session.execute(
        select(Campaign.kind, state, func.count())
        .where(Campaign.state != "done", Campaign.dry_run.is_(False))
        .group_by(Campaign.kind, state)
    )
    found = {(kind, name): count for kind, name, count in rows}
    for kind in CAMPAIGN_KINDS:
        for name in STATES:
            CAMPAIGNS.labels(kind, name).set(found.get((kind, name), 0))


async def _deliveries(session: AsyncSession) -> None:
    """How far what is on its way has come, by kind: 0.3 s for a million, and nothing once they are over."""
    rows = await session.execute(
        select(Campaign.kind, *(func.sum(in_state(state)) for state in DELIVERY_STATES))
        .join(Batch, Batch.campaign_id == Campaign.id)
        .where(Campaign.state != "done", Campaign.dry_run.is_(False))
        .group_by(Campaign.kind)
    )
    found = {kind: counts for kind, *counts in rows}
    for kind in CAMPAIGN_KINDS:
        counts = found.get(kind, [0] * len(DELIVERY_STATES))
        for name, count in zip(DELIVERY_STATES.values(), counts, strict=True):
            DELIVERIES.labels(kind, name).set(count)


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
