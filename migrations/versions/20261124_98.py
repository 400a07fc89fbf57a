"""Schedules keep a zone of their own and can be put away; what they would tell can be tried; late means until when."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "20261124_98"
down_revision: str | None = "20261124_96"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

MOMENT = sa.DateTime(timezone=True)
WEEK = 7 * 86400
SCHEDULES = sa.table("schedules", sa.column("late_policy", sa.Text()), sa.column("late_seconds", sa.BigInteger()))
STATES = ("asked", "found", "nothing", "failed")


def upgrade() -> None:
    op.add_column("schedules", sa.Column("own_zone", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("schedules", sa.Column("archived_at", MOMENT, nullable=True))
    # "send" was without bound, and "expire" had one.
    bounded = sa.or_(SCHEDULES.c.late_policy == "send", SCHEDULES.c.late_seconds > 0)
    op.execute(
        sa.update(SCHEDULES).values(
            late_seconds=sa.case((SCHEDULES.c.late_policy == "send", WEEK), else_=SCHEDULES.c.late_seconds),
            late_policy=sa.case((bounded, "send"), else_="expire"),
        )
    )
    states = ", ".join(f"'{state}'" for state in STATES)
    op.create_table(
        "dry_runs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("schedule_id", sa.BigInteger(), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.CheckConstraint(f"state IN ({states})", name=op.f("ck_dry_runs_state")),
        sa.ForeignKeyConstraint(
            ["schedule_id"], ["schedules.id"], ondelete="CASCADE", name=op.f("fk_dry_runs_schedule_id_schedules")
        ),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_dry_runs_campaign_id_campaigns")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dry_runs")),
    )
    op.create_index(op.f("ix_dry_runs_schedule_id"), "dry_runs", ["schedule_id"])
    op.create_index("ix_dry_runs_asked", "dry_runs", ["id"], postgresql_where=sa.text("state = 'asked'"))
    op.create_index(op.f("ix_dry_runs_asked_at"), "dry_runs", ["asked_at"])


def downgrade() -> None:
    op.drop_table("dry_runs")
    op.execute(sa.update(SCHEDULES).where(SCHEDULES.c.late_seconds < WEEK).values(late_policy="expire"))
    op.drop_column("schedules", "archived_at")
    op.drop_column("schedules", "own_zone")
