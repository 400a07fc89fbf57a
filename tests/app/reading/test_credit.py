"""What counts as reading: the pure function."""

from datetime import UTC, datetime, timedelta

import pytest

from app.reading.clock import Clock, micros
from app.reading.credit import REMEMBERED, Beat, Needs, Progress, credit, digest, remaining_seconds

START = datetime(2026, 11, 16, 2, 0, tzinfo=UTC)
REQUIRED = 100
NEEDS = Needs(REQUIRED)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


class Reader:
    """A member who reads lessons: feeds heartbeats to the function and keeps what it gives."""

    def __init__(self) -> None:
        self.lessons: dict[str, Progress] = {}
        self.clock = Clock(micros(START))
        self.count = 0

    def beat(self, seconds: float, position: float = 0.0, lesson: str = "a", id_: str | None = None) -> Progress:
        self.count += 1
        sent = Beat(position, digest(id_ or f"beat-{self.count}"))
        self.lessons[lesson], self.clock = credit(self.lessons.get(lesson), self.clock, at(seconds), sent, NEEDS)
        return self.lessons[lesson]


def test_the_first_heartbeat_counts_nothing_and_the_next_ones_the_time_between() -> None:
    reader = Reader()
    assert reader.beat(0).credited_ms == 0
    assert reader.beat(15).credited_ms == 15_000
    assert reader.beat(29.9994).credited_ms == 29_999
    assert reader.lessons["a"].started_at == START


@pytest.mark.parametrize(("gap", "credited"), [(59.999, 59_999), (60, 60_000), (61, 60_000), (86400, 60_000)])
def test_a_gap_counts_a_minute_at_most(gap: float, credited: int) -> None:
    reader = Reader()
    reader.beat(0)
    assert reader.beat(gap).credited_ms == credited
    assert reader.beat(gap + 1).credited_ms == credited + 1000  # what was lost stays lost


def test_two_lessons_at_once_share_the_time() -> None:
    reader = Reader()
    reader.beat(0, lesson="a")
    reader.beat(0, lesson="b")
    assert reader.beat(30, lesson="a").credited_ms == 30_000
    assert reader.beat(30, lesson="b").credited_ms == 0
    assert reader.beat(40, lesson="b").credited_ms == 10_000


def test_a_repeated_heartbeat_changes_nothing_at_all() -> None:
    reader = Reader()
    reader.beat(0, 0.1, id_="x")
    before, clock = reader.lessons["a"], reader.clock
    assert reader.beat(30, 0.9, id_="x") is before
    assert reader.clock == clock
    assert reader.beat(30, 0.2, id_="y").credited_ms == 30_000


def test_only_the_last_heartbeats_are_remembered() -> None:
    reader = Reader()
    for number in range(REMEMBERED + 1):
        reader.beat(number, id_=str(number))
    assert len(reader.lessons["a"].recent) == REMEMBERED
    assert reader.beat(60, id_="1").credited_ms == REMEMBERED * 1000
    assert reader.beat(60, id_="0").credited_ms == 60_000


def test_a_clock_that_goes_back_neither_credits_nor_takes_away() -> None:
    reader = Reader()
    reader.beat(0)
    reader.beat(30, 0.5)
    back = reader.beat(-200, 0.1)
    assert (back.credited_ms, back.position, back.heartbeat_at) == (30_000, 0.5, at(30))
    assert reader.beat(40).credited_ms == 40_000


def test_completion_needs_time_and_position_and_is_never_undone() -> None:
    reader = Reader()
    for seconds in range(0, REQUIRED + 1, 20):
        assert reader.beat(seconds, 0.89).completed_at is None
    done = reader.beat(REQUIRED + 1, 0.9)
    assert done.completed_at == at(REQUIRED + 1)
    assert reader.beat(REQUIRED + 20, 0.0).completed_at == at(REQUIRED + 1)


def test_at_the_end_of_the_text_the_time_is_still_needed() -> None:
    reader = Reader()
    reader.beat(0, 1.0)
    assert reader.beat(50, 1.0).completed_at is None
    assert reader.beat(99.999, 1.0).completed_at is None
    assert reader.beat(100, 0.0).completed_at == at(100)


@pytest.mark.parametrize(
    ("credited_ms", "completed", "left"),
    [(0, False, 20), (1, False, 20), (1000, False, 19), (20_000, False, 0), (0, True, 0)],
)
def test_what_remains_is_rounded_up(credited_ms: int, completed: bool, left: int) -> None:
    assert remaining_seconds(credited_ms, 20, completed) == left


def test_digests_fit_a_bigint() -> None:
    assert all(-(2**63) <= digest(str(number)) < 2**63 for number in range(200))
    assert any(digest(str(number)) < 0 for number in range(200))
