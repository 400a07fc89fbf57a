"""Accounts and posts over the API."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from tests.conftest import MovableClock
from tests.world import Person, World

PASSWORD = "correct horse battery"


async def open_account(client: httpx.AsyncClient, admin: Person, **more: object) -> httpx.Response:
    body = {"organisation_id": 10, "login": "wang.min", "name": "王敏", "password": PASSWORD, **more}
    return await client.post("/accounts", json=body, headers=admin.auth)


async def sign_in(client: httpx.AsyncClient, password: str = PASSWORD, login: str = "wang.min") -> httpx.Response:
    return await client.post("/sessions/password", json={"login": login, "password": password})


async def appoint(client: httpx.AsyncClient, admin: Person, account: int, **more: object) -> httpx.Response:
    body = {"account_id": account, "organisation_id": 100, "role": "leader", **more}
    return await client.post("/posts", json=body, headers=admin.auth)


async def test_a_new_account_signs_in_and_may_do_nothing_until_appointed(
    client: httpx.AsyncClient, world: World
) -> None:
    admin = await world.staff(("administrator", 10))
    created = await open_account(client, admin)
    assert created.status_code == 201
    assert "password" not in created.text
    session = await sign_in(client)
    assert session.status_code == 201
    auth = {"Authorization": f"Bearer {session.json()['token']}"}
    assert (await client.get("/organisations/100/members", headers=auth)).status_code == 403
    post = await appoint(client, admin, created.json()["id"])
    assert post.status_code == 201
    assert (await client.get("/organisations/100/members", headers=auth)).status_code == 200
    for _ in range(2):
        ended = await client.delete(f"/posts/{post.json()['id']}", headers=admin.auth)
        assert ended.status_code == 204
    assert (await client.get("/organisations/100/members", headers=auth)).status_code == 403


async def test_a_login_is_taken_once_everywhere(client: httpx.AsyncClient, world: World) -> None:
    await open_account(client, await world.staff(("administrator", 10)))
    other = await world.staff(("administrator", 2))
    again = await open_account(client, other, organisation_id=2)
    assert (again.status_code, again.json()["code"]) == (409, "login_taken")


@pytest.mark.parametrize("password", ["a" * 10, "xxWang.Minxx", "short", "p" * 257])
async def test_a_weak_password_is_refused(client: httpx.AsyncClient, world: World, password: str) -> None:
    admin = await world.staff(("administrator", 10))
    assert (await open_account(client, admin, password=password)).status_code == 422
    account = (await open_account(client, admin)).json()["id"]
    changed = await client.patch(f"/accounts/{account}", json={"password": password}, headers=admin.auth)
    assert changed.status_code == 422
    assert (await sign_in(client)).status_code == 201


@pytest.mark.parametrize("login", ["ab", "a" * 65, "has space", "中文登录名", "tab\t01", ""])
async def test_a_login_is_plain_ascii(client: httpx.AsyncClient, world: World, login: str) -> None:
    admin = await world.staff(("administrator", 10))
    assert (await open_account(client, admin, login=login)).status_code == 422


async def test_a_changed_password_ends_the_sessions_and_works_from_then_on(
    client: httpx.AsyncClient, world: World
) -> None:
    admin = await world.staff(("administrator", 10))
    account = (await open_account(client, admin)).json()["id"]
    auth = {"Authorization": f"Bearer {(await sign_in(client)).json()['token']}"}
    renamed = await client.patch(f"/accounts/{account}", json={"name": "王小敏"}, headers=admin.auth)
    assert renamed.json()["name"] == "王小敏"
    assert (await client.get("/staff/me", headers=auth)).status_code == 200
    await client.patch(f"/accounts/{account}", json={"password": "another long one"}, headers=admin.auth)
    assert (await client.get("/staff/me", headers=auth)).status_code == 401
    assert (await sign_in(client)).status_code == 401
    assert (await sign_in(client, "another long one")).status_code == 201


async def test_a_disabled_account_is_out_at_once_and_may_come_back(client: httpx.AsyncClient, world: World) -> None:
    admin = await world.staff(("administrator", 10))
    account = (await open_account(client, admin)).json()["id"]
    auth = {"Authorization": f"Bearer {(await sign_in(client)).json()['token']}"}
    for _ in range(2):
        answer = await client.patch(f"/accounts/{account}", json={"disabled": True}, headers=admin.auth)
        assert answer.json()["disabled_at"] is not None
    assert (await client.get("/staff/me", headers=auth)).status_code == 401
    assert (await sign_in(client)).json()["code"] == "wrong_password"
    answer = await client.patch(f"/accounts/{account}", json={"disabled": False}, headers=admin.auth)
    assert answer.json()["disabled_at"] is None
    assert (await client.get("/staff/me", headers=auth)).status_code == 401
    assert (await sign_in(client)).status_code == 201


async def test_accounts_are_managed_within_reach_only(client: httpx.AsyncClient, world: World) -> None:
    top, branch = await world.staff(("administrator", 1)), await world.staff(("administrator", 10))
    assert (await open_account(client, branch, organisation_id=11)).status_code == 404
    above = (await open_account(client, top, organisation_id=11)).json()["id"]
    assert (await client.patch(f"/accounts/{above}", json={"name": "改"}, headers=branch.auth)).status_code == 404
    assert (await client.patch("/accounts/999999", json={"name": "改"}, headers=top.auth)).status_code == 404
    own = (await client.get("/accounts", headers=branch.auth)).json()["items"]
    assert [account["id"] for account in own] == [branch.id]
    first = (await client.get("/accounts?limit=2", headers=top.auth)).json()
    rest = (await client.get(f"/accounts?cursor={first['next']}", headers=top.auth)).json()
    assert [account["id"] for account in first["items"] + rest["items"]] == [top.id, branch.id, above]
    leader = await world.staff(("leader", 1))
    for path in ("/accounts", "/posts"):
        assert (await client.get(path, headers=leader.auth)).status_code == 403
    assert (await open_account(client, leader)).status_code == 403
    assert (await client.patch(f"/accounts/{above}", json={"name": "改"}, headers=leader.auth)).status_code == 403


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
        "organisation": "一支部", "role": "editor", "from_at": "2026-11-16T02:00:00Z", "until_at": None,
    }  # fmt: skip
    await client.delete(f"/posts/{everything[1]['id']}", headers=admin.auth)
    assert (await client.get("/posts?organisation_id=100", headers=admin.auth)).json()["items"] == []
    one = (await client.get("/posts?organisation_id=101&limit=1", headers=admin.auth)).json()
    assert [post["role"] for post in one["items"]] == ["reviewer"]
    page = (await client.get("/posts?limit=1", headers=admin.auth)).json()
    assert (await client.get(f"/posts?cursor={page['next']}", headers=admin.auth)).json()["items"] == one["items"]
    assert (await client.get("/posts?organisation_id=11", headers=admin.auth)).status_code == 404


async def posts_of(client: httpx.AsyncClient, admin: Person, organisation: int) -> list[int]:
    answer = await client.get(f"/posts?organisation_id={organisation}", headers=admin.auth)
    return [post["id"] for post in answer.json()["items"]]


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


async def test_a_disabled_administrator_does_not_count_and_a_second_one_does(
    client: httpx.AsyncClient, world: World
) -> None:
    admin = await world.staff(("administrator", 1))
    second = await world.staff(("administrator", 1))
    (own, _) = await posts_of(client, admin, 1)
    assert (
        await client.patch(f"/accounts/{second.id}", json={"disabled": True}, headers=admin.auth)
    ).status_code == 200
    assert (await client.delete(f"/posts/{own}", headers=admin.auth)).status_code == 409
    await client.patch(f"/accounts/{second.id}", json={"disabled": False}, headers=admin.auth)
    assert (await client.delete(f"/posts/{own}", headers=admin.auth)).status_code == 204


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


async def test_an_account_with_a_post_beyond_the_administrators_reach_keeps_its_password(
    client: httpx.AsyncClient, world: World
) -> None:
    branch_admin = await world.staff(("administrator", 100))
    target = await world.staff(("leader", 100), ("administrator", 1))
    for body in ({"password": "another long password"}, {"disabled": True}):
        answer = await client.patch(f"/accounts/{target.id}", json=body, headers=branch_admin.auth)
        assert (answer.status_code, answer.json()["code"]) == (403, "account_outranks")
    assert (await client.get("/staff/me", headers=target.auth)).status_code == 200
