"""What stands around lessons and issues: their history, comments, reviews, corrections, topics, the text for search."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db.base import Base, Id
from app.directory.models import one_of
from app.library.models import Lesson

CORRECTION_STATES = ("in_review", "published", "returned", "withdrawn")
# Exactly one of the things of the desk that a row is about.
ISSUE_OR_LESSON = "(issue_id IS NULL) <> (lesson_id IS NULL)"


class DeskChange(Base):
    """What somebody did to an issue or a lesson: only the fields that changed, as they were and as they are since."""

    __tablename__ = "desk_changes"
    __table_args__ = (
        CheckConstraint(ISSUE_OR_LESSON, name="issue_or_lesson"),
        Index("ix_desk_changes_issue_id", "issue_id", "id", postgresql_where=text("issue_id IS NOT NULL")),
        Index("ix_desk_changes_lesson_id", "lesson_id", "id", postgresql_where=text("lesson_id IS NOT NULL")),
    )

    id: Mapped[Id]
    issue_id: Mapped[int | None] = mapped_column(ForeignKey("issues.id"))
    lesson_id: Mapped[int | None] = mapped_column(ForeignKey("lessons.id"))
    # Null where the program did it by itself.
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    action: Mapped[str]
    before: Mapped[dict[str, object]] = mapped_column(JSONB)
    after: Mapped[dict[str, object]] = mapped_column(JSONB)
    at: Mapped[datetime]


class DeskComment(Base):
    """A remark on an issue or a lesson, among those who work on it."""

    __tablename__ = "desk_comments"
    __table_args__ = (
        CheckConstraint(ISSUE_OR_LESSON, name="issue_or_lesson"),
        Index("ix_desk_comments_issue_id", "issue_id", "id", postgresql_where=text("issue_id IS NOT NULL")),
        Index("ix_desk_comments_lesson_id", "lesson_id", "id", postgresql_where=text("lesson_id IS NOT NULL")),
    )

    id: Mapped[Id]
    issue_id: Mapped[int | None] = mapped_column(ForeignKey("issues.id"))
    lesson_id: Mapped[int | None] = mapped_column(ForeignKey("lessons.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    body: Mapped[str]
    created_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))


class LessonCorrection(Base):
    """A new text of a published lesson: it becomes a version when others have approved it, and never changes itself."""

    __tablename__ = "lesson_corrections"
    __table_args__ = (
        CheckConstraint(one_of("state", CORRECTION_STATES), name="state"),
        Index("uq_lesson_corrections_open", "lesson_id", unique=True, postgresql_where=text("state = 'in_review'")),
        Index("ix_lesson_corrections_lesson_id", "lesson_id", "id"),
    )

    id: Mapped[Id]
    lesson_id: Mapped[int] = mapped_column(ForeignKey("lessons.id"))
    # What it corrects; where the lesson was published anew since, it no longer fits.
    base_version_id: Mapped[int] = mapped_column(ForeignKey("lesson_versions.id"))
    state: Mapped[str]
    author_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    note: Mapped[str]
    substantive: Mapped[bool]
    title: Mapped[str]
    summary: Mapped[str]
    source: Mapped[str]
    article: Mapped[str]
    source_url: Mapped[str]
    author_line: Mapped[str]
    reprint_permission: Mapped[str]
    markdown: Mapped[str]
    html: Mapped[str]
    nodes: Mapped[list[object]] = mapped_column(JSONB)
    characters: Mapped[int]
    body_text: Mapped[str] = mapped_column(server_default="")
    notices: Mapped[list[dict[str, str]]] = mapped_column(JSONB, server_default="[]")
    media_id: Mapped[int | None] = mapped_column(ForeignKey("assets.id"))
    media_seconds: Mapped[int | None]
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    # Why it was returned.
    remark: Mapped[str] = mapped_column(server_default="")


class Review(Base):
    """The approval of an issue or of a correction by one reviewer; void once the issue is a draft again."""

    __tablename__ = "reviews"
    __table_args__ = (
        CheckConstraint("(issue_id IS NULL) <> (correction_id IS NULL)", name="issue_or_correction"),
        Index(
            "uq_reviews_issue", "issue_id", "account_id", unique=True,
            postgresql_where=text("voided_at IS NULL AND issue_id IS NOT NULL"),
        ),
        Index(
            "uq_reviews_correction", "correction_id", "account_id", unique=True,
            postgresql_where=text("voided_at IS NULL AND correction_id IS NOT NULL"),
        ),
    )  # fmt: skip

    id: Mapped[Id]
    issue_id: Mapped[int | None] = mapped_column(ForeignKey("issues.id"))
    correction_id: Mapped[int | None] = mapped_column(ForeignKey("lesson_corrections.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    at: Mapped[datetime]
    voided_at: Mapped[datetime | None]


class LessonText(Base):
    """What search looks at: a lesson as it is written, or (`published`) as members read it.

    `text` is summary and body; `folded…` the same, character by character, in the form that is compared, and `tokens`
    their single characters and pairs. These are an array and not a tsvector, which holds a megabyte at most.
    """

    __tablename__ = "lesson_texts"
    __table_args__ = (Index("ix_lesson_texts_tokens", "tokens", postgresql_using="gin"),)

    lesson_id: Mapped[int] = mapped_column(ForeignKey("lessons.id"), primary_key=True)
    published: Mapped[bool] = mapped_column(primary_key=True)
    title: Mapped[str]
    text: Mapped[str]
    folded_title: Mapped[str]
    folded: Mapped[str]
    tokens: Mapped[list[str]] = mapped_column(ARRAY(Text))
    # For a lesson that has no id yet.
    lesson: Mapped[Lesson] = relationship()


class Topic(Base):
    """Lessons across weeks in an order of their own (专题, such as 应知应会); members see it if `published`."""

    __tablename__ = "topics"

    id: Mapped[Id]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    title: Mapped[str]
    summary: Mapped[str]
    changed_by: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    published: Mapped[bool]
    revision: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class TopicLesson(Base):
    """The place of a lesson in a topic."""

    __tablename__ = "topic_lessons"

    topic_id: Mapped[int] = mapped_column(ForeignKey("topics.id"), primary_key=True)
    lesson_id: Mapped[int] = mapped_column(ForeignKey("lessons.id"), primary_key=True, index=True)
    position: Mapped[int]


class WordList(Base):
    """The wrong and sensitive words that an organisation has looked for, for itself and all below it."""

    __tablename__ = "word_lists"

    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), primary_key=True)
    # Each `{text, advice, level}`: see `content.words.Word`.
    words: Mapped[list[dict[str, str]]] = mapped_column(JSONB)
    changed_by: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    changed_at: Mapped[datetime]
