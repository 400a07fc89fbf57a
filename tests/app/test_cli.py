"""The commands, as an operator types them."""

import asyncio
import fcntl
import json
import os
import secrets
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import httpx
import pytest

from app.db.engine import Sessions
from tests.app.commands import PASSWORD, SET_UP, accepted, refused, run
from tests.conftest import DATA_KEY
from tests.databases import SERVER, drop_database, dsn_of
from tests.journeys.program import Program, installed


@pytest.fixture
def program(database: str, tmp_path: Path) -> Iterator[Program]:
    """An installation on a fresh, migrated database; no platform is there."""
    with installed(database, tmp_path, "http://127.0.0.1:1") as started:
        yield started


@pytest.fixture
async def empty(tmp_path: Path) -> AsyncIterator[Program]:
    """An installation on a database in which nothing is yet."""
    name = f"t_{secrets.token_hex(6)}"
    operator = await asyncpg.connect(os.environ[SERVER])
    await operator.execute(f'CREATE DATABASE "{name}"')
    await operator.close()
    with installed(dsn_of(name), tmp_path, "http://127.0.0.1:1") as started:
        yield started
    await drop_database(dsn_of(name))


def test_refused_settings_say_which_and_never_the_key(program: Program) -> None:
    done = run(program, "run", ZHIJIAN_SIGNING_KEY=DATA_KEY, ZHIJIAN_DATA_KEY=DATA_KEY)
    refused(done, "设置有误", "ZHIJIAN_SIGNING_KEY and ZHIJIAN_DATA_KEY must differ")
    assert DATA_KEY not in done.stdout + done.stderr
    refused(run(program, "migrate", ZHIJIAN_DATA_KEY=None), "设置有误", "data_key: Field required")


@pytest.mark.parametrize("url", ["mysql://u@h/d", "zhijian", ""])
def test_another_kind_of_database_is_refused(program: Program, url: str) -> None:
    refused(run(program, "migrate", DATABASE_URL=url), "DATABASE_URL must be a postgresql:// address")


def test_the_demonstration_refuses_settings_as_readably(program: Program) -> None:
    refused(run(program, "demo", PORT="many"), "设置有误", "PORT")


@pytest.mark.parametrize("command", [("migrate",), SET_UP, ("import", "content/library")])
def test_a_database_that_is_away_is_said_so(program: Program, command: tuple[str, ...]) -> None:
    typed = f"{PASSWORD}\n"
    done = run(program, *command, typed=typed, DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing")
    refused(done, "无法连接数据库", "DATABASE_URL")
    assert PASSWORD not in done.stdout + done.stderr


@pytest.mark.parametrize(("ours", "theirs"), [("/t_", "/no_such_"), ("//postgres:@", "//nobody:@")])
def test_a_database_that_does_not_let_us_in_is_said_so(program: Program, ours: str, theirs: str) -> None:
    done = run(program, *SET_UP, typed=f"{PASSWORD}\n", DATABASE_URL=program.database_url.replace(ours, theirs))
    refused(done, "无法连接数据库", "does not exist")


async def test_an_empty_database_is_migrated_first(empty: Program, sessions: Sessions) -> None:
    refused(run(empty, *SET_UP, typed=f"{PASSWORD}\n"), "zhijian migrate")
    for _ in range(2):
        accepted(run(empty, "migrate"))
    accepted(run(empty, *SET_UP, typed=f"{PASSWORD}\n"))


def test_the_document_of_the_interface_is_printed(program: Program) -> None:
    document = json.loads("\n".join(accepted(run(program, "openapi", DATABASE_URL=None, ZHIJIAN_DATA_KEY=None))))
    assert document["info"]["title"] == "指尖课堂"
    assert "/api/v1/me" in document["paths"]


def test_without_a_command_there_is_help(program: Program) -> None:
    done = run(program)
    for command in ("run", "api", "scheduler", "sender", "migrate", "setup", "import", "demo", "openapi"):
        assert command in done.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_service_migrates_serves_and_ends_when_told(empty: Program, number: signal.Signals) -> None:
    address = await asyncio.to_thread(empty.start, "run")
    (process,) = empty.processes
    async with httpx.AsyncClient(base_url=address) as client:
        for path in ("/healthz", "/readyz"):
            answer = await client.get(path)
            assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
        metrics = await client.get("/metrics")
        assert metrics.headers["content-type"].startswith("text/plain")
        assert 'zhijian_http_requests_total{method="GET",route="/healthz",status="200"} 1.0' in metrics.text
    process.send_signal(number)
    assert await asyncio.to_thread(process.wait, 60) == 0
    (log,) = empty.folder.glob("run-*.log")
    events = [json.loads(line)["event"] for line in log.read_text().splitlines()]
    assert events[-1] == "stopped"


async def test_a_part_alone_does_not_migrate_and_says_so_until_it_is_done(empty: Program) -> None:
    address = await asyncio.to_thread(empty.start, "api")
    async with httpx.AsyncClient(base_url=address) as client:
        assert (await client.get("/healthz")).status_code == 200
        waiting = await client.get("/readyz")
        assert (waiting.status_code, waiting.json()["code"]) == (503, "not_migrated")
        assert int(waiting.headers["retry-after"]) > 0
        accepted(await asyncio.to_thread(run, empty, "migrate"))
        assert (await client.get("/readyz")).status_code == 200
    await asyncio.to_thread(empty.stop)


@pytest.mark.parametrize("part", ["scheduler", "sender"])
async def test_a_part_without_an_address_shows_its_metrics_on_a_port_of_its_own(program: Program, part: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    os.environ["ZHIJIAN_METRICS_PORT"] = str(port)
    try:
        await asyncio.to_thread(program.start, part)
    finally:
        del os.environ["ZHIJIAN_METRICS_PORT"]
    async with httpx.AsyncClient() as client:
        assert "python_info" in (await client.get(f"http://127.0.0.1:{port}/metrics")).text
    await asyncio.to_thread(program.stop)


@pytest.mark.parametrize(("variable", "part"), [("PORT", "api"), ("ZHIJIAN_METRICS_PORT", "sender")])
def test_a_port_that_is_taken_is_said_so(program: Program, variable: str, part: str) -> None:
    with socket.create_server(("", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused(run(program, part, **{variable: port}), "端口已被占用", port)


def test_a_folder_in_use_is_said_so(program: Program) -> None:
    var = program.folder / "var"
    var.mkdir()
    with (var / "owner.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        refused(run(program, "run", DATABASE_URL=None), "另一个进程", str(var))
    assert not (var / "postgres").exists()
