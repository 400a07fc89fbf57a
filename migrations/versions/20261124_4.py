"""The editors' desk: corrections, reviews, history, comments, audiences, plans, topics and the text for search."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "20261124_4"
down_revision: str | None = "20261124_3"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "plans",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("columns", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("ahead_weeks", sa.BigInteger(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("planned_until", sa.Date(), nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("ahead_weeks BETWEEN 1 AND 12", name=op.f("ck_plans_ahead_weeks")),
        sa.ForeignKeyConstraint(["author_id"], ["accounts.id"], name=op.f("fk_plans_author_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_plans_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plans")),
        sa.UniqueConstraint("organisation_id", name=op.f("uq_plans_organisation_id")),
    )
    op.create_table(
        "topics",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("changed_by", sa.BigInteger(), nullable=False),
        sa.Column("published", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["changed_by"], ["accounts.id"], name=op.f("fk_topics_changed_by")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_topics_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_topics")),
    )
    op.create_index(op.f("ix_topics_organisation_id"), "topics", ["organisation_id"], unique=False)
    op.create_table(
        "earlier_completions",
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("lesson_id", sa.BigInteger(), nullable=False),
        sa.Column("edition", sa.BigInteger(), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["lesson_id"], ["lessons.id"], name=op.f("fk_earlier_completions_lesson_id")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_earlier_completions_member_id")),
        sa.PrimaryKeyConstraint("member_id", "lesson_id", "edition", name=op.f("pk_earlier_completions")),
    )
    op.create_index(op.f("ix_earlier_completions_lesson_id"), "earlier_completions", ["lesson_id"], unique=False)
    op.create_table(
        "lesson_texts",
        sa.Column("lesson_id", sa.BigInteger(), nullable=False),
        sa.Column("published", sa.Boolean(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("folded_title", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column("tokens", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["lesson_id"], ["lessons.id"], name=op.f("fk_lesson_texts_lesson_id")),
        sa.PrimaryKeyConstraint("lesson_id", "published", name=op.f("pk_lesson_texts")),
    )
    op.create_index("ix_lesson_texts_tokens", "lesson_texts", ["tokens"], unique=False, postgresql_using="gin")
    op.create_table(
        "topic_lessons",
        sa.Column("topic_id", sa.BigInteger(), nullable=False),
        sa.Column("lesson_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["lesson_id"], ["lessons.id"], name=op.f("fk_topic_lessons_lesson_id")),
        sa.ForeignKeyConstraint(["topic_id"], ["topics.id"], name=op.f("fk_topic_lessons_topic_id")),
        sa.PrimaryKeyConstraint("topic_id", "lesson_id", name=op.f("pk_topic_lessons")),
    )
    op.create_index(op.f("ix_topic_lessons_lesson_id"), "topic_lessons", ["lesson_id"], unique=False)
    op.create_table(
        "desk_changes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("issue_id", sa.BigInteger(), nullable=True),
        sa.Column("lesson_id", sa.BigInteger(), nullable=True),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("after", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(issue_id IS NULL) <> (lesson_id IS NULL)", name=op.f("ck_desk_changes_issue_or_lesson")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_desk_changes_account_id")),
        sa.ForeignKeyConstraint(["issue_id"], ["issues.id"], name=op.f("fk_desk_changes_issue_id")),
        sa.ForeignKeyConstraint(["lesson_id"], ["lessons.id"], name=op.f("fk_desk_changes_lesson_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_changes")),
    )
    op.create_index(
        "ix_desk_changes_issue_id",
        "desk_changes",
        ["issue_id", "id"],
        unique=False,
        postgresql_where=sa.text("issue_id IS NOT NULL"),
    )
    op.create_index(
        "ix_desk_changes_lesson_id",
        "desk_changes",
        ["lesson_id", "id"],
        unique=False,
        postgresql_where=sa.text("lesson_id IS NOT NULL"),
    )
    op.create_table(
        "desk_comments",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("issue_id", sa.BigInteger(), nullable=True),
        sa.Column("lesson_id", sa.BigInteger(), nullable=True),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("(issue_id IS NULL) <> (lesson_id IS NULL)", name=op.f("ck_desk_comments_issue_or_lesson")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_desk_comments_account_id")),
        sa.ForeignKeyConstraint(["issue_id"], ["issues.id"], name=op.f("fk_desk_comments_issue_id")),
        sa.ForeignKeyConstraint(["lesson_id"], ["lessons.id"], name=op.f("fk_desk_comments_lesson_id")),
        sa.ForeignKeyConstraint(["resolved_by"], ["accounts.id"], name=op.f("fk_desk_comments_resolved_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_comments")),
    )
    op.create_index(
        "ix_desk_comments_issue_id",
        "desk_comments",
        ["issue_id", "id"],
        unique=False,
        postgresql_where=sa.text("issue_id IS NOT NULL"),
    )
    op.create_index(
        "ix_desk_comments_lesson_id",
        "desk_comments",
        ["lesson_id", "id"],
        unique=False,
        postgresql_where=sa.text("lesson_id IS NOT NULL"),
    )
    op.create_table(
        "lesson_corrections",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("lesson_id", sa.BigInteger(), nullable=False),
        sa.Column("base_version_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("substantive", sa.Boolean(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("article", sa.Text(), nullable=False),
        sa.Column("source_url", sa.Text(), nullable=False),
        sa.Column("author_line", sa.Text(), nullable=False),
        sa.Column("reprint_permission", sa.Text(), nullable=False),
        sa.Column("markdown", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("nodes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("characters", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.BigInteger(), nullable=True),
        sa.Column("remark", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "state IN ('in_review', 'published', 'returned', 'withdrawn')", name=op.f("ck_lesson_corrections_state")
        ),
        sa.ForeignKeyConstraint(["author_id"], ["accounts.id"], name=op.f("fk_lesson_corrections_author_id")),
        sa.ForeignKeyConstraint(
            ["base_version_id"], ["lesson_versions.id"], name=op.f("fk_lesson_corrections_base_version_id")
        ),
        sa.ForeignKeyConstraint(["closed_by"], ["accounts.id"], name=op.f("fk_lesson_corrections_closed_by")),
        sa.ForeignKeyConstraint(["lesson_id"], ["lessons.id"], name=op.f("fk_lesson_corrections_lesson_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lesson_corrections")),
    )
    op.create_index("ix_lesson_corrections_lesson_id", "lesson_corrections", ["lesson_id", "id"], unique=False)
    op.create_index(
        "uq_lesson_corrections_open",
        "lesson_corrections",
        ["lesson_id"],
        unique=True,
        postgresql_where=sa.text("state = 'in_review'"),
    )
    op.create_table(
        "reviews",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("issue_id", sa.BigInteger(), nullable=True),
        sa.Column("correction_id", sa.BigInteger(), nullable=True),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(issue_id IS NULL) <> (correction_id IS NULL)", name=op.f("ck_reviews_issue_or_correction")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_reviews_account_id")),
        sa.ForeignKeyConstraint(["correction_id"], ["lesson_corrections.id"], name=op.f("fk_reviews_correction_id")),
        sa.ForeignKeyConstraint(["issue_id"], ["issues.id"], name=op.f("fk_reviews_issue_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
    )
    op.create_index(
        "uq_reviews_correction",
        "reviews",
        ["correction_id", "account_id"],
        unique=True,
        postgresql_where=sa.text("voided_at IS NULL AND correction_id IS NOT NULL"),
    )
    op.create_index(
        "uq_reviews_issue",
        "reviews",
        ["issue_id", "account_id"],
        unique=True,
        postgresql_where=sa.text("voided_at IS NULL AND issue_id IS NOT NULL"),
    )
    op.add_column(
        "issues", sa.Column("audience_stages", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False)
    )
    op.add_column(
        "issues", sa.Column("audience_rosters", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False)
    )
    op.add_column(
        "issues", sa.Column("audience_tags", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False)
    )
    op.add_column("issues", sa.Column("plan_id", sa.BigInteger(), nullable=True))
    op.add_column("issues", sa.Column("outline", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False))
    op.add_column("issues", sa.Column("revision", sa.BigInteger(), server_default="1", nullable=False))
    op.create_foreign_key(op.f("fk_issues_plan_id"), "issues", "plans", ["plan_id"], ["id"])
    op.add_column("lesson_versions", sa.Column("author_line", sa.Text(), server_default="", nullable=False))
    op.add_column("lesson_versions", sa.Column("edition", sa.BigInteger(), server_default="1", nullable=False))
    op.add_column("lesson_versions", sa.Column("note", sa.Text(), server_default="", nullable=False))
    op.add_column("lessons", sa.Column("author_line", sa.Text(), server_default="", nullable=False))
    op.add_column("lessons", sa.Column("reprint_permission", sa.Text(), server_default="unknown", nullable=False))
    op.add_column("lessons", sa.Column("revision", sa.BigInteger(), server_default="1", nullable=False))
    op.add_column("reading_progress", sa.Column("edition", sa.BigInteger(), server_default="1", nullable=False))
    op.add_column("reading_progress", sa.Column("version", sa.BigInteger(), server_default="1", nullable=False))
    op.create_check_constraint(
        op.f("ck_lessons_reprint_permission"),
        "lessons",
        "reprint_permission IN ('own', 'public_document', 'permitted', 'unknown')",
    )
    # Who has begun a lesson has seen what members read now: only what comes from here on is news.
    op.execute(
        "UPDATE reading_progress SET version = current.number FROM lessons lesson"
        " JOIN lesson_versions current ON current.id = lesson.current_version_id"
        " WHERE lesson.id = reading_progress.lesson_id AND current.number > 1"
    )
    _index_lessons()


# As `app.library.words` and `app.library.texts` had it when this was written.
_INLINE = frozenset({"strong", "em", "s", "code", "a", "img"})
_NEEDLESS_SPACE = re.compile("(?<=[\u2e80-\uff00\uff5f-\U0010ffff]) | (?=[\u2e80-\uff00\uff5f-\U0010ffff])")
_READ = (
    "SELECT id, false AS published, title, summary, nodes FROM lessons",
    "SELECT lesson.id, true AS published, current.title, current.summary, current.nodes FROM lessons lesson"
    " JOIN lesson_versions current ON current.id = lesson.current_version_id",
)


def _fold(text: str) -> str:
    folded = ((char, unicodedata.normalize("NFKC", char).casefold()) for char in text)
    return "".join(new if len(new) == 1 else char for char, new in folded)


def _tidy(text: str) -> str:
    visible = "".join(char for char in text if unicodedata.category(char) != "Cf")
    return _NEEDLESS_SPACE.sub("", " ".join(visible.split()))


def _pieces(nodes: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for node in nodes:
        if node.get("type") == "text":
            yield str(node["text"]).replace("\n", " ")
            continue
        line = "" if node["name"] in _INLINE else "\n"
        yield line
        yield from _pieces(node["children"])
        yield line


def _index_lessons() -> None:
    connection = op.get_bind()
    texts = sa.table("lesson_texts", *map(sa.column, ("lesson_id", "published", "title", "text", "folded_title")),
                     sa.column("folded"), sa.column("tokens", postgresql.ARRAY(sa.Text())))  # fmt: skip
    for statement in _READ:
        for row in connection.execute(sa.text(statement)).mappings().all():
            title = _tidy(row["title"])
            lines = [_tidy(row["summary"]), *map(_tidy, "".join(_pieces(row["nodes"])).split("\n"))]
            text = "\n".join(line for line in lines if line)
            folded_title, folded = _fold(title), _fold(text)
            tokens = {*folded_title, *folded}
            for line in (folded_title, *folded.split("\n")):
                tokens |= {line[place : place + 2] for place in range(len(line) - 1)}
            connection.execute(
                sa.insert(texts).values(
                    lesson_id=row["id"], published=row["published"], title=title, text=text,
                    folded_title=folded_title, folded=folded, tokens=sorted(tokens - {"\n"}),
                )
            )  # fmt: skip


def downgrade() -> None:
    op.drop_constraint(op.f("ck_lessons_reprint_permission"), "lessons", type_="check")
    op.drop_column("reading_progress", "version")
    op.drop_column("reading_progress", "edition")
    op.drop_column("lessons", "revision")
    op.drop_column("lessons", "reprint_permission")
    op.drop_column("lessons", "author_line")
    op.drop_column("lesson_versions", "note")
    op.drop_column("lesson_versions", "edition")
    op.drop_column("lesson_versions", "author_line")
    op.drop_constraint(op.f("fk_issues_plan_id"), "issues", type_="foreignkey")
    op.drop_column("issues", "revision")
    op.drop_column("issues", "outline")
    op.drop_column("issues", "plan_id")
    op.drop_column("issues", "audience_tags")
    op.drop_column("issues", "audience_rosters")
    op.drop_column("issues", "audience_stages")
    op.drop_index(
        "uq_reviews_issue", table_name="reviews", postgresql_where=sa.text("voided_at IS NULL AND issue_id IS NOT NULL")
    )
    op.drop_index(
        "uq_reviews_correction",
        table_name="reviews",
        postgresql_where=sa.text("voided_at IS NULL AND correction_id IS NOT NULL"),
    )
    op.drop_table("reviews")
    op.drop_index(
        "uq_lesson_corrections_open", table_name="lesson_corrections", postgresql_where=sa.text("state = 'in_review'")
    )
    op.drop_index("ix_lesson_corrections_lesson_id", table_name="lesson_corrections")
    op.drop_table("lesson_corrections")
    op.drop_index(
        "ix_desk_comments_lesson_id", table_name="desk_comments", postgresql_where=sa.text("lesson_id IS NOT NULL")
    )
    op.drop_index(
        "ix_desk_comments_issue_id", table_name="desk_comments", postgresql_where=sa.text("issue_id IS NOT NULL")
    )
    op.drop_table("desk_comments")
    op.drop_index(
        "ix_desk_changes_lesson_id", table_name="desk_changes", postgresql_where=sa.text("lesson_id IS NOT NULL")
    )
    op.drop_index(
        "ix_desk_changes_issue_id", table_name="desk_changes", postgresql_where=sa.text("issue_id IS NOT NULL")
    )
    op.drop_table("desk_changes")
    op.drop_index(op.f("ix_topic_lessons_lesson_id"), table_name="topic_lessons")
    op.drop_table("topic_lessons")
    op.drop_index("ix_lesson_texts_tokens", table_name="lesson_texts", postgresql_using="gin")
    op.drop_table("lesson_texts")
    op.drop_index(op.f("ix_earlier_completions_lesson_id"), table_name="earlier_completions")
    op.drop_table("earlier_completions")
    op.drop_index(op.f("ix_topics_organisation_id"), table_name="topics")
    op.drop_table("topics")
    op.drop_table("plans")
