"""Organisations that are merged or archived, and brought back."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from app.access.models import AuditEntry
from app.db.engine import transaction
from app.directory.models import Account, BindingSlip, Post
from tests.app.organisations.tree import paths, places
from tests.conftest import MovableClock
from tests.world import Person, World


async def merge(client: httpx.AsyncClient, admin: Person, organisation: int, into: int, **more: object) -> Any:
    body = {"into_id": into, **more}
    return await client.post(f"/organisations/{organisation}/merger", json=body, headers=admin.auth)


async def archive(client: httpx.AsyncClient, admin: Person, organisation: int, **more: object) -> Any:
    body = {"reason": "dissolved", **more}
    return await client.post(f"/organisations/{organisation}/archive", json=body, headers=admin.auth)


async def restore(client: httpx.AsyncClient, admin: Person, organisation: int) -> Any:
    return await client.post(f"/organisations/{organisation}/restoration", headers=admin.auth)


async def create(client: httpx.AsyncClient, admin: Person, parent: int, name: str, kind: str = "group") -> int:
    body = {"parent_id": parent, "name": name, "kind": kind}
    return int((await client.post("/organisations", json=body, headers=admin.auth)).json()["id"])


async def test_everybody_and_everything_below_goes_over_to_the_other(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    admin = await world.staff(("administrator", 1))
    group = await create(client, admin, 100, "一组")
    gone = await create(client, admin, 100, "二组")
    await archive(client, admin, gone)
    member, below, there = [await world.member(place) for place in (100, group, 110)]
    left = await world.member(100, archived_at=clock.now, archive_reason="deceased")
    clock.move(minutes=5)
    answer = await merge(client, admin, 100, 110)
    assert (answer.status_code, answer.json()["id"]) == (200, 110)
    now = await paths(world)
    assert 100 not in now
    assert now[group] == f"/1/11/110/{group}/"
    assert await places(world, member) == [("/1/10/100/", "11-16 02", "11-16 02"), ("/1/11/110/", "11-16 02", None)]
    assert (await places(world, below))[1][0] == f"/1/11/110/{group}/"
    assert await places(world, there) == [("/1/11/110/", "11-16 02", None)]
    assert await places(world, left) == []
    (row,) = [
        item
        for item in (await client.get("/organisations?archived=true", headers=admin.auth)).json()["items"]
        if item["id"] == 100
    ]
    assert (row["archive_reason"], row["merged_into_id"], row["name"]) == ("merged", 110, "一支部")
    # What was archived below it goes along, so that it can be brought back under the one that lives.
    assert (await restore(client, admin, gone)).json()["path"] == f"/1/11/110/{gone}/"
    assert (await client.get("/organisations/100", headers=admin.auth)).status_code == 404
    for organisation, side, other in ((100, "after", "三支部"), (110, "before", "一支部")):
        history = (await client.get(f"/organisations/{organisation}/history", headers=admin.auth)).json()["items"]
        assert (history[0]["kind"], history[0][side]["organisation"], history[0][side]["members"]) == (
            "merged", other, 1,
        )  # fmt: skip


async def test_posts_end_with_the_organisation_and_those_elsewhere_do_not(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    admin = await world.staff(("administrator", 10))
    leader = await world.staff(("leader", 100), ("leader", 101))
    async with transaction(world.service.sessions) as session:
        session.add(
            Post(
                account_id=leader.id, organisation_id=100, role="editor", from_at=clock.now + timedelta(days=9),
                until_at=clock.now + timedelta(days=10),
            )
        )  # fmt: skip
        session.add(
            Post(
                account_id=leader.id, organisation_id=100, role="reviewer", from_at=clock.now - timedelta(days=9),
                until_at=clock.now - timedelta(days=1),
            )
        )  # fmt: skip
    clock.move(minutes=1)
    assert (await merge(client, admin, 100, 101)).status_code == 200
    async with world.service.sessions() as session:
        posts = await session.execute(select(Post.role, Post.organisation_id, Post.until_at).order_by(Post.id))
        ended = {(role, where): until for role, where, until in posts if role != "administrator"}
        entries = await session.scalars(select(AuditEntry).where(AuditEntry.action == "post.ended"))
        account = await session.get_one(Account, leader.id)
        assert (len(entries.all()), account.organisation_id) == (2, 101)
    assert ended == {
        ("leader", 100): clock.now,
        ("editor", 100): clock.now,
        ("reviewer", 100): clock.now - timedelta(days=1, minutes=1),
        ("leader", 101): None,
    }
    assert (await restore(client, admin, 100)).status_code == 200
    me = (await client.get("/staff/me", headers=leader.auth)).json()
    assert [post["organisation_id"] for post in me["posts"]] == [101]


async def test_binding_and_living_slips_stay_valid(client: httpx.AsyncClient, world: World) -> None:
    admin, leader = await world.staff(("administrator", 10)), await world.staff(("leader", 100))
    bound, waiting = await world.signed_in_member(100), await world.member(100)
    slips = await client.post("/organisations/100/binding-slips", json={"member_ids": [waiting]}, headers=leader.auth)
    assert slips.status_code == 201, slips.text
    assert (await merge(client, admin, 100, 101)).status_code == 200
    async with world.service.sessions() as session:
        slip = (await session.scalars(select(BindingSlip))).one()
        assert (slip.member_id, slip.voided_at) == (waiting, None)
    assert (await client.get("/me", headers=bound.auth)).json()["organisation_id"] == 101


@pytest.mark.parametrize(
    ("organisation", "into", "status", "code"),
    [
        (100, 110, 200, None),
        (10, 11, 200, None),
        (100, 20, 200, None),
        (100, 10, 409, "kind_differs"),
        (10, 100, 409, "into_itself"),
        (100, 100, 409, "into_itself"),
        (2, 1, 409, "top_of_tree"),
        (100, 999, 404, "not_found"),
    ],
)
async def test_only_like_is_merged_with_like(
    client: httpx.AsyncClient, world: World, organisation: int, into: int, status: int, code: str | None
) -> None:
    admin = await world.staff(("administrator", 1), ("administrator", 2))
    answer = await merge(client, admin, organisation, into)
    assert (answer.status_code, answer.json().get("code")) == (status, code)
    await paths(world)


@pytest.mark.parametrize(
    ("posts", "into", "status"),
    [
        ([("administrator", 100), ("administrator", 101)], 101, 404),
        ([("administrator", 10)], 110, 404),
        ([("administrator", 10), ("administrator", 110)], 110, 200),
    ],
)
async def test_who_merges_administers_the_superior_and_where_it_goes(
    client: httpx.AsyncClient, world: World, posts: list[tuple[str, int]], into: int, status: int
) -> None:
    assert (await merge(client, await world.staff(*posts), 100, into)).status_code == status
    assert (await archive(client, await world.staff(("administrator", 101)), 101)).status_code == 404


async def test_namesakes_below_stand_in_the_way_by_name(client: httpx.AsyncClient, world: World) -> None:
    admin = await world.staff(("administrator", 1))
    for parent in (100, 101):
        for name in ("一组", "二组"):
            await create(client, admin, parent, name)
    answer = await merge(client, admin, 100, 101)
    assert (answer.status_code, answer.json()["code"]) == (409, "name_taken")
    assert "「一组」" in answer.json()["detail"]
    assert "「二组」" in answer.json()["detail"]


async def test_a_subordinate_may_have_the_name_of_what_is_merged_away(client: httpx.AsyncClient, world: World) -> None:
    admin = await world.staff(("administrator", 1))
    upper = await create(client, admin, 1, "机关党委", "committee")
    inner = await create(client, admin, upper, "机关党委", "branch")
    assert (await merge(client, admin, upper, 1)).status_code == 200
    assert (await paths(world))[inner] == f"/1/{inner}/"


async def test_a_merger_may_be_recorded_later_than_it_happened(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    first, late = await world.member(100), await world.member(101)
    clock.move(days=3)
    admin = await world.staff(("administrator", 10))
    later = await world.member(100)
    assert (await merge(client, admin, 100, 101, effective_on="2026-11-18")).json()["code"] == "date_too_early"
    await client.post(f"/members/{later}/archive", json={"reason": "duplicate"}, headers=admin.auth)
    assert (await merge(client, admin, 100, 101, effective_on="2026-11-18")).status_code == 200
    assert await places(world, first) == [("/1/10/100/", "11-16 02", "11-17 16"), ("/1/10/101/", "11-17 16", None)]
    assert await places(world, late) == [("/1/10/101/", "11-16 02", None)]
    (row,) = (await client.get("/organisations?archived=true", headers=admin.auth)).json()["items"]
    assert row["archived_at"] == clock.now.isoformat().replace("+00:00", "Z")
    (item,) = (await client.get("/organisations/100/history", headers=admin.auth)).json()["items"]
    assert item["effective_on"] == "2026-11-18"


async def test_only_an_empty_organisation_is_archived(client: httpx.AsyncClient, world: World) -> None:
    admin = await world.staff(("administrator", 1))
    await world.member(10)
    answer = await archive(client, admin, 10)
    assert (answer.status_code, answer.json()["code"]) == (409, "not_empty")
    assert "1 名党员、2 个下级" in answer.json()["detail"]
    assert (await archive(client, admin, 1)).json()["code"] == "top_of_tree"
    await world.member(100, archived_at=world.service.clock())
    answer = await archive(client, admin, 100, reason="other")
    assert answer.status_code == 200
    assert (answer.json()["archive_reason"], answer.json()["merged_into_id"]) == ("other", None)
    assert (await archive(client, admin, 100)).status_code == 404
    (item,) = (await client.get("/organisations/100/history", headers=admin.auth)).json()["items"]
    assert (item["kind"], item["after"]["reason"]) == ("archived", "other")
    assert (await archive(client, admin, 101, reason="merged")).status_code == 422


async def test_an_archived_organisation_comes_back_empty_within_thirty_days(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    admin = await world.staff(("administrator", 1))
    member = await world.member(100)
    await merge(client, admin, 100, 101)
    clock.move(days=29, hours=23)
    admin = await world.staff(("administrator", 1))
    answer = await restore(client, admin, 100)
    assert answer.status_code == 200
    assert answer.json()["path"] == "/1/10/100/"
    assert "仍在那里" in answer.json()["detail"]
    assert (await places(world, member))[-1][0] == "/1/10/101/"
    assert (await restore(client, admin, 100)).json()["code"] == "not_archived"
    (row,) = [
        item for item in (await client.get("/organisations", headers=admin.auth)).json()["items"] if item["id"] == 100
    ]
    assert row["path"] == "/1/10/100/"
    history = (await client.get("/organisations/100/history", headers=admin.auth)).json()["items"]
    assert [item["kind"] for item in history] == ["restored", "merged"]
    await archive(client, admin, 100)
    clock.move(days=30)
    admin = await world.staff(("administrator", 1))
    assert (await restore(client, admin, 100)).json()["code"] == "too_late_to_restore"


async def test_what_comes_back_needs_a_living_superior_and_a_free_name(client: httpx.AsyncClient, world: World) -> None:
    admin = await world.staff(("administrator", 1))
    await archive(client, admin, 110)
    await archive(client, admin, 11)
    assert (await restore(client, admin, 110)).json()["code"] == "parent_archived"
    assert (await restore(client, admin, 11)).status_code == 200
    await create(client, admin, 11, "三支部", "branch")
    assert (await restore(client, admin, 110)).json()["code"] == "name_taken"
    assert (await restore(client, admin, 999)).status_code == 404
    assert (await restore(client, await world.staff(("administrator", 110)), 110)).status_code == 403
    assert (
        await restore(client, await world.staff(("administrator", 110), ("administrator", 20)), 110)
    ).status_code == 404


async def test_no_post_comes_back_not_even_one_that_was_given_during_the_archive(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    admin, leader = await world.staff(("administrator", 1)), await world.staff(("leader", 100))
    await archive(client, admin, 100)
    async with transaction(world.service.sessions) as session:
        await session.execute(update(Post).where(Post.account_id == leader.id).values(until_at=None))
    await restore(client, admin, 100)
    assert (await client.get("/organisations", headers=leader.auth)).status_code == 403


async def test_archived_organisations_are_listed_within_reach(client: httpx.AsyncClient, world: World) -> None:
    admin = await world.staff(("administrator", 1))
    await archive(client, admin, 110)
    await archive(client, admin, 100)
    for post, seen in (
        (("leader", 1), [100, 110]),
        (("editor", 10), [100]),
        (("leader", 11), [110]),
        (("leader", 2), []),
    ):
        staff = await world.staff(post)
        answer = await client.get("/organisations?archived=true", headers=staff.auth)
        assert [item["id"] for item in answer.json()["items"]] == seen
        living = await client.get("/organisations", headers=staff.auth)
        assert not {100, 110} & {item["id"] for item in living.json()["items"]}


@pytest.mark.parametrize("what", ["merger", "archive", "restoration", "split"])
async def test_a_retried_request_hears_the_same_answer(client: httpx.AsyncClient, world: World, what: str) -> None:
    admin = await world.staff(("administrator", 1))
    if what == "restoration":
        await archive(client, admin, 100)
    bodies: dict[str, dict[str, object]] = {
        "merger": {"into_id": 101},
        "archive": {"reason": "dissolved"},
        "split": {"name": "新支部", "member_ids": [await world.member(100)] if what == "split" else []},
    }
    headers = {**admin.auth, "Idempotency-Key": "once"}
    answers = [
        await client.post(f"/organisations/100/{what}", json=bodies.get(what), headers=headers) for _ in range(2)
    ]
    assert answers[0].status_code in (200, 201)
    assert (answers[0].status_code, answers[0].json()) == (answers[1].status_code, answers[1].json())
