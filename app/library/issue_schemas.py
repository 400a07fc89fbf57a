"""Shapes of weekly issues."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from app.library.schemas import Summary
from app.schemas import Id, In, Line, Moment, Out, Week

IssueState = Literal["draft", "in_review", "scheduled", "published", "withdrawn"]


class IssueLessonIn(In):
    """A lesson in an issue; an optional one does not count towards completion."""

    lesson_id: Id
    required: bool = True


MAX_LESSONS = 20
Stage = Literal["applicant", "activist", "development_target", "probationary_member", "full_member"]
Roster = Literal["in_service", "no_post", "floating"]
Tag = Annotated[Line, Field(max_length=20)]


class AudienceIn(In):
    """Who of the organisation's subtree is meant: each list narrows it to those with one of its values, none does not.

    `tags` are those of post and industry on the roster.
    """

    stages: Annotated[list[Stage], Field(max_length=5)] = Field(default_factory=list)
    rosters: Annotated[list[Roster], Field(max_length=3)] = Field(default_factory=list)
    tags: Annotated[list[Tag], Field(max_length=20)] = Field(default_factory=list)


class ReachIn(In):
    """Whom an issue of the organisation would mean."""

    organisation_id: Id
    audience: AudienceIn = Field(default_factory=AudienceIn)


class AudienceOut(Out):
    """Who is meant; see `AudienceIn`."""

    stages: list[str]
    rosters: list[str]
    tags: list[str]


class Reach(Out):
    """How many members an audience means; `exempt` and `floating` are of these, null where they are fewer than five.

    Exempt ones may read, and no figure counts them.
    """

    members: int
    exempt: int | None
    floating: int | None


Lessons = Annotated[list[IssueLessonIn], Field(min_length=1, max_length=MAX_LESSONS)]


class IssueIn(In):
    """A new weekly issue: its members are those of the organisation and of all below it whom the audience means."""

    organisation_id: Id
    week: Week
    title: Line
    summary: Summary = ""
    lessons: Lessons
    audience: AudienceIn = Field(default_factory=AudienceIn)


class IssuePatch(In):
    """What of a draft issue changes; `lessons` and `audience` replace what was there."""

    week: Week | None = None
    title: Line | None = None
    summary: Summary | None = None
    lessons: Lessons | None = None
    audience: AudienceIn | None = None


class TransitionIn(In):
    """Where the issue goes; `publish_at` with `scheduled` only (by default the next Monday 08:00).

    `confirm_warnings`: whoever approves has looked at the warnings of the lessons, and they are in order.
    """

    to: IssueState
    publish_at: Moment | None = None
    confirm_warnings: bool = False

    @model_validator(mode="after")
    def _time_of_publication(self) -> Self:
        if self.publish_at is not None and self.to != "scheduled":
            raise PydanticCustomError("publish_at_unexpected", "publish_at goes with scheduled only")
        return self


class Person(Out):
    """A member of staff."""

    id: int
    name: str


class IssueLessonOut(Out):
    """A lesson in an issue, as it is in the draft."""

    lesson_id: int
    title: str
    summary: str
    characters: int
    required_seconds: int
    required: bool
    position: int


class IssueRow(Out):
    """A weekly issue in the editors' list; one with a `plan_id` was made ahead by that plan."""

    id: int
    organisation_id: int
    week: str
    title: str
    summary: str
    state: IssueState
    author: Person
    reviewer: Person | None
    publish_at: datetime | None
    published_at: datetime | None
    plan_id: int | None


class ReviewOut(Out):
    """An approval."""

    reviewer: Person
    at: datetime


class IssueDraft(IssueRow):
    """A weekly issue as its editors and reviewers see it; `revision` is what its ETag holds.

    `reviews` are the approvals that count, of `reviews_required`; `outline` is what the plan wants written.
    """

    lessons: list[IssueLessonOut]
    audience: AudienceOut
    outline: list[str]
    reviews: list[ReviewOut]
    reviews_required: int
    revision: int


class IssueRows(Out):
    """A page of issues, newest first."""

    items: list[IssueRow]
    next: str | None
