"""Calls of platforms: when the first one came, until when they are forgotten, and when a member last refused."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "20261124_991"
down_revision: str | None = "20261124_99"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

COLUMNS = (
    ("channels", "callback_checked_at"),
    ("channels", "callbacks_forgotten"),
    ("subscription_balances", "refused_at"),
)


def upgrade() -> None:
    for table, column in COLUMNS:
        op.add_column(table, sa.Column(column, sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    for table, column in reversed(COLUMNS):
        op.drop_column(table, column)
