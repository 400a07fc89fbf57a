"""The moments of a member that may still be credited, each of them once: pure, in microseconds since 1970.

Reading with a network takes those just past; reading without one takes, when it is handed in, what is left of the time
since the lesson was fetched (decision 17).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.library.rules import HANDED_IN_WITHIN_DAYS

# As many stretches as are remembered; of more the shortest are forgotten, which can only lose credit.
MOST_STRETCHES = 64
SECOND = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_REMEMBERED = HANDED_IN_WITHIN_DAYS * 86_400 * SECOND

Stretch = tuple[int, int]


@dataclass(frozen=True)
class Clock:
    """What is left: everything from `until` on, and before that the stretches of `free`, apart and in their order."""

    until: int
    free: tuple[Stretch, ...] = ()


def micros(moment: datetime) -> int:
    """A moment in microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


def moment(microseconds: int) -> datetime:
    """The moment so many microseconds after 1970."""
    return _EPOCH + timedelta(microseconds=microseconds)


def new_clock(now: int) -> Clock:
    """The clock of a member who was never credited anything: all is left that a ticket may reach."""
    return Clock(now, ((now - _REMEMBERED, now),))


def available(clock: Clock, since: int, now: int) -> int:
    """How much of the time from `since` to `now` is left."""
    found = max(0, now - max(since, clock.until))
    for start, end in reversed(clock.free):
        if end <= since:
            break
        found += max(0, min(end, now) - max(start, since))
    return found


def take(clock: Clock, since: int, now: int, amount: int) -> Clock:
    """The clock after `amount` was used up, which is at most what is available; the earliest moments go first.

    Whatever comes later reaches less far back, or as far: so as much as can be stays within its reach.
    """
    if amount <= 0:
        return clock
    left: list[Stretch] = []
    for start, end in (*clock.free, (clock.until, max(now, clock.until))):
        first = max(start, since)
        used = max(0, min(amount, min(end, now) - first))
        amount -= used
        for piece in ((start, first), (first + used, end)) if used else ((start, end),):
            _append(left, *piece)
    until = max(now, clock.until)
    return Clock(until, _bounded([each for each in left if each[1] > until - _REMEMBERED]))


def _append(left: list[Stretch], start: int, end: int) -> None:
    """Adds a stretch that comes after all others, joined to the last where they touch."""
    if start >= end:
        return
    if left and left[-1][1] == start:
        left[-1] = (left[-1][0], end)
    else:
        left.append((start, end))


def _bounded(stretches: list[Stretch]) -> tuple[Stretch, ...]:
    if len(stretches) <= MOST_STRETCHES:
        return tuple(stretches)
    longest = sorted(stretches, key=lambda each: each[0] - each[1])[:MOST_STRETCHES]
    return tuple(sorted(longest))
