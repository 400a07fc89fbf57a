"""A whole import is taken back, while nothing stands on it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import insert, select

from app.db.engine import transaction
from app.directory.models import BindingSlip, Organisation
from app.messaging.models import Batch, Campaign
from app.organisations.imports.applying import try_lock
from app.platforms.models import Channel
from tests.app.organisations.imports import Desk, counts, person, rows
from tests.app.organisations.people import audited, later, members, places, seal_phone
from tests.security.targets import Targets, learning
from tests.world import World

ONE, OTHER = "19900000001", "19900000002"
TABLES = ("members", "placements", "organisations", "organisation_changes", "binding_slips")


@pytest.fixture
async def desk(client: httpx.AsyncClient, world: World) -> Desk:
    """An administrator of organisation 10."""
    return Desk(client, await world.staff(("administrator", 10)))


async def test_everything_is_as_it_was(desk: Desk, world: World) -> None:
    fields = {"exempt_reason": "年老体弱", "birth_month": "1950-02", "joined_on": "1980-07", "tags": ["青年"]}
    moved = await world.member(100, name="张三", **fields)
    await seal_phone(world, moved, ONE)
    # One of whom nothing is known, and one who came to where they are at the very moment of the import.
    await world.member(100, name="李四")
    await later(world, hours=1)
    await world.member(100, name="王五", birth_month="1985-07")
    before = await rows(world, *TABLES)
    seen = await desk.check(
        person("张三", "二支部", ONE, exempt="否", birth_month="1950.03", joined_on="1981.07", tags="务工",
               stage="预备党员"),
        person("李四", "一支部", OTHER, roster="流动"),
        person("王五", "二支部", birth_month="1985.07"),
        person("新来的", "九支部", "19900000003"),
        create_organisations=True,
    )  # fmt: skip
    question = await desk.question(seen["id"])
    await desk.answer(seen["id"], question["id"], question["candidates"][0]["member_id"])
    applied = (await desk.apply(seen["id"])).json()
    assert counts(applied) == (1, 3, 0, 0, 0, 1)
    assert [len(await places(world, member.id)) for member in await members(world)] == [2, 1, 1, 1]
    # A slip that nobody has used goes with its member.
    leader = await world.staff(("leader", 10))
    (new,) = applied["organisations"]
    await desk.client.post(f"/organisations/{new['id']}/binding-slips", json={}, headers=leader.auth)
    assert len((await rows(world, "binding_slips"))[0]) == 1
    undone = await desk.undo(seen["id"])
    assert (undone.status_code, undone.json()["state"]) == (200, "undone")
    after = await rows(world, *TABLES)
    # The organisation was looked at, so that it is archived and not forgotten.
    archived = [each for each in after[2] if each["id"] == new["id"]]
    assert [each["archived_at"] is not None for each in archived] == [True]
    assert [after[0], after[1], [each for each in after[2] if each["id"] != new["id"]], after[4]] == [
        before[0], before[1], before[2], [],
    ]  # fmt: skip
    assert (await desk.undo(seen["id"])).json()["state"] == "undone"
    (entry,) = await audited(world, "roster.undone")
    assert (entry.object_id, entry.detail) == (
        seen["id"], {"added": 1, "changed": 3, "organisations_removed": 1},
    )  # fmt: skip
    # It is as if it had never been: the same file does the same again.
    again = await desk.check(person("新来的", "九支部", "19900000003"), create_organisations=True)
    assert counts(again) == (1, 0, 0, 0, 0, 1)


async def test_an_organisation_that_nobody_has_seen_is_gone(desk: Desk, world: World) -> None:
    before = await rows(world, *TABLES)
    applied = await desk.bring_in(
        person("张三", "九支部"), person("李四", "第一党小组", superior="九支部"), create_organisations=True
    )
    assert applied["organisations_added"] == 2
    assert (await desk.undo(applied["id"])).status_code == 200
    assert await rows(world, *TABLES) == before


async def test_an_organisation_in_use_stays_with_what_is_above_it(desk: Desk, world: World) -> None:
    applied = await desk.bring_in(
        person("张三", "九支部"), person("李四", "第一党小组", superior="九支部"),
        person("王五", "八支部"), create_organisations=True,
    )  # fmt: skip
    found = {each["name"]: each["id"] for each in applied["organisations"]}
    await world.staff(("leader", found["第一党小组"]))
    undone = await desk.undo(applied["id"])
    assert undone.status_code == 200
    assert {each["name"]: each["stays"] for each in undone.json()["organisations"]} == {
        "九支部": True, "第一党小组": True, "八支部": False,
    }  # fmt: skip
    async with world.service.sessions() as session:
        names = set(await session.scalars(select(Organisation.name).where(Organisation.archived_at.is_(None))))
    assert {"九支部", "第一党小组"} <= names
    assert "八支部" not in names
    assert await members(world) == []


Happens = Callable[[Desk, World, int], Awaitable[Any]]


async def _bound(desk: Desk, world: World, member_id: int) -> None:
    await world.sign_in_member(member_id)


async def _slip_used(desk: Desk, world: World, member_id: int) -> None:
    now = world.service.clock()
    async with transaction(world.service.sessions) as session:
        session.add(
            BindingSlip(
                code_digest=b"-", member_id=member_id, issued_by=desk.staff.id, created_at=now, used_at=now,
                expires_at=now + timedelta(1),
            )
        )  # fmt: skip


async def _attempted(desk: Desk, world: World, member_id: int) -> None:
    targets = Targets(world, await world.staff(("editor", 10)))
    await learning.attempt(targets, 10, member_id)


async def _told(desk: Desk, world: World, member_id: int) -> None:
    now = world.service.clock()
    async with transaction(world.service.sessions) as session:
        values = {"kind": "weekly_issue", "organisation_id": 10, "subject_id": 1, "event": {}, "audience": {}}
        values |= {"state": "planning", "planned_until": 0, "recipients": 1, "unreachable": 0}
        campaign = Campaign(**values, expires_at=now, created_at=now)
        channel = Channel(
            organisation_id=10, adapter="console", name="消息页", account="-", config={}, enabled=True, created_at=now
        )
        session.add_all([campaign, channel])
        await session.flush()
        batch = {
            "campaign_id": campaign.id,
            "number": 1,
            "channel_id": channel.id,
            "organisation_id": 10,
            "members": [member_id],
            "states": b"\0",
        }
        batch |= {"first_member": member_id, "last_member": member_id, "not_before": now, "fence": 0}
        await session.execute(insert(Batch), [batch])


async def _changed(desk: Desk, world: World, member_id: int) -> None:
    body = {"stage": "applicant"}
    answer = await desk.client.patch(f"/members/{member_id}", json=body, headers=desk.staff.auth)
    assert answer.status_code == 200, answer.text


async def _moved(desk: Desk, world: World, member_id: int) -> None:
    await later(world, hours=1)
    for place in (101, 100):
        body = {"organisation_id": place}
        answer = await desk.client.post(f"/members/{member_id}/moves", json=body, headers=desk.staff.auth)
        assert answer.status_code == 200, answer.text
        await later(world, hours=1)


async def _archived(desk: Desk, world: World, member_id: int) -> None:
    body = {"reason": "deceased"}
    answer = await desk.client.post(f"/members/{member_id}/archive", json=body, headers=desk.staff.auth)
    assert answer.status_code == 200, answer.text


async def _imported_again(desk: Desk, world: World, member_id: int) -> None:
    await later(world, hours=1)
    await desk.bring_in(person("新来的", "一支部", birth_month="1985.07"))
    await desk.bring_in(person("老的", "一支部", birth_month="1985.07"))


@pytest.mark.parametrize(
    ("happens", "code"),
    [
        (_bound, "in_use"),
        (_slip_used, "in_use"),
        (_attempted, "in_use"),
        (_told, "told"),
        (_changed, "changed_since"),
        (_moved, "changed_since"),
        (_archived, "changed_since"),
        (_imported_again, "newer_import"),
    ],
)
async def test_what_stands_on_an_added_member_is_named_and_nothing_is_taken_back(
    desk: Desk, world: World, happens: Happens, code: str
) -> None:
    await world.member(100, name="老的", stage="applicant")
    applied = await desk.bring_in(
        person("新来的", "一支部"), person("另一个", "一支部"), person("老的", "一支部", stage="正式党员")
    )
    await happens(desk, world, next(each.id for each in await members(world) if each.name == "新来的"))
    before = await rows(world, *TABLES)
    refused = await desk.undo(applied["id"])
    assert (refused.status_code, refused.json()["code"]) == (409, "import_in_use")
    named = {each["name"]: each["code"] for each in refused.json()["errors"]}
    assert named["新来的"] == code
    assert set(named) <= {"新来的", "老的"}
    assert all("一支部" in each["detail"] for each in refused.json()["errors"])
    assert await rows(world, *TABLES) == before
    assert (await desk.ask("GET", f"/imports/{applied['id']}"))["state"] == "applied"


@pytest.mark.parametrize("happens", [_changed, _moved, _archived])
async def test_a_changed_member_who_changed_again_stays(desk: Desk, world: World, happens: Happens) -> None:
    member_id = await world.member(100, name="老的", stage="probationary_member")
    applied = await desk.bring_in(person("老的", "一支部", stage="正式党员"))
    await happens(desk, world, member_id)
    refused = await desk.undo(applied["id"])
    assert [each["code"] for each in refused.json()["errors"]] == ["changed_since"]


@pytest.mark.parametrize("happens", [_bound, _slip_used, _attempted, _told])
async def test_what_a_changed_member_does_meanwhile_is_their_own(desk: Desk, world: World, happens: Happens) -> None:
    member_id = await world.member(100, name="老的", stage="applicant")
    applied = await desk.bring_in(person("老的", "一支部", stage="正式党员"))
    await happens(desk, world, member_id)
    assert (await desk.undo(applied["id"])).status_code == 200
    (member,) = await members(world)
    assert member.stage == "applicant"


@pytest.mark.parametrize("gone", [True, False])
async def test_nobody_goes_back_to_where_nothing_is(desk: Desk, world: World, gone: bool) -> None:
    member_id = await world.member(100, name="老的")
    await seal_phone(world, member_id, ONE)
    applied = await desk.bring_in(person("老的", "二支部", ONE))
    admin = await world.staff(("administrator", 1))
    body = {"reason": "dissolved"} if gone else {"parent_id": 11}
    answer = await desk.client.post(
        f"/organisations/100/{'archive' if gone else 'move'}", json=body, headers=admin.auth
    )
    assert answer.status_code == 200, answer.text
    refused = await desk.undo(applied["id"])
    assert [each["code"] for each in refused.json()["errors"]] == ["nowhere_to_go"]


async def test_imports_are_taken_back_from_the_newest(desk: Desk, world: World) -> None:
    before = await rows(world, "members", "placements")
    first = await desk.bring_in(person("张三", "一支部"))
    await later(world, hours=1)
    second = await desk.bring_in(person("张三", "一支部", ONE))
    # One that found everything as it is stands in nobody's way.
    await desk.bring_in(person("张三", "一支部", ONE))
    assert (await desk.undo(first["id"])).status_code == 409
    assert (await desk.undo(second["id"])).status_code == 200
    assert (await desk.undo(first["id"])).status_code == 200
    assert await rows(world, "members", "placements") == before


async def test_who_was_moved_and_counted_where_they_are_is_not_put_back_behind_the_figures(
    desk: Desk, world: World
) -> None:
    member_id = await world.member(100, name="老的")
    await seal_phone(world, member_id, ONE)
    changed = await world.member(100, name="另一个", stage="applicant")
    await later(world, hours=1)
    applied = await desk.bring_in(person("老的", "二支部", ONE), person("另一个", "一支部", stage="正式党员"))
    before = await places(world, member_id)
    await later(world, days=7)
    refused = await desk.undo(applied["id"])
    assert [(each["member_id"], each["code"]) for each in refused.json()["errors"]] == [
        (member_id, "moved_and_counted"),
    ]  # fmt: skip
    assert "转回" in refused.json()["errors"][0]["detail"]
    assert [vars(each).get("until_at") for each in await places(world, member_id)] == [each.until_at for each in before]
    # Who only changed was counted where they always were.
    other = await desk.bring_in(person("另一个", "一支部", stage="预备党员"))
    await later(world, days=7)
    assert (await desk.undo(other["id"])).status_code == 200
    assert next(each.stage for each in await members(world) if each.id == changed) == "full_member"


async def test_the_thirty_days_begin_when_it_was_applied(desk: Desk, world: World) -> None:
    seen = await desk.check(person("张三", "一支部"))
    await later(world, days=29)
    assert (await desk.apply(seen["id"])).status_code == 200
    await later(world, days=29)
    # Another upload deletes what is kept no longer, and no more than that.
    await desk.check(person("李四", "一支部"))
    assert (await desk.undo(seen["id"])).status_code == 200
    assert await members(world) == []


async def test_only_what_was_applied_is_taken_back_and_not_for_ever(desk: Desk, world: World) -> None:
    seen = await desk.check(person("张三", "一支部"))
    assert (await desk.undo(seen["id"])).json()["code"] == "import_not_applied"
    await desk.apply(seen["id"])
    await later(world, days=31)
    assert (await desk.undo(seen["id"])).json()["code"] == "undo_expired"
    assert len(await members(world)) == 1


async def test_two_at_once_do_not_wait_for_each_other(desk: Desk, world: World) -> None:
    applied = await desk.bring_in(person("张三", "一支部"))
    async with transaction(world.service.sessions) as session:
        assert await try_lock(session)
        assert (await desk.undo(applied["id"])).json()["code"] == "another_import"
    answers = await asyncio.gather(*(desk.undo(applied["id"]) for _ in range(2)))
    assert {each.status_code for each in answers} <= {200, 409}
    assert await members(world) == []


async def test_somebody_bound_at_the_last_moment_keeps_their_member(
    desk: Desk, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    applied = await desk.bring_in(person("张三", "一支部"))
    (member,) = await members(world)

    async def look_before(*_: object) -> None:
        await world.sign_in_member(member.id)

    monkeypatch.setattr("app.organisations.imports.undoing._check_free", look_before)
    assert (await desk.undo(applied["id"])).json()["code"] == "import_in_use"
    assert len(await members(world)) == 1
