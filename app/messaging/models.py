"""The tables that the scheduler works on: schedules, ticks, campaigns, packed batches, the subscription ledger."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base, Id
from app.directory.models import one_of

SCHEDULE_KINDS = (
    "weekly_issue",
    "meeting_reminder",
    "unfinished_reminder",
    "anniversary",
    "joining_anniversary",
    "hours_reminder",
)
CAMPAIGN_KINDS = (
    "weekly_issue",
    "meeting_notice",
    "meeting_reminder",
    "meeting_changed",
    "meeting_cancelled",
    "unfinished_reminder",
    "anniversary",
    "joining_anniversary",
    "hours_reminder",
)
# A meeting concerns a member's rights, and soon: what is said of it is not switched off, and waits behind no issue.
MEETING_KINDS = tuple(kind for kind in CAMPAIGN_KINDS if kind.startswith("meeting_"))
CAMPAIGN_STATES = ("planning", "sending", "done")
LATE_POLICIES = ("send", "expire")
DRY_RUN_STATES = ("asked", "found", "nothing", "failed")

BATCH_SIZE = 500


class DeliveryState:
    """The state of one delivery, a byte in `Batch.states`."""

    PENDING = 0
    SENDING = 1  # committed before the call: left behind by a dead owner it means *unknown*
    SENT = 2
    FAILED = 3
    UNKNOWN = 4  # ambiguous, and not to be sent again
    EXPIRED = 5
    PASSED_ON = 6  # this channel did not reach the member: a later batch of the campaign tries the next one


class Schedule(Base):
    """What is due and when: `once_at`, or `cron` in the zone. `next_due_at` is null when nothing is.

    The zone is the organisation's and follows it, unless it is the schedule's own. `late_policy`: "send" sends as late
    as `late_seconds`; "expire" lets go what is not sent at once. An archived one is out of every list and never due.
    """

    __tablename__ = "schedules"
    __table_args__ = (
        CheckConstraint(one_of("kind", SCHEDULE_KINDS), name="kind"),
        CheckConstraint(one_of("late_policy", LATE_POLICIES), name="late_policy"),
        CheckConstraint("(cron IS NULL) <> (once_at IS NULL)", name="cron_or_once"),
        Index("ix_schedules_due", "next_due_at", postgresql_where=text("enabled AND next_due_at IS NOT NULL")),
        Index("ix_schedules_subject", "kind", "subject_id"),
    )

    id: Mapped[Id]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    kind: Mapped[str]
    subject_id: Mapped[int | None]  # the issue or the meeting
    title: Mapped[str] = mapped_column(server_default="")  # of the issue or the meeting
    cron: Mapped[str | None]
    once_at: Mapped[datetime | None]
    timezone: Mapped[str]
    own_zone: Mapped[bool] = mapped_column(server_default="false")
    late_policy: Mapped[str]
    late_seconds: Mapped[int]
    enabled: Mapped[bool]
    next_due_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]


class Tick(Base):
    """One due time of one schedule: its key is why any number of schedulers fire it exactly once."""

    __tablename__ = "ticks"
    __table_args__ = (UniqueConstraint("schedule_id", "due_at"),)

    id: Mapped[Id]
    schedule_id: Mapped[int] = mapped_column(ForeignKey("schedules.id", ondelete="CASCADE"))
    due_at: Mapped[datetime]
    fired_at: Mapped[datetime]
    outcome: Mapped[str]  # "fired", "expired", "nothing_to_do", or "coalesced" into a later one that was due as well


class Campaign(Base):
    """One event to tell many members: `event` is what the wording is made from, `audience` who is meant."""

    __tablename__ = "campaigns"
    __table_args__ = (
        CheckConstraint(one_of("kind", CAMPAIGN_KINDS), name="kind"),
        CheckConstraint(one_of("state", CAMPAIGN_STATES), name="state"),
        Index("ix_campaigns_planning", "id", postgresql_where=text("state = 'planning'")),
        Index("ix_campaigns_open", "expires_at", postgresql_where=text("state <> 'done'")),
    )

    id: Mapped[Id]
    kind: Mapped[str]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    subject_id: Mapped[int]
    tick_id: Mapped[int | None] = mapped_column(ForeignKey("ticks.id", ondelete="SET NULL"), unique=True)
    event: Mapped[dict[str, object]] = mapped_column(JSONB)
    audience: Mapped[dict[str, object]] = mapped_column(JSONB)
    state: Mapped[str]
    planned_until: Mapped[int]  # the last member id that has been planned: the keyset cursor
    recipients: Mapped[int]
    unreachable: Mapped[int]
    plan_again_at: Mapped[datetime | None]  # planning it has failed, and is tried again then
    # A dry run is planned and never sent: its batches are born done. It was "created" at the time that it tries.
    dry_run: Mapped[bool] = mapped_column(server_default="false")
    paused_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]
    created_at: Mapped[datetime]


class DryRun(Base):
    """What a schedule would tell at its next due time: asked for over the API, found out by the scheduler.

    Once it is found, `campaign_id` is a campaign that is planned and never sent; `title` and `body` are its wording.
    """

    __tablename__ = "dry_runs"
    __table_args__ = (
        CheckConstraint(one_of("state", DRY_RUN_STATES), name="state"),
        Index("ix_dry_runs_asked", "id", postgresql_where=text("state = 'asked'")),
    )

    id: Mapped[Id]
    schedule_id: Mapped[int] = mapped_column(ForeignKey("schedules.id", ondelete="CASCADE"), index=True)
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaigns.id"))
    state: Mapped[str]
    asked_at: Mapped[datetime] = mapped_column(index=True)
    due_at: Mapped[datetime | None]
    title: Mapped[str]
    body: Mapped[str]


class Batch(Base):
    """Up to 500 recipients of a campaign on one channel, with a byte of state each: the queue of the senders."""

    __tablename__ = "batches"
    __table_args__ = (
        UniqueConstraint("campaign_id", "number"),
        CheckConstraint("octet_length(states) = cardinality(members)", name="a_state_each"),
        Index("ix_batches_open", "not_before", "id", postgresql_where=text("done_at IS NULL")),
        Index("ix_batches_urgent", "not_before", "id", postgresql_where=text("done_at IS NULL AND urgent")),
        Index("ix_batches_members", text("int8range(first_member, last_member, '[]'::text)"), postgresql_using="gist"),
    )

    id: Mapped[Id]
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"))
    number: Mapped[int]
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id"), index=True)
    # One of the members' own: all of them have its clock and its quiet hours.
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    # What the members have set for themselves in the place of that: all of them the same.
    quiet_from: Mapped[str | None]
    quiet_until: Mapped[str | None]
    members: Mapped[list[int]] = mapped_column(ARRAY(BIGINT))
    states: Mapped[bytes]
    first_member: Mapped[int]
    last_member: Mapped[int]
    not_before: Mapped[datetime]
    urgent: Mapped[bool] = mapped_column(server_default="false")
    claimed_by: Mapped[str | None]
    claimed_until: Mapped[datetime | None]
    fence: Mapped[int]
    # When its reference was last put on the bus; always null without BUS_URL.
    published_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]


class DeliveryException(Base):
    """What a delivery needs beyond its byte: tries, the platform's answer, when to try again."""

    __tablename__ = "delivery_exceptions"

    batch_id: Mapped[int] = mapped_column(ForeignKey("batches.id"), primary_key=True)
    member_id: Mapped[int] = mapped_column(primary_key=True, index=True)
    tries: Mapped[int]
    reason: Mapped[str]
    code: Mapped[str | None]
    next_try_at: Mapped[datetime | None]
    at: Mapped[datetime]


class SubscriptionBalance(Base):
    """How many messages of a template a WeChat user has accepted and not yet been sent."""

    __tablename__ = "subscription_balances"
    __table_args__ = (CheckConstraint("balance >= 0", name="balance"),)

    wechat_user_id: Mapped[int] = mapped_column(ForeignKey("wechat_users.id"), primary_key=True)
    template: Mapped[str] = mapped_column(primary_key=True)
    balance: Mapped[int]
    # When the member last refused: an acceptance of before that arrives now is void.
    refused_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]


class RateBucket(Base):
    """What a channel may send at once: a token a delivery, filled by the second, shared by all senders."""

    __tablename__ = "rate_buckets"

    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"), primary_key=True)
    tokens: Mapped[float]
    filled_at: Mapped[datetime]


class NoticeDay(Base):
    """How many notices a member was sent on a day of their own zone, on channels that ring."""

    __tablename__ = "notice_days"

    member_id: Mapped[int] = mapped_column(ForeignKey("members.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    notices: Mapped[int]


class Unreached(Base):
    """A member whom the last notice reached through no channel, and why; gone as soon as one does."""

    __tablename__ = "unreached"

    member_id: Mapped[int] = mapped_column(ForeignKey("members.id", ondelete="CASCADE"), primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id", ondelete="CASCADE"), index=True)
    reason: Mapped[str]
    at: Mapped[datetime]


class Anniversary(Base):
    """A day of the year that an organisation keeps, such as 七一, with its own words."""

    __tablename__ = "anniversaries"
    __table_args__ = (UniqueConstraint("organisation_id", "month", "day", "name"),)

    id: Mapped[Id]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    name: Mapped[str]
    month: Mapped[int]
    day: Mapped[int]
    words: Mapped[str]
    enabled: Mapped[bool]
    created_at: Mapped[datetime]
