"""The benches of the push engine in small: real processes that are killed, and nobody lost, none told twice by it."""

import shutil
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from bench.push.deliveries import KINDS, Site, site
from bench.push.planning import LEEWAY, plan
from bench.push.ticks import tick
from tests.servers import tool

RECIPIENTS = 150
small = partial(site, recipients=RECIPIENTS, rate=100.0, limit=200)

# Each starts four processes and a PostgreSQL of its own, and waits for messages whose answer never comes.
pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that other users may enter: those of pytest are closed to the one that PostgreSQL runs as."""
    made = Path(tempfile.mkdtemp(prefix="zhijian-push-"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


async def test_processes_that_are_killed_in_turn_lose_nobody_and_repeat_what_was_in_their_hands(folder: Path) -> None:
    async with small(folder) as here:
        for kind in KINDS:
            verdict = await here.campaign(kind, partial(here.kill_in_turn, 1.0))
            assert verdict.broken() == [], str(verdict)
            assert verdict.kills, "nothing was killed, so nothing was shown"


async def in_trouble(here: Site, kind: str, happens: str) -> None:
    """Sends a campaign during which something is killed, and judges it."""
    trouble = here.kill_postgres if happens == "postgres" else here.kill_nats
    verdict = await here.campaign(kind, partial(trouble, 3.0, 1.0))
    assert verdict.broken(most_a_kill=None) == [], str(verdict)
    assert [kill.name for kill in verdict.kills][:1] == [happens]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_postgresql_that_is_killed_loses_nobody(folder: Path, kind: str) -> None:
    async with small(folder) as here:
        await in_trouble(here, kind, "postgres")
        assert here.plant.all_run, "all have come back by themselves"


async def test_a_nats_that_is_killed_and_wiped_loses_nobody(folder: Path) -> None:
    tool("nats-server")
    async with small(folder, bus=True) as here:
        await in_trouble(here, "weekly_issue", "nats")
        assert here.plant.all_run, "all have come back by themselves"


async def test_everything_goes_through_pgbouncer_in_transaction_mode(folder: Path) -> None:
    tool("pgbouncer")
    async with small(folder, pooled=True) as here:
        verdict = await here.campaign("weekly_issue")
        assert verdict.broken() == [], str(verdict)


async def test_schedulers_that_are_killed_miss_no_due_time_and_double_none(folder: Path) -> None:
    ticked = await tick(folder, 300, 0.5)
    assert ticked.broken() == []
    assert ticked.due == 300
    assert ticked.kills


async def test_planning_for_ten_times_as_many_takes_no_more_memory(folder: Path) -> None:
    found = []
    for recipients in (4_000, 40_000):
        (folder / str(recipients)).mkdir()
        found.append(await plan(folder / str(recipients), recipients))
        assert found[-1].recipients == recipients
    smaller, larger = found
    assert larger.peak - smaller.peak < LEEWAY
