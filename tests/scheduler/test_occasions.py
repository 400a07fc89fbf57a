"""What standing schedules tell, and whom: nobody who did not join on the day, nobody who has the hours."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import any_, literal, select, update

from app.db.engine import Sessions, transaction
from app.directory.models import Organisation, OrganisationSetting
from app.messaging.models import Anniversary, Batch, Campaign, Schedule, Tick
from app.messaging.render import render
from app.records.models import StudyHour
from scheduler.adapters.console import CONSOLE
from scheduler.planner import plan_announced
from scheduler.tick import run_due
from tests.scheduler.scene import Scene

MORNING = datetime(2026, 11, 16, 1, 0, tzinfo=UTC)  # Monday 09:00 in Shanghai


async def standing(scene: Scene, kind: str, due: datetime = MORNING, *, late: int = 3600) -> int:
    """A daily schedule of the general branch 10 at 09:00."""
    async with transaction(scene.service.sessions) as session:
        row = Schedule(
            organisation_id=10, kind=kind, cron="0 9 * * *", timezone="Asia/Shanghai", late_policy="send",
            late_seconds=late, enabled=True, next_due_at=due, created_at=due,
        )  # fmt: skip
        session.add(row)
        await session.flush()
        return row.id


async def keep(
    scene: Scene, month: int, day: int, name: str, *, organisation_id: int = 10, enabled: bool = True
) -> None:
    async with transaction(scene.service.sessions) as session:
        session.add(
            Anniversary(
                organisation_id=organisation_id, month=month, day=day, name=name, words=f"{name}的话", enabled=enabled,
                created_at=MORNING,
            )
        )  # fmt: skip


async def told(scene: Scene, sessions: Sessions, now: datetime) -> list[int]:
    """Who is told after a look at `now`, by id."""
    await run_due(sessions, now)
    await plan_announced(sessions, {"console": CONSOLE}, now)
    async with transaction(sessions) as session:
        return sorted(member for batch in await session.scalars(select(Batch)) for member in batch.members)


async def test_a_day_of_the_list_is_told_to_the_subtree_and_no_other_day_is(scene: Scene, sessions: Sessions) -> None:
    await scene.channel("console")
    members = [await scene.world.member(place) for place in (10, 100)]
    away = await scene.world.member(11)
    off = await scene.world.member(101, notices_off=["anniversary"])
    await keep(scene, 11, 17, "建站纪念日")
    await keep(scene, 11, 17, "旧的纪念日", enabled=False)
    await keep(scene, 11, 16, "别处的纪念日", organisation_id=1)
    await standing(scene, "anniversary")
    assert await told(scene, sessions, MORNING) == []
    found = await told(scene, sessions, MORNING + timedelta(days=1))
    assert found == members
    assert not {away, off} & set(found)
    async with transaction(sessions) as session:
        (campaign,) = (await session.scalars(select(Campaign))).all()
        assert list(await session.scalars(select(Tick.outcome).order_by(Tick.due_at))) == ["nothing_to_do", "fired"]
    message = render(campaign.kind, campaign.event, campaign.subject_id)
    assert message.title == "建站纪念日"
    assert message.body == "今天是建站纪念日。\n建站纪念日的话\n—— 东片党总支"
    assert campaign.expires_at == datetime(2026, 11, 17, 16, tzinfo=UTC)


async def test_a_greeting_is_not_told_when_its_day_is_over(scene: Scene, sessions: Sessions) -> None:
    await keep(scene, 11, 16, "纪念日")
    await standing(scene, "anniversary", late=7 * 86400)
    await run_due(sessions, MORNING + timedelta(hours=16))
    async with transaction(sessions) as session:
        assert list(await session.scalars(select(Tick.outcome))) == ["expired"]
        assert list(await session.scalars(select(Campaign))) == []


@pytest.mark.parametrize(("year", "kept"), [(2027, 28), (2028, 29)])
async def test_the_leap_day_is_kept_on_the_last_of_february(
    scene: Scene, sessions: Sessions, year: int, kept: int
) -> None:
    await scene.channel("console")
    await keep(scene, 2, 29, "闰日")
    leapling = await scene.world.member(100, joined_on="2004-02-29")
    await standing(scene, "anniversary", datetime(year, 2, 27, 1, tzinfo=UTC))
    await standing(scene, "joining_anniversary", datetime(year, 2, 27, 1, tzinfo=UTC))
    days = []
    for day in (date(year, 2, 27) + timedelta(days=number) for number in range(4)):
        await run_due(sessions, datetime(day.year, day.month, day.day, 1, tzinfo=UTC))
        await plan_announced(sessions, {"console": CONSOLE}, datetime(day.year, day.month, day.day, 1, tzinfo=UTC))
        async with transaction(sessions) as session:
            rows = await session.execute(
                select(Campaign.kind)
                .join(Batch, Batch.campaign_id == Campaign.id)
                .where(literal(leapling) == any_(Batch.members))
            )
            days.append((day.day, sorted(rows.scalars())))
    both = ["anniversary", "joining_anniversary"]
    assert next(day for day, kinds in days if kinds == both) == kept
    assert days[-1][1] == both, "once, not twice"


async def test_only_who_joined_on_this_very_day_is_greeted(scene: Scene, sessions: Sessions) -> None:
    await scene.channel("console")
    dates = ("1999-11-16", "2025-11-16", "1999-11", "1999-11-17", "1999-12-16", "2026-11-16", None)
    members = [await scene.world.member(100, joined_on=joined) for joined in dates]
    await scene.world.member(100, joined_on="2020-11-16", stage="activist")
    await scene.world.member(100, joined_on="2020-11-16", notices_off=["joining_anniversary"])
    exempt = await scene.world.member(101, joined_on="1960-11-16", exempt_reason="年老体弱")
    await standing(scene, "joining_anniversary")
    assert await told(scene, sessions, MORNING) == [*members[:2], exempt]


async def test_the_day_is_the_members_own(scene: Scene, sessions: Sessions) -> None:
    await scene.channel("console")
    # 09:00 in Shanghai is still the evening before in Hawaii.
    async with transaction(sessions) as session:
        await session.execute(update(Organisation).where(Organisation.id == 101).values(timezone="Pacific/Honolulu"))
    here = [await scene.world.member(100, joined_on=f"2001-11-{day}") for day in (15, 16)]
    there = [await scene.world.member(101, joined_on=f"2001-11-{day}") for day in (15, 16)]
    await standing(scene, "joining_anniversary")
    assert await told(scene, sessions, MORNING) == [here[1], there[0]]


async def earn(scene: Scene, member_id: int, hundredths: int, on: date) -> None:
    async with transaction(scene.service.sessions) as session:
        session.add(
            StudyHour(
                member_id=member_id, kind="class", reference=on.toordinal(), edition=1, number=1, way="attended",
                hundredths=hundredths, seconds=1, hour_seconds=2700, rules="x", earned_on=on, written_at=MORNING,
            )
        )  # fmt: skip


async def test_who_has_the_hours_that_are_asked_there_is_not_reminded_of_them(scene: Scene, sessions: Sessions) -> None:
    await scene.channel("console")
    none, short, full, last_year, lighter = [await scene.world.member(place) for place in (10, 100, 100, 100, 101)]
    await scene.world.member(100, exempt_reason="年老体弱")
    async with transaction(sessions) as session:
        for place, value in ((1, 40), (10, 32), (101, 20)):
            session.add(OrganisationSetting(organisation_id=place, key="hours_a_year", value=value, changed_at=MORNING))
    await earn(scene, short, 3199, date(2026, 1, 1))
    await earn(scene, full, 3200, date(2026, 12, 31))
    await earn(scene, last_year, 9900, date(2025, 12, 31))
    await earn(scene, lighter, 2000, date(2026, 5, 1))
    await standing(scene, "hours_reminder")
    assert await told(scene, sessions, MORNING) == [none, short, last_year]
    async with transaction(sessions) as session:
        (campaign,) = (await session.scalars(select(Campaign))).all()
    message = render(campaign.kind, campaign.event, campaign.subject_id)
    assert "2026 年的学时还没有学满（依据：《中国共产党党员教育管理工作条例》第二十条）" in message.body
