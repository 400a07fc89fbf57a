"""Posts over the API: given, prolonged, listed, ended."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx

from tests.app.organisations.posts.offices import appoint, open_account, post_of, posts_of
from tests.conftest import MovableClock
from tests.world import Person, World


async def test_both_account_and_organisation_of_a_post_must_be_in_reach(
    client: httpx.AsyncClient, world: World
) -> None:
    admin = await world.staff(("administrator", 10))
    sibling = await world.staff(("leader", 11))
    own = (await open_account(client, admin)).json()["id"]
    assert (await appoint(client, admin, sibling.id)).status_code == 404
    assert (await appoint(client, admin, own, organisation_id=11)).status_code == 404
    assert (await appoint(client, admin, own, organisation_id=1, role="administrator")).status_code == 404
    assert (await appoint(client, admin, own, role="emperor")).status_code == 422


async def test_a_post_is_in_force_between_its_times(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    admin = await world.staff(("administrator", 10))
    holder = await world.staff(("editor", 100))
    from_at, until_at = clock.now + timedelta(minutes=5), clock.now + timedelta(minutes=10)
    body = {"from_at": from_at.isoformat(), "until_at": until_at.isoformat()}
    assert (await appoint(client, admin, holder.id, **body)).status_code == 201
    seen = []
    for _ in range(3):
        seen.append((await client.get("/organisations/100/members", headers=holder.auth)).status_code)
        clock.move(minutes=5)
    assert seen == [403, 200, 403]


async def test_a_post_that_would_never_be_in_force_is_refused(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    admin = await world.staff(("administrator", 10))
    holder = await world.staff(("editor", 100))
    now, later = clock.now.isoformat(), (clock.now + timedelta(days=1)).isoformat()
    past = (clock.now - timedelta(days=1)).isoformat()
    for body in ({"until_at": now}, {"from_at": later, "until_at": later}, {"from_at": past, "until_at": now}):
        answer = await appoint(client, admin, holder.id, **body)
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_period")


async def test_the_same_post_is_not_given_twice_at_a_time(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    admin = await world.staff(("administrator", 10))
    holder = await world.staff(("editor", 100))
    until_at, later = clock.now + timedelta(days=1), clock.now + timedelta(days=2)
    answers = await asyncio.gather(
        *(appoint(client, admin, holder.id, until_at=until_at.isoformat()) for _ in range(3))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    assert (await appoint(client, admin, holder.id, from_at=until_at.isoformat())).status_code == 201
    overlap = await appoint(client, admin, holder.id, from_at=until_at.isoformat(), until_at=later.isoformat())
    assert overlap.json()["code"] == "post_exists"


async def test_posts_are_listed_while_they_are_not_over(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    admin = await world.staff(("administrator", 10))
    holder = await world.staff(("editor", 100), ("reviewer", 101))
    await world.staff(("leader", 11))
    everything = (await client.get("/posts", headers=admin.auth)).json()["items"]
    assert [(post["organisation_id"], post["role"]) for post in everything] == [
        (10, "administrator"), (100, "editor"), (101, "reviewer"),
    ]  # fmt: skip
    assert everything[1] == {
        "id": everything[1]["id"], "account_id": holder.id, "account": holder.name, "organisation_id": 100,
        "organisation": "一支部", "role": "editor", "acting": False,
        "from_at": "2026-11-16T02:00:00Z", "until_at": None,
    }  # fmt: skip
    await client.delete(f"/posts/{everything[1]['id']}", headers=admin.auth)
    assert (await client.get("/posts?organisation_id=100", headers=admin.auth)).json()["items"] == []
    one = (await client.get("/posts?organisation_id=101&limit=1", headers=admin.auth)).json()
    assert [post["role"] for post in one["items"]] == ["reviewer"]
    page = (await client.get("/posts?limit=1", headers=admin.auth)).json()
    assert (await client.get(f"/posts?cursor={page['next']}", headers=admin.auth)).json()["items"] == one["items"]
    assert (await client.get("/posts?organisation_id=11", headers=admin.auth)).status_code == 404


async def test_the_last_administrator_of_a_tree_stays(client: httpx.AsyncClient, world: World) -> None:
    admin = await world.staff(("administrator", 1))
    await world.staff(("administrator", 10), ("leader", 1))
    (own, leads) = await posts_of(client, admin, 1)
    last = await client.delete(f"/posts/{own}", headers=admin.auth)
    assert (last.status_code, last.json()["code"]) == (409, "last_administrator")
    disabled = await client.patch(f"/accounts/{admin.id}", json={"disabled": True}, headers=admin.auth)
    assert (disabled.status_code, disabled.json()["code"]) == (409, "last_administrator")
    assert (await client.delete(f"/posts/{leads}", headers=admin.auth)).status_code == 204
    (lower,) = await posts_of(client, admin, 10)
    assert (await client.delete(f"/posts/{lower}", headers=admin.auth)).status_code == 204


async def test_who_acts_for_a_time_is_no_administrator_for_good(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    admin, other = await world.staff(("administrator", 1)), await world.staff(("editor", 100))
    (own,) = await posts_of(client, admin, 1)
    soon, later = ((clock.now + timedelta(hours=hours)).isoformat() for hours in (1, 2))
    handed = await client.post(
        f"/posts/{own}/handover",
        json={"to_account_id": other.id, "acting": True, "until_at": later},
        headers=admin.auth,
    )
    assert (handed.status_code, handed.json()["code"]) == (409, "last_administrator")
    acting = {"organisation_id": 1, "role": "administrator", "acting": True, "until_at": soon}
    assert (await appoint(client, admin, other.id, **acting)).status_code == 201
    ended = await client.delete(f"/posts/{own}", headers=admin.auth)
    assert (ended.status_code, ended.json()["code"]) == (409, "last_administrator")


async def test_a_successor_who_has_not_begun_is_not_dismissed_before_there_is_another(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    admin, other = await world.staff(("administrator", 1)), await world.staff(("editor", 100))
    (own,) = await posts_of(client, admin, 1)
    soon = (clock.now + timedelta(minutes=10)).isoformat()
    handed = await client.post(
        f"/posts/{own}/handover", json={"to_account_id": other.id, "from_at": soon}, headers=admin.auth
    )
    assert handed.status_code == 201, handed.text
    successor = handed.json()["post"]["id"]
    for refused in (
        await client.delete(f"/posts/{successor}", headers=admin.auth),
        await client.patch(f"/accounts/{other.id}", json={"disabled": True}, headers=admin.auth),
    ):
        assert (refused.status_code, refused.json()["code"]) == (409, "last_administrator")
    clock.move(minutes=11)
    assert (await client.get("/posts", headers=other.auth)).status_code == 200


async def test_two_administrators_cannot_dismiss_each_other_at_the_same_moment(
    client: httpx.AsyncClient, world: World
) -> None:
    admins = [await world.staff(("administrator", 1)) for _ in range(2)]
    posts = await posts_of(client, admins[0], 1)
    answers = await asyncio.gather(
        *(
            client.delete(f"/posts/{post}", headers=admin.auth)
            for post, admin in zip(reversed(posts), admins, strict=True)
        )
    )
    assert sorted(answer.status_code for answer in answers) in ([204, 403], [204, 409])


async def test_a_post_out_of_reach_is_not_ended(client: httpx.AsyncClient, world: World) -> None:
    admin, sibling = await world.staff(("administrator", 10)), await world.staff(("administrator", 11))
    (post,) = await posts_of(client, sibling, 11)
    assert (await client.delete(f"/posts/{post}", headers=admin.auth)).status_code == 404
    assert (await client.get("/posts", headers=sibling.auth)).status_code == 200


async def test_an_acting_post_has_an_end_and_gives_the_same_rights(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    admin = await world.staff(("administrator", 10))
    holder = await world.staff(("editor", 100))
    endless = await appoint(client, admin, holder.id, acting=True)
    assert (endless.status_code, endless.json()["code"]) == (422, "acting_needs_end")
    until_at = (clock.now + timedelta(minutes=10)).isoformat()
    made = await appoint(client, admin, holder.id, acting=True, until_at=until_at)
    assert (made.status_code, made.json()["acting"]) == (201, True)
    mine = (await client.get("/staff/me", headers=holder.auth)).json()["posts"]
    assert [(post["role"], post["acting"]) for post in mine] == [("editor", False), ("leader", True)]
    path = f"/posts/{made.json()['id']}"
    refused = await client.patch(path, json={"until_at": None}, headers=admin.auth)
    assert (refused.status_code, refused.json()["code"]) == (422, "acting_needs_end")
    assert (await client.get("/organisations/100/members", headers=holder.auth)).status_code == 200
    clock.move(minutes=10)
    assert (await client.get("/organisations/100/members", headers=holder.auth)).status_code == 403


async def test_several_hold_the_same_role_and_one_several_roles(client: httpx.AsyncClient, world: World) -> None:
    admin = await world.staff(("administrator", 10))
    first, second = await world.staff(("leader", 100)), await world.staff(("editor", 100))
    assert (await appoint(client, admin, second.id)).status_code == 201
    assert (await appoint(client, admin, second.id, organisation_id=101, role="reviewer")).status_code == 201
    assert len(await posts_of(client, admin, 100)) == 3
    for leader in (first, second):
        assert (await client.get("/organisations/100/members", headers=leader.auth)).status_code == 200


async def test_a_post_is_prolonged_and_shortened(client: httpx.AsyncClient, world: World, clock: MovableClock) -> None:
    admin, holder = await world.staff(("administrator", 10)), await world.staff(("editor", 100))
    begun = clock.now
    made = (await appoint(client, admin, holder.id, until_at=(begun + timedelta(minutes=5)).isoformat())).json()

    async def until(minutes: int | None) -> httpx.Response:
        at = None if minutes is None else (begun + timedelta(minutes=minutes)).isoformat()
        return await client.patch(f"/posts/{made['id']}", json={"until_at": at}, headers=admin.auth)

    async def works() -> bool:
        return (await client.get("/organisations/100/members", headers=holder.auth)).status_code == 200

    assert (await until(15)).json()["until_at"] == "2026-11-16T02:15:00Z"
    clock.move(minutes=6)
    assert await works()
    assert (await until(None)).json()["until_at"] is None
    assert (await until(7)).status_code == 200
    for over in (6, 1):
        refused = await until(over)
        assert (refused.status_code, refused.json()["code"]) == (422, "bad_period")
    clock.move(minutes=1)
    assert not await works()
    late = await until(30)
    assert (late.status_code, late.json()["code"]) == (409, "post_over")
    actions = [(entry["action"], entry["detail"].get("before")) for entry in await log(client, admin, "post.changed")]
    assert actions == [
        ("post.changed", None),
        ("post.changed", "2026-11-16T02:15:00+00:00"),
        ("post.changed", "2026-11-16T02:05:00+00:00"),
    ]


async def log(client: httpx.AsyncClient, admin: Person, action: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.get(f"/audit?action={action}", headers=admin.auth)).json()["items"]
    return found


async def test_a_post_is_not_prolonged_into_another_of_the_same_role(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    admin, holder = await world.staff(("administrator", 10)), await world.staff(("editor", 100))
    later, latest = clock.now + timedelta(days=1), clock.now + timedelta(days=2)
    first = (await appoint(client, admin, holder.id, until_at=later.isoformat())).json()["id"]
    assert (await appoint(client, admin, holder.id, from_at=latest.isoformat())).status_code == 201
    for until_at in (None, (latest + timedelta(seconds=1)).isoformat()):
        refused = await client.patch(f"/posts/{first}", json={"until_at": until_at}, headers=admin.auth)
        assert (refused.status_code, refused.json()["code"]) == (409, "post_exists")
    fits = await client.patch(f"/posts/{first}", json={"until_at": latest.isoformat()}, headers=admin.auth)
    assert fits.status_code == 200


async def test_the_last_administrators_post_gets_no_end_unless_another_one_holds_it_then(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    admin, second = await world.staff(("administrator", 1)), await world.staff(("leader", 1))
    own, ends = await post_of(world, admin, "administrator"), clock.now + timedelta(days=7)
    body = {"until_at": ends.isoformat()}
    refused = await client.patch(f"/posts/{own}", json=body, headers=admin.auth)
    assert (refused.status_code, refused.json()["code"]) == (409, "last_administrator")
    until_at = (ends - timedelta(days=1)).isoformat()
    acts = await appoint(client, admin, second.id, organisation_id=1, role="administrator", until_at=until_at)
    assert (await client.patch(f"/posts/{own}", json=body, headers=admin.auth)).status_code == 409
    await client.patch(f"/posts/{acts.json()['id']}", json={"until_at": None}, headers=admin.auth)
    assert (await client.patch(f"/posts/{own}", json=body, headers=admin.auth)).status_code == 200


async def test_history_shows_past_posts_of_an_account_and_of_an_organisation(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    admin = await world.staff(("administrator", 10))
    holder, other = await world.staff(("leader", 100), ("editor", 101)), await world.staff(("leader", 101))
    led = await post_of(world, holder, "leader")
    clock.move(minutes=1)
    await client.delete(f"/posts/{led}", headers=admin.auth)

    async def shown(query: str) -> list[tuple[int, str]]:
        items = (await client.get(f"/posts?{query}", headers=admin.auth)).json()["items"]
        return [(post["account_id"], post["role"]) for post in items]

    assert await shown(f"account_id={holder.id}") == [(holder.id, "editor")]
    assert await shown(f"account_id={holder.id}&history=true") == [(holder.id, "leader"), (holder.id, "editor")]
    assert await shown("organisation_id=100") == []
    assert await shown("organisation_id=100&history=true") == [(holder.id, "leader")]
    assert await shown(f"organisation_id=101&account_id={other.id}") == [(other.id, "leader")]
    await client.post("/organisations/100/archive", json={"reason": "dissolved"}, headers=admin.auth)
    assert await shown("organisation_id=100&history=true") == [(holder.id, "leader")], "archived, and still on record"
    assert (await client.get("/posts?organisation_id=11&history=true", headers=admin.auth)).status_code == 404
    elsewhere = await world.staff(("leader", 11))
    assert await shown(f"account_id={elsewhere.id}&history=true") == []
