"""Channels (an account at a platform), and where the console channel puts its messages."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
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
