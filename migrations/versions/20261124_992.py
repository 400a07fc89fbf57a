"""What is urgent is claimed first; a campaign that could not be planned says when it is tried again."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "20261124_992"
down_revision: str | None = "20261124_991"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("batches", sa.Column("urgent", sa.Boolean(), server_default="false", nullable=False))
    op.execute(
        "UPDATE batches SET urgent = true FROM campaigns"
        " WHERE campaigns.id = batches.campaign_id AND batches.done_at IS NULL AND campaigns.kind LIKE 'meeting%'"
    )
    op.create_index(
        "ix_batches_urgent", "batches", ["not_before", "id"], postgresql_where=sa.text("done_at IS NULL AND urgent")
    )
    op.add_column("campaigns", sa.Column("plan_again_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("campaigns", "plan_again_at")
    op.drop_index("ix_batches_urgent", "batches")
    op.drop_column("batches", "urgent")
