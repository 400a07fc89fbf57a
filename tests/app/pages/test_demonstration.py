"""What only the demonstration has: its messages page and its two phones."""

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from app.db.engine import transaction
from app.directory.models import Binding, Member, WechatUser
from app.platforms.console import put
from app.platforms.models import Channel
from app.resources import Service
from tests.app.pages.conftest import add_mini_program
from tests.conftest import MovableClock, application, make_settings
from tests.scheduler.fakes.process import APPID, SECRET, SEND, TEMPLATE, TOKEN, FakeWechat
from tests.world import World

MESSAGES = "/demonstration/messages.json"
WECHAT_MESSAGES = "/demonstration/wechat-messages.json"


async def deliver(service: Service, key: str, member_id: int, kind: str = "meeting_notice", **more: str) -> None:
    fields = {"title": "组织生活通知", "body": "第一行\n第二行", "link": "https://meeting.example.cn/j/1", **more}
    async with transaction(service.sessions) as session:
        await put(session, key=key, member_id=member_id, kind=kind, now=service.clock(), **fields)


async def test_messages_show_what_was_delivered_to_whom_newest_first(
    stage: httpx.AsyncClient, staged: Service, world: World
) -> None:
    one, other = await world.member(100, name="张一"), await world.member(110, name="李二")
    await deliver(staged, "a", one)
    await deliver(staged, "b", other, "weekly_issue", title="每周学习参考", link="")
    await deliver(staged, "a", one)
    answer = (await stage.get(MESSAGES)).json()
    assert answer["next"] is None
    assert [(item["member"], item["organisation"], item["kind"], item["times"]) for item in answer["items"]] == [
        ("李二", "三支部", "weekly_issue", 1),
        ("张一", "一支部", "meeting_notice", 2),
    ]
    first = answer["items"][1]
    assert first["member_id"] == one
    assert (first["title"], first["body"]) == ("组织生活通知", "第一行\n第二行")
    assert first["link"] == "https://meeting.example.cn/j/1"
    assert first["at"] == "2026-11-16T02:00:00Z"


async def test_messages_go_on_page_by_page(stage: httpx.AsyncClient, staged: Service, world: World) -> None:
    member = await world.member(100)
    for number in range(5):
        await deliver(staged, f"k{number}", member, title=f"第{number}条")
    seen, cursor = [], ""
    while cursor is not None:
        answer = (await stage.get(MESSAGES, params={"limit": 2, **({"cursor": cursor} if cursor else {})})).json()
        seen += [item["title"] for item in answer["items"]]
        cursor = answer["next"]
    assert seen == [f"第{number}条" for number in (4, 3, 2, 1, 0)]


async def test_messages_are_filtered_by_name_and_kind(stage: httpx.AsyncClient, staged: Service, world: World) -> None:
    one, other = await world.member(100, name="张一"), await world.member(100, name="李一_")
    await deliver(staged, "a", one)
    await deliver(staged, "b", one, "weekly_issue")
    await deliver(staged, "c", other)

    async def found(**params: str) -> list[tuple[str, str]]:
        answer = await stage.get(MESSAGES, params=params)
        return [(item["member"], item["kind"]) for item in answer.json()["items"]]

    assert await found(member="张") == [("张一", "weekly_issue"), ("张一", "meeting_notice")]
    assert await found(member="张", kind="weekly_issue") == [("张一", "weekly_issue")]
    assert await found(kind="meeting_notice") == [("李一_", "meeting_notice"), ("张一", "meeting_notice")]
    assert await found(member="_") == [("李一_", "meeting_notice")]
    assert await found(member="王") == []


async def test_a_message_outlives_its_member(stage: httpx.AsyncClient, staged: Service) -> None:
    await deliver(staged, "a", 999_999)
    (item,) = (await stage.get(MESSAGES)).json()["items"]
    assert (item["member"], item["organisation"]) == (None, None)


async def test_a_filter_that_cannot_be_meant_is_refused(stage: httpx.AsyncClient) -> None:
    for params in ({"member": "x\0"}, {"member": "长" * 31}, {"kind": "A;B"}, {"limit": "201"}):
        assert (await stage.get(MESSAGES, params=params)).status_code == 422, params


async def test_a_phone_gets_a_code_that_signs_in(stage: httpx.AsyncClient) -> None:
    answer = await stage.post("/demonstration/phones/demo-member/login")
    assert answer.status_code == 200
    assert answer.json()["app"] == APPID
    session = await stage.post("/api/v1/sessions/wechat", json=answer.json())
    assert session.status_code == 201
    assert session.json()["members"] == []


async def test_a_new_phone_binds_by_its_number_and_is_asked_for_consent(
    stage: httpx.AsyncClient, staged: Service, world: World
) -> None:
    taken = await world.signed_in_member(100, phone_cipher=b"", phone_index=b"")
    member_id = await world.member(100, name="王敏")
    number, vault = "13900001234", staged.vault
    async with transaction(staged.sessions) as session:
        member = await session.get_one(Member, member_id)
        member.phone_cipher = vault.encrypt(number, f"members:{member_id}:phone")
        member.phone_index, member.consent_version = vault.digest("phone", number), None
    assert taken.id < member_id, "the first on the roster has a phone already"
    code = (await stage.post("/demonstration/phones/demo-new/number")).json()["code"]
    login = (await stage.post("/demonstration/phones/demo-new/login")).json()
    token = (await stage.post("/api/v1/sessions/wechat", json=login)).json()["token"]
    auth = {"Authorization": f"Bearer {token}"}
    bound = await stage.post("/api/v1/me/binding", json={"phone_code": code}, headers=auth)
    assert bound.status_code == 201, bound.text
    assert [item["name"] for item in bound.json()["items"]] == ["王敏"]
    assert (await stage.get("/api/v1/me", headers=auth)).json()["code"] == "consent_needed"
    assert (await stage.get("/api/v1/privacy-notice", headers=auth)).status_code == 200


async def test_a_number_that_another_phone_has_is_for_the_leader_to_decide(
    stage: httpx.AsyncClient, staged: Service, world: World
) -> None:
    free, taken = await world.member(100, name="王敏"), await world.member(100, name="李强")
    vault = staged.vault
    async with transaction(staged.sessions) as session:
        for member_id, number in ((free, "13900001234"), (taken, "13900005678")):
            member = await session.get_one(Member, member_id)
            member.phone_cipher = vault.encrypt(number, f"members:{member_id}:phone")
            member.phone_index = vault.digest("phone", number)
    await bind(world, taken, "o-of-another-phone")
    code = (await stage.post("/demonstration/phones/demo-new-1/number", params={"bound": True})).json()["code"]
    login = (await stage.post("/demonstration/phones/demo-new-1/login")).json()
    token = (await stage.post("/api/v1/sessions/wechat", json=login)).json()["token"]
    auth = {"Authorization": f"Bearer {token}"}
    answer = await stage.post("/api/v1/me/binding", json={"phone_code": code}, headers=auth)
    assert answer.status_code == 202, answer.text
    assert [(each["name_masked"], each["reason"]) for each in answer.json()["requests"]] == [("李*", "already_bound")]


async def test_where_everybody_has_a_phone_the_number_is_nobodys(stage: httpx.AsyncClient) -> None:
    code = (await stage.post("/demonstration/phones/demo-new/number")).json()["code"]
    login = (await stage.post("/demonstration/phones/demo-new/login")).json()
    token = (await stage.post("/api/v1/sessions/wechat", json=login)).json()["token"]
    refused = await stage.post(
        "/api/v1/me/binding", json={"phone_code": code}, headers={"Authorization": f"Bearer {token}"}
    )
    assert refused.json()["code"] == "phone_not_on_roster"


async def test_a_phone_has_a_simple_name(stage: httpx.AsyncClient) -> None:
    for phone in ("A", "a_b", "x" * 33, "张"):
        assert (await stage.post(f"/demonstration/phones/{phone}/login")).status_code == 422, phone


async def test_the_first_enabled_mini_program_is_the_one_of_the_phones(
    stage: httpx.AsyncClient, staged: Service
) -> None:
    await add_mini_program(staged, organisation_id=10, account="wx-later")
    assert (await stage.post("/demonstration/phones/demo-member/login")).json()["app"] == APPID


async def test_without_a_mini_program_in_use_the_phone_says_what_to_do(
    stage: httpx.AsyncClient, staged: Service
) -> None:
    async with transaction(staged.sessions) as session:
        channel = await session.get_one(Channel, 1)
        channel.enabled = False
    answer = await stage.post("/demonstration/phones/demo-member/login")
    assert answer.status_code == 503
    assert answer.json()["code"] == "no_mini_program"
    assert "渠道" in answer.json()["detail"]


@pytest.fixture(params=["not configured", "not running"])
async def alone(
    request: pytest.FixtureRequest, service: Service, world: World, database: str
) -> AsyncIterator[httpx.AsyncClient]:
    """A demonstration whose fake is away."""
    fake = None if request.param == "not configured" else "http://127.0.0.1:1"
    settings = make_settings(database, mode="demonstration", fake_platform=fake)
    await add_mini_program(service)
    transport = httpx.ASGITransport(application(replace(service, settings=settings)))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as session:
        yield session


async def test_a_fake_that_is_away_is_said_so(alone: httpx.AsyncClient) -> None:
    for answer in (
        await alone.post("/demonstration/phones/demo-member/login"),
        await alone.post("/demonstration/phones/demo-member/number"),
        await alone.post("/demonstration/phones/demo-member/acceptances"),
        await alone.get(WECHAT_MESSAGES),
    ):
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == "fake_platform_away"


async def test_a_fake_that_does_not_know_the_mini_program_is_said_so(
    stage: httpx.AsyncClient, wechat: FakeWechat
) -> None:
    await wechat.order("reset")
    answer = await stage.post("/demonstration/phones/demo-member/login")
    assert (answer.status_code, answer.json()["code"]) == (503, "fake_platform_away")


async def send(wechat: FakeWechat, openid: str, title: str) -> None:
    """A subscription message as our sender would send it."""
    credential = {"grant_type": "client_credential", "appid": APPID, "secret": SECRET}
    token = (await wechat.http.post(wechat.base + TOKEN, json=credential)).json()["access_token"]
    data = {"thing1": {"value": title}, "date2": {"value": "2026年11月16日"}, "thing3": {"value": "一支部"}}
    body = {"touser": openid, "template_id": TEMPLATE, "page": "pages/issue/index?id=1", "data": data}
    answer = await wechat.http.post(wechat.base + SEND, params={"access_token": token}, json=body)
    assert answer.json()["errcode"] == 0, answer.text


async def test_what_wechat_took_is_shown_newest_first_with_the_member_it_reached(
    stage: httpx.AsyncClient, world: World, wechat: FakeWechat
) -> None:
    member_id = await world.member(100, name="张一")
    accepted = await stage.post("/demonstration/phones/demo-member/acceptances")
    assert accepted.json() == {"templates": [TEMPLATE]}
    stranger = await wechat.accept("stranger")
    _, openid = await wechat.login("demo-member")
    await send(wechat, openid, "第一条")
    await send(wechat, stranger, "第二条")
    before = (await stage.get(WECHAT_MESSAGES)).json()["items"]
    assert [(item["phone"], item["member"]) for item in before] == [("stranger", None), ("demo-member", None)]
    await bind(world, member_id, openid)
    first = (await stage.get(WECHAT_MESSAGES)).json()["items"][1]
    assert (first["member"], first["organisation"]) == ("张一", "一支部")
    assert first["fields"][0] == {"value": "title", "text": "第一条"}
    assert first["page"] == "pages/issue/index?id=1"
    assert first["at"].endswith("Z")


async def bind(world: World, member_id: int, openid: str) -> None:
    async with transaction(world.service.sessions) as session:
        user = WechatUser(appid=APPID, openid=openid, created_at=world.service.clock())
        session.add(user)
        await session.flush()
        session.add(Binding(wechat_user_id=user.id, member_id=member_id, created_at=world.service.clock()))


async def test_a_mini_program_without_templates_has_nothing_to_accept(
    service: Service, staged: Service, world: World, clock: MovableClock
) -> None:
    await add_mini_program(staged, config={})
    transport = httpx.ASGITransport(application(staged))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.post("/demonstration/phones/demo-member/acceptances")
    assert (answer.status_code, answer.json()) == (200, {"templates": []})
