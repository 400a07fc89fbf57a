"""Changes of the tree against each other and against whoever writes a path: real transactions, at once."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress

import httpx
import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principals import CurrentStaff, get_staff
from app.db.engine import Sessions, transaction
from app.directory.models import Member, Organisation
from app.errors import ProductError
from app.organisations.placing import displace_members, place_members
from app.organisations.tree.closing import archive_organisation, merge_organisation
from app.organisations.tree.moving import move_organisation
from app.organisations.tree.schemas import MergerIn, OrganisationArchiveIn, OrganisationIn, OrganisationMoveIn
from app.organisations.tree.service import create_organisation
from tests.app.organisations.tree import paths
from tests.conftest import MovableClock
from tests.world import World

WAITING = text("""
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
""")
Act = Callable[[AsyncSession], Awaitable[object]]


async def until_waiting(sessions: Sessions) -> None:
    """Returns when a transaction of this database waits for a lock."""
    while True:
        # A transaction each time: the server shows one and the same state of affairs as long as it lasts.
        async with sessions() as session:
            if await session.scalar(WAITING):
                return
        await asyncio.sleep(0.01)


async def in_order(sessions: Sessions, first: Act, second: Act) -> None:
    """The second one begins when the first has done its work, and has not committed; it is seen to wait."""

    async def run() -> None:
        async with transaction(sessions) as session:
            await second(session)

    async with transaction(sessions) as session:
        await first(session)
        task = asyncio.create_task(run())
        await asyncio.wait_for(until_waiting(sessions), 20)
    await task


async def staff_of(world: World, *posts: tuple[str, int]) -> CurrentStaff:
    person = await world.staff(*posts)
    async with transaction(world.service.sessions) as session:
        return await get_staff(session, person.token, world.service.clock())


class Acts:
    """What may meet; all of it concerns organisation 100."""

    def __init__(self, world: World, staff: CurrentStaff, member: int) -> None:
        self.world, self.staff, self.member = world, staff, member
        self.now = world.service.clock()

    async def move(self, session: AsyncSession) -> None:
        await move_organisation(session, self.staff, 100, OrganisationMoveIn(parent_id=11), self.now)

    async def merge(self, session: AsyncSession) -> None:
        await merge_organisation(session, self.staff, 100, MergerIn(into_id=110), self.now)

    async def archive(self, session: AsyncSession) -> None:
        await archive_organisation(session, self.staff, 100, OrganisationArchiveIn(reason="other"), self.now)

    async def move_superior(self, session: AsyncSession) -> None:
        await move_organisation(session, self.staff, 10, OrganisationMoveIn(parent_id=2), self.now)

    async def create_below(self, session: AsyncSession) -> None:
        body = OrganisationIn(parent_id=100, name="一组", kind="group")
        await create_organisation(session, self.staff, body, self.now)

    async def add_member(self, session: AsyncSession) -> None:
        member = Member(organisation_id=100, name="新来", stage="full_member", roster="in_service", created_at=self.now)
        session.add(member)
        await session.flush()
        await place_members(session, [member.id], None, self.now)

    async def bring_member(self, session: AsyncSession) -> None:
        await place_members(session, [self.member], 100, self.now)

    async def take_member(self, session: AsyncSession) -> None:
        await displace_members(session, [self.member], self.now)
        member = await session.get_one(Member, self.member)
        member.archived_at = self.now


@pytest.mark.parametrize("change", ["move", "move_superior", "merge"])
@pytest.mark.parametrize("other", ["create_below", "add_member", "bring_member", "move", "move_superior", "merge"])
@pytest.mark.parametrize("turn", [1, -1])
async def test_who_comes_second_waits_and_sees_the_tree_as_it_is_then(
    world: World, clock: MovableClock, change: str, other: str, turn: int
) -> None:
    await world.member(100)
    member = await world.member(101)
    clock.move(minutes=5)
    acts = Acts(world, await staff_of(world, ("administrator", 1), ("administrator", 2)), member)
    first, second = [getattr(acts, name) for name in (change, other)][::turn]
    # The second may find that it can no longer do what it wanted; it never does it halfway.
    with suppress(ProductError):
        await in_order(world.service.sessions, first, second)
    await paths(world)


async def test_somebody_who_is_archived_while_the_organisation_moves_stays_gone(
    world: World, clock: MovableClock
) -> None:
    member = await world.member(100)
    clock.move(minutes=5)
    acts = Acts(world, await staff_of(world, ("administrator", 1)), member)
    await in_order(world.service.sessions, acts.take_member, acts.move)
    async with world.service.sessions() as session:
        statement = text("SELECT count(*) FROM placements WHERE member_id = :id AND until_at IS NULL")
        assert await session.scalar(statement, {"id": member}) == 0


async def test_an_organisation_that_somebody_joins_is_not_archived_under_them(
    world: World, clock: MovableClock
) -> None:
    member = await world.member(101)
    clock.move(minutes=5)
    acts = Acts(world, await staff_of(world, ("administrator", 1)), member)
    with pytest.raises(ProductError, match="1 名党员"):
        await in_order(world.service.sessions, acts.bring_member, acts.archive)


async def test_rows_that_only_refer_to_an_organisation_do_not_wait_for_its_move(
    world: World, clock: MovableClock
) -> None:
    acts = Acts(world, await staff_of(world, ("administrator", 1)), 0)
    leader = await world.staff(("leader", 100))
    async with transaction(world.service.sessions) as session:
        await acts.move(session)
        # Would wait for ever if moving took the whole lock of the rows.
        await asyncio.wait_for(world.staff(("leader", 100)), 20)
    async with world.service.sessions() as session:
        assert (await session.get_one(Organisation, 100)).path == "/1/11/100/"
        assert (await get_staff(session, leader.token, clock.now)).paths("leader") == ["/1/11/100/"]


@pytest.mark.parametrize("seed", range(3))
async def test_many_at_once_end_in_a_tree_in_which_everybody_stands_somewhere(
    client: httpx.AsyncClient, world: World, seed: int
) -> None:
    chance = random.Random(seed)
    admin = await world.staff(("administrator", 1), ("administrator", 2))
    members = [await world.member(chance.choice((100, 101, 110, 20))) for _ in range(12)]
    branches, tops = (100, 101, 110, 20), (1, 2, 10, 11)

    def request() -> tuple[str, dict[str, object]]:
        kind = chance.choice(("move", "move", "merger", "create", "add", "go", "go", "leave", "back", "split"))
        branch, member = chance.choice(branches), chance.choice(members)
        what: dict[str, tuple[str, dict[str, object]]] = {
            "move": (f"/organisations/{chance.choice((*branches, 10, 11))}/move", {"parent_id": chance.choice(tops)}),
            "merger": (f"/organisations/{branch}/merger", {"into_id": chance.choice(branches)}),
            "create": (
                "/organisations",
                {"parent_id": branch, "name": f"组{chance.random()}", "kind": "group"},
            ),
            "add": ("/members", {"organisation_id": branch, "name": "王新来", "allow_duplicate": True}),
            "go": (f"/members/{member}/moves", {"organisation_id": branch}),
            "leave": (f"/members/{member}/archive", {"reason": "other"}),
            "back": (f"/members/{member}/restoration", {}),
            "split": (f"/organisations/{branch}/split", {"name": f"支部{chance.random()}", "member_ids": [member]}),
        }
        return what[kind]

    async def send(path: str, body: dict[str, object]) -> int:
        return (await client.post(path, json=body, headers=admin.auth)).status_code

    for _ in range(4):
        statuses = await asyncio.gather(*(send(*request()) for _ in range(10)))
        assert set(statuses) <= {200, 201, 404, 409, 422}, statuses
        await paths(world)
    async with world.service.sessions() as session:
        living = await session.scalars(select(Organisation.id).where(Organisation.archived_at.is_(None)))
        assert {1, 2, 10, 11} <= set(living)
