"""Lessons from documents: their text and what their parser said; lists of words to look for."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "20261124_7"
down_revision: str | None = "20261124_6"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    for table in ("lessons", "lesson_versions", "lesson_corrections"):
        op.add_column(table, sa.Column("body_text", sa.Text(), server_default="", nullable=False))
    for table in ("lessons", "lesson_corrections"):
        notices = sa.Column("notices", postgresql.JSONB(), server_default="[]", nullable=False)
        op.add_column(table, notices)
    op.create_table(
        "word_lists",
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("words", postgresql.JSONB(), nullable=False),
        sa.Column("changed_by", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_word_lists_organisation_id")),
        sa.ForeignKeyConstraint(["changed_by"], ["accounts.id"], name=op.f("fk_word_lists_changed_by")),
        sa.PrimaryKeyConstraint("organisation_id", name=op.f("pk_word_lists")),
    )


def downgrade() -> None:
    op.drop_table("word_lists")
    for table in ("lessons", "lesson_corrections"):
        op.drop_column(table, "notices")
    for table in ("lessons", "lesson_versions", "lesson_corrections"):
        op.drop_column(table, "body_text")
