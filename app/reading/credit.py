"""Reading credit: pure functions from what was known and one heartbeat to what is known now.

Time counts by the server's own clock, each moment once for a member over all lessons and devices.
"""

from bisect import bisect_left
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import blake2b

from app.library.rules import COMPLETE_AT, MOST_SECONDS_A_GAP
from app.reading.clock import SECOND, Clock, available, micros, take
from app.reading.watching import seconds_of, watch

REMEMBERED = 32
_GAP = MOST_SECONDS_A_GAP * SECOND


@dataclass(frozen=True)
class Needs:
    """What completes a version of a lesson; `media_seconds` is the length of a recording, None for a text."""

    required_seconds: int
    media_seconds: int | None = None


@dataclass(frozen=True)
class Beat:
    """A heartbeat: where the reader is, the digest of its id, and the seconds of the recording that were played."""

    position: float
    heartbeat: int
    watched: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Progress:
    """How far a member has read a lesson; `recent` holds the digests of the last heartbeats, newest last.

    `watched` says which seconds of a recording (see `app.reading.watching`).
    """

    position: float
    credited_ms: int
    recent: tuple[int, ...]
    started_at: datetime
    heartbeat_at: datetime
    completed_at: datetime | None
    watched: bytes = b""


def digest(heartbeat_id: str) -> int:
    """What is kept of a heartbeat's id: 8 bytes as a signed integer."""
    return int.from_bytes(blake2b(heartbeat_id.encode(), digest_size=8).digest(), "big", signed=True)


def credit(progress: Progress | None, clock: Clock, now: datetime, beat: Beat, needs: Needs) -> tuple[Progress, Clock]:
    """The progress after a heartbeat, and what is left of the member's time.

    The first heartbeat of a lesson starts the clock and counts nothing; a repeated one changes nothing. Servers'
    clocks differ, so `now` may be before what an earlier heartbeat saw: then nothing is credited and nothing goes back.
    """
    if progress is None:
        progress = Progress(0.0, 0, (), now, now, None)
    elif beat.heartbeat in progress.recent:
        return progress, clock
    since = max(micros(progress.heartbeat_at), micros(now) - _GAP)
    # A recording stands where it was stopped last, a text has been read as far as ever.
    stands = needs.media_seconds is not None and now >= progress.heartbeat_at
    position = beat.position if stands else max(progress.position, beat.position)
    seen = replace(
        progress,
        position=position,
        recent=(*progress.recent, beat.heartbeat)[-REMEMBERED:],
        heartbeat_at=max(progress.heartbeat_at, now),
    )
    return _count(seen, clock, since, now, beat, needs, _GAP)


def credit_offline(
    progress: Progress | None, clock: Clock, fetched_at: datetime, now: datetime, beat: Beat, needs: Needs, claim: int
) -> tuple[Progress, Clock]:
    """The same for an event of a phone without network that claims so many microseconds since the one before.

    At most what is left of the member's time since the lesson was fetched.
    """
    if progress is None:
        progress = Progress(0.0, 0, (), now, now, None)
    elif beat.heartbeat in progress.recent:
        return progress, clock
    # Where a recording stands is told by whoever was heard last.
    stands = needs.media_seconds is not None and progress.heartbeat_at <= fetched_at
    seen = replace(progress, position=beat.position if stands else max(progress.position, beat.position))
    return _count(seen, clock, micros(fetched_at), now, beat, needs, claim)


def _count(
    progress: Progress, clock: Clock, since: int, now: datetime, beat: Beat, needs: Needs, most: int
) -> tuple[Progress, Clock]:
    """Credits at most `most` microseconds of what is left of the time from `since` to `now`."""
    at = micros(now)
    used, watched = min(most, available(clock, since, at)), progress.watched
    credited_ms = progress.credited_ms + used // 1000
    if needs.media_seconds is not None:
        watched = watch(watched, beat.watched, needs.media_seconds, used // SECOND)
        seconds = seconds_of(watched)
        used = (seconds - seconds_of(progress.watched)) * SECOND
        credited_ms = seconds * 1000
    after = replace(progress, credited_ms=credited_ms, watched=watched)
    if after.completed_at is None and is_complete(after, needs):
        after = replace(after, completed_at=now)
    return after, take(clock, since, at, used)


def claimed(read: list[int], at: int) -> int:
    """What an event read `at` adds to those of the same phone in `read`, which are in their order.

    All together they claim the time between neighbours, of each gap a minute at most: whatever order they come in.
    """
    place = bisect_left(read, at)
    before = min(at - read[place - 1], _GAP) if place > 0 else 0
    after = min(read[place] - at, _GAP) if place < len(read) else 0
    whole = min(read[place] - read[place - 1], _GAP) if 0 < place < len(read) else 0
    return before + after - whole


def is_complete(progress: Progress, needs: Needs) -> bool:
    """Whether time and position suffice; of a recording, what was watched of it."""
    enough = progress.credited_ms >= needs.required_seconds * 1000
    return enough and (needs.media_seconds is not None or progress.position >= COMPLETE_AT)


def remaining_seconds(credited_ms: int, required_seconds: int, completed: bool) -> int:
    """What is left to read, rounded up to whole seconds; 0 once completed, whatever a later version asks."""
    return 0 if completed else max(0, -((credited_ms - required_seconds * 1000) // 1000))
