"""From when a change holds whose date a person gives."""

import re
from datetime import date, datetime, time
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from app.errors import Invalid

_ISO_DAY = re.compile("[12][0-9]{3}-[0-9]{2}-[0-9]{2}")


def _written(value: Any) -> Any:
    """Left to itself the parser takes numbers and moments as well."""
    if isinstance(value, str) and _ISO_DAY.fullmatch(value):
        return value
    raise PydanticCustomError("date_parsing", "not a date of RFC 3339")


# The day on which a change came about, such as 2026-11-16.
Day = Annotated[date, Field(strict=False), BeforeValidator(_written)]


class DateInFuture(Invalid):
    """A change is entered when it has come about."""

    code = "date_in_future"
    detail = "日期不能晚于今天，请在事情发生的当天或之后登记。"


def effective_at(on: date | None, timezone: str, now: datetime) -> datetime:
    """The moment from which a change holds: `now` for today or no date, else the local midnight that began the day.

    `timezone` is that of the organisation. Raises `DateInFuture`.
    """
    zone = ZoneInfo(timezone)
    today = now.astimezone(zone).date()
    if on is None or on == today:
        return now
    if on > today:
        raise DateInFuture
    return datetime.combine(on, time.min, zone)
