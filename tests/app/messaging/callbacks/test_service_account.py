"""Who follows a service account is kept, without a unionid at first, and forgotten when they leave."""

import httpx
import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from app.directory.models import WechatUser
from app.messaging.callbacks.not_shown import COUNTED
from tests.app.messaging.callbacks.platform import AT, OPENID, Platform, balances, event_of, popup, store
from tests.world import World

ACCOUNT = "wx-service"


@pytest.fixture
async def platform(client: httpx.AsyncClient, world: World) -> Platform:
    """WeChat, for a service account."""
    await store(world, "wechat_service_account", ACCOUNT)
    return Platform(client, account=ACCOUNT)


async def followers(world: World) -> list[tuple[str, str | None]]:
    async with world.service.sessions() as session:
        rows = await session.scalars(select(WechatUser).where(WechatUser.appid == ACCOUNT).order_by(WechatUser.id))
        return [(row.openid, row.unionid) for row in rows]


async def test_followers_come_and_go(platform: Platform, world: World) -> None:
    for _ in range(2):
        assert (await platform.send(event_of("subscribe"))).text == "success"
    assert await followers(world) == [(OPENID, None)]
    await platform.send(event_of("unsubscribe", at=AT + 1, openid="o-other"))
    assert await followers(world) == [(OPENID, None)]
    await platform.send(event_of("unsubscribe", at=AT + 2))
    assert await followers(world) == []
    await platform.send(event_of("subscribe", at=AT + 3))
    assert await followers(world) == [(OPENID, None)]


async def test_a_message_that_did_not_arrive_is_noted_for_support(platform: Platform, world: World) -> None:
    counted = [COUNTED.labels("wechat_service_account", reason) for reason in ("refused", "failed")]
    before = [each._value.get() for each in counted]
    with capture_logs() as logs:
        for number, status in enumerate(("success", "failed:user block", "failed: system failed")):
            message = event_of("TEMPLATESENDJOBFINISH", MsgID=str(number), Status=status)
            assert {(await platform.send(message)).text for _ in range(2)} == {"success"}
    noted = [entry for entry in logs if entry["event"] == "message_not_shown"]
    assert [entry["code"] for entry in noted] == ["failed:user block", "failed: system failed"]
    assert noted[0]["openid"] == OPENID[:6] + "…"
    assert [each._value.get() - old for each, old in zip(counted, before, strict=True)] == [1, 1]


async def test_a_service_account_moves_no_ledger_of_a_mini_program(platform: Platform, world: World) -> None:
    await platform.send(popup(("T", "accept")))
    assert await balances(world) == {}
