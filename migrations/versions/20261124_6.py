"""Lessons that are a recording or a video."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "20261124_6"
down_revision: str | None = "20261124_5"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLES = ("lessons", "lesson_versions", "lesson_corrections")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("media_id", sa.BigInteger(), nullable=True))
        op.add_column(table, sa.Column("media_seconds", sa.BigInteger(), nullable=True))
        op.create_foreign_key(op.f(f"fk_{table}_media_id"), table, "assets", ["media_id"], ["id"])


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, "media_seconds")
        op.drop_column(table, "media_id")
