"""When a batch's reference was last put on the bus, so that the reconciler finds those that were lost there."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "20261124_96"
down_revision: str | None = "20261124_95"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("batches", sa.Column("published_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("batches", "published_at")
