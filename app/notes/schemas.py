"""Shapes of notes and favourites."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from app.library.schemas import PLAIN_LINES
from app.schemas import In, Moment, Out

_CONTROL = r"\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff"


def _not_blank(text: str) -> str:
    if not text.strip():
        raise PydanticCustomError("blank", "blank")
    return text.strip()


# For the document: what `PLAIN_LINES` and `_not_blank` take together.
_WRITTEN = {"pattern": rf"^[^{_CONTROL}]*[^\s{_CONTROL}][^{_CONTROL}]*$"}
Body = Annotated[
    str,
    Field(min_length=1, max_length=2000, pattern=PLAIN_LINES, json_schema_extra={**_WRITTEN}),
    AfterValidator(_not_blank),
]
Remark = Annotated[str, Field(max_length=200, pattern=PLAIN_LINES), AfterValidator(str.strip)]
State = Literal["private", "awaiting", "shared", "returned"]


class NoteIn(In):
    """What a member writes."""

    body: Body


class SharingIn(In):
    """Whether the branch is to see a note: after a review, and no longer from the moment on which it is taken back."""

    shared: bool


class NoteOut(Out):
    """A note as its member sees it; `title` is that of the lesson, null where it may not be read now."""

    id: int
    lesson_id: int
    title: str | None
    body: str
    state: State
    remark: str
    created_at: datetime
    updated_at: datetime


class Notes(Out):
    """A page of a member's own notes, newest first."""

    items: list[NoteOut]
    next: str | None


class SharedNote(Out):
    """A note of somebody of the branch, who shared it."""

    id: int
    name: str
    body: str
    mine: bool


class SharedNotes(Out):
    """A page of the notes that the branch shares on a lesson, newest first."""

    items: list[SharedNote]
    next: str | None


class AwaitingNote(Out):
    """A note to be reviewed; `name` is told to leaders, who have the roster, and not to reviewers."""

    id: int
    lesson_id: int
    title: str
    organisation: str
    name: str | None
    body: str
    secrecy_words: list[str]
    updated_at: datetime


class AwaitingNotes(Out):
    """A page of what is to be reviewed, oldest first."""

    items: list[AwaitingNote]
    next: str | None


class ReviewIn(In):
    """The decision on a note, for the text of `updated_at` that was read; one that is returned says why."""

    updated_at: Moment
    approved: bool
    remark: Remark = ""


class ReviewedNote(Out):
    """What became of it."""

    id: int
    state: State


class FavouriteOut(Out):
    """A lesson that the member wants to find again, and may read."""

    id: int = Field(exclude=True)
    lesson_id: int
    title: str
    summary: str
    created_at: datetime


class Favourites(Out):
    """A page of favourites, newest lesson first."""

    items: list[FavouriteOut]
    next: str | None
