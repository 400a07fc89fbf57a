"""Shapes of issues, lessons and progress as a member sees them."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from app.library.schemas import Changed
from app.reading.credit import Beat, digest
from app.schemas import In, Out, rfc_3339


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


Position = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
HeartbeatId = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+$")]
TicketText = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9_.-]+$")]
# A phone whose battery was empty may think that it is 1970.
PhoneTime = Annotated[AwareDatetime, Field(strict=False), BeforeValidator(rfc_3339)]
Second = Annotated[int, Field(ge=0, le=86_400)]
Interval = Annotated[list[Second], Field(min_length=2, max_length=2)]
Watched = Annotated[list[Interval], Field(max_length=100)]


class _HeartbeatIn(In):
    position: Position
    heartbeat_id: HeartbeatId
    watched: Watched = Field(default_factory=list)

    @property
    def beat(self) -> Beat:
        """What the credit is counted from."""
        return Beat(self.position, digest(self.heartbeat_id), tuple((start, end) for start, end in self.watched))


class ProgressIn(_HeartbeatIn):
    """A heartbeat: how far down the text the member has been, 0..1, under an id of its own (a retry repeats it).

    Of a recording: where it stands, as a part of its length, and the whole seconds [from, to) that were played.
    `ticket` and `read_at` come together, with what was read without network.
    """

    ticket: TicketText | None = None
    read_at: PhoneTime | None = None

    @model_validator(mode="after")
    def _together(self) -> "ProgressIn":
        if (self.ticket is None) != (self.read_at is None):
            raise PydanticCustomError("ticket_without_time", "ticket and read_at come together")
        return self


class EventIn(_HeartbeatIn):
    """A heartbeat that could not be sent; of `read_at` only the distance to the others under the ticket matters."""

    read_at: PhoneTime


class HandIn(In):
    """What was read of one lesson without network, under the `Reading-Ticket` that came with it."""

    ticket: TicketText
    events: Annotated[list[EventIn], Field(min_length=1, max_length=200)]


class ProgressOut(Out):
    """What counts so far: by the server's clock, never by the client's."""

    position: float
    credited_seconds: int
    remaining_seconds: int
    completed_at: datetime | None


EventState = Literal["accepted", "duplicate", "earlier_edition"]


class EventResult(Out):
    """What became of an event: all are kept; one of an `earlier_edition` than the member has begun credits nothing."""

    heartbeat_id: str
    state: EventState


class HandedIn(Out):
    """Of each event, in the order in which they came, what became of it; and what counts so far."""

    lesson_id: int
    results: list[EventResult]
    progress: ProgressOut


class BegunLesson(Out):
    """A lesson to go on with: `position` is how far the text was read, or where the recording stands, 0..1."""

    lesson_id: int
    title: str
    kind: Literal["text", "media"]
    position: float
    remaining_seconds: int


class BegunLessons(Out):
    """At most ten, the one opened last first."""

    items: list[BegunLesson]
