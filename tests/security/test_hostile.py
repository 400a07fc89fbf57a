"""Whatever is sent where a body or a parameter is taken: a 4xx problem, never a 5xx, and nothing written."""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import delete

from app.db.engine import transaction
from app.organisations.imports.models import RosterImport
from app.resources import Service
from app.web import create_api
from tests.security.asks import Ask
from tests.security.matrix import ROWS
from tests.security.rules import MEMBERS, STAFF, Row
from tests.security.targets import Targets
from tests.security.test_matrix import check_refusal, send, written
from tests.world import Person, World

DOCUMENT = create_api().openapi()["paths"]
JSON = {"Content-Type": "application/json"}
DEEP = 10_000


def first_rows(wanted: Callable[[dict[str, Any]], bool]) -> list[Row]:
    """One row of each operation whose description in the document is wanted."""
    rows = {row.operation: row for row in reversed(ROWS)}
    return [row for row in rows.values() if wanted(DOCUMENT[f"/api/v1{row.template}"][row.method.lower()])]


def takes(media: str) -> Callable[[dict[str, Any]], bool]:
    """Whether an operation takes a body of this kind."""
    return lambda operation: media in operation.get("requestBody", {}).get("content", {})


# What platforms say is signed, and more than we read: tests/app/messaging/callbacks has what is wrong with such a body.
TAKES_JSON = first_rows(
    lambda operation: takes("application/json")(operation) and "callbacks" not in operation.get("tags", [])
)
TAKES_FILE = first_rows(takes("multipart/form-data"))
TAKES_PARAMETERS = first_rows(lambda operation: bool(operation.get("parameters")))


async def somebody(world: World, row: Row) -> Person:
    """An actor who may do this."""
    if row.who[0] in STAFF:
        return await world.staff((row.who[0], 10))
    person = await (world.signed_in_member(10) if row.who[-1] in MEMBERS else world.unbound_wechat())
    person.name = row.who[-1]
    return person


def leaves(value: object, place: tuple[object, ...] = ()) -> Iterator[tuple[tuple[object, ...], object]]:
    """Each value in a body that holds no other, with where it is."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*place, key))
    elif isinstance(value, list):
        for key, inner in enumerate(value):
            yield from leaves(inner, (*place, key))
    else:
        yield place, value


def objects(value: object, place: tuple[object, ...] = ()) -> Iterator[tuple[object, ...]]:
    """Where there is an object in a body, the body itself first."""
    if isinstance(value, dict):
        yield place
        for key, inner in value.items():
            yield from objects(inner, (*place, key))
    elif isinstance(value, list):
        for key, inner in enumerate(value):
            yield from objects(inner, (*place, key))


def replaced(body: object, place: tuple[object, ...], value: object) -> Any:
    """The body with another value in one place."""
    if not place:
        return value
    changed: Any = copy.deepcopy(body)
    inside = changed
    for key in place[:-1]:
        inside = inside[key]
    inside[place[-1]] = value
    return changed


WRONG_FOR_ANY: tuple[object, ...] = ([{}], {"a": {"b": []}}, "\0", "\ud800", 2**63, -(2**63) - 1, 1e300)
# Who a row belongs to, what state it is in and what was earned: the server's to say.
ASSIGNED = {
    "id": 1, "author_id": 1, "reviewer_id": 1, "account": "x", "state": "published", "published_at": None, "path": "/",
    "password_hash": "x", "disabled_at": None, "secret_cipher": "x", "credited_ms": 10**6, "completed_at": None,
    "score": 100, "passed": True, "created_by": 1, "issued_by": 1, "next_due_at": None, "__proto__": {},
}  # fmt: skip


def wrong_values(body: object) -> Iterator[object]:
    """A good body with one wrong value: another type, out of range, unknown, too deep."""
    for place, good in leaves(body):
        for wrong in WRONG_FOR_ANY:
            if not (isinstance(good, str) and wrong == "\ud800" and place == ()):
                yield replaced(body, place, wrong)
        if isinstance(good, str):
            yield replaced(body, place, "长" * 600_000 if "markdown" not in place else "长" * 200_000)
            yield replaced(body, place, 7)
        else:
            yield replaced(body, place, str(good))
    for place in objects(body):
        inside: Any = body
        for key in place:
            inside = inside[key]
        for name, value in ASSIGNED.items():
            if name not in inside:
                yield replaced(body, (*place, name), value)


def raw_bodies(body: object) -> Iterator[bytes]:
    """Bytes that are no object of JSON, or one that no reader should follow."""
    yield from (b"", b" ", b"{", b"}", b"null", b"[]", b"1", b'"text"', b"true", b"NaN", b"{'a': 1}", b"\xef\xbb\xbf")
    yield from (b'{"a": "\xff\xfe"}', b'{"\xed\xa0\x80": 1}', b"\x00", b"\xff\xfe{\x00")
    yield b'{"a":' * DEEP + b"1" + b"}" * DEEP
    yield b"[" * DEEP + b"]" * DEEP
    yield b"[" * DEEP
    for place, _ in leaves(body):
        text = json.dumps(replaced(body, place, "@@"))
        for wrong in (b"9" * 5000, b"1e400", b"-1e400", b"NaN", b"Infinity", rb'"\ud800"', rb'"\udc00x"', b'"\xff"'):
            yield text.encode().replace(b'"@@"', wrong)
        # The same name twice: the later one is looked at, never the earlier one alone.
        yield b"{" + json.dumps(str(place[0])).encode() + b": {}," + text.encode().replace(b'"@@"', b"[[]]")[1:]


class Attacker:
    """Somebody who may do an operation, sends what nobody should, and is refused each time."""

    def __init__(self, client: httpx.AsyncClient, row: Row, actor: Person, ask: Ask) -> None:
        self.client, self.row, self.actor, self.ask = client, row, actor, ask

    async def refused(self, what: object, answer: httpx.Response, *, least: int = 400) -> None:
        """The answer is a problem of the caller's."""
        shown = f"{str(what)[:300]} → {answer.status_code} {answer.text[:300]}"
        assert least <= answer.status_code < 500, shown
        check_refusal(answer)

    async def raw(self, body: bytes, headers: dict[str, str]) -> httpx.Response:
        """Sends bytes."""
        path = self.row.template.format(**self.ask.path)
        auth = self.actor.auth if self.actor.token else {}
        return await self.client.request(
            self.row.method, path, params=self.ask.query, content=body, headers={**auth, **headers}
        )


@pytest.mark.parametrize("row", TAKES_JSON, ids=str)
async def test_no_body_of_json_is_more_than_refused(
    row: Row, client: httpx.AsyncClient, world: World, service: Service
) -> None:
    targets = await Targets.build(world)
    actor = await somebody(world, row)
    ask = await row.make(targets, 10, actor)
    attacker = Attacker(client, row, actor, ask)
    before = await written(service)
    for body in wrong_values(ask.json):
        # As ASCII, so that a lone surrogate can be written at all.
        await attacker.refused(body, await attacker.raw(json.dumps(body).encode(), JSON))
    for raw in raw_bodies(ask.json):
        await attacker.refused(raw, await attacker.raw(raw, JSON))
    good = json.dumps(ask.json).encode()
    for kind in ("text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data", "x", ""):
        await attacker.refused(kind, await attacker.raw(good, {"Content-Type": kind}))
    for kind in ("multipart/form-data; boundary=b", "multipart/form-data; boundary="):
        await attacker.refused(kind, await attacker.raw(b"--b\r\n\r\n--b--", {"Content-Type": kind}))
    await attacker.refused("too large", await attacker.raw(b" " * 1_100_000 + good, JSON), least=413)
    assert await written(service) == before, "refused, and yet something was written"
    # The proof that each was refused for what was wrong with it.
    assert (await send(client, row, actor, ask)).status_code == row.status


HEAD = b'--b\r\nContent-Disposition: form-data; name="file"; filename="'
FORMS = (
    b"", b"--b", b"--b--", b"--b\r\n--b--", b"\x00" * 100, b"--c\r\n\r\nx\r\n--c--",
    b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\ntext\r\n--b--\r\n',
    b'--b\r\nContent-Disposition: form-data; name="other"; filename="a.xlsx"\r\n\r\nx\r\n--b--\r\n',
    b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n",
    HEAD + b'a.xlsx"\r\n\r\nPK\x03\x04',
    HEAD + b'../../etc/passwd"\r\n\r\nPK\x03\x04\r\n--b--\r\n',
    HEAD + b'C:\\windows\\a.xlsx"\r\n\r\n\x00\xff\r\n--b--\r\n',
    HEAD + b'a\x00.xlsx"\r\n\r\nx\r\n--b--\r\n',
    HEAD + b"a" * 20_000 + b'"\r\n\r\nx\r\n--b--\r\n',
    HEAD + b'"\r\n\r\n\r\n--b--\r\n',
    b'--b\r\nContent-Disposition: form-data; name="organisation_id"\r\n\r\n\xff\r\n--b--\r\n',
    b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n1\r\n' * 2000 + b"--b--\r\n",
)  # fmt: skip


@pytest.mark.parametrize("row", TAKES_FILE, ids=str)
async def test_no_upload_is_more_than_refused(
    row: Row, client: httpx.AsyncClient, world: World, service: Service
) -> None:
    actor = await somebody(world, row)
    ask = await row.make(await Targets.build(world), 10, actor)
    attacker = Attacker(client, row, actor, ask)
    before = await written(service)
    for form in FORMS:
        answer = await attacker.raw(form, {"Content-Type": "multipart/form-data; boundary=b"})
        await attacker.refused(form, answer)
    for kind in ("multipart/form-data", "multipart/form-data; boundary=", "application/pdf", "text/plain", ""):
        await attacker.refused(kind, await attacker.raw(b"--b--", {"Content-Type": kind}))
    too_large = HEAD + b'a.xlsx"\r\n\r\n' + b"x" * (20 * 1024 * 1024 + 1) + b"\r\n--b--\r\n"
    form_kind = {"Content-Type": "multipart/form-data; boundary=b"}
    await attacker.refused("too large", await attacker.raw(too_large, form_kind), least=413)
    # That somebody sent a file which could not be read is kept: the list of imports says why it failed.
    async with transaction(service.sessions) as session:
        await session.execute(delete(RosterImport).where(RosterImport.state == "failed"))
    assert await written(service) == before


WRONG_IDS = ("0", "-1", str(2**53), str(2**63), "9" * 5000, "abc", "%00", "%ff", "1e3", "NaN", "1;--", "..%2f1", "%20")
WRONG_QUERIES = (
    "limit=0", "limit=201", "limit=-1", f"limit={2**63}", "limit=%00", "limit=", "cursor=0", "cursor=abc",
    f"cursor={2**64}", "cursor=%ff", "organisation_id=x", "unknown=1", "week=2025-W53", "week=%00", "state=x", "by=x",
    "dry_run=x", "%00=1", "a" * 5000 + "=1",
)  # fmt: skip


@pytest.mark.parametrize("row", TAKES_PARAMETERS, ids=str)
async def test_no_parameter_is_more_than_refused(
    row: Row, client: httpx.AsyncClient, world: World, service: Service
) -> None:
    actor = await somebody(world, row)
    ask = await row.make(await Targets.build(world), 10, actor)
    attacker = Attacker(client, row, actor, ask)
    before = await written(service)
    body: dict[str, Any] = {"json": ask.json} if row.method != "GET" and ask.file is None else {}
    path = row.template.format(**ask.path)
    for name in ask.path if "{" in row.template else ():
        for wrong in WRONG_IDS:
            address = row.template.format(**{**ask.path, name: wrong})
            await attacker.refused(address, await client.request(row.method, address, headers=actor.auth, **body))
    for wrong in WRONG_QUERIES:
        answer = await client.request(row.method, f"{path}?{wrong}", headers=actor.auth, **body)
        await attacker.refused(wrong, answer)
    assert await written(service) == before


@pytest.mark.parametrize(
    "value", ["", "Bearer", "Bearer ", "Basic Og==", "bearer x y", "Bearer \x00", "Bearer é", "Bearer " + "x" * 60_000]
)
@pytest.mark.parametrize("path", ["/me", "/staff/me", "/organisations"])
async def test_no_token_is_more_than_refused(client: httpx.AsyncClient, value: str, path: str) -> None:
    answer = await client.get(path, headers=[(b"authorization", value.encode("latin-1"))])
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    check_refusal(answer)
