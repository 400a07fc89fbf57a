"""Security administrators, auditors, and separate duties (三员分立)."""

from datetime import timedelta

import httpx
import pytest

from app.access.duties import DutiesSeparated
from app.organisations.posts.duties import DutiesConflict
from app.organisations.posts.schemas import PostIn
from app.organisations.posts.service import appoint as appoint_in
from app.organisations.settings.service import put_setting as put_the_setting
from tests.app.organisations.posts.offices import appoint, post_of, put_setting, separate
from tests.app.organisations.tree.test_races import in_order, staff_of
from tests.conftest import MovableClock
from tests.world import Person, World


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_a_security_administrator_gives_and_ends_posts_within_reach(
    client: httpx.AsyncClient, world: World
) -> None:
    keeper, holder = await world.staff(("security_administrator", 10)), await world.staff(("editor", 100))
    for role in ("leader", "administrator", "security_administrator", "auditor"):
        made = await appoint(client, keeper, holder.id, role=role)
        assert made.status_code == 201
        assert (
            await client.patch(f"/posts/{made.json()['id']}", json={"until_at": None}, headers=keeper.auth)
        ).is_success
        assert (await client.delete(f"/posts/{made.json()['id']}", headers=keeper.auth)).status_code == 204
        assert (await appoint(client, keeper, holder.id, organisation_id=1, role=role)).status_code == 404
        assert (await appoint(client, keeper, holder.id, organisation_id=11, role=role)).status_code == 404


async def test_a_security_administrator_does_not_appoint_themselves(client: httpx.AsyncClient, world: World) -> None:
    keeper = await world.staff(("security_administrator", 10))
    assert refusal(await appoint(client, keeper, keeper.id)) == (403, "own_post")
    admin = await world.staff(("administrator", 10))
    assert (await appoint(client, admin, admin.id)).status_code == 201, "an administrator does, by default"


async def test_a_security_administrator_does_not_prolong_their_own_post(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    top, keeper = await world.staff(("security_administrator", 1)), await world.staff(("security_administrator", 10))
    own = await post_of(world, keeper, "security_administrator")
    soon, later = (clock.now + timedelta(hours=each) for each in (1, 2))
    shorter = await client.patch(f"/posts/{own}", json={"until_at": soon.isoformat()}, headers=keeper.auth)
    assert shorter.status_code == 200
    longer = await client.patch(f"/posts/{own}", json={"until_at": later.isoformat()}, headers=keeper.auth)
    assert refusal(longer) == (403, "own_post")
    by_another = await client.patch(f"/posts/{own}", json={"until_at": later.isoformat()}, headers=top.auth)
    assert by_another.status_code == 200


async def test_an_auditor_reads_the_log_and_nothing_of_people(client: httpx.AsyncClient, world: World) -> None:
    auditor = await world.staff(("auditor", 10))
    for path in ("/audit", "/audit.xlsx"):
        assert (await client.get(path, headers=auditor.auth)).status_code == 200
    for path in ("/accounts", "/posts", "/members", "/channels", "/schedules", "/organisations/10/completion"):
        assert (await client.get(path, headers=auditor.auth)).status_code == 403


async def keepers(world: World) -> tuple[Person, Person, Person]:
    """An administrator, a security administrator and a leader of 10, where duties are separate."""
    await separate(world, 10)
    return (
        await world.staff(("administrator", 10)),
        await world.staff(("security_administrator", 10)),
        await world.staff(("leader", 100)),
    )


async def test_separate_duties_take_posts_passwords_and_the_log_from_administrators(
    client: httpx.AsyncClient, world: World
) -> None:
    admin, keeper, leader = await keepers(world)
    post = await post_of(world, leader, "leader")

    async def tried(person: Person) -> list[int]:
        made = await appoint(client, person, leader.id, role="editor")
        answers = [
            made,
            await client.patch(f"/posts/{post}", json={"until_at": None}, headers=person.auth),
            await client.patch(f"/accounts/{leader.id}", json={"password": "a quite long one"}, headers=person.auth),
            await client.patch(f"/accounts/{leader.id}", json={"disabled": False}, headers=person.auth),
            await client.delete(f"/accounts/{leader.id}/sessions", headers=person.auth),
            await client.delete(f"/posts/{post}", headers=person.auth),
        ]
        assert all(refusal(each) == (403, "duties_separated") for each in answers if each.status_code >= 400)
        return [each.status_code for each in answers]

    assert await tried(admin) == [403] * 6
    assert (await client.get("/audit", headers=admin.auth)).json()["items"] == []
    assert await tried(keeper) == [201, 200, 200, 200, 204, 204]
    assert (await client.get("/audit", headers=keeper.auth)).json()["items"]
    assert (await client.get("/posts", headers=admin.auth)).json()["items"], "who is who is no secret"
    renamed = await client.patch(f"/accounts/{leader.id}", json={"name": "改名"}, headers=admin.auth)
    assert renamed.status_code == 200


async def test_separate_duties_end_where_an_organisation_below_has_them_off(
    client: httpx.AsyncClient, world: World
) -> None:
    await separate(world, 10)
    await separate(world, 100, False)
    admin = await world.staff(("administrator", 1))
    below, beside = await world.staff(("editor", 100)), await world.staff(("editor", 101))
    assert (await appoint(client, admin, below.id)).status_code == 201
    assert refusal(await appoint(client, admin, beside.id, organisation_id=101)) == (403, "duties_separated")
    assert (await appoint(client, admin, beside.id, organisation_id=11)).status_code == 201
    seen = {entry["organisation_id"] for entry in (await client.get("/audit", headers=admin.auth)).json()["items"]}
    assert seen == {11, 100}


async def test_a_password_is_not_reset_by_an_administrator_where_one_post_is_under_separate_duties(
    client: httpx.AsyncClient, world: World
) -> None:
    await separate(world, 101)
    admin = await world.staff(("administrator", 10))
    target = await world.staff(("leader", 100), ("leader", 101))
    answer = await client.patch(f"/accounts/{target.id}", json={"password": "a quite long one"}, headers=admin.auth)
    assert refusal(answer) == (403, "account_outranks")


@pytest.mark.parametrize("held", ["administrator", "auditor"])
@pytest.mark.parametrize("where", [1, 10, 100])
async def test_nobody_is_given_two_of_the_three_duties(
    client: httpx.AsyncClient, world: World, held: str, where: int
) -> None:
    await separate(world, 1)
    top = await world.staff(("security_administrator", 1))
    other = "auditor" if held == "administrator" else "administrator"
    holder = await world.staff((held, where))
    for role in (other, "security_administrator"):
        for place in (1, 10, 100, 110):
            refused = await appoint(client, top, holder.id, organisation_id=place, role=role)
            assert refusal(refused) == (409, "duties_conflict")
            assert holder.name in refused.json()["detail"]
    assert (await appoint(client, top, holder.id, organisation_id=101, role=held)).status_code == 201, "the same twice"
    assert (await appoint(client, top, holder.id, organisation_id=101, role="leader")).status_code == 201


async def test_two_duties_one_after_the_other_are_no_conflict_and_neither_in_two_trees(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    await separate(world, 1)
    top = await world.staff(("security_administrator", 1), ("security_administrator", 2))
    holder = await world.staff(("editor", 100))
    ends = (clock.now + timedelta(days=1)).isoformat()
    first = await appoint(client, top, holder.id, role="auditor", until_at=ends)
    assert first.status_code == 201
    assert refusal(await appoint(client, top, holder.id, role="administrator")) == (409, "duties_conflict")
    assert (await appoint(client, top, holder.id, role="administrator", from_at=ends)).status_code == 201
    longer = await client.patch(f"/posts/{first.json()['id']}", json={"until_at": None}, headers=top.auth)
    assert refusal(longer) == (409, "duties_conflict")
    assert (await appoint(client, top, holder.id, organisation_id=2, role="security_administrator")).status_code == 201


async def test_duties_are_not_separated_while_somebody_holds_two_of_them(
    client: httpx.AsyncClient, world: World
) -> None:
    admin = await world.staff(("administrator", 1))
    refused = await put_setting(client, admin, 10, "separate_duties", True)
    assert refusal(refused) == (409, "no_security_administrator")
    await world.staff(("security_administrator", 1))
    both = await world.staff(("administrator", 1), ("auditor", 100))
    await world.staff(("administrator", 11), ("auditor", 110))
    await world.staff(("administrator", 2), ("auditor", 2))
    refused = await put_setting(client, admin, 10, "separate_duties", True)
    assert refusal(refused) == (409, "duties_conflict")
    assert refused.json()["errors"] == [
        {"account_id": both.id, "account": both.name, "roles": ["administrator", "auditor"]}
    ]
    (shown,) = [
        each
        for each in (await client.get("/organisations/10/settings", headers=admin.auth)).json()["items"]
        if each["key"] == "separate_duties"
    ]
    assert shown["value"] is False
    ended = await client.delete(f"/posts/{await post_of(world, both, 'auditor')}", headers=admin.auth)
    assert ended.status_code == 204
    assert (await put_setting(client, admin, 10, "separate_duties", True)).status_code == 200


async def test_who_loses_by_separate_duties_does_not_switch_them_off(client: httpx.AsyncClient, world: World) -> None:
    admin, keeper, _ = await keepers(world)
    for where in (10, 100):
        refused = await put_setting(client, admin, where, "separate_duties", False)
        assert refusal(refused) == (403, "duties_separated")
    dropped = await client.delete("/organisations/10/settings/separate_duties", headers=admin.auth)
    assert refusal(dropped) == (403, "duties_separated")
    assert (await put_setting(client, keeper, 10, "separate_duties", False)).status_code == 200
    assert (await put_setting(client, admin, 10, "separate_duties", True)).status_code == 200
    assert (await client.delete("/organisations/10/settings/separate_duties", headers=keeper.auth)).status_code == 200


async def test_the_last_security_administrator_stays_while_duties_are_separate(
    client: httpx.AsyncClient, world: World
) -> None:
    _, keeper, _ = await keepers(world)
    own = await post_of(world, keeper, "security_administrator")
    assert refusal(await client.delete(f"/posts/{own}", headers=keeper.auth)) == (409, "last_security_administrator")
    disabled = await client.patch(f"/accounts/{keeper.id}", json={"disabled": True}, headers=keeper.auth)
    assert refusal(disabled) == (409, "last_security_administrator")
    await world.staff(("security_administrator", 1))
    assert (await client.delete(f"/posts/{own}", headers=keeper.auth)).status_code == 204


async def test_an_appointment_waits_for_a_switch_that_has_not_committed(world: World) -> None:
    admin = await staff_of(world, ("administrator", 1))
    await world.staff(("security_administrator", 1))
    holder = await world.staff(("auditor", 100))
    now = world.service.clock()
    body = PostIn(account_id=holder.id, organisation_id=100, role="administrator")
    with pytest.raises(DutiesSeparated):
        await in_order(
            world.service.sessions,
            lambda session: put_the_setting(session, admin, 10, "separate_duties", True, now),
            lambda session: appoint_in(session, admin, body, now),
        )


async def test_a_switch_waits_for_an_appointment_that_has_not_committed(world: World) -> None:
    admin = await staff_of(world, ("administrator", 1))
    await world.staff(("security_administrator", 1))
    holder = await world.staff(("auditor", 100))
    now = world.service.clock()
    body = PostIn(account_id=holder.id, organisation_id=100, role="administrator")
    with pytest.raises(DutiesConflict):
        await in_order(
            world.service.sessions,
            lambda session: appoint_in(session, admin, body, now),
            lambda session: put_the_setting(session, admin, 10, "separate_duties", True, now),
        )
