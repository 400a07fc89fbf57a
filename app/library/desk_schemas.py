"""Shapes of what stands around lessons and issues: history, comments, versions and corrections."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from app.library.issue_schemas import Person, ReviewOut
from app.library.schemas import PLAIN_LINES, LessonPatch, Permission, WarningOut
from app.schemas import In, Out

CorrectionState = Literal["in_review", "published", "returned", "withdrawn"]
Text = Annotated[str, Field(min_length=1, max_length=1000, pattern=PLAIN_LINES)]
Note = Annotated[str, Field(min_length=1, max_length=200, pattern=PLAIN_LINES)]


class ChangeRow(Out):
    """Who did what and when, and which fields differ since; `by` is null where the program did it by itself."""

    id: int
    at: datetime
    by: Person | None
    action: str
    fields: list[str]


class ChangeOut(ChangeRow):
    """A change with the fields as they were and as they are since."""

    before: dict[str, object]
    after: dict[str, object]


class Changes(Out):
    """A page of changes, newest first."""

    items: list[ChangeRow]
    next: str | None


class CommentIn(In):
    """A remark for those who work on it."""

    body: Text


class CommentOut(Out):
    """A remark, until somebody resolves it."""

    id: int
    by: Person
    body: str
    created_at: datetime
    resolved_at: datetime | None


class Comments(Out):
    """A page of remarks, oldest first."""

    items: list[CommentOut]
    next: str | None


class VersionRow(Out):
    """A publication of a lesson; a later `edition` is to be read anew, and `current` is what members read now."""

    number: int
    title: str
    note: str
    edition: int
    current: bool
    created_at: datetime


class Versions(Out):
    """The versions of a lesson, newest first."""

    items: list[VersionRow]
    next: str | None


class VersionOut(VersionRow):
    """A version as it was published; `text` has a line for each block, to be compared with that of another."""

    summary: str
    source: str
    article: str
    source_url: str
    author_line: str
    html: str
    text: str
    characters: int
    required_seconds: int


class CorrectionIn(LessonPatch):
    """What of a published lesson is to change, and the `note` that members read about it.

    After a `substantive` correction the lesson is to be read anew; without, everybody's progress stays.
    """

    note: Note
    substantive: bool = False


class CorrectionUpload(In):
    """What stands beside the file that takes the place of a published lesson's document; see `CorrectionIn`."""

    note: Note
    substantive: Annotated[bool, Field(strict=False)] = False


class CorrectionMove(In):
    """Where a correction goes: a reviewer publishes or returns it (with a `remark`), an editor withdraws it.

    `confirm_warnings`: whoever publishes it has looked at its warnings, and they are in order.
    """

    to: Literal["published", "returned", "withdrawn"]
    confirm_warnings: bool = False
    remark: Annotated[str, Field(max_length=500, pattern=PLAIN_LINES)] = ""

    @model_validator(mode="after")
    def _reason(self) -> Self:
        if self.to == "returned" and not self.remark.strip():
            raise PydanticCustomError("missing", "a remark is needed")
        return self


class CorrectionRow(Out):
    """A correction in the list of a lesson."""

    id: int
    lesson_id: int
    state: CorrectionState
    note: str
    substantive: bool
    author: Person
    created_at: datetime
    closed_at: datetime | None
    remark: str


class Corrections(Out):
    """A page of corrections, newest first."""

    items: list[CorrectionRow]
    next: str | None


class CorrectionOut(CorrectionRow):
    """A correction as it would be published, and the approvals that it has."""

    title: str
    summary: str
    source: str
    article: str
    source_url: str
    author_line: str
    reprint_permission: Permission
    markdown: str
    html: str
    text: str
    warnings: list[WarningOut]
    characters: int
    reviews: list[ReviewOut]
    reviews_required: int
