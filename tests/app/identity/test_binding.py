"""Slips tie a WeChat user to the roster: once, for the right member, until a leader resets it."""

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import select, text

from app.access.models import AuditEntry
from app.db.engine import transaction
from app.directory.models import Binding, BindingSlip, Member
from app.identity.slips import void_slips
from tests.conftest import MovableClock
from tests.world import Person, World


async def issue(
    client: httpx.AsyncClient, leader: Person, organisation: int = 100, *members: int
) -> list[dict[str, Any]]:
    body = {"member_ids": list(members)} if members else {}
    answer = await client.post(f"/organisations/{organisation}/binding-slips", json=body, headers=leader.auth)
    assert answer.status_code == 201, answer.text
    return list(answer.json()["items"])


async def code_for(client: httpx.AsyncClient, leader: Person, member: int) -> str:
    (slip,) = await issue(client, leader, 100, member)
    return str(slip["invite_code"])


async def bind(client: httpx.AsyncClient, user: Person, code: str) -> httpx.Response:
    return await client.post("/me/binding", json={"invite_code": code}, headers=user.auth)


async def test_slips_are_for_all_of_the_subtree_who_are_not_bound(client: httpx.AsyncClient, world: World) -> None:
    leader = await world.staff(("leader", 10))
    here, below = await world.member(10), await world.member(100, name="王敏")
    await world.signed_in_member(100)
    await world.member(100, archived_at=world.service.clock())
    await world.member(11)
    slips = await issue(client, leader, 10)
    assert [slip["member_id"] for slip in slips] == [here, below]
    assert (slips[1]["name"], slips[1]["expires_at"]) == ("王敏", "2026-11-30T02:00:00Z")
    codes = [slip["invite_code"] for slip in slips]
    assert len(set(codes)) == 2
    assert all(len(code) == 8 and code.isdigit() for code in codes)
    async with world.service.sessions() as session:
        digests = list(await session.scalars(select(BindingSlip.code_digest)))
        (entry,) = await session.scalars(select(AuditEntry))
    assert set(digests) == {world.service.vault.digest("binding slip", code) for code in codes}
    assert (entry.action, entry.object_id, entry.detail) == ("slips.issued", 10, {"count": 2})


async def test_a_slip_binds_its_member_once(client: httpx.AsyncClient, world: World) -> None:
    leader, user, other = await world.staff(("leader", 10)), await world.unbound_wechat(), await world.unbound_wechat()
    member = await world.member(100, name="王敏")
    code = await code_for(client, leader, member)
    bound = await bind(client, user, code)
    assert bound.status_code == 201
    assert bound.json()["items"] == [
        {"member_id": member, "name": "王敏", "organisation_id": 100, "organisation": "一支部", "consent": "given"}
    ]
    assert (await client.get("/me", headers=user.auth)).json()["member_id"] == member
    # The answer was lost on the way and the phone asks again: it hears the same, and nothing happens twice.
    assert (await bind(client, user, code)).json() == bound.json()
    assert (await bind(client, other, code)).json()["code"] == "wrong_invite_code"
    async with world.service.sessions() as session:
        entry = await session.scalar(select(AuditEntry).where(AuditEntry.action == "member.bound"))
    assert entry is not None
    assert (entry.object_id, entry.organisation_id, entry.detail) == (member, 100, {"by": "slip"})


async def test_one_slip_used_by_two_at_once_binds_one(client: httpx.AsyncClient, world: World) -> None:
    leader, users = await world.staff(("leader", 10)), [await world.unbound_wechat() for _ in range(3)]
    code = await code_for(client, leader, await world.member(100))
    answers = await asyncio.gather(*(bind(client, user, code) for user in users))
    assert sorted(answer.status_code for answer in answers) == [201, 422, 422]


async def test_a_newer_slip_voids_the_older_one_even_when_both_are_issued_at_once(
    client: httpx.AsyncClient, world: World
) -> None:
    leader, user = await world.staff(("leader", 10)), await world.unbound_wechat()
    member = await world.member(100)
    older = await code_for(client, leader, member)
    issued = await asyncio.gather(*(code_for(client, leader, member) for _ in range(3)))
    answers = [await bind(client, user, code) for code in (older, *issued)]
    assert sorted(answer.status_code for answer in answers) == [201, 422, 422, 422]
    assert answers[0].status_code == 422


@pytest.mark.parametrize(("days", "status"), [(13.99, 201), (14, 422)])
async def test_a_slip_works_for_fourteen_days(
    client: httpx.AsyncClient, world: World, clock: MovableClock, days: float, status: int
) -> None:
    code = await code_for(client, await world.staff(("leader", 10)), await world.member(100))
    clock.move(days=days)
    assert (await bind(client, await world.unbound_wechat(), code)).status_code == status


async def test_guessing_a_code_ends_after_ten_tries_though_each_was_refused(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    user = await world.unbound_wechat()
    code = await code_for(client, await world.staff(("leader", 10)), await world.member(100))
    wrong = f"{(int(code) + 1) % 10**8:08d}"
    for _ in range(10):
        assert (await bind(client, user, wrong)).status_code == 422
    refused = await bind(client, user, code)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "300")
    clock.move(minutes=5)
    assert (await bind(client, user, code)).status_code == 201


@pytest.mark.parametrize("code", ["1234567", "123456789", "1234567a", "１２３４５６７８", ""])
async def test_a_code_is_eight_digits(client: httpx.AsyncClient, world: World, code: str) -> None:
    user = await world.unbound_wechat()
    assert (await bind(client, user, code)).json()["code"] == "invalid_input"


async def test_a_member_of_another_wechat_user_stays_theirs(client: httpx.AsyncClient, world: World) -> None:
    leader, holder = await world.staff(("leader", 10)), await world.signed_in_member(100)
    stranger = await world.unbound_wechat()
    code = await code_for(client, leader, holder.id)
    taken = await bind(client, stranger, code)
    assert (taken.status_code, taken.json()["code"]) == (409, "already_bound")
    assert (await client.get("/me", headers=stranger.auth)).json()["code"] == "not_bound"
    # The slip was not used up: its own holder may take it, to no effect.
    again = await bind(client, holder, code)
    assert (again.status_code, len(again.json()["items"])) == (201, 1)


async def test_an_archived_member_is_not_bound(client: httpx.AsyncClient, world: World, clock: MovableClock) -> None:
    member = await world.member(100)
    code = await code_for(client, await world.staff(("leader", 10)), member)
    async with transaction(world.service.sessions) as session:
        (await session.get_one(Member, member)).archived_at = clock.now
    assert (await bind(client, await world.unbound_wechat(), code)).json()["code"] == "wrong_invite_code"


async def test_a_family_shares_a_phone_and_switches(client: httpx.AsyncClient, world: World) -> None:
    leader, user = await world.staff(("leader", 10)), await world.unbound_wechat()
    members = [await world.member(100), await world.member(100)]
    for member in members:
        bound = await bind(client, user, await code_for(client, leader, member))
    assert [item["member_id"] for item in bound.json()["items"]] == members
    me = (await client.get("/me", headers=user.auth)).json()
    assert (me["member_id"], [item["member_id"] for item in me["members"]]) == (members[1], members)
    switched = await client.put("/sessions/current/member", json={"member_id": members[0]}, headers=user.auth)
    assert switched.status_code == 200
    assert (await client.get("/me", headers=user.auth)).json()["member_id"] == members[0]
    stranger = await world.signed_in_member(100)
    refused = await client.put("/sessions/current/member", json={"member_id": stranger.id}, headers=user.auth)
    assert refused.status_code == 404
    assert (await client.get("/me", headers=user.auth)).json()["member_id"] == members[0]


async def test_unbinding_ends_the_sessions_at_once_and_frees_the_member(
    client: httpx.AsyncClient, world: World
) -> None:
    leader, member = await world.staff(("leader", 10)), await world.signed_in_member(100)
    for _ in range(2):
        answer = await client.delete(f"/members/{member.id}/binding", headers=leader.auth)
        assert answer.status_code == 204
    assert (await client.get("/me", headers=member.auth)).status_code == 401
    new = await world.unbound_wechat()
    assert (await bind(client, new, await code_for(client, leader, member.id))).status_code == 201
    async with world.service.sessions() as session:
        entries = await session.scalars(select(AuditEntry).where(AuditEntry.action == "member.unbound"))
        assert [entry.detail for entry in entries] == [{"bindings": 1}, {"bindings": 0}]


@pytest.mark.parametrize("organisation", [1, 11, 2, 999])
async def test_slips_out_of_reach_are_not_issued(client: httpx.AsyncClient, world: World, organisation: int) -> None:
    leader = await world.staff(("leader", 10), ("administrator", 1))
    answer = await client.post(f"/organisations/{organisation}/binding-slips", json={}, headers=leader.auth)
    assert answer.status_code == 404


async def test_a_strangers_slip_is_not_issued_and_a_stranger_not_unbound(
    client: httpx.AsyncClient, world: World
) -> None:
    leader, own, stranger = await world.staff(("leader", 10)), await world.member(100), await world.signed_in_member(11)
    body = {"member_ids": [own, stranger.id]}
    answer = await client.post("/organisations/10/binding-slips", json=body, headers=leader.auth)
    assert answer.status_code == 404
    assert (await client.delete(f"/members/{stranger.id}/binding", headers=leader.auth)).status_code == 404
    assert (await client.get("/me", headers=stranger.auth)).status_code == 200
    async with world.service.sessions() as session:
        assert (await session.scalars(select(BindingSlip))).all() == []


async def test_only_leaders_issue_and_only_wechat_users_bind(client: httpx.AsyncClient, world: World) -> None:
    other = await world.staff(("administrator", 10), ("editor", 10), ("reviewer", 10))
    answer = await client.post("/organisations/100/binding-slips", json={}, headers=other.auth)
    assert answer.status_code == 403
    assert (await client.delete("/members/1/binding", headers=other.auth)).status_code == 403
    assert (await bind(client, other, "12345678")).status_code == 401


async def test_a_session_is_ended_once(client: httpx.AsyncClient, world: World) -> None:
    member = await world.signed_in_member(100)
    assert (await client.get("/me", headers=member.auth)).status_code == 200
    assert (await client.delete("/sessions/current", headers=member.auth)).status_code == 204
    assert (await client.get("/me", headers=member.auth)).json()["code"] == "unauthenticated"
    assert (await client.delete("/sessions/current", headers=member.auth)).status_code == 401


async def test_a_slip_that_is_voided_while_it_is_used_is_not_used(client: httpx.AsyncClient, world: World) -> None:
    """As a reset and a reprint do it, the member is held before the slip: whoever binds meanwhile must not hold it."""
    user, member = await world.unbound_wechat(), await world.member(100)
    code = await code_for(client, await world.staff(("leader", 10)), member)
    async with transaction(world.service.sessions) as session:
        await session.get_one(Member, member, with_for_update={"key_share": True})
        binding = asyncio.create_task(bind(client, user, code))
        while not await session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
            await asyncio.sleep(0.01)
        await session.execute(text("SET LOCAL lock_timeout = '5s'"))
        await void_slips(session, [member], world.service.clock())
    answer = await binding
    assert (answer.status_code, answer.json()["code"]) == (422, "wrong_invite_code")


async def test_resets_slips_and_bindings_of_one_member_at_once_neither_hang_nor_fail(
    client: httpx.AsyncClient, world: World
) -> None:
    leader, member = await world.staff(("leader", 10)), await world.member(100)
    for _ in range(5):
        code = await code_for(client, leader, member)
        users = [await world.unbound_wechat() for _ in range(2)]
        answers = await asyncio.gather(
            bind(client, users[0], code),
            client.delete(f"/members/{member}/binding", headers=leader.auth),
            bind(client, users[1], code),
            issue(client, leader, 100, member),
        )
        assert {answer.status_code for answer in answers[:3]} <= {201, 204, 422, 409}
        await client.delete(f"/members/{member}/binding", headers=leader.auth)
    async with transaction(world.service.sessions) as session:
        living = select(Binding).where(Binding.ended_at.is_(None))
        assert (await session.scalars(living)).all() == []
