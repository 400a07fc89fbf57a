"""Whoever locks several members does so in the order of their ids: nobody waits in a circle."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx

from app.db.engine import transaction
from app.quizzes.closing import close_overdue
from app.records.service import hold_members
from app.resources import Service
from tests.app.quizzes.exam import RIGHT, Exam
from tests.app.records.test_hours import make_meeting
from tests.conftest import MovableClock
from tests.world import World


async def held_between(service: Service, low: int, high: int, act: Callable[[], Awaitable[object]]) -> None:
    """Holds the member `low`, lets `act` wait for them, and holds `high` as well."""
    async with transaction(service.sessions) as session:
        await hold_members(session, [low])
        acting = asyncio.ensure_future(act())
        _, waiting = await asyncio.wait([acting], timeout=0.5)
        assert waiting, "it locks the members"
        await asyncio.wait_for(hold_members(session, [high]), 5)
    await acting


async def test_who_left_and_who_came_are_locked_together(
    client: httpx.AsyncClient, world: World, service: Service, clock: MovableClock
) -> None:
    leader = await world.staff(("leader", 10))
    low, high = await world.member(100), await world.member(100)
    meeting = await make_meeting(service, 10, leader, 3)
    clock.move(minutes=9)

    async def put(member: int) -> None:
        path = f"/meetings/{meeting}/attendance"
        answer = await client.put(path, headers=leader.auth, json={"member_ids": [member]})
        assert answer.status_code == 200, answer.text

    await put(high)
    await held_between(service, low, high, lambda: put(low))


async def test_attempts_that_end_by_themselves_lock_members_in_their_order(
    client: httpx.AsyncClient, world: World, service: Service, clock: MovableClock
) -> None:
    exam = await Exam.build(client, world, service, time_limit_seconds=60)
    low, high = exam.member, await world.signed_in_member(100)
    for who in (high, low):
        attempt = (await exam.open(who)).json()
        assert (await exam.answer(attempt, RIGHT, who)).status_code == 200
        clock.move(seconds=1)
    clock.move(seconds=120)

    async def close() -> None:
        async with transaction(service.sessions) as session:
            assert await close_overdue(session, clock()) == 2

    await held_between(service, low.id, high.id, close)
