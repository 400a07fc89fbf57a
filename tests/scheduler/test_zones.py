"""Standing reminders keep to the clock of their organisation, and notices to its quiet hours, however these change."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text, update

from app.db.engine import Sessions, transaction
from app.directory.models import Organisation, OrganisationSetting
from app.messaging.models import DeliveryState, Schedule
from scheduler.planner import plan_announced
from scheduler.tick import run_due
from tests.conftest import MovableClock
from tests.scheduler.scene import Scene
from tests.scheduler.scripted import Scripted
from tests.scheduler.test_tick import campaigns, next_due_at, reminder, ticks

# Friday 08:00 in Shanghai; it is Monday 10:00 there now.
FRIDAY = datetime(2026, 11, 20, 0, 0, tzinfo=UTC)
ZONES = ("Asia/Shanghai", "Asia/Urumqi", "Asia/Tokyo", "UTC", "Europe/Berlin", "Pacific/Kiritimati", "America/Adak")


async def to_zone(scene: Scene, timezone: str, organisation_id: int = 10) -> None:
    async with transaction(scene.service.sessions) as session:
        await session.execute(update(Organisation).where(Organisation.id == organisation_id).values(timezone=timezone))


async def put(scene: Scene, organisation_id: int, **values: object) -> None:
    async with transaction(scene.service.sessions) as session:
        session.add_all(
            OrganisationSetting(organisation_id=organisation_id, key=key, value=value, changed_at=scene.service.clock())
            for key, value in values.items()
        )


async def test_a_standing_reminder_comes_at_the_same_time_of_day_by_the_new_clock(
    scene: Scene, sessions: Sessions, clock: MovableClock
) -> None:
    await reminder(scene, "0 8 * * fri", FRIDAY)
    await to_zone(scene, "Asia/Urumqi")
    assert await run_due(sessions, clock()) == 0
    assert await next_due_at(scene) == [FRIDAY + timedelta(hours=2)]
    async with sessions() as session:
        assert await session.scalar(select(Schedule.timezone)) == "Asia/Urumqi"
    assert await run_due(sessions, FRIDAY) == 0
    assert await run_due(sessions, FRIDAY + timedelta(hours=2)) == 1
    assert await next_due_at(scene) == [FRIDAY + timedelta(days=7, hours=2)]


async def test_one_that_has_come_today_does_not_come_again_when_the_clock_goes_back(
    scene: Scene, sessions: Sessions
) -> None:
    await reminder(scene, "0 8 * * *", FRIDAY)
    assert await run_due(sessions, FRIDAY) == 1
    await to_zone(scene, "Asia/Urumqi")
    at = FRIDAY
    while at < FRIDAY + timedelta(hours=25):
        at += timedelta(minutes=30)
        assert await run_due(sessions, at) == 0, "08:00 in Urumqi is two hours later, of the day that has had it"
    assert await run_due(sessions, FRIDAY + timedelta(hours=26)) == 1
    assert len(await campaigns(scene)) == 2


async def test_one_that_the_new_clock_has_left_behind_comes_the_next_time(scene: Scene, sessions: Sessions) -> None:
    await reminder(scene, "0 8 * * *", FRIDAY)
    await to_zone(scene, "Asia/Tokyo")
    now = FRIDAY - timedelta(minutes=30)  # 08:30 in Tokyo
    assert await run_due(sessions, now) == 0
    assert await next_due_at(scene) == [FRIDAY + timedelta(hours=23)]


async def test_what_is_due_already_fires_first(scene: Scene, sessions: Sessions) -> None:
    await reminder(scene, "0 8 * * *", FRIDAY, late=7200)
    await to_zone(scene, "Asia/Urumqi")
    assert await run_due(sessions, FRIDAY + timedelta(minutes=5)) == 1
    assert await ticks(scene) == [(FRIDAY, "fired")]
    assert await run_due(sessions, FRIDAY + timedelta(minutes=6)) == 0
    assert await next_due_at(scene) == [FRIDAY + timedelta(days=1, hours=2)]


async def test_a_zone_that_nobody_knows_holds_nothing_else_up(scene: Scene, sessions: Sessions) -> None:
    bad = await reminder(scene, "0 8 * * *", FRIDAY + timedelta(days=1))
    await reminder(scene, "0 8 * * *", FRIDAY)
    async with transaction(sessions) as session:
        (await session.get_one(Schedule, bad)).timezone = "Mars/Olympus"
    assert await run_due(sessions, FRIDAY) == 1


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.sampled_from(ZONES), st.integers(1, 40)), min_size=1, max_size=5))
async def test_however_often_the_clock_changes_a_reminder_is_due_at_eight_and_once_a_local_day(
    scene: Scene, sessions: Sessions, changes: list[tuple[str, int]]
) -> None:
    async with transaction(sessions) as session:
        await session.execute(text("TRUNCATE schedules, campaigns CASCADE"))
        await session.execute(text("UPDATE organisations SET timezone = 'Asia/Shanghai'"))
    await reminder(scene, "0 8 * * *", FRIDAY, policy="send")
    now, days = FRIDAY - timedelta(hours=1), []
    for zone, hours in [("Asia/Shanghai", 1), *changes]:
        await to_zone(scene, zone)
        for _ in range(hours):
            now += timedelta(hours=1)
            await run_due(sessions, now)
            async with sessions() as session:
                schedule = (await session.scalars(select(Schedule))).one()
            assert schedule.next_due_at is not None
            assert schedule.next_due_at > now
            local = schedule.next_due_at.astimezone(ZoneInfo(schedule.timezone))
            assert (local.hour, local.minute) == (8, 0)
            days.append(local.date())
    assert days == sorted(days), "no day comes a second time"


async def test_everybody_has_the_clock_and_the_quiet_hours_of_their_own_organisation(
    scene: Scene, sessions: Sessions, clock: MovableClock
) -> None:
    await put(scene, 100, quiet_from="18:00")
    await to_zone(scene, "Asia/Urumqi", 110)
    awake, _, west = [await scene.world.member(place) for place in (101, 100, 110)]
    await scene.channel()
    adapter = Scripted(rings=True)

    async def told(hour: int, minute: int) -> list[int]:
        clock.now = datetime(2026, 11, 16, hour, minute, tzinfo=UTC)
        await scene.campaign(state="planning")
        await plan_announced(sessions, {"scripted": adapter.kind}, clock.now)
        adapter.calls.clear()
        while await scene.send(adapter):
            pass
        return sorted(adapter.members)

    assert await told(10, 30) == sorted([awake, west])  # 18:30 in Shanghai
    assert await told(13, 30) == [west]  # 21:30 in Shanghai, 19:30 in Urumqi


async def test_a_batch_rests_as_a_whole_until_the_night_of_its_members_is_over(
    scene: Scene, clock: MovableClock
) -> None:
    await put(scene, 1, quiet_from="20:00", quiet_until="09:30")
    clock.now = datetime(2026, 11, 16, 12, 0, tzinfo=UTC)  # 20:00 in Shanghai
    batch_id = await scene.ready(2)
    adapter = Scripted(rings=True)
    await scene.send(adapter)
    assert adapter.calls == []
    assert (await scene.row(batch_id)).not_before == datetime(2026, 11, 17, 1, 30, tzinfo=UTC)
    clock.now = datetime(2026, 11, 17, 1, 29, tzinfo=UTC)
    assert await scene.send(adapter) is False
    clock.now = datetime(2026, 11, 17, 1, 30, tzinfo=UTC)
    assert await scene.send(adapter)
    assert set(await scene.states(batch_id)) == {DeliveryState.SENT}


@pytest.mark.parametrize(("hour", "sent"), [(12, True), (13, False)])
async def test_without_a_setting_the_night_begins_at_nine(
    scene: Scene, clock: MovableClock, hour: int, sent: bool
) -> None:
    await put(scene, 11, quiet_from="18:00")
    clock.now = datetime(2026, 11, 16, hour, 0, tzinfo=UTC)
    await scene.ready(1)
    adapter = Scripted(rings=True)
    await scene.send(adapter)
    assert bool(adapter.calls) is sent
