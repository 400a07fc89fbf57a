"""The audit log: written with the change or not at all, and read by those whose organisations it is about."""

from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from app.access import audit
from app.access.deps import Db, Now
from app.access.models import AuditEntry
from app.db.engine import transaction
from app.resources import Service
from app.web import create_app
from tests.conftest import MovableClock
from tests.world import World


async def write(service: Service, *organisations: int | None) -> None:
    """An entry about each of the organisations, in this order."""
    async with transaction(service.sessions) as session:
        for number, organisation_id in enumerate(organisations):
            audit.record(
                session, audit.SYSTEM, "thing.done", "thing", number,
                now=service.clock(), organisation_id=organisation_id, count=number,
            )  # fmt: skip
            await session.flush()


async def actions(service: Service) -> list[str]:
    async with transaction(service.sessions) as session:
        return list(await session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


async def test_a_change_over_the_api_leaves_who_what_and_the_request(
    client: httpx.AsyncClient, world: World, service: Service
) -> None:
    admin = await world.staff(("administrator", 10))
    body = {"organisation_id": 100, "adapter": "console", "name": "消息页"}
    made = await client.post("/channels", headers={**admin.auth, "X-Request-Id": "one-7"}, json=body)
    (entry,) = (await client.get("/audit", headers=admin.auth)).json()["items"]
    assert entry == {
        "id": entry["id"],
        "at": service.clock().isoformat().replace("+00:00", "Z"),
        "actor": f"account:{admin.id}",
        "action": "channel.created",
        "organisation_id": 100,
        "object_type": "channel",
        "object_id": made.json()["id"],
        "detail": {"adapter": "console", "account": ""},
        "request_id": "one-7",
    }


async def test_a_refused_change_leaves_nothing(client: httpx.AsyncClient, world: World, service: Service) -> None:
    admin = await world.staff(("administrator", 10))
    body = {"organisation_id": 100, "adapter": "console", "name": "消息页"}
    for status in (201, 409):
        assert (await client.post("/channels", headers=admin.auth, json=body)).status_code == status
    assert await actions(service) == ["channel.created"]


def breaking(service: Service) -> FastAPI:
    """The application with two operations that break after their entry was written."""
    app = create_app(service)

    @app.post("/raises")
    async def raises(db: Db, now: Now) -> str:
        audit.record(db, audit.SYSTEM, "raised", "thing", 1, now=now)
        await db.flush()
        raise RuntimeError

    @app.post("/commit-fails")
    async def commit_fails(db: Db, now: Now) -> str:
        # No such organisation: the database says so at the flush that the commit begins with.
        audit.record(db, audit.SYSTEM, "committed", "thing", 1, now=now, organisation_id=999_999)
        return "done"

    return app


@pytest.mark.parametrize("path", ["/raises", "/commit-fails"])
async def test_what_does_not_commit_is_neither_logged_nor_answered_as_done(
    world: World, service: Service, path: str
) -> None:
    transport = httpx.ASGITransport(breaking(service))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.post(path)
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert await actions(service) == []


async def test_an_administrator_reads_what_concerns_their_organisations(
    client: httpx.AsyncClient, world: World, service: Service
) -> None:
    await write(service, 1, 10, 100, 101, 11, 110, 2, 20, None)
    for post, seen in (
        ((("administrator", 10),), [101, 100, 10]),
        ((("administrator", 1),), [110, 11, 101, 100, 10, 1]),
        ((("administrator", 100),), [100]),
        ((("administrator", 2),), [20, 2]),
        ((("administrator", 100), ("leader", 1)), [100]),
    ):
        admin = await world.staff(*post)
        items = (await client.get("/audit?action=thing", headers=admin.auth)).json()["items"]
        assert [item["organisation_id"] for item in items] == seen


async def test_pages_follow_each_other_newest_first(client: httpx.AsyncClient, world: World, service: Service) -> None:
    admin = await world.staff(("administrator", 10))
    await write(service, *[100, 2] * 5)
    whole = (await client.get("/audit?action=thing", headers=admin.auth)).json()
    assert whole["next"] is None
    found: list[dict[str, object]] = []
    sizes: list[int] = []
    cursor: str | None = ""
    while cursor is not None:
        query = {"action": "thing", "limit": "2", **({"cursor": cursor} if cursor else {})}
        page = (await client.get("/audit", headers=admin.auth, params=query)).json()
        found += page["items"]
        sizes.append(len(page["items"]))
        cursor = page["next"]
    assert found == whole["items"]
    assert [item["object_id"] for item in found] == [8, 6, 4, 2, 0]
    assert sizes == [2, 2, 1]


async def test_a_page_that_just_fits_has_no_next(client: httpx.AsyncClient, world: World, service: Service) -> None:
    admin = await world.staff(("administrator", 10))
    await write(service, 10, 10)
    page = (await client.get("/audit", headers=admin.auth, params={"limit": 2})).json()
    assert (len(page["items"]), page["next"]) == (2, None)


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "cursor=0", "cursor=x", f"cursor={2**63}"])
async def test_bounds_of_a_page(client: httpx.AsyncClient, world: World, query: str) -> None:
    admin = await world.staff(("administrator", 10))
    answer = await client.get(f"/audit?{query}", headers=admin.auth)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")


async def test_who_reads_the_log_of_their_subtree_is_on_record_themselves(
    client: httpx.AsyncClient, world: World, service: Service
) -> None:
    await write(service, 1, 10, 100, 11, None)
    for role in ("administrator", "auditor", "security_administrator"):
        person = await world.staff((role, 10))
        items = (await client.get("/audit?action=thing", headers=person.auth)).json()["items"]
        assert [item["organisation_id"] for item in items] == [100, 10]
        (looked,) = (await client.get(f"/audit?actor=account:{person.id}", headers=person.auth)).json()["items"]
        assert (looked["action"], looked["organisation_id"]) == ("audit.read", 10)
        assert looked["detail"] == {"entries": 2, "wanted": {"action": "thing"}}
    leader = await world.staff(("leader", 10))
    assert (await client.get("/audit", headers=leader.auth)).status_code == 403


async def test_entries_are_found_by_who_what_and_when(
    client: httpx.AsyncClient, world: World, service: Service, clock: MovableClock
) -> None:
    admin = await world.staff(("administrator", 10))
    begun = clock.now
    made = (("account:7", "post.created", 1), ("account:71", "post.ended", 1), ("system", "poster.made", 2))
    for actor, action, number in made:
        async with transaction(service.sessions) as session:
            audit.record(session, actor, action, "thing", number, now=clock.now, organisation_id=100)
        clock.move(minutes=1)

    async def found(**query: str) -> list[str]:
        # Every look is on record as well.
        answer = await client.get("/audit", headers=admin.auth, params={"object_type": "thing", **query})
        assert answer.status_code == 200
        return [item["action"] for item in answer.json()["items"]]

    second = (begun + timedelta(minutes=1)).isoformat()
    assert await found(actor="account:7") == ["post.created"]
    assert await found(actor="system") == ["poster.made"]
    assert await found(action="post.") == ["post.ended", "post.created"]
    assert await found(action="post") == ["poster.made", "post.ended", "post.created"]
    assert await found(action="post_") == [], "an underscore is no wildcard"
    assert await found(object_type="thing", object_id="2") == ["poster.made"]
    assert await found(object_type="things") == []
    assert await found(**{"from": second}) == ["poster.made", "post.ended"]
    assert await found(until=second) == ["post.created"]
    assert await found(**{"from": second, "until": second}) == []
    assert await found(action="post", **{"from": second}, limit="1") == ["poster.made"]


@pytest.mark.parametrize(
    "query", ["actor=Account:7", "actor=account:", "action=Post", "object_type=a%20b", "object_id=0", "from=yesterday"]
)
async def test_a_filter_that_means_nothing_is_refused(client: httpx.AsyncClient, world: World, query: str) -> None:
    admin = await world.staff(("administrator", 10))
    assert (await client.get(f"/audit?{query}", headers=admin.auth)).status_code == 422
