"""Media: uploaded in pieces, kept in a store."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "20261124_3"
down_revision: str | None = "20261124_2"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "assets",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("media_type", sa.Text(), nullable=True),
        sa.Column("sha256", postgresql.BYTEA(), nullable=True),
        sa.Column("width", sa.BigInteger(), nullable=True),
        sa.Column("height", sa.BigInteger(), nullable=True),
        sa.Column("seconds", sa.Float(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("touched_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('uploading', 'ready')", name=op.f("ck_assets_state")),
        sa.CheckConstraint("0 <= received AND received <= size", name=op.f("ck_assets_received")),
        sa.CheckConstraint(
            "(state = 'ready') = (key IS NOT NULL AND media_type IS NOT NULL AND sha256 IS NOT NULL)",
            name=op.f("ck_assets_ready"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_assets_account_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_assets_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assets")),
        sa.UniqueConstraint("key", name=op.f("uq_assets_key")),
    )
    op.create_index(op.f("ix_assets_organisation_id"), "assets", ["organisation_id"], unique=False)
    uploading = sa.text("state = 'uploading'")
    op.create_index("ix_assets_account_id", "assets", ["account_id"], unique=False, postgresql_where=uploading)
    op.create_index("ix_assets_touched_at", "assets", ["touched_at"], unique=False, postgresql_where=uploading)
    op.create_table(
        "media_objects",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("asset_id", sa.BigInteger(), nullable=True),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["asset_id"], ["assets.id"], name=op.f("fk_media_objects_asset_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_media_objects")),
    )
    op.create_index(op.f("ix_media_objects_asset_id"), "media_objects", ["asset_id"], unique=False)
    op.create_index("ix_media_objects_created_at", "media_objects", ["created_at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_media_objects_created_at", table_name="media_objects")
    op.drop_index(op.f("ix_media_objects_asset_id"), table_name="media_objects")
    op.drop_table("media_objects")
    op.drop_index("ix_assets_touched_at", table_name="assets", postgresql_where=sa.text("state = 'uploading'"))
    op.drop_index("ix_assets_account_id", table_name="assets", postgresql_where=sa.text("state = 'uploading'"))
    op.drop_index(op.f("ix_assets_organisation_id"), table_name="assets")
    op.drop_table("assets")
