"""Shared shapes of requests and answers: strict, bounded, and free of NUL."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Protocol, TypeVar

from fastapi import Path, Query
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

# What a number in JSON carries exactly wherever it is read (RFC 8259, 6); the columns would hold more.
MAX_ID = 2**53 - 1
MAX_DEPTH = 16

Id = Annotated[int, Field(ge=1, le=MAX_ID)]
PathId = Annotated[int, Path(ge=1, le=MAX_ID)]
Limit = Annotated[int, Query(ge=1, le=200, description="How many at most")]
Cursor = Annotated[int | None, Query(ge=1, le=MAX_ID, description="`next` of the page before")]


def _read(value: Any, depth: int = 0) -> Any:
    """A value of JSON without NUL; 1.0 is the integer 1 there (JSON Schema, 6.1.1)."""
    if depth > MAX_DEPTH:
        raise PydanticCustomError("too_deep", "too deeply nested")
    if isinstance(value, str) and "\0" in value:
        raise PydanticCustomError("nul_character", "contains NUL")
    if isinstance(value, dict):
        return {_read(key, depth + 1): _read(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list):
        return [_read(inner, depth + 1) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


class In(BaseModel):
    """What a caller sends: unknown fields, NUL and values of another type are refused (`"1"` and `true` are no 1)."""

    model_config = ConfigDict(extra="forbid", strict=True)

    @model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        return _read(value)


class Out(BaseModel):
    """What is answered."""

    model_config = ConfigDict(from_attributes=True, extra="forbid")


class HasId(Protocol):
    """A row that a page can go on from."""

    @property
    def id(self) -> int: ...


Row = TypeVar("Row", bound=HasId)


def page(rows: Sequence[Row], limit: int) -> tuple[Sequence[Row], str | None]:
    """The first `limit` rows and the cursor of the next page, given one row more where there is one."""
    shown = rows[:limit]
    return shown, str(shown[-1].id) if len(rows) > limit else None


def one_line(text: str) -> str:
    """One line of text, NFC and trimmed; refused where blank or with control characters."""
    cleaned = unicodedata.normalize("NFC", text).strip()
    if not cleaned:
        raise PydanticCustomError("blank", "blank")
    if any(unicodedata.category(character) == "Cc" for character in cleaned):
        raise PydanticCustomError("control_character", "contains control characters")
    return cleaned


# For the document only: what `one_line` takes, which then says what is wrong.
ONE_LINE = {"pattern": r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"}
# One line of text that people read: NFC, trimmed, neither blank nor with control characters.
Line = Annotated[str, Field(min_length=1, max_length=100, json_schema_extra={**ONE_LINE}), AfterValidator(one_line)]


def _in_range(moment: datetime) -> datetime:
    if not 2000 <= moment.year <= 2100:
        raise PydanticCustomError("out_of_range", "out of range")
    return moment


_RFC_3339 = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9:.]+([Zz]|[+-][0-9]{2}:[0-9]{2})?")


def rfc_3339(value: Any) -> Any:
    """A date-time in its one form: left to itself the parser takes numbers and shorter forms as well."""
    if isinstance(value, datetime) or (isinstance(value, str) and _RFC_3339.fullmatch(value)):
        return value
    raise PydanticCustomError("datetime_parsing", "not a date-time of RFC 3339")


# A moment with its zone, within the years that a schedule can mean.
Moment = Annotated[AwareDatetime, Field(strict=False), AfterValidator(_in_range), BeforeValidator(rfc_3339)]


def _week(text: str) -> str:
    try:
        monday_of(text)
    except ValueError:
        raise PydanticCustomError("no_such_week", "no such week") from None
    return text


def monday_of(week: str) -> date:
    """The Monday of an ISO week such as `2026-W47`; raises ValueError where the year has no such week."""
    year, number = week.split("-W")
    return date.fromisocalendar(int(year), int(number), 1)


def week_of(day: date) -> str:
    """The ISO week of a day, such as `2026-W47`."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02d}"


def week_words(week: str) -> str:
    """An ISO week as people write it, such as 2026年第47周."""
    year, number = week.split("-W")
    return f"{year}年第{int(number)}周"


Week = Annotated[str, Field(pattern=r"^20[0-9]{2}-W(0[1-9]|[1-4][0-9]|5[0-3])$"), AfterValidator(_week)]
