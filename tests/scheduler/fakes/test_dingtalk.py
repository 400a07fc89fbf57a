"""The fake DingTalk keeps the limits and the ways of DingTalk."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from scheduler.fakes.running import running

SEND, RESULT = "/topapi/message/corpconversation/asyncsend_v2", "/topapi/message/corpconversation/getsendresult"
USERS = [f"user{number}" for number in range(101)]


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    with running("scheduler.fakes.dingtalk") as base:
        async with httpx.AsyncClient(base_url=base) as client:
            await client.post("/_control/app", json={"key": "k", "secret": "s", "agent_id": 7, "users": USERS})
            yield client


async def token(http: httpx.AsyncClient, secret: str = "s") -> dict[str, Any]:
    answer = await http.get("/gettoken", params={"appkey": "k", "appsecret": secret})
    return dict(answer.json())


async def call(http: httpx.AsyncClient, path: str, **body: object) -> dict[str, Any]:
    value = (await token(http))["access_token"]
    answer = await http.post(path, params={"access_token": value}, json={"agent_id": 7, **body})
    return dict(answer.json())


def text(content: str) -> dict[str, object]:
    return {"msgtype": "text", "text": {"content": content}}


async def test_a_token_stays_the_same_until_it_ends_and_is_refused_one_level_down(http: httpx.AsyncClient) -> None:
    first = (await token(http))["access_token"]
    assert (await token(http))["access_token"] == first
    assert (await token(http, "wrong"))["errcode"] == 40089
    await http.post("/_control/clock", json={"offset_seconds": 7300})
    answer = (await http.post(SEND, params={"access_token": first}, json={})).json()
    assert (answer["errcode"], answer["sub_code"]) == (88, "42001")
    assert (await token(http))["access_token"] != first


async def test_a_hundred_members_and_2048_bytes_are_the_most(http: httpx.AsyncClient) -> None:
    assert (await call(http, SEND, userid_list=",".join(USERS[:100]), msg=text("文")))["errcode"] == 0
    assert (await call(http, SEND, userid_list=",".join(USERS), msg=text("文")))["errcode"] != 0
    assert (await call(http, SEND, userid_list="user1", msg=text("长" * 683)))["errcode"] == 34016
    assert (await call(http, SEND, userid_list="", msg=text("文")))["errcode"] == 1430000


async def test_a_result_is_empty_until_it_is_decided(http: httpx.AsyncClient) -> None:
    await http.post("/_control/app", json={"delay": 60})
    task = (await call(http, SEND, userid_list="user1,nobody", msg=text("文")))["task_id"]
    assert (await call(http, RESULT, task_id=task))["send_result"] == {}
    await http.post("/_control/clock", json={"offset_seconds": 61})
    result = (await call(http, RESULT, task_id=task))["send_result"]
    assert (result["unread_user_id_list"], result["invalid_user_id_list"]) == (["user1"], ["nobody"])
