"""Shapes of issues, lessons and progress as a member sees them."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from app.library.schemas import Changed
from app.schemas import In, Out


class IssueSummary(Out):
    """A published weekly issue with the member's completion; `lessons_total` counts the required lessons."""

    id: int
    organisation_id: int
    organisation: str
    week: str
    title: str
    summary: str
    published_at: datetime
    lessons_total: int
    lessons_completed: int
    completed: bool


class IssueSummaries(Out):
    """A page of issues, newest week first."""

    items: list[IssueSummary]
    next: str | None


class CurrentIssues(Out):
    """The issues of this week: several where organisations above the member's have their own."""

    items: list[IssueSummary]


class LessonState(Out):
    """A lesson of an issue and how far the member is with it; `changed` is what they have not opened yet."""

    lesson_id: int
    title: str
    summary: str
    characters: int
    required_seconds: int
    required: bool
    position: float
    remaining_seconds: int
    completed_at: datetime | None
    changed: Changed | None


class IssueOut(IssueSummary):
    """A published weekly issue with its lessons, in their order."""

    lessons: list[LessonState]


class ProgressIn(In):
    """A heartbeat: how far down the text the member has been, 0..1, under an id of its own (a retry repeats it)."""

    position: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
    heartbeat_id: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+$")]


class ProgressOut(Out):
    """What counts so far: by the server's clock, never by the client's."""

    position: float
    credited_seconds: int
    remaining_seconds: int
    completed_at: datetime | None
