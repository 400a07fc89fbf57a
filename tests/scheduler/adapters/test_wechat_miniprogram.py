"""The mini-program's adapter against the fake: what the platform says becomes an outcome."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

import httpx
import pytest

from app.messaging.render import render
from app.platforms.http import outside_client
from scheduler.adapters.base import ChannelInfo, Envelope, Message, Outcome, Outside, Status
from scheduler.adapters.wechat_miniprogram import WECHAT_MINIPROGRAM, WechatMiniprogram, build
from tests.scheduler.fakes.process import APPID, SECRET, SEND, TOKEN, FakeWechat
from tests.scheduler.scene import CONFIG, FIELDS, ISSUE_EVENT, TEMPLATE

ISSUE = render("weekly_issue", ISSUE_EVENT, 7)


async def no_console(envelope: Envelope) -> None:
    raise AssertionError("a mini-program writes to no console")


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with outside_client(timeout=0.6) as client:
        yield client


def adapter_of(http: httpx.AsyncClient, base: str, config: object = None, secret: str = SECRET) -> WechatMiniprogram:
    outside = Outside(http, lambda: datetime(2026, 11, 16, 2, tzinfo=UTC), {"wechat": base}, no_console)
    settings = CONFIG if config is None else config
    assert isinstance(settings, dict) or settings is CONFIG
    return build(ChannelInfo(1, APPID, secret, settings), outside)


@pytest.fixture
def adapter(http: httpx.AsyncClient, wechat: FakeWechat) -> WechatMiniprogram:
    return adapter_of(http, wechat.base)


def envelope(openid: str, message: Message = ISSUE) -> Envelope:
    return Envelope("1:1", 1, openid, message)


async def one(adapter: WechatMiniprogram, openid: str, message: Message = ISSUE) -> Outcome:
    (outcome,) = await adapter.send([envelope(openid, message)])
    return outcome


async def test_a_message_arrives_with_the_fields_of_its_template(
    adapter: WechatMiniprogram, wechat: FakeWechat
) -> None:
    outcome = await one(adapter, await wechat.accept("13800000000"))
    (sent,) = await wechat.sent()
    assert outcome == Outcome(Status.SENT)
    assert sent["page"] == "pages/issue/index?id=7"
    assert sent["state"] == "formal"
    # date2 is filled with the time: a date field shows the day alone.
    assert sent["data"] == {"thing1": "第四十七周", "date2": "2026年11月16日", "thing3": "打开小程序即可阅读"}


async def test_the_state_of_the_mini_program_is_the_channels(http: httpx.AsyncClient, wechat: FakeWechat) -> None:
    adapter = adapter_of(http, wechat.base, {**CONFIG, "miniprogram_state": "trial"})
    await one(adapter, await wechat.accept("13800000000"))
    (sent,) = await wechat.sent()
    assert sent["state"] == "trial"


async def test_what_is_too_long_or_empty_is_made_to_fit(adapter: WechatMiniprogram, wechat: FakeWechat) -> None:
    long = Message("weekly_issue", "", "", "", "", {"title": "学" * 30, "time": ISSUE.values["time"], "note": "\x07 "})
    assert await one(adapter, await wechat.accept("13800000000"), long) == Outcome(Status.SENT)
    (sent,) = await wechat.sent()
    assert sent["data"]["thing1"] == "学" * 19 + "…"
    assert sent["data"]["thing3"] == "—"


async def test_each_of_a_window_has_its_own_outcome_in_order(adapter: WechatMiniprogram, wechat: FakeWechat) -> None:
    openids = [await wechat.accept("13800000000"), "o-nobody", await wechat.accept("13800000002")]
    outcomes: Sequence[Outcome] = await adapter.send([envelope(openid) for openid in openids])
    assert [outcome.status for outcome in outcomes] == [Status.SENT, Status.UNREACHABLE, Status.SENT]
    assert outcomes[1].code == "40003"
    assert {message["openid"] for message in await wechat.sent()} == {openids[0], openids[2]}


@pytest.mark.parametrize(
    ("errcode", "status"),
    [
        *((code, Status.RETRY) for code in (-1, 45011, 43108)),
        *((code, Status.CHANNEL_DOWN) for code in (40013, 40164, 48001, 40037, 41030, 43107)),
        *((code, Status.FAILED) for code in (47003, 40249, 99999)),
        *((code, Status.UNREACHABLE) for code in (40003, 43004, 40226)),
        (45009, Status.QUOTA),
    ],
)
async def test_every_class_of_error_has_its_outcome(
    adapter: WechatMiniprogram, wechat: FakeWechat, errcode: int, status: Status
) -> None:
    openid = await wechat.accept("13800000000")
    await wechat.fail(SEND, "errcode", errcode=errcode)
    outcome = await one(adapter, openid)
    assert (outcome.status, outcome.code, outcome.subscription_spent) == (status, str(errcode), False)


async def test_a_member_without_a_subscription_is_reported_as_spent(
    adapter: WechatMiniprogram, wechat: FakeWechat
) -> None:
    _, openid = await wechat.login("13800000000")
    outcome = await one(adapter, openid)
    assert (outcome.status, outcome.code, outcome.subscription_spent) == (Status.UNREACHABLE, "43101", True)


@pytest.mark.parametrize(("mode", "arrived"), [("hang", 0), ("reset", 0), ("accept_then_reset", 1), ("http_502", 0)])
async def test_no_answer_after_the_request_was_written_is_unknown(
    adapter: WechatMiniprogram, wechat: FakeWechat, mode: str, arrived: int
) -> None:
    openid = await wechat.accept("13800000000")
    await wechat.fail(SEND, mode)
    assert (await one(adapter, openid)).status is Status.UNKNOWN
    assert len(await wechat.sent()) == arrived


async def test_a_platform_that_does_not_listen_is_tried_again(http: httpx.AsyncClient) -> None:
    assert (await one(adapter_of(http, "http://127.0.0.1:9"), "o-anybody")).status is Status.RETRY


async def test_a_wrong_secret_stops_the_channel(http: httpx.AsyncClient, wechat: FakeWechat) -> None:
    outcome = await one(adapter_of(http, wechat.base, secret="wrong"), "o-anybody")
    assert (outcome.status, outcome.code) == (Status.CHANNEL_DOWN, "40125")
    assert "wrong" not in outcome.detail


async def test_a_lost_answer_about_the_token_delivered_nothing(adapter: WechatMiniprogram, wechat: FakeWechat) -> None:
    await wechat.fail(TOKEN, "hang")
    assert (await one(adapter, await wechat.accept("13800000000"))).status is Status.RETRY


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"templates": None},
        {"templates": {"meeting": {"template_id": TEMPLATE, "fields": FIELDS}}},
        {"templates": {"weekly_issue": {"template_id": TEMPLATE}}},
        {"templates": {"weekly_issue": {"template_id": TEMPLATE, "fields": {"nonsense1": "title"}}}},
        {"templates": {"weekly_issue": {"template_id": TEMPLATE, "fields": {"number1": "title"}}}},
    ],
)
async def test_a_template_that_does_not_fit_stops_the_channel_before_anything_is_asked(
    http: httpx.AsyncClient, wechat: FakeWechat, config: dict[str, object]
) -> None:
    outcome = await one(adapter_of(http, wechat.base, config), await wechat.accept("13800000000"))
    assert (outcome.status, outcome.code) == (Status.CHANNEL_DOWN, "bad_template")
    assert await wechat.count(SEND) == 0


async def test_a_template_without_fields_is_the_platforms_to_refuse(
    http: httpx.AsyncClient, wechat: FakeWechat
) -> None:
    config: dict[str, object] = {"templates": {"weekly_issue": {"template_id": TEMPLATE, "fields": None}}}
    outcome = await one(adapter_of(http, wechat.base, config), await wechat.accept("13800000000"))
    assert (outcome.status, outcome.code) == (Status.FAILED, "47003")


async def test_all_that_is_about_meetings_shares_a_template(adapter: WechatMiniprogram, wechat: FakeWechat) -> None:
    assert WECHAT_MINIPROGRAM.template(CONFIG, "meeting_cancelled") == TEMPLATE
    message = Message("meeting_cancelled", "", "", "", "", ISSUE.values)
    assert await one(adapter, await wechat.accept("13800000000"), message) == Outcome(Status.SENT)
