"""Who uploads."""

import httpx
import pytest

from tests.app.library.assets.uploader import Uploader
from tests.world import World


@pytest.fixture
async def uploader(client: httpx.AsyncClient, world: World) -> Uploader:
    """An editor of organisation 10."""
    return Uploader(client, await world.staff(("editor", 10)))
