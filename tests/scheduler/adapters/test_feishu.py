"""Feishu against its fake: one call to many, of whom some may be invalid."""

import httpx
import pytest

from app.platforms.feishu import feishu_post
from scheduler.adapters.base import Adapter, Status
from scheduler.adapters.feishu import FEISHU
from tests.scheduler.adapters.bench import MEETING, adapter_of, envelope, one, several
from tests.scheduler.adapters.more_platforms import APP_ID, APP_SECRET, FEISHU_SEND, FEISHU_TOKEN
from tests.scheduler.fakes.fake import Fake

PEOPLE = ["ou_zhang", "on_li", "wang01"]


@pytest.fixture
async def adapter(patient: httpx.AsyncClient, feishu: Fake) -> Adapter:
    await feishu.order("app", app_id=APP_ID, secret=APP_SECRET, people=PEOPLE)
    return adapter_of(FEISHU, patient, {"feishu": feishu.base}, account=APP_ID, secret=APP_SECRET)


async def test_ids_of_each_kind_go_in_one_call_with_the_words_and_the_link(adapter: Adapter, feishu: Fake) -> None:
    outcomes = await several(adapter, PEOPLE, MEETING)
    assert [outcome.status for outcome in outcomes] == [Status.SENT] * 3
    sent = await feishu.sent()
    assert sorted(message["person"] for message in sent) == sorted(PEOPLE)
    shown = sent[0]["post"]["zh_cn"]
    assert shown["title"] == "组织生活通知"
    assert shown["content"][0] == [{"tag": "text", "text": MEETING.body}]
    assert shown["content"][1][0]["href"] == "https://meeting.example/j/1"
    assert await feishu.count(FEISHU_SEND) == 1


async def test_each_whom_the_answer_names_as_invalid_has_an_outcome_of_their_own(
    adapter: Adapter, feishu: Fake
) -> None:
    outcomes = await several(adapter, ["ou_zhang", "ou_nobody", "nobody02", "no id", "on_li"])
    assert [(outcome.status, outcome.code) for outcome in outcomes] == [
        (Status.SENT, ""),
        (Status.UNREACHABLE, "invalid_id"),
        (Status.UNREACHABLE, "invalid_id"),
        (Status.UNREACHABLE, "bad_address"),
        (Status.SENT, ""),
    ]
    assert [message["person"] for message in await feishu.sent()] == ["ou_zhang", "on_li"]


async def test_different_messages_are_different_calls(adapter: Adapter, feishu: Fake) -> None:
    outcomes = await adapter.send([envelope("ou_zhang", 1), envelope("on_li", 2, MEETING), envelope("wang01", 3)])
    assert [outcome.status for outcome in outcomes] == [Status.SENT] * 3
    assert await feishu.count(FEISHU_SEND) == 2


@pytest.mark.parametrize(("mode", "errcode", "seconds"), [("errcode", 99991400, 3), ("http_429", 0, 0)])
async def test_both_forms_of_throttling_are_tried_again_when_feishu_says(
    adapter: Adapter, feishu: Fake, mode: str, errcode: int, seconds: int
) -> None:
    await feishu.fail(FEISHU_SEND, mode, errcode=errcode)
    outcome = await one(adapter, "ou_zhang")
    assert (outcome.status, outcome.retry_after) == (Status.RETRY, seconds)
    assert (await one(adapter, "ou_zhang")).status is Status.SENT


async def test_throttling_at_the_token_is_no_wrong_secret(adapter: Adapter, feishu: Fake) -> None:
    await feishu.fail(FEISHU_TOKEN, "errcode", errcode=99991400)
    assert (await one(adapter, "ou_zhang")).status is Status.RETRY


@pytest.mark.parametrize(
    ("account", "secret", "code"), [("cli_other", APP_SECRET, "10003"), (APP_ID, "wrong", "10014")]
)
async def test_an_application_that_feishu_does_not_know_stops_the_channel(
    patient: httpx.AsyncClient, adapter: Adapter, feishu: Fake, account: str, secret: str, code: str
) -> None:
    other = adapter_of(FEISHU, patient, {"feishu": feishu.base}, account=account, secret=secret)
    outcome = await one(other, "ou_zhang")
    assert (outcome.status, outcome.code) == (Status.CHANNEL_DOWN, code)
    assert await feishu.count(FEISHU_SEND) == 0


async def test_a_channel_without_a_secret_asks_nothing(patient: httpx.AsyncClient, feishu: Fake) -> None:
    other = adapter_of(FEISHU, patient, {"feishu": feishu.base}, account=APP_ID)
    assert (await one(other, "ou_zhang")).code == "bad_settings"
    assert await feishu.count(FEISHU_TOKEN) == 0


async def test_the_days_number_is_a_quota(adapter: Adapter, feishu: Fake) -> None:
    await feishu.order("app", daily=2)
    outcomes = await several(adapter, PEOPLE)
    assert {(outcome.status, outcome.code) for outcome in outcomes} == {(Status.QUOTA, "11247")}
    assert await feishu.sent() == []


async def test_a_token_in_its_last_minutes_is_renewed_while_it_still_works(adapter: Adapter, feishu: Fake) -> None:
    await one(adapter, "ou_zhang")
    await feishu.order("clock", offset_seconds=7300)
    # By the clock of the platform it has ended: refused, renewed, and sent once.
    assert (await one(adapter, "ou_zhang")).status is Status.SENT
    assert await feishu.count(FEISHU_TOKEN) == 2
    assert len(await feishu.sent()) == 2


def test_only_an_address_of_the_web_can_be_tapped() -> None:
    for link in ("", "javascript:alert(1)", "https://a.example/" + "a" * 3000):
        assert len(feishu_post("题", "文", link)["zh_cn"]["content"]) == 1
