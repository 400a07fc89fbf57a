"""However heartbeats come, nobody is credited more than the time that passed: in the function and in the tables."""

import asyncio
from bisect import insort
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random

import httpx
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principals import CurrentMember
from app.db.engine import create_engine, sessionmaker, transaction
from app.db.vault import open_vault
from app.library.models import LessonVersion
from app.library.rules import required_seconds
from app.platforms.http import outside_client
from app.reading.clock import Clock, micros, new_clock
from app.reading.credit import Beat, Needs, Progress, claimed, credit, credit_offline, digest
from app.reading.models import ReadingProgress
from app.reading.offline import Event, hand_in
from app.reading.service import record_progress
from app.reading.tickets import Ticket
from app.reading.watching import seconds_of
from app.resources import Service
from tests.app.library.desk import make_issue, make_lesson
from tests.conftest import MovableClock, make_settings
from tests.databases import clone_template, drop_database
from tests.world import World

START = datetime(2026, 11, 16, 2, 0, tzinfo=UTC)
LESSONS = 3
MEDIA_SECONDS, MEDIA_NEEDED = 40, 36


@dataclass(frozen=True)
class Seen:
    """How far the member is with a lesson."""

    position: float
    credited_ms: int
    completed_at: datetime | None
    watched: int


@dataclass(frozen=True)
class Fetched:
    """A ticket, and the events that a phone has under it: id, position, its own clock, what it played."""

    lesson: int
    at: datetime
    events: dict[str, Event]


INTERVALS = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=4).map(tuple)
# The phone's clock: anything, and often near itself, as while somebody reads.
PHONE = st.datetimes(timezones=st.just(UTC)) | st.floats(0, 200).map(lambda after: START + timedelta(seconds=after))
EVENTS = st.lists(st.tuples(PHONE, st.floats(0, 1), INTERVALS), min_size=1, max_size=6)


class Machine(RuleBasedStateMachine):
    """Heartbeats and offline events of one member in any order, repeated, from several lessons and devices, with
    servers whose clocks differ and phones whose clocks say anything. The last lesson is a recording.

    The model: each credit is an amount with the earliest moment that it may be of. All of them must find room, apart
    from each other, before the latest time that a server saw: so those of after any moment fit between it and then.
    """

    now = START

    def __init__(self) -> None:
        super().__init__()
        self.seen: dict[int, Seen] = {}
        self.ids: list[str] = []
        self.tickets: list[Fetched] = []
        self.latest = START
        self.credits: list[tuple[datetime, timedelta]] = []

    def send(self, lesson: int, beat: Beat) -> Seen:
        raise NotImplementedError

    def hand(self, lesson: int, fetched_at: datetime, events: list[Event]) -> Seen:
        raise NotImplementedError

    def _new_id(self) -> str:
        self.ids.append(f"beat-{len(self.ids)}")
        return self.ids[-1]

    def _check(self, lesson: int, since: datetime, after: Seen) -> None:
        before = self.seen.get(lesson, Seen(0, 0, None, 0))
        self.seen[lesson] = after
        self.latest = max(self.latest, self.now)
        self.credits.append((since, timedelta(milliseconds=after.credited_ms - before.credited_ms)))
        for moment, _ in self.credits:
            total = sum((amount for earliest, amount in self.credits if earliest >= moment), timedelta())
            assert total <= max(timedelta(), self.latest - moment)
        recording = lesson == LESSONS - 1
        assert after.credited_ms >= before.credited_ms
        assert recording or after.position >= before.position
        assert before.completed_at is None or after.completed_at == before.completed_at
        if recording:
            assert after.credited_ms == after.watched * 1000 <= MEDIA_SECONDS * 1000
        if after.completed_at is not None:
            assert after.credited_ms >= (MEDIA_NEEDED if recording else 20) * 1000
            assert recording or after.position >= 0.9

    def _beat(self, lesson: int, beat: Beat) -> None:
        self._check(lesson, self.now - timedelta(seconds=60), self.send(lesson, beat))

    @rule(lesson=st.integers(0, LESSONS - 1), position=st.floats(0, 1), watched=INTERVALS)
    def beat(self, lesson: int, position: float, watched: tuple[tuple[int, int], ...]) -> None:
        self._beat(lesson, Beat(position, digest(self._new_id()), watched))

    @rule(lesson=st.integers(0, LESSONS - 1), position=st.floats(0, 1), which=st.integers(0, 40))
    def repeat(self, lesson: int, position: float, which: int) -> None:
        if self.ids:
            self._beat(lesson, Beat(position, digest(self.ids[-1 - which % len(self.ids)])))

    @rule(lesson=st.integers(0, LESSONS - 1))
    def fetch(self, lesson: int) -> None:
        self.tickets.append(Fetched(lesson, self.now, {}))

    @precondition(lambda self: self.tickets)
    @rule(which=st.integers(0, 9), read=EVENTS)
    def hand_in(self, which: int, read: list[tuple[datetime, float, tuple[tuple[int, int], ...]]]) -> None:
        ticket = self.tickets[which % len(self.tickets)]
        made = [
            Event(id_ := self._new_id(), Beat(position, digest(id_), watched), at) for at, position, watched in read
        ]
        ticket.events.update({event.heartbeat_id: event for event in made})
        after = self.hand(ticket.lesson, ticket.at, made)
        self._check(ticket.lesson, ticket.at, after)
        assert ticket.lesson == LESSONS - 1 or after.position >= max(event.beat.position for event in made)

    @precondition(lambda self: any(ticket.events for ticket in self.tickets))
    @rule(which=st.integers(0, 9), chosen=st.randoms(use_true_random=False))
    def hand_in_again(self, which: int, chosen: Random) -> None:
        used = [ticket for ticket in self.tickets if ticket.events]
        ticket = used[which % len(used)]
        events = list(ticket.events.values())
        before = self.seen[ticket.lesson]
        again = self.hand(ticket.lesson, ticket.at, chosen.sample(events, chosen.randint(1, min(6, len(events)))))
        assert again == before

    @rule(seconds=st.floats(0, 90))
    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(hours=st.integers(1, 40))
    def leave(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule(seconds=st.floats(-200, 200))
    def another_server(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class OverTheFunction(Machine):
    """Keeps the progress in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.progress: dict[int, Progress] = {}
        self.clock: Clock | None = None
        self.accepted: set[int] = set()
        self.read: dict[tuple[int, datetime], list[int]] = {}

    def _needs(self, lesson: int) -> Needs:
        return Needs(MEDIA_NEEDED, MEDIA_SECONDS) if lesson == LESSONS - 1 else Needs(required_seconds(0))

    def _seen(self, lesson: int) -> Seen:
        now = self.progress[lesson]
        return Seen(now.position, now.credited_ms, now.completed_at, seconds_of(now.watched))

    def send(self, lesson: int, beat: Beat) -> Seen:
        clock = self.clock or new_clock(micros(self.now))
        self.progress[lesson], self.clock = credit(
            self.progress.get(lesson), clock, self.now, beat, self._needs(lesson)
        )
        return self._seen(lesson)

    def hand(self, lesson: int, fetched_at: datetime, events: list[Event]) -> Seen:
        read = self.read.setdefault((lesson, fetched_at), [])
        clock = self.clock or new_clock(micros(self.now))
        for event in events:
            if event.beat.heartbeat not in self.accepted:
                self.accepted.add(event.beat.heartbeat)
                at = micros(event.read_at)
                self.progress[lesson], clock = credit_offline(
                    self.progress.get(lesson), clock, fetched_at, self.now, event.beat, self._needs(lesson),
                    claimed(read, at),
                )  # fmt: skip
                insort(read, at)
        self.clock = clock
        return self._seen(lesson)


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
        async with transaction(self.service.sessions) as session:
            recording = update(LessonVersion).where(LessonVersion.lesson_id == self.lessons[-1])
            await session.execute(recording.values(media_seconds=MEDIA_SECONDS, required_seconds=MEDIA_NEEDED))

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

        def send(self, lesson: int, beat: Beat) -> Seen:
            lesson_id = backstage.lessons[lesson]
            return backstage.runner.run(
                self._after(lesson_id, lambda session: record_progress(session, self.member, lesson_id, beat, self.now))
            )

        def hand(self, lesson: int, fetched_at: datetime, events: list[Event]) -> Seen:
            lesson_id = backstage.lessons[lesson]
            ticket = Ticket(lesson_id, 1, fetched_at)
            return backstage.runner.run(
                self._after(
                    lesson_id, lambda session: hand_in(session, self.member.member_id, ticket, events, self.now)
                )
            )

        async def _after(self, lesson_id: int, act: Callable[[AsyncSession], Awaitable[object]]) -> Seen:
            async with transaction(backstage.service.sessions) as session:
                await act(session)
            async with transaction(backstage.service.sessions) as session:
                row = await session.get_one(ReadingProgress, (self.member.member_id, lesson_id))
                return Seen(row.position, row.credited_ms, row.completed_at, seconds_of(row.watched))

    run_state_machine_as_test(
        OverTheTables,
        settings=settings(
            max_examples=15, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
        ),
    )
