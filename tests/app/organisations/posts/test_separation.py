"""Separate duties (三员分立) hold whatever becomes of the tree, the settings and the passwords."""

import httpx
import pytest

from app.db.engine import transaction
from app.directory.models import Account
from tests.app.organisations.posts.offices import PASSWORD, appoint, open_account, put_setting, separate
from tests.world import Person, World

Change = tuple[str, dict[str, object]]
MOVE: Change = ("/organisations/100/move", {"parent_id": 11})
MERGER: Change = ("/organisations/10/merger", {"into_id": 11})
SPLIT: Change = ("/organisations/100/split", {"name": "青年支部"})


async def change(client: httpx.AsyncClient, world: World, admin: Person, what: Change) -> httpx.Response:
    path, body = what
    if path.endswith("split"):
        body = {**body, "member_ids": [await world.member(100)]}
    return await client.post(path, json=body, headers=admin.auth)


@pytest.mark.parametrize("what", [MOVE, MERGER])
async def test_nobody_leaves_them_by_a_change_of_the_tree(
    client: httpx.AsyncClient, world: World, what: Change
) -> None:
    await separate(world, 10)
    admin = await world.staff(("administrator", 1))
    keeper = await world.staff(("security_administrator", 1))
    answer = await change(client, world, admin, what)
    assert (answer.status_code, answer.json()["code"]) == (409, "separation_lost")
    # Where the duties are separate as well, there is nothing to lose.
    assert (await put_setting(client, keeper, 11, "separate_duties", True)).status_code == 200
    assert (await change(client, world, admin, what)).status_code == 200


async def test_what_is_split_off_keeps_to_the_settings_that_it_had(client: httpx.AsyncClient, world: World) -> None:
    admin, keeper = await world.staff(("administrator", 1)), await world.staff(("security_administrator", 1))
    await put_setting(client, admin, 100, "quiet_from", "18:30")
    await separate(world, 100)
    new = (await change(client, world, admin, SPLIT)).json()["id"]
    account = await world.staff(("leader", 101))
    refused = await appoint(client, admin, account.id, organisation_id=new)
    assert (refused.status_code, refused.json()["code"]) == (403, "duties_separated")
    assert (await appoint(client, keeper, account.id, organisation_id=new)).status_code == 201
    settings = (await client.get(f"/organisations/{new}/settings", headers=admin.auth)).json()["items"]
    assert {each["key"]: each["value"] for each in settings}["quiet_from"] == "18:30"


@pytest.mark.parametrize("what", [MOVE, MERGER])
async def test_no_change_of_the_tree_leaves_them_without_a_security_administrator(
    client: httpx.AsyncClient, world: World, what: Change
) -> None:
    await separate(world, 100)
    admin = await world.staff(("administrator", 1))
    await world.staff(("security_administrator", 10))
    answer = await change(client, world, admin, what)
    assert (answer.status_code, answer.json()["code"]) == (409, "no_security_administrator")
    await world.staff(("security_administrator", 1))
    assert (await change(client, world, admin, what)).status_code == 200


async def test_a_merger_brings_nobody_with_two_of_the_three_posts(client: httpx.AsyncClient, world: World) -> None:
    await separate(world, 11)
    admin = await world.staff(("administrator", 1))
    await world.staff(("security_administrator", 1))
    both = await world.staff(("administrator", 100), ("auditor", 100))
    answer = await change(client, world, admin, MERGER)
    assert (answer.status_code, answer.json()["code"]) == (409, "duties_conflict")
    assert [each["account_id"] for each in answer.json()["errors"]] == [both.id]


async def test_no_lower_organisation_opts_out(client: httpx.AsyncClient, world: World) -> None:
    admin, local = await world.staff(("administrator", 1)), await world.staff(("administrator", 100))
    await world.staff(("security_administrator", 1))
    keeper = await world.staff(("security_administrator", 100))
    assert (await put_setting(client, local, 100, "separate_duties", False)).status_code == 200
    assert (await put_setting(client, admin, 1, "separate_duties", True)).status_code == 200
    refused = await put_setting(client, keeper, 100, "separate_duties", False)
    assert (refused.status_code, refused.json()["code"]) == (409, "separate_above")
    account = await world.staff(("leader", 100))
    assert (await appoint(client, local, account.id, role="editor")).status_code == 403


async def test_whoever_gave_an_officer_their_password_cannot_act_as_them(
    client: httpx.AsyncClient, world: World
) -> None:
    await separate(world, 10)
    admin, keeper = await world.staff(("administrator", 10)), await world.staff(("security_administrator", 1))
    opened = (await open_account(client, admin)).json()["id"]
    for role in ("auditor", "security_administrator"):
        refused = await appoint(client, keeper, opened, organisation_id=10, role=role)
        assert (refused.status_code, refused.json()["code"]) == (409, "password_known")
    assert (await appoint(client, keeper, opened, organisation_id=10, role="editor")).status_code == 201
    reset = await client.patch(f"/accounts/{opened}", json={"password": PASSWORD + "!"}, headers=keeper.auth)
    assert reset.status_code == 200
    assert (await appoint(client, keeper, opened, organisation_id=10, role="auditor")).status_code == 201
    async with transaction(world.service.sessions) as session:
        assert (await session.get_one(Account, opened)).password_from == keeper.id


async def test_the_own_password_is_not_reset_by_a_session_that_was_left_open(
    client: httpx.AsyncClient, world: World
) -> None:
    admin = await world.staff(("administrator", 1))
    answer = await client.patch(f"/accounts/{admin.id}", json={"password": PASSWORD}, headers=admin.auth)
    assert (answer.status_code, answer.json()["code"]) == (409, "own_password")
