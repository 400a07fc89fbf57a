"""The clock: APScheduler wakes, and what is due happens without anybody asking."""

import asyncio
from datetime import datetime
from pathlib import Path

from app.db.engine import Sessions, transaction
from app.messaging.models import Campaign
from app.storage.local import LocalStore
from scheduler.clock import ticking
from tests.conftest import MovableClock
from tests.scheduler.scene import Scene


class Watched:
    """A clock that says when it was looked at, and may fail for a while."""

    def __init__(self, clock: MovableClock, failures: int = 0) -> None:
        self.clock = clock
        self.failures = failures
        self.looked: asyncio.Queue[None] = asyncio.Queue()

    def __call__(self) -> datetime:
        self.looked.put_nowait(None)
        if self.failures > 0:
            self.failures -= 1
            raise ValueError("the clock is broken")
        return self.clock()


async def planned(sessions: Sessions, campaign_id: int) -> bool:
    async with transaction(sessions) as session:
        return (await session.get_one(Campaign, campaign_id)).state != "planning"


async def test_the_clock_wakes_and_plans_what_was_announced(
    scene: Scene, sessions: Sessions, clock: MovableClock, tmp_path: Path
) -> None:
    campaign_id = await scene.campaign(state="planning")
    watched = Watched(clock)
    async with ticking(sessions, LocalStore(tmp_path), watched):
        for _ in range(2):  # once before what is due, once before what was announced
            await asyncio.wait_for(watched.looked.get(), 20)
    # The look in hand has come to its end.
    assert await planned(sessions, campaign_id)


async def test_a_look_that_fails_is_followed_by_the_next(
    scene: Scene, sessions: Sessions, clock: MovableClock, tmp_path: Path
) -> None:
    campaign_id = await scene.campaign(state="planning")
    watched = Watched(clock, failures=1)
    async with ticking(sessions, LocalStore(tmp_path), watched):
        for _ in range(3):
            await asyncio.wait_for(watched.looked.get(), 20)
    assert await planned(sessions, campaign_id)


async def test_nothing_looks_any_more_when_the_clock_is_stopped(
    sessions: Sessions, clock: MovableClock, tmp_path: Path
) -> None:
    watched = Watched(clock)
    async with ticking(sessions, LocalStore(tmp_path), watched):
        pass
    assert watched.looked.empty()
