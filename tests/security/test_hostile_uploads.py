"""Hostile files over HTTP to a process of its own: each a typed 4xx, others answered meanwhile, nothing kept."""

import re
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
import pytest

from tests.app.commands import counts
from tests.conftest import MovableClock
from tests.content.hostile.packages import SHEETS
from tests.content.hostile.test_hostile import CORPUS
from tests.journeys.program import Program, installed
from tests.world import Person, World

Case = tuple[str, Callable[[], bytes], str]

# What is only stopped by its time keeps a child busy for half a minute: tests/content/hostile has those one by one.
REFUSED = {
    title: case for title, case in CORPUS.items() if case[2] and not case[2].endswith("document_too_complex")
} | {"elements 200,000 deep": CORPUS["elements 200,000 deep"]}
# Each parser of tables meets its own kind, and one of every kind of refusal.
TABLES = list(
    {**{code: title for title, (_, _, code) in REFUSED.items()}, **{title: title for title in SHEETS}}.values()
)
CODE = re.compile(r"[a-z][a-z0-9_]+")
CHINESE = re.compile(r"[一-鿿]{4}")
# Of the process: what one upload takes is given back, so that a hundred of them leave no more than a few.
MOST_GROWTH = 100 * 1024 * 1024
MOST_SECONDS = 5.0


@dataclass
class Others:
    """What others were answered while the files came in: each status, and how long they waited."""

    statuses: set[int] = field(default_factory=set)
    seconds: list[float] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def look(self, api: str, member: Person) -> None:
        """Ask again and again, until stopped."""
        with httpx.Client(base_url=api, timeout=30) as http:
            while not self.stopped.wait(0.02):
                for path in ("/healthz", "/api/v1/me"):
                    begun = time.monotonic()
                    self.statuses.add(http.get(path, headers=member.auth).status_code)
                    self.seconds.append(time.monotonic() - begun)


@contextmanager
def others(api: str, member: Person) -> Iterator[Others]:
    """Somebody else who uses the service."""
    seen = Others()
    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(seen.look, api, member)
        try:
            yield seen
        finally:
            seen.stopped.set()
        looking.result()


@pytest.fixture
async def program(database: str, tmp_path: Path, clock: MovableClock) -> AsyncIterator[Program]:
    """An installation on the test's database, with nothing started yet."""
    with installed(database, tmp_path, "http://127.0.0.1:9") as started:
        started.set_clock(clock())
        yield started


def uploads(case: Case, *, table: bool) -> Iterator[tuple[str, dict[str, str], tuple[str, bytes]]]:
    """The (address, fields, file) of each route that takes a file."""
    name, build, _ = case
    file = (name, build())
    yield "/lessons", {"organisation_id": "10"}, file
    if table:
        yield "/questions/import?organisation_id=10", {}, file
        yield "/rosters/import?organisation_id=10", {}, file


def check_refusal(answer: httpx.Response, what: str) -> str:
    """A typed 4xx that says in Chinese what to do; gives its code."""
    said = f"{what}: {answer.status_code} {answer.text[:300]}"
    assert 400 <= answer.status_code < 500, said
    assert answer.headers["content-type"] == "application/problem+json", said
    problem = answer.json()
    assert CODE.fullmatch(problem["code"]), said
    assert CHINESE.search(problem["detail"]), said
    return str(problem["code"])


def send_all(api: str, staff: Person, process: psutil.Process) -> tuple[set[str], list[int]]:
    """Send each file to each route; gives the codes, and the memory of the process after each file."""
    codes: set[str] = set()
    memory: list[int] = []
    with httpx.Client(base_url=f"{api}/api/v1", timeout=120) as http:
        for title, case in REFUSED.items():
            for path, fields, file in uploads(case, table=title in TABLES):
                answer = http.post(path, data=fields, files={"file": file}, headers=staff.auth)
                codes.add(check_refusal(answer, f"{title} to {path}"))
            memory.append(process.memory_info().rss)
    return codes, memory


def children_of(process: psutil.Process) -> list[psutil.Process]:
    return [each for each in process.children() if "sandbox_child" in " ".join(each.cmdline())]


@pytest.mark.timeout(600)
async def test_hostile_uploads_are_refused_while_others_are_answered(program: Program, world: World) -> None:
    staff = await world.staff(("editor", 10), ("leader", 10))
    member = await world.signed_in_member(10)
    before = await counts(world.service.sessions)
    api = program.start("api")
    process = psutil.Process(program.processes[-1].pid)
    with others(api, member) as seen:
        codes, memory = send_all(api, staff, process)
    assert len(REFUSED) >= 50
    assert len(codes) >= 10
    assert program.processes[-1].poll() is None
    # The first ones load what all the others use.
    assert memory[-1] - memory[len(memory) // 4] < MOST_GROWTH
    assert not children_of(process)
    assert seen.statuses == {200}
    assert len(seen.seconds) > 2 * len(REFUSED)
    assert max(seen.seconds) < MOST_SECONDS
    assert await counts(world.service.sessions) == before
    assert not [each for each in (program.folder / "media").rglob("*") if each.is_file()]
    program.stop()
