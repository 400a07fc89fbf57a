"""The clock says when to look; the row says what is due. APScheduler wakes the tick and remembers nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from app.clock import Clock
from app.db.engine import Sessions, is_away, transaction
from app.library.assets.objects import sweep
from app.organisations.imports.service import forget_old_lines
from app.storage.base import StorageUnavailable, Store
from scheduler.adapters.registry import load_adapters
from scheduler.dry_runs import find_out, forget_dry_runs
from scheduler.ending import end_what_is_over
from scheduler.gauges import REFRESH_SECONDS, refresh
from scheduler.limits import forget_days
from scheduler.planner import plan_announced
from scheduler.quizzes import close_all_overdue
from scheduler.tick import run_due

log = structlog.get_logger()

LOOK_SECONDS = 1
SWEEP_SECONDS = 600


async def _tidy(sessions: Sessions, media: Store, now: datetime) -> None:
    """Deletes what is kept no longer: uploads that were given up, lines of old roster imports, past days, dry runs."""
    try:
        async with transaction(sessions) as session:
            await forget_old_lines(session, now)
            await forget_days(session, now)
            await forget_dry_runs(session, now)
        gone = await sweep(sessions, media, now)
    except Exception as error:
        expected = is_away(error) or isinstance(error, StorageUnavailable)
        log.warning("sweep_failed", error=type(error).__name__, exc_info=None if expected else error)
        return
    if gone:
        log.info("media_swept", objects=gone)


@asynccontextmanager
async def ticking(sessions: Sessions, media: Store, clock: Clock) -> AsyncIterator[None]:
    """Looks once a second while the context is open: fires what is due, plans what was announced, ends what is over.

    Every ten minutes what is kept no longer is deleted; whatever interrupts that, the next sweep goes on with it.
    """
    adapters = load_adapters()
    looking = asyncio.Lock()

    async def look() -> None:
        async with looking:
            try:
                await run_due(sessions, clock())
                await find_out(sessions, clock())
                await plan_announced(sessions, adapters, clock())
                await end_what_is_over(sessions, clock())
                # Last: what goes out does not wait for it.
                await close_all_overdue(sessions, clock())
            except Exception as error:
                # The next look tries again; only a database that is away is expected here.
                log.warning("look_failed", error=type(error).__name__, exc_info=None if is_away(error) else error)

    async def tidy() -> None:
        await _tidy(sessions, media, clock())

    async def show() -> None:
        try:
            await refresh(sessions, clock())
        except Exception as error:
            # The figures stay as they were, and so does the time of them.
            log.warning("gauges_failed", error=type(error).__name__, exc_info=None if is_away(error) else error)

    scheduler = AsyncIOScheduler(timezone="UTC")
    scheduler.add_job(
        look, "interval", seconds=LOOK_SECONDS, max_instances=1, coalesce=True, misfire_grace_time=None, id="look"
    )
    scheduler.add_job(
        tidy, "interval", seconds=SWEEP_SECONDS, max_instances=1, coalesce=True, misfire_grace_time=None, id="tidy"
    )
    scheduler.add_job(
        show, "interval", seconds=REFRESH_SECONDS, max_instances=1, coalesce=True, misfire_grace_time=None, id="show"
    )
    scheduler.start()
    try:
        yield
    finally:
        scheduler.pause()
        async with looking:  # a shutdown cancels: the look in hand comes to its end first
            scheduler.shutdown(wait=False)
