"""What surrounds every request: its id, its log line, its metrics, and the bound on its body."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from app.db.engine import create_engine, sessionmaker
from app.library.assets.schemas import PIECE_TYPE
from app.logs import configure_logs
from app.middleware import CHUNK_LIMIT, JSON_LIMIT, UPLOAD_LIMIT, BodyDigest, BodyLimit, Surround
from app.resources import Service
from app.web import create_app
from tests.app.test_logs import restored_logs
from tests.world import Person, World

CHANNEL = {"organisation_id": 1, "adapter": "console", "name": "消息页"}
MULTIPART = "multipart/form-data; boundary=b"


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """The lines that the process has logged."""
    file = tmp_path / "log"
    with restored_logs():
        configure_logs("info", file)
        # httpx, with which the test asks, writes its own lines.
        yield lambda: [
            line
            for line in map(json.loads, file.read_text().splitlines())
            if "event" in line and not line["event"].startswith("HTTP Request")
        ]


@pytest.fixture
async def admin(world: World) -> Person:
    """An administrator of the top organisation."""
    return await world.staff(("administrator", 1))


def broken(service: Service) -> FastAPI:
    """The application with operations that break, before the answer has begun and after it."""
    app = create_app(service)

    @app.get("/broken/{what}")
    async def at_once(what: int) -> None:
        raise RuntimeError(f"broken {what}")

    @app.get("/broken-later")
    async def later() -> StreamingResponse:
        async def body() -> AsyncIterator[bytes]:
            yield b"begun"
            raise RuntimeError("too late")

        return StreamingResponse(body())

    @app.post("/size")
    async def size(request: Request) -> int:
        return sum([len(part) async for part in request.stream()])

    return app


@pytest.fixture
async def breaking(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    """The client of the breaking application."""
    transport = httpx.ASGITransport(broken(service))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as session:
        yield session


async def test_a_request_id_that_was_given_comes_back(client: httpx.AsyncClient) -> None:
    for sent in ("a", "Trace-1.2_3", "x" * 64):
        answer = await client.get("http://test/healthz", headers={"X-Request-Id": sent})
        assert answer.headers["x-request-id"] == sent


@pytest.mark.parametrize(
    "given", ["", "x" * 65, "two words", "a\tb", "<script>", "编号".encode(), b"\xff", '{"a":1}', "end\n"]
)
async def test_a_request_id_that_could_spoil_the_log_is_replaced(client: httpx.AsyncClient, given: str | bytes) -> None:
    headers: Any = [("X-Request-Id", given)]
    answer = await client.get("http://test/healthz", headers=headers)
    made = answer.headers["x-request-id"]
    assert len(made) == 32
    assert int(made, 16) >= 0


async def test_a_request_without_an_id_gets_one_of_its_own(client: httpx.AsyncClient) -> None:
    made = {(await client.get("http://test/healthz")).headers["x-request-id"] for _ in range(3)}
    assert len(made) == 3


async def test_every_request_is_one_line_of_the_log_without_its_secrets(
    client: httpx.AsyncClient, admin: Person, log: Callable[[], list[dict[str, Any]]]
) -> None:
    await client.get("/organisations/1?limit=7", headers={**admin.auth, "X-Request-Id": "one"})
    await client.get("/organisations/1", headers={**admin.auth, "X-Request-Id": "two"})
    lines = [line for line in log() if line["event"] == "request"]
    assert [(line["request_id"], line["method"], line["route"], line["status"]) for line in lines] == [
        ("one", "GET", "/api/v1/organisations/{organisation_id}", 422),
        ("two", "GET", "/api/v1/organisations/{organisation_id}", 200),
    ]
    assert all(line["ms"] >= 0 and line["level"] == "info" for line in lines)
    assert admin.token not in json.dumps(log())


async def test_requests_are_counted_by_the_template_of_their_route(client: httpx.AsyncClient, admin: Person) -> None:
    route = "/api/v1/organisations/{organisation_id}"
    expected = f'zhijian_http_requests_total{{method="GET",route="{route}",status="404"}}'

    async def counted() -> float:
        text = (await client.get("http://test/metrics")).text
        return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(expected))

    before = await counted()
    for organisation_id in (2, 20, 999):
        await client.get(f"/organisations/{organisation_id}", headers=admin.auth)
    assert await counted() == before + 3


async def test_addresses_that_nobody_knows_are_counted_together(client: httpx.AsyncClient) -> None:
    await client.get("http://test/made-up-in-a-test")
    text = (await client.get("http://test/metrics")).text
    assert 'route="unmatched"' in text
    assert "made-up-in-a-test" not in text


async def test_a_method_that_nobody_knows_is_not_counted_under_its_own_name(client: httpx.AsyncClient) -> None:
    assert (await client.request("MADEUPINATEST", "http://test/healthz")).status_code == 405
    assert "MADEUPINATEST" not in (await client.get("http://test/metrics")).text


async def test_an_unexpected_error_is_a_problem_with_the_number_under_which_it_was_logged(
    breaking: httpx.AsyncClient, log: Callable[[], list[dict[str, Any]]]
) -> None:
    answer = await breaking.get("/broken/7", headers={"X-Request-Id": "seven"})
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert answer.headers["x-request-id"] == "seven"
    assert answer.json()["code"] == "internal_error"
    assert "broken 7" not in answer.text
    logged, request = log()
    assert (logged["event"], logged["level"], logged["request_id"]) == ("unexpected_error", "error", "seven")
    assert "RuntimeError: broken 7" in logged["exception"]
    assert (request["event"], request["status"], request["route"]) == ("request", 500, "/broken/{what}")


async def test_an_answer_that_breaks_on_its_way_is_not_made_to_look_whole(
    breaking: httpx.AsyncClient, log: Callable[[], list[dict[str, Any]]]
) -> None:
    with pytest.raises(RuntimeError, match="too late"):
        await breaking.get("/broken-later")
    assert [line["route"] for line in log() if line["event"] == "request"] == ["/broken-later"]


async def test_a_database_that_is_away_is_a_warning_and_no_error(
    service: Service, log: Callable[[], list[dict[str, Any]]]
) -> None:
    engine = create_engine("postgresql://nobody@127.0.0.1:1/nothing")
    away = Service(service.settings, sessionmaker(engine), service.clock, service.vault, service.http)
    transport = httpx.ASGITransport(create_app(away))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.get("/readyz")
        assert (await client.get("/healthz")).status_code == 200, "alive all the same"
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert int(answer.headers["retry-after"]) > 0
    assert log()[0]["event"] == "database_away"
    assert log()[0]["level"] == "warning"
    await engine.dispose()


async def parts(size: int) -> AsyncIterator[bytes]:
    """A body without a declared length."""
    while size > 0:
        yield b" " * min(size, 65536)
        size -= 65536


@pytest.mark.parametrize(
    ("content_type", "limit"),
    [
        ("application/json", JSON_LIMIT),
        ("text/plain", JSON_LIMIT),
        (MULTIPART, UPLOAD_LIMIT),
        (PIECE_TYPE, CHUNK_LIMIT),
        ("Application/Offset+Octet-Stream ; x=y", CHUNK_LIMIT),
        ("application/offset+octet-streams", JSON_LIMIT),
    ],
)
async def test_a_body_may_be_as_large_as_the_limit_and_no_larger(
    breaking: httpx.AsyncClient, content_type: str, limit: int
) -> None:
    headers = {"Content-Type": content_type}
    fits = await breaking.post("/size", headers=headers, content=b" " * limit)
    assert (fits.status_code, fits.json()) == (200, limit)
    fits = await breaking.post("/size", headers=headers, content=parts(limit))
    assert (fits.status_code, fits.json()) == (200, limit)
    for content in (b" " * (limit + 1), parts(limit + 1)):
        refused = await breaking.post("/size", headers=headers, content=content)
        assert (refused.status_code, refused.json()["code"]) == (413, "too_large")
        assert refused.headers["content-type"] == "application/problem+json"


async def test_a_piece_of_media_has_a_digest_of_what_arrived(service: Service) -> None:
    app = create_app(service)

    @app.post("/digest")
    async def digest(request: Request) -> str:
        async for _ in request.stream():
            continue
        return str(request.scope["body_sha256"]())

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        headers = {"Content-Type": PIECE_TYPE}
        answer = await client.post("/digest", headers=headers, content=parts(JSON_LIMIT * 3))
    assert answer.json() == sha256(b" " * JSON_LIMIT * 3).hexdigest()


async def test_a_large_json_body_is_refused_by_an_operation_of_ours(client: httpx.AsyncClient, admin: Person) -> None:
    body = json.dumps({**CHANNEL, "name": "x" * JSON_LIMIT}).encode()

    async def chunked() -> AsyncIterator[bytes]:
        yield body

    for content in (body, chunked()):
        headers = {**admin.auth, "Content-Type": "application/json"}
        answer = await client.post("/channels", headers=headers, content=content)
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


async def test_a_length_that_lies_does_not_let_more_in(breaking: httpx.AsyncClient) -> None:
    for declared in ("3", "-5", "many"):
        headers = {"Content-Length": declared}
        answer = await breaking.post("/size", headers=headers, content=parts(JSON_LIMIT + 1))
        assert answer.status_code == 413


@pytest.mark.parametrize("layer", [Surround, BodyLimit])
async def test_what_is_no_request_passes_through(layer: type[Surround] | type[BodyLimit]) -> None:
    seen: list[str] = []

    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["type"])

    async def receive() -> Message:
        raise AssertionError

    async def send(message: Message) -> None:
        raise AssertionError

    await layer(inner)({"type": "lifespan"}, receive, send)
    assert seen == ["lifespan"]


@given(st.lists(st.binary(max_size=30), min_size=1, max_size=6), st.lists(st.integers(0, 200), max_size=5))
def test_the_digest_of_a_form_depends_on_its_parts_and_neither_on_the_boundary_nor_on_the_chunks(
    parts: list[bytes], cuts: list[int]
) -> None:
    digests = set()
    for boundary in (b"=_first_boundary_QZ", b"=_another-XYZ"):
        body = b"--" + (b"\r\n--" + boundary).join([boundary, *parts]) + b"--\r\n"
        places = sorted({0, len(body), *(cut % (len(body) + 1) for cut in cuts)})
        digest = BodyDigest(b'multipart/form-data; boundary="' + boundary + b'"')
        for begin, end in pairwise(places):
            digest.update(body[begin:end])
        digests.add(digest.hexdigest())
    assert len(digests) == 1
    other = BodyDigest(b"multipart/form-data; boundary=x")
    other.update(b"--x\r\nsomething else--x--\r\n")
    assert other.hexdigest() not in digests
