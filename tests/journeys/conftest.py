"""An installation of its own for each journey, on a Thursday."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from scheduler.fakes.running import running
from tests.journeys.program import Program, installed
from tests.journeys.town import THURSDAY


@pytest.fixture
def platform() -> Iterator[str]:
    with running("scheduler.fakes.wechat") as address:
        yield address


@pytest.fixture
async def program(database: str, tmp_path: Path, platform: str) -> AsyncIterator[Program]:
    with installed(database, tmp_path, platform) as started:
        started.set_clock(THURSDAY)
        yield started
