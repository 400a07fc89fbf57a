"""The clock says when to look; the row says what is due. APScheduler wakes the tick and remembers nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from app.clock import Clock
from app.db.engine import Sessions, is_away, transaction
from app.organisations.imports.service import forget_old_lines
from scheduler.adapters.registry import load_adapters
from scheduler.planner import plan_announced
from scheduler.tick import run_due

log = structlog.get_logger()

LOOK_SECONDS = 1
SWEEP_SECONDS = 3600


@asynccontextmanager
async def ticking(sessions: Sessions, clock: Clock) -> AsyncIterator[None]:
    """Looks once a second while the context is open: fires what is due, then plans what was announced.

    What is kept no longer is deleted once an hour.
    """
    adapters = load_adapters()
    looking = asyncio.Lock()

    async def look() -> None:
        async with looking:
            try:
                await run_due(sessions, clock())
                await plan_announced(sessions, adapters, clock())
            except Exception as error:
                # The next look tries again; only a database that is away is expected here.
                log.warning("look_failed", error=type(error).__name__, exc_info=None if is_away(error) else error)

    async def sweep() -> None:
        try:
            async with transaction(sessions) as session:
                await forget_old_lines(session, clock())
        except Exception as error:
            log.warning("sweep_failed", error=type(error).__name__, exc_info=None if is_away(error) else error)

    scheduler = AsyncIOScheduler(timezone="UTC")
    scheduler.add_job(
        look, "interval", seconds=LOOK_SECONDS, max_instances=1, coalesce=True, misfire_grace_time=None, id="look"
    )
    scheduler.add_job(
        sweep, "interval", seconds=SWEEP_SECONDS, max_instances=1, coalesce=True, misfire_grace_time=None, id="sweep"
    )
    scheduler.start()
    try:
        yield
    finally:
        scheduler.pause()
        async with looking:  # a shutdown cancels: the look in hand comes to its end first
            scheduler.shutdown(wait=False)
