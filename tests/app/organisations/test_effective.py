"""From when a dated change holds."""

from datetime import UTC, date, datetime

import pytest

from app.organisations.effective import DateInFuture, effective_at

# 23:30 of the 15th in Shanghai; two hours earlier in Urumqi.
NOW = datetime(2026, 11, 15, 15, 30, tzinfo=UTC)


def test_today_and_no_date_mean_now() -> None:
    assert effective_at(None, "Asia/Shanghai", NOW) == NOW
    assert effective_at(date(2026, 11, 15), "Asia/Shanghai", NOW) == NOW


def test_an_earlier_day_begins_at_its_midnight_in_the_zone_of_the_organisation() -> None:
    assert effective_at(date(2026, 11, 14), "Asia/Shanghai", NOW) == datetime(2026, 11, 13, 16, tzinfo=UTC)
    assert effective_at(date(2026, 11, 14), "Asia/Urumqi", NOW) == datetime(2026, 11, 13, 18, tzinfo=UTC)


def test_which_day_it_is_goes_by_the_zone_of_the_organisation() -> None:
    after_midnight = datetime(2026, 11, 15, 16, 30, tzinfo=UTC)
    assert effective_at(date(2026, 11, 16), "Asia/Shanghai", after_midnight) == after_midnight
    with pytest.raises(DateInFuture):
        effective_at(date(2026, 11, 16), "Europe/London", after_midnight)
