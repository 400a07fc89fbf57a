"""Shapes of study that a leader records for somebody."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from app.organisations.effective import Day
from app.schemas import Id, In, Line, Out

Way = Literal["paper", "home_visit"]


class PaperScore(In):
    """What a member reached in the quiz of the issue, in percent, as the sheet on paper was marked."""

    member_id: Id
    score: Annotated[int, Field(ge=0, le=100)]


class RecordedStudyIn(In):
    """Who studied an issue, when, and how: on paper, or when it was brought to their home. No photograph is asked for.

    Without `lesson_ids` all lessons of the issue are meant; an empty list records nothing but `scores`.
    """

    issue_id: Id
    member_ids: Annotated[list[Id], Field(max_length=200)]
    lesson_ids: Annotated[list[Id], Field(max_length=100)] | None = None
    scores: Annotated[list[PaperScore], Field(max_length=200, default_factory=list)]
    way: Way
    studied_on: Day


class RecordedClassIn(In):
    """Who was at a class, or at training, that is no meeting here: its title, its day, and how long it took."""

    title: Line
    member_ids: Annotated[list[Id], Field(min_length=1, max_length=200)]
    studied_on: Day
    minutes: Annotated[int, Field(ge=15, le=600)]


class WithdrawalIn(In):
    """Why what was recorded is not so."""

    reason: Line


class RecordedStudyOut(Out):
    """A lesson or quiz of an issue that was studied on paper or at home, or a class of so many `minutes`."""

    id: int
    member_id: int
    member: str
    issue_id: int | None
    issue: str | None
    lesson_id: int | None
    quiz_id: int | None
    title: str
    score: int | None
    passed: bool | None
    minutes: int | None
    way: Literal["paper", "home_visit", "attended"]
    studied_on: date
    completes: bool
    recorded_by: str
    recorded_at: datetime
    withdrawn_at: datetime | None
    withdrawal: str | None


class RecordedStudies(Out):
    """A page of what was recorded, newest first."""

    items: list[RecordedStudyOut]
    next: str | None


class Recorded(Out):
    """How much was recorded now, and how much of it was on record `already`; `ids` are the new ones."""

    recorded: int
    already: int
    ids: list[int]
