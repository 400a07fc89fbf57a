"""What is due fires once, however many look, and what was missed catches up as far as it still makes sense."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select, text

from app.db.engine import Sessions, create_engine, sessionmaker, transaction
from app.library.models import Issue, Plan
from app.messaging.models import Campaign, Schedule, Tick
from app.messaging.service import ISSUE_LATE
from scheduler.tick import run_due
from tests.conftest import MovableClock
from tests.scheduler.scene import Scene
from tests.scheduler.subjects import MONDAY_8, issue_due, meeting_due


async def reminder(scene: Scene, cron: str, due: datetime, *, late: int = 3600, policy: str = "send") -> int:
    """A standing reminder of the general branch 10."""
    async with transaction(scene.service.sessions) as session:
        row = Schedule(
            organisation_id=10,
            kind="unfinished_reminder",
            cron=cron,
            timezone="Asia/Shanghai",
            late_policy=policy,
            late_seconds=late,
            enabled=True,
            next_due_at=due,
            created_at=scene.service.clock(),
        )
        session.add(row)
        await session.flush()
        return row.id


async def campaigns(scene: Scene) -> list[Campaign]:
    async with transaction(scene.service.sessions) as session:
        return list(await session.scalars(select(Campaign).order_by(Campaign.id)))


async def ticks(scene: Scene) -> list[tuple[datetime, str]]:
    async with transaction(scene.service.sessions) as session:
        rows = await session.scalars(select(Tick).order_by(Tick.due_at, Tick.id))
        return [(row.due_at, row.outcome) for row in rows]


async def next_due_at(scene: Scene) -> list[datetime | None]:
    async with transaction(scene.service.sessions) as session:
        return list(await session.scalars(select(Schedule.next_due_at).order_by(Schedule.id)))


async def issue_state(scene: Scene, issue_id: int) -> str:
    async with transaction(scene.service.sessions) as session:
        return (await session.get_one(Issue, issue_id)).state


async def test_nothing_fires_before_its_time(scene: Scene, sessions: Sessions) -> None:
    issue_id = await issue_due(scene)
    assert await run_due(sessions, MONDAY_8 - timedelta(seconds=1)) == 0
    assert await issue_state(scene, issue_id) == "scheduled"


async def test_a_due_issue_is_published_and_announced_to_its_subtree(scene: Scene, sessions: Sessions) -> None:
    issue_id = await issue_due(scene)
    assert await run_due(sessions, MONDAY_8) == 1
    assert await issue_state(scene, issue_id) == "published"
    (campaign,) = await campaigns(scene)
    assert (campaign.kind, campaign.subject_id, campaign.state) == ("weekly_issue", issue_id, "planning")
    assert campaign.audience == {
        "path": "/1/",
        "floating_only": False,
        "unfinished_week": None,
        "issue_id": issue_id,
        "joined_at": None,
        "hours_year": None,
    }
    assert campaign.event == {
        "title": "第四十七周",
        "week": "2026-W47",
        "organisation": "示范镇党委",
        "lessons": ["三会一课", "主题党日"],
        "published_at": "2026-11-16T00:00:00+00:00",
        "timezone": "Asia/Shanghai",
    }
    assert campaign.expires_at == MONDAY_8 + ISSUE_LATE
    assert await ticks(scene) == [(MONDAY_8, "fired")]
    assert await next_due_at(scene) == [None]
    assert await run_due(sessions, MONDAY_8 + timedelta(days=1)) == 0


async def test_a_due_time_fires_once_however_many_schedulers_look(
    scene: Scene, database: str, clock: MovableClock
) -> None:
    issue_id = await issue_due(scene)
    for number in range(4):
        await reminder(scene, "0 8 * * mon", MONDAY_8 + timedelta(minutes=number))
    # Each scheduler with connections of its own, as separate processes have.
    engines = [create_engine(database, pool=2) for _ in range(8)]
    try:
        handled = await asyncio.gather(
            *(run_due(sessionmaker(engine), MONDAY_8 + timedelta(minutes=5)) for engine in engines for _ in range(2))
        )
    finally:
        for engine in engines:
            await engine.dispose()
    assert sum(handled) == 5
    assert len(await campaigns(scene)) == 5
    assert [outcome for _, outcome in await ticks(scene)] == ["fired"] * 5
    assert await issue_state(scene, issue_id) == "published"


async def test_a_due_time_that_was_fired_already_only_moves_on(scene: Scene, sessions: Sessions) -> None:
    schedule_id = await reminder(scene, "0 8 * * mon", MONDAY_8)
    await run_due(sessions, MONDAY_8)
    async with transaction(sessions) as session:
        (await session.get_one(Schedule, schedule_id)).next_due_at = MONDAY_8
    assert await run_due(sessions, MONDAY_8) == 1
    assert len(await campaigns(scene)) == 1
    assert await next_due_at(scene) == [MONDAY_8 + timedelta(days=7)]


async def test_a_scheduler_that_was_down_catches_up_within_the_late_policy(scene: Scene, sessions: Sessions) -> None:
    issue_id = await issue_due(scene)
    late = MONDAY_8 + ISSUE_LATE
    assert await run_due(sessions, late) == 1
    assert await issue_state(scene, issue_id) == "published"
    assert len(await campaigns(scene)) == 1
    assert await ticks(scene) == [(MONDAY_8, "fired")]


async def test_an_issue_that_is_too_late_to_be_told_is_published_all_the_same(scene: Scene, sessions: Sessions) -> None:
    issue_id = await issue_due(scene)
    assert await run_due(sessions, MONDAY_8 + ISSUE_LATE + timedelta(seconds=1)) == 1
    assert await issue_state(scene, issue_id) == "published"
    assert await campaigns(scene) == []
    assert await ticks(scene) == [(MONDAY_8, "expired")]


async def test_every_due_time_that_a_standing_reminder_missed_is_on_record_and_only_a_late_enough_one_is_told(
    scene: Scene, sessions: Sessions
) -> None:
    await reminder(scene, "0 18 * * fri", MONDAY_8 + timedelta(hours=106))  # Friday the 20th, 18:00
    friday = datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert await run_due(sessions, friday + timedelta(days=14, minutes=30)) == 3
    assert await ticks(scene) == [
        (friday, "expired"),
        (friday + timedelta(days=7), "expired"),
        (friday + timedelta(days=14), "fired"),
    ]
    (campaign,) = await campaigns(scene)
    assert campaign.event["week"] == "2026-W49"
    assert campaign.audience["unfinished_week"] == "2026-W49"
    assert await next_due_at(scene) == [friday + timedelta(days=21)]


@pytest.mark.parametrize(
    ("policy", "late", "minutes", "outcome"),
    [
        ("send", 7200, 120, "fired"),
        ("send", 7200, 121, "expired"),
        ("expire", 7200, 2, "fired"),
        ("expire", 7200, 3, "expired"),
        ("send", 0, 2, "fired"),
    ],
)
async def test_a_reminder_is_sent_late_until_its_bound_or_at_once_or_never(
    scene: Scene, sessions: Sessions, policy: str, late: int, minutes: int, outcome: str
) -> None:
    await reminder(scene, "0 8 * * mon", MONDAY_8, policy=policy, late=late)
    await run_due(sessions, MONDAY_8 + timedelta(minutes=minutes))
    assert await ticks(scene) == [(MONDAY_8, outcome)]
    assert len(await campaigns(scene)) == (outcome == "fired")


async def test_of_several_that_were_missed_within_the_bound_only_the_last_is_told(
    scene: Scene, sessions: Sessions
) -> None:
    await reminder(scene, "0 8 * * *", MONDAY_8, late=2 * 86400)
    await run_due(sessions, MONDAY_8 + timedelta(days=3, hours=1))
    assert [outcome for _, outcome in await ticks(scene)] == ["expired", "expired", "coalesced", "fired"]
    assert len(await campaigns(scene)) == 1


async def test_the_week_of_a_reminder_is_the_one_of_the_organisations_own_calendar(
    scene: Scene, sessions: Sessions
) -> None:
    # Sunday 23:30 UTC is Monday of the next week in Shanghai.
    await reminder(scene, "30 7 * * mon", datetime(2026, 11, 15, 23, 30, tzinfo=UTC))
    await run_due(sessions, datetime(2026, 11, 15, 23, 30, tzinfo=UTC))
    (campaign,) = await campaigns(scene)
    assert campaign.event["week"] == "2026-W47"
    assert campaign.event["at"] == "2026-11-15T23:30:00+00:00"


@pytest.mark.parametrize("before", [timedelta(hours=24), timedelta(hours=1)])
async def test_a_meeting_is_reminded_of_with_its_time_and_its_link(
    scene: Scene, sessions: Sessions, before: timedelta
) -> None:
    starts_at = datetime(2026, 11, 18, 2, tzinfo=UTC)
    meeting_id = await meeting_due(scene, starts_at, before)
    await run_due(sessions, starts_at - before)
    (campaign,) = await campaigns(scene)
    assert (campaign.kind, campaign.subject_id, campaign.expires_at) == ("meeting_reminder", meeting_id, starts_at)
    assert (campaign.audience["path"], campaign.audience["floating_only"]) == ("/1/10/", True)
    assert campaign.event["join_link"] == "https://meeting.example/j/1"
    assert campaign.event["starts_at"] == "2026-11-18T02:00:00+00:00"


async def test_a_cancelled_meeting_is_not_reminded_of(scene: Scene, sessions: Sessions) -> None:
    starts_at = datetime(2026, 11, 18, 2, tzinfo=UTC)
    await meeting_due(scene, starts_at, timedelta(hours=1), cancelled=True)
    await run_due(sessions, starts_at - timedelta(hours=1))
    assert await campaigns(scene) == []
    assert [outcome for _, outcome in await ticks(scene)] == ["nothing_to_do"]


async def test_an_issue_that_was_taken_back_is_not_published(scene: Scene, sessions: Sessions) -> None:
    issue_id = await issue_due(scene, state="draft")
    await run_due(sessions, MONDAY_8)
    assert await issue_state(scene, issue_id) == "draft"
    assert await campaigns(scene) == []
    assert await ticks(scene) == [(MONDAY_8, "nothing_to_do")]


async def test_what_is_switched_off_does_not_fire(scene: Scene, sessions: Sessions) -> None:
    schedule_id = await reminder(scene, "0 8 * * mon", MONDAY_8)
    async with transaction(sessions) as session:
        (await session.get_one(Schedule, schedule_id)).enabled = False
    assert await run_due(sessions, MONDAY_8) == 0


async def test_a_schedule_that_fails_holds_up_no_other_and_is_tried_again(scene: Scene, sessions: Sessions) -> None:
    bad = await reminder(scene, "59 7 * * mon", MONDAY_8 - timedelta(minutes=1))
    async with transaction(sessions) as session:
        (await session.get_one(Schedule, bad)).timezone = "Mars/Olympus"
    issue_id = await issue_due(scene)
    assert await run_due(sessions, MONDAY_8) == 1
    assert await issue_state(scene, issue_id) == "published"
    assert await ticks(scene) == [(MONDAY_8, "fired")]
    async with transaction(sessions) as session:
        (await session.get_one(Schedule, bad)).timezone = "Asia/Shanghai"
    assert await run_due(sessions, MONDAY_8) == 1
    assert len(await campaigns(scene)) == 2


async def test_a_fault_of_the_database_is_not_taken_for_a_bad_schedule(scene: Scene, sessions: Sessions) -> None:
    await reminder(scene, "0 8 * * mon", MONDAY_8)
    async with transaction(sessions) as session:
        await session.execute(text("ALTER TABLE schedules RENAME TO gone"))
    with pytest.raises(Exception, match="schedules"):
        await run_due(sessions, MONDAY_8)


async def test_a_plan_that_fails_starves_none_behind_it_and_holds_nothing_up(scene: Scene, sessions: Sessions) -> None:
    author, now = await scene.world.staff(("editor", 10)), MONDAY_8
    issue_id = await issue_due(scene)
    async with transaction(sessions) as session:
        for organisation_id, columns in ((11, [{"weeks": "every"}]), (10, [{"title": "时政", "weeks": "every"}])):
            session.add(
                Plan(
                    organisation_id=organisation_id, title="第{week}周", columns=columns, ahead_weeks=2,
                    enabled=True, author_id=author.id, planned_until=date(2026, 11, 16), created_at=now,
                )
            )  # fmt: skip
            await session.flush()
    for _ in range(2):
        await run_due(sessions, now)
    assert await issue_state(scene, issue_id) == "published"
    async with transaction(sessions) as session:
        made = await session.execute(select(Issue.title, Issue.outline).where(Issue.plan_id.is_not(None)))
        assert sorted(tuple(row) for row in made) == [("第48周", ["时政"]), ("第49周", ["时政"])]
