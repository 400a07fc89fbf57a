"""The tree over the API: who sees and changes what."""

import httpx
import pytest

from app.access.models import AuditEntry
from app.db.engine import transaction
from app.errors import Conflict
from app.organisations.tree.service import create_root
from tests.world import World


async def test_staff_see_the_subtrees_of_all_their_posts_page_by_page(client: httpx.AsyncClient, world: World) -> None:
    staff = await world.staff(("reviewer", 10), ("editor", 20))
    seen: list[int] = []
    cursor: str | None = "1"
    while cursor is not None:
        answer = await client.get(f"/organisations?limit=2&cursor={cursor}", headers=staff.auth)
        assert answer.status_code == 200
        seen += [item["id"] for item in answer.json()["items"]]
        cursor = answer.json()["next"]
    assert seen == [10, 20, 100, 101]


async def test_staff_without_a_post_and_members_see_no_organisations(client: httpx.AsyncClient, world: World) -> None:
    nobody = await world.staff()
    member = await world.signed_in_member(100)
    assert (await client.get("/organisations", headers=nobody.auth)).status_code == 403
    assert (await client.get("/organisations", headers=member.auth)).status_code == 401


@pytest.mark.parametrize(("organisation", "status"), [(10, 200), (100, 200), (1, 404), (11, 404), (2, 404), (999, 404)])
async def test_one_organisation_is_shown_within_reach_only(
    client: httpx.AsyncClient, world: World, organisation: int, status: int
) -> None:
    staff = await world.staff(("editor", 10))
    answer = await client.get(f"/organisations/{organisation}", headers=staff.auth)
    assert answer.status_code == status


async def test_a_new_organisation_stands_under_its_parent(client: httpx.AsyncClient, world: World) -> None:
    admin = await world.staff(("administrator", 10))
    body = {"parent_id": 10, "name": " 四支部 ", "kind": "branch"}
    created = await client.post("/organisations", json=body, headers=admin.auth)
    assert created.status_code == 201
    new = created.json()
    assert new == {
        "id": new["id"], "parent_id": 10, "path": f"/1/10/{new['id']}/", "kind": "branch", "name": "四支部",
        "timezone": "Asia/Shanghai",
    }  # fmt: skip
    log = (await client.get("/audit", headers=admin.auth)).json()["items"][0]
    assert (log["action"], log["object_id"], log["actor"]) == ("organisation.created", new["id"], f"account:{admin.id}")
    assert (await client.post("/organisations", json=body, headers=admin.auth)).json()["code"] == "name_taken"


@pytest.mark.parametrize(
    ("parent", "kind", "status"),
    [
        (1, "committee", 201),
        (1, "general_branch", 201),
        (1, "branch", 201),
        (1, "group", 409),
        (10, "branch", 201),
        (10, "general_branch", 409),
        (10, "committee", 409),
        (100, "group", 201),
        (100, "branch", 409),
    ],
)
async def test_a_kind_stands_only_where_it_can(
    client: httpx.AsyncClient, world: World, parent: int, kind: str, status: int
) -> None:
    admin = await world.staff(("administrator", 1))
    body = {"parent_id": parent, "name": "新组织", "kind": kind}
    answer = await client.post("/organisations", json=body, headers=admin.auth)
    assert answer.status_code == status
    assert status == 201 or answer.json()["code"] == "wrong_parent"


@pytest.mark.parametrize("parent", [1, 11, 2])
async def test_nothing_is_added_or_renamed_out_of_reach(client: httpx.AsyncClient, world: World, parent: int) -> None:
    admin = await world.staff(("administrator", 10), ("leader", 1))
    body = {"parent_id": parent, "name": "新组织", "kind": "branch"}
    assert (await client.post("/organisations", json=body, headers=admin.auth)).status_code == 404
    renamed = await client.patch(f"/organisations/{parent}", json={"name": "改名"}, headers=admin.auth)
    assert renamed.status_code == 404


async def test_only_administrators_change_the_tree(client: httpx.AsyncClient, world: World) -> None:
    leader = await world.staff(("leader", 1), ("editor", 1), ("reviewer", 1))
    body = {"parent_id": 1, "name": "新组织", "kind": "branch"}
    assert (await client.post("/organisations", json=body, headers=leader.auth)).status_code == 403
    assert (await client.patch("/organisations/10", json={"name": "改名"}, headers=leader.auth)).status_code == 403


async def test_an_organisation_is_renamed_and_moved_to_another_time_zone(
    client: httpx.AsyncClient, world: World
) -> None:
    admin = await world.staff(("administrator", 10))
    change = {"name": "第一支部", "timezone": "Asia/Urumqi"}
    answer = await client.patch("/organisations/100", json=change, headers=admin.auth)
    assert answer.status_code == 200
    assert (await client.get("/organisations/100", headers=admin.auth)).json() == answer.json()
    assert answer.json()["name"] == "第一支部"
    assert answer.json()["timezone"] == "Asia/Urumqi"
    taken = await client.patch("/organisations/100", json={"name": "二支部"}, headers=admin.auth)
    assert (taken.status_code, taken.json()["code"]) == (409, "name_taken")


@pytest.mark.parametrize(
    "zone",
    [
        "Asia/Nowhere", "Asia", "../etc/passwd", "+08:00", "A" * 65, "Asia/Shanghai\n", "",
        # Python opens these, and PostgreSQL does not, or they mean nothing.
        "localtime", "posixrules", "right/UTC", "posix/Asia/Shanghai", "Factory",
    ],
)  # fmt: skip
async def test_an_unknown_time_zone_is_refused(client: httpx.AsyncClient, world: World, zone: str) -> None:
    admin = await world.staff(("administrator", 10))
    answer = await client.patch("/organisations/100", json={"timezone": zone}, headers=admin.auth)
    assert answer.status_code == 422


async def test_a_sub_organisation_starts_in_its_parents_time_zone(client: httpx.AsyncClient, world: World) -> None:
    admin = await world.staff(("administrator", 10))
    await client.patch("/organisations/10", json={"timezone": "Asia/Urumqi"}, headers=admin.auth)
    body = {"parent_id": 10, "name": "四支部", "kind": "branch"}
    assert (await client.post("/organisations", json=body, headers=admin.auth)).json()["timezone"] == "Asia/Urumqi"


async def test_the_first_set_up_makes_the_top_of_a_tree_once(world: World) -> None:
    now = world.service.clock()
    async with transaction(world.service.sessions) as session:
        root = await create_root(session, "新镇党委", now)
    assert (root.path, root.parent_id, root.kind) == (f"/{root.id}/", None, "committee")
    async with world.service.sessions() as session:
        entry = await session.get(AuditEntry, 1)
        assert entry is not None
        assert (entry.actor, entry.object_id) == ("system", root.id)
        with pytest.raises(Conflict):
            await create_root(session, "新镇党委", now)


async def test_a_new_name_may_be_older_than_its_record(client: httpx.AsyncClient, world: World) -> None:
    admin = await world.staff(("administrator", 10))
    change = {"name": "第一支部", "from_on": "2026-11-02"}
    assert (await client.patch("/organisations/100", json=change, headers=admin.auth)).status_code == 200
    await client.patch("/organisations/100", json={"name": "第一支部", "from_on": "2026-11-03"}, headers=admin.auth)
    (item,) = (await client.get("/organisations/100/history", headers=admin.auth)).json()["items"]
    assert (item["kind"], item["effective_on"]) == ("renamed", "2026-11-02")
    assert (item["before"]["name"], item["after"]["name"]) == ("一支部", "第一支部")
    tomorrow = {"name": "别名", "from_on": "2026-11-17"}
    refused = await client.patch("/organisations/100", json=tomorrow, headers=admin.auth)
    assert (refused.status_code, refused.json()["code"]) == (422, "date_in_future")


async def test_nothing_happens_to_an_organisation_before_it_is_there(client: httpx.AsyncClient, world: World) -> None:
    admin = await world.staff(("administrator", 10))
    body = {"parent_id": 10, "name": "新支部", "kind": "branch"}
    new = (await client.post("/organisations", json=body, headers=admin.auth)).json()["id"]
    path, on = f"/organisations/{new}", "1990-01-01"
    for answer in (
        await client.patch(path, json={"name": "更新支部", "from_on": on}, headers=admin.auth),
        await client.post(f"{path}/archive", json={"reason": "dissolved", "effective_on": on}, headers=admin.auth),
        await client.post(f"{path}/merger", json={"into_id": 101, "effective_on": on}, headers=admin.auth),
        await client.post("/organisations/101/merger", json={"into_id": new, "effective_on": on}, headers=admin.auth),
    ):
        assert (answer.status_code, answer.json()["code"]) == (422, "date_too_early")
        assert "成立" in answer.json()["detail"]


async def test_a_name_that_was_given_up_by_an_archived_organisation_is_free(
    client: httpx.AsyncClient, world: World
) -> None:
    admin = await world.staff(("administrator", 10))
    assert (
        await client.post("/organisations/101/archive", json={"reason": "dissolved"}, headers=admin.auth)
    ).status_code == 200
    answer = await client.patch("/organisations/100", json={"name": "二支部"}, headers=admin.auth)
    assert answer.status_code == 200
