"""Reading without a network, recordings."""

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


def downgrade() -> None:
    op.drop_table("offline_events")
    op.drop_column("reading_progress", "watched")
    op.drop_column("reading_clocks", "free")
