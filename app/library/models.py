"""Weekly issues, their lessons, and the versions that members read."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base, Id
from app.directory.models import one_of

ISSUE_STATES = ("draft", "in_review", "scheduled", "published", "withdrawn")
# May the text be printed again here? Its own, a public document, permitted by its author, or nobody has said.
PERMISSIONS = ("own", "public_document", "permitted", "unknown")


class Lesson(Base):
    """What an editor works on; members read a `LessonVersion` of it.

    `html` and `nodes` are rendered when it is saved, so that preview and publication copy them and cannot differ.
    """

    __tablename__ = "lessons"
    __table_args__ = (CheckConstraint(one_of("reprint_permission", PERMISSIONS), name="reprint_permission"),)

    id: Mapped[Id]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    changed_by: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    title: Mapped[str]
    summary: Mapped[str]
    source: Mapped[str]
    article: Mapped[str]
    source_url: Mapped[str]
    # Whoever wrote the text, as it is to be named (作者), and whether it may be printed again.
    author_line: Mapped[str] = mapped_column(server_default="")
    reprint_permission: Mapped[str] = mapped_column(server_default="unknown")
    markdown: Mapped[str]
    html: Mapped[str]
    nodes: Mapped[list[object]] = mapped_column(JSONB)
    characters: Mapped[int]
    # What search and word lists read where the HTML does not hold it: of a PDF, whose pages are pictures.
    body_text: Mapped[str] = mapped_column(server_default="")
    # What the parser of the document would have people look at: each `{code, detail}`.
    notices: Mapped[list[dict[str, str]]] = mapped_column(JSONB, server_default="[]")
    # The recording or video that is the lesson, and its length: the text then only stands beside it.
    media_id: Mapped[int | None] = mapped_column(ForeignKey("assets.id"))
    media_seconds: Mapped[int | None]
    # Grows with every change: what an `If-Match` names.
    revision: Mapped[int] = mapped_column(server_default="1")
    # Without a foreign key: the two tables would each need the other first. Versions are never deleted.
    current_version_id: Mapped[int | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class LessonVersion(Base):
    """A lesson as it was published: never changed afterwards.

    Completion belongs to an `edition`, which a substantive correction or another recording begins anew: versions 1, 2
    and 3 may be of editions 1, 1 and 2. `note` says what changed, for the members.
    """

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
    author_line: Mapped[str] = mapped_column(server_default="")
    html: Mapped[str]
    nodes: Mapped[list[object]] = mapped_column(JSONB)
    characters: Mapped[int]
    body_text: Mapped[str] = mapped_column(server_default="")
    media_id: Mapped[int | None] = mapped_column(ForeignKey("assets.id"))
    media_seconds: Mapped[int | None]
    required_seconds: Mapped[int]
    edition: Mapped[int] = mapped_column(server_default="1")
    note: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[datetime]


class Plan(Base):
    """The recurring columns of an organisation's weekly issues, of which drafts are made `ahead_weeks` ahead."""

    __tablename__ = "plans"
    __table_args__ = (CheckConstraint("ahead_weeks BETWEEN 1 AND 12", name="ahead_weeks"),)

    id: Mapped[Id]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), unique=True)
    # With {year}, {month} and {week}.
    title: Mapped[str]
    # Each `{title, weeks}`: see `app.library.plans`.
    columns: Mapped[list[dict[str, str]]] = mapped_column(JSONB)
    ahead_weeks: Mapped[int]
    enabled: Mapped[bool]
    author_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    # The last Monday that was looked at: what was taken away by hand does not come again.
    planned_until: Mapped[date]
    revision: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime]


class Issue(Base):
    """A weekly issue of an organisation (每周学习参考); `week` is the Monday of its ISO week.

    It reaches the members of the organisation's subtree whom the audience means: each list narrows it, an empty one
    does not. `outline` is what a plan wants written. The natural key is (organisation, week).
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
    audience_stages: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    audience_rosters: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    audience_tags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    plan_id: Mapped[int | None] = mapped_column(ForeignKey("plans.id"))
    outline: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    revision: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class IssueLesson(Base):
    """The place of a lesson in an issue."""

    __tablename__ = "issue_lessons"

    issue_id: Mapped[int] = mapped_column(ForeignKey("issues.id"), primary_key=True)
    lesson_id: Mapped[int] = mapped_column(ForeignKey("lessons.id"), primary_key=True, index=True)
    position: Mapped[int]
    required: Mapped[bool]
