"""Shapes of roster imports."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from app.schemas import Id, In, Out


class RejectedLineOut(Out):
    """A line that cannot be imported, numbered as Excel shows it; `reason` tells people what to do."""

    line: int
    sheet: str
    code: str
    reason: str


class SkippedLineOut(Out):
    """A line that was left out as no person, and what stands in it."""

    line: int
    sheet: str
    text: str


class ColumnOut(Out):
    """A column that is read, and the field of the roster that it is."""

    sheet: str
    title: str
    field: str


class RememberedColumnOut(Out):
    """A title without spaces and the field that it is, "" for none; `inherited` where a superior has said so."""

    title: str
    field: str
    inherited: bool


class RememberedColumns(Out):
    """All that is remembered for the next roster of an organisation."""

    items: list[RememberedColumnOut]


class NewOrganisationOut(Out):
    """An organisation that the import adds, with an id once it is there; `stays` says whether an undo kept it."""

    name: str
    kind: str
    superior: str
    id: int | None = None
    stays: bool | None = None


class ImportSummary(Out):
    """An import: what it would do, or has done.

    `state` is reading, checked, applying, applied, failed or undone. Numbers of members, but for
    `organisations_added`; `missing` are those of the organisations of the file who are not in it, who stay untouched.
    """

    id: int
    organisation_id: int | None
    file_name: str
    state: str
    added: int
    changed: int
    unchanged: int
    missing: int
    organisations_added: int
    rejected_count: int
    questions_count: int
    skipped_count: int
    lines_done: int
    lines_total: int
    error_code: str | None
    error_detail: str | None
    created_at: datetime
    checked_at: datetime | None
    applied_at: datetime | None
    undone_at: datetime | None


class ImportOut(ImportSummary):
    """An import in full, with the first 200 lines that it cannot take and organisations that it adds."""

    rejected: list[RejectedLineOut]
    # The first 20 of `skipped_count`.
    skipped: list[SkippedLineOut]
    organisations: list[NewOrganisationOut]
    columns: list[ColumnOut]
    ignored_columns: list[str]
    skipped_sheets: list[str]


class Imports(Out):
    """A page of imports, newest first."""

    items: list[ImportSummary]
    next: str | None


class ChangeOut(Out):
    """What of a member becomes another: for people, with masked phone numbers; null where nothing was known."""

    field: str
    label: str
    before: str | None
    after: str | None


class CandidateOut(Out):
    """A member whom a line may mean."""

    member_id: int
    name: str
    organisation: str
    birth_month: str | None
    phone_masked: str | None
    # Whoever is has to be restored before the line can be imported.
    archived: bool


class LineOut(Out):
    """A line of the file and what becomes of it: added, changed, unchanged, rejected, a question, or skipped."""

    id: int
    line: int
    sheet: str
    status: str
    code: str | None
    reason: str | None
    name: str
    organisation: str
    member_id: int | None
    changes: list[ChangeOut]
    # Of a line that is or was a question.
    candidates: list[CandidateOut]
    answered: bool
    answer_member_id: int | None


class Lines(Out):
    """A page of lines in the order of the file."""

    items: list[LineOut]
    next: str | None


class MissingMember(Out):
    """A member of an organisation of the file who is not in it."""

    id: int
    name: str
    organisation_id: int
    organisation: str


class MissingMembers(Out):
    """A page of members whom the file leaves out."""

    items: list[MissingMember]
    next: str | None


class Answer(In):
    """Whom a line means: one of its candidates, or null for somebody else."""

    line_id: Id
    member_id: Id | None


class AnswersIn(In):
    """Answers to questions; a later answer to the same question replaces an earlier one."""

    answers: Annotated[list[Answer], Field(min_length=1, max_length=5000)]
