"""Imports of rosters: kept, resumable, undone; who gave a password; whose night a batch keeps to."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "20261124_2"
down_revision: str | None = "20261124_1"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "roster_columns",
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_roster_columns_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "title", name=op.f("pk_roster_columns")),
    )
    op.create_table(
        "roster_imports",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=True),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("applied_by", sa.Text(), nullable=True),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("digest", postgresql.BYTEA(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("adds_organisations", sa.Boolean(), nullable=False),
        sa.Column("create_organisations", sa.Boolean(), nullable=False),
        sa.Column("lines_total", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("lines_done", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("columns", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("counts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("organisations", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("error_detail", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('reading', 'checked', 'applying', 'applied', 'failed', 'undone')",
            name=op.f("ck_roster_imports_state"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_roster_imports_account_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_roster_imports_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster_imports")),
    )
    op.create_index(op.f("ix_roster_imports_digest"), "roster_imports", ["digest"], unique=False)
    op.create_index("ix_roster_imports_organisation_id", "roster_imports", ["organisation_id", "id"], unique=False)
    op.create_table(
        "roster_lines",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("import_id", sa.BigInteger(), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("readable", sa.Boolean(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("superior", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=True),
        sa.Column("member_id", sa.BigInteger(), nullable=True),
        sa.Column("question", sa.Text(), nullable=True),
        sa.Column("candidates", postgresql.ARRAY(sa.BigInteger()), server_default="{}", nullable=False),
        sa.Column("answered", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("answer_member_id", sa.BigInteger(), nullable=True),
        sa.Column("stage", sa.Text(), nullable=True),
        sa.Column("roster", sa.Text(), nullable=True),
        sa.Column("exempt", sa.Boolean(), nullable=True),
        sa.Column("exempt_reason", sa.Text(), nullable=True),
        sa.Column("birth_month", sa.Text(), nullable=True),
        sa.Column("joined_on", sa.Text(), nullable=True),
        sa.Column("tags", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("phone_index", postgresql.BYTEA(), nullable=True),
        sa.Column("sealed", postgresql.BYTEA(), nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("left_as", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "status IN ('added', 'changed', 'unchanged', 'rejected', 'question', 'skipped')",
            name=op.f("ck_roster_lines_status"),
        ),
        sa.ForeignKeyConstraint(
            ["import_id"], ["roster_imports.id"], name=op.f("fk_roster_lines_import_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster_lines")),
    )
    op.create_index("ix_roster_lines_import_id", "roster_lines", ["import_id", "id"], unique=False)
    op.create_index(
        "ix_roster_lines_member_id",
        "roster_lines",
        ["member_id"],
        unique=False,
        postgresql_where=sa.text("member_id IS NOT NULL"),
    )
    # An undone import deletes members: whether a binding or a session refers to them is looked up for each.
    op.create_index("ix_bindings_member_id", "bindings", ["member_id"], unique=False)
    op.create_index(
        "ix_sessions_member_id",
        "sessions",
        ["member_id"],
        unique=False,
        postgresql_where=sa.text("member_id IS NOT NULL"),
    )
    op.add_column("accounts", sa.Column("password_from", sa.BigInteger(), nullable=True))
    op.create_foreign_key(op.f("fk_accounts_password_from"), "accounts", "accounts", ["password_from"], ["id"])
    op.add_column("batches", sa.Column("organisation_id", sa.BigInteger(), nullable=True))
    op.execute(
        "UPDATE batches SET organisation_id = campaigns.organisation_id FROM campaigns"
        " WHERE campaigns.id = batches.campaign_id"
    )
    op.alter_column("batches", "organisation_id", nullable=False)
    op.create_foreign_key(op.f("fk_batches_organisation_id"), "batches", "organisations", ["organisation_id"], ["id"])


def downgrade() -> None:
    op.drop_constraint(op.f("fk_batches_organisation_id"), "batches", type_="foreignkey")
    op.drop_column("batches", "organisation_id")
    op.drop_constraint(op.f("fk_accounts_password_from"), "accounts", type_="foreignkey")
    op.drop_column("accounts", "password_from")
    op.drop_index("ix_sessions_member_id", table_name="sessions", postgresql_where=sa.text("member_id IS NOT NULL"))
    op.drop_index("ix_bindings_member_id", table_name="bindings")
    op.drop_index(
        "ix_roster_lines_member_id", table_name="roster_lines", postgresql_where=sa.text("member_id IS NOT NULL")
    )
    op.drop_index("ix_roster_lines_import_id", table_name="roster_lines")
    op.drop_table("roster_lines")
    op.drop_index("ix_roster_imports_organisation_id", table_name="roster_imports")
    op.drop_index(op.f("ix_roster_imports_digest"), table_name="roster_imports")
    op.drop_table("roster_imports")
    op.drop_table("roster_columns")
