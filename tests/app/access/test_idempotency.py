"""A retried POST that creates is harmless."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from sqlalchemy import func, select, text

from app.access.models import KeptAnswer
from app.db.engine import transaction
from app.directory.models import Organisation
from app.platforms.models import Channel
from app.resources import Service
from tests.app.access.staff import sign_in
from tests.app.library.desk import FILE
from tests.conftest import MovableClock
from tests.world import Person, World

CHANNEL = {"organisation_id": 1, "adapter": "console", "name": "消息页"}


@pytest.fixture
async def admin(world: World) -> Person:
    """An administrator of the top organisation."""
    return await world.staff(("administrator", 1))


async def post(
    client: httpx.AsyncClient, who: Person, key: str | None = "once", path: str = "/channels", **body: object
) -> httpx.Response:
    headers = who.auth if key is None else {**who.auth, "Idempotency-Key": key}
    return await client.post(path, headers=headers, json=CHANNEL | body)


async def count(service: Service, table: type[Channel] | type[KeptAnswer] | type[Organisation]) -> int:
    async with transaction(service.sessions) as session:
        return await session.scalar(select(func.count()).select_from(table)) or 0


async def test_the_same_request_is_answered_the_same_and_done_once(
    client: httpx.AsyncClient, service: Service, admin: Person, clock: MovableClock
) -> None:
    first = await post(client, admin)
    assert first.status_code == 201
    assert "idempotency-replayed" not in first.headers
    clock.move(minutes=5)
    for _ in range(2):
        again = await post(client, admin)
        assert (again.status_code, again.json()) == (201, first.json())
        assert again.headers["idempotency-replayed"] == "true"
    assert await count(service, Channel) == 1


async def test_without_a_key_each_request_is_another(
    client: httpx.AsyncClient, service: Service, admin: Person
) -> None:
    assert (await post(client, admin, None)).status_code == 201
    repeated = await post(client, admin, None)
    assert (repeated.status_code, repeated.json()["code"]) == (409, "channel_exists")
    assert await count(service, KeptAnswer) == 0


async def test_a_key_with_another_content_is_refused(
    client: httpx.AsyncClient, service: Service, admin: Person
) -> None:
    await post(client, admin)
    other_body = await post(client, admin, name="另一个")
    body = {"parent_id": 1, "kind": "branch", "name": "新支部"}
    headers = {**admin.auth, "Idempotency-Key": "once"}
    other_path = await client.post("/organisations", headers=headers, json=body)
    for answer in (other_body, other_path):
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert await count(service, Channel) == 1


async def test_what_was_refused_is_not_kept(client: httpx.AsyncClient, service: Service, admin: Person) -> None:
    assert (await post(client, admin, organisation_id=2)).status_code == 404
    assert (await post(client, admin)).status_code == 201
    assert await count(service, Channel) == 1


async def test_an_answer_is_kept_for_24_hours(
    client: httpx.AsyncClient, service: Service, admin: Person, clock: MovableClock
) -> None:
    await post(client, admin)
    clock.move(hours=24)
    today = await sign_in(service, admin.id)
    assert (await post(client, today)).headers["idempotency-replayed"] == "true"
    clock.move(seconds=1)
    afresh = await post(client, today)
    assert (afresh.status_code, afresh.json()["code"]) == (409, "channel_exists"), "taken as a new request"
    assert (await post(client, today, account="other")).status_code == 201, "and its key is free again"
    assert await count(service, KeptAnswer) == 1


async def test_keys_are_apart_for_each_principal(
    client: httpx.AsyncClient, world: World, service: Service, admin: Person
) -> None:
    other = await world.staff(("administrator", 2))
    first = await post(client, admin)
    second = await post(client, other, organisation_id=2)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] != second.json()["id"]
    assert await count(service, Channel) == 2


async def test_a_key_is_no_way_around_a_right_that_has_ended(
    client: httpx.AsyncClient, service: Service, admin: Person
) -> None:
    await post(client, admin)
    async with transaction(service.sessions) as session:
        await session.execute(text("UPDATE posts SET until_at = from_at"))
    assert (await post(client, admin)).status_code == 403


@pytest.mark.parametrize("key", ["", " ", "with space", "k" * 129, "tab\t", "键".encode()])
async def test_a_key_is_up_to_128_visible_characters(
    client: httpx.AsyncClient, service: Service, admin: Person, key: str | bytes
) -> None:
    headers = [("Authorization", admin.auth["Authorization"]), ("Idempotency-Key", key)]
    answer = await client.post("/channels", headers=headers, json=CHANNEL)  # type: ignore[arg-type]  # raw header
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
    assert (await post(client, admin, "k" * 128)).status_code == 201


@pytest.fixture
async def held_up(service: Service, admin: Person) -> AsyncIterator[asyncio.Event]:
    """Holds up whoever adds the channel, by adding it first, until the event is set."""
    let_go, holding = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with service.sessions() as session:
            session.add(
                Channel(
                    organisation_id=1, adapter="console", name="-", account="", config={}, enabled=True,
                    created_at=service.clock(),
                )
            )  # fmt: skip
            await session.flush()
            holding.set()
            await let_go.wait()
            await session.rollback()

    task = asyncio.create_task(hold())
    await holding.wait()
    yield let_go
    let_go.set()
    await task


async def waiting(service: Service) -> bool:
    """Whether somebody waits for a lock in this database."""
    statement = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with transaction(service.sessions) as session:
        return bool(await session.scalar(statement))


async def test_a_second_request_while_the_first_is_in_flight_is_told_so(
    client: httpx.AsyncClient, service: Service, admin: Person, held_up: asyncio.Event
) -> None:
    first = asyncio.create_task(post(client, admin))
    async with asyncio.timeout(30):
        while not await waiting(service):
            assert not first.done()
    second = await post(client, admin)
    assert (second.status_code, second.json()["code"]) == (409, "request_in_flight")
    held_up.set()
    answer = await first
    assert answer.status_code == 201
    assert (await post(client, admin)).json() == answer.json()
    assert await count(service, Channel) == 1


async def test_many_at_once_make_one(client: httpx.AsyncClient, service: Service, admin: Person) -> None:
    answers = await asyncio.gather(*(post(client, admin) for _ in range(8)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    made = [answer.json()["id"] for answer in answers if answer.status_code == 201]
    assert made
    assert len(set(made)) == 1
    assert await count(service, Channel) == 1


async def test_a_retried_upload_is_the_same_request_although_its_boundary_differs(
    client: httpx.AsyncClient, world: World
) -> None:
    editor = await world.staff(("editor", 10))
    headers = {**editor.auth, "Idempotency-Key": "upload"}

    async def upload(content: bytes) -> httpx.Response:
        files = {"file": ("lesson.md", content, "text/markdown")}
        return await client.post("/lessons", headers=headers, data={"organisation_id": "10"}, files=files)

    first = await upload(FILE.encode())
    assert first.status_code == 201, first.text
    again = await upload(FILE.encode())
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    other = await upload(FILE.replace("每月", "每季").encode())
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
