"""Short messages against the fake: what may have been sent is asked for first, and variables fit."""

import hashlib
import time
from collections.abc import Mapping
from dataclasses import replace

import httpx
import pytest

from app.platforms.aliyun import authorization, canonical_query
from app.platforms.aliyun_sms import fit_variable
from scheduler.adapters.base import Adapter, Message, Status
from scheduler.adapters.sms_aliyun import SMS_ALIYUN
from tests.scheduler.adapters.bench import ISSUE, adapter_of, one
from tests.scheduler.adapters.more_platforms import SMS_FIELDS, SMS_KEY, SMS_SECRET, SMS_TEMPLATE, sms_config
from tests.scheduler.fakes.fake import Fake

NUMBER = "13800000000"
SEND, QUERY = "SendSms", "QuerySendDetails"


async def account(fake: Fake, **more: object) -> None:
    templates = {SMS_TEMPLATE: list(SMS_FIELDS)}
    await fake.order("account", key_id=SMS_KEY, secret=SMS_SECRET, signs=["示范镇党委"], templates=templates, **more)


def sms(http: httpx.AsyncClient, base: str, config: Mapping[str, object] | None = None) -> Adapter:
    hosts = {"aliyun_sms": base}
    return adapter_of(SMS_ALIYUN, http, hosts, account=SMS_KEY, secret=SMS_SECRET, config=config or sms_config())


@pytest.fixture
async def adapter(patient: httpx.AsyncClient, aliyun: Fake) -> Adapter:
    await account(aliyun)
    return sms(patient, aliyun.base)


def test_the_signature_is_the_one_that_the_documentation_publishes() -> None:
    query = canonical_query(
        {"RegionId": "cn-shanghai", "ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"}
    )
    headers = {
        "host": "ecs.cn-shanghai.aliyuncs.com",
        "x-acs-action": "RunInstances",
        "x-acs-content-sha256": hashlib.sha256(b"").hexdigest(),
        "x-acs-date": "2023-10-26T10:22:32Z",
        "x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d",
        "x-acs-version": "2014-05-26",
    }
    signed = authorization("YourAccessKeyId", "YourAccessKeySecret", "POST", "/", query, headers)
    assert signed == (
        "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,"
        "SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,"
        "Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    )


async def test_a_message_carries_the_template_its_values_and_the_key(adapter: Adapter, aliyun: Fake) -> None:
    assert (await one(adapter, NUMBER)).status is Status.SENT
    (sent,) = await aliyun.sent()
    assert (sent["phone"], sent["sign"], sent["template"], sent["out_id"]) == (
        NUMBER,
        "示范镇党委",
        SMS_TEMPLATE,
        "9:1",
    )
    assert sent["values"] == {name: ISSUE.values[value] for name, value in SMS_FIELDS.items()}


async def test_what_arrived_before_its_answer_was_lost_is_not_sent_again(adapter: Adapter, aliyun: Fake) -> None:
    await aliyun.fail(SEND, "accept_then_reset")
    assert (await one(adapter, NUMBER)).status is Status.UNKNOWN
    assert (await one(adapter, NUMBER, again=True)).status is Status.SENT
    assert await aliyun.count(SEND) == 1
    assert len(await aliyun.sent()) == 1


async def test_what_did_not_arrive_is_sent_when_it_is_tried_again(adapter: Adapter, aliyun: Fake) -> None:
    await aliyun.fail(SEND, "reset")
    assert (await one(adapter, NUMBER)).status is Status.UNKNOWN
    assert (await one(adapter, NUMBER, again=True)).status is Status.SENT
    assert len(await aliyun.sent()) == 1


async def test_a_message_of_the_evening_before_is_found(adapter: Adapter, aliyun: Fake) -> None:
    await aliyun.order("clock", offset_seconds=-600)
    await one(adapter, NUMBER)
    (sent,) = await aliyun.sent()
    yesterday = str(time.time() - 86400)
    await aliyun.order("account", sent=[{**sent, "values": "{}", "at": yesterday}])
    assert (await one(adapter, NUMBER, again=True)).status is Status.SENT
    assert len(await aliyun.sent()) == 1


async def test_it_is_found_among_more_than_a_page_of_records(adapter: Adapter, aliyun: Fake) -> None:
    await one(adapter, NUMBER)
    (sent,) = await aliyun.sent()
    others = [{**sent, "values": "{}", "template": "SMS_2", "out_id": f"8:{number}"} for number in range(60)]
    await aliyun.order("account", sent=[{**sent, "values": "{}"}, *others])
    assert (await one(adapter, NUMBER, again=True)).status is Status.SENT
    assert len(await aliyun.sent()) == 61


async def test_without_an_answer_about_the_past_nothing_is_sent(adapter: Adapter, aliyun: Fake) -> None:
    await aliyun.fail(QUERY, "hang")
    assert (await one(adapter, NUMBER, again=True)).status is Status.RETRY
    assert await aliyun.sent() == []


async def test_who_the_carrier_did_not_reach_is_left_to_the_next_channel(adapter: Adapter, aliyun: Fake) -> None:
    await one(adapter, NUMBER)
    await aliyun.order("account", switched_off=[NUMBER])
    outcome = await one(adapter, NUMBER, again=True)
    assert (outcome.status, outcome.code) == (Status.UNREACHABLE, "MK:0001")
    assert len(await aliyun.sent()) == 1


async def test_a_number_that_has_had_its_fifty_is_left_to_the_next_channel(adapter: Adapter, aliyun: Fake) -> None:
    for _ in range(50):
        assert (await one(adapter, NUMBER)).status is Status.SENT
    outcome = await one(adapter, NUMBER)
    assert (outcome.status, outcome.detail) == (Status.UNREACHABLE, "触发天级流控Permits:50")
    assert (await one(adapter, "13800000001")).status is Status.SENT


async def test_more_than_a_minute_takes_is_tried_again(adapter: Adapter, aliyun: Fake) -> None:
    await account(aliyun, a_minute=1)
    assert (await one(adapter, NUMBER)).status is Status.SENT
    outcome = await one(adapter, NUMBER)
    assert (outcome.status, outcome.detail, outcome.retry_after) == (Status.RETRY, "触发分钟级流控Permits:1", 60)


async def test_a_number_that_is_held_back_for_an_hour_is_left_alone_for_it(adapter: Adapter, aliyun: Fake) -> None:
    await aliyun.fail(SEND, "errcode", errmsg="isv.BUSINESS_LIMIT_CONTROL 触发小时级流控Permits:5")
    outcome = await one(adapter, NUMBER)
    assert (outcome.status, outcome.retry_after) == (Status.RETRY, 3600)


async def test_an_account_without_money_stops_the_channel(adapter: Adapter, aliyun: Fake) -> None:
    await account(aliyun, balance=0)
    outcome = await one(adapter, NUMBER)
    assert (outcome.status, outcome.code) == (Status.CHANNEL_DOWN, "isv.AMOUNT_NOT_ENOUGH")


async def test_a_clock_that_is_wrong_stops_the_channel(adapter: Adapter, aliyun: Fake) -> None:
    await aliyun.order("clock", offset_seconds=3600)
    assert (await one(adapter, NUMBER)).code == "InvalidTimeStamp.Expired"


async def test_a_number_that_is_quoted_in_a_refusal_is_hidden(adapter: Adapter, aliyun: Fake) -> None:
    await aliyun.fail(SEND, "errcode", errmsg=f"isv.MOBILE_NUMBER_ILLEGAL {NUMBER}无效号码")
    assert (await one(adapter, NUMBER)).detail == "***无效号码"


@pytest.mark.parametrize("number", ["", "10086", "+8613800000000", "138 0000 0000", "1380000000a"])
async def test_what_is_no_mobile_number_is_not_asked_for(adapter: Adapter, aliyun: Fake, number: str) -> None:
    assert (await one(adapter, number)).status is Status.UNREACHABLE
    assert await aliyun.count(SEND) == 0


@pytest.mark.parametrize(
    ("value", "fitted"),
    [
        ("第四十七周", "第四十七周"),
        ("见 https://a.example.cn/x?y=1 全文", "见 全文"),
        ("看www.example.cn吧", "看"),
        ("党建网 dangjian.cn 转载", "党建网 转载"),
        ("主机 192.168.1.1", "主机"),
        ("【通知】学\n习", "「通知」学 习"),
        ("2026年11月16日 10:00", "2026年11月16日 10:00"),
        ("合格率 98.5%", "合格率 98.5%"),
        ("学" * 36, "学" * 34 + "…"),
        ("https://a.example.cn", "—"),
        ("", "—"),
    ],
)
def test_a_variable_is_made_to_fit(value: str, fitted: str) -> None:
    assert fit_variable(value) == fitted


async def test_a_variable_may_hold_the_organisations_own_words(patient: httpx.AsyncClient, aliyun: Fake) -> None:
    await account(aliyun)
    adapter = sms(patient, aliyun.base, sms_config(fields={**SMS_FIELDS, "note": "=请按时参加"}))
    assert (await one(adapter, NUMBER)).status is Status.SENT
    (sent,) = await aliyun.sent()
    assert sent["values"]["note"] == "请按时参加"


async def test_a_link_in_a_title_does_not_cost_the_message(adapter: Adapter, aliyun: Fake) -> None:
    message: Message = replace(ISSUE, values={**ISSUE.values, "title": "学习 https://study.example.cn/1"})
    assert (await one(adapter, NUMBER, message)).status is Status.SENT
    (sent,) = await aliyun.sent()
    assert sent["values"]["title"] == "学习"
