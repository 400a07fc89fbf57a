"""Every route by every role on targets inside and outside of its reach: see `tests.security.rules`."""

import re
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from app.db.base import Base
from app.resources import Service
from app.web import create_api, create_app
from tests.conftest import make_settings
from tests.security import matrix
from tests.security.asks import Ask
from tests.security.matrix import ROWS
from tests.security.rules import ANY_POST, ORGANISATIONS, Row, expected
from tests.security.targets import Targets, people
from tests.world import Person, World

CHINESE = re.compile(r"[\u4e00-\u9fff]")
# Counted for everybody who tries, whatever comes of it.
COUNTED = {"sign_in_tries"}


def actors(world: World, targets: Targets) -> dict[str, Callable[[], Awaitable[Person]]]:
    """How each actor comes to be: all at organisation 10."""

    async def anonymous() -> Person:
        return Person(0, "")

    async def former() -> Person:
        person = await world.staff(("administrator", 10), ("leader", 10))
        await people.end_posts(targets, person)
        return person

    async def floating() -> Person:
        return await world.signed_in_member(10, roster="floating")

    async def member() -> Person:
        return await world.signed_in_member(10)

    async def silent() -> Person:
        return await world.signed_in_member(10, consent_version=None)

    def staff(role: str) -> Callable[[], Awaitable[Person]]:
        return lambda: world.staff((role, 10))

    posts = {role: staff(role) for role in ANY_POST}
    wechat = {"unbound": world.unbound_wechat, "silent": silent, "member": member, "floating": floating}
    return {"anonymous": anonymous, **wechat, **posts, "former": former}


async def send(client: httpx.AsyncClient, row: Row, actor: Person, ask: Ask) -> httpx.Response:
    """The answer to one try."""
    return await client.request(
        row.method,
        row.template.format(**ask.path),
        params=ask.query,
        json=ask.json if row.method != "GET" else None,
        files={"file": ("file.xlsx", ask.file)} if ask.file is not None else None,
        content=ask.content,
        headers={**ask.headers, **(actor.auth if actor.token else {})},
    )


async def written(service: Service) -> list[tuple[object, ...]]:
    """What changes when anything is written: of each table the count and the newest transaction."""
    each = " UNION ALL ".join(
        f"SELECT '{name}', count(*), max(xmin::text::bigint) FROM {name}"
        for name in sorted(Base.metadata.tables)
        if name not in COUNTED
    )
    async with service.sessions() as session:
        return [tuple(row) for row in await session.execute(text(each))]


def check_refusal(answer: httpx.Response) -> None:
    """A problem document that says in Chinese what to do, and under which code a program finds it."""
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert re.fullmatch(r"[a-z_]+", problem["code"])
    assert CHINESE.search(problem["detail"])
    assert CHINESE.search(problem["title"])


class Trial:
    """The tries of one row in a world of its own."""

    def __init__(self, row: Row, client: httpx.AsyncClient, service: Service) -> None:
        self.row, self.client, self.service = row, client, service

    async def refused(self, name: str, relation: str, answer: httpx.Response, before: object) -> None:
        """The answer is the refusal that the matrix says, and nothing was written."""
        what = f"{name} on {relation}: {answer.text[:300]}"
        assert answer.status_code == expected(self.row, name, relation), what
        check_refusal(answer)
        assert await written(self.service) == before, f"{name} on {relation}: refused, and yet something was written"

    async def by_strangers(self, relation: str, strangers: dict[str, Person], ask: Ask) -> None:
        """Who is refused at the door leaves no trace, so that all of them can try the same target."""
        before = await written(self.service)
        for name, actor in strangers.items():
            answer = await send(self.client, self.row, actor, ask)
            await self.refused(name, relation, answer, before)

    async def by_insider(self, relation: str, actor: Person, ask: Ask) -> None:
        """Somebody who is let in at the door: the organisation of the target decides."""
        before = await written(self.service)
        answer = await send(self.client, self.row, actor, ask)
        if expected(self.row, actor.name, relation) >= 400:
            await self.refused(actor.name, relation, answer, before)
            return
        what = f"{actor.name} on {relation}: {answer.text[:300]}"
        assert answer.status_code == expected(self.row, actor.name, relation), what
        if self.row.lists is not None:
            shown = ask.shown in [item[self.row.lists] for item in answer.json()["items"]]
            assert shown == (relation in self.row.reach_of(actor.name)), what


@pytest.mark.parametrize("row", ROWS, ids=str)
async def test_each_actor_is_answered_as_the_matrix_says(
    row: Row, client: httpx.AsyncClient, world: World, service: Service
) -> None:
    targets = await Targets.build(world)
    trial = Trial(row, client, service)
    people: dict[str, Person] = {}
    for name, make in actors(world, targets).items():
        people[name] = await make()
        people[name].name = name
    insiders = {name: person for name, person in people.items() if name in row.insiders}
    strangers = {name: person for name, person in people.items() if name not in row.insiders}
    for relation in row.relations:
        where = ORGANISATIONS[relation]
        if strangers:
            await trial.by_strangers(relation, strangers, await row.make(targets, where, targets.author))
        for actor in insiders.values():
            await trial.by_insider(relation, actor, await row.make(targets, where, actor))


def routes(app: FastAPI) -> Iterator[str]:
    """Every route of an application, in the document or not, as `GET /path`."""
    for route in app.routes:
        # FastAPI keeps included routers apart and shows what they come to in this place.
        found: list[Any] = [*getattr(route, "effective_route_contexts", lambda route=route: [route])()]
        for each in found:
            yield from (f"{method} {each.path_format}" for method in each.methods - {"HEAD"})


RULED = {f"{row.method} /api/v1{row.template}" for row in ROWS}


def test_the_matrix_has_a_row_for_every_documented_operation_and_for_no_other() -> None:
    documented = {
        f"{method.upper()} {path}"
        for path, operations in create_api().openapi()["paths"].items()
        for method in operations
    }
    assert documented == RULED | (matrix.PUBLIC - {"GET /openapi.json"})


@pytest.mark.parametrize(
    ("mode", "others"),
    [("production", matrix.PAGES), ("demonstration", matrix.PAGES | matrix.DEMONSTRATION)],
)
def test_what_is_served_outside_of_the_document_is_listed_as_public(
    service: Service, mode: str, others: set[str]
) -> None:
    settings = make_settings("postgresql://", mode=mode)
    app = create_app(Service(settings, service.sessions, service.clock, service.vault, service.http))
    assert sorted(routes(app)) == sorted(RULED | matrix.PUBLIC | matrix.CALLED | others)


@pytest.mark.parametrize("operation", sorted(matrix.PUBLIC | matrix.PAGES))
async def test_public_routes_answer_without_a_token_and_ignore_a_wrong_one(
    client: httpx.AsyncClient, operation: str
) -> None:
    path = operation.split()[1].format(name="style.css")
    for headers in ({}, {"Authorization": "Bearer nobody"}):
        answer = await client.get(f"http://test{path}", headers=headers)
        assert answer.status_code in (200, 404), answer.text


def test_an_unknown_route_would_be_noticed() -> None:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    inner = FastAPI().router
    inner.add_api_route("/secret", lambda: None, methods=["POST"])
    app.include_router(inner, prefix="/hidden")
    assert "POST /hidden/secret" in set(routes(app))
