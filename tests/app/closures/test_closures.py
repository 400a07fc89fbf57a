"""What becomes of schedules, meetings and issues of an organisation that is merged or archived."""

from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select

from app.access.models import AuditEntry
from app.db.engine import transaction
from app.library.models import Issue
from app.meetings.models import Meeting
from app.messaging.models import Campaign, Schedule
from scheduler.tick import run_due
from tests.conftest import MovableClock
from tests.study import Study
from tests.world import Person, World

CLOSINGS = {
    "merger": {"into_id": 101},
    "archive": {"reason": "dissolved"},
}


async def close(client: httpx.AsyncClient, world: World, how: str) -> None:
    admin = await world.staff(("administrator", 10))
    answer = await client.post(f"/organisations/100/{how}", json=CLOSINGS[how], headers=admin.auth)
    assert answer.status_code == 200, answer.text


async def call_meeting(client: httpx.AsyncClient, leader: Person, world: World, organisation: int = 100) -> int:
    starts = world.service.clock() + timedelta(days=3)
    body = {
        "organisation_id": organisation, "kind": "members_meeting", "title": "十一月党员大会",
        "starts_at": starts.isoformat(), "ends_at": (starts + timedelta(hours=1)).isoformat(),
        "join_link": "https://meeting.example.com/1",
    }  # fmt: skip
    answer = await client.post("/meetings", json=body, headers=leader.auth)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


@pytest.mark.parametrize("how", CLOSINGS)
async def test_reminders_stop_and_those_of_others_go_on(client: httpx.AsyncClient, world: World, how: str) -> None:
    admin = await world.staff(("administrator", 10))
    for organisation in (100, 101):
        body = {"organisation_id": organisation, "kind": "unfinished_reminder", "cron": "0 9 * * fri"}
        assert (await client.post("/schedules", json=body, headers=admin.auth)).status_code == 201
    await close(client, world, how)
    async with world.service.sessions() as session:
        rows = await session.scalars(select(Schedule).order_by(Schedule.organisation_id))
        closed, other = rows.all()
        entry = await session.scalar(select(AuditEntry).where(AuditEntry.action == "organisation.closed"))
    assert (closed.enabled, closed.next_due_at) == (False, None)
    assert other.enabled
    assert other.next_due_at is not None
    assert entry is not None
    assert entry.detail == {"schedules": 1, "meetings": 0, "issues": 0}


async def test_meetings_to_come_go_over_with_their_reminders(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    leader = await world.staff(("leader", 100), ("leader", 101))
    invited = await world.signed_in_member(100, roster="floating")
    meeting = await call_meeting(client, leader, world)
    cancelled = await call_meeting(client, leader, world)
    await client.post(f"/meetings/{cancelled}/cancellation", headers=leader.auth)
    await close(client, world, "merger")
    shown = await client.get(f"/meetings/{meeting}", headers=invited.auth)
    assert (shown.status_code, shown.json()["organisation"]) == (200, "二支部")
    clock.move(days=2)
    assert await run_due(world.service.sessions, clock.now) == 1
    async with world.service.sessions() as session:
        reminder = await session.scalar(select(Campaign).where(Campaign.kind == "meeting_reminder"))
        left = await session.scalar(select(Meeting.organisation_id).where(Meeting.id == cancelled))
    assert reminder is not None
    assert (reminder.organisation_id, reminder.audience["path"]) == (101, "/1/10/101/")
    assert left == 100
    successor = await world.staff(("leader", 101))
    answer = await client.post(f"/meetings/{meeting}/cancellation", headers=successor.auth)
    assert answer.status_code == 200


async def test_meetings_to_come_are_cancelled_where_nobody_is_left(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    leader = await world.staff(("leader", 10))
    meeting, other = await call_meeting(client, leader, world), await call_meeting(client, leader, world, 101)
    await close(client, world, "archive")
    listed = (await client.get("/organisations/10/meetings", headers=leader.auth)).json()["items"]
    assert {item["id"]: item["cancelled"] for item in listed} == {meeting: True, other: False}
    clock.move(days=2)
    assert await run_due(world.service.sessions, clock.now) == 1


@pytest.mark.parametrize("how", CLOSINGS)
async def test_scheduled_issues_are_drafts_again_and_editors_above_reach_all_of_them(
    client: httpx.AsyncClient, world: World, clock: MovableClock, how: str
) -> None:
    study = await Study.build(world)
    editor = await world.staff(("editor", 10), ("reviewer", 10))
    scheduled = await study.issue(100, week="2026-W49", state="in_review")
    published = await study.issue(100, state="published")
    at = (clock.now + timedelta(days=1)).isoformat()
    moved = await client.post(
        f"/issues/{scheduled.id}/transitions", json={"to": "scheduled", "publish_at": at}, headers=editor.auth
    )
    assert moved.status_code == 200, moved.text
    await close(client, world, how)
    editor = await world.staff(("editor", 10))
    listed = (await client.get("/desk/issues", headers=editor.auth)).json()["items"]
    assert {item["id"]: item["state"] for item in listed} == {scheduled.id: "draft", published.id: "published"}
    lessons = (await client.get("/desk/lessons", headers=editor.auth)).json()["items"]
    assert sorted(item["id"] for item in lessons) == sorted(scheduled.lessons + published.lessons)
    assert (await client.get(f"/desk/issues/{scheduled.id}", headers=editor.auth)).status_code == 200
    clock.move(days=2)
    assert await run_due(world.service.sessions, clock.now) == 0
    async with world.service.sessions() as session:
        issue = await session.get_one(Issue, scheduled.id)
    assert (issue.state, issue.reviewer_id, issue.publish_at) == ("draft", None, None)


async def test_issues_of_the_merged_organisation_no_longer_apply_to_those_who_left_it(
    client: httpx.AsyncClient, world: World
) -> None:
    study = await Study.build(world)
    member = await world.signed_in_member(100)
    own, above = await study.issue(100), await study.issue(10)
    mine = (await client.get("/issues", headers=member.auth)).json()["items"]
    assert {item["id"] for item in mine} == {own.id, above.id}
    await close(client, world, "merger")
    mine = (await client.get("/issues", headers=member.auth)).json()["items"]
    assert {item["id"] for item in mine} == {above.id}


async def test_what_cannot_be_merged_changes_nothing(client: httpx.AsyncClient, world: World) -> None:
    leader, admin = await world.staff(("leader", 100)), await world.staff(("administrator", 10))
    await world.member(100)
    meeting = await call_meeting(client, leader, world)
    for how, body in (("merger", {"into_id": 10}), ("archive", {"reason": "other"})):
        answer = await client.post(f"/organisations/100/{how}", json=body, headers=admin.auth)
        assert answer.status_code == 409
    async with transaction(world.service.sessions) as session:
        found = await session.get_one(Meeting, meeting)
        assert (found.organisation_id, found.cancelled_at) == (100, None)
