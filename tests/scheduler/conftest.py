"""What the tests of the scheduler share: one fake WeChat for the run, and a scene over a fresh database."""

import pytest

from app.resources import Service
from tests.scheduler.scene import Scene
from tests.world import World


@pytest.fixture
async def scene(service: Service, world: World) -> Scene:
    """Channels, campaigns and batches over the tree of `tests.world`."""
    return Scene(service, world)
