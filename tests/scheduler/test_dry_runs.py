"""A dry run shows who would get what and when, and nothing of it is ever sent, counted or published."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import func, select

from app.db.engine import Sessions, transaction
from app.messaging.models import Batch, Campaign, DryRun, Schedule, Tick
from scheduler.adapters.console import CONSOLE
from scheduler.dry_runs import find_out, forget_dry_runs
from scheduler.planner import plan_announced
from scheduler.sender import send_next
from tests.conftest import MovableClock
from tests.scheduler.scene import Scene
from tests.scheduler.scripted import Scripted
from tests.scheduler.subjects import MONDAY_8, issue_due, meeting_due
from tests.scheduler.test_occasions import keep
from tests.scheduler.test_tick import issue_state
from tests.world import Person

# The fixtures' clock stands at Monday the 16th, 10:00 in Shanghai.
NIGHT = "30 22 * * *"


@pytest.fixture
async def admin(scene: Scene) -> Person:
    """Of the committee."""
    return await scene.world.staff(("administrator", 1))


async def look(scene: Scene, scripted: Scripted | None = None) -> None:
    kinds = {"console": CONSOLE, "scripted": (scripted or Scripted()).kind}
    await find_out(scene.service.sessions, scene.service.clock())
    await plan_announced(scene.service.sessions, kinds, scene.service.clock())


async def ask(client: httpx.AsyncClient, admin: Person, schedule: int) -> str:
    asked = await client.post(f"/schedules/{schedule}/dry-runs", headers=admin.auth)
    assert (asked.status_code, asked.json()["state"]) == (202, "asked")
    return f"/schedules/{schedule}/dry-runs/{asked.json()['id']}"


async def create(client: httpx.AsyncClient, admin: Person, kind: str, cron: str, **more: object) -> int:
    body = {"organisation_id": 10, "kind": kind, "cron": cron, **more}
    made = await client.post("/schedules", json=body, headers=admin.auth)
    assert made.status_code == 201
    return int(made.json()["id"])


async def schedule_of(sessions: Sessions) -> int:
    async with transaction(sessions) as session:
        return (await session.scalars(select(Schedule.id))).one()


async def test_it_shows_when_what_and_to_whom_by_channel_and_night(
    client: httpx.AsyncClient, scene: Scene, admin: Person, clock: MovableClock
) -> None:
    ringing = Scripted(rings=True)
    loud, quiet = await scene.channel("scripted", 100), await scene.channel("console", 101)
    heard = [await scene.world.member(100) for _ in range(3)]
    silent = await scene.world.member(101)
    await scene.world.member(10)
    await keep(scene, 12, 5, "建站纪念日")
    where = await ask(client, admin, await create(client, admin, "anniversary", NIGHT))
    assert (await client.get(where, headers=admin.auth)).json()["state"] == "asked"
    await look(scene, ringing)
    shown = (await client.get(where, headers=admin.auth)).json()
    assert (shown["state"], shown["due_at"], shown["title"]) == ("done", "2026-12-05T14:30:00Z", "建站纪念日")
    assert "建站纪念日的话" in shown["body"]
    assert (shown["recipients"], shown["unreachable"], shown["expires_at"]) == (4, 1, "2026-12-05T16:00:00Z")
    assert [
        (group["channel_id"], group["not_before"], group["too_late"], group["recipients"]) for group in shown["groups"]
    ] == [(quiet, "2026-12-05T14:30:00Z", False, 1), (loud, "2026-12-06T00:00:00Z", True, 3)]
    first = (await client.get(f"{where}/members?limit=3", headers=admin.auth)).json()
    rest = (await client.get(f"{where}/members?limit=3&cursor={first['next']}", headers=admin.auth)).json()
    assert [each["member_id"] for each in first["items"] + rest["items"]] == [*heard, silent]
    assert rest["next"] is None
    assert (rest["items"][0]["organisation"], rest["items"][0]["channel"]) == ("二支部", "渠道")


async def test_nothing_of_it_is_published_sent_or_on_record(
    client: httpx.AsyncClient, scene: Scene, sessions: Sessions, clock: MovableClock
) -> None:
    clock.now = MONDAY_8 - timedelta(hours=2)
    admin = await scene.world.staff(("administrator", 1))
    await scene.channel("scripted")
    await scene.world.member(100)
    issue_id = await issue_due(scene)
    where = await ask(client, admin, await schedule_of(sessions))
    adapter = Scripted()
    await look(scene, adapter)
    shown = (await client.get(where, headers=admin.auth)).json()
    assert (shown["state"], shown["recipients"], shown["due_at"]) == ("done", 1, "2026-11-16T00:00:00Z")
    assert "第四十七周\n内容：三会一课；主题党日" in shown["body"]
    clock.now = MONDAY_8 + timedelta(hours=1)
    assert not await send_next(scene.sender(adapter), scene.stopping)
    assert adapter.members == []
    assert await issue_state(scene, issue_id) == "scheduled"
    async with transaction(sessions) as session:
        assert await session.scalar(select(func.count()).select_from(Tick)) == 0
        (schedule,) = (await session.scalars(select(Schedule))).all()
        assert schedule.next_due_at == MONDAY_8


async def test_a_leader_may_remind_in_earnest_after_a_dry_run(
    client: httpx.AsyncClient, scene: Scene, admin: Person
) -> None:
    """Else the one reminder of the day would be taken for given."""
    await scene.world.member(100)
    await issue_due(scene, "published")
    await ask(client, admin, await create(client, admin, "unfinished_reminder", "0 18 * * fri", organisation_id=100))
    await look(scene)
    leader = await scene.world.staff(("leader", 100))
    for status in (201, 409):
        answered = await client.post("/organisations/100/nudges", json={"week": "2026-W47"}, headers=leader.auth)
        assert answered.status_code == status


@pytest.mark.parametrize("kind", ["unfinished_reminder", "joining_anniversary", "hours_reminder"])
async def test_each_kind_can_be_tried(client: httpx.AsyncClient, scene: Scene, admin: Person, kind: str) -> None:
    where = await ask(client, admin, await create(client, admin, kind, "0 9 * * *"))
    await look(scene)
    shown = (await client.get(where, headers=admin.auth)).json()
    assert (shown["state"], shown["due_at"]) == ("done", "2026-11-17T01:00:00Z")
    assert shown["title"] not in ("", shown["body"])


async def test_a_reminder_of_a_meeting_can_be_tried(
    client: httpx.AsyncClient, scene: Scene, admin: Person, sessions: Sessions
) -> None:
    await meeting_due(scene, datetime(2026, 11, 18, 2, tzinfo=UTC), timedelta(hours=1))
    where = await ask(client, admin, await schedule_of(sessions))
    await look(scene)
    shown = (await client.get(where, headers=admin.auth)).json()
    assert (shown["state"], shown["due_at"], shown["title"]) == ("done", "2026-11-18T01:00:00Z", "组织生活提醒")


async def test_where_there_is_nothing_to_tell_it_says_so(
    client: httpx.AsyncClient, scene: Scene, admin: Person
) -> None:
    where = await ask(client, admin, await create(client, admin, "anniversary", "0 9 * * *"))
    await look(scene)
    assert (await client.get(where, headers=admin.auth)).json()["state"] == "nothing"


async def test_one_that_fails_says_so_and_holds_no_other_up(
    client: httpx.AsyncClient, scene: Scene, admin: Person, sessions: Sessions
) -> None:
    bad = await create(client, admin, "hours_reminder", "0 9 * * *")
    wheres = [await ask(client, admin, bad)]
    wheres.append(await ask(client, admin, await create(client, admin, "hours_reminder", "0 9 * * *")))
    async with transaction(sessions) as session:
        (await session.get_one(Schedule, bad)).timezone = "Mars/Olympus"
    await look(scene)
    assert [(await client.get(where, headers=admin.auth)).json()["state"] for where in wheres] == ["failed", "done"]


async def test_what_is_asked_twice_is_found_out_once(client: httpx.AsyncClient, scene: Scene, admin: Person) -> None:
    schedule = await create(client, admin, "hours_reminder", "0 9 * * *")
    where = await ask(client, admin, schedule)
    assert await ask(client, admin, schedule) == where
    await find_out(scene.service.sessions, scene.service.clock())
    again = (await client.post(f"/schedules/{schedule}/dry-runs", headers=admin.auth)).json()
    assert (where.endswith(f"/{again['id']}"), again["state"]) == (True, "planning")
    await look(scene)
    assert await ask(client, admin, schedule) != where


async def test_a_repeated_request_is_answered_as_the_first_was(
    client: httpx.AsyncClient, scene: Scene, admin: Person
) -> None:
    schedule = await create(client, admin, "hours_reminder", "0 9 * * *")
    headers = {**admin.auth, "Idempotency-Key": "try-1"}
    first = await client.post(f"/schedules/{schedule}/dry-runs", headers=headers)
    await look(scene)
    again = await client.post(f"/schedules/{schedule}/dry-runs", headers=headers)
    assert (again.status_code, again.json()) == (202, first.json())


async def test_after_a_day_it_is_forgotten(
    client: httpx.AsyncClient, scene: Scene, admin: Person, sessions: Sessions, clock: MovableClock
) -> None:
    await scene.channel("console")
    await scene.world.member(100)
    schedule = await create(client, admin, "hours_reminder", "0 9 * * *")
    old = await ask(client, admin, schedule)
    await look(scene)
    clock.now += timedelta(hours=24, seconds=1)
    admin = await scene.world.staff(("administrator", 1))
    young = await ask(client, admin, schedule)
    await look(scene)
    async with transaction(sessions) as session:
        await forget_dry_runs(session, clock())
    assert (await client.get(old, headers=admin.auth)).status_code == 404
    assert (await client.get(young, headers=admin.auth)).status_code == 200
    async with transaction(sessions) as session:
        for table in (DryRun, Campaign, Batch):
            assert await session.scalar(select(func.count()).select_from(table)) == 1


async def test_what_is_to_be_sent_is_planned_before_what_is_tried(
    client: httpx.AsyncClient, scene: Scene, admin: Person, sessions: Sessions
) -> None:
    await ask(client, admin, await create(client, admin, "hours_reminder", "0 9 * * *"))
    await find_out(sessions, scene.service.clock())
    earnest = await scene.campaign(state="planning")
    await scene.channel("console")
    for _ in range(2):
        await scene.world.member(100)
    await plan_announced(sessions, {"console": CONSOLE}, scene.service.clock())
    async with transaction(sessions) as session:
        (first, *_) = (await session.scalars(select(Batch).order_by(Batch.id))).all()
        assert first.campaign_id == earnest


async def test_dry_runs_are_reached_within_the_subtree_only(
    client: httpx.AsyncClient, scene: Scene, admin: Person
) -> None:
    schedule = await create(client, admin, "hours_reminder", "0 9 * * *")
    other = await create(client, admin, "hours_reminder", "0 9 * * *")
    where = await ask(client, admin, schedule)
    stranger = await scene.world.staff(("administrator", 11))
    for path in (where, f"{where}/members"):
        assert (await client.get(path, headers=stranger.auth)).status_code == 404
    assert (await client.get(where.replace(f"/{schedule}/", f"/{other}/"), headers=admin.auth)).status_code == 404


async def test_a_dry_run_that_cannot_be_planned_says_so(client: httpx.AsyncClient, scene: Scene, admin: Person) -> None:
    address = await ask(client, admin, await create(client, admin, "unfinished_reminder", "0 18 * * fri"))
    await find_out(scene.service.sessions, scene.service.clock())
    async with transaction(scene.service.sessions) as session:
        (await session.scalars(select(Campaign))).one().audience = {}
    await look(scene)
    assert (await client.get(address, headers=admin.auth)).json()["state"] == "failed"
