"""How long the object of a media file is, which of a picture is not what was uploaded."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "20261124_92"
down_revision: str | None = "20261124_91"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

READY = "(state = 'ready') = (key IS NOT NULL AND media_type IS NOT NULL AND sha256 IS NOT NULL"


def _check(condition: str) -> None:
    op.drop_constraint(op.f("ck_assets_ready"), "assets", type_="check")
    op.create_check_constraint(op.f("ck_assets_ready"), "assets", condition)


def upgrade() -> None:
    op.add_column("assets", sa.Column("stored_size", sa.BigInteger(), nullable=True))
    op.execute("UPDATE assets SET stored_size = size WHERE state = 'ready'")
    _check(f"{READY} AND stored_size IS NOT NULL)")


def downgrade() -> None:
    _check(f"{READY})")
    op.drop_column("assets", "stored_size")
