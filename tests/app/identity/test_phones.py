"""A phone number that WeChat confirms ties its owner to the roster; what is not clear waits for the leader."""

import asyncio

import httpx
import pytest
from sqlalchemy import select

from app.access.models import AuditEntry
from app.db.engine import transaction
from app.directory.models import Binding, BindingRequest, Organisation
from app.platforms.models import Channel
from app.resources import Service
from tests.app.identity.conftest import register
from tests.app.identity.people import (
    NUMBER,
    bind,
    bind_by_phone,
    code_for,
    count,
    give_number,
    holder,
    open_phone,
)
from tests.conftest import MovableClock
from tests.scheduler.fakes.process import NUMBER as ENDPOINT
from tests.scheduler.fakes.process import FakeWechat
from tests.world import Person, World

OTHER = "13987654321"


@pytest.fixture(autouse=True)
async def channel(service: Service, world: World) -> None:
    """The committee has the mini-program."""
    await register(service)


async def decide(client: httpx.AsyncClient, leader: Person, request: int, approve: bool) -> httpx.Response:
    path = f"/binding-requests/{request}/decision"
    return await client.put(path, json={"approve": approve}, headers=leader.auth)


async def open_requests(client: httpx.AsyncClient, leader: Person, query: str = "") -> list[dict[str, object]]:
    answer = await client.get(f"/binding-requests{query}", headers=leader.auth)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def test_made_up_people_take_nobodys_number(
    phone: httpx.AsyncClient, wechat: FakeWechat, service: Service, world: World
) -> None:
    member = await world.member(100, name="王敏")
    practises = await world.member(101, name="演练党员")
    async with transaction(service.sessions) as session:
        (await session.get_one(Organisation, 101)).practice = True
    await give_number(service, member, practises)
    answer = await bind_by_phone(phone, wechat, await open_phone(phone, wechat, "new"))
    assert [item["member_id"] for item in answer.json()["items"]] == [member]
    await give_number(service, practises, number=OTHER)
    refused = await bind_by_phone(phone, wechat, await open_phone(phone, wechat, "other"), OTHER)
    assert (refused.status_code, refused.json()["code"]) == (422, "phone_not_on_roster")


async def test_one_free_member_with_the_number_is_bound(
    phone: httpx.AsyncClient, wechat: FakeWechat, service: Service, world: World
) -> None:
    member = await world.member(100, name="王敏")
    await give_number(service, member)
    await give_number(service, await world.member(100), number=OTHER)
    user = await open_phone(phone, wechat, "new")
    answer = await bind_by_phone(phone, wechat, user)
    assert answer.status_code == 201
    assert [item["member_id"] for item in answer.json()["items"]] == [member]
    assert answer.json()["requests"] == []
    assert (await phone.get("/me", headers=user.auth)).json()["name"] == "王敏"
    async with transaction(service.sessions) as session:
        entry = await session.scalar(select(AuditEntry).where(AuditEntry.action == "member.bound"))
    assert entry is not None
    assert (entry.object_id, entry.organisation_id, entry.detail) == (member, 100, {"by": "phone"})
    again = await bind_by_phone(phone, wechat, user)
    assert (again.status_code, again.json()) == (201, answer.json())
    assert await count(service, Binding) == 1


async def test_a_number_that_is_not_on_the_roster_says_nothing_more(
    phone: httpx.AsyncClient, wechat: FakeWechat, service: Service, world: World, clock: MovableClock
) -> None:
    """Another tree, an archived member and nobody at all are told alike."""
    await give_number(service, await world.member(20), await world.member(100, archived_at=clock.now))
    user = await open_phone(phone, wechat, "new")
    answers = [await bind_by_phone(phone, wechat, user, number) for number in (NUMBER, OTHER)]
    assert {(answer.status_code, answer.text) for answer in answers} == {(422, answers[0].text)}
    assert answers[0].json()["code"] == "phone_not_on_roster"
    assert await count(service, BindingRequest) == 0


async def test_members_are_those_under_the_organisation_that_owns_the_mini_program(
    phone: httpx.AsyncClient, wechat: FakeWechat, service: Service, world: World
) -> None:
    async with transaction(service.sessions) as session:
        (await session.scalars(select(Channel))).one().organisation_id = 10
    await give_number(service, await world.member(110))
    user = await open_phone(phone, wechat, "new")
    assert (await bind_by_phone(phone, wechat, user)).json()["code"] == "phone_not_on_roster"
    below = await world.member(100)
    await give_number(service, below)
    assert (await bind_by_phone(phone, wechat, user)).json()["items"][0]["member_id"] == below


async def test_a_code_is_taken_once_and_a_login_code_is_none(
    phone: httpx.AsyncClient, wechat: FakeWechat, service: Service, world: World
) -> None:
    await give_number(service, await world.member(100))
    user = await open_phone(phone, wechat, "new")
    code = await wechat.share_number("new", NUMBER)
    login, _ = await wechat.login("new")
    body = {"phone_code": code}
    assert (await phone.post("/me/binding", json=body, headers=user.auth)).status_code == 201
    for spent in (code, login, "made-up"):
        answer = await phone.post("/me/binding", json={"phone_code": spent}, headers=user.auth)
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_wechat_code")


async def test_a_number_of_another_country_is_sent_to_the_leader(phone: httpx.AsyncClient, wechat: FakeWechat) -> None:
    user = await open_phone(phone, wechat, "new")
    code = await wechat.share_number("new", "51234567", country_code=852)
    answer = await phone.post("/me/binding", json={"phone_code": code}, headers=user.auth)
    assert (answer.status_code, answer.json()["code"]) == (422, "foreign_number")


async def test_no_transaction_is_open_while_wechat_is_asked(
    phone: httpx.AsyncClient, wechat: FakeWechat, service: Service, world: World
) -> None:
    await give_number(service, await world.member(100))
    user = await open_phone(phone, wechat, "new")
    await wechat.fail(ENDPOINT, "slow", seconds=1.0)
    asked = asyncio.create_task(bind_by_phone(phone, wechat, user))
    while await wechat.count(ENDPOINT) == 0:
        await asyncio.sleep(0.01)
    assert service.sessions.kw["bind"].pool.checkedout() == 0
    assert not asked.done()
    assert (await asked).status_code == 201


async def test_while_wechat_is_away_the_phone_may_try_again(
    phone: httpx.AsyncClient, wechat: FakeWechat, service: Service, world: World
) -> None:
    await give_number(service, await world.member(100))
    user = await open_phone(phone, wechat, "new")
    await wechat.fail(ENDPOINT, "http_502")
    answer = await bind_by_phone(phone, wechat, user)
    assert (answer.status_code, answer.json()["code"]) == (503, "wechat_away")
    assert (await bind_by_phone(phone, wechat, user)).status_code == 201


async def test_wechat_is_asked_at_most_ten_times_in_five_minutes_for_a_phone(
    phone: httpx.AsyncClient, wechat: FakeWechat
) -> None:
    user = await open_phone(phone, wechat, "new")
    for _ in range(10):
        assert (await bind_by_phone(phone, wechat, user)).status_code == 422
    assert (await bind_by_phone(phone, wechat, user)).status_code == 429
    assert await wechat.count(ENDPOINT) == 10


@pytest.mark.parametrize("body", [{}, {"invite_code": "12345678", "phone_code": "code"}])
async def test_it_is_one_of_the_two_codes(client: httpx.AsyncClient, world: World, body: dict[str, str]) -> None:
    user = await world.unbound_wechat()
    answer = await client.post("/me/binding", json=body, headers=user.auth)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "one_code")


async def test_a_member_who_is_bound_elsewhere_waits_for_the_leader_and_then_changes_phones(
    phone: httpx.AsyncClient, wechat: FakeWechat, service: Service, world: World
) -> None:
    leader = await world.staff(("leader", 10))
    member = await world.signed_in_member(100, name="王敏")
    await give_number(service, member.id)
    paper = await code_for(phone, leader, member.id)
    user = await open_phone(phone, wechat, "new")
    answers = [await bind_by_phone(phone, wechat, user) for _ in range(2)]
    assert {answer.status_code for answer in answers} == {202}
    assert answers[0].json() == answers[1].json(), "a repeat does not pile up"
    (asked,) = answers[0].json()["requests"]
    assert (asked["name_masked"], asked["reason"], asked["state"]) == ("王*", "already_bound", "open")
    assert "王敏" not in answers[0].text
    assert (await phone.get("/me", headers=member.auth)).status_code == 200, "nothing has changed yet"

    (seen,) = await open_requests(phone, leader)
    assert (seen["member_id"], seen["name"], seen["organisation"]) == (member.id, "王敏", "一支部")
    assert "openid" not in str(seen)
    approved = await decide(phone, leader, asked["id"], True)
    assert (approved.status_code, approved.json()["state"]) == (200, "approved")
    assert (await phone.get("/me", headers=member.auth)).status_code == 401, "the old phone is out at once"
    assert (await phone.get("/me", headers=user.auth)).json()["member_id"] == member.id
    assert (await bind(phone, await world.unbound_wechat(), paper)).json()["code"] == "wrong_invite_code"
    assert await open_requests(phone, leader) == []
    own = (await phone.get("/me/binding-requests", headers=user.auth)).json()["items"]
    assert [(each["id"], each["state"]) for each in own] == [(asked["id"], "approved")]
    async with transaction(service.sessions) as session:
        entry = await session.scalar(select(AuditEntry).where(AuditEntry.action == "binding.approved"))
    assert entry is not None
    assert (entry.actor, entry.object_id, entry.organisation_id) == (f"account:{leader.id}", member.id, 100)


async def test_a_family_with_one_number_waits_for_the_leader_each_on_their_own(
    phone: httpx.AsyncClient, wechat: FakeWechat, service: Service, world: World
) -> None:
    leader = await world.staff(("leader", 10))
    wife, husband = await world.member(100, name="李秀英"), await world.member(101, name="张建国")
    bound = await world.signed_in_member(100, name="张伟")
    await give_number(service, wife, husband, bound.id)
    user = await open_phone(phone, wechat, "at home")
    answer = await bind_by_phone(phone, wechat, user)
    assert (answer.status_code, answer.json()["items"]) == (202, [])
    asked = {each["name_masked"]: each["id"] for each in answer.json()["requests"]}
    assert set(asked) == {"李*", "张*"}, "who has a WeChat of their own is left alone"
    assert {each["reason"] for each in answer.json()["requests"]} == {"shared_phone"}
    assert (await decide(phone, leader, asked["李*"], True)).status_code == 200
    assert (await decide(phone, leader, asked["张*"], False)).status_code == 200
    session = (await phone.get("/sessions/current", headers=user.auth)).json()
    assert session["member_id"] == wife
    assert [each["member_id"] for each in session["members"]] == [wife]
    assert await holder(service, husband) is None
    # Where everybody is taken, there is nothing to ask for but what is one's own already.
    again = await bind_by_phone(phone, wechat, user)
    assert (again.status_code, len(again.json()["requests"])) == (202, 1)
    await decide(phone, leader, again.json()["requests"][0]["id"], True)
    last = await bind_by_phone(phone, wechat, user)
    assert (last.status_code, last.json()["requests"]) == (201, [])
    assert [each["member_id"] for each in last.json()["items"]] == [wife, husband]


async def test_a_family_whose_old_phone_is_gone_asks_for_each_of_them(
    phone: httpx.AsyncClient, wechat: FakeWechat, service: Service, world: World
) -> None:
    one, other = await world.signed_in_member(100), await world.signed_in_member(100)
    await give_number(service, one.id, other.id)
    user = await open_phone(phone, wechat, "new")
    answer = await bind_by_phone(phone, wechat, user)
    assert answer.status_code == 202
    assert [each["reason"] for each in answer.json()["requests"]] == ["already_bound"] * 2


async def test_a_decision_is_taken_once(
    phone: httpx.AsyncClient, wechat: FakeWechat, service: Service, world: World
) -> None:
    leader, member = await world.staff(("leader", 10)), await world.signed_in_member(100)
    await give_number(service, member.id)
    user = await open_phone(phone, wechat, "new")
    (asked,) = (await bind_by_phone(phone, wechat, user)).json()["requests"]
    refusals = [await decide(phone, leader, asked["id"], False) for _ in range(2)]
    assert [answer.status_code for answer in refusals] == [200, 200]
    assert refusals[0].json() == refusals[1].json()
    other = await decide(phone, leader, asked["id"], True)
    assert (other.status_code, other.json()["code"]) == (409, "already_decided")
    assert (await phone.get("/me", headers=member.auth)).status_code == 200
    assert (await phone.get("/me", headers=user.auth)).json()["code"] == "not_bound"
    async with transaction(service.sessions) as session:
        entries = await session.scalars(select(AuditEntry).where(AuditEntry.action == "binding.refused"))
        assert len(entries.all()) == 1


async def test_two_leaders_who_decide_at_once_come_to_one_decision(
    phone: httpx.AsyncClient, wechat: FakeWechat, service: Service, world: World
) -> None:
    leaders, member = [await world.staff(("leader", 10)) for _ in range(4)], await world.signed_in_member(100)
    await give_number(service, member.id)
    (asked,) = (await bind_by_phone(phone, wechat, await open_phone(phone, wechat, "new"))).json()["requests"]
    wishes = [True, False, True, False]
    answers = await asyncio.gather(
        *(decide(phone, leader, asked["id"], wish) for leader, wish in zip(leaders, wishes, strict=True))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 200, 409, 409]
    async with transaction(service.sessions) as session:
        living = await session.scalars(select(Binding).where(Binding.ended_at.is_(None)))
        assert len(living.all()) == 1


@pytest.mark.parametrize("leads", [11, 2])
async def test_requests_out_of_reach_are_not_there(
    phone: httpx.AsyncClient, wechat: FakeWechat, service: Service, world: World, leads: int
) -> None:
    stranger, member = await world.staff(("leader", leads)), await world.signed_in_member(100)
    await give_number(service, member.id)
    (asked,) = (await bind_by_phone(phone, wechat, await open_phone(phone, wechat, "new"))).json()["requests"]
    assert await open_requests(phone, stranger) == []
    assert (await decide(phone, stranger, asked["id"], True)).status_code == 404
    query = {"organisation_id": 100}
    assert (await phone.get("/binding-requests", params=query, headers=stranger.auth)).status_code == 404
    leader = await world.staff(("leader", 10))
    assert len(await open_requests(phone, leader, "?organisation_id=100")) == 1
    assert await open_requests(phone, leader, "?organisation_id=101") == []
    assert await open_requests(phone, leader, "?state=refused") == []


@pytest.mark.parametrize("how", ["reset", "archive"])
async def test_a_member_who_is_reset_or_archived_is_not_asked_for_any_more(
    phone: httpx.AsyncClient, wechat: FakeWechat, service: Service, world: World, how: str
) -> None:
    leader, member = await world.staff(("leader", 10)), await world.signed_in_member(100)
    await give_number(service, member.id)
    user = await open_phone(phone, wechat, "new")
    (asked,) = (await bind_by_phone(phone, wechat, user)).json()["requests"]
    if how == "reset":
        await phone.delete(f"/members/{member.id}/binding", headers=leader.auth)
    else:
        await phone.post(f"/members/{member.id}/archive", json={"reason": "transferred"}, headers=leader.auth)
    own = (await phone.get("/me/binding-requests", headers=user.auth)).json()["items"]
    assert [each["state"] for each in own] == ["refused"]
    late = await decide(phone, leader, asked["id"], True)
    assert late.status_code == (409 if how == "reset" else 404)
    assert (await bind_by_phone(phone, wechat, user)).status_code == (201 if how == "reset" else 422)


async def test_a_slip_settles_what_was_asked_for(
    phone: httpx.AsyncClient, wechat: FakeWechat, service: Service, world: World
) -> None:
    leader, member = await world.staff(("leader", 10)), await world.member(100)
    await give_number(service, member, await world.member(100))
    user, rival = await open_phone(phone, wechat, "new"), await open_phone(phone, wechat, "rival")
    for each in (user, rival):
        assert (await bind_by_phone(phone, wechat, each)).status_code == 202
    assert (await bind(phone, user, await code_for(phone, leader, member))).status_code == 201
    async with transaction(service.sessions) as session:
        rows = await session.scalars(
            select(BindingRequest).where(BindingRequest.member_id == member).order_by(BindingRequest.id)
        )
        assert [row.state for row in rows] == ["approved", "refused"]


async def test_a_request_by_a_number_that_was_wrong_on_the_roster_ends_with_its_correction(
    client: httpx.AsyncClient, phone: httpx.AsyncClient, wechat: FakeWechat, service: Service, world: World
) -> None:
    leader = await world.staff(("leader", 100))
    members = [await world.member(100, name=name) for name in ("王敏", "李强")]
    await give_number(service, *members)
    asked = await bind_by_phone(phone, wechat, await open_phone(phone, wechat, "new"))
    assert len(asked.json()["requests"]) == 2
    body = {"phone": OTHER, "allow_duplicate": True}
    changed = await client.patch(f"/members/{members[0]}", json=body, headers=leader.auth)
    assert changed.status_code == 200, changed.text
    assert [each["member_id"] for each in await open_requests(client, leader)] == [members[1]]
