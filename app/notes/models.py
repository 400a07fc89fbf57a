"""What a member keeps of lessons: notes (心得) and favourites."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base, Id
from app.directory.models import one_of

NOTE_STATES = ("private", "awaiting", "shared", "returned")


class Note(Base):
    """A note of a member on a lesson, seen by nobody else unless it was shared with their branch and reviewed.

    `organisation_id` is the branch that it is shared with, and `remark` why it was returned.
    """

    __tablename__ = "notes"
    __table_args__ = (
        CheckConstraint(one_of("state", NOTE_STATES), name="state"),
        CheckConstraint("(state = 'private') = (organisation_id IS NULL)", name="shared_with"),
        Index("ix_notes_member_id_lesson_id", "member_id", "lesson_id"),
        Index("ix_notes_shared", "lesson_id", "organisation_id", postgresql_where=text("state = 'shared'")),
        Index("ix_notes_awaiting", "organisation_id", postgresql_where=text("state = 'awaiting'")),
    )

    id: Mapped[Id]
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"))
    lesson_id: Mapped[int] = mapped_column(ForeignKey("lessons.id"))
    body: Mapped[str]
    state: Mapped[str]
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    remark: Mapped[str] = mapped_column(server_default="")
    reviewed_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    reviewed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Favourite(Base):
    """A lesson that a member wants to find again."""

    __tablename__ = "favourites"

    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"), primary_key=True)
    lesson_id: Mapped[int] = mapped_column(ForeignKey("lessons.id"), primary_key=True, index=True)
    created_at: Mapped[datetime]
