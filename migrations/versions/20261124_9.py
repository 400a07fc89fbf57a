"""The account of study hours, study recorded on paper and at home, attendance, certificates."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "20261124_9"
down_revision: str | None = "20261124_8"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# What was completed before there was an account is credited as the defaults say: 45 minutes of the text's reading time
# are a 学时, on the day in the member's zone.
EARNED = """
INSERT INTO study_hours (
    member_id, kind, reference, edition, number, way, hundredths, seconds, hour_seconds, rules, earned_on, written_at
)
SELECT done.member_id, 'lesson', done.lesson_id, done.edition, 1, 'online', (200 * version.required_seconds + 2700) / 5400,
    version.required_seconds, 2700, '条例2019-默认', CAST(done.completed_at AT TIME ZONE place.timezone AS date),
    done.completed_at
FROM (
    SELECT member_id, lesson_id, edition, completed_at FROM reading_progress WHERE completed_at IS NOT NULL
    UNION ALL
    SELECT member_id, lesson_id, edition, completed_at FROM earlier_completions
) done
JOIN members member ON member.id = done.member_id
JOIN organisations place ON place.id = member.organisation_id
JOIN LATERAL (
    SELECT required_seconds FROM lesson_versions WHERE lesson_id = done.lesson_id AND edition = done.edition
    ORDER BY number DESC LIMIT 1
) version ON true
ON CONFLICT DO NOTHING
"""


def upgrade() -> None:
    op.create_table(
        "certificates",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("begins_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("issues_completed", sa.BigInteger(), nullable=False),
        sa.Column("hundredths", sa.BigInteger(), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("ends_on >= begins_on", name=op.f("ck_certificates_period")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_certificates_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificates")),
        sa.UniqueConstraint(
            "member_id",
            "begins_on",
            "ends_on",
            "issued_on",
            "issues_completed",
            "hundredths",
            name="uq_certificates_same",
        ),
        sa.UniqueConstraint("number", name=op.f("uq_certificates_number")),
    )
    op.create_index(op.f("ix_certificates_member_id"), "certificates", ["member_id"], unique=False)
    op.create_table(
        "study_hours",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reference", sa.BigInteger(), nullable=False),
        sa.Column("edition", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("hundredths", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.BigInteger(), nullable=False),
        sa.Column("hour_seconds", sa.BigInteger(), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("earned_on", sa.Date(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('lesson', 'quiz', 'meeting')", name=op.f("ck_study_hours_kind")),
        sa.CheckConstraint("way IN ('online', 'attended', 'paper', 'home_visit')", name=op.f("ck_study_hours_way")),
        sa.CheckConstraint(
            "CASE number % 2 WHEN 1 THEN hundredths >= 0 ELSE hundredths <= 0 END", name=op.f("ck_study_hours_sign")
        ),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_study_hours_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_study_hours")),
        sa.UniqueConstraint(
            "member_id",
            "kind",
            "reference",
            "edition",
            "number",
            name=op.f("uq_study_hours_member_id_kind_reference_edition_number"),
        ),
    )
    op.create_index("ix_study_hours_member_id_earned_on", "study_hours", ["member_id", "earned_on"], unique=False)
    op.create_table(
        "meeting_attendances",
        sa.Column("meeting_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("recorded_by", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["meeting_id"], ["meetings.id"], name=op.f("fk_meeting_attendances_meeting_id")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_meeting_attendances_member_id")),
        sa.ForeignKeyConstraint(["recorded_by"], ["accounts.id"], name=op.f("fk_meeting_attendances_recorded_by")),
        sa.PrimaryKeyConstraint("meeting_id", "member_id", name=op.f("pk_meeting_attendances")),
    )
    op.create_index(op.f("ix_meeting_attendances_member_id"), "meeting_attendances", ["member_id"], unique=False)
    op.create_table(
        "recorded_studies",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("issue_id", sa.BigInteger(), nullable=False),
        sa.Column("lesson_id", sa.BigInteger(), nullable=True),
        sa.Column("edition", sa.BigInteger(), nullable=True),
        sa.Column("quiz_id", sa.BigInteger(), nullable=True),
        sa.Column("score", sa.BigInteger(), nullable=True),
        sa.Column("passed", sa.Boolean(), nullable=True),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("studied_on", sa.Date(), nullable=False),
        sa.Column("completes", sa.Boolean(), nullable=False),
        sa.Column("recorded_by", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by", sa.BigInteger(), nullable=True),
        sa.Column("withdrawal", sa.Text(), nullable=True),
        sa.CheckConstraint("way IN ('paper', 'home_visit')", name=op.f("ck_recorded_studies_way")),
        sa.CheckConstraint("(lesson_id IS NULL) <> (quiz_id IS NULL)", name=op.f("ck_recorded_studies_one_thing")),
        sa.CheckConstraint(
            "(quiz_id IS NULL) = (score IS NULL) AND (quiz_id IS NULL) = (passed IS NULL)",
            name=op.f("ck_recorded_studies_score"),
        ),
        sa.CheckConstraint(
            "(withdrawn_at IS NULL) = (withdrawn_by IS NULL)", name=op.f("ck_recorded_studies_withdrawn")
        ),
        sa.CheckConstraint("score BETWEEN 0 AND 100", name=op.f("ck_recorded_studies_percent")),
        sa.ForeignKeyConstraint(["issue_id"], ["issues.id"], name=op.f("fk_recorded_studies_issue_id")),
        sa.ForeignKeyConstraint(["lesson_id"], ["lessons.id"], name=op.f("fk_recorded_studies_lesson_id")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_recorded_studies_member_id")),
        sa.ForeignKeyConstraint(["quiz_id"], ["quizzes.id"], name=op.f("fk_recorded_studies_quiz_id")),
        sa.ForeignKeyConstraint(["recorded_by"], ["accounts.id"], name=op.f("fk_recorded_studies_recorded_by")),
        sa.ForeignKeyConstraint(["withdrawn_by"], ["accounts.id"], name=op.f("fk_recorded_studies_withdrawn_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recorded_studies")),
    )
    op.create_index(op.f("ix_recorded_studies_issue_id"), "recorded_studies", ["issue_id"], unique=False)
    op.create_index("ix_recorded_studies_member_id", "recorded_studies", ["member_id"], unique=False)
    op.create_index(
        "uq_recorded_studies_lesson",
        "recorded_studies",
        ["member_id", "lesson_id", "edition"],
        unique=True,
        postgresql_where=sa.text("withdrawn_at IS NULL AND lesson_id IS NOT NULL"),
    )
    op.create_index(
        "uq_recorded_studies_quiz",
        "recorded_studies",
        ["member_id", "quiz_id"],
        unique=True,
        postgresql_where=sa.text("withdrawn_at IS NULL AND quiz_id IS NOT NULL"),
    )
    op.execute(EARNED)


def downgrade() -> None:
    for table in ("recorded_studies", "meeting_attendances", "study_hours", "certificates"):
        op.drop_table(table)
