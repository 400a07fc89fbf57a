"""DingTalk against its fake: a call is taken first and decided on later, member by member."""

import json

import httpx
import pytest

from app.platforms.dingtalk import MESSAGE_BYTES, POLLS, dingtalk_text
from scheduler.adapters.base import Adapter, Message, Status
from scheduler.adapters.dingtalk import DINGTALK
from tests.scheduler.adapters.bench import ISSUE, MEETING, adapter_of, envelope, one, several
from tests.scheduler.adapters.more_platforms import AGENT_ID, APP_KEY, APP_SECRET, DINGTALK_SEND, DINGTALK_SETTINGS
from tests.scheduler.fakes.fake import Fake

RESULT = "/topapi/message/corpconversation/getsendresult"


@pytest.fixture
async def adapter(patient: httpx.AsyncClient, dingtalk: Fake) -> Adapter:
    await dingtalk.order("app", key=APP_KEY, secret=APP_SECRET, agent_id=AGENT_ID, users=["zhang", "li", "wang"])
    hosts = {"dingtalk": dingtalk.base}
    return adapter_of(DINGTALK, patient, hosts, account=APP_KEY, secret=APP_SECRET, config=DINGTALK_SETTINGS)


async def test_one_call_reaches_all_with_the_words_and_the_link(adapter: Adapter, dingtalk: Fake) -> None:
    outcomes = await several(adapter, ["zhang", "li"], MEETING)
    assert [outcome.status for outcome in outcomes] == [Status.SENT, Status.SENT]
    sent = await dingtalk.sent()
    assert [message["user"] for message in sent] == ["zhang", "li"]
    assert sent[0]["content"] == f"组织生活通知\n{MEETING.body}"
    assert sent[0]["content"].count("https://meeting.example/j/1") == 1
    assert await dingtalk.count(DINGTALK_SEND) == 1


async def test_each_whom_the_result_names_has_an_outcome_of_their_own(adapter: Adapter, dingtalk: Fake) -> None:
    await dingtalk.order("app", unreachable=["li"])
    outcomes = await several(adapter, ["zhang", "nobody", "li", "a,b"])
    assert [(outcome.status, outcome.code) for outcome in outcomes] == [
        (Status.SENT, ""),
        (Status.UNREACHABLE, "invalid_user_id"),
        (Status.UNREACHABLE, "failed_user_id"),
        (Status.UNREACHABLE, "bad_address"),
    ]


async def test_different_messages_are_different_calls(adapter: Adapter, dingtalk: Fake) -> None:
    outcomes = await adapter.send([envelope("zhang", 1), envelope("li", 2, MEETING), envelope("wang", 3)])
    assert [outcome.status for outcome in outcomes] == [Status.SENT] * 3
    assert await dingtalk.count(DINGTALK_SEND) == 2


async def test_a_result_that_takes_a_while_is_asked_for_again(adapter: Adapter, dingtalk: Fake) -> None:
    await dingtalk.order("app", delay=0.5)
    outcomes = await several(adapter, ["zhang", "nobody"])
    assert [outcome.status for outcome in outcomes] == [Status.SENT, Status.UNREACHABLE]
    assert await dingtalk.count(RESULT) >= 2


@pytest.mark.parametrize("mode", ["hang", "http_500"])
async def test_what_was_taken_counts_as_sent_where_the_result_stays_unknown(
    adapter: Adapter, dingtalk: Fake, mode: str
) -> None:
    await dingtalk.fail(RESULT, mode, times=9)
    assert (await one(adapter, "zhang")).status is Status.SENT
    assert await dingtalk.count(DINGTALK_SEND) == 1
    assert await dingtalk.count(RESULT) == len(POLLS)


async def test_the_same_words_on_the_same_day_are_refused_and_show_that_a_lost_call_arrived(
    adapter: Adapter, dingtalk: Fake
) -> None:
    await dingtalk.fail(DINGTALK_SEND, "accept_then_reset")
    assert (await one(adapter, "zhang")).status is Status.UNKNOWN
    assert (await one(adapter, "zhang", again=True)).status is Status.SENT
    assert len(await dingtalk.sent()) == 1
    outcome = await one(adapter, "zhang")
    assert (outcome.status, outcome.code) == (Status.FAILED, "143106")


async def test_a_member_with_five_hundred_notices_is_left_to_the_next_channel(adapter: Adapter, dingtalk: Fake) -> None:
    await one(adapter, "zhang")
    (sent,) = await dingtalk.sent()
    await dingtalk.order("app", sent=[{**sent, "content": str(number)} for number in range(500)])
    outcome = await one(adapter, "zhang")
    assert (outcome.status, outcome.code) == (Status.UNREACHABLE, "143105")


async def test_the_code_below_88_is_what_counts(adapter: Adapter, dingtalk: Fake) -> None:
    await dingtalk.fail(DINGTALK_SEND, "errcode", errcode=60011)
    outcome = await one(adapter, "zhang")
    assert (outcome.status, outcome.code, outcome.detail) == (Status.CHANNEL_DOWN, "60011", "没有调用该接口的权限")


@pytest.mark.parametrize("link", ["", "https://study.example.cn/" + "a" * 300, "https://a.example/" + "b" * 3000])
@pytest.mark.parametrize("body", ["习\n" * 3000, '"\\' * 3000, "", "短"])
def test_a_notice_fits_with_its_link_uncut(body: str, link: str) -> None:
    text = dingtalk_text("学" * 100, body, link)
    whole = json.dumps({"msgtype": "text", "text": {"content": text}}, ensure_ascii=False)
    assert len(whole.encode()) <= MESSAGE_BYTES
    assert text.endswith(link) == (len(link) < 500)


async def test_a_message_that_says_nothing_is_still_taken(adapter: Adapter) -> None:
    assert (await one(adapter, "zhang", Message("weekly_issue", "", "", "", "", ISSUE.values))).status is Status.SENT
