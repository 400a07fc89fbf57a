"""When a cron rule is due, in the organisation's zone, and when it is night there."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from time import process_time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.messaging.times import BadCron, Night, check_cron, next_due, quiet_until

ZONES = ("Asia/Shanghai", "UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Apia")
SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
MONDAY_EIGHT = "0 8 * * mon"

moments = st.datetimes(
    min_value=datetime(2020, 1, 1, tzinfo=UTC).replace(tzinfo=None),
    max_value=datetime(2035, 1, 1, tzinfo=UTC).replace(tzinfo=None),
    timezones=st.just(UTC),
)
zones = st.sampled_from(ZONES)


@pytest.mark.parametrize("cron", [MONDAY_EIGHT, "30 9 * * mon-fri", "0 20 * * sat,sun", "0 8 1 * *", "0 8 1 jan *"])
def test_a_rule_that_means_to_us_what_it_means_to_its_writer_is_taken(cron: str) -> None:
    check_cron(cron)


@pytest.mark.parametrize(
    "cron",
    [
        "0 8 * * 1",  # Monday to cron, Tuesday to APScheduler
        "0 8 * * 1-5", "0 8 * * 0", "0 8 * * mon,2", "0 8 * * */2",
        "0 8 1 * mon",  # the first and each Monday to cron, a Monday that is the first to APScheduler
        "* 8 * * mon", "* * * * *", "*/15 8 * * *", "0 8,20 * * *", "0 8-10 * * *",  # more than once a day
        "", "0 8 * *", "0 8 * * * *", "60 8 * * *", "0 24 * * *", "0 8 32 * *", "0 8 * 13 *", "0 8 0 * *", "x 8 * * *",
        "0 8 * * funday", "*/0 8 * * *", "20-10 8 * * *", "@weekly", "0 8 * * monday-", "-1 8 * * *", "0 , * * *",
    ],
)  # fmt: skip
def test_a_rule_that_would_be_misread_is_refused(cron: str) -> None:
    with pytest.raises(BadCron):
        check_cron(cron)


@given(st.text(alphabet="0123456789*/,- abcdfhilmnorstuwy", max_size=40))
def test_no_text_does_worse_than_be_refused(cron: str) -> None:
    try:
        check_cron(cron)
    except BadCron:
        return
    assert len(cron.split()) == 5


def test_monday_is_monday() -> None:
    due = next_due(MONDAY_EIGHT, "Asia/Shanghai", datetime(2026, 11, 17, tzinfo=UTC))
    assert due == datetime(2026, 11, 23, 8, 0, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("zone", "after", "due"),
    [
        ("Asia/Shanghai", datetime(2026, 11, 22, 23, 59, 59, tzinfo=UTC), datetime(2026, 11, 23, 0, 0, tzinfo=UTC)),
        ("Asia/Shanghai", datetime(2026, 11, 22, 23, 59, 59, 999_999, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC)),
        ("Asia/Shanghai", datetime(2026, 11, 23, 0, 0, tzinfo=UTC), datetime(2026, 11, 30, 0, 0, tzinfo=UTC)),
        ("Asia/Shanghai", datetime(2026, 11, 23, 0, 0, 0, 1, tzinfo=UTC), datetime(2026, 11, 30, 0, 0, tzinfo=UTC)),
        ("UTC", datetime(2026, 11, 23, 0, 0, tzinfo=UTC), datetime(2026, 11, 23, 8, 0, tzinfo=UTC)),
        # Berlin: 8:00 is 7:00 UTC in winter and 6:00 in summer; the clocks go on 2026-03-29 and back 2026-10-25.
        ("Europe/Berlin", datetime(2026, 3, 22, tzinfo=UTC), datetime(2026, 3, 23, 7, 0, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 3, 30, 6, 0, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2026, 10, 24, tzinfo=UTC), datetime(2026, 10, 26, 7, 0, tzinfo=UTC)),
    ],
)
def test_a_due_time_is_that_of_the_zone(zone: str, after: datetime, due: datetime) -> None:
    assert next_due(MONDAY_EIGHT, zone, after) == due


def test_a_rule_in_the_hour_that_comes_twice_is_due_once_a_day() -> None:
    found = days_of("30 2 * * *", datetime(2026, 10, 23, tzinfo=UTC), 4)
    assert found == [date(2026, 10, day) for day in (23, 24, 25, 26)]


def test_a_rule_in_the_hour_that_is_left_out_is_due_again_the_day_after() -> None:
    found = days_of("30 2 * * *", datetime(2026, 3, 27, tzinfo=UTC), 3)
    assert found[0] == date(2026, 3, 27)
    assert found[-1] in {date(2026, 3, 29), date(2026, 3, 30)}


def days_of(cron: str, after: datetime, times: int) -> list[date]:
    """The days in Berlin of the next due times."""
    found: list[date] = []
    for _ in range(times):
        due = next_due(cron, "Europe/Berlin", after)
        assert due is not None
        assert due.astimezone(UTC) > after.astimezone(UTC)
        found.append(due.astimezone(BERLIN).date())
        after = due.astimezone(UTC)
    return found


def test_a_day_that_never_comes_is_never_due() -> None:
    assert next_due("0 8 30 feb *", "UTC", datetime(2026, 1, 1, tzinfo=UTC)) is None


def test_a_day_that_never_comes_is_not_looked_for_without_end() -> None:
    def seconds() -> float:
        began = process_time()
        next_due("0 8 31 2 *", "Asia/Shanghai", datetime(2026, 1, 1, tzinfo=UTC))
        return process_time() - began

    assert min(seconds() for _ in range(5)) < 0.03, "the loop of the API stands still meanwhile"


def test_the_day_that_comes_after_eight_years_only_is_found() -> None:
    due = next_due("0 8 29 feb *", "UTC", datetime(2096, 2, 29, 8, tzinfo=UTC))
    assert due == datetime(2104, 2, 29, 8, tzinfo=UTC)


@given(moments, zones)
def test_the_next_due_time_is_a_monday_at_eight_within_a_week(after: datetime, zone: str) -> None:
    due = next_due(MONDAY_EIGHT, zone, after)
    assert due is not None
    local = due.astimezone(ZoneInfo(zone))
    assert (local.weekday(), local.time()) == (0, time(8))
    assert timedelta(0) < due.astimezone(UTC) - after <= timedelta(days=7, hours=1)


@given(moments, zones)
def test_due_times_follow_each_other_a_week_apart(after: datetime, zone: str) -> None:
    chain = [after]
    for _ in range(4):
        due = next_due(MONDAY_EIGHT, zone, chain[-1])
        assert due is not None
        chain.append(due.astimezone(UTC))
    locals_ = [moment.astimezone(ZoneInfo(zone)).date() for moment in chain[1:]]
    assert all(later - earlier == timedelta(weeks=1) for earlier, later in pairwise(locals_))


@pytest.mark.parametrize(
    ("local", "until"),
    [
        ("2026-11-16T08:00:00", None),
        ("2026-11-16T20:59:59.999999", None),
        ("2026-11-16T21:00:00", "2026-11-17T08:00:00"),
        ("2026-11-16T23:59:59", "2026-11-17T08:00:00"),
        ("2026-11-17T00:00:00", "2026-11-17T08:00:00"),
        ("2026-11-17T07:59:59.999999", "2026-11-17T08:00:00"),
        ("2026-12-31T22:00:00", "2027-01-01T08:00:00"),
    ],
)
@pytest.mark.parametrize("zone", ["Asia/Shanghai", "UTC", "America/New_York"])
def test_nights_last_from_21_to_8_in_the_zone(zone: str, local: str, until: str | None) -> None:
    now = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    end = None if until is None else datetime.fromisoformat(until).replace(tzinfo=ZoneInfo(zone))
    assert quiet_until(Night(zone, time(21), time(8)), now) == end


def between(earliest: time, latest: time) -> st.SearchStrategy[time]:
    return st.times(earliest, latest).map(lambda found: found.replace(second=0, microsecond=0))


# As far as the settings let the hours be moved.
nights = st.builds(Night, zones, between(time(18), time(23, 59)), between(time(5), time(12)))


@given(moments, nights)
def test_what_waits_for_the_end_of_the_night_never_rings_in_it(now: datetime, night: Night) -> None:
    until = quiet_until(night, now)
    rings = now if until is None else until
    assert night.ends <= rings.astimezone(ZoneInfo(night.timezone)).time() < night.begins
    assert quiet_until(night, rings) is None
    if until is not None:
        assert until.astimezone(ZoneInfo(night.timezone)).time() == night.ends
        assert timedelta(0) < until.astimezone(UTC) - now <= timedelta(hours=19), "and no longer than a night"
