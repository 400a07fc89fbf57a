"""Who follows a service account is kept, without a unionid at first, and forgotten when they leave."""

import httpx
import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from app.directory.models import WechatUser
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
    with capture_logs() as logs:
        await platform.send(event_of("TEMPLATESENDJOBFINISH", MsgID="1", Status="success"))
        await platform.send(event_of("TEMPLATESENDJOBFINISH", MsgID="2", Status="failed:user block"))
    (noted,) = [entry for entry in logs if entry["event"] == "message_not_shown"]
    assert noted["code"] == "failed:user block"
    assert noted["openid"] == OPENID[:6] + "…"


async def test_a_service_account_moves_no_ledger_of_a_mini_program(platform: Platform, world: World) -> None:
    await platform.send(popup(("T", "accept")))
    assert await balances(world) == {}
