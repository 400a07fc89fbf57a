"""Dry runs: what the next due time would tell, made into a campaign that the planner plans and nobody sends."""

from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.engine import Sessions, is_away, transaction
from app.messaging.models import Batch, Campaign, DryRun, Schedule
from app.messaging.render import render
from app.messaging.service import announce
from scheduler.occasions import coming_due, find_occasion

log = structlog.get_logger()

KEPT = timedelta(days=1)


async def find_out(sessions: Sessions, now: datetime) -> int:
    """Finds out every dry run that was asked for, one transaction each; gives how many.

    One that fails says so, and holds nothing up.
    """
    count = 0
    while True:
        run_id: int | None = None
        try:
            async with transaction(sessions) as session:
                run = await session.scalar(
                    select(DryRun)
                    .where(DryRun.state == "asked")
                    .order_by(DryRun.id)
                    .limit(1)
                    .with_for_update(skip_locked=True)
                )
                if run is None:
                    return count
                run_id = run.id
                await _find_out(session, run, now)
        except Exception as error:
            if run_id is None or is_away(error):
                raise
            log.error("dry_run_failed", dry_run=run_id, exc_info=error)
            async with transaction(sessions) as session:
                (await session.get_one(DryRun, run_id)).state = "failed"
        count += 1


async def _find_out(session: AsyncSession, run: DryRun, now: datetime) -> None:
    schedule = await session.get_one(Schedule, run.schedule_id)
    run.due_at = await coming_due(session, schedule, now)
    occasion = None
    if run.due_at is not None:
        occasion = await find_occasion(session, schedule, run.due_at, run.due_at)
    if run.due_at is None or occasion is None:
        run.state = "nothing"
        return
    campaign = announce(session, **vars(occasion), now=run.due_at)
    campaign.dry_run = True
    await session.flush()
    message = render(occasion.kind, occasion.event, occasion.subject_id)
    run.state, run.campaign_id, run.title, run.body = "found", campaign.id, message.title, message.body


async def forget_dry_runs(session: AsyncSession, now: datetime) -> None:
    """Deletes what was found out more than a day ago."""
    gone = await session.execute(delete(DryRun).where(DryRun.asked_at < now - KEPT).returning(DryRun.campaign_id))
    campaigns = [campaign_id for (campaign_id,) in gone if campaign_id is not None]
    await session.execute(delete(Batch).where(Batch.campaign_id.in_(campaigns)))
    await session.execute(delete(Campaign).where(Campaign.id.in_(campaigns), Campaign.dry_run))
