"""The demonstration's service: over a fake WeChat of its own process, with the mini-program set up."""

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from app.db.engine import transaction
from app.platforms.models import Channel
from app.platforms.secrets import seal_secret
from app.resources import Service
from tests.conftest import application, make_settings
from tests.scheduler.fakes.process import APPID, SECRET, TEMPLATE, FakeWechat
from tests.world import World

FIELDS = {"thing1": "title", "date2": "time", "thing3": "organisation"}


@pytest.fixture
def staged(service: Service, wechat: FakeWechat, database: str) -> Service:
    """The service of a demonstration, which speaks to the fake."""
    settings = make_settings(database, mode="demonstration", wechat_api=wechat.base, fake_platform=wechat.base)
    return replace(service, settings=settings)


@pytest.fixture
async def stage(staged: Service, world: World) -> AsyncIterator[httpx.AsyncClient]:
    """The pages of the demonstration, with its one mini-program set up."""
    await add_mini_program(staged)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(application(staged)), base_url="http://test") as session:
        yield session


async def add_mini_program(service: Service, **more: object) -> None:
    """A mini-program channel of the committee."""
    values: dict[str, object] = {
        "organisation_id": 1,
        "adapter": "wechat_miniprogram",
        "name": "仿真微信小程序",
        "account": APPID,
        "config": {"templates": {"weekly_issue": {"template_id": TEMPLATE, "fields": FIELDS}}},
        "enabled": True,
        "created_at": service.clock(),
        **more,
    }
    async with transaction(service.sessions) as session:
        channel = Channel(**values)
        session.add(channel)
        await session.flush()
        seal_secret(service.vault, channel, SECRET)
