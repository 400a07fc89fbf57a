"""WeCom's adapter: one call for many, nobody reached by accident, and texts that fit in bytes."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.platforms.wecom_content import wecom_content
from scheduler.adapters.base import Envelope, Message, Status
from scheduler.adapters.conformance import Desk, Fault
from scheduler.adapters.conformance.desk import MESSAGE, open_desk
from scheduler.adapters.wecom import WECOM
from scheduler.fakes.running import running
from tests.scheduler.adapters.platforms import GETTOKEN, WECOM_PLATFORM, WECOM_SEND, wecom_set_up

TEXT = replace(MESSAGE, link="")


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    with running("scheduler.fakes.wecom") as address:
        yield address


@pytest.fixture
async def desk(base: str) -> AsyncIterator[Desk]:
    async with open_desk(WECOM_PLATFORM, base) as opened:
        await wecom_set_up(opened, 3)
        yield opened


async def statuses(desk: Desk, addresses: list[str], message: Message = MESSAGE) -> list[Status]:
    return [outcome.status for outcome in await desk.send(desk.adapter(), addresses, message)]


async def test_who_is_unknown_or_has_no_licence_is_unreachable_and_the_others_are_sent_to_in_one_call(
    desk: Desk,
) -> None:
    found = await statuses(desk, ["ZhangSan0000", "LISI", "nobody", "zhangsan0002"])
    assert found == [Status.SENT, Status.UNREACHABLE, Status.UNREACHABLE, Status.SENT]
    assert await desk.count(WECOM_SEND) == 1
    assert [message["user"] for message in await desk.look("sent")] == ["zhangsan0000", "zhangsan0002"]


@pytest.mark.parametrize("address", ["@all", "ZhangSan0001|ZhangSan0002", "", " ", "|", "-x", "张三", "a" * 65])
async def test_an_address_that_is_no_single_member_reaches_nobody(desk: Desk, address: str) -> None:
    assert await statuses(desk, [address, "ZhangSan0000"]) == [Status.UNREACHABLE, Status.SENT]
    assert [message["user"] for message in await desk.look("sent")] == ["zhangsan0000"]


async def test_nothing_is_asked_where_no_address_is_one(desk: Desk) -> None:
    assert await statuses(desk, ["@all"]) == [Status.UNREACHABLE]
    assert await desk.count(GETTOKEN) == 0


async def test_two_members_who_share_an_id_get_one_message(desk: Desk) -> None:
    assert await statuses(desk, ["ZhangSan0000", "zhangsan0000"]) == [Status.SENT, Status.SENT]
    assert len(await desk.look("sent")) == 1


async def test_different_messages_in_one_call_go_each_to_whom_it_is_for(desk: Desk) -> None:
    envelopes = [
        Envelope("1:1", 1, "ZhangSan0000", replace(TEXT, title="甲")),
        Envelope("1:2", 2, "ZhangSan0001", replace(TEXT, title="乙")),
        Envelope("1:3", 3, "ZhangSan0002", replace(TEXT, title="甲")),
    ]
    outcomes = await desk.adapter().send(envelopes)
    assert [outcome.status for outcome in outcomes] == [Status.SENT] * 3
    shown = {message["user"]: message["content"].splitlines()[0] for message in await desk.look("sent")}
    assert shown == {"zhangsan0000": "甲", "zhangsan0001": "乙", "zhangsan0002": "甲"}
    assert await desk.count(WECOM_SEND) == 2


async def test_a_message_whose_answer_was_lost_is_shown_once_when_it_is_sent_again(desk: Desk) -> None:
    await desk.fail(Fault("accept_then_reset"))
    assert await statuses(desk, ["ZhangSan0000"]) == [Status.UNKNOWN]
    assert await statuses(desk, ["ZhangSan0000"]) == [Status.SENT]
    assert len(await desk.look("sent")) == 1
    assert [message["why"] for message in await desk.look("dropped")] == ["duplicate"]


async def test_a_link_makes_a_card_and_no_link_a_text(desk: Desk) -> None:
    await statuses(desk, ["ZhangSan0000"])
    await statuses(desk, ["ZhangSan0000"], TEXT)
    card, text = await desk.look("sent")
    assert (card["msgtype"], card["url"]) == ("textcard", MESSAGE.link)
    assert card["description"].split("<br>") == MESSAGE.body.splitlines()
    assert (text["msgtype"], text["content"]) == ("text", f"{MESSAGE.title}\n{MESSAGE.body}")


def test_what_people_write_is_no_markup() -> None:
    card = wecom_content("<b>题</b>", '<a href="http://evil">点我</a>', MESSAGE.link)
    assert "<" not in str(card)
    assert card["textcard"]["title"] == "＜b＞题＜/b＞"  # type: ignore[index]


def test_a_link_that_is_too_long_or_no_web_address_is_left_out() -> None:
    for link in ("https://x.cn/" + "a" * 2048, "javascript:alert(1)", ""):
        assert wecom_content("题", "文", link)["msgtype"] == "text"


@given(st.text(max_size=800), st.text(max_size=1500), st.sampled_from(["", "https://study.example.cn/"]))
def test_any_text_is_within_the_limits_in_bytes_and_never_empty(title: str, body: str, link: str) -> None:
    content = wecom_content(title, body, link)
    limits = {"title": 128, "description": 512, "url": 2048, "content": 2048}
    part = content[str(content["msgtype"])]
    assert isinstance(part, dict)
    for name, value in part.items():
        assert 0 < len(value.encode()) <= limits[name]
        assert "<" not in value.replace("<br>", "")


async def test_a_thousand_members_are_one_call(base: str) -> None:
    async with open_desk(WECOM_PLATFORM, base) as desk:
        await wecom_set_up(desk, 1000)
        members = [f"ZhangSan{number:04}" for number in range(WECOM.per_call)]
        assert set(await statuses(desk, members)) == {Status.SENT}
        assert await desk.count(WECOM_SEND) == 1
        assert len(await desk.look("sent")) == 1000
