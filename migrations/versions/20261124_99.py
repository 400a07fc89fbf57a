"""Indexes of what is watched: campaigns that are not over, and the batches that one member is in."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "20261124_99"
down_revision: str | None = "20261124_98"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_index("ix_campaigns_open", "campaigns", ["expires_at"], postgresql_where=sa.text("state <> 'done'"))
    # Two bounds in a B-tree find half of all batches for a member in the middle; a range finds those around one id.
    op.drop_index("ix_batches_members", table_name="batches")
    span = sa.text("int8range(first_member, last_member, '[]'::text)")
    op.create_index("ix_batches_members", "batches", [span], postgresql_using="gist")


def downgrade() -> None:
    op.drop_index("ix_batches_members", table_name="batches")
    op.create_index("ix_batches_members", "batches", ["first_member", "last_member"])
    op.drop_index("ix_campaigns_open", table_name="campaigns")
