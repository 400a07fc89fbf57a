"""An administrator asks the platform whether it accepts an account; nothing is sent, and no secret comes back."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from app.resources import Service
from app.web import create_app
from tests.conftest import make_settings
from tests.scheduler.fakes.process import APPID, SECRET, FakeWechat
from tests.world import World


@pytest.fixture
async def staged(service: Service, database: str, wechat: FakeWechat, world: World) -> AsyncIterator[httpx.AsyncClient]:
    settings = make_settings(database, wechat_api=wechat.base, wecom_api="http://127.0.0.1:9")
    app = create_app(replace(service, settings=settings))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test/api/v1") as session:
        yield session


async def check(staged: httpx.AsyncClient, world: World, **body: Any) -> dict[str, Any]:
    admin = await world.staff(("administrator", 10))
    made = await staged.post("/channels", json={"organisation_id": 10, "name": "渠道", **body}, headers=admin.auth)
    assert made.status_code == 201, made.text
    answer = await staged.post(f"/channels/{made.json()['id']}/check", headers=admin.auth)
    assert answer.status_code == 200, answer.text
    assert str(body.get("secret")) not in answer.text
    return dict(answer.json())


@pytest.mark.parametrize("adapter", ["wechat_miniprogram", "wechat_service_account"])
async def test_an_account_that_the_platform_knows_is_accepted(
    staged: httpx.AsyncClient, world: World, adapter: str
) -> None:
    found = await check(staged, world, adapter=adapter, account=APPID, secret=SECRET)
    assert found["result"] == "accepted"


async def test_a_wrong_secret_is_refused_with_what_the_platform_says(staged: httpx.AsyncClient, world: World) -> None:
    found = await check(staged, world, adapter="wechat_miniprogram", account=APPID, secret="wrong-secret")
    assert found["result"] == "refused"
    assert "40125" in found["detail"]


async def test_a_platform_that_cannot_be_reached_is_away(staged: httpx.AsyncClient, world: World) -> None:
    settings = {"settings": {"agent_id": "1"}}
    found = await check(staged, world, adapter="wecom", account="ww1", secret="some-secret", config=settings)
    assert found["result"] == "away"


async def test_what_has_no_account_is_not_checked(staged: httpx.AsyncClient, world: World) -> None:
    assert (await check(staged, world, adapter="console"))["result"] == "not_checked"
