"""Who renews the token of a channel says until when, so that no transaction is open while the platform is asked."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "20261124_97"
down_revision: str | None = "20261124_96"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("platform_tokens", sa.Column("renewing_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("platform_tokens", sa.Column("renewer", sa.Uuid(), nullable=True))


def downgrade() -> None:
    op.drop_column("platform_tokens", "renewer")
    op.drop_column("platform_tokens", "renewing_until")
