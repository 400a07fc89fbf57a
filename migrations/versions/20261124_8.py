"""Reading without a network, recordings, notes and favourites."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "20261124_8"
down_revision: str | None = "20261124_7"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # Nothing before the present clock is free: it is not known what of it was credited.
    op.add_column(
        "reading_clocks", sa.Column("free", postgresql.ARRAY(sa.BigInteger()), server_default="{}", nullable=False)
    )
    op.add_column("reading_progress", sa.Column("watched", postgresql.BYTEA(), server_default="", nullable=False))
    op.create_table(
        "offline_events",
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("heartbeat", sa.BigInteger(), nullable=False),
        sa.Column("lesson_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_us", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Float(), nullable=False),
        sa.Column("credited_ms", sa.BigInteger(), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["lesson_id"], ["lessons.id"], name=op.f("fk_offline_events_lesson_id")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_offline_events_member_id")),
        sa.PrimaryKeyConstraint("member_id", "heartbeat", name=op.f("pk_offline_events")),
    )
    op.create_index("ix_offline_events_ticket", "offline_events", ["member_id", "lesson_id", "fetched_at"])
    op.create_index(op.f("ix_offline_events_lesson_id"), "offline_events", ["lesson_id"])
    op.create_table(
        "favourites",
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("lesson_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["lesson_id"], ["lessons.id"], name=op.f("fk_favourites_lesson_id")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_favourites_member_id")),
        sa.PrimaryKeyConstraint("member_id", "lesson_id", name=op.f("pk_favourites")),
    )
    op.create_index(op.f("ix_favourites_lesson_id"), "favourites", ["lesson_id"])
    _create_notes()


def _create_notes() -> None:
    op.create_table(
        "notes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("lesson_id", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=True),
        sa.Column("remark", sa.Text(), server_default="", nullable=False),
        sa.Column("reviewed_by", sa.BigInteger(), nullable=True),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(state = 'private') = (organisation_id IS NULL)", name=op.f("ck_notes_shared_with")),
        sa.CheckConstraint("state IN ('private', 'awaiting', 'shared', 'returned')", name=op.f("ck_notes_state")),
        sa.ForeignKeyConstraint(["lesson_id"], ["lessons.id"], name=op.f("fk_notes_lesson_id")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_notes_member_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_notes_organisation_id")),
        sa.ForeignKeyConstraint(["reviewed_by"], ["accounts.id"], name=op.f("fk_notes_reviewed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notes")),
    )
    op.create_index("ix_notes_member_id_lesson_id", "notes", ["member_id", "lesson_id"])
    op.create_index(
        "ix_notes_shared", "notes", ["lesson_id", "organisation_id"], postgresql_where=sa.text("state = 'shared'")
    )
    op.create_index("ix_notes_awaiting", "notes", ["organisation_id"], postgresql_where=sa.text("state = 'awaiting'"))


def downgrade() -> None:
    op.drop_table("notes")
    op.drop_table("favourites")
    op.drop_table("offline_events")
    op.drop_column("reading_progress", "watched")
    op.drop_column("reading_clocks", "free")
