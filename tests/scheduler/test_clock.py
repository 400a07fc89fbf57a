"""The clock: APScheduler wakes, and what is due happens without anybody asking."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import select

from app.db.engine import Sessions, create_engine, sessionmaker, transaction
from app.library.assets.models import Asset, MediaObject
from app.library.assets.objects import announce
from app.messaging.models import Campaign
from app.organisations.imports.models import ImportLine, RosterImport
from app.storage.local import LocalStore
from scheduler import clock as clock_module
from scheduler.clock import _show, _shower, ticking
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


async def test_the_clock_sweeps_uploads_that_were_given_up(
    scene: Scene, sessions: Sessions, clock: MovableClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scheduler.clock.SWEEP_SECONDS", 0.1)
    account_id = (await scene.world.staff()).id
    long_ago = clock.move(days=2) - timedelta(hours=25)
    abandoned = {"size": 9, "received": 0, "state": "uploading", "created_at": long_ago, "touched_at": long_ago}
    async with transaction(sessions) as session:
        names = [announce(session, None, 0, moment) for moment in (long_ago, clock())]
        session.add(Asset(organisation_id=1, account_id=account_id, file_name="a.png", **abandoned))

    async def left() -> list[str]:
        async with transaction(sessions) as session:
            objects = list(await session.scalars(select(MediaObject.name)))
            return [*objects, *map(str, await session.scalars(select(Asset.id)))]

    async with ticking(sessions, LocalStore(tmp_path), clock):
        for _ in range(100):
            if await left() == [names[1]]:
                break
            await asyncio.sleep(0.1)
    assert await left() == [names[1]], "what is younger than a day stays"


async def test_lines_of_rosters_are_forgotten_though_nobody_imports_again(
    scene: Scene, sessions: Sessions, clock: MovableClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scheduler.clock.SWEEP_SECONDS", 0.05)
    values: dict[str, object] = {"actor": "account:1", "file_name": "a.xlsx", "digest": b"-", "state": "applied"}
    values |= {"adds_organisations": False, "create_organisations": False}
    values |= {"columns": {}, "counts": {}, "organisations": []}
    line: dict[str, object] = {
        "sheet": "",
        "line": 2,
        "readable": True,
        "status": "added",
        "name": "张三",
        "name_key": "张三",
    }
    line |= {"organisation": "一支部", "superior": "", "sealed": b"-"}
    async with transaction(sessions) as session:
        for age in (timedelta(days=31), timedelta(days=29)):
            at = clock.now - age
            record = RosterImport(**values, created_at=at, heartbeat_at=at, applied_at=at)
            session.add(record)
            await session.flush()
            session.add(ImportLine(import_id=record.id, **line))

    async def kept() -> int:
        async with transaction(sessions) as session:
            return len(list(await session.scalars(select(ImportLine))))

    async with ticking(sessions, LocalStore(tmp_path), clock), asyncio.timeout(20):
        while await kept() != 1:
            await asyncio.sleep(0.05)


async def test_figures_that_cannot_be_read_stay_as_old_as_they_are(sessions: Sessions, clock: MovableClock) -> None:
    await _show(sessions, clock())
    read_at = clock().timestamp()
    clock.move(seconds=5)
    unreachable = create_engine("postgresql://nobody@127.0.0.1:9/nothing")
    await _show(sessionmaker(unreachable), clock())
    assert REGISTRY.get_sample_value("zhijian_gauges_refreshed_timestamp_seconds") == read_at
    await unreachable.dispose()


async def test_what_takes_long_to_read_is_read_less_often(
    sessions: Sessions, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[datetime] = []

    async def slow(_: Sessions, now: datetime) -> None:
        read.append(now)
        await asyncio.sleep(0.05)

    monkeypatch.setattr(clock_module, "_show", slow)
    show = _shower(sessions, clock)
    for _ in range(2):
        await show()
    assert len(read) == 1
    monkeypatch.setattr(clock_module, "LONGEST_REST", 0)
    show = _shower(sessions, clock)
    for _ in range(2):
        await show()
    assert len(read) == 3
