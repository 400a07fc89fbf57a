"""The fake WeChat of the scheduler's tests, and the application that speaks to it."""

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from app.db.engine import transaction
from app.platforms.models import Channel
from app.platforms.secrets import seal_secret
from app.resources import Service
from tests.conftest import application, make_settings
from tests.scheduler.fakes.process import APPID, SECRET
from tests.world import World


async def register(service: Service, *, secret: str = SECRET, enabled: bool = True) -> None:
    """A channel of the mini-program, with its secret sealed."""
    async with transaction(service.sessions) as session:
        channel = Channel(
            organisation_id=1, adapter="wechat_miniprogram", name="小程序", account=APPID, config={}, enabled=enabled,
            created_at=service.clock(),
        )  # fmt: skip
        session.add(channel)
        await session.flush()
        seal_secret(service.vault, channel, secret)


@pytest.fixture
async def phone(service: Service, world: World, database: str, wechat_base: str) -> AsyncIterator[httpx.AsyncClient]:
    """The application with WeChat's address set to the fake; no channel is registered yet."""
    settings = make_settings(database, wechat_api=wechat_base)
    transport = httpx.ASGITransport(application(replace(service, settings=settings)))
    async with httpx.AsyncClient(transport=transport, base_url="http://test/api/v1") as session:
        yield session
