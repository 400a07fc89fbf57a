"""A schedule that an issue or a meeting made is named after it."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "20261125_1"
down_revision: str | None = "20261124_992"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("schedules", sa.Column("title", sa.Text(), server_default="", nullable=False))
    op.execute(
        "UPDATE schedules SET title = issues.title FROM issues"
        " WHERE schedules.subject_id = issues.id AND schedules.kind = 'weekly_issue'"
    )
    op.execute(
        "UPDATE schedules SET title = meetings.title FROM meetings"
        " WHERE schedules.subject_id = meetings.id AND schedules.kind = 'meeting_reminder'"
    )


def downgrade() -> None:
    op.drop_column("schedules", "title")
