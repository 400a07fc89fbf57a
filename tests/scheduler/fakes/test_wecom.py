"""The fake WeCom behaves as the facts say: texts, partial success, and an excess that is dropped without a word."""

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from scheduler.fakes.running import running

CORP = {"corpid": "ww1", "secret": "s-1", "agentid": 7, "users": ["ZhangSan", "WangWu"], "unlicensed": ["LiSi"]}


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    with running("scheduler.fakes.wecom") as address:
        yield address


@pytest.fixture
async def http(base: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=base) as client:
        await client.post("/_control/reset", json={})
        await client.post("/_control/corps", json=CORP)
        yield client


async def token(http: httpx.AsyncClient, **query: str) -> Any:
    return (await http.get("/cgi-bin/gettoken", params={"corpid": "ww1", "corpsecret": "s-1", **query})).json()


async def send(http: httpx.AsyncClient, touser: str, text: str = "你好", value: str | None = None, **more: Any) -> Any:
    value = value or (await token(http))["access_token"]
    body = {"touser": touser, "msgtype": "text", "agentid": 7, "text": {"content": text}, **more}
    return (await http.post("/cgi-bin/message/send", params={"access_token": value}, json=body)).json()


async def look(http: httpx.AsyncClient, what: str) -> list[dict[str, Any]]:
    return list((await http.get(f"/_control/{what}")).json())


async def test_a_token_is_the_same_until_it_ends_and_a_new_one_after_it_was_revoked(http: httpx.AsyncClient) -> None:
    first, second = await token(http), await token(http)
    assert (first["errcode"], first["access_token"]) == (0, second["access_token"])
    await http.post("/_control/revoke", json={})
    assert (await send(http, "ZhangSan", value=first["access_token"]))["errcode"] == 40014
    assert (await token(http))["access_token"] != first["access_token"]


async def test_a_token_ends_after_two_hours(http: httpx.AsyncClient) -> None:
    value = (await token(http))["access_token"]
    await http.post("/_control/clock", json={"offset_seconds": 7201})
    assert (await send(http, "ZhangSan", value=value))["errcode"] == 42001


async def test_a_wrong_secret_and_a_wrong_corporation_are_told_apart(http: httpx.AsyncClient) -> None:
    assert (await token(http, corpsecret="s-2"))["errcode"] == 40001
    assert (await token(http, corpid="ww2"))["errcode"] == 40013


async def test_a_refusal_reads_as_wecom_writes_it(http: httpx.AsyncClient) -> None:
    refused = await token(http, corpsecret="s-2")
    assert re.fullmatch(
        r"invalid credential, hint: \[[0-9]{24}\], from ip: 127\.0\.0\.1, "
        r"more info at https://open\.work\.weixin\.qq\.com/devtool/query\?e=40001",
        refused["errmsg"],
    )


async def test_success_may_be_partial_and_ids_come_back_in_lower_case(http: httpx.AsyncClient) -> None:
    answer = await send(http, "ZhangSan|Nobody|LiSi|WangWu")
    assert (answer["errcode"], answer["invaliduser"], answer["unlicenseduser"]) == (0, "nobody", "lisi")
    assert [message["user"] for message in await look(http, "sent")] == ["zhangsan", "wangwu"]


@pytest.mark.parametrize(
    ("touser", "more", "code"),
    [
        ("Nobody|LiSi", {}, 81013),
        ("", {}, 82001),
        ("|".join(f"u{n}" for n in range(1001)), {}, 40058),
        ("ZhangSan", {"agentid": 8}, 301002),
        ("ZhangSan", {"agentid": "7"}, 40056),
        ("ZhangSan", {"text": {"content": " "}}, 44004),
        ("ZhangSan", {"msgtype": "textcard", "textcard": {"title": "t", "description": "d", "url": "x"}}, 40058),
        ("ZhangSan", {"msgtype": "video"}, 40058),
    ],
)
async def test_what_cannot_be_sent_is_refused(
    http: httpx.AsyncClient, touser: str, more: dict[str, Any], code: int
) -> None:
    assert (await send(http, touser, **more))["errcode"] == code
    assert await look(http, "sent") == []


async def test_more_than_thirty_a_minute_for_a_member_are_dropped_without_a_word(http: httpx.AsyncClient) -> None:
    answers = [await send(http, "ZhangSan", f"第{number}条") for number in range(31)]
    assert {answer["errcode"] for answer in answers} == {0}
    assert len(await look(http, "sent")) == 30
    assert [message["why"] for message in await look(http, "dropped")] == ["too_many"]
    await http.post("/_control/clock", json={"offset_seconds": 61})
    await send(http, "ZhangSan", "下一分钟")
    assert len(await look(http, "sent")) == 31


async def test_more_than_a_thousand_an_hour_for_a_member_are_dropped_without_a_word(http: httpx.AsyncClient) -> None:
    value = (await token(http))["access_token"]
    for number in range(1001):
        if number % 30 == 0:  # no more than a minute takes
            await http.post("/_control/clock", json={"offset_seconds": 2 * number})
        assert (await send(http, "ZhangSan", f"第{number}条", value))["errcode"] == 0
    assert len(await look(http, "sent")) == 1000
    assert [message["why"] for message in await look(http, "dropped")] == ["too_many"]
    await http.post("/_control/clock", json={"offset_seconds": 3700})
    await send(http, "ZhangSan", "下一小时", value)
    assert len(await look(http, "sent")) == 1001


async def test_a_repeat_is_dropped_within_the_interval_where_the_caller_asked_for_it(http: httpx.AsyncClient) -> None:
    checked: dict[str, Any] = {"enable_duplicate_check": 1, "duplicate_check_interval": 9 * 3600}
    for more in ({}, checked):
        for _ in range(2):
            await send(http, "ZhangSan", **more)
    assert (len(await look(http, "sent")), len(await look(http, "dropped"))) == (3, 1)
    await http.post("/_control/clock", json={"offset_seconds": 4 * 3600 + 1})
    await send(http, "ZhangSan", enable_duplicate_check=1)
    assert len(await look(http, "sent")) == 4


async def test_a_text_that_is_too_long_is_cut_without_a_word_and_the_fake_notes_it(http: httpx.AsyncClient) -> None:
    assert (await send(http, "ZhangSan", "学" * 1000))["errcode"] == 0
    assert [message["cut"] for message in await look(http, "sent")] == [True]
