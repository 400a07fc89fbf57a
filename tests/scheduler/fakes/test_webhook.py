"""The fake receiver refuses what a receiver refuses."""

import base64
import time

import httpx

from app.platforms.webhook import sign
from scheduler.fakes.running import running

SECRET = bytes(range(32))
BODY = b'{"type": "notice.weekly_issue", "data": {"member_id": 1}}'


def headers(timestamp: int, secret: bytes = SECRET) -> dict[str, str]:
    return {
        "webhook-id": "1:1",
        "webhook-timestamp": str(timestamp),
        "webhook-signature": "v1,bm9wZQ== " + sign(secret, "1:1", str(timestamp), BODY),
    }


async def test_only_a_fresh_and_true_signature_is_taken_and_a_repeat_is_kept_once() -> None:
    now = int(time.time())
    with running("scheduler.fakes.webhook") as base:
        async with httpx.AsyncClient(base_url=base) as http:
            await http.post("/_control/receiver", json={"secret": base64.b64encode(SECRET).decode()})
            for bad in ({}, headers(now, bytes(32)), headers(now - 301), headers(now) | {"webhook-id": "1:2"}):
                assert (await http.post("/notices", content=BODY, headers=bad)).status_code == 401
            for _ in range(2):
                assert (await http.post("/notices", content=BODY, headers=headers(now))).status_code == 202
            (sent,) = (await http.get("/_control/sent")).json()
            assert sent["times"] == 2


async def test_a_throttled_receiver_says_when_to_come_again() -> None:
    with running("scheduler.fakes.webhook") as base:
        async with httpx.AsyncClient(base_url=base) as http:
            await http.post("/_control/fail", json={"path": "/notices", "mode": "errcode", "errcode": 429})
            answer = await http.post("/notices", content=BODY)
            assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
