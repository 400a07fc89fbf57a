"""The fake Feishu keeps the limits and the ways of Feishu."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from scheduler.fakes.running import running

SEND, TOKEN = "/open-apis/message/v4/batch_send/", "/open-apis/auth/v3/tenant_access_token/internal"


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    with running("scheduler.fakes.feishu") as base:
        async with httpx.AsyncClient(base_url=base) as client:
            await client.post("/_control/app", json={"app_id": "cli_1", "secret": "s", "people": ["ou_1"]})
            yield client


async def token(http: httpx.AsyncClient) -> str:
    answer = await http.post(TOKEN, json={"app_id": "cli_1", "app_secret": "s"})
    return str(answer.json()["tenant_access_token"])


async def send(http: httpx.AsyncClient, value: str, ids: list[str], words: str = "文") -> dict[str, Any]:
    post = {"zh_cn": {"title": "题", "content": [[{"tag": "text", "text": words}]]}}
    body = {"msg_type": "post", "open_ids": ids, "content": {"post": post}}
    return dict((await http.post(SEND, headers={"authorization": f"Bearer {value}"}, json=body)).json())


async def test_in_its_last_half_hour_there_is_a_new_token_and_the_old_one_works(http: httpx.AsyncClient) -> None:
    first = await token(http)
    assert await token(http) == first
    await http.post("/_control/clock", json={"offset_seconds": 5500})
    second = await token(http)
    assert second != first
    assert [(await send(http, each, ["ou_1"]))["code"] for each in (first, second)] == [0, 0]
    await http.post("/_control/clock", json={"offset_seconds": 7300})
    assert (await send(http, first, ["ou_1"]))["code"] == 99991663


@pytest.mark.parametrize(("ordered", "status"), [(99991400, 400), (429, 429)])
async def test_throttling_is_http_400_or_429_with_the_seconds_to_wait(
    http: httpx.AsyncClient, ordered: int, status: int
) -> None:
    await http.post("/_control/fail", json={"path": SEND, "mode": "errcode", "errcode": ordered})
    answer = await http.post(SEND, json={})
    assert (answer.status_code, answer.json()["code"]) == (status, 99991400)
    assert answer.headers["x-ogw-ratelimit-reset"] == "3"


async def test_two_hundred_people_and_thirty_kilobytes_are_the_most(http: httpx.AsyncClient) -> None:
    value = await token(http)
    answer = await send(http, value, ["ou_1"] + [f"ou_x{number}" for number in range(199)])
    assert (answer["code"], len(answer["data"]["invalid_open_ids"])) == (0, 199)
    assert (await send(http, value, ["ou_1"] * 201))["code"] == 10003
    assert (await send(http, value, ["ou_1"], "长" * 11_000))["code"] == 11246
