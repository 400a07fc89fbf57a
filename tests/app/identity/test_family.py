"""Two members on one phone: what is said to one, read by one or wanted by one is nothing to the other."""

import httpx
import pytest
from sqlalchemy import select

from app.access.models import AuditEntry
from app.access.principals import SHIPPED_NOTICE
from app.db.engine import transaction
from app.directory.models import Member
from app.resources import Service
from tests.app.identity.people import bind, code_for, family, use
from tests.security.targets import Targets, learning, library
from tests.world import Person, World


async def in_use(client: httpx.AsyncClient, user: Person) -> int | None:
    answer = await client.get("/sessions/current", headers=user.auth)
    found: int | None = answer.json()["member_id"]
    return found


async def test_consent_is_each_members_own(client: httpx.AsyncClient, world: World) -> None:
    user, (one, other) = await family(world, 100, 101, consent_version=None)
    await use(client, user, one)
    await client.put("/me/consent", json={"version": SHIPPED_NOTICE, "accepted": True}, headers=user.auth)
    assert (await client.get("/me", headers=user.auth)).status_code == 200
    await use(client, user, other)
    assert (await client.get("/me", headers=user.auth)).json()["code"] == "consent_needed"
    assert (await client.get("/me/consents", headers=user.auth)).json()["items"] == []
    session = (await client.get("/sessions/current", headers=user.auth)).json()
    assert {each["member_id"]: each["consent"] for each in session["members"]} == {one: "given", other: "needed"}


async def test_reading_and_answering_count_for_the_member_in_use(client: httpx.AsyncClient, world: World) -> None:
    targets = await Targets.build(world)
    lesson_id, quiz_id = await library.published_lesson(targets, 10), await learning.quiz(targets, 10)
    user, (one, other) = await family(world, 100, 100)
    await use(client, user, one)
    beat = {"position": 0.7, "heartbeat_id": "a"}
    assert (await client.put(f"/lessons/{lesson_id}/progress", json=beat, headers=user.auth)).status_code == 200
    attempt = (await client.post(f"/quizzes/{quiz_id}/attempts", headers=user.auth)).json()["id"]
    await use(client, user, other)
    fresh = await client.put(
        f"/lessons/{lesson_id}/progress", json={"position": 0.1, "heartbeat_id": "a"}, headers=user.auth
    )
    assert fresh.json()["position"] == 0.1, "the same heartbeat id on the same phone is another member's"
    assert (await client.get(f"/attempts/{attempt}", headers=user.auth)).status_code == 404
    assert (await client.post(f"/quizzes/{quiz_id}/attempts", headers=user.auth)).json()["id"] != attempt
    await use(client, user, one)
    assert (await client.get(f"/attempts/{attempt}", headers=user.auth)).status_code == 200


async def test_preferences_are_each_members_own(client: httpx.AsyncClient, world: World) -> None:
    user, (one, other) = await family(world, 100, 100)
    await use(client, user, one)
    wish = {"notices_off": ["weekly_issue"]}
    assert (await client.patch("/me/preferences", json=wish, headers=user.auth)).json()["notices_off"] == [
        "weekly_issue"
    ]
    await use(client, user, other)
    assert (await client.get("/me/preferences", headers=user.auth)).json()["notices_off"] == []


@pytest.mark.parametrize("how", ["reset", "archive"])
async def test_losing_one_member_ends_only_the_sessions_that_use_them(
    client: httpx.AsyncClient, world: World, how: str
) -> None:
    leader = await world.staff(("leader", 10))
    user, (one, other) = await family(world, 100, 100)
    await use(client, user, other)
    if how == "reset":
        answer = await client.delete(f"/members/{one}/binding", headers=leader.auth)
    else:
        answer = await client.post(f"/members/{one}/archive", json={"reason": "deceased"}, headers=leader.auth)
    assert answer.status_code in (200, 204)
    assert (await client.get("/me", headers=user.auth)).json()["member_id"] == other
    session = (await client.get("/sessions/current", headers=user.auth)).json()
    assert [each["member_id"] for each in session["members"]] == [other]
    assert (await client.put("/sessions/current/member", json={"member_id": one}, headers=user.auth)).status_code == 404
    if how == "reset":
        await client.delete(f"/members/{other}/binding", headers=leader.auth)
        assert (await client.get("/me", headers=user.auth)).status_code == 401


async def test_a_session_whose_member_is_gone_is_told_so_and_goes_on_with_another(
    client: httpx.AsyncClient, world: World, service: Service
) -> None:
    """As where the sign-in and the archiving crossed each other."""
    user, (one, other) = await family(world, 100, 100)
    await use(client, user, one)
    async with transaction(service.sessions) as session:
        (await session.get_one(Member, one)).archived_at = service.clock()
    answer = await client.get("/me", headers=user.auth)
    assert (answer.status_code, answer.json()["code"]) == (409, "member_gone")
    assert await in_use(client, user) is None
    await use(client, user, other)
    assert (await client.get("/me", headers=user.auth)).json()["member_id"] == other


async def test_a_member_unties_themselves_and_the_phone_goes_on_with_the_other(
    client: httpx.AsyncClient, world: World, service: Service
) -> None:
    user, (one, other) = await family(world, 100, 100)
    await use(client, user, one)
    left = await client.delete("/me/binding", headers=user.auth)
    assert [each["member_id"] for each in left.json()["items"]] == [other]
    assert await in_use(client, user) == other
    last = await client.delete("/me/binding", headers=user.auth)
    assert (last.status_code, last.json()["items"]) == (200, [])
    assert (await client.get("/me", headers=user.auth)).json()["code"] == "not_bound"
    assert (await client.delete("/me/binding", headers=user.auth)).json()["code"] == "not_bound"
    async with transaction(service.sessions) as session:
        entries = (await session.scalars(select(AuditEntry).order_by(AuditEntry.id))).all()
    assert [(entry.action, entry.actor, entry.object_id) for entry in entries] == [
        ("member.left_binding", f"member:{member}", member) for member in (one, other)
    ]


async def test_who_has_not_consented_may_untie_themselves_too(client: httpx.AsyncClient, world: World) -> None:
    member = await world.signed_in_member(100, consent_version=None)
    assert (await client.delete("/me/binding", headers=member.auth)).status_code == 200


@pytest.mark.parametrize("role", ["leader", "security_administrator"])
async def test_a_reset_voids_slips_and_is_for_leaders_and_security_administrators(
    client: httpx.AsyncClient, world: World, role: str
) -> None:
    leader, resetter = await world.staff(("leader", 10)), await world.staff((role, 10))
    member, stranger = await world.signed_in_member(100), await world.signed_in_member(110)
    paper = await code_for(client, leader, member.id)
    assert (await client.delete(f"/members/{member.id}/binding", headers=resetter.auth)).status_code == 204
    assert (await client.get("/me", headers=member.auth)).status_code == 401
    assert (await bind(client, await world.unbound_wechat(), paper)).json()["code"] == "wrong_invite_code"
    assert (await client.delete(f"/members/{stranger.id}/binding", headers=resetter.auth)).status_code == 404
    assert (await client.get("/me", headers=stranger.auth)).status_code == 200
