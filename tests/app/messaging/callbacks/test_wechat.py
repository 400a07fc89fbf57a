"""WeChat calls: the check of our address, plain and encrypted messages in every form, and what is refused."""

import asyncio
import json
from datetime import timedelta

import httpx
import pytest

from app.db.engine import transaction
from app.messaging.callbacks.api import MAX_BODY
from app.messaging.callbacks.seen import KEPT, forget_calls
from app.messaging.callbacks.wechat import MOST_ITEMS
from tests.app.messaging.callbacks.platform import (
    ACCEPT,
    APPID,
    AT,
    OPENID,
    TEMPLATE,
    Platform,
    as_xml,
    balances,
    event_of,
    popup,
    set_up,
)
from tests.app.platforms import callback_vectors as published
from tests.conftest import MovableClock
from tests.world import APPID as WORLD_APPID
from tests.world import World

PUBLISHED = {call.name: call for call in published.CALLS}


@pytest.fixture
async def platform(client: httpx.AsyncClient, world: World) -> Platform:
    """WeChat, which calls in its safe mode."""
    await set_up(client, world)
    return Platform(client)


async def test_the_published_check_of_an_address_is_answered(client: httpx.AsyncClient, world: World) -> None:
    await set_up(client, world, callback_token="AAAAA", callback_key=published.ZERO_KEY)
    signature, timestamp, nonce = published.PLAIN_SIGNATURES[0]
    query = {"signature": signature, "timestamp": timestamp, "nonce": nonce, "echostr": published.ECHO}
    answer = await client.get(f"/callbacks/wechat/{APPID}", params=query)
    assert (answer.status_code, answer.text) == (200, published.ECHO)
    assert answer.headers["content-type"].startswith("text/plain")
    wrong = await client.get(f"/callbacks/wechat/{APPID}", params={**query, "nonce": "1"})
    assert (wrong.status_code, wrong.json()["code"]) == (403, "wrong_signature")


async def test_the_published_messages_are_taken(client: httpx.AsyncClient, world: World) -> None:
    channel = await set_up(
        client, world, callback_token="AAAAA", callback_key=published.ZERO_KEY, callback_mode="compatible"
    )
    call = PUBLISHED["wechat message of the manual"]
    query = {
        "signature": "6c5c811b55cc85e0e1b54100749188c20beb3f5d",
        "timestamp": call.timestamp,
        "nonce": call.nonce,
        "openid": OPENID,
        "encrypt_type": "aes",
        "msg_signature": call.msg_signature,
    }
    body = {"ToUserName": "gh_97417a04a28d", "Encrypt": call.encrypted}
    answer = await client.post(f"/callbacks/wechat/{APPID}", params=query, json=body)
    assert (answer.status_code, answer.text) == (200, "success")
    signature, timestamp, nonce = published.PLAIN_SIGNATURES[1]
    plain = {"signature": signature, "timestamp": timestamp, "nonce": nonce}
    answer = await client.post(f"/callbacks/wechat/{APPID}", params=plain, content=published.PLAIN_BODY)
    assert (answer.status_code, answer.text) == (200, "success")
    shown = (await client.get("/channels", headers=channel["auth"])).json()["items"][0]
    assert (channel["callback_checked_at"], shown["callback_checked_at"]) == (None, "2026-11-16T02:00:00Z")


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("envelope", ["xml", "json"])
@pytest.mark.parametrize("form", ["xml", "json"])
@pytest.mark.parametrize("mode", ["safe", "compatible", "plain"])
async def test_a_tap_is_counted_in_every_mode_and_form(
    client: httpx.AsyncClient, world: World, mode: str, form: str, envelope: str, mark: bytes
) -> None:
    await set_up(client, world, callback_mode=mode)
    platform = Platform(client, plain=mode == "plain")
    for message in (ACCEPT, popup((TEMPLATE, "accept"), ("T-2", "accept"), at=AT + 1)):
        text = as_xml(message) if form == "xml" else message
        answer = await platform.send(text, envelope=envelope, mark=mark)
        assert (answer.status_code, answer.text) == (200, "success")
    assert await balances(world) == {TEMPLATE: 2, "T-2": 1}


@pytest.mark.parametrize(
    "items",
    [
        {"SubscribeMsgPopupEvent": {"List": {"TemplateId": TEMPLATE, "SubscribeStatusString": "accept"}}},
        {"SubscribeMsgPopupEvent": [{"TemplateId": TEMPLATE, "SubscribeStatusString": "accept"}]},
        {"List": [{"TemplateId": TEMPLATE, "SubscribeStatusString": "accept", "PopupScene": 0}]},
    ],
)
async def test_each_place_of_the_list_is_understood(platform: Platform, world: World, items: object) -> None:
    assert isinstance(items, dict)
    message = event_of("subscribe_msg_popup_event", **items)
    assert (await platform.send(message)).text == "success"
    assert await balances(world) == {TEMPLATE: 1}


async def test_what_the_platform_adds_to_its_query_is_passed_over(platform: Platform, world: World) -> None:
    assert (await platform.send(ACCEPT, openid=OPENID, something="new")).text == "success"
    assert await balances(world) == {TEMPLATE: 1}


async def test_the_address_works_without_the_version_too(platform: Platform, world: World) -> None:
    platform.client.base_url = httpx.URL("http://test")
    assert (await platform.send(ACCEPT)).text == "success"
    assert await balances(world) == {TEMPLATE: 1}


async def test_a_repeat_changes_nothing_however_it_is_encrypted(platform: Platform, world: World) -> None:
    answers = await asyncio.gather(*(platform.send(ACCEPT) for _ in range(8)))
    assert {answer.text for answer in answers} == {"success"}
    reordered = json.dumps(dict(reversed(json.loads(ACCEPT).items())))
    assert (await platform.send(reordered)).text == "success"
    assert await balances(world) == {TEMPLATE: 1}
    await platform.send(popup((TEMPLATE, "accept"), at=AT + 1))
    assert await balances(world) == {TEMPLATE: 2}


async def test_a_message_is_known_by_its_number(platform: Platform, world: World) -> None:
    await platform.send(event_of("subscribe_msg_popup_event", MsgId="7", List=json.loads(ACCEPT)["List"]))
    await platform.send(event_of("subscribe_msg_popup_event", MsgId=7, at=AT + 9, List=json.loads(ACCEPT)["List"]))
    assert await balances(world) == {TEMPLATE: 1}


async def test_a_call_that_was_caught_and_is_sent_much_later_counts_no_more(
    platform: Platform, world: World, clock: MovableClock
) -> None:
    at = int(clock.now.timestamp())
    old, later = popup((TEMPLATE, "accept"), at=at), popup((TEMPLATE, "accept"), at=at + 3600)
    # Its clock may be ahead of ours.
    await platform.send(old)
    await platform.send(later)
    for moved in (timedelta(0), KEPT + timedelta(seconds=1), timedelta(hours=2)):
        clock.now += moved
        async with transaction(world.service.sessions) as session:
            await forget_calls(session, clock.now)
        for message in (old, later):
            assert (await platform.send(message)).text == "success"
        assert await balances(world) == {TEMPLATE: 2}
    await platform.send(popup((TEMPLATE, "accept"), at=int(clock.now.timestamp())))
    assert await balances(world) == {TEMPLATE: 3}


async def test_a_call_that_tells_of_long_ago_is_not_forgotten_at_once(
    platform: Platform, world: World, clock: MovableClock
) -> None:
    long_ago = int((clock.now - KEPT).timestamp()) - 60
    late, later = popup((TEMPLATE, "accept"), at=long_ago), popup(("T-2", "accept"), at=long_ago - 1)
    await platform.send(late)
    async with transaction(world.service.sessions) as session:
        await forget_calls(session, clock.now)
    # Were it forgotten, whatever happened before it could have been taken in too, and would count no more.
    for message in (later, late, later):
        assert (await platform.send(message)).text == "success"
    assert await balances(world) == {TEMPLATE: 1, "T-2": 1}


async def test_a_refusal_voids_what_was_accepted_before_it_in_whatever_order_they_arrive(
    platform: Platform, world: World
) -> None:
    await platform.send(popup((TEMPLATE, "reject"), at=AT + 2))
    await platform.send(popup((TEMPLATE, "accept"), at=AT + 1))
    assert await balances(world) == {TEMPLATE: 0}
    await platform.send(popup((TEMPLATE, "accept"), at=AT + 3))
    await platform.send(popup((TEMPLATE, "accept"), at=AT + 4))
    assert await balances(world) == {TEMPLATE: 2}
    await platform.send(popup((TEMPLATE, "reject"), at=AT + 5, event="subscribe_msg_change_event"))
    assert await balances(world) == {TEMPLATE: 0}


async def test_what_wechat_tells_of_a_sent_message_takes_the_balance_only_on_a_refusal(
    platform: Platform, world: World
) -> None:
    await platform.send(ACCEPT)

    def sent(code: str, at: int) -> str:
        item = {"TemplateId": TEMPLATE, "MsgID": "1700827132819554304", "ErrorCode": code, "ErrorStatus": "x"}
        return event_of("subscribe_msg_sent_event", at=at, List=item)

    for number, (code, left) in enumerate((("0", 1), ("20001", 1), ("43101", 0))):
        assert (await platform.send(sent(code, AT + number))).text == "success"
        assert await balances(world) == {TEMPLATE: left}


async def test_the_report_of_a_phone_counts_only_where_wechat_does_not_tell(
    client: httpx.AsyncClient, world: World
) -> None:
    member = await world.signed_in_member(100)

    async def report(accepted: bool) -> int:
        body = {"template": TEMPLATE, "accepted": accepted}
        return int((await client.post("/subscriptions", json=body, headers=member.auth)).json()["balance"])

    assert await report(True) == 1
    channel = await set_up(client, world, account=WORLD_APPID)
    assert await report(True) == 1
    assert await report(False) == 1
    off = await client.patch(f"/channels/{channel['id']}", json={"callback_mode": "off"}, headers=channel["auth"])
    assert off.json()["has_callback"] is False
    assert await report(True) == 2
    assert await report(False) == 0


async def test_of_a_list_without_end_no_more_is_read_than_can_be_done_in_time(platform: Platform, world: World) -> None:
    message = popup(*((f"T-{number}", "accept") for number in range(MOST_ITEMS + 20)))
    for _ in range(2):
        answer = await platform.send(message)
        assert (answer.status_code, answer.text) == (200, "success"), "WeChat sends it no more"
    assert await balances(world) == {f"T-{number}": 1 for number in range(MOST_ITEMS)}


async def test_other_events_and_messages_are_answered_and_leave_nothing(platform: Platform, world: World) -> None:
    text = json.dumps({"FromUserName": OPENID, "MsgType": "text", "Content": "你好", "MsgId": 1})
    odd = popup(("no template; DROP", "accept"))
    for message in (text, event_of("debug_demo"), event_of("subscribe"), odd, "{}", popup((TEMPLATE, "x"))):
        assert (await platform.send(message)).text == "success"
    assert (await platform.send(popup((TEMPLATE, "accept"), openid="o'; --"))).text == "success"
    assert await balances(world) == {}


async def refused(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"]


async def test_what_is_wrongly_signed_or_for_another_account_is_refused(platform: Platform, world: World) -> None:
    send = platform.send
    assert await refused(await send(ACCEPT, msg_signature="0" * 40)) == (403, "wrong_signature")
    assert await refused(await send(ACCEPT, msg_signature="密")) == (403, "wrong_signature")
    assert await refused(await send(ACCEPT, nonce="1")) == (403, "wrong_signature")
    # The signature of the plain form says nothing of an encrypted body.
    assert await refused(await send(ACCEPT, msg_signature="")) == (403, "wrong_signature")
    platform.receiver = "wx0000000000000000"
    assert await refused(await send(ACCEPT)) == (403, "wrong_account")
    platform.receiver, platform.key = "", "A" * 43
    assert await refused(await send(ACCEPT)) == (403, "wrong_account")
    assert await balances(world) == {}


async def test_the_safe_mode_takes_no_plain_message(platform: Platform, world: World) -> None:
    platform.plain = True
    assert await refused(await platform.send(ACCEPT)) == (403, "not_encrypted")
    # Nor one that is called encrypted and is not.
    assert await refused(await platform.send(ACCEPT, encrypt_type="aes")) == (403, "wrong_signature")
    assert await balances(world) == {}


async def test_the_plain_mode_takes_no_encrypted_message(client: httpx.AsyncClient, world: World) -> None:
    await set_up(client, world, callback_mode="plain")
    assert await refused(await Platform(client).send(ACCEPT)) == (403, "wrong_signature")


async def test_an_account_that_is_not_set_up_is_not_told_from_an_unknown_one(
    client: httpx.AsyncClient, world: World
) -> None:
    await set_up(client, world, account="wx-quiet", callback_token=None, callback_key=None)
    for account in ("wx-quiet", "wx-nobody"):
        platform = Platform(client, account=account)
        assert await refused(await platform.send(ACCEPT)) == (404, "no_callbacks")
        assert await refused(await client.get(platform.url, params=platform.query())) == (404, "no_callbacks")


async def test_a_body_that_is_too_large_or_no_message_is_refused(platform: Platform, world: World) -> None:
    async def post(body: bytes) -> tuple[int, str]:
        query = platform.query("x")
        return await refused(await platform.client.post(platform.url, params=query, content=body))

    assert await post(b"x" * (MAX_BODY + 1)) == (413, "too_large")
    for body in (b"", b"hello", b"<xml>", b'{"a"', b"[1]", b"<!DOCTYPE x><xml><Encrypt>x</Encrypt></xml>"):
        assert await post(body) == (400, "malformed_call")
    for inside in ("hello", "<xml><a></xml>", ""):
        assert await refused(await platform.send(inside)) == (400, "malformed_call")


async def test_a_channel_that_is_off_still_keeps_its_ledger(client: httpx.AsyncClient, world: World) -> None:
    await set_up(client, world, enabled=False)
    await Platform(client).send(ACCEPT)
    assert await balances(world) == {TEMPLATE: 1}
