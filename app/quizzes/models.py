"""The question bank, the quiz of an issue, attempts, and the notebook of wrong answers."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base, Id
from app.directory.models import one_of

QUESTION_KINDS = ("single", "multiple", "true_false", "fill_in", "ordering")
# When a member sees the answers, and which of the member's scores counts.
EXPLANATIONS = ("after_submission", "after_last_attempt", "after_week")
SCORE_COUNTS = ("best", "first", "last")


class Question(Base):
    """A question of the bank: `answer` holds letters (of an ordering: first to last), or the texts of a fill-in.

    `fingerprint` digests kind, stem and options as they are compared: a bank holds no question twice, unless archived.
    `difficulty` is 1 (easiest) to 5, or 0 where it is not given.
    """

    __tablename__ = "questions"
    __table_args__ = (
        CheckConstraint(one_of("kind", QUESTION_KINDS), name="kind"),
        CheckConstraint("difficulty BETWEEN 0 AND 5", name="difficulty"),
        Index(
            "uq_questions_organisation_id_fingerprint",
            "organisation_id",
            "fingerprint",
            unique=True,
            postgresql_where=text("archived_at IS NULL"),
        ),
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
    difficulty: Mapped[int] = mapped_column(server_default="0")
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text()), server_default="{}")
    fingerprint: Mapped[bytes]
    created_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]


class Quiz(Base):
    """The quiz of an issue: its questions are those of `QuizQuestion`, or, where `draw` has rules, drawn for each try.

    A rule of `draw` is `{tags, difficulty_from, difficulty_to, kinds, count}`; it draws from the issue's
    organisation's bank.
    """

    __tablename__ = "quizzes"
    __table_args__ = (
        CheckConstraint("pass_mark BETWEEN 1 AND 100", name="pass_mark"),
        CheckConstraint(one_of("explanations", EXPLANATIONS), name="explanations"),
        CheckConstraint(one_of("score_counts", SCORE_COUNTS), name="score_counts"),
    )

    id: Mapped[Id]
    issue_id: Mapped[int] = mapped_column(ForeignKey("issues.id"), unique=True)
    title: Mapped[str]
    pass_mark: Mapped[int]  # percent
    attempts_allowed: Mapped[int]
    time_limit_seconds: Mapped[int | None]
    shuffle_options: Mapped[bool] = mapped_column(server_default="false")
    shuffle_questions: Mapped[bool] = mapped_column(server_default="false")
    explanations: Mapped[str] = mapped_column(server_default="after_submission")
    score_counts: Mapped[str] = mapped_column(server_default="best")
    draw: Mapped[list[dict[str, object]]] = mapped_column(JSONB, server_default="[]")
    created_at: Mapped[datetime]


class QuizQuestion(Base):
    """The place of a question in a quiz with a fixed list."""

    __tablename__ = "quiz_questions"
    __table_args__ = (UniqueConstraint("quiz_id", "question_id"),)

    quiz_id: Mapped[int] = mapped_column(ForeignKey("quizzes.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    question_id: Mapped[int] = mapped_column(ForeignKey("questions.id"), index=True)


class Attempt(Base):
    """A member's try at a quiz; one is open at a time, and a submitted one never changes.

    `question_ids` is what it asks, in its order, and `seed` what its options are shuffled by. `answers` has the
    letters of the bank, whatever the member was shown. `correct_ids` are the questions that were answered right.
    """

    __tablename__ = "attempts"
    __table_args__ = (
        UniqueConstraint("quiz_id", "member_id", "number"),
        Index("uq_attempts_open", "quiz_id", "member_id", unique=True, postgresql_where=text("submitted_at IS NULL")),
        # The sweep of those whose time is over, and the figures of a question.
        Index("ix_attempts_deadline_at", "deadline_at", postgresql_where=text("submitted_at IS NULL")),
        Index("ix_attempts_question_ids", "question_ids", postgresql_using="gin"),
    )

    id: Mapped[Id]
    quiz_id: Mapped[int] = mapped_column(ForeignKey("quizzes.id"))
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"), index=True)
    number: Mapped[int]
    seed: Mapped[int]
    question_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger()))
    answers: Mapped[dict[str, list[str]]] = mapped_column(JSONB)
    started_at: Mapped[datetime]
    deadline_at: Mapped[datetime | None]
    submitted_at: Mapped[datetime | None]
    score: Mapped[int | None]  # percent
    passed: Mapped[bool | None]
    correct_ids: Mapped[list[int] | None] = mapped_column(ARRAY(BigInteger()))


class NotebookEntry(Base):
    """A question that a member answered wrong, for the member alone; `attempt_id` is where it was wrong last.

    It leaves the notebook once it was right on `right_days` days (the last: `right_on`) after that.
    """

    __tablename__ = "notebook_entries"
    __table_args__ = (UniqueConstraint("member_id", "question_id"),)

    id: Mapped[Id]
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"))
    question_id: Mapped[int] = mapped_column(ForeignKey("questions.id"))
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempts.id"))
    wrong_at: Mapped[datetime]
    right_days: Mapped[int] = mapped_column(server_default="0")
    right_on: Mapped[date | None]
    left_at: Mapped[datetime | None]
