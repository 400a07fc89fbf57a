"""Sessions end idle and absolutely, and rights are read anew on each request."""

from datetime import datetime, timedelta

import httpx
import pytest
from sqlalchemy import select, update

from app.access.principals import (
    STAFF_ABSOLUTE,
    STAFF_IDLE,
    WECHAT_ABSOLUTE,
    WECHAT_IDLE,
    ancestors,
    token_digest,
    within,
)
from app.db.engine import transaction
from app.directory.models import Account, Binding, Member, Organisation, Post, Session
from app.resources import Service
from tests.app.access.staff import open_phone, sign_in
from tests.conftest import MovableClock
from tests.world import Person, World

SECOND = timedelta(seconds=1)


async def status(client: httpx.AsyncClient, person: Person, path: str) -> int:
    return (await client.get(path, headers=person.auth)).status_code


async def seen_at(service: Service, person: Person) -> datetime:
    async with transaction(service.sessions) as session:
        statement = select(Session.seen_at).where(Session.token_digest == token_digest(person.token))
        return (await session.scalars(statement)).one()


@pytest.fixture
async def staff(world: World, service: Service) -> Person:
    """An administrator of the top organisation, signed in."""
    return await sign_in(service, (await world.staff(("administrator", 1))).id)


@pytest.fixture
async def phone(world: World, service: Service) -> Person:
    """A bound member, signed in."""
    member = await world.signed_in_member(100)
    return await open_phone(service, f"openid-{member.id}")


def test_the_ends_are_those_that_the_operators_were_promised() -> None:
    assert (timedelta(minutes=30), timedelta(hours=12)) == (STAFF_IDLE, STAFF_ABSOLUTE)
    assert (timedelta(days=7), timedelta(days=30)) == (WECHAT_IDLE, WECHAT_ABSOLUTE)


@pytest.mark.parametrize(("who", "path", "idle"), [("staff", "/audit", STAFF_IDLE), ("phone", "/me", WECHAT_IDLE)])
async def test_a_session_in_use_goes_on_and_an_idle_one_ends(
    client: httpx.AsyncClient,
    clock: MovableClock,
    staff: Person,
    phone: Person,
    who: str,
    path: str,
    idle: timedelta,
) -> None:
    person: Person = {"staff": staff, "phone": phone}[who]
    for _ in range(3):
        clock.now += idle - SECOND
        assert await status(client, person, path) == 200
    clock.now += idle
    assert await status(client, person, path) == 401
    assert await status(client, person, path) == 401, "and it does not come back"


@pytest.mark.parametrize(
    ("who", "path", "idle", "absolute"),
    [("staff", "/audit", STAFF_IDLE, STAFF_ABSOLUTE), ("phone", "/me", WECHAT_IDLE, WECHAT_ABSOLUTE)],
)
async def test_a_session_ends_absolutely_however_much_it_is_used(
    client: httpx.AsyncClient,
    clock: MovableClock,
    staff: Person,
    phone: Person,
    who: str,
    path: str,
    idle: timedelta,
    absolute: timedelta,
) -> None:
    person = {"staff": staff, "phone": phone}[who]
    begun = clock.now
    while clock.now + idle - SECOND < begun + absolute:
        clock.now += idle - SECOND
        assert await status(client, person, path) == 200
    clock.now = begun + absolute - SECOND
    assert await status(client, person, path) == 200
    clock.now = begun + absolute
    assert await status(client, person, path) == 401


async def test_the_last_use_is_noted_but_not_at_every_request(
    client: httpx.AsyncClient, service: Service, clock: MovableClock, staff: Person
) -> None:
    begun = clock.now
    clock.now = begun + STAFF_IDLE / 10 - SECOND
    assert await status(client, staff, "/audit") == 200
    assert await seen_at(service, staff) == begun
    clock.now += SECOND
    assert await status(client, staff, "/audit") == 200
    assert await seen_at(service, staff) == clock.now


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", "Bearer made-up", "Basic YTpi", "Bearer 密".encode(), "Bearer " + "a" * 5000],
)
async def test_without_a_living_session_nobody_is_asking(
    client: httpx.AsyncClient, world: World, header: str | bytes | None
) -> None:
    sent = header.encode() if isinstance(header, str) else header
    for path in ("/audit", "/me"):
        answer = await client.get(path, headers={} if sent is None else {b"Authorization": sent})
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_session_of_one_kind_is_none_of_the_other(
    client: httpx.AsyncClient, staff: Person, phone: Person
) -> None:
    assert await status(client, phone, "/audit") == 401
    assert await status(client, staff, "/me") == 401


async def test_a_post_that_has_ended_gives_no_right_at_the_next_request(
    client: httpx.AsyncClient, service: Service, clock: MovableClock, staff: Person
) -> None:
    assert await status(client, staff, "/audit") == 200
    async with transaction(service.sessions) as session:
        await session.execute(
            update(Post).where(Post.account_id == staff.id).values(until_at=clock.now + timedelta(minutes=1))
        )
    assert await status(client, staff, "/audit") == 200
    clock.move(minutes=1)
    assert await status(client, staff, "/audit") == 403


async def test_a_post_gives_no_right_before_it_begins(
    client: httpx.AsyncClient, service: Service, clock: MovableClock, staff: Person
) -> None:
    async with transaction(service.sessions) as session:
        await session.execute(
            update(Post).where(Post.account_id == staff.id).values(from_at=clock.now + timedelta(minutes=1))
        )
    assert await status(client, staff, "/audit") == 403
    clock.move(minutes=1)
    assert await status(client, staff, "/audit") == 200


async def test_a_post_of_an_archived_organisation_gives_no_right(
    client: httpx.AsyncClient, world: World, service: Service, clock: MovableClock
) -> None:
    admin = await world.staff(("administrator", 110))
    assert await status(client, admin, "/audit") == 200
    async with transaction(service.sessions) as session:
        await session.execute(update(Organisation).where(Organisation.id == 110).values(archived_at=clock.now))
    assert await status(client, admin, "/audit") == 403


async def test_a_disabled_account_is_out_at_the_next_request(
    client: httpx.AsyncClient, service: Service, clock: MovableClock, staff: Person
) -> None:
    async with transaction(service.sessions) as session:
        await session.execute(update(Account).where(Account.id == staff.id).values(disabled_at=clock.now))
    assert await status(client, staff, "/audit") == 401


async def test_slow_work_is_begun_for_nobody_who_may_not_ask_for_it(client: httpx.AsyncClient, world: World) -> None:
    leader, admin = await world.staff(("leader", 1)), await world.staff(("administrator", 1))
    body = {"organisation_id": 1, "login": "newcomer", "name": "新人", "password": "correct horse battery"}
    answers = [await client.post("/accounts", headers=who, json=body) for who in ({}, leader.auth, admin.auth)]
    assert [answer.status_code for answer in answers] == [401, 403, 201]


async def test_a_phone_speaks_for_the_members_that_are_bound_to_it(
    client: httpx.AsyncClient, world: World, phone: Person
) -> None:
    other = await world.signed_in_member(100)
    path = "/sessions/current/member"
    assert (await client.put(path, headers=phone.auth, json={"member_id": phone.id})).status_code == 200
    assert (await client.put(path, headers=phone.auth, json={"member_id": other.id})).status_code == 404


async def test_another_role_is_told_so(client: httpx.AsyncClient, world: World) -> None:
    leader = await world.staff(("leader", 1), ("editor", 1))
    answer = await client.get("/audit", headers=leader.auth)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_who_is_not_bound_is_sent_to_the_binding_page(
    client: httpx.AsyncClient, world: World, service: Service, clock: MovableClock
) -> None:
    stranger = await world.unbound_wechat()
    answer = await client.get("/me", headers=stranger.auth)
    assert (answer.status_code, answer.json()["code"]) == (409, "not_bound")
    for ended in (Binding, Member):
        member = await world.signed_in_member(100)
        assert await status(client, member, "/me") == 200
        async with transaction(service.sessions) as session:
            if ended is Binding:
                await session.execute(update(Binding).where(Binding.member_id == member.id).values(ended_at=clock.now))
            else:
                await session.execute(update(Member).where(Member.id == member.id).values(archived_at=clock.now))
        assert await status(client, member, "/me") == 409


@pytest.mark.parametrize(
    ("roots", "reached"),
    [
        ([1], {1, 10, 11, 100, 101, 110}),
        ([10], {10, 100, 101}),
        ([11], {11, 110}),
        ([100], {100}),
        ([2], {2, 20}),
        ([100, 20], {100, 20}),
        ([1, 100], {1, 10, 11, 100, 101, 110}),
        ([], set()),
    ],
)
async def test_a_subtree_is_the_organisation_and_what_is_below_it(
    world: World, service: Service, roots: list[int], reached: set[int]
) -> None:
    async with transaction(service.sessions) as session:
        paths = list(await session.scalars(select(Organisation.path).where(Organisation.id.in_(roots))))
        found = await session.scalars(select(Organisation.id).where(within(Organisation.path, paths)))
        assert set(found) == reached


def test_ancestors_are_read_from_the_path() -> None:
    assert ancestors("/1/") == [1]
    assert ancestors("/1/10/100/") == [1, 10, 100]
