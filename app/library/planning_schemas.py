"""Shapes of search, calendar, plans and topics."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from app.library.issue_schemas import IssueState
from app.library.schemas import Summary
from app.schemas import Id, In, Line, Out


class Snippet(Out):
    """Where a text has a word of the query: `match` as it is written, with what stands around.

    Where only the title has it, both but the beginning of the text in `after` are empty.
    """

    before: str
    match: str
    after: str


class Found(Out):
    """A lesson that has each word of the query in its title, summary or text."""

    id: int
    title: str
    snippet: Snippet


class SearchOut(Out):
    """A page of what was found: first the lessons that have all of it in their title, then the others, newest first."""

    items: list[Found]
    next: str | None


class CalendarIssue(Out):
    """An issue of a week; `own` is of the organisation itself, the others come from above.

    One that is `narrowed` means some members only: by stage, roster or tags.
    """

    id: int
    organisation_id: int
    organisation: str
    title: str
    state: IssueState
    own: bool
    narrowed: bool
    plan_id: int | None


class CalendarWeek(Out):
    """A week with the issues that reach the organisation, drafts of its own too; a `gap` has none for everybody."""

    week: str
    issues: list[CalendarIssue]
    gap: bool


class CalendarOut(Out):
    """The weeks of an organisation, in order."""

    organisation_id: int
    weeks: list[CalendarWeek]


Occurrence = Literal["every", "first", "second", "third", "fourth", "last"]


class Column(In):
    """A recurring column of a plan and the weeks that have it: each, or one of the month (that of its Monday)."""

    title: Line
    weeks: Occurrence


class ColumnOut(Out):
    """A column; see `Column`."""

    title: str
    weeks: Occurrence


Columns = Annotated[list[Column], Field(min_length=1, max_length=20)]
# {year}, {month} and {week} stand for those of the week.
Pattern = Annotated[Line, Field(max_length=60)]
AheadWeeks = Annotated[int, Field(ge=1, le=12)]


class PlanIn(In):
    """The recurring columns of an organisation: weeks that have one get a draft, `ahead_weeks` ahead."""

    organisation_id: Id
    title: Pattern
    columns: Columns
    ahead_weeks: AheadWeeks = 4
    enabled: bool = True


class PlanPatch(In):
    """What of a plan changes; drafts that are there stay as they are."""

    title: Pattern | None = None
    columns: Columns | None = None
    ahead_weeks: AheadWeeks | None = None
    enabled: bool | None = None


class PlanOut(Out):
    """A plan; weeks up to `planned_until` have been looked at."""

    id: int
    organisation_id: int
    title: str
    columns: list[ColumnOut]
    ahead_weeks: int
    enabled: bool
    planned_until: str
    revision: int


class Plans(Out):
    """A page of plans."""

    items: list[PlanOut]
    next: str | None


TopicLessons = Annotated[list[Id], Field(max_length=100)]


class TopicIn(In):
    """A new topic; members see it once a reviewer has published it."""

    organisation_id: Id
    title: Line
    summary: Summary = ""
    lesson_ids: TopicLessons = Field(default_factory=list)


class TopicPatch(In):
    """What of a topic changes: with other words it is to be published again; `lesson_ids` replaces the list."""

    title: Line | None = None
    summary: Summary | None = None
    lesson_ids: TopicLessons | None = None


class TopicLessonRow(Out):
    """A lesson of a topic."""

    id: int
    title: str


class TopicDraft(Out):
    """A topic as the desk sees it; `revision` is what its ETag holds."""

    id: int
    organisation_id: int
    title: str
    summary: str
    published: bool
    lessons: list[TopicLessonRow]
    revision: int
    updated_at: datetime


class TopicRow(Out):
    """A topic in a list."""

    id: int
    organisation_id: int
    title: str
    summary: str
    published: bool


class TopicRows(Out):
    """A page of topics on the desk, newest first."""

    items: list[TopicRow]
    next: str | None


class PublicationIn(In):
    """Whether members see the topic."""

    published: bool


class TopicSummary(Out):
    """A topic as members see it in the list; `lessons` counts those that they can read."""

    id: int
    title: str
    summary: str
    lessons: int


class Topics(Out):
    """A page of topics, newest first."""

    items: list[TopicSummary]
    next: str | None


class TopicLessonOut(Out):
    """A lesson of a topic as members see it."""

    id: int
    title: str
    summary: str
    required_seconds: int


class TopicOut(Out):
    """A topic with the lessons that the member can read, in their order."""

    id: int
    title: str
    summary: str
    lessons: list[TopicLessonOut]
