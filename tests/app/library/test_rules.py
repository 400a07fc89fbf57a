"""Reading time and the time of publication."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.library.rules import next_publishing, required_seconds


@pytest.mark.parametrize(
    ("characters", "seconds"), [(0, 20), (160, 20), (161, 21), (168, 21), (800, 100), (4800, 600), (100_000, 600)]
)
def test_reading_takes_a_second_for_eight_characters_within_bounds(characters: int, seconds: int) -> None:
    assert required_seconds(characters) == seconds


@pytest.mark.parametrize(("length", "seconds"), [(1, 1), (10, 9), (11, 10), (3600, 3240)])
def test_a_recording_takes_nine_tenths_of_its_length_whatever_stands_beside_it(length: int, seconds: int) -> None:
    assert required_seconds(100_000, length) == seconds


MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds


@given(MOMENTS, st.sampled_from(["Asia/Shanghai", "Asia/Urumqi", "Europe/Berlin"]))
def test_publication_is_the_next_monday_at_eight_in_the_zone(now: datetime, zone: str) -> None:
    at = next_publishing(zone, now, date(2020, 1, 6))
    local = at.astimezone(ZoneInfo(zone))
    assert (local.isoweekday(), local.hour, local.minute) == (1, 8, 0)
    assert 0 < (at.astimezone(UTC) - now).total_seconds() <= 7 * 86400 + 3600  # a week may be an hour longer


def test_at_eight_on_monday_it_is_the_monday_after() -> None:
    assert next_publishing("Asia/Shanghai", datetime(2026, 11, 16, 0, 0, tzinfo=UTC), date(2026, 11, 16)) == datetime(
        2026, 11, 23, 0, 0, tzinfo=UTC
    )
    assert next_publishing(
        "Asia/Shanghai", datetime(2026, 11, 15, 23, 59, 59, tzinfo=UTC), date(2026, 11, 9)
    ) == datetime(2026, 11, 16, 0, 0, tzinfo=UTC)


def test_an_issue_of_a_later_week_is_not_published_before_its_own_monday() -> None:
    now = datetime(2026, 11, 19, tzinfo=UTC)
    assert next_publishing("Asia/Shanghai", now, date(2026, 12, 21)) == datetime(2026, 12, 21, tzinfo=UTC)
