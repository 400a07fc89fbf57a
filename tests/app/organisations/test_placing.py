"""Where members stand over time: nobody is in two places at once, and the path is that of the time."""

import asyncio
import itertools
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text, update
from sqlalchemy.exc import IntegrityError

from app.db.engine import transaction
from app.directory.models import Member, Organisation, OrganisationChange, Placement
from app.organisations.placing import CROSSED, TooEarly, displace_members, place_members
from tests.app.organisations.tree import paths, places
from tests.conftest import MovableClock
from tests.world import World


async def place(world: World, member: int, organisation: int | None, at: datetime) -> None:
    async with transaction(world.service.sessions) as session:
        await place_members(session, [member], organisation, at)


async def displace(world: World, member: int, at: datetime) -> None:
    async with transaction(world.service.sessions) as session:
        await displace_members(session, [member], at)
        await session.execute(update(Member).where(Member.id == member).values(archived_at=at))


async def test_a_move_ends_one_place_and_begins_the_next(world: World, clock: MovableClock) -> None:
    member = await world.member(100)
    await place(world, member, 101, clock.move(hours=1))
    await place(world, member, 101, clock.move(hours=1))  # is there already
    assert await places(world, member) == [("/1/10/100/", "11-16 02", "11-16 03"), ("/1/10/101/", "11-16 03", None)]


async def test_what_begins_and_ends_at_one_moment_was_never_there(world: World, clock: MovableClock) -> None:
    member = await world.member(100)
    at = clock.move(hours=1)
    for organisation in (101, 110):
        await place(world, member, organisation, at)
    assert await places(world, member) == [("/1/10/100/", "11-16 02", "11-16 03"), ("/1/11/110/", "11-16 03", None)]


async def test_nobody_leaves_before_they_came(world: World, clock: MovableClock) -> None:
    member = await world.member(100)
    for change in (
        place(world, member, 101, clock.now - 2 * CROSSED),
        displace(world, member, clock.now - 2 * CROSSED),
    ):
        with pytest.raises(TooEarly):
            await change
    assert await places(world, member) == [("/1/10/100/", "11-16 02", None)]
    async with world.service.sessions() as session:
        assert (await session.get_one(Member, member)).organisation_id == 100


async def test_who_was_archived_does_not_come_back_earlier(world: World, clock: MovableClock) -> None:
    member = await world.member(100)
    await displace(world, member, clock.move(hours=2))
    with pytest.raises(TooEarly):
        await place(world, member, 100, clock.now - timedelta(hours=1))
    await place(world, member, 100, clock.now)
    assert await places(world, member) == [("/1/10/100/", "11-16 02", "11-16 04"), ("/1/10/100/", "11-16 04", None)]


async def test_times_that_crossed_while_requests_waited_are_put_in_order(world: World, clock: MovableClock) -> None:
    member = await world.member(100)
    late = clock.move(hours=1)
    await place(world, member, 101, late)
    await place(world, member, 110, late - timedelta(seconds=1))
    assert await places(world, member) == [("/1/10/100/", "11-16 02", "11-16 03"), ("/1/11/110/", "11-16 03", None)]


async def test_a_place_that_begins_before_its_organisation_moved_has_both_paths(
    world: World, clock: MovableClock
) -> None:
    member = await world.member(110)
    for hours, before in ((3, "/2/100/"), (5, "/1/100/")):
        async with transaction(world.service.sessions) as session:
            session.add(
                OrganisationChange(
                    organisation_id=100, kind="moved", effective_at=clock.now + timedelta(hours=hours),
                    recorded_at=clock.now, actor="system", before={"path": before}, after={},
                )
            )  # fmt: skip
    begins = clock.now + timedelta(hours=1)
    await place(world, member, 100, begins)
    assert await places(world, member) == [
        ("/1/11/110/", "11-16 02", "11-16 03"),
        ("/2/100/", "11-16 03", "11-16 05"),
        ("/1/100/", "11-16 05", "11-16 07"),
        ("/1/10/100/", "11-16 07", None),
    ]


async def test_the_database_itself_refuses_a_second_place(world: World, clock: MovableClock) -> None:
    member = await world.member(100)
    with pytest.raises(IntegrityError, match="one_place_at_a_time"):
        async with transaction(world.service.sessions) as session:
            session.add(Placement(member_id=member, organisation_id=101, path="/1/10/101/", from_at=clock.now))


async def test_two_who_move_the_same_member_at_once_leave_one_place(world: World, clock: MovableClock) -> None:
    member = await world.member(100)
    now = clock.move(hours=1)
    await asyncio.gather(*(place(world, member, where, now) for where in (101, 110, 11, 10)))
    await paths(world)
    assert len(await places(world, member)) == 2


steps = st.lists(st.tuples(st.sampled_from([None, 100, 101, 110]), st.integers(-90, 120)), max_size=8)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=steps)
async def test_whatever_happens_the_places_of_a_member_follow_each_other(
    world: World, plan: list[tuple[int | None, int]]
) -> None:
    begin = world.service.clock()
    member = await world.member(100, created_at=begin)
    at = begin
    for where, minutes in plan:
        wanted = at + timedelta(minutes=minutes)
        try:
            if where is None:
                await displace(world, member, wanted)
            else:
                async with transaction(world.service.sessions) as session:
                    await session.execute(update(Member).where(Member.id == member).values(archived_at=None))
                    await place_members(session, [member], where, wanted)
        except TooEarly:
            assert minutes < -1
        else:
            at = max(at, wanted)
    await paths(world)
    async with world.service.sessions() as session:
        rows = await session.execute(
            text("SELECT from_at, until_at FROM placements WHERE member_id = :id ORDER BY from_at"), {"id": member}
        )
        periods = rows.all()
    for (_, ended), (begun, _) in itertools.pairwise(periods):
        assert ended is not None
        assert ended <= begun


async def test_an_organisation_of_another_path_cannot_be(world: World) -> None:
    for path in ("/1/10/100/7/", "/1/100", "/1/1100/"):
        with pytest.raises(IntegrityError, match="ck_organisations_path"):
            async with transaction(world.service.sessions) as session:
                await session.execute(update(Organisation).where(Organisation.id == 100).values(path=path))
