"""WeCom calls: its published examples, its robots, and members of the corporation who are renamed or gone."""

import json
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from app.db.engine import transaction
from app.messaging.callbacks.settings import set_callback
from app.messaging.schemas import CallbackFields
from app.platforms.models import Channel, ChannelAddress
from tests.app.messaging.callbacks.platform import CORPID, Platform, event_of, store
from tests.app.platforms import callback_vectors as published
from tests.world import World

PUBLISHED = {call.name: call for call in published.CALLS}


@pytest.fixture
async def channel(world: World) -> int:
    """A WeCom channel that is called, and a second one that nothing may happen to."""
    await store(world, "wecom", "ww-other")
    return await store(world, "wecom", CORPID)


@pytest.fixture
async def platform(client: httpx.AsyncClient, channel: int) -> Platform:
    """WeCom, which only knows encrypted calls."""
    return Platform(client, account=CORPID, path="wecom")


async def address(world: World, channel_id: int, member_id: int, user_id: str) -> None:
    place = f"channel_addresses:{channel_id}:{member_id}:address"
    async with transaction(world.service.sessions) as session:
        session.add(
            ChannelAddress(
                channel_id=channel_id,
                member_id=member_id,
                cipher=world.service.vault.encrypt(user_id, place),
                created_at=world.service.clock(),
            )
        )


async def addresses(world: World, channel_id: int) -> dict[int, str]:
    async with world.service.sessions() as session:
        rows = await session.scalars(select(ChannelAddress).where(ChannelAddress.channel_id == channel_id))
        return {
            row.member_id: world.service.vault.decrypt(
                row.cipher, f"channel_addresses:{channel_id}:{row.member_id}:address"
            )
            for row in rows
        }


def changed(change: str, **ids: Any) -> str:
    """A member of the corporation has changed, in XML."""
    body = json.loads(event_of("change_contact", openid="sys", ChangeType=change, **ids))
    return "<xml>" + "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in body.items()) + "</xml>"


async def test_the_published_calls_are_answered(client: httpx.AsyncClient, world: World, channel: int) -> None:
    fields = CallbackFields(callback_token="QDG6eK", callback_key=published.WECOM_KEY)
    async with transaction(world.service.sessions) as session:
        set_callback(world.service.vault, await session.get_one(Channel, channel), fields)
    call = PUBLISHED["wecom address"]
    query = {"msg_signature": call.msg_signature, "timestamp": call.timestamp, "nonce": call.nonce}
    answer = await client.get(f"/callbacks/wecom/{CORPID}", params={**query, "echostr": call.encrypted})
    assert (answer.status_code, answer.text) == (200, "1616140317555161061")
    # As somebody writes the address by hand: the plus signs are not escaped.
    written = "&".join(f"{name}={value}" for name, value in {**query, "echostr": call.encrypted}.items())
    answer = await client.get(f"/callbacks/wecom/{CORPID}?{written}")
    assert (answer.status_code, answer.text) == (200, "1616140317555161061")
    call = PUBLISHED["wecom message"]
    query = {"msg_signature": call.msg_signature, "timestamp": call.timestamp, "nonce": call.nonce}
    body = (
        f"<xml>\n<ToUserName><![CDATA[{CORPID}]]></ToUserName><Encrypt><![CDATA[{call.encrypted}]]></Encrypt>\n"
        "<AgentID><![CDATA[218]]></AgentID>\n</xml>"
    )
    answer = await client.post(f"/callbacks/wecom/{CORPID}", params=query, content=body)
    assert (answer.status_code, answer.text) == (200, "success")


async def test_who_is_renamed_is_reached_under_the_new_name_and_who_is_gone_no_more(
    platform: Platform, world: World, channel: int
) -> None:
    first, second = await world.member(100), await world.member(100)
    await address(world, channel, first, "ZhangSan")
    await address(world, channel, second, "lisi")
    renamed = changed("update_user", UserID="zhangsan", NewUserID="zhang.san")
    for _ in range(2):
        assert (await platform.send(renamed)).text == "success"
    assert await addresses(world, channel) == {first: "zhang.san", second: "lisi"}
    await platform.send(changed("delete_user", UserID="lisi"))
    assert await addresses(world, channel) == {first: "zhang.san"}
    for nothing in (
        changed("delete_user", UserID="nobody"),
        changed("update_user", UserID="zhang.san"),
        changed("create_user", UserID="zhang.san"),
        changed("delete_user", UserID="'; --"),
    ):
        assert (await platform.send(nothing)).text == "success"
    assert await addresses(world, channel) == {first: "zhang.san"}


async def test_robots_send_json_for_no_corporation(platform: Platform) -> None:
    platform.receiver = ""
    message = json.dumps({"msgid": "1", "chattype": "single", "msgtype": "text", "text": {"content": "你好"}})
    assert (await platform.send(message, envelope="robot")).text == "success"


async def test_what_is_wrongly_signed_for_another_corporation_or_plain_is_refused(platform: Platform) -> None:
    message = changed("delete_user", UserID="lisi")
    wrong = await platform.send(message, msg_signature="0" * 40)
    assert (wrong.status_code, wrong.json()["code"]) == (403, "wrong_signature")
    platform.receiver = "ww-other"
    for envelope in ("xml", "robot"):
        other = await platform.send(message, envelope=envelope)
        assert (other.status_code, other.json()["code"]) == (403, "wrong_account")
    sealed = platform.sealed("1")
    check = await platform.client.get(platform.url, params={**platform.query(sealed), "echostr": sealed})
    assert (check.status_code, check.json()["code"]) == (403, "wrong_account")
    platform.plain = True
    plain = await platform.send(message)
    assert (plain.status_code, plain.json()["code"]) == (403, "wrong_signature")
    unknown = await platform.client.get("/callbacks/wecom/ww-nobody")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "no_callbacks")


async def test_an_address_of_a_mini_program_is_none_of_wecom(platform: Platform, world: World) -> None:
    await store(world, "wechat_miniprogram", "wx-mine")
    platform.account = "wx-mine"
    assert (await platform.send(changed("delete_user", UserID="lisi"))).status_code == 404
