"""A post gives exactly its rights, from the moment it begins until the moment it ends, and not in what is gone."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update

from app.access.principals import get_staff
from app.db.engine import transaction
from app.directory.models import ROLES, Organisation, Post
from app.identity.service import list_posts
from tests.app.organisations.posts.offices import appoint
from tests.conftest import MovableClock
from tests.world import TREE, Person, World

START = datetime(2026, 11, 16, 2, 0, tzinfo=UTC)
# A few moments close to each other, so that ends and beginnings meet.
moments = st.integers(0, 6).map(lambda minutes: START + timedelta(minutes=minutes))
places = st.sampled_from([1, 10, 100, 11, 110])


@dataclass(frozen=True)
class Held:
    """A post as it is written: acting or not makes no difference to what it allows."""

    role: str
    place: int
    acting: bool
    from_at: datetime
    until_at: datetime | None


posts = st.builds(Held, st.sampled_from(ROLES), places, st.booleans(), moments, st.none() | moments)


def expected(held: list[Held], archived: set[int], now: datetime) -> list[tuple[str, int]]:
    """The plain rule: begun, not ended, and of an organisation that is there."""
    return [
        (post.role, post.place)
        for post in held
        if post.from_at <= now and (post.until_at is None or now < post.until_at) and post.place not in archived
    ]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(held=st.lists(posts, max_size=5), archived=st.sets(places, max_size=2), now=moments)
async def test_rights_at_each_instant_are_those_of_the_posts_in_force(
    world: World, held: list[Held], archived: set[int], now: datetime
) -> None:
    person = await world.staff()
    async with transaction(world.service.sessions) as session:
        await session.execute(delete(Post))
        await session.execute(update(Organisation).values(archived_at=None))
        await session.execute(update(Organisation).where(Organisation.id.in_(archived)).values(archived_at=START))
        for each in held:
            session.add(
                Post(
                    account_id=person.id, organisation_id=each.place, role=each.role, acting=each.acting,
                    from_at=each.from_at, until_at=each.until_at,
                )
            )  # fmt: skip
            await session.flush()
        staff = await get_staff(session, person.token, now)
        told = await list_posts(session, person.id, now)
    wanted = expected(held, archived, now)
    assert [(post.role, post.organisation_id) for post in staff.posts] == wanted
    assert [(post.role, post.organisation_id) for post in told] == wanted, "and the sign-in says the same"
    paths = {id_: path for id_, _, path, _, _ in TREE}
    for role in ROLES:
        assert staff.paths(role) == [paths[place] for held_role, place in wanted if held_role == role]


async def reads(client: httpx.AsyncClient, person: Person) -> int:
    return (await client.get("/organisations/100/members", headers=person.auth)).status_code


@pytest.mark.parametrize("role", ["leader", "administrator"])
async def test_what_hung_on_an_archived_organisation_is_gone(
    client: httpx.AsyncClient, world: World, role: str
) -> None:
    admin = await world.staff(("administrator", 1))
    holder = await world.staff((role, 100), ("editor", 10))
    assert await reads(client, holder) == 200
    archived = await client.post("/organisations/100/archive", json={"reason": "dissolved"}, headers=admin.auth)
    assert archived.status_code == 200
    assert await reads(client, holder) == 403
    mine = (await client.get("/staff/me", headers=holder.auth)).json()["posts"]
    assert [post["organisation_id"] for post in mine] == [10]
    assert (await appoint(client, admin, holder.id)).status_code == 404, "nothing is given there any more"
    restored = await client.post("/organisations/100/restoration", headers=admin.auth)
    assert restored.status_code == 200
    assert await reads(client, holder) == 403, "and it does not come back by itself"


async def test_a_leader_of_a_merged_branch_has_no_right_in_the_one_that_took_over(
    client: httpx.AsyncClient, world: World
) -> None:
    admin, leader = await world.staff(("administrator", 1)), await world.staff(("leader", 101))
    merged = await client.post("/organisations/101/merger", json={"into_id": 100}, headers=admin.auth)
    assert merged.status_code == 200
    assert await reads(client, leader) == 403
    accounts = (await client.get("/accounts", headers=admin.auth)).json()["items"]
    (managed,) = [each["organisation_id"] for each in accounts if each["id"] == leader.id]
    assert managed == 100, "somebody still manages the account"


async def test_a_post_that_was_ended_before_it_began_never_gives_a_right(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    admin, holder = await world.staff(("administrator", 10)), await world.staff(("editor", 101))
    begins = (clock.now + timedelta(minutes=5)).isoformat()
    made = (await appoint(client, admin, holder.id, from_at=begins)).json()["id"]
    assert (await client.delete(f"/posts/{made}", headers=admin.auth)).status_code == 204
    for _ in range(3):
        assert await reads(client, holder) == 403
        clock.move(minutes=5)
    assert (await appoint(client, admin, holder.id, from_at=begins)).status_code == 201, "it is in nobody's way"
