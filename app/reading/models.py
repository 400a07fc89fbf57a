"""Reading progress: what the server's own clock has seen."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Float, ForeignKey, Index
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base


class ReadingClock(Base):
    """What of a member's time may still be credited, over all lessons and devices: see `app.reading.clock`.

    `free` holds the stretches before `credited_until`, from, to, from, to, in microseconds since 1970.
    """

    __tablename__ = "reading_clocks"

    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"), primary_key=True)
    credited_until: Mapped[datetime]
    free: Mapped[list[int]] = mapped_column(ARRAY(BIGINT), server_default="{}")


class ReadingProgress(Base):
    """How far a member has read the present edition of a lesson: position and credit only grow.

    `version` is the newest that the member has opened: what came after it is news to them.
    """

    __tablename__ = "reading_progress"
    __table_args__ = (
        CheckConstraint("position BETWEEN 0 AND 1", name="position"),
        CheckConstraint("credited_ms >= 0", name="credited_ms"),
    )

    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"), primary_key=True)
    lesson_id: Mapped[int] = mapped_column(ForeignKey("lessons.id"), primary_key=True, index=True)
    position: Mapped[float] = mapped_column(Float())
    credited_ms: Mapped[int]
    # Digests of the latest heartbeat ids, so that a repeated one changes nothing.
    recent: Mapped[list[int]] = mapped_column(ARRAY(BIGINT))
    started_at: Mapped[datetime]
    heartbeat_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]
    edition: Mapped[int] = mapped_column(server_default="1")
    version: Mapped[int] = mapped_column(server_default="1")
    # Of a recording a bit for each second that was watched: see `app.reading.watching`.
    watched: Mapped[bytes] = mapped_column(server_default="")


class EarlierCompletion(Base):
    """That a member had completed an edition of a lesson, kept when they begin with the next one."""

    __tablename__ = "earlier_completions"

    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"), primary_key=True)
    lesson_id: Mapped[int] = mapped_column(ForeignKey("lessons.id"), primary_key=True, index=True)
    edition: Mapped[int] = mapped_column(primary_key=True)
    completed_at: Mapped[datetime]


class OfflineEvent(Base):
    """An event of a phone without network, kept until its ticket has expired: none counts twice.

    `heartbeat` is the digest of lesson and id. `read_us` is the phone's own clock in microseconds since 1970: only its
    distance to others under the same ticket, that is with the same `fetched_at`, means anything.
    """

    __tablename__ = "offline_events"
    __table_args__ = (Index("ix_offline_events_ticket", "member_id", "lesson_id", "fetched_at"),)

    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"), primary_key=True)
    heartbeat: Mapped[int] = mapped_column(primary_key=True)
    lesson_id: Mapped[int] = mapped_column(ForeignKey("lessons.id"), index=True)
    version: Mapped[int]
    fetched_at: Mapped[datetime]
    read_us: Mapped[int]
    position: Mapped[float] = mapped_column(Float())
    credited_ms: Mapped[int]
    accepted_at: Mapped[datetime]
