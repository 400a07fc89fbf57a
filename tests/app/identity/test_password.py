"""Staff sign in with a password; guessing is counted by login and by address."""

import asyncio
from collections.abc import Callable

import httpx
import pytest
from sqlalchemy import select

from app.access.models import AuditEntry
from app.db.engine import transaction
from app.directory.models import Account
from app.identity.passwords import HASHER
from app.identity.service import WrongPassword, open_staff_session
from app.resources import Service
from app.web import create_app
from tests.conftest import MovableClock
from tests.world import World

PASSWORD = "correct horse battery"
HASH = HASHER.hash(PASSWORD)

Phone = Callable[[int], httpx.AsyncClient]


@pytest.fixture
def at(service: Service) -> Phone:
    """The application as it is called from the address 10.0.0.n."""
    app = create_app(service)

    def client(number: int) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app, client=(f"10.0.0.{number}", 40000))
        return httpx.AsyncClient(transport=transport, base_url="http://test/api/v1")

    return client


async def sign_in(client: httpx.AsyncClient, login: str = "wang.min", password: str = PASSWORD) -> httpx.Response:
    return await client.post("/sessions/password", json={"login": login, "password": password})


async def test_a_sign_in_gives_a_token_with_the_posts_in_force(client: httpx.AsyncClient, world: World) -> None:
    staff = await world.staff(("leader", 10), ("administrator", 10), login="wang.min", password_hash=HASH)
    answer = await sign_in(client)
    assert answer.status_code == 201
    session = answer.json()
    posts = [
        {"role": role, "organisation_id": 10, "organisation": "东片党总支", "acting": False, "until_at": None}
        for role in ("leader", "administrator")
    ]
    assert (session["name"], session["posts"], session["expires_at"]) == (staff.name, posts, "2026-11-16T14:00:00Z")
    auth = {"Authorization": f"Bearer {session['token']}"}
    me = await client.get("/staff/me", headers=auth)
    assert me.json() == {"account_id": staff.id, "name": staff.name, "posts": posts}
    (entry,) = (await client.get("/audit", headers=auth)).json()["items"]
    assert (entry["action"], entry["actor"], entry["detail"]) == ("session.opened", f"account:{staff.id}", {})


async def test_unknown_login_wrong_password_and_disabled_account_are_answered_alike(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    await world.staff(("leader", 10), login="wang.min", password_hash=HASH)
    gone = await world.staff(("leader", 10), login="li.si", password_hash=HASH)
    async with transaction(world.service.sessions) as session:
        (await session.get_one(Account, gone.id)).disabled_at = clock.now
    answers = [
        await sign_in(client, password="wrong horse battery"),
        await sign_in(client, login="nobody"),
        await sign_in(client, login="li.si"),
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1
    assert answers[0].json()["code"] == "wrong_password"


async def test_the_eleventh_try_at_a_login_is_refused_from_wherever_it_comes(
    at: Phone, world: World, clock: MovableClock
) -> None:
    await world.staff(("leader", 10), login="wang.min", password_hash=HASH)
    for number in range(10):
        assert (await sign_in(at(number), password="wrong")).status_code == 401
    refused = await sign_in(at(99))
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_tries")
    assert refused.headers["retry-after"] == "300"
    clock.move(minutes=4, seconds=59)
    assert (await sign_in(at(99))).status_code == 429
    clock.move(seconds=1)
    assert (await sign_in(at(99))).status_code == 201


async def test_the_eleventh_try_from_an_address_is_refused_whatever_the_login(at: Phone, world: World) -> None:
    await world.staff(("leader", 10), login="wang.min", password_hash=HASH)
    for number in range(10):
        assert (await sign_in(at(1), login=f"guess{number}")).status_code == 401
    assert (await sign_in(at(1))).status_code == 429
    assert (await sign_in(at(2))).status_code == 201


async def test_a_success_forgets_the_failures_of_its_login_only(at: Phone, world: World) -> None:
    await world.staff(("leader", 10), login="wang.min", password_hash=HASH)
    for number in range(9):
        assert (await sign_in(at(number + 10), password="wrong")).status_code == 401
        assert (await sign_in(at(1), login=f"guess{number}")).status_code == 401
    for _ in range(3):
        assert (await sign_in(at(1))).status_code == 201
    # The login starts anew; the address has its nine failures still.
    assert (await sign_in(at(2), password="wrong")).status_code == 401
    assert (await sign_in(at(1), password="wrong")).status_code == 401
    assert (await sign_in(at(1))).status_code == 429


async def test_guesses_at_the_same_moment_are_counted_too(at: Phone, world: World) -> None:
    await world.staff(("leader", 10), login="wang.min", password_hash=HASH)
    answers = await asyncio.gather(*(sign_in(at(number), password="wrong") for number in range(14)))
    assert sorted(answer.status_code for answer in answers) == [401] * 10 + [429] * 4


@pytest.mark.parametrize("change", [{"password_hash": "another"}, {"disabled": True}])
async def test_a_password_changed_while_it_is_looked_at_opens_no_session(
    world: World, clock: MovableClock, change: dict[str, object]
) -> None:
    staff = await world.staff(("leader", 10), password_hash=HASH)
    async with world.service.sessions() as session:
        looked_at = await session.get_one(Account, staff.id)
    async with transaction(world.service.sessions) as session:
        account = await session.get_one(Account, staff.id)
        account.password_hash = str(change.get("password_hash", account.password_hash))
        account.disabled_at = clock.now if change.get("disabled") else None
    with pytest.raises(WrongPassword):
        async with transaction(world.service.sessions) as session:
            await open_staff_session(session, looked_at, clock.now)


@pytest.mark.parametrize(
    "body",
    [
        {"login": "", "password": "x"},
        {"login": "a" * 65, "password": "x"},
        {"login": "a\nb", "password": "x"},
        {"login": "a", "password": ""},
        {"login": "a", "password": "x" * 257},
        {"login": "a"},
    ],
)
async def test_a_sign_in_out_of_bounds_is_refused(client: httpx.AsyncClient, body: dict[str, str]) -> None:
    assert (await client.post("/sessions/password", json=body)).status_code == 422


async def own_password(client: httpx.AsyncClient, token: str, current: str, new: str) -> httpx.Response:
    body = {"current": current, "new": new}
    return await client.put("/staff/me/password", json=body, headers={"Authorization": f"Bearer {token}"})


async def test_staff_set_their_own_password_and_every_other_session_ends(
    client: httpx.AsyncClient, world: World, service: Service
) -> None:
    staff = await world.staff(("leader", 10), login="wang.min", password_hash=HASH)
    token = (await sign_in(client)).json()["token"]
    new = "a staple and a battery"
    assert (await own_password(client, token, PASSWORD, new)).status_code == 204
    assert (await client.get("/staff/me", headers={"Authorization": f"Bearer {token}"})).status_code == 200
    assert (await client.get("/staff/me", headers=staff.auth)).status_code == 401
    assert (await sign_in(client)).status_code == 401
    assert (await sign_in(client, password=new)).status_code == 201
    async with transaction(service.sessions) as session:
        entry = await session.scalar(select(AuditEntry).where(AuditEntry.action == "account.password_changed"))
    assert entry is not None
    assert (entry.actor, entry.object_id, entry.organisation_id, entry.detail) == (
        f"account:{staff.id}", staff.id, 10, {},
    )  # fmt: skip


async def test_a_stolen_session_does_not_find_the_password_out(at: Phone, world: World, clock: MovableClock) -> None:
    staff = await world.staff(("leader", 10), login="wang.min", password_hash=HASH)
    for number in range(10):
        refused = await own_password(at(number), staff.token, "a wrong password", "a staple and a battery")
        assert (refused.status_code, refused.json()["code"]) == (422, "wrong_own_password")
    assert (await own_password(at(99), staff.token, PASSWORD, "a staple and a battery")).status_code == 429
    assert (await sign_in(at(98))).status_code == 429, "the same limit as for signing in"
    clock.move(minutes=5)
    assert (await sign_in(at(98))).status_code == 201


@pytest.mark.parametrize(
    ("new", "code"), [("short", "invalid_input"), ("wang.min-2026", "weak_password"), ("x" * 12, "weak_password")]
)
async def test_a_weak_new_password_is_refused(client: httpx.AsyncClient, world: World, new: str, code: str) -> None:
    staff = await world.staff(("leader", 10), login="wang.min", password_hash=HASH)
    assert (await own_password(client, staff.token, PASSWORD, new)).json()["code"] == code
    assert (await sign_in(client)).status_code == 201


async def test_a_refused_sign_in_of_a_known_account_is_on_record(
    client: httpx.AsyncClient, world: World, service: Service
) -> None:
    staff = await world.staff(("leader", 10), login="wang.min", password_hash=HASH)
    await sign_in(client, password="a wrong password")
    await sign_in(client, login="nobody")
    async with transaction(service.sessions) as session:
        (entry,) = await session.scalars(select(AuditEntry))
    assert (entry.action, entry.actor, entry.object_id, entry.organisation_id, entry.detail) == (
        "session.refused", "anonymous", staff.id, 10, {},
    )  # fmt: skip
