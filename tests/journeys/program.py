"""The product as its operator starts it: real processes, real HTTP, and a clock that the test moves."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx

from tests.conftest import DATA_KEY, SIGNING_KEY

ROOT = Path(__file__).parents[2]
ZHIJIAN = [sys.executable, "-c", "from app.cli import main; main()"]
PATIENCE = 30.0

Result = TypeVar("Result")


def eventually(look: Callable[[], Result], *, patience: float = PATIENCE) -> Result:
    """Looks again until the result is true; the last result, or what the look raised, when patience runs out."""
    until = time.monotonic() + patience
    while True:
        try:
            result = look()
        except AssertionError:
            if time.monotonic() > until:
                raise
        else:
            if result or time.monotonic() > until:
                return result
        time.sleep(0.05)


@dataclass
class Program:
    """The settings of one installation, and the processes started on it."""

    database_url: str
    folder: Path
    platform: str
    offset: float = 0.0
    started: int = 0
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """What the operator would set."""
        return {
            **os.environ,
            "DATABASE_URL": self.database_url,
            "PORT": "0",
            "ZHIJIAN_MODE": "test",
            "ZHIJIAN_VAR": str(self.folder / "var"),
            "ZHIJIAN_MEDIA": str(self.folder / "media"),
            "ZHIJIAN_SIGNING_KEY": SIGNING_KEY,
            "ZHIJIAN_DATA_KEY": DATA_KEY,
            "ZHIJIAN_WECHAT_API": self.platform,
            "ZHIJIAN_FAKE_PLATFORM": self.platform,
            "ZHIJIAN_TEST_CLOCK": str(self.folder / "clock"),
            "ZHIJIAN_SENDER_LEASE_SECONDS": "2",
        }

    def command(self, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
        """Runs a command to its end."""
        return subprocess.run(
            [*ZHIJIAN, *arguments],
            cwd=ROOT, env=self.environment, input=text, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    def start_process(self, part: str) -> subprocess.Popen[bytes]:
        """Starts a part (`run`, `api`, `scheduler`, `sender`) and waits until it serves."""
        self.start(part)
        return self.processes[-1]

    def start(self, part: str) -> str:
        """Starts a part; gives its address once it serves."""
        self.started += 1
        log = self.folder / f"{part}-{self.started}.log"
        environment = {**self.environment, "ZHIJIAN_LOG_FILE": str(log)}
        process = subprocess.Popen([*ZHIJIAN, part], cwd=ROOT, env=environment)
        self.processes.append(process)

        def serving() -> str:
            assert process.poll() is None, f"{part} ended: {log.read_text() if log.exists() else ''}"
            lines = log.read_text().splitlines() if log.exists() else []
            found = next((each for each in map(json.loads, lines) if each.get("event") == "serving"), None)
            return f"http://127.0.0.1:{found['port']}" if found else ""

        address = eventually(serving)
        assert address, f"{part} did not begin to serve"
        return address

    def stop(self) -> None:
        """Ends every process as Ctrl-C would; each must end by itself."""
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
        codes = [process.wait(30) for process in self.processes]
        self.processes.clear()
        assert set(codes) <= {0}, codes

    def now(self) -> datetime:
        """The time that the program under test sees."""
        return datetime.fromtimestamp(time.time() + self.offset, UTC)

    def set_clock(self, moment: datetime) -> None:
        """Moves the program's clock; it goes on from there."""
        self.offset = moment.timestamp() - time.time()
        part = self.folder / "clock.part"
        part.write_text(str(self.offset))
        part.rename(self.folder / "clock")


@contextmanager
def installed(database_url: str, folder: Path, platform: str) -> Iterator[Program]:
    """An installation whose processes are stopped at the end."""
    program = Program(database_url, folder, platform)
    try:
        yield program
    finally:
        for process in program.processes:
            process.kill()
            process.wait()


@dataclass
class Phone:
    """Somebody who speaks to the API: a member's phone or a browser of staff."""

    http: httpx.Client
    token: str = ""

    def ask(self, method: str, path: str, status: int = 200, **more: Any) -> Any:
        """The JSON of an answer that must have this status (or the answer itself where it is no JSON)."""
        answer = self.send(method, path, **more)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if "json" in answer.headers.get("content-type", "") else answer

    def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        """The answer, whatever it is."""
        headers = {**more.pop("headers", {}), **({"Authorization": f"Bearer {self.token}"} if self.token else {})}
        return self.http.request(method, f"/api/v1{path}", headers=headers, **more)
