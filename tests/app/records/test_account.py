"""The account of hours: whatever is credited, repeated and taken back in whatever order, nothing counts twice."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text

from app.db.engine import transaction
from app.records.conversion import Conversion, hundredths
from app.records.models import StudyHour
from app.records.service import Done, append, take_back
from app.resources import Service
from tests.world import World

RULES = Conversion("test", 45 * 60, 8, 0)
LESSON = st.builds(
    Done,
    member_id=st.just(0),
    kind=st.just("lesson"),
    reference=st.sampled_from([1, 2]),
    seconds=st.sampled_from([600, 2700]),
    edition=st.sampled_from([1, 2]),
    way=st.sampled_from(["online", "paper", "home_visit"]),
)


@given(seconds=st.integers(0, 10**6), hour=st.integers(600, 7200))
def test_hours_are_the_nearest_hundredth_of_what_was_done(seconds: int, hour: int) -> None:
    earned = hundredths("lesson", seconds, Conversion("test", hour, 8, 0))
    assert abs(2 * (earned * hour - 100 * seconds)) <= hour


@pytest.mark.parametrize(("hours", "earned"), [(1, 133), (3, 400), (4, 400), (5, 667), (6, 800), (10, 800), (24, 800)])
def test_a_day_counts_eight_hours_at_most_and_half_a_day_four(hours: int, earned: int) -> None:
    assert hundredths("meeting", hours * 3600, RULES) == earned


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.booleans(), LESSON), max_size=12))
async def test_nothing_counts_twice_in_whatever_order_it_is_credited_and_taken_back(
    service: Service, world: World, steps: list[tuple[bool, Done]]
) -> None:
    member = await world.member(100)
    model: dict[tuple[int, int], tuple[str, int]] = {}
    for is_credit, step in steps:
        done = Done(member, step.kind, step.reference, step.seconds, step.edition, step.way)
        key = (done.reference, done.edition)
        async with transaction(service.sessions) as session:
            await (append if is_credit else take_back)(session, [done], service.clock())
        if is_credit:
            model.setdefault(key, (done.way, hundredths("lesson", done.seconds, RULES)))
        elif model.get(key, ("", 0))[0] == done.way:
            del model[key]
    async with transaction(service.sessions) as session:
        held = await session.scalar(
            select(func.coalesce(func.sum(StudyHour.hundredths), 0)).where(StudyHour.member_id == member)
        )
    assert held == sum(earned for _, earned in model.values())


@pytest.mark.parametrize("first", [append, take_back])
async def test_the_same_at_once_counts_once(service: Service, world: World, first: Callable[..., object]) -> None:
    member = await world.member(100)
    done = Done(member, "lesson", 1, 2700)

    async def once(act: Callable[..., object]) -> None:
        async with transaction(service.sessions) as session:
            await act(session, [done], service.clock())  # type: ignore[misc]  # one of the two coroutines

    if first is take_back:
        await once(append)
    await asyncio.gather(*(once(first) for _ in range(4)))
    async with transaction(service.sessions) as session:
        held = list(await session.scalars(select(StudyHour.hundredths).where(StudyHour.member_id == member)))
    assert held == ([100] if first is append else [100, -100])


async def test_the_year_of_an_entry_is_that_of_the_members_zone(service: Service, world: World) -> None:
    member = await world.member(100)
    evening = service.clock().replace(month=12, day=31, hour=16, minute=30)
    async with transaction(service.sessions) as session:
        await append(session, [Done(member, "lesson", 1, 2700)], evening)
        await append(session, [Done(member, "lesson", 2, 2700)], evening - timedelta(hours=1))
    async with transaction(service.sessions) as session:
        days = list(await session.scalars(select(StudyHour.earned_on).order_by(StudyHour.reference)))
    assert [str(day) for day in days] == ["2027-01-01", "2026-12-31"]


async def test_a_change_of_the_conversion_leaves_the_past_as_it_was(service: Service, world: World) -> None:
    member = await world.member(100)
    async with transaction(service.sessions) as session:
        await append(session, [Done(member, "lesson", 1, 2700)], service.clock())
        setting = text(
            "INSERT INTO organisation_settings (organisation_id, key, value, changed_at) VALUES"
            " (10, 'hour_minutes', '90', now()), (10, 'hour_rules', '\"本县2026\"', now())"
        )
        await session.execute(setting)
        await append(session, [Done(member, "lesson", 2, 2700)], service.clock())
        await take_back(session, [Done(member, "lesson", 1)], service.clock())
    async with transaction(service.sessions) as session:
        rows = await session.execute(
            select(StudyHour.hundredths, StudyHour.rules).order_by(StudyHour.reference, StudyHour.number)
        )
    assert [tuple(row) for row in rows] == [(100, "条例2019-默认"), (-100, "条例2019-默认"), (50, "本县2026")]
