"""The judge of the push benches: a loss, a repeat and its cause, and an answer 429 do not get past it."""

import itertools
from collections import Counter

import pytest

from bench.push.gateway import FATES, Gateway, fate
from bench.push.verdict import MOST_A_KILL, Kill, Verdict, attribute


def key_of(name: str) -> bytes:
    """A delivery that this befalls."""
    return next(key for key in (f"1:{number}".encode() for number in itertools.count()) if fate(key) == name)


def verdict(kind: str = "weekly_issue", kills: tuple[Kill, ...] = (), **answers: int) -> Verdict:
    return Verdict(kind, 3, 1.0, kills, {"sent": 3}, answers)


def test_the_shares_of_the_gateway_are_those_of_the_issue() -> None:
    counts = Counter(fate(f"7:{number}".encode()) for number in range(200_000))
    for name, share in (("busy", 0.03), ("reset", 0.01), ("hang", 0.01), ("slow", 0.01), ("refused", 0.005)):
        assert abs(counts[name] / 200_000 - share) < 0.002, name


@pytest.mark.parametrize(
    ("name", "comings", "accepted", "doubtful"),
    [
        ("busy", ["busy", "taken"], 1, False),
        ("reset", ["reset", "taken"], 2, True),
        ("hang", ["hang", "taken"], 2, True),
        ("slow", ["slow", "taken"], 2, False),
        ("refused", ["refused", "refused"], 0, False),
        ("taken", ["taken", "taken"], 2, False),
    ],
)
def test_a_delivery_that_comes_twice(name: str, comings: list[str], accepted: int, doubtful: bool) -> None:
    gateway, key = Gateway(10), key_of(name)
    assert [gateway.judge(key) for _ in range(2)] == comings
    assert gateway.accepted[key] == accepted
    assert (key in gateway.doubtful) == doubtful
    assert {end for end, _ in FATES} >= {1.0}


def test_above_the_limit_nothing_is_accepted() -> None:
    gateway, key = Gateway(2), key_of("taken")
    assert [gateway.judge(key) for _ in range(3)] == ["taken", "taken", "throttled"]
    assert gateway.accepted[key] == 2


def test_a_repeat_is_the_gateways_the_kills_or_nobodys() -> None:
    kills = (Kill("sender-1", frozenset({"1:1", "1:2"})), Kill("sender-2", frozenset({"1:2", "1:3"})))
    found = verdict(kills=kills)
    attribute(found, {"1:1": 1, "1:2": 1, "1:3": 2, "1:4": 1, "1:9": 1}, {"1:4"})
    assert (found.by_kill, found.by_gateway, found.unexplained) == ([2, 2], 1, 1)


def test_every_bound_breaks_by_itself() -> None:
    assert verdict().broken() == []
    lost = verdict()
    lost.lost = ["1:1"]
    stray, short = verdict(), verdict()
    stray.unexplained = 1
    short.unended = 1
    many = verdict()
    many.by_kill = [MOST_A_KILL + 1]
    twice, reminded = verdict("meeting_reminder"), verdict("meeting_reminder")
    twice.by_kill = [1]
    reminded.by_gateway = 1
    for found in (lost, stray, short, many, twice, reminded, verdict(throttled=1)):
        assert len(found.broken()) == 1, found
    assert many.broken(most_a_kill=None) == []
