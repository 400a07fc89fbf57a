"""However heartbeats come, nobody is credited more than the time that passed: in the function and in the tables."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from app.access.principals import CurrentMember
from app.db.engine import create_engine, sessionmaker, transaction
from app.db.vault import open_vault
from app.library.rules import required_seconds
from app.platforms.http import outside_client
from app.reading.credit import Progress, credit, digest
from app.reading.models import ReadingProgress
from app.reading.service import record_progress
from app.resources import Service
from tests.app.library.desk import make_issue, make_lesson
from tests.conftest import MovableClock, make_settings
from tests.databases import clone_template, drop_database
from tests.world import World

START = datetime(2026, 11, 16, 2, 0, tzinfo=UTC)
LESSONS = 3


@dataclass(frozen=True)
class Seen:
    """What a heartbeat led to."""

    position: float
    credited_ms: int
    completed_at: datetime | None


class Machine(RuleBasedStateMachine):
    """Heartbeats of one member in any order, repeated, from several lessons, with servers whose clocks differ."""

    now = START

    def __init__(self) -> None:
        super().__init__()
        self.seen: dict[int, Seen] = {}
        self.ids: list[str] = []
        self.times: list[datetime] = []

    def send(self, lesson: int, position: float, heartbeat_id: str) -> Seen:
        raise NotImplementedError

    def _beat(self, lesson: int, position: float, heartbeat_id: str) -> None:
        self.times.append(self.now)
        before = self.seen.get(lesson)
        after = self.seen[lesson] = self.send(lesson, position, heartbeat_id)
        elapsed = max(self.times) - self.times[0]
        total = sum(each.credited_ms for each in self.seen.values())
        assert timedelta(milliseconds=total) <= elapsed
        if after.completed_at is not None:
            assert after.credited_ms >= 20_000
            assert after.position >= 0.9
        if before is not None:
            assert after.credited_ms >= before.credited_ms
            assert after.position >= before.position
            assert before.completed_at is None or after.completed_at == before.completed_at

    @rule(lesson=st.integers(0, LESSONS - 1), position=st.floats(0, 1))
    def beat(self, lesson: int, position: float) -> None:
        self.ids.append(f"beat-{len(self.ids)}")
        self._beat(lesson, position, self.ids[-1])

    @rule(lesson=st.integers(0, LESSONS - 1), position=st.floats(0, 1), which=st.integers(0, 40))
    def repeat(self, lesson: int, position: float, which: int) -> None:
        if self.ids:
            self._beat(lesson, position, self.ids[-1 - which % len(self.ids)])

    @rule(seconds=st.floats(0, 90))
    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(seconds=st.floats(-200, 200))
    def another_server(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class OverTheFunction(Machine):
    """Keeps the progress in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.progress: dict[int, Progress] = {}
        self.used_until: datetime | None = None

    def send(self, lesson: int, position: float, heartbeat_id: str) -> Seen:
        used = self.used_until or self.now
        after, self.used_until = credit(
            self.progress.get(lesson), used, self.now, position, digest(heartbeat_id), required_seconds(0)
        )
        self.progress[lesson] = after
        return Seen(after.position, after.credited_ms, after.completed_at)


TestOverTheFunction = OverTheFunction.TestCase
TestOverTheFunction.settings = settings(max_examples=200, stateful_step_count=60, deadline=None)


class Backstage:
    """A database with three published lessons, used from synchronous code; each example takes a member of its own."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self.runner = runner
        self.lessons: list[int] = []
        self.database = runner.run(clone_template())
        self.engine = create_engine(self.database, pool=2)
        made = make_settings(self.database)
        http = runner.run(self._client())
        self.service = Service(made, sessionmaker(self.engine), MovableClock(), open_vault(made), http)
        runner.run(self._fill())

    async def _client(self) -> httpx.AsyncClient:
        return outside_client()

    async def _fill(self) -> None:
        self.world = await World.build(self.service)
        editor = await self.world.staff(("editor", 1))
        self.lessons = [await make_lesson(self.service, 1, editor.id) for _ in range(LESSONS)]
        await make_issue(self.service, 1, editor.id, self.lessons, week=date(2026, 11, 16), state="published")

    async def _close(self) -> None:
        await self.service.http.aclose()
        await self.engine.dispose()
        await drop_database(self.database)

    def close(self) -> None:
        self.runner.run(self._close())


@pytest.fixture
def backstage() -> Iterator[Backstage]:
    """The database, with an event loop that synchronous rules can run things in."""
    with asyncio.Runner() as runner:
        stage = Backstage(runner)
        yield stage
        stage.close()


def test_over_the_tables(backstage: Backstage) -> None:
    class OverTheTables(Machine):
        @initialize()
        def join(self) -> None:
            member_id = backstage.runner.run(backstage.world.member(100))
            self.member = CurrentMember(1, 1, "wx", member_id, 100, "/1/10/100/", "Asia/Shanghai", False)

        def send(self, lesson: int, position: float, heartbeat_id: str) -> Seen:
            return backstage.runner.run(self._send(backstage.lessons[lesson], position, heartbeat_id))

        async def _send(self, lesson_id: int, position: float, heartbeat_id: str) -> Seen:
            sessions = backstage.service.sessions
            async with transaction(sessions) as session:
                await record_progress(session, self.member, lesson_id, position, heartbeat_id, self.now)
            async with transaction(sessions) as session:
                row = await session.get_one(ReadingProgress, (self.member.member_id, lesson_id))
                return Seen(row.position, row.credited_ms, row.completed_at)

    run_state_machine_as_test(
        OverTheTables,
        settings=settings(
            max_examples=15, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
        ),
    )
