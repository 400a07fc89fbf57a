"""Where the time comes from: services take `now` as a parameter, and only the outermost code asks a clock."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """The machine's time, in UTC."""
    return datetime.now(UTC)


def offset_clock(path: Path) -> Clock:
    """A clock that a test moves: the machine's time plus the seconds written in `path` (0 while there is no file)."""

    def read() -> datetime:
        try:
            seconds = float(path.read_text() or 0)
        except FileNotFoundError:
            seconds = 0.0
        return system_clock() + timedelta(seconds=seconds)

    return read
