"""The fake of the short messages refuses what is not signed, is old, or was seen before."""

import hashlib
import json
import time
from collections.abc import AsyncIterator, Mapping

import httpx
import pytest

from app.platforms.aliyun import authorization, canonical_query
from scheduler.fakes.running import running

KEY, SECRET, TEMPLATE = "LTAI5tExample", "a-secret", "SMS_1"
NUMBER = "13800000000"


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    with running("scheduler.fakes.aliyun_sms") as base:
        async with httpx.AsyncClient(base_url=base) as client:
            account = {"key_id": KEY, "secret": SECRET, "signs": ["学习", "党建"], "templates": {TEMPLATE: ["title"]}}
            await client.post("/_control/account", json=account)
            yield client


def signed(
    http: httpx.AsyncClient,
    *,
    title: str = "题",
    nonce: str = "n1",
    at: float = 0.0,
    secret: str = SECRET,
    sign: str = "学习",
) -> tuple[str, dict[str, str]]:
    query = canonical_query(
        {
            "PhoneNumbers": NUMBER,
            "SignName": sign,
            "TemplateCode": TEMPLATE,
            "TemplateParam": json.dumps({"title": title}, ensure_ascii=False),
        }
    )
    headers = {
        "host": http.base_url.netloc.decode(),
        "x-acs-action": "SendSms",
        "x-acs-content-sha256": hashlib.sha256(b"").hexdigest(),
        "x-acs-date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + at)),
        "x-acs-signature-nonce": nonce,
        "x-acs-version": "2017-05-25",
    }
    return f"/?{query}", headers | {"authorization": authorization(KEY, secret, "POST", "/", query, headers)}


async def code(http: httpx.AsyncClient, url: str, headers: Mapping[str, str]) -> tuple[int, str]:
    answer = await http.post(url, headers=headers)
    return answer.status_code, answer.json()["Code"]


async def test_a_signed_request_is_taken_once(http: httpx.AsyncClient) -> None:
    url, headers = signed(http)
    assert await code(http, url, headers) == (200, "OK")
    assert await code(http, url, headers) == (400, "SignatureNonceUsed")


async def test_what_is_not_signed_in_whole_by_the_account_is_refused(http: httpx.AsyncClient) -> None:
    url, headers = signed(http)
    assert await code(http, url, {"x-acs-action": "SendSms"}) == (400, "InvalidAccessKeyId.NotFound")
    assert await code(http, *signed(http, secret="another")) == (400, "SignatureDoesNotMatch")
    assert await code(http, url + "&SmsUpExtendCode=1", headers) == (400, "SignatureDoesNotMatch")
    assert await code(http, url, headers | {"x-acs-more": "1"}) == (400, "SignatureDoesNotMatch")
    assert await code(http, *signed(http, at=-1000)) == (400, "InvalidTimeStamp.Expired")


async def test_fifty_a_day_are_counted_for_a_number_a_signature_and_a_template(http: httpx.AsyncClient) -> None:
    answers = [await code(http, *signed(http, nonce=f"n{number}")) for number in range(51)]
    assert answers[49:] == [(200, "OK"), (200, "isv.BUSINESS_LIMIT_CONTROL")]
    assert await code(http, *signed(http, nonce="other", sign="党建")) == (200, "OK")


@pytest.mark.parametrize(
    ("title", "refusal"),
    [
        ("", "isv.TEMPLATE_MISSING_PARAMETERS"),
        ("学" * 36, "isv.PARAM_LENGTH_LIMIT"),
        ("见 https://a.example", "isv.PARAM_NOT_SUPPORT_URL"),
        ("见 dangjian.cn", "isv.PARAM_NOT_SUPPORT_URL"),
    ],
)
async def test_a_variable_that_does_not_fit_is_refused(http: httpx.AsyncClient, title: str, refusal: str) -> None:
    assert await code(http, *signed(http, title=title)) == (200, refusal)
