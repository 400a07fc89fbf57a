"""What the tests of the scheduler share: one fake WeChat for the run, and a scene over a fresh database."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from app.resources import Service
from scheduler.fakes.running import running
from tests.scheduler.fakes.process import FakeWechat
from tests.scheduler.scene import Scene
from tests.world import World


@pytest.fixture(scope="session")
def wechat_base() -> Iterator[str]:
    """The address of the fake."""
    with running("scheduler.fakes.wechat") as base:
        yield base


@pytest.fixture
async def wechat(wechat_base: str) -> AsyncIterator[FakeWechat]:
    """The fake, emptied."""
    async with httpx.AsyncClient(timeout=30) as http:
        fake = FakeWechat(wechat_base, http)
        await fake.set_up()
        yield fake


@pytest.fixture
async def scene(service: Service, world: World) -> Scene:
    """Channels, campaigns and batches over the tree of `tests.world`."""
    return Scene(service, world)
