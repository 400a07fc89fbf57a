"""The question bank, the quiz of an issue, and attempts."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base, Id
from app.directory.models import one_of

QUESTION_KINDS = ("single", "multiple", "true_false", "fill_in")


class Question(Base):
    """A question of the bank: `answer` holds letters, or the accepted texts of a fill-in.

    `fingerprint` digests kind, stem and options as they are compared: a bank holds no question twice.
    """

    __tablename__ = "questions"
    __table_args__ = (
        CheckConstraint(one_of("kind", QUESTION_KINDS), name="kind"),
        UniqueConstraint("organisation_id", "fingerprint"),
    )

    id: Mapped[Id]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    author_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    kind: Mapped[str]
    stem: Mapped[str]
    options: Mapped[list[str]] = mapped_column(JSONB)
    answer: Mapped[list[str]] = mapped_column(JSONB)
    explanation: Mapped[str]
    source: Mapped[str]
    fingerprint: Mapped[bytes]
    created_at: Mapped[datetime]


class Quiz(Base):
    """The quiz of an issue."""

    __tablename__ = "quizzes"
    __table_args__ = (CheckConstraint("pass_mark BETWEEN 1 AND 100", name="pass_mark"),)

    id: Mapped[Id]
    issue_id: Mapped[int] = mapped_column(ForeignKey("issues.id"), unique=True)
    title: Mapped[str]
    pass_mark: Mapped[int]  # percent
    attempts_allowed: Mapped[int]
    created_at: Mapped[datetime]


class QuizQuestion(Base):
    """The place of a question in a quiz."""

    __tablename__ = "quiz_questions"
    __table_args__ = (UniqueConstraint("quiz_id", "question_id"),)

    quiz_id: Mapped[int] = mapped_column(ForeignKey("quizzes.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    question_id: Mapped[int] = mapped_column(ForeignKey("questions.id"))


class Attempt(Base):
    """A member's try at a quiz; one is open at a time, and a submitted one never changes."""

    __tablename__ = "attempts"
    __table_args__ = (
        UniqueConstraint("quiz_id", "member_id", "number"),
        Index("uq_attempts_open", "quiz_id", "member_id", unique=True, postgresql_where=text("submitted_at IS NULL")),
    )

    id: Mapped[Id]
    quiz_id: Mapped[int] = mapped_column(ForeignKey("quizzes.id"))
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"), index=True)
    number: Mapped[int]
    answers: Mapped[dict[str, list[str]]] = mapped_column(JSONB)
    started_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    score: Mapped[int | None]  # percent
    passed: Mapped[bool | None]
