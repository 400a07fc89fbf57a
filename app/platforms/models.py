"""Channels (an account at a platform), and where the console channel puts its messages."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base, Id


class Channel(Base):
    """A way to reach members: an account at a platform, usable in an organisation's subtree."""

    __tablename__ = "channels"
    __table_args__ = (
        UniqueConstraint("organisation_id", "adapter", "account"),
        # One mini-program, one secret: whoever registered it first is who signs its members in.
        Index("uq_channels_account", "adapter", "account", unique=True, postgresql_where=text("account <> ''")),
    )

    id: Mapped[Id]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    adapter: Mapped[str]
    name: Mapped[str]
    account: Mapped[str]  # the appid; empty for the console
    secret_cipher: Mapped[bytes | None]
    config: Mapped[dict[str, object]] = mapped_column(JSONB)
    enabled: Mapped[bool]
    # Set by a sender on a configuration error: the channel stands still, its deliveries wait, an operator is told.
    stopped_reason: Mapped[str | None]
    # The day's quota is spent: the channel rests until then, and its deliveries wait.
    rests_until: Mapped[datetime | None]
    # The token and the key of the platform's calls to us, sealed.
    callback_cipher: Mapped[bytes | None]
    # When the platform first called with them: until then they may be wrong on its side.
    callback_checked_at: Mapped[datetime | None]
    # The calls of events until then are forgotten: one of these that comes now may have been taken in before.
    callbacks_forgotten: Mapped[datetime | None]
    created_at: Mapped[datetime]


class ConsoleMessage(Base):
    """A message as the console channel delivered it; `key` names its delivery, so that a repeat shows."""

    __tablename__ = "console_messages"
    __table_args__ = (UniqueConstraint("key"),)

    id: Mapped[Id]
    key: Mapped[str]
    member_id: Mapped[int]
    kind: Mapped[str]
    title: Mapped[str]
    body: Mapped[str]
    link: Mapped[str]
    at: Mapped[datetime]
    times: Mapped[int]


class PlatformToken(Base):
    """The access token of a channel, sealed, shared by all processes."""

    __tablename__ = "platform_tokens"

    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"), primary_key=True)
    cipher: Mapped[bytes | None]  # none where the platform refused the one that was here
    expires_at: Mapped[datetime | None]
    renew_at: Mapped[datetime | None]
    dead_digest: Mapped[bytes | None]  # of the last token that the platform refused
    forced_at: Mapped[list[datetime]] = mapped_column(ARRAY(TIMESTAMP(timezone=True)), server_default="{}")
    # A lease instead of a row lock: who renews asks the platform with no transaction open.
    renewing_until: Mapped[datetime | None]
    renewer: Mapped[UUID | None]


class ChannelAddress(Base):
    """Where a channel reaches a member, on platforms that know people by an id of their own; sealed."""

    __tablename__ = "channel_addresses"

    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"), primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id", ondelete="CASCADE"), primary_key=True, index=True)
    cipher: Mapped[bytes]
    created_at: Mapped[datetime]


class CallbackEvent(Base):
    """A call of a platform that was taken in: one that comes again changes nothing.

    `at` is when it came, or when it says that it was sent where that is later.
    """

    __tablename__ = "callback_events"

    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"), primary_key=True)
    digest: Mapped[bytes] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
