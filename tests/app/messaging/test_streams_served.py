"""The live progress over a real connection: it comes at once, ends with the process, and is no slow request."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from app.resources import Service
from tests.conftest import MovableClock
from tests.journeys.program import Program, eventually, installed
from tests.scheduler.scene import Scene
from tests.world import World

# Longer than a busy machine takes to open one.
WATCHED_SECONDS = 5
ROUTE = "/api/v1/campaigns/{campaign_id}/progress"
SPENT = re.compile(rf'request_seconds_sum{{method="GET",route="{re.escape(ROUTE)}"}} (\S+)')


@contextmanager
def watching(base: str, campaign_id: int, headers: dict[str, str]) -> Iterator[Iterator[str]]:
    """The lines of a stream, whose first event has come while it is open."""
    with httpx.stream("GET", base + ROUTE.format(campaign_id=campaign_id), headers=headers, timeout=20) as answer:
        lines = answer.iter_lines()
        assert "event: progress" in (next(lines) for _ in range(3))
        yield lines


def watch(program: Program, campaign_id: int, headers: dict[str, str]) -> None:
    """Watches for a while and hangs up; watches again, and the process stops."""
    base = program.start("api")
    with watching(base, campaign_id, headers):
        time.sleep(WATCHED_SECONDS)
    # Whoever has hung up was answered within the moment that it took to open the stream.
    spent = eventually(lambda: SPENT.findall(httpx.get(f"{base}/metrics").text))
    assert 0 < float(spent[0]) < WATCHED_SECONDS
    with watching(base, campaign_id, headers) as lines:
        program.stop()  # fails where the process has not ended in half a minute
        # It ends without an error, as it does after some minutes.
        assert "event: over" not in list(lines)


async def test_a_stream_comes_as_it_is_written_and_does_not_hold_the_process_up(
    database: str, service: Service, world: World, scene: Scene, clock: MovableClock, tmp_path: Path
) -> None:
    leader = await world.staff(("leader", 1))
    campaign_id = await scene.campaign()
    with installed(database, tmp_path, "http://127.0.0.1:9") as program:
        program.set_clock(clock())
        watch(program, campaign_id, leader.auth)
