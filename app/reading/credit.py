"""Reading credit: a pure function from what was known and one heartbeat to what is known now.

Time counts by the server's own clock between two heartbeats, once for a member over all lessons and devices.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b

from app.library.rules import COMPLETE_AT, MOST_SECONDS_A_GAP

REMEMBERED = 32
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True)
class Progress:
    """How far a member has read a lesson; `recent` holds the digests of the last heartbeats, newest last."""

    position: float
    credited_ms: int
    recent: tuple[int, ...]
    started_at: datetime
    heartbeat_at: datetime
    completed_at: datetime | None


def digest(heartbeat_id: str) -> int:
    """What is kept of a heartbeat's id: 8 bytes as a signed integer."""
    return int.from_bytes(blake2b(heartbeat_id.encode(), digest_size=8).digest(), "big", signed=True)


def credit(
    progress: Progress | None,
    credited_until: datetime,
    now: datetime,
    position: float,
    heartbeat: int,
    required_seconds: int,
) -> tuple[Progress, datetime]:
    """The progress after a heartbeat, and the moment up to which the member's time is now used up.

    The first heartbeat of a lesson starts the clock and counts nothing; a repeated one changes nothing. Servers'
    clocks differ, so `now` may be before what an earlier heartbeat saw: then nothing is credited and nothing goes back.
    """
    if progress is None:
        progress = Progress(0.0, 0, (), now, now, None)
    elif heartbeat in progress.recent:
        return progress, credited_until
    gap = (now - max(progress.heartbeat_at, credited_until)) // _MILLISECOND
    if gap > 0:
        credited_until = now
    after = replace(
        progress,
        position=max(progress.position, position),
        credited_ms=progress.credited_ms + min(max(gap, 0), MOST_SECONDS_A_GAP * 1000),
        recent=(*progress.recent, heartbeat)[-REMEMBERED:],
        heartbeat_at=max(progress.heartbeat_at, now),
    )
    if after.completed_at is None and is_complete(after, required_seconds):
        after = replace(after, completed_at=now)
    return after, credited_until


def is_complete(progress: Progress, required_seconds: int) -> bool:
    """Whether time and position suffice."""
    return progress.credited_ms >= required_seconds * 1000 and progress.position >= COMPLETE_AT


def remaining_seconds(credited_ms: int, required_seconds: int, completed: bool) -> int:
    """What is left to read, rounded up to whole seconds; 0 once completed, whatever a later version asks."""
    return 0 if completed else max(0, -((credited_ms - required_seconds * 1000) // 1000))
