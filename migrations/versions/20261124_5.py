"""Orderings, tags and difficulty; quizzes that are drawn, shuffled and timed; the notebook of wrong answers."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "20261124_5"
down_revision: str | None = "20261124_4"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

KINDS = "'single', 'multiple', 'true_false', 'fill_in'"


def upgrade() -> None:
    op.drop_constraint(op.f("ck_questions_kind"), "questions", type_="check")
    op.create_check_constraint(op.f("ck_questions_kind"), "questions", f"kind IN ({KINDS}, 'ordering')")
    op.add_column("questions", sa.Column("difficulty", sa.BigInteger(), server_default="0", nullable=False))
    op.create_check_constraint(op.f("ck_questions_difficulty"), "questions", "difficulty BETWEEN 0 AND 5")
    op.add_column("questions", sa.Column("tags", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False))
    op.add_column("questions", sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True))
    # What is archived may come again, mended.
    op.drop_constraint(op.f("uq_questions_organisation_id_fingerprint"), "questions", type_="unique")
    op.create_index(
        "uq_questions_organisation_id_fingerprint",
        "questions",
        ["organisation_id", "fingerprint"],
        unique=True,
        postgresql_where=sa.text("archived_at IS NULL"),
    )
    op.add_column("quizzes", sa.Column("time_limit_seconds", sa.BigInteger(), nullable=True))
    op.add_column("quizzes", sa.Column("shuffle_options", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("quizzes", sa.Column("shuffle_questions", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("quizzes", sa.Column("explanations", sa.Text(), server_default="after_submission", nullable=False))
    op.add_column("quizzes", sa.Column("score_counts", sa.Text(), server_default="best", nullable=False))
    op.add_column(
        "quizzes",
        sa.Column("draw", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
    )
    op.create_check_constraint(
        op.f("ck_quizzes_explanations"),
        "quizzes",
        "explanations IN ('after_submission', 'after_last_attempt', 'after_week')",
    )
    op.create_check_constraint(op.f("ck_quizzes_score_counts"), "quizzes", "score_counts IN ('best', 'first', 'last')")
    op.create_index("ix_quiz_questions_question_id", "quiz_questions", ["question_id"], unique=False)
    _extend_attempts()
    op.create_table(
        "notebook_entries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("question_id", sa.BigInteger(), nullable=False),
        sa.Column("attempt_id", sa.BigInteger(), nullable=False),
        sa.Column("wrong_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("right_days", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("right_on", sa.Date(), nullable=True),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempts.id"], name=op.f("fk_notebook_entries_attempt_id")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_notebook_entries_member_id")),
        sa.ForeignKeyConstraint(["question_id"], ["questions.id"], name=op.f("fk_notebook_entries_question_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notebook_entries")),
        sa.UniqueConstraint("member_id", "question_id", name=op.f("uq_notebook_entries_member_id_question_id")),
    )


def _extend_attempts() -> None:
    op.add_column("attempts", sa.Column("seed", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column(
        "attempts",
        sa.Column("question_ids", postgresql.ARRAY(sa.BigInteger()), server_default="{}", nullable=False),
    )
    op.add_column("attempts", sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("attempts", sa.Column("correct_ids", postgresql.ARRAY(sa.BigInteger()), nullable=True))
    # Until now an attempt asked what its quiz asks.
    op.execute(
        """
        UPDATE attempts SET question_ids = asked.ids
        FROM (SELECT quiz_id, array_agg(question_id ORDER BY position) AS ids FROM quiz_questions GROUP BY quiz_id) asked
        WHERE asked.quiz_id = attempts.quiz_id
        """
    )
    op.alter_column("attempts", "seed", server_default=None)
    op.alter_column("attempts", "question_ids", server_default=None)
    op.create_index(
        "ix_attempts_deadline_at",
        "attempts",
        ["deadline_at"],
        unique=False,
        postgresql_where=sa.text("submitted_at IS NULL"),
    )
    op.create_index("ix_attempts_question_ids", "attempts", ["question_ids"], unique=False, postgresql_using="gin")


def downgrade() -> None:
    op.drop_table("notebook_entries")
    op.drop_index("ix_attempts_question_ids", table_name="attempts", postgresql_using="gin")
    op.drop_index("ix_attempts_deadline_at", table_name="attempts", postgresql_where=sa.text("submitted_at IS NULL"))
    for column in ("correct_ids", "deadline_at", "question_ids", "seed"):
        op.drop_column("attempts", column)
    op.drop_index("ix_quiz_questions_question_id", table_name="quiz_questions")
    op.drop_constraint(op.f("ck_quizzes_score_counts"), "quizzes", type_="check")
    op.drop_constraint(op.f("ck_quizzes_explanations"), "quizzes", type_="check")
    columns = ("draw", "score_counts", "explanations", "shuffle_questions", "shuffle_options", "time_limit_seconds")
    for column in columns:
        op.drop_column("quizzes", column)
    op.drop_index(
        "uq_questions_organisation_id_fingerprint",
        table_name="questions",
        postgresql_where=sa.text("archived_at IS NULL"),
    )
    op.create_unique_constraint(
        op.f("uq_questions_organisation_id_fingerprint"), "questions", ["organisation_id", "fingerprint"]
    )
    for column in ("archived_at", "tags", "difficulty"):
        op.drop_column("questions", column)
    op.drop_constraint(op.f("ck_questions_kind"), "questions", type_="check")
    op.create_check_constraint(op.f("ck_questions_kind"), "questions", f"kind IN ({KINDS})")
