"""Standing reminders over the API, and due times that issues and meetings make."""

from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select, update

from app.db.engine import transaction
from app.directory.models import Organisation
from app.messaging.models import Schedule
from app.messaging.service import cancel_schedules, schedule_once
from app.messaging.times import follow_zones
from tests.conftest import MovableClock
from tests.world import Person, World

BODY = {"organisation_id": 10, "kind": "unfinished_reminder", "cron": "0 8 * * fri"}


async def create(client: httpx.AsyncClient, admin: Person, **more: object) -> httpx.Response:
    return await client.post("/schedules", json={**BODY, **more}, headers=admin.auth)


async def change(client: httpx.AsyncClient, admin: Person, schedule: int, **changes: object) -> httpx.Response:
    return await client.patch(f"/schedules/{schedule}", json=changes, headers=admin.auth)


async def test_a_standing_reminder_is_due_by_the_clock_of_its_organisation(
    client: httpx.AsyncClient, world: World
) -> None:
    async with transaction(world.service.sessions) as session:
        await session.execute(update(Organisation).where(Organisation.id == 11).values(timezone="Asia/Urumqi"))
    admin = await world.staff(("administrator", 1))
    created = await create(client, admin)
    assert created.status_code == 201
    assert created.json() == {
        "id": created.json()["id"], "organisation_id": 10, "kind": "unfinished_reminder",
        "subject_id": None, "title": "",
        "cron": "0 8 * * fri", "once_at": None, "timezone": "Asia/Shanghai", "own_zone": False,
        "late_policy": "send", "late_seconds": 3600, "enabled": True, "next_due_at": "2026-11-20T00:00:00Z",
    }  # fmt: skip
    west = (await create(client, admin, organisation_id=11)).json()
    assert (west["timezone"], west["next_due_at"]) == ("Asia/Urumqi", "2026-11-20T02:00:00Z")


@pytest.mark.parametrize(
    "cron",
    [
        "0 8 * * 1",
        "0 8 * * 1-5",
        "0 8 * * */2",
        "0 8 * * mon *",
        "0 8 1 * mon",
        "61 8 * * mon",
        "0 8 * * funday",
        "0 8 30 2 *",
    ],
)
async def test_a_rule_that_could_mean_another_day_or_never_is_refused(
    client: httpx.AsyncClient, world: World, cron: str
) -> None:
    admin = await world.staff(("administrator", 10))
    refused = await create(client, admin, cron=cron)
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_cron")
    schedule = (await create(client, admin)).json()
    assert (await change(client, admin, schedule["id"], cron=cron)).json()["code"] == "bad_cron"
    (kept,) = (await client.get("/schedules", headers=admin.auth)).json()["items"]
    assert kept == schedule


@pytest.mark.parametrize(
    "more",
    [
        {"kind": "weekly_issue"},
        {"late_seconds": 7 * 86400 + 1},
        {"late_policy": "never"},
        {"cron": "@daily pls"},
        {"cron": ""},
    ],
)
async def test_a_schedule_that_does_not_fit_is_refused(
    client: httpx.AsyncClient, world: World, more: dict[str, object]
) -> None:
    assert (await create(client, await world.staff(("administrator", 10)), **more)).status_code == 422


async def test_a_changed_rule_is_due_anew_from_now_on(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    admin = await world.staff(("administrator", 10))
    schedule = (await create(client, admin)).json()["id"]
    changed = (
        await change(client, admin, schedule, cron="30 9 * * mon-wed", late_policy="send", late_seconds=0)
    ).json()
    assert (changed["cron"], changed["next_due_at"]) == ("30 9 * * mon-wed", "2026-11-17T01:30:00Z")
    assert (changed["late_policy"], changed["late_seconds"]) == ("send", 0)
    assert (await change(client, admin, schedule, enabled=False)).json()["enabled"] is False
    untouched = (await change(client, admin, schedule)).json()
    assert (untouched["enabled"], untouched["next_due_at"]) == (False, "2026-11-17T01:30:00Z")


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"once_at": "2026-11-20T10:00:00+08:00"}, "cron_or_once"),
        ({"cron": None}, "cron_or_once"),
        ({"cron": None, "once_at": "2026-11-16T09:59:59+08:00"}, "bad_once_at"),
        ({"cron": None, "once_at": "2027-11-18T09:59:59+08:00"}, "bad_once_at"),
    ],
)
async def test_a_schedule_has_a_rhythm_or_one_time_to_come(
    client: httpx.AsyncClient, world: World, more: dict[str, object], code: str
) -> None:
    refused = await create(client, await world.staff(("administrator", 10)), **more)
    assert (refused.status_code, refused.json()["code"]) == (422, code)


async def test_one_time_and_a_rhythm_take_each_others_place(client: httpx.AsyncClient, world: World) -> None:
    admin = await world.staff(("administrator", 10))
    once = (await create(client, admin, kind="hours_reminder", cron=None, once_at="2026-11-20T10:00:00+08:00")).json()
    assert (once["cron"], once["next_due_at"]) == (None, "2026-11-20T02:00:00Z")
    rhythm = (await change(client, admin, once["id"], cron="0 8 * * fri")).json()
    assert (rhythm["once_at"], rhythm["next_due_at"]) == (None, "2026-11-20T00:00:00Z")
    again = (await change(client, admin, once["id"], once_at="2026-11-21T10:00:00+08:00")).json()
    assert (again["cron"], again["next_due_at"]) == (None, "2026-11-21T02:00:00Z")
    both = await change(client, admin, once["id"], once_at="2026-11-21T10:00:00+08:00", cron="0 8 * * fri")
    assert both.json()["code"] == "cron_or_once"


async def test_a_zone_of_its_own_stays_whatever_the_organisations_becomes(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    admin = await world.staff(("administrator", 10))
    own = (await create(client, admin, timezone="Asia/Tokyo")).json()
    assert (own["timezone"], own["own_zone"], own["next_due_at"]) == ("Asia/Tokyo", True, "2026-11-19T23:00:00Z")
    following = (await create(client, admin)).json()["id"]
    async with transaction(world.service.sessions) as session:
        await session.execute(update(Organisation).where(Organisation.id == 10).values(timezone="Asia/Urumqi"))
        await session.flush()
        assert await follow_zones(session, clock.now) == 1
    zones = {
        each["id"]: each["timezone"] for each in (await client.get("/schedules", headers=admin.auth)).json()["items"]
    }
    assert zones == {own["id"]: "Asia/Tokyo", following: "Asia/Urumqi"}
    back = (await change(client, admin, own["id"], timezone=None)).json()
    assert (back["timezone"], back["own_zone"], back["next_due_at"]) == ("Asia/Urumqi", False, "2026-11-20T02:00:00Z")
    assert (await change(client, admin, own["id"], timezone="Mars/Olympus")).status_code == 422


async def test_what_is_due_is_not_skipped_by_a_change_of_something_else(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    admin = await world.staff(("administrator", 10))
    schedule = (await create(client, admin)).json()["id"]
    clock.now += timedelta(days=4)
    admin = await world.staff(("administrator", 10))
    assert (await change(client, admin, schedule, late_seconds=60)).json()["next_due_at"] == "2026-11-20T00:00:00Z"
    await change(client, admin, schedule, enabled=False)
    on = (await change(client, admin, schedule, enabled=True)).json()
    assert on["next_due_at"] == "2026-11-27T00:00:00Z", "what came while it was off is over"


async def test_one_time_that_came_while_it_was_off_is_over(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    admin = await world.staff(("administrator", 10))
    made = (await create(client, admin, cron=None, once_at="2026-11-20T10:00:00+08:00", late_seconds=604800)).json()
    await change(client, admin, made["id"], enabled=False)
    on = (await change(client, admin, made["id"], enabled=True)).json()
    assert (on["enabled"], on["next_due_at"]) == (True, "2026-11-20T02:00:00Z")
    await change(client, admin, made["id"], enabled=False)
    clock.now += timedelta(days=4, hours=1)
    admin = await world.staff(("administrator", 10))
    on = (await change(client, admin, made["id"], enabled=True)).json()
    assert (on["enabled"], on["next_due_at"]) == (True, None)


async def test_what_is_put_away_is_out_of_the_list_and_never_due(client: httpx.AsyncClient, world: World) -> None:
    admin = await world.staff(("administrator", 10))
    schedule = (await create(client, admin)).json()["id"]
    assert (await client.delete(f"/schedules/{schedule}", headers=admin.auth)).status_code == 204
    assert (await client.get("/schedules", headers=admin.auth)).json()["items"] == []
    assert (await change(client, admin, schedule, enabled=True)).status_code == 404
    async with world.service.sessions() as session:
        row = await session.get_one(Schedule, schedule)
        assert (row.enabled, row.next_due_at) == (False, None)


async def test_what_a_meeting_made_is_only_switched_on_and_off(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    admin = await world.staff(("administrator", 10))
    async with transaction(world.service.sessions) as session:
        made = schedule_once(
            session, "meeting_reminder", organisation_id=10, subject_id=7, title="第四季度党课",
            at=clock.now + timedelta(hours=5), timezone="Asia/Shanghai", late=timedelta(hours=1), now=clock.now,
        )  # fmt: skip
    own = (await create(client, admin)).json()["id"]
    for standing, shown in (("true", own), ("false", made.id)):
        (one,) = (await client.get(f"/schedules?standing={standing}", headers=admin.auth)).json()["items"]
        assert one["id"] == shown
    off = (await change(client, admin, made.id, enabled=False)).json()
    assert (off["enabled"], off["next_due_at"]) == (False, "2026-11-16T07:00:00Z")
    assert (off["subject_id"], off["title"]) == (7, "第四季度党课")
    assert (await client.delete(f"/schedules/{made.id}", headers=admin.auth)).json()["code"] == "schedule_is_derived"
    for changes in (
        {"cron": "0 8 * * mon"}, {"late_seconds": 1}, {"late_policy": "send", "enabled": True}, {"timezone": None},
        {"once_at": "2026-11-20T10:00:00+08:00"},
    ):  # fmt: skip
        refused = await change(client, admin, made.id, **changes)
        assert (refused.status_code, refused.json()["code"]) == (409, "schedule_is_derived")


async def test_schedules_are_reached_within_the_subtree_only(client: httpx.AsyncClient, world: World) -> None:
    admin, sibling = await world.staff(("administrator", 10)), await world.staff(("administrator", 11))
    ids = [(await create(client, admin, organisation_id=organisation)).json()["id"] for organisation in (10, 100, 101)]
    assert (await create(client, admin, organisation_id=1)).status_code == 404
    assert (await change(client, sibling, ids[0], enabled=False)).status_code == 404
    assert (await client.get("/schedules", headers=sibling.auth)).json()["items"] == []
    newest = list(reversed(ids))
    first = (await client.get("/schedules?limit=2", headers=admin.auth)).json()
    rest = (await client.get(f"/schedules?cursor={first['next']}", headers=admin.auth)).json()
    assert [item["id"] for item in first["items"] + rest["items"]] == newest
    leader = await world.staff(("leader", 10))
    assert (await create(client, leader)).status_code == 403
    assert (await client.get("/schedules", headers=leader.auth)).status_code == 403


async def test_changes_of_schedules_are_on_record(client: httpx.AsyncClient, world: World) -> None:
    admin = await world.staff(("administrator", 10))
    schedule = (await create(client, admin)).json()["id"]
    await change(client, admin, schedule, enabled=False)
    changed, created = (await client.get("/audit", headers=admin.auth)).json()["items"]
    assert (created["action"], created["object_id"], created["detail"]) == (
        "schedule.created", schedule, {"kind": "unfinished_reminder", "cron": "0 8 * * fri"},
    )  # fmt: skip
    assert (changed["action"], changed["detail"]) == ("schedule.changed", {"enabled": False})


async def test_cancelling_stops_what_is_due_of_one_subject_and_keeps_what_has_fired(
    world: World, clock: MovableClock
) -> None:
    async def once(kind: str, subject: int) -> int:
        async with transaction(world.service.sessions) as session:
            made = schedule_once(
                session, kind, organisation_id=10, subject_id=subject, title="", at=clock.now, timezone="UTC",
                late=timedelta(hours=1), now=clock.now,
            )  # fmt: skip
        return made.id

    mine, fired = await once("meeting_reminder", 1), await once("meeting_reminder", 1)
    other, issue = await once("meeting_reminder", 2), await once("weekly_issue", 1)
    async with transaction(world.service.sessions) as session:
        (await session.get_one(Schedule, fired)).next_due_at = None
        await session.flush()
        await cancel_schedules(session, "meeting_reminder", 1)
    async with world.service.sessions() as session:
        rows = {row.id: (row.enabled, row.next_due_at) for row in await session.scalars(select(Schedule))}
    assert rows == {mine: (False, None), fired: (True, None), other: (True, clock.now), issue: (True, clock.now)}


async def test_of_a_day_that_never_comes_it_is_said_so(client: httpx.AsyncClient, world: World) -> None:
    admin = await world.staff(("administrator", 10))
    for cron in ("0 8 31 2 *", "0 8 31 apr,jun *"):
        refused = await create(client, admin, cron=cron)
        assert (refused.status_code, refused.json()["code"]) == (422, "bad_cron")
        assert "没有这样的日子" in refused.json()["detail"]
