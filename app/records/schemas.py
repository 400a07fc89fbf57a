"""Shapes of study hours: each a decimal of two digits, as a string."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from app.schemas import Out

Hours = Annotated[Decimal, Field(decimal_places=2)]


class RuleOut(Out):
    """What a verdict rests on: the article, and the version of the rules that the organisation has set."""

    article: str
    version: str


class HoursOfKind(Out):
    """What one kind of study in one way has earned; `paper` and `home_visit` were recorded by a leader."""

    kind: Literal["lesson", "quiz", "meeting", "class"]
    way: Literal["online", "attended", "paper", "home_visit"]
    count: int
    hours: Hours


class StudyHoursOut(Out):
    """A member's year; `missing` and `met` are null for who is exempt: nothing is asked of them.

    `recorded` is the part of `hours` that a leader recorded for them: paper and home visits.
    """

    year: int
    target: int
    hours: Hours
    recorded: Hours
    missing: Hours | None
    met: bool | None
    exempt: bool
    exempt_reason: str | None
    rule: RuleOut
    verdict: str
    kinds: list[HoursOfKind]


class MemberHours(Out):
    """A member's year as their leader sees it; exempt members are shown, and nothing is asked of them."""

    member_id: int
    name: str
    organisation: str
    exempt: bool
    target: int
    hours: Hours
    recorded: Hours
    missing: Hours | None
    met: bool | None


class OrganisationHours(Out):
    """The year of an organisation: `due` leaves out who is exempt, `met` have reached what is asked of them."""

    organisation_id: int
    organisation: str
    year: int
    rule: RuleOut
    due: int
    met: int
    exempt: int
    items: list[MemberHours]
    next: str | None
