"""The service account's adapter: what a template message opens, and who is not a follower."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app.platforms.access import Access
from app.platforms.errors import RecipientError
from app.platforms.wechat_service import ServiceAccountClient
from scheduler.adapters.base import ChannelInfo, Status
from scheduler.adapters.conformance import Desk
from scheduler.adapters.conformance.desk import MESSAGE, open_desk
from tests.scheduler.adapters.platforms import SERVICE_ACCOUNT, SERVICE_APPID, service_set_up
from tests.scheduler.fakes.process import APPID, SECRET, TEMPLATE

PLAIN = ChannelInfo(1, SERVICE_APPID, SECRET, {"templates": {"weekly_issue": {
    "template_id": TEMPLATE, "fields": {"thing1": "title", "date2": "time", "thing3": "=请准时参加"},
}}})  # fmt: skip


@pytest.fixture
async def desk(wechat_base: str) -> AsyncIterator[Desk]:
    async with open_desk(SERVICE_ACCOUNT, wechat_base) as opened:
        yield opened


async def test_a_message_opens_the_page_of_the_linked_mini_program(desk: Desk) -> None:
    (openid,) = await service_set_up(desk, 1)
    await desk.send(desk.adapter(), [openid])
    (sent,) = await desk.look("sent", appid=SERVICE_APPID)
    assert sent["miniprogram"] == {"appid": APPID, "pagepath": MESSAGE.page}
    assert sent["data"] == {"thing1": "第四十七周", "date2": "2026年11月16日", "thing3": MESSAGE.values["note"]}


async def test_without_a_mini_program_it_opens_the_link_and_says_the_organisations_own_words(desk: Desk) -> None:
    (openid,) = await service_set_up(desk, 1)
    await desk.send(desk.adapter(config=PLAIN.config), [openid])
    (sent,) = await desk.look("sent", appid=SERVICE_APPID)
    assert (sent["miniprogram"], sent["url"], sent["data"]["thing3"]) == (None, MESSAGE.link, "请准时参加")


async def test_a_link_that_is_too_long_is_left_out(desk: Desk) -> None:
    (openid,) = await service_set_up(desk, 1)
    long = replace(MESSAGE, link="https://study.example.cn/" + "a" * 3000)
    (outcome,) = await desk.send(desk.adapter(config=PLAIN.config), [openid], long)
    (sent,) = await desk.look("sent", appid=SERVICE_APPID)
    assert (outcome.status, sent["url"]) == (Status.SENT, None)


async def test_a_mini_program_that_is_not_linked_stops_the_channel(desk: Desk) -> None:
    (openid,) = await service_set_up(desk, 1)
    config = {**PLAIN.config, "settings": {"miniprogram_appid": "wx-of-others"}}
    (outcome,) = await desk.send(desk.adapter(config=config), [openid])
    assert (outcome.status, outcome.code) == (Status.CHANNEL_DOWN, "40013")


async def test_who_follows_no_more_is_unreachable(desk: Desk) -> None:
    (openid,) = await service_set_up(desk, 1)
    await desk.order("unfollow", appid=SERVICE_APPID, phone="13800000000")
    (outcome,) = await desk.send(desk.adapter(), [openid])
    assert (outcome.status, outcome.code) == (Status.UNREACHABLE, "43004")


async def test_the_days_quota_rests_the_channel(desk: Desk) -> None:
    await service_set_up(desk, 0)
    await desk.order(
        "apps", appid=SERVICE_APPID, secret=SECRET, templates={TEMPLATE: ["thing1"]}, service=True, linked=[APPID],
        daily_quota=1,
    )  # fmt: skip
    openid = (await desk.order("follow", appid=SERVICE_APPID, phone="1"))["openid"]
    adapter = desk.adapter()
    assert [(await desk.send(adapter, [openid]))[0].status for _ in range(2)] == [Status.SENT, Status.QUOTA]


async def test_a_follower_is_known_by_the_unionid(desk: Desk) -> None:
    await service_set_up(desk, 0)
    known = (await desk.order("follow", appid=SERVICE_APPID, phone="1", unionid="u-1"))["openid"]
    alone = (await desk.order("follow", appid=SERVICE_APPID, phone="2"))["openid"]
    gone = (await desk.order("unfollow", appid=SERVICE_APPID, phone="3", unionid="u-3"))["openid"]
    client = ServiceAccountClient(
        Access(desk.outside_http, desk.base, SERVICE_APPID, SECRET, lambda: datetime.now(UTC))
    )
    assert [await client.unionid(openid) for openid in (known, alone, gone)] == ["u-1", None, None]
    with pytest.raises(RecipientError):
        await client.unionid("o-nobody")


async def test_the_fake_allows_at_most_twenty_five_templates(desk: Desk) -> None:
    templates = {f"T{number}": ["thing1"] for number in range(26)}
    order = {"appid": SERVICE_APPID, "secret": SECRET, "templates": templates, "service": True}
    answer = await desk.http.post(f"{desk.base}/_control/apps", json=order)
    assert answer.status_code == 400
