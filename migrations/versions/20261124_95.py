"""A batch keeps the quiet hours that its members have set for themselves; unionids are found by an index."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "20261124_95"
down_revision: str | None = "20261124_93"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("batches", sa.Column("quiet_from", sa.Text(), nullable=True))
    op.add_column("batches", sa.Column("quiet_until", sa.Text(), nullable=True))
    op.create_index(
        "ix_wechat_users_unionid", "wechat_users", ["unionid"], postgresql_where=sa.text("unionid IS NOT NULL")
    )


def downgrade() -> None:
    op.drop_index("ix_wechat_users_unionid", "wechat_users", postgresql_where=sa.text("unionid IS NOT NULL"))
    op.drop_column("batches", "quiet_until")
    op.drop_column("batches", "quiet_from")
