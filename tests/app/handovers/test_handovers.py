"""Handovers: no gap, no overlap, and the successor finds what is open."""

from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select, update

from app.db.engine import transaction
from app.directory.models import BindingRequest, Post, WechatUser
from app.library.models import Issue
from app.meetings.models import Meeting
from app.organisations.imports.models import RosterImport
from tests.app.organisations.posts.offices import post_of, separate
from tests.conftest import MovableClock
from tests.security.targets import Targets, learning, library, people
from tests.world import Person, World


async def hand_over(client: httpx.AsyncClient, keeper: Person, post: int, to: Person, **more: object) -> httpx.Response:
    return await client.post(f"/posts/{post}/handover", json={"to_account_id": to.id, **more}, headers=keeper.auth)


async def leads(client: httpx.AsyncClient, person: Person) -> bool:
    return (await client.get("/organisations/100/members", headers=person.auth)).status_code == 200


async def test_the_successor_begins_when_the_predecessor_ends(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    keeper = await world.staff(("security_administrator", 10))
    old, new = await world.staff(("leader", 100)), await world.staff(("editor", 101))
    post = await post_of(world, old, "leader")
    clock.move(minutes=1)
    at = clock.now + timedelta(minutes=10)
    answer = await hand_over(client, keeper, post, new, from_at=at.isoformat())
    assert answer.status_code == 201
    made = answer.json()["post"]
    assert (made["account_id"], made["organisation_id"], made["role"], made["acting"]) == (new.id, 100, "leader", False)
    assert answer.json()["open_matters"] == []
    for _ in range(3):
        assert await leads(client, old) is (clock.now < at)
        assert await leads(client, new) is (clock.now >= at)
        clock.move(minutes=5)
    async with world.service.sessions() as session:
        rows = dict((await session.execute(select(Post.account_id, Post.until_at).where(Post.role == "leader"))).all())
        began = await session.scalar(select(Post.from_at).where(Post.id == made["id"]))
    assert rows == {old.id: at, new.id: None}
    assert began == at
    (entry,) = (await client.get("/audit?action=post.handed_over", headers=keeper.auth)).json()["items"]
    assert entry["detail"] == {
        "role": "leader", "at": at.isoformat(), "new_post_id": made["id"],
        "from_account_id": old.id, "to_account_id": new.id,
    }  # fmt: skip


async def test_who_holds_a_post_sees_what_is_open_under_it_and_nobody_elses(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    leader, other = await world.staff(("leader", 100)), await world.staff(("leader", 100))
    own, theirs = await post_of(world, leader, "leader"), await post_of(world, other, "leader")
    await client.post(
        "/organisations/100/binding-slips", json={"member_ids": [await world.member(100)]}, headers=leader.auth
    )
    answer = await client.get(f"/posts/{own}/open-matters", headers=leader.auth)
    assert [(each["kind"], each["count"]) for each in answer.json()["items"]] == [("binding_slips", 1)]
    assert (await client.get(f"/posts/{theirs}/open-matters", headers=leader.auth)).status_code == 404
    async with transaction(world.service.sessions) as session:
        (await session.get_one(Post, own)).until_at = clock.now + timedelta(minutes=1)
    clock.move(minutes=1)
    assert (await client.get(f"/posts/{own}/open-matters", headers=leader.auth)).status_code == 404


async def test_a_handover_takes_place_at_once_unless_a_time_is_given(client: httpx.AsyncClient, world: World) -> None:
    admin = await world.staff(("administrator", 10))
    old, new = await world.staff(("leader", 100)), await world.staff(("editor", 101))
    until_at = world.service.clock() + timedelta(days=30)
    answer = await hand_over(
        client, admin, await post_of(world, old, "leader"), new, acting=True, until_at=until_at.isoformat()
    )
    assert (answer.status_code, answer.json()["post"]["acting"]) == (201, True)
    assert (await leads(client, old), await leads(client, new)) == (False, True)


async def test_a_handover_that_would_leave_a_gap_or_reach_back_is_refused_and_changes_nothing(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    admin = await world.staff(("administrator", 10))
    old, new = await world.staff(("leader", 100)), await world.staff(("leader", 100), ("editor", 101))
    free = await world.staff(("editor", 101))
    elsewhere, away = await world.staff(("editor", 11)), await world.staff(("editor", 101))
    await client.patch(f"/accounts/{away.id}", json={"disabled": True}, headers=admin.auth)
    post = await post_of(world, old, "leader")
    ends = clock.now + timedelta(minutes=20)
    await client.patch(f"/posts/{post}", json={"until_at": ends.isoformat()}, headers=admin.auth)
    past, late = (clock.now - timedelta(seconds=1)).isoformat(), (ends + timedelta(seconds=1)).isoformat()
    for successor, more, refused in (
        (free, {"from_at": past}, (422, "bad_period")),
        (free, {"from_at": late}, (422, "bad_period")),
        (free, {"acting": True}, (422, "acting_needs_end")),
        (new, {}, (409, "post_exists")),
        (away, {}, (409, "account_disabled")),
        (elsewhere, {}, (404, "not_found")),
    ):
        answer = await hand_over(client, admin, post, successor, **more)
        assert (answer.status_code, answer.json()["code"]) == refused
        assert await leads(client, old)
        assert not await leads(client, free)
    assert (await hand_over(client, admin, post, free, from_at=ends.isoformat())).status_code == 201
    clock.move(minutes=20)
    again = await hand_over(client, admin, post, away)
    assert (again.status_code, again.json()["code"]) == (409, "post_over")


async def test_the_last_administrator_hands_over_and_the_tree_is_never_without_one(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    old, new = await world.staff(("administrator", 1)), await world.staff(("leader", 1))
    post = await post_of(world, old, "administrator")
    at = clock.now + timedelta(minutes=10)
    assert (await hand_over(client, old, post, new, from_at=at.isoformat())).status_code == 201
    for _ in range(3):
        administer = [(await client.get("/channels", headers=each.auth)).status_code == 200 for each in (old, new)]
        assert administer == [clock.now < at, clock.now >= at]
        clock.move(minutes=5)


async def test_posts_are_handed_over_by_whoever_may_give_them(client: httpx.AsyncClient, world: World) -> None:
    await separate(world, 10)
    admin, keeper = await world.staff(("administrator", 10)), await world.staff(("security_administrator", 10))
    old, auditor = await world.staff(("administrator", 100)), await world.staff(("auditor", 101))
    post = await post_of(world, old, "administrator")
    for who, to, code in (
        (admin, auditor, "duties_separated"),
        (keeper, auditor, "duties_conflict"),
        (keeper, keeper, "own_post"),
    ):
        assert (await hand_over(client, who, post, to)).json()["code"] == code
    own = await post_of(world, keeper, "security_administrator")
    successor = await world.staff(("leader", 101))
    assert (await hand_over(client, keeper, own, successor)).status_code == 201, "one's own is given away"


async def matters(client: httpx.AsyncClient, keeper: Person, post: int) -> dict[str, tuple[int, list[str]]]:
    answer = await client.get(f"/posts/{post}/open-matters", headers=keeper.auth)
    assert answer.status_code == 200
    return {each["kind"]: (each["count"], each["titles"]) for each in answer.json()["items"]}


async def request_binding(world: World, member_id: int) -> None:
    now = world.service.clock()
    async with transaction(world.service.sessions) as session:
        user = WechatUser(appid="wx-test", openid=f"asks-{member_id}", created_at=now)
        session.add(user)
        await session.flush()
        session.add(
            BindingRequest(
                wechat_user_id=user.id, member_id=member_id, reason="shared_phone", state="open", created_at=now
            )
        )


async def add_import(world: World, organisation_id: int, account_id: int, state: str, name: str) -> None:
    now = world.service.clock()
    async with transaction(world.service.sessions) as session:
        session.add(
            RosterImport(
                organisation_id=organisation_id, account_id=account_id, actor=f"account:{account_id}", file_name=name,
                digest=b"-", state=state, adds_organisations=False, create_organisations=False, columns={}, counts={},
                organisations=[], created_at=now, heartbeat_at=now,
            )
        )  # fmt: skip


async def test_a_leaders_open_matters_are_counted_and_name_nobody(client: httpx.AsyncClient, world: World) -> None:
    admin, leader = await world.staff(("administrator", 1)), await world.staff(("leader", 10))
    targets = await Targets.build(world)
    post = await post_of(world, leader, "leader")
    assert await matters(client, admin, post) == {}
    for place in (100, 101, 11):
        await people.slip(targets, place)
        await request_binding(world, await world.member(place, name="某某某"))
        await add_import(world, place, leader.id, "checked", f"名册{place}.xlsx")
        await learning.awaiting_note(targets, place)
    await add_import(world, 10, leader.id, "applied", "旧.xlsx")
    await add_import(world, 10, admin.id, "checked", "别人的.xlsx")
    meetings = [await learning.meeting(targets, 100) for _ in range(8)]
    async with transaction(world.service.sessions) as session:
        mine = update(Meeting).where(Meeting.id.in_(meetings[:-1])).values(created_by=leader.id)
        await session.execute(mine)
        past, gone = meetings[:2]
        await session.execute(
            update(Meeting).where(Meeting.id == past).values(starts_at=world.service.clock() - timedelta(hours=1))
        )
        await session.execute(update(Meeting).where(Meeting.id == gone).values(cancelled_at=world.service.clock()))
        titles = list(await session.scalars(select(Meeting.title).where(Meeting.id.in_(meetings[2:-1])).order_by("id")))
    answer = await client.get(f"/posts/{post}/open-matters", headers=admin.auth)
    assert "某某某" not in answer.text
    assert await matters(client, admin, post) == {
        "binding_requests": (2, []),
        "binding_slips": (2, []),
        "meetings": (5, titles),
        "notes_to_review": (2, []),
        "roster_imports": (2, ["名册100.xlsx", "名册101.xlsx"]),
    }
    lower = await post_of(world, await world.staff(("leader", 110)), "leader")
    assert await matters(client, admin, lower) == {}
    other = await world.staff(("administrator", 11))
    assert (await client.get(f"/posts/{post}/open-matters", headers=other.auth)).status_code == 404


@pytest.mark.parametrize("acting", [False, True])
async def test_the_successor_edits_and_hands_in_what_the_predecessor_has_drafted(
    client: httpx.AsyncClient, world: World, acting: bool
) -> None:
    admin = await world.staff(("administrator", 10))
    old, new = await world.staff(("editor", 10)), await world.staff(("leader", 10))
    reviewer = await world.staff(("reviewer", 10))
    targets = await Targets.build(world)
    targets.author = old
    draft, waiting = await library.issue(targets, 100, "draft"), await library.issue(targets, 10, "in_review")
    await library.issue(targets, 10, "scheduled")
    async with world.service.sessions() as session:
        found = await session.execute(select(Issue.id, Issue.title))
        titles: dict[int, str] = dict(found.all())
    until_at = (world.service.clock() + timedelta(days=30)).isoformat() if acting else None
    post = await post_of(world, old, "editor")
    answer = await hand_over(client, admin, post, new, acting=acting, until_at=until_at)
    assert {each["kind"]: each["count"] for each in answer.json()["open_matters"]} == {
        "issues_authored": 2,
        "issues_scheduled": 1,
    }
    reviewing = await matters(client, admin, await post_of(world, reviewer, "reviewer"))
    assert reviewing["issues_to_review"] == (1, [titles[waiting]])
    changed = await client.patch(f"/issues/{draft}", json={"title": "接任后改过"}, headers=new.auth)
    assert changed.status_code == 200
    path, body = f"/issues/{draft}/transitions", {"to": "in_review"}
    assert (await client.post(path, json=body, headers=old.auth)).status_code == 403, "who has gone does not"
    assert (await client.post(path, json=body, headers=new.auth)).status_code == 200
    passed = await client.post(path, json={"to": "scheduled"}, headers=reviewer.auth)
    assert passed.status_code == 200
    assert passed.json()["author"]["id"] == old.id, "who has written it has written it"
