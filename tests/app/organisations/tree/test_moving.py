"""Organisations that go to another superior, and members who get an organisation of their own."""

from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select, update

from app.access.models import AuditEntry
from app.db.engine import transaction
from app.directory.models import Organisation, OrganisationSetting
from tests.app.organisations.tree import paths, places
from tests.conftest import MovableClock
from tests.world import Person, World


async def move(
    client: httpx.AsyncClient, admin: Person, organisation: int, parent: int, on: str | None = None
) -> httpx.Response:
    body = {"parent_id": parent, **({"effective_on": on} if on else {})}
    return await client.post(f"/organisations/{organisation}/move", json=body, headers=admin.auth)


async def split(client: httpx.AsyncClient, admin: Person, organisation: int, **body: object) -> httpx.Response:
    return await client.post(f"/organisations/{organisation}/split", json=body, headers=admin.auth)


async def test_an_organisation_moves_with_all_below_it_and_everybody_in_it(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    admin = await world.staff(("administrator", 1))
    member, beside = await world.member(100), await world.member(110)
    group = (
        await client.post(
            "/organisations", json={"parent_id": 100, "name": "一组", "kind": "group"}, headers=admin.auth
        )
    ).json()["id"]
    below = await world.member(group)
    clock.move(hours=1)
    admin = await world.staff(("administrator", 1))
    answer = await move(client, admin, 100, 11)
    assert answer.status_code == 200
    assert answer.json() == {
        "id": 100, "parent_id": 11, "path": "/1/11/100/", "kind": "branch", "name": "一支部",
        "timezone": "Asia/Shanghai",
    }  # fmt: skip
    now = await paths(world)
    assert (now[100], now[group], now[101]) == ("/1/11/100/", f"/1/11/100/{group}/", "/1/10/101/")
    assert await places(world, member) == [("/1/10/100/", "11-16 02", "11-16 03"), ("/1/11/100/", "11-16 03", None)]
    assert await places(world, below) == [
        (f"/1/10/100/{group}/", "11-16 02", "11-16 03"),
        (f"/1/11/100/{group}/", "11-16 03", None),
    ]
    assert await places(world, beside) == [("/1/11/110/", "11-16 02", None)]
    async with world.service.sessions() as session:
        entry = await session.scalar(select(AuditEntry).where(AuditEntry.action == "organisation.moved"))
    assert entry is not None
    assert (entry.actor, entry.object_id, entry.organisation_id) == (f"account:{admin.id}", 100, 100)
    assert (entry.detail["from_parent_id"], entry.detail["to_parent_id"]) == (10, 11)


async def test_moving_to_where_it_is_changes_nothing(client: httpx.AsyncClient, world: World) -> None:
    admin = await world.staff(("administrator", 1))
    for _ in range(2):
        assert (await move(client, admin, 100, 11)).status_code == 200
    history = (await client.get("/organisations/100/history", headers=admin.auth)).json()["items"]
    assert [item["kind"] for item in history] == ["moved"]


@pytest.mark.parametrize(
    ("posts", "status"),
    [
        ([("administrator", 1)], 200),
        ([("administrator", 10), ("administrator", 11)], 200),
        ([("administrator", 10), ("leader", 1)], 404),
        ([("administrator", 11)], 404),
        ([("administrator", 100), ("administrator", 11)], 404),
        ([("leader", 1), ("security_administrator", 1)], 403),
    ],
)
async def test_who_moves_it_administers_it_and_both_superiors(
    client: httpx.AsyncClient, world: World, posts: list[tuple[str, int]], status: int
) -> None:
    assert (await move(client, await world.staff(*posts), 100, 11)).status_code == status


@pytest.mark.parametrize(
    ("organisation", "parent", "status", "code"),
    [
        (100, 100, 409, "into_itself"),
        (10, 100, 409, "into_itself"),
        (10, 11, 409, "wrong_parent"),
        (110, 100, 409, "wrong_parent"),
        (2, 1, 200, None),  # a whole tree, by whoever administers both
        (20, 1, 200, None),
        (100, 999, 404, "not_found"),
    ],
)
async def test_the_tree_stays_a_tree_and_kinds_stand_where_they_can(
    client: httpx.AsyncClient, world: World, organisation: int, parent: int, status: int, code: str | None
) -> None:
    admin = await world.staff(("administrator", 1), ("administrator", 2))
    answer = await move(client, admin, organisation, parent)
    assert (answer.status_code, answer.json().get("code")) == (status, code)
    await paths(world)


async def test_siblings_keep_different_names(client: httpx.AsyncClient, world: World) -> None:
    admin = await world.staff(("administrator", 1))
    await client.patch("/organisations/110", json={"name": "一支部"}, headers=admin.auth)
    answer = await move(client, admin, 100, 11)
    assert (answer.status_code, answer.json()["code"]) == (409, "name_taken")


async def test_practice_and_reality_do_not_mix(client: httpx.AsyncClient, world: World) -> None:
    admin = await world.staff(("administrator", 1))
    async with transaction(world.service.sessions) as session:
        await session.execute(update(Organisation).where(Organisation.id.in_([11, 110])).values(practice=True))
    for organisation, parent in ((100, 11), (110, 10)):
        answer = await move(client, admin, organisation, parent)
        assert (answer.status_code, answer.json()["code"]) == (409, "practice_boundary")
    merger = await client.post("/organisations/110/merger", json={"into_id": 100}, headers=admin.auth)
    assert merger.json()["code"] == "practice_boundary"


async def test_the_zone_of_the_new_superior_holds_unless_one_of_the_own_is_set(
    client: httpx.AsyncClient, world: World
) -> None:
    admin = await world.staff(("administrator", 1))
    for organisation, zone in ((11, "Asia/Urumqi"), (101, "Asia/Kashgar")):
        await client.patch(f"/organisations/{organisation}", json={"timezone": zone}, headers=admin.auth)
    assert (await move(client, admin, 100, 11)).json()["timezone"] == "Asia/Urumqi"
    assert (await move(client, admin, 101, 11)).json()["timezone"] == "Asia/Kashgar"
    assert (await move(client, admin, 110, 10)).json()["timezone"] == "Asia/Shanghai"


async def test_nobody_comes_to_hold_two_offices_by_a_move_to_where_duties_are_separate(
    client: httpx.AsyncClient, world: World
) -> None:
    admin = await world.staff(("administrator", 1), ("administrator", 2))
    await world.staff(("security_administrator", 1))
    await world.staff(("administrator", 20), ("auditor", 20))
    async with transaction(world.service.sessions) as session:
        session.add(
            OrganisationSetting(organisation_id=1, key="separate_duties", value=True, changed_at=world.service.clock())
        )
    answer = await move(client, admin, 20, 1)
    assert (answer.status_code, answer.json()["code"]) == (409, "duties_conflict")
    assert (await paths(world))[20] == "/2/20/"


async def test_leaders_keep_what_they_lead_and_those_above_lose_it_at_once(
    client: httpx.AsyncClient, world: World
) -> None:
    admin = await world.staff(("administrator", 1))
    own, old, new = [await world.staff(("leader", organisation)) for organisation in (100, 10, 11)]
    member = await world.signed_in_member(100)

    async def seen() -> list[int]:
        return [
            (await client.get("/organisations/100/members", headers=person.auth)).status_code
            for person in (own, old, new)
        ]

    assert await seen() == [200, 200, 404]
    await move(client, admin, 100, 11)
    assert await seen() == [200, 404, 200]
    me = await client.get("/me", headers=member.auth)
    assert me.status_code == 200


async def test_a_move_may_be_recorded_later_than_it_happened(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    member = await world.member(100)
    clock.move(days=3)
    admin = await world.staff(("administrator", 1))
    assert (await move(client, admin, 100, 11, "2026-11-18")).status_code == 200
    assert await places(world, member) == [("/1/10/100/", "11-16 02", "11-17 16"), ("/1/11/100/", "11-17 16", None)]
    later = await world.member(101)
    for organisation, parent, on, code in (
        (101, 11, "2026-11-18", "date_too_early"),  # before its member came
        (100, 10, "2026-11-17", "date_too_early"),  # before its last move
        (110, 10, "2026-11-20", "date_in_future"),
    ):
        answer = await move(client, admin, organisation, parent, on)
        assert (answer.status_code, answer.json()["code"]) == (422, code), (organisation, answer.text)
    assert (await move(client, admin, 101, 11, "2026-11-19")).status_code == 200  # today: now
    assert await places(world, later) == [("/1/11/101/", "11-19 02", None)]


async def test_where_a_superior_moved_what_is_below_has_it_in_its_history(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    admin = await world.staff(("administrator", 1), ("administrator", 2))
    await move(client, admin, 10, 2)
    clock.move(days=1)
    admin = await world.staff(("administrator", 1), ("administrator", 2))
    await move(client, admin, 100, 2)
    history = (await client.get("/organisations/100/history", headers=admin.auth)).json()
    assert [
        (item["kind"], item["effective_on"], item["before"]["superiors"], item["after"]["superiors"])
        for item in history["items"]
    ] == [
        ("moved", "2026-11-17", "邻镇党委 / 东片党总支", "邻镇党委"),
        ("moved", "2026-11-16", "示范镇党委 / 东片党总支", "邻镇党委 / 东片党总支"),
    ]
    assert history["next"] is None
    first = (await client.get("/organisations/100/history?limit=1", headers=admin.auth)).json()
    second = await client.get(f"/organisations/100/history?limit=1&cursor={first['next']}", headers=admin.auth)
    assert [first["items"][0], second.json()["items"][0]] == history["items"]
    # The dates of what is below hold for the superior: it cannot have moved in between.
    clock.move(days=3)
    admin = await world.staff(("administrator", 1), ("administrator", 2))
    await move(client, admin, 101, 2, "2026-11-18")
    answer = await move(client, admin, 10, 1, "2026-11-17")
    assert answer.status_code == 200  # 101 is below it no longer
    answer = await move(client, admin, 2, 1, "2026-11-17")
    assert answer.json()["code"] == "date_too_early"


async def test_a_split_makes_a_sibling_with_these_members(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    staying, going = await world.member(100), await world.member(100)
    clock.move(days=1)
    admin = await world.staff(("administrator", 10))
    answer = await split(client, admin, 100, name="三支部", member_ids=[going, going], effective_on="2026-11-17")
    assert answer.status_code == 201
    new = answer.json()
    assert (new["parent_id"], new["kind"], new["path"]) == (10, "branch", f"/1/10/{new['id']}/")
    assert await places(world, staying) == [("/1/10/100/", "11-16 02", None)]
    assert await places(world, going) == [("/1/10/100/", "11-16 02", "11-17 02"), (new["path"], "11-17 02", None)]
    await paths(world)
    for organisation, kind, before, after in (
        (100, "split", {}, {"organisation_id": new["id"], "organisation": "三支部", "members": 1}),
        (new["id"], "split", {"organisation_id": 100, "organisation": "一支部", "members": 1}, {}),
    ):
        item = (await client.get(f"/organisations/{organisation}/history", headers=admin.auth)).json()["items"][0]
        assert item["kind"] == kind
        for side, expected in ((item["before"], before), (item["after"], after)):
            assert {key: value for key, value in side.items() if value is not None} == expected


async def test_a_split_takes_only_who_stands_in_the_organisation_itself(
    client: httpx.AsyncClient, world: World
) -> None:
    admin = await world.staff(("administrator", 1))
    own = await world.member(100)
    gone = await world.member(100, archived_at=world.service.clock())
    for other in (await world.member(101), gone, 999):
        answer = await split(client, admin, 100, name="三支部", member_ids=[own, other])
        assert answer.status_code == 404
    assert (await split(client, admin, 100, name="二支部", member_ids=[own])).json()["code"] == "name_taken"
    assert (await split(client, admin, 100, name="新", kind="group", member_ids=[own])).json()["code"] == "wrong_parent"
    assert (await split(client, admin, 1, name="新", member_ids=[await world.member(1)])).json()[
        "code"
    ] == "top_of_tree"
    assert (await split(client, admin, 100, name="新", member_ids=[])).status_code == 422
    below = await world.staff(("administrator", 100))
    assert (await split(client, below, 100, name="新", member_ids=[own])).status_code == 404
    early = (world.service.clock() - timedelta(days=1)).date().isoformat()
    answer = await split(client, admin, 100, name="新", member_ids=[own], effective_on=early)
    assert answer.json()["code"] == "date_too_early"
    assert sorted(await paths(world)) == [1, 2, 10, 11, 20, 100, 101, 110]
