"""What was earned and never changes: study hours, and study that a leader recorded for somebody else."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base, Id
from app.directory.models import one_of

HOUR_KINDS = ("lesson", "quiz", "meeting", "class")
# Read or answered here, attended, or recorded for the member: on paper, or brought home to them (送学上门).
WAYS = ("online", "attended", "paper", "home_visit")
RECORDED_WAYS = ("paper", "home_visit")


class StudyHour(Base):
    """An entry of a member's account of study hours; nothing is changed or deleted.

    What was done is (`kind`, `reference`, `edition`). Its entries are numbered: the odd ones credit, the even ones take
    back, so that it never counts twice. `hundredths` of a 学时 were `seconds` at `hour_seconds` for each 学时, by the
    rules of that version; what the conversion becomes later does not change the past.
    """

    __tablename__ = "study_hours"
    __table_args__ = (
        CheckConstraint(one_of("kind", HOUR_KINDS), name="kind"),
        CheckConstraint(one_of("way", WAYS), name="way"),
        CheckConstraint("CASE number % 2 WHEN 1 THEN hundredths >= 0 ELSE hundredths <= 0 END", name="sign"),
        UniqueConstraint("member_id", "kind", "reference", "edition", "number"),
        Index("ix_study_hours_member_id_earned_on", "member_id", "earned_on"),
    )

    id: Mapped[Id]
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"))
    kind: Mapped[str]
    reference: Mapped[int]
    edition: Mapped[int]
    number: Mapped[int]
    way: Mapped[str]
    hundredths: Mapped[int]
    seconds: Mapped[int]
    hour_seconds: Mapped[int]
    rules: Mapped[str]
    # The day where the member is; an entry that takes back keeps it, so that the year's sum is right.
    earned_on: Mapped[date]
    written_at: Mapped[datetime]


class RecordedStudy(Base):
    """A lesson read, or a quiz answered, on paper or at home, as a leader recorded it; withdrawn with a reason.

    Or a class that was attended outside of this system: its `title`, and how many `seconds` it took.

    `completes` is what the organisation's setting said then.
    """

    __tablename__ = "recorded_studies"
    __table_args__ = (
        CheckConstraint(one_of("way", (*RECORDED_WAYS, "attended")), name="way"),
        CheckConstraint("num_nonnulls(lesson_id, quiz_id, title) = 1", name="one_thing"),
        CheckConstraint("num_nonnulls(issue_id, title) = 1 AND num_nonnulls(issue_id, seconds) = 1", name="class"),
        CheckConstraint("(quiz_id IS NULL) = (score IS NULL) AND (quiz_id IS NULL) = (passed IS NULL)", name="score"),
        CheckConstraint("score BETWEEN 0 AND 100", name="percent"),
        CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_by IS NULL)", name="withdrawn"),
        Index(
            "uq_recorded_studies_lesson",
            "member_id",
            "lesson_id",
            "edition",
            unique=True,
            postgresql_where=text("withdrawn_at IS NULL AND lesson_id IS NOT NULL"),
        ),
        Index(
            "uq_recorded_studies_quiz",
            "member_id",
            "quiz_id",
            unique=True,
            postgresql_where=text("withdrawn_at IS NULL AND quiz_id IS NOT NULL"),
        ),
        Index(
            "uq_recorded_studies_class",
            "member_id",
            "studied_on",
            "title",
            unique=True,
            postgresql_where=text("withdrawn_at IS NULL AND title IS NOT NULL"),
        ),
        Index("ix_recorded_studies_member_id", "member_id"),
    )

    id: Mapped[Id]
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"))
    issue_id: Mapped[int | None] = mapped_column(ForeignKey("issues.id"), index=True)
    lesson_id: Mapped[int | None] = mapped_column(ForeignKey("lessons.id"))
    edition: Mapped[int | None]
    quiz_id: Mapped[int | None] = mapped_column(ForeignKey("quizzes.id"))
    score: Mapped[int | None]  # percent
    passed: Mapped[bool | None]
    title: Mapped[str | None]
    seconds: Mapped[int | None]
    way: Mapped[str]
    studied_on: Mapped[date]
    completes: Mapped[bool]
    recorded_by: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    recorded_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    withdrawal: Mapped[str | None]
