"""The clock says when to look; the row says what is due. APScheduler wakes the tick and remembers nothing."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from app.clock import Clock
from app.db.engine import Sessions, is_away, transaction
from app.library.assets.objects import sweep
from app.messaging.callbacks.seen import forget_calls
from app.messaging.progress import LOOK_SHARE
from app.organisations.imports.service import forget_old_lines
from app.storage.base import StorageUnavailable, Store
from scheduler.adapters.registry import load_adapters
from scheduler.dry_runs import find_out, forget_dry_runs
from scheduler.ending import end_what_is_over
from scheduler.gauges import REFRESH_SECONDS, refresh
from scheduler.limits import forget_days
from scheduler.planner import PAGES_A_LOOK, plan_announced
from scheduler.quizzes import close_all_overdue
from scheduler.tick import run_due

log = structlog.get_logger()

LOOK_SECONDS = 1
SWEEP_SECONDS = 600
# However many deliveries are on their way, what Prometheus reads is no older.
LONGEST_REST = 30


async def _tidy(sessions: Sessions, media: Store, now: datetime) -> None:
    """Deletes what is kept no longer: given-up uploads, lines of old imports, past days, dry runs, old calls."""
    try:
        async with transaction(sessions) as session:
            await forget_old_lines(session, now)
            await forget_days(session, now)
            await forget_dry_runs(session, now)
            await forget_calls(session, now)
        gone = await sweep(sessions, media, now)
    except Exception as error:
        expected = is_away(error) or isinstance(error, StorageUnavailable)
        log.warning("sweep_failed", error=type(error).__name__, exc_info=None if expected else error)
        return
    if gone:
        log.info("media_swept", objects=gone)


async def _show(sessions: Sessions, now: datetime) -> None:
    """Shows the figures of the database to Prometheus; where they cannot be read, they and their time stay."""
    try:
        await refresh(sessions, now)
    except Exception as error:
        log.warning("gauges_failed", error=type(error).__name__, exc_info=None if is_away(error) else error)


def _shower(sessions: Sessions, clock: Clock) -> Callable[[], Awaitable[None]]:
    """Shows the figures when it is called, unless they were read a short while ago for how long that took."""
    loop = asyncio.get_running_loop()
    rests_until = 0.0

    async def show() -> None:
        nonlocal rests_until
        begun = loop.time()
        if begun < rests_until:
            return
        await _show(sessions, clock())
        rests_until = begun + min(LOOK_SHARE * (loop.time() - begun), LONGEST_REST)

    return show


@asynccontextmanager
async def ticking(sessions: Sessions, media: Store, clock: Clock) -> AsyncIterator[None]:
    """Looks once a second while the context is open: fires what is due, plans what was announced, ends what is over.

    Every ten minutes what is kept no longer is deleted; whatever interrupts that, the next sweep goes on with it.
    """
    adapters = load_adapters()
    looking = asyncio.Lock()
    show = _shower(sessions, clock)

    async def look() -> None:
        async with looking:
            try:
                await run_due(sessions, clock())
                await find_out(sessions, clock())
                await plan_announced(sessions, adapters, clock(), most=PAGES_A_LOOK)
                await end_what_is_over(sessions, clock())
                # Last: what goes out does not wait for it.
                await close_all_overdue(sessions, clock())
            except Exception as error:
                # The next look tries again; only a database that is away is expected here.
                log.warning("look_failed", error=type(error).__name__, exc_info=None if is_away(error) else error)

    async def tidy() -> None:
        await _tidy(sessions, media, clock())

    scheduler = AsyncIOScheduler(timezone="UTC")
    for job, seconds in ((look, LOOK_SECONDS), (tidy, SWEEP_SECONDS), (show, REFRESH_SECONDS)):
        scheduler.add_job(
            job, "interval", seconds=seconds, max_instances=1, coalesce=True, misfire_grace_time=None, id=job.__name__
        )
    scheduler.start()
    try:
        yield
    finally:
        scheduler.pause()
        async with looking:  # a shutdown cancels: the look in hand comes to its end first
            scheduler.shutdown(wait=False)
