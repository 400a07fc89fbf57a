"""Shapes of the settings of the tree."""

from typing import Annotated, Literal

from pydantic import Field

from app.schemas import In, Out

KeyName = Literal[
    "timezone",
    "quiet_from",
    "quiet_until",
    "daily_notices",
    "reviews_required",
    "separate_duties",
    "hours_a_year",
    "hour_rules",
    "hour_minutes",
    "hours_a_day",
    "quiz_minutes",
    "paper_completes",
    "paper_hours",
    "points",
    "leaderboard",
    "check_in",
    "show_time",
]


class SettingIn(In):
    """The value: a switch's true or false, a number, or a text such as `21:00`."""

    value: bool | Annotated[int, Field(ge=0, le=1_000_000)] | Annotated[str, Field(min_length=1, max_length=64)]


class Origin(Out):
    """The organisation that has set it."""

    organisation_id: int
    organisation: str


class SettingOut(Out):
    """A setting as it holds in an organisation; `from` is null where it is the product's own default.

    `effective` is false where the value is kept and nothing follows it yet: `note` says so.
    """

    key: str
    label: str
    value: bool | int | str
    default: bool | int | str
    warning: str | None
    effective: bool
    note: str | None
    origin: Annotated[Origin | None, Field(serialization_alias="from")]
    overridden_here: bool


class SettingsOut(Out):
    """All settings of an organisation."""

    items: list[SettingOut]
