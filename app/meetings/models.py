"""Organisational life (组织生活): meetings held online."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base, Id
from app.directory.models import one_of

MEETING_KINDS = (
    "members_meeting",
    "committee_meeting",
    "group_meeting",
    "party_lecture",
    "theme_day",
    "organisational_life_meeting",
    "democratic_appraisal",
)


class Meeting(Base):
    """An online meeting of an organisation; its floating members are invited through their channels."""

    __tablename__ = "meetings"
    __table_args__ = (
        CheckConstraint(one_of("kind", MEETING_KINDS), name="kind"),
        CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        Index("ix_meetings_organisation_id_starts_at", "organisation_id", "starts_at"),
    )

    id: Mapped[Id]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    kind: Mapped[str]
    title: Mapped[str]
    agenda: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    join_link: Mapped[str]
    meeting_code: Mapped[str]
    meeting_password: Mapped[str]
    created_by: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    created_at: Mapped[datetime]
    cancelled_at: Mapped[datetime | None]


class Attendance(Base):
    """That a member was at a meeting, as its leader recorded it."""

    __tablename__ = "meeting_attendances"

    meeting_id: Mapped[int] = mapped_column(ForeignKey("meetings.id"), primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"), primary_key=True, index=True)
    recorded_by: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    recorded_at: Mapped[datetime]
