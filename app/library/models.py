"""Weekly issues, their lessons, and the versions that members read."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base, Id
from app.directory.models import one_of

ISSUE_STATES = ("draft", "in_review", "scheduled", "published", "withdrawn")


class Lesson(Base):
    """What an editor works on; members read a `LessonVersion` of it.

    `html` and `nodes` are rendered when it is saved, so that preview and publication copy them and cannot differ.
    """

    __tablename__ = "lessons"

    id: Mapped[Id]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    changed_by: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    title: Mapped[str]
    summary: Mapped[str]
    source: Mapped[str]
    article: Mapped[str]
    source_url: Mapped[str]
    markdown: Mapped[str]
    html: Mapped[str]
    nodes: Mapped[list[object]] = mapped_column(JSONB)
    characters: Mapped[int]
    # Without a foreign key: the two tables would each need the other first. Versions are never deleted.
    current_version_id: Mapped[int | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class LessonVersion(Base):
    """A lesson as it was published: never changed afterwards."""

    __tablename__ = "lesson_versions"
    __table_args__ = (UniqueConstraint("lesson_id", "number"),)

    id: Mapped[Id]
    lesson_id: Mapped[int] = mapped_column(ForeignKey("lessons.id"))
    number: Mapped[int]
    title: Mapped[str]
    summary: Mapped[str]
    source: Mapped[str]
    article: Mapped[str]
    source_url: Mapped[str]
    html: Mapped[str]
    nodes: Mapped[list[object]] = mapped_column(JSONB)
    characters: Mapped[int]
    required_seconds: Mapped[int]
    created_at: Mapped[datetime]


class Issue(Base):
    """A weekly issue of an organisation (每周学习参考); `week` is the Monday of its ISO week.

    It reaches the members of the organisation's subtree. The natural key is (organisation, week).
    """

    __tablename__ = "issues"
    __table_args__ = (
        CheckConstraint(one_of("state", ISSUE_STATES), name="state"),
        CheckConstraint("extract(isodow FROM week) = 1", name="week_is_monday"),
        CheckConstraint("reviewer_id IS NULL OR reviewer_id <> author_id", name="author_does_not_review"),
        Index(
            "uq_issues_organisation_week",
            "organisation_id",
            "week",
            unique=True,
            postgresql_where=text("state <> 'withdrawn'"),
        ),
    )

    id: Mapped[Id]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    week: Mapped[date]
    title: Mapped[str]
    summary: Mapped[str]
    state: Mapped[str]
    author_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    reviewer_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    publish_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class IssueLesson(Base):
    """The place of a lesson in an issue."""

    __tablename__ = "issue_lessons"

    issue_id: Mapped[int] = mapped_column(ForeignKey("issues.id"), primary_key=True)
    lesson_id: Mapped[int] = mapped_column(ForeignKey("lessons.id"), primary_key=True, index=True)
    position: Mapped[int]
    required: Mapped[bool]
