"""What the push engine keeps: rates, tokens, addresses, calls taken in, days kept, and who could not be reached."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "20261124_93"
down_revision: str | None = "20261124_92"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

SCHEDULES = ("weekly_issue", "meeting_reminder", "unfinished_reminder")
CAMPAIGNS = (
    "weekly_issue",
    "meeting_notice",
    "meeting_reminder",
    "meeting_changed",
    "meeting_cancelled",
    "unfinished_reminder",
)
MORE = ("anniversary", "joining_anniversary", "hours_reminder")
MOMENT = sa.DateTime(timezone=True)


def _kinds(table: str, kinds: Sequence[str]) -> None:
    names = ", ".join(f"'{kind}'" for kind in kinds)
    op.drop_constraint(op.f(f"ck_{table}_kind"), table, type_="check")
    op.create_check_constraint(op.f(f"ck_{table}_kind"), table, f"kind IN ({names})")


def _child(column: str, parent: str, table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{parent}")
    return sa.ForeignKeyConstraint([column], [f"{parent}.id"], ondelete="CASCADE", name=name)


def upgrade() -> None:
    _kinds("schedules", (*SCHEDULES, *MORE))
    _kinds("campaigns", (*CAMPAIGNS, *MORE))
    op.add_column("campaigns", sa.Column("dry_run", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("campaigns", sa.Column("paused_at", MOMENT, nullable=True))
    op.add_column("campaigns", sa.Column("cancelled_at", MOMENT, nullable=True))
    op.add_column("channels", sa.Column("rests_until", MOMENT, nullable=True))
    op.add_column("channels", sa.Column("callback_cipher", postgresql.BYTEA(), nullable=True))
    op.add_column(
        "members",
        sa.Column("channels_wanted", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
    )
    op.add_column("members", sa.Column("quiet_from", sa.Text(), nullable=True))
    op.add_column("members", sa.Column("quiet_until", sa.Text(), nullable=True))
    op.create_table(
        "rate_buckets",
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("tokens", sa.Float(), nullable=False),
        sa.Column("filled_at", MOMENT, nullable=False),
        _child("channel_id", "channels", "rate_buckets"),
        sa.PrimaryKeyConstraint("channel_id", name=op.f("pk_rate_buckets")),
    )
    op.create_table(
        "notice_days",
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("notices", sa.BigInteger(), nullable=False),
        _child("member_id", "members", "notice_days"),
        sa.PrimaryKeyConstraint("member_id", "day", name=op.f("pk_notice_days")),
    )
    op.create_table(
        "unreached",
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        _child("member_id", "members", "unreached"),
        _child("campaign_id", "campaigns", "unreached"),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_unreached")),
    )
    op.create_index(op.f("ix_unreached_campaign_id"), "unreached", ["campaign_id"])
    op.create_table(
        "anniversaries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("month", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.BigInteger(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_anniversaries_organisation_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_anniversaries")),
        sa.UniqueConstraint(
            "organisation_id", "month", "day", "name", name=op.f("uq_anniversaries_organisation_id_month_day_name")
        ),
    )
    op.create_table(
        "platform_tokens",
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("cipher", postgresql.BYTEA(), nullable=True),
        sa.Column("expires_at", MOMENT, nullable=True),
        sa.Column("renew_at", MOMENT, nullable=True),
        sa.Column("dead_digest", postgresql.BYTEA(), nullable=True),
        sa.Column(
            "forced_at", postgresql.ARRAY(postgresql.TIMESTAMP(timezone=True)), server_default="{}", nullable=False
        ),
        _child("channel_id", "channels", "platform_tokens"),
        sa.PrimaryKeyConstraint("channel_id", name=op.f("pk_platform_tokens")),
    )
    op.create_table(
        "channel_addresses",
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("cipher", postgresql.BYTEA(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        _child("channel_id", "channels", "channel_addresses"),
        _child("member_id", "members", "channel_addresses"),
        sa.PrimaryKeyConstraint("channel_id", "member_id", name=op.f("pk_channel_addresses")),
    )
    op.create_index(op.f("ix_channel_addresses_member_id"), "channel_addresses", ["member_id"])
    op.create_table(
        "callback_events",
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("digest", postgresql.BYTEA(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        _child("channel_id", "channels", "callback_events"),
        sa.PrimaryKeyConstraint("channel_id", "digest", name=op.f("pk_callback_events")),
    )
    op.create_index(op.f("ix_callback_events_at"), "callback_events", ["at"])


def downgrade() -> None:
    for table in (
        "callback_events",
        "channel_addresses",
        "platform_tokens",
        "anniversaries",
        "unreached",
        "notice_days",
        "rate_buckets",
    ):
        op.drop_table(table)
    for column in ("quiet_until", "quiet_from", "channels_wanted"):
        op.drop_column("members", column)
    for column in ("callback_cipher", "rests_until"):
        op.drop_column("channels", column)
    for column in ("cancelled_at", "paused_at", "dry_run"):
        op.drop_column("campaigns", column)
    # What was sent cannot be kept under a kind that the older program does not know.
    schedules = sa.table("schedules", sa.column("kind"))
    campaigns = sa.table("campaigns", sa.column("id"), sa.column("kind"))
    batches = sa.table("batches", sa.column("id"), sa.column("campaign_id"))
    exceptions = sa.table("delivery_exceptions", sa.column("batch_id"))
    told = sa.select(campaigns.c.id).where(campaigns.c.kind.in_(MORE))
    op.execute(sa.delete(schedules).where(schedules.c.kind.in_(MORE)))
    sent = sa.select(batches.c.id).where(batches.c.campaign_id.in_(told))
    op.execute(sa.delete(exceptions).where(exceptions.c.batch_id.in_(sent)))
    op.execute(sa.delete(batches).where(batches.c.campaign_id.in_(told)))
    op.execute(sa.delete(campaigns).where(campaigns.c.kind.in_(MORE)))
    _kinds("schedules", SCHEDULES)
    _kinds("campaigns", CAMPAIGNS)
