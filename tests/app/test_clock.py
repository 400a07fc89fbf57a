"""The clocks that the outermost code asks."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.clock import offset_clock, system_clock


def test_the_system_clock_says_the_machines_time_in_utc() -> None:
    before = datetime.now(UTC)
    read = system_clock()
    assert before <= read <= datetime.now(UTC)
    assert read.utcoffset() == timedelta(0)


def test_a_moved_clock_is_the_systems_plus_what_the_file_says(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    read = offset_clock(file)
    for text, seconds in ((None, 0.0), ("", 0.0), ("3600.5", 3600.5), ("-86400", -86400.0)):
        if text is not None:
            file.write_text(text)
        before = system_clock()
        moved = read() - timedelta(seconds=seconds)
        assert before <= moved <= system_clock()
