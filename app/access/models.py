"""The audit log and the answers kept for retried requests."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base, Id


class AuditEntry(Base):
    """Who did what to which object, written in the transaction of the change itself. No phone number, no token."""

    __tablename__ = "audit_log"
    __table_args__ = (Index("ix_audit_log_organisation_id_id", "organisation_id", "id"),)

    id: Mapped[Id]
    at: Mapped[datetime]
    actor: Mapped[str]  # "account:7", "member:12", "system" or "anonymous"
    action: Mapped[str]
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    object_type: Mapped[str]
    object_id: Mapped[int | None]
    detail: Mapped[dict[str, object]] = mapped_column(JSONB)
    request_id: Mapped[str | None]


class KeptAnswer(Base):
    """The answer to a request that carried an Idempotency-Key, kept 24 hours for its principal."""

    __tablename__ = "kept_answers"

    principal: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_digest: Mapped[bytes]
    status: Mapped[int]
    answer: Mapped[dict[str, object]] = mapped_column(JSONB)
    at: Mapped[datetime] = mapped_column(index=True)
