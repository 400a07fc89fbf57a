"""Classes outside of the system, recorded by a leader."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "20261124_91"
down_revision: str | None = "20261124_9"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def _checks(kinds: str, ways: str, thing: str) -> None:
    for table, name, condition in (
        ("study_hours", "kind", kinds),
        ("recorded_studies", "way", ways),
        ("recorded_studies", "one_thing", thing),
    ):
        constraint = op.f(f"ck_{table}_{name}")
        op.drop_constraint(constraint, table, type_="check")
        op.create_check_constraint(constraint, table, condition)


def upgrade() -> None:
    op.add_column("recorded_studies", sa.Column("title", sa.Text(), nullable=True))
    op.add_column("recorded_studies", sa.Column("seconds", sa.BigInteger(), nullable=True))
    op.alter_column("recorded_studies", "issue_id", nullable=True)
    _checks(
        "kind IN ('lesson', 'quiz', 'meeting', 'class')",
        "way IN ('paper', 'home_visit', 'attended')",
        "num_nonnulls(lesson_id, quiz_id, title) = 1",
    )
    op.create_check_constraint(
        op.f("ck_recorded_studies_class"),
        "recorded_studies",
        "num_nonnulls(issue_id, title) = 1 AND num_nonnulls(issue_id, seconds) = 1",
    )
    op.create_index(
        "uq_recorded_studies_class",
        "recorded_studies",
        ["member_id", "studied_on", "title"],
        unique=True,
        postgresql_where=sa.text("withdrawn_at IS NULL AND title IS NOT NULL"),
    )


def downgrade() -> None:
    op.execute("DELETE FROM study_hours WHERE kind = 'class'")
    op.execute("DELETE FROM recorded_studies WHERE title IS NOT NULL")
    op.drop_index("uq_recorded_studies_class", table_name="recorded_studies")
    op.drop_constraint(op.f("ck_recorded_studies_class"), "recorded_studies", type_="check")
    _checks(
        "kind IN ('lesson', 'quiz', 'meeting')",
        "way IN ('paper', 'home_visit')",
        "(lesson_id IS NULL) <> (quiz_id IS NULL)",
    )
    op.alter_column("recorded_studies", "issue_id", nullable=False)
    op.drop_column("recorded_studies", "seconds")
    op.drop_column("recorded_studies", "title")
