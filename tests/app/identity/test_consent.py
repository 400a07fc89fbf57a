"""Nothing but the binding itself comes before a member's own yes; a no costs nothing but the use of the product."""

import asyncio
import re

import httpx
import pytest
from sqlalchemy import select

from app.access.models import AuditEntry
from app.access.principals import SHIPPED_NOTICE
from app.db.engine import transaction
from app.directory.models import Consent, Member
from app.identity.consent import SHIPPED_FILE, shipped_notice
from app.resources import Service
from tests.app.identity.people import bind, code_for, count
from tests.conftest import MovableClock
from tests.world import Person, World

TEXT = "本单位的告知书：处理姓名和手机号，用于组织学习。\n\n<script>alert(1)</script>"
ARTICLES = ("第十三条", "第二十九条", "第四十四条", "第四十五条", "第四十六条", "第四十七条", "第十五条")


async def say(client: httpx.AsyncClient, who: Person, accepted: bool, version: str = SHIPPED_NOTICE) -> httpx.Response:
    body = {"version": version, "accepted": accepted}
    return await client.put("/me/consent", json=body, headers=who.auth)


async def code_of(client: httpx.AsyncClient, who: Person, path: str = "/me") -> str:
    answer = await client.get(path, headers=who.auth)
    return "" if answer.status_code == 200 else str(answer.json()["code"])


async def publish(client: httpx.AsyncClient, admin: Person, organisation: int, title: str = "告知书") -> httpx.Response:
    path = f"/organisations/{organisation}/privacy-notices"
    return await client.post(path, json={"title": title, "body": TEXT}, headers=admin.auth)


async def test_the_first_steps_are_binding_then_the_notice_then_all_else(
    client: httpx.AsyncClient, world: World
) -> None:
    leader, user = await world.staff(("leader", 10)), await world.unbound_wechat()
    member = await world.member(100, consent_version=None)
    bound = await bind(client, user, await code_for(client, leader, member))
    assert bound.json()["items"][0]["consent"] == "needed"
    for path in ("/me", "/issues", "/meetings", "/me/viewers", "/me/preferences"):
        assert await code_of(client, user, path) == "consent_needed", path
    refused = await client.post("/subscriptions", json={"template": "t", "accepted": True}, headers=user.auth)
    assert refused.json()["code"] == "consent_needed"
    for path in ("/sessions/current", "/privacy-notice", "/me/consents", "/me/binding-requests"):
        assert await code_of(client, user, path) == "", path
    notice = (await client.get("/privacy-notice", headers=user.auth)).json()
    assert (await say(client, user, True, notice["version"])).status_code == 200
    assert await code_of(client, user) == ""
    session = (await client.get("/sessions/current", headers=user.auth)).json()
    assert (session["member_id"], session["members"][0]["consent"]) == (member, "given")


async def test_a_no_leaves_the_roster_as_it_is_and_can_be_changed(
    client: httpx.AsyncClient, world: World, service: Service, clock: MovableClock
) -> None:
    member = await world.signed_in_member(100, consent_version=None, name="王敏")
    async with transaction(service.sessions) as session:
        before = {key: value for key, value in vars(await session.get_one(Member, member.id)).items() if key[0] != "_"}
    assert (await say(client, member, False)).status_code == 200
    assert await code_of(client, member) == "consent_needed"
    async with transaction(service.sessions) as session:
        after = {key: value for key, value in vars(await session.get_one(Member, member.id)).items() if key[0] != "_"}
    assert after == before
    shown = (await client.get("/sessions/current", headers=member.auth)).json()
    assert shown["members"][0]["consent"] == "refused"
    clock.move(hours=1)
    assert (await say(client, member, True)).status_code == 200
    assert await code_of(client, member) == ""
    assert (await say(client, member, False)).status_code == 200, "and taken back"
    assert await code_of(client, member) == "consent_needed"
    history = (await client.get("/me/consents", headers=member.auth)).json()["items"]
    assert [(each["accepted"], each["version"]) for each in history] == [
        (False, SHIPPED_NOTICE), (True, SHIPPED_NOTICE), (False, SHIPPED_NOTICE),
    ]  # fmt: skip
    assert history[-1]["at"] == "2026-11-16T02:00:00Z"


async def test_the_same_word_again_is_the_same_word(client: httpx.AsyncClient, world: World, service: Service) -> None:
    member = await world.signed_in_member(100, consent_version=None)
    answers = [await say(client, member, True) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    at_once = await asyncio.gather(*(say(client, member, False) for _ in range(3)))
    assert len({answer.text for answer in at_once}) == 1
    assert await count(service, Consent) == 2


async def test_what_a_member_said_is_not_in_the_audit_log(
    client: httpx.AsyncClient, world: World, service: Service
) -> None:
    member = await world.signed_in_member(100, consent_version=None)
    for accepted in (True, False):
        await say(client, member, accepted)
    async with transaction(service.sessions) as session:
        entries = (await session.scalars(select(AuditEntry))).all()
    assert [(entry.action, entry.actor, entry.object_id, entry.organisation_id) for entry in entries] == [
        ("consent.recorded", f"member:{member.id}", member.id, 100)
    ] * 2
    assert [entry.detail for entry in entries] == [{"version": SHIPPED_NOTICE}] * 2


async def test_only_the_version_in_force_can_be_agreed_to(
    client: httpx.AsyncClient, world: World, service: Service
) -> None:
    member = await world.signed_in_member(100, consent_version=None)
    for version in ("shipped-0", "10-1"):
        answer = await say(client, member, True, version)
        assert (answer.status_code, answer.json()["code"]) == (409, "notice_changed")
    assert await count(service, Consent) == 0


async def test_a_new_version_is_asked_of_everybody_below_at_once_and_of_nobody_else(
    client: httpx.AsyncClient, world: World
) -> None:
    admin = await world.staff(("administrator", 1))
    below, deeper, beside = [await world.signed_in_member(place) for place in (10, 100, 110)]
    published = await publish(client, admin, 10)
    assert (published.status_code, published.json()["version"]) == (201, "10-1")
    assert [await code_of(client, each) for each in (below, deeper, beside)] == [*["consent_needed"] * 2, ""]
    assert (await say(client, deeper, True)).json()["code"] == "notice_changed"
    notice = (await client.get("/privacy-notice", headers=deeper.auth)).json()
    assert (notice["version"], notice["title"], notice["body"]) == ("10-1", "告知书", TEXT)
    assert "<script" not in notice["html"]
    assert (await say(client, deeper, True, "10-1")).status_code == 200
    # The nearest organisation's is the one that holds, whatever its superior publishes.
    await publish(client, admin, 1)
    assert [await code_of(client, each) for each in (deeper, beside)] == ["", "consent_needed"]
    assert (await publish(client, admin, 10)).json()["version"] == "10-2"
    assert await code_of(client, deeper) == "consent_needed"
    listed = (await client.get("/organisations/10/privacy-notices", headers=admin.auth)).json()
    assert (listed["in_force"], [each["version"] for each in listed["items"]]) == ("10-2", ["10-2", "10-1"])
    last = await client.get("/organisations/10/privacy-notices?limit=1", headers=admin.auth)
    first = await client.get(
        f"/organisations/10/privacy-notices?limit=1&cursor={last.json()['next']}", headers=admin.auth
    )
    assert ([each["version"] for each in first.json()["items"]], first.json()["next"]) == (["10-1"], None)
    under = (await client.get("/organisations/11/privacy-notices", headers=admin.auth)).json()
    assert (under["in_force"], under["items"]) == ("1-1", [])


async def test_a_refusal_of_an_older_version_does_not_count_for_the_new_one(
    client: httpx.AsyncClient, world: World
) -> None:
    admin, member = await world.staff(("administrator", 1)), await world.signed_in_member(100, consent_version=None)
    await say(client, member, False)
    await publish(client, admin, 10)
    shown = (await client.get("/sessions/current", headers=member.auth)).json()
    assert shown["members"][0]["consent"] == "needed"


async def test_who_moves_under_another_notice_is_asked_anew(
    client: httpx.AsyncClient, world: World, service: Service
) -> None:
    admin, member = await world.staff(("administrator", 1)), await world.signed_in_member(110)
    await publish(client, admin, 10)
    assert await code_of(client, member) == ""
    moved = await client.post(f"/members/{member.id}/moves", json={"organisation_id": 100}, headers=admin.auth)
    assert moved.status_code == 200
    assert await code_of(client, member) == "consent_needed"


async def test_versions_published_at_once_get_numbers_of_their_own(client: httpx.AsyncClient, world: World) -> None:
    admin = await world.staff(("administrator", 1))
    answers = await asyncio.gather(*(publish(client, admin, 10, f"告知书{number}") for number in range(4)))
    assert sorted(answer.json()["version"] for answer in answers) == [f"10-{number}" for number in range(1, 5)]


async def test_a_retried_publication_is_one(client: httpx.AsyncClient, world: World) -> None:
    admin = await world.staff(("administrator", 1))
    for _ in range(2):
        answer = await client.post(
            "/organisations/10/privacy-notices",
            json={"title": "告知书", "body": TEXT},
            headers={**admin.auth, "Idempotency-Key": "once"},
        )
        assert (answer.status_code, answer.json()["version"]) == (201, "10-1")


async def test_consents_are_counted_and_nobody_is_named(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    admin = await world.staff(("administrator", 10))
    willing, unwilling, _ = [await world.signed_in_member(place, consent_version=None) for place in (10, 100, 100)]
    await world.member(100)
    await world.signed_in_member(110)
    await world.member(100, archived_at=clock.now)
    await say(client, willing, True)
    await say(client, unwilling, False)
    answer = await client.get("/organisations/10/consents", headers=admin.auth)
    assert answer.json() == {"given": 1, "not_given": 2, "not_bound": 1}
    await publish(client, admin, 100)
    after = await client.get("/organisations/10/consents", headers=admin.auth)
    assert after.json() == {"given": 1, "not_given": 2, "not_bound": 1}


async def test_an_empty_or_hostile_text_is_not_published(client: httpx.AsyncClient, world: World) -> None:
    admin = await world.staff(("administrator", 1))
    for body in ("太短", "字" * 20_001, "x" * 19 + "\0"):
        answer = await client.post(
            "/organisations/10/privacy-notices", json={"title": "告知书", "body": body}, headers=admin.auth
        )
        assert answer.status_code == 422, body[:20]


async def test_the_shipped_notice_is_there_before_any_sign_in(client: httpx.AsyncClient) -> None:
    notice = (await client.get("/privacy-notices/shipped")).json()
    assert (notice["version"], notice["title"]) == (SHIPPED_NOTICE, "个人信息保护告知书")
    assert notice == shipped_notice().model_dump()


@pytest.mark.parametrize("article", ARTICLES)
def test_the_shipped_notice_names_what_the_law_asks_for(article: str) -> None:
    text = SHIPPED_FILE.read_text(encoding="utf-8")
    assert article in text
    assert re.search("<h2>怎样收回同意</h2>", shipped_notice().html)
    assert "<table>" in shipped_notice().html
