"""Imports of rosters: each a record, its lines as they were read, and what columns were called. Models only."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base, Id
from app.directory.models import one_of

IMPORT_STATES = ("reading", "checked", "applying", "applied", "failed", "undone")
LINE_STATUSES = ("added", "changed", "unchanged", "rejected", "question", "skipped")


class RosterImport(Base):
    """A roster that was handed in, and what became of it."""

    __tablename__ = "roster_imports"
    __table_args__ = (
        CheckConstraint(one_of("state", IMPORT_STATES), name="state"),
        Index("ix_roster_imports_organisation_id", "organisation_id", "id"),
    )

    id: Mapped[Id]
    # Organisations are looked up below this one; at the command line there may be none, for all that there are.
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    actor: Mapped[str]
    # Who had it applied, where that was not at once.
    applied_by: Mapped[str | None]
    file_name: Mapped[str]
    # Of the file and of what was asked for: the same again while the first is still being read is the first.
    digest: Mapped[bytes] = mapped_column(index=True)
    state: Mapped[str]
    # Whether the sheet 党组织 may add organisations, and whether names in the lines may.
    adds_organisations: Mapped[bool]
    create_organisations: Mapped[bool]
    lines_total: Mapped[int] = mapped_column(server_default="0")
    lines_done: Mapped[int] = mapped_column(server_default="0")
    # What was recognised: `read` [{sheet, title, field}], `ignored` and `skipped_sheets`; `given` is title -> field.
    columns: Mapped[dict[str, object]] = mapped_column(JSONB)
    counts: Mapped[dict[str, int]] = mapped_column(JSONB)
    # Organisations that the import adds, or has added: see app.organisations.imports.places.
    organisations: Mapped[list[dict[str, object]]] = mapped_column(JSONB)
    error_code: Mapped[str | None]
    error_detail: Mapped[str | None]
    created_at: Mapped[datetime]
    # A running import is heard of every few seconds.
    heartbeat_at: Mapped[datetime]
    checked_at: Mapped[datetime | None]
    applied_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]


class ImportLine(Base):
    """A line of a roster: what it says as far as it is compared, what it comes to, and what it has replaced.

    All else that stood in it is sealed. No foreign keys lead from here: a line tells what was, or what is planned.
    """

    __tablename__ = "roster_lines"
    __table_args__ = (
        CheckConstraint(one_of("status", LINE_STATUSES), name="status"),
        Index("ix_roster_lines_import_id", "import_id", "id"),
        Index("ix_roster_lines_member_id", "member_id", postgresql_where=text("member_id IS NOT NULL")),
    )

    id: Mapped[Id]
    import_id: Mapped[int] = mapped_column(ForeignKey("roster_imports.id", ondelete="CASCADE"))
    sheet: Mapped[str]
    line: Mapped[int]
    # Of a line of the sheet 党组织, which is no person: `organisation` stands under `superior`.
    kind: Mapped[str | None]
    # False where it was refused, or left out as no person, as it was read: no answer changes that.
    readable: Mapped[bool]
    status: Mapped[str]
    # Why it is refused, or what is asked.
    code: Mapped[str | None]
    reason: Mapped[str | None]
    name: Mapped[str]
    name_key: Mapped[str]
    organisation: Mapped[str]
    superior: Mapped[str]
    # Of an organisation that is yet to be added: minus its place among them.
    organisation_id: Mapped[int | None]
    member_id: Mapped[int | None]
    # What was asked stays here when it is answered, so that the answer can be changed.
    question: Mapped[str | None]
    candidates: Mapped[list[int]] = mapped_column(ARRAY(BIGINT), server_default="{}")
    answered: Mapped[bool] = mapped_column(server_default="false")
    answer_member_id: Mapped[int | None]
    stage: Mapped[str | None]
    roster: Mapped[str | None]
    exempt: Mapped[bool | None]
    exempt_reason: Mapped[str | None]
    birth_month: Mapped[str | None]
    joined_on: Mapped[str | None]
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    phone_index: Mapped[bytes | None]
    # JSON: the texts as they stood, the phone number, and why the reader refused the line, or what it left out.
    sealed: Mapped[bytes]
    # The member as they were, and a digest of the member as the import left them: see .snapshots.
    before: Mapped[dict[str, object] | None] = mapped_column(JSONB)
    left_as: Mapped[str | None]


class RememberedColumn(Base):
    """What a column was said to be, for the next roster of the organisation or of one below; "" is to be ignored."""

    __tablename__ = "roster_columns"

    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), primary_key=True)
    # The title without spaces.
    title: Mapped[str] = mapped_column(primary_key=True)
    field: Mapped[str]
