"""What values that are shared by many shapes may be."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from app.schemas import Id, Line, Moment, Week, monday_of, page, week_of

LINE: TypeAdapter[str] = TypeAdapter(Line)
MOMENT: TypeAdapter[datetime] = TypeAdapter(Moment)
WEEK: TypeAdapter[str] = TypeAdapter(Week)
ID: TypeAdapter[int] = TypeAdapter(Id)


@dataclass(frozen=True)
class Thing:
    """A row with an id."""

    id: int


def test_a_line_is_trimmed_and_composed() -> None:
    assert LINE.validate_python("  cafe\u0301 党支部 ") == "caf\u00e9 党支部"


@pytest.mark.parametrize("text", ["", " ", "\u3000", "一\n二", "a\tb", "a\u0085b", "x" * 101])
def test_what_is_no_line_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        LINE.validate_python(text)


@pytest.mark.parametrize("number", [0, -1, 2**63, "x", 1.5])
def test_what_is_no_id_is_refused(number: object) -> None:
    with pytest.raises(ValidationError):
        ID.validate_python(number)


@pytest.mark.parametrize("text", ["2026-11-16T10:00:00", "1999-12-31T00:00:00Z", "2101-01-01T00:00:00Z", "tomorrow"])
def test_a_moment_has_its_zone_and_lies_in_our_time(text: str) -> None:
    assert MOMENT.validate_python("2026-11-16T10:00:00+08:00") == datetime(2026, 11, 16, 2, 0, tzinfo=UTC)
    with pytest.raises(ValidationError):
        MOMENT.validate_python(text)


@pytest.mark.parametrize("text", ["2025-W53", "2026-W00", "2026-W54", "2026-47", "1999-W01", "2026-W1", "2026-W47 "])
def test_a_week_that_there_is_not_is_refused(text: str) -> None:
    assert WEEK.validate_python("2026-W53") == "2026-W53"
    with pytest.raises(ValidationError):
        WEEK.validate_python(text)


@given(st.dates(min_value=date(2000, 1, 10), max_value=date(2099, 12, 20)))
def test_a_day_lies_in_the_week_that_begins_on_its_monday(day: date) -> None:
    week = week_of(day)
    assert WEEK.validate_python(week) == week
    assert monday_of(week) == day - timedelta(days=day.weekday())


@given(st.lists(st.integers(min_value=1), max_size=12, unique=True).map(sorted), st.integers(min_value=1, max_value=12))
def test_pages_together_are_the_whole(ids: list[int], limit: int) -> None:
    rest = [Thing(each) for each in ids]
    found: list[Thing] = []
    while True:
        shown, following = page(rest[: limit + 1], limit)
        assert len(shown) <= limit
        found += shown
        if following is None:
            break
        rest = [row for row in rest if row.id > int(following)]
    assert [row.id for row in found] == ids
