"""Accounts over the API."""

import httpx
import pytest

from tests.app.organisations.posts.offices import PASSWORD, appoint, open_account, posts_of
from tests.world import World


async def sign_in(client: httpx.AsyncClient, password: str = PASSWORD, login: str = "wang.min") -> httpx.Response:
    return await client.post("/sessions/password", json={"login": login, "password": password})


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


async def test_an_account_with_a_post_beyond_the_administrators_reach_keeps_its_password(
    client: httpx.AsyncClient, world: World
) -> None:
    branch_admin = await world.staff(("administrator", 100))
    target = await world.staff(("leader", 100), ("administrator", 1))
    for body in ({"password": "another long password"}, {"disabled": True}):
        answer = await client.patch(f"/accounts/{target.id}", json=body, headers=branch_admin.auth)
        assert (answer.status_code, answer.json()["code"]) == (403, "account_outranks")
    assert (await client.get("/staff/me", headers=target.auth)).status_code == 200


async def test_an_account_is_signed_out_everywhere_by_whoever_keeps_its_posts(
    client: httpx.AsyncClient, world: World
) -> None:
    await world.staff(("administrator", 1))
    for role in ("administrator", "security_administrator"):
        keeper, target = await world.staff((role, 10)), await world.staff(("leader", 100))
        above = await world.staff(("leader", 100), ("leader", 1))
        assert (await client.delete(f"/accounts/{target.id}/sessions", headers=keeper.auth)).status_code == 204
        assert (await client.get("/staff/me", headers=target.auth)).status_code == 401
        assert (await client.get("/staff/me", headers=keeper.auth)).status_code == 200
        refused = await client.delete(f"/accounts/{above.id}/sessions", headers=keeper.auth)
        assert (refused.status_code, refused.json()["code"]) == (403, "account_outranks")
        assert (await client.get("/staff/me", headers=above.auth)).status_code == 200
        (entry,) = (await client.get("/audit?action=account.signed_out", headers=keeper.auth)).json()["items"][:1]
        assert (entry["object_id"], entry["detail"]) == (target.id, {"sessions": 1})


async def test_a_security_administrator_resets_passwords_and_disables_but_does_not_rename_or_open_accounts(
    client: httpx.AsyncClient, world: World
) -> None:
    keeper, target = await world.staff(("security_administrator", 10)), await world.staff(("leader", 100))
    path = f"/accounts/{target.id}"
    allowed: tuple[dict[str, object], ...] = (
        {"password": "another long password"},
        {"disabled": True},
        {"disabled": False},
    )
    for body in allowed:
        assert (await client.patch(path, json=body, headers=keeper.auth)).status_code == 200
    refused: tuple[dict[str, object], ...] = ({"name": "改名"}, {"name": "改名", "disabled": True})
    for body in refused:
        assert (await client.patch(path, json=body, headers=keeper.auth)).status_code == 403
    assert (await client.get("/accounts", headers=keeper.auth)).json()["items"][-1]["disabled_at"] is None
    assert (await open_account(client, keeper)).status_code == 403
