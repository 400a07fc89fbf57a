"""Shapes of lessons and weekly issues."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from app.library import rules
from app.schemas import Id, In, Line, Moment, Out, Week

IssueState = Literal["draft", "in_review", "scheduled", "published", "withdrawn"]

# The bounds of `content.documents.markdown`, which then says in Chinese what is wrong; here they only bound the size.
# Control characters are kept out here: the parser would say that the YAML has them, of which the sender knows nothing.
PLAIN = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]*$"
PLAIN_LINES = r"^[^\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]*$"
Title = Annotated[str, Field(min_length=1, max_length=80, pattern=PLAIN)]
Summary = Annotated[str, Field(max_length=200, pattern=PLAIN_LINES)]
Source = Annotated[str, Field(min_length=1, max_length=200, pattern=PLAIN)]
Article = Annotated[str, Field(max_length=80, pattern=PLAIN)]
SourceUrl = Annotated[str, Field(max_length=500, pattern=PLAIN)]
Markdown = Annotated[str, Field(min_length=1, max_length=512 * 1024)]


class LessonIn(In):
    """A lesson as fields: `markdown` is at most 512 KB, `source` names the public document that it rests on."""

    organisation_id: Id
    title: Title
    summary: Summary = ""
    source: Source
    article: Article = ""
    source_url: SourceUrl = ""
    markdown: Markdown


class LessonUpload(In):
    """The fields beside the file of an upload: a form has nothing but text."""

    organisation_id: Annotated[Id, Field(strict=False)]


class LessonPatch(In):
    """What of a draft changes."""

    title: Title | None = None
    summary: Summary | None = None
    source: Source | None = None
    article: Article | None = None
    source_url: SourceUrl | None = None
    markdown: Markdown | None = None


class LessonDraft(Out):
    """A lesson as its editors see it; `published_version` is what members read now, if anything."""

    id: int
    organisation_id: int
    title: str
    summary: str
    source: str
    article: str
    source_url: str
    markdown: str
    characters: int
    required_seconds: int
    published_version: int | None
    updated_at: datetime


class LessonRow(Out):
    """A lesson in the editors' list."""

    id: int
    organisation_id: int
    title: str
    summary: str
    source: str
    characters: int
    required_seconds: int
    published: bool
    updated_at: datetime


class LessonRows(Out):
    """A page of lessons, newest first."""

    items: list[LessonRow]
    next: str | None


class ReadingRule(Out):
    """How a lesson is completed: the figures, so that nobody has to guess."""

    characters_per_second: int = rules.CHARACTERS_PER_SECOND
    at_least_seconds: int = rules.LEAST_SECONDS
    at_most_seconds: int = rules.MOST_SECONDS
    complete_at_position: float = rules.COMPLETE_AT
    at_most_seconds_a_gap: int = rules.MOST_SECONDS_A_GAP


class LessonOut(Out):
    """A lesson as a member reads it; in a preview `version` is null, and all the rest is what will be published."""

    id: int
    version: int | None
    title: str
    summary: str
    source: str
    article: str
    source_url: str
    html: str
    nodes: list[object]
    characters: int
    required_seconds: int
    rule: ReadingRule


class IssueLessonIn(In):
    """A lesson in an issue; an optional one does not count towards completion."""

    lesson_id: Id
    required: bool = True


MAX_LESSONS = 20
Lessons = Annotated[list[IssueLessonIn], Field(min_length=1, max_length=MAX_LESSONS)]


class IssueIn(In):
    """A new weekly issue: its members are those of the organisation and of all below it."""

    organisation_id: Id
    week: Week
    title: Line
    summary: Summary = ""
    lessons: Lessons


class IssuePatch(In):
    """What of a draft issue changes; `lessons` replaces the list."""

    week: Week | None = None
    title: Line | None = None
    summary: Summary | None = None
    lessons: Lessons | None = None


class TransitionIn(In):
    """Where the issue goes; `publish_at` with `scheduled` only (by default the next Monday 08:00)."""

    to: IssueState
    publish_at: Moment | None = None

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
    """A weekly issue in the editors' list."""

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


class IssueDraft(IssueRow):
    """A weekly issue as its editors and reviewers see it."""

    lessons: list[IssueLessonOut]


class IssueRows(Out):
    """A page of issues, newest first."""

    items: list[IssueRow]
    next: str | None
