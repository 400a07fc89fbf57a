"""A meeting is moved or called off while its reminder is due: nobody is told what is no longer so."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import select

from app.access.principals import CurrentStaff, HeldPost
from app.db.engine import Sessions, transaction
from app.meetings.models import Meeting
from app.meetings.schemas import MeetingPatch
from app.meetings.service import change_meeting
from app.messaging.models import Campaign, Schedule, Tick
from scheduler.tick import run_due
from tests.conftest import MovableClock
from tests.scheduler.scene import Scene
from tests.scheduler.subjects import meeting_due

STARTS = datetime(2026, 11, 18, 2, tzinfo=UTC)
REMINDED = STARTS - timedelta(hours=1)
MOVED = STARTS + timedelta(days=1)


async def reminders(sessions: Sessions, now: datetime) -> list[Campaign]:
    """Those that may still be sent."""
    async with transaction(sessions) as session:
        rows = select(Campaign).where(Campaign.kind == "meeting_reminder", Campaign.expires_at > now)
        return list(await session.scalars(rows))


async def test_a_new_time_rewrites_the_reminders_in_its_own_transaction(
    scene: Scene, sessions: Sessions, clock: MovableClock
) -> None:
    meeting_id = await meeting_due(scene, STARTS, timedelta(hours=1))
    clock.now = REMINDED
    leader = await scene.world.staff(("leader", 10))
    staff = CurrentStaff(1, leader.id, "", (HeldPost("leader", 10, "/1/10/"),))
    moved = MeetingPatch(starts_at=MOVED, ends_at=MOVED + timedelta(hours=1))
    async with transaction(sessions) as session:
        await change_meeting(session, staff, meeting_id, moved, clock.now)
        await session.flush()
        # Not committed yet: a look meanwhile leaves it alone, and does not wait.
        assert await asyncio.wait_for(run_due(sessions, clock.now), 5) == 0
    assert await run_due(sessions, clock.now) == 0
    assert await reminders(sessions, clock.now) == []
    async with transaction(sessions) as session:
        due = await session.scalars(
            select(Schedule.next_due_at).where(Schedule.next_due_at.is_not(None)).order_by(Schedule.next_due_at)
        )
        assert list(due) == [MOVED - timedelta(hours=24), MOVED - timedelta(hours=1)]


CHANGES = {
    "move": {"starts_at": MOVED.isoformat(), "ends_at": (MOVED + timedelta(hours=1)).isoformat()},
    "link": {"join_link": "https://meeting.example/j/new"},
}


@pytest.mark.parametrize("change", ["move", "link", "cancel"])
async def test_whoever_comes_first_no_reminder_is_out_of_date(
    client: httpx.AsyncClient, scene: Scene, sessions: Sessions, clock: MovableClock, change: str
) -> None:
    clock.now = REMINDED
    leader = await scene.world.staff(("leader", 10))

    async def alter(meeting_id: int, wait: float) -> httpx.Response:
        await asyncio.sleep(wait)
        if change == "cancel":
            return await client.post(f"/meetings/{meeting_id}/cancellation", headers=leader.auth)
        return await client.patch(f"/meetings/{meeting_id}", json=CHANGES[change], headers=leader.auth)

    for turn in range(8):
        meeting_id = await meeting_due(scene, STARTS, timedelta(hours=1))
        answered, *_ = await asyncio.gather(
            alter(meeting_id, 0.003 * turn), run_due(sessions, clock.now), run_due(sessions, clock.now)
        )
        assert answered.status_code == 200
        await run_due(sessions, clock.now)
        async with transaction(sessions) as session:
            meeting = await session.get_one(Meeting, meeting_id)
            outcomes = (
                await session.scalars(select(Tick.outcome).join(Schedule).where(Schedule.subject_id == meeting_id))
            ).all()
        assert outcomes in ([], ["fired"])
        live = [each for each in await reminders(sessions, clock.now) if each.subject_id == meeting_id]
        assert not live or change == "link"
        assert all(each.event["join_link"] == meeting.join_link for each in live)
