"""People: placements, archives, settings, consent."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from content.names import search_text

revision: str = "20261124_1"
down_revision: str | None = "20261122_1"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "organisation_changes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("after", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_organisation_changes_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation_changes")),
    )
    op.create_index(
        op.f("ix_organisation_changes_organisation_id"), "organisation_changes", ["organisation_id"], unique=False
    )
    op.create_table(
        "binding_requests",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("wechat_user_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("state IN ('open', 'approved', 'refused')", name=op.f("ck_binding_requests_state")),
        sa.ForeignKeyConstraint(["decided_by"], ["accounts.id"], name=op.f("fk_binding_requests_decided_by")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_binding_requests_member_id")),
        sa.ForeignKeyConstraint(
            ["wechat_user_id"], ["wechat_users.id"], name=op.f("fk_binding_requests_wechat_user_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_binding_requests")),
    )
    op.create_index("ix_binding_requests_member_id", "binding_requests", ["member_id"], unique=False)
    op.create_index(
        "uq_binding_requests_open",
        "binding_requests",
        ["wechat_user_id", "member_id"],
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "consents",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("wechat_user_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_consents_member_id")),
        sa.ForeignKeyConstraint(["wechat_user_id"], ["wechat_users.id"], name=op.f("fk_consents_wechat_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
    )
    op.create_index(op.f("ix_consents_member_id"), "consents", ["member_id"], unique=False)
    op.create_table(
        "organisation_settings",
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["changed_by"], ["accounts.id"], name=op.f("fk_organisation_settings_changed_by")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_organisation_settings_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "key", name=op.f("pk_organisation_settings")),
    )
    op.create_table(
        "placements",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("path", sa.Text(collation="C"), nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.text("int8range(member_id, member_id, '[]')"), "&&"),
            (sa.text("tstzrange(from_at, until_at)"), "&&"),
            using="gist",
            name="one_place_at_a_time",
        ),
        sa.CheckConstraint("until_at > from_at", name=op.f("ck_placements_period")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_placements_member_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_placements_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_placements")),
    )
    op.create_index("ix_placements_member_id", "placements", ["member_id"], unique=False)
    op.create_index(op.f("ix_placements_organisation_id"), "placements", ["organisation_id"], unique=False)
    op.create_index("ix_placements_path", "placements", ["path", "member_id"], unique=False)
    op.create_table(
        "privacy_notices",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_by", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_privacy_notices_organisation_id")
        ),
        sa.ForeignKeyConstraint(["published_by"], ["accounts.id"], name=op.f("fk_privacy_notices_published_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_privacy_notices")),
        sa.UniqueConstraint("organisation_id", "number", name=op.f("uq_privacy_notices_organisation_id_number")),
        sa.UniqueConstraint("version", name=op.f("uq_privacy_notices_version")),
    )
    op.add_column("members", sa.Column("search_text", sa.Text(), server_default="", nullable=False))
    op.add_column("members", sa.Column("phone_tail", postgresql.BYTEA(), nullable=True))
    op.add_column("members", sa.Column("birth_month", sa.Text(), nullable=True))
    op.add_column("members", sa.Column("joined_on", sa.Text(), nullable=True))
    op.add_column("members", sa.Column("tags", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False))
    op.add_column("members", sa.Column("notices_off", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False))
    op.add_column("members", sa.Column("consent_version", sa.Text(), nullable=True))
    op.add_column("members", sa.Column("archive_reason", sa.Text(), nullable=True))
    op.drop_index(op.f("uq_members_phone_index"), table_name="members", postgresql_where="(archived_at IS NULL)")
    op.create_index(
        "ix_members_name_birth_month",
        "members",
        ["name", "birth_month"],
        unique=False,
        postgresql_where=sa.text("archived_at IS NULL"),
    )
    op.create_index(
        "ix_members_phone_index",
        "members",
        ["phone_index"],
        unique=False,
        postgresql_where=sa.text("archived_at IS NULL"),
    )
    op.create_index(
        "ix_members_phone_tail",
        "members",
        ["phone_tail"],
        unique=False,
        postgresql_where=sa.text("archived_at IS NULL"),
    )
    op.add_column("organisations", sa.Column("practice", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("organisations", sa.Column("archive_reason", sa.Text(), nullable=True))
    op.add_column("organisations", sa.Column("merged_into_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_organisations_merged_into_id"), "organisations", "organisations", ["merged_into_id"], ["id"]
    )
    op.add_column("posts", sa.Column("acting", sa.Boolean(), server_default="false", nullable=False))
    op.drop_constraint(op.f("ck_posts_role"), "posts", type_="check")
    op.create_check_constraint(
        op.f("ck_posts_role"),
        "posts",
        "role IN ('leader', 'editor', 'reviewer', 'administrator', 'security_administrator', 'auditor')",
    )
    op.create_check_constraint(
        op.f("ck_members_archive_reason"),
        "members",
        "archive_reason IN ('left_party', 'deceased', 'transferred', 'removed', 'duplicate', 'other')",
    )
    op.create_check_constraint(op.f("ck_members_birth_month"), "members", "birth_month ~ '^[0-9]{4}-[0-9]{2}$'")
    op.create_check_constraint(op.f("ck_members_joined_on"), "members", "joined_on ~ '^[0-9]{4}-[0-9]{2}(-[0-9]{2})?$'")
    op.create_check_constraint(
        op.f("ck_organisations_archive_reason"), "organisations", "archive_reason IN ('merged', 'dissolved', 'other')"
    )
    op.drop_index("uq_organisations_sibling_name", table_name="organisations")
    op.create_index(
        "uq_organisations_sibling_name",
        "organisations",
        [sa.text("coalesce(parent_id, 0)"), "name"],
        unique=True,
        postgresql_where=sa.text("archived_at IS NULL"),
    )
    # The path ends with the row's own id: it is unique without a unique index, which would lock out rows that refer.
    op.drop_constraint(op.f("uq_organisations_path"), "organisations", type_="unique")
    op.create_index("ix_organisations_path", "organisations", ["path"], unique=False)
    op.drop_constraint(op.f("ck_organisations_path"), "organisations", type_="check")
    op.create_check_constraint(op.f("ck_organisations_path"), "organisations", "path ~ ('^(/[0-9]+)*/' || id || '/$')")
    _place_members()
    _keep_zones()


def _place_members() -> None:
    """Everybody has stood where they stand since they came; their names are found by pinyin from now on."""
    connection = op.get_bind()
    connection.execute(
        sa.text(
            "INSERT INTO placements (member_id, organisation_id, path, from_at, until_at) "
            "SELECT member.id, organisation.id, organisation.path, member.created_at, member.archived_at "
            "FROM members member JOIN organisations organisation ON organisation.id = member.organisation_id "
            "WHERE member.archived_at IS NULL OR member.archived_at > member.created_at"
        )
    )
    after = 0
    page = sa.text("SELECT id, name FROM members WHERE id > :after ORDER BY id LIMIT 5000")
    change = sa.text("UPDATE members SET search_text = :search WHERE id = :id")
    while rows := connection.execute(page, {"after": after}).all():
        connection.execute(change, [{"id": id_, "search": search_text(name)} for id_, name in rows])
        after = rows[-1].id


def _keep_zones() -> None:
    """Where an organisation has another zone than the one above, that is a setting of its own from now on."""
    op.get_bind().execute(
        sa.text(
            "INSERT INTO organisation_settings (organisation_id, key, value, changed_at) "
            "SELECT place.id, 'timezone', to_jsonb(place.timezone), place.created_at "
            "FROM organisations place LEFT JOIN organisations above ON above.id = place.parent_id "
            "WHERE place.timezone <> coalesce(above.timezone, 'Asia/Shanghai')"
        )
    )


def downgrade() -> None:
    # Two members who share a phone number, or a post of a new role, stand in the way: end those first.
    op.drop_constraint(op.f("ck_organisations_path"), "organisations", type_="check")
    op.create_check_constraint(op.f("ck_organisations_path"), "organisations", "path ~ '^(/[0-9]+)+/$'")
    op.drop_index("ix_organisations_path", table_name="organisations")
    op.create_unique_constraint(op.f("uq_organisations_path"), "organisations", ["path"])
    op.drop_index("uq_organisations_sibling_name", table_name="organisations")
    op.create_index(
        "uq_organisations_sibling_name", "organisations", [sa.text("coalesce(parent_id, 0)"), "name"], unique=True
    )
    for table, name in (
        ("organisations", "archive_reason"),
        ("members", "joined_on"),
        ("members", "birth_month"),
        ("members", "archive_reason"),
        ("posts", "role"),
    ):
        op.drop_constraint(op.f(f"ck_{table}_{name}"), table, type_="check")
    op.create_check_constraint(
        op.f("ck_posts_role"), "posts", "role IN ('leader', 'editor', 'reviewer', 'administrator')"
    )
    op.drop_column("posts", "acting")
    op.drop_constraint(op.f("fk_organisations_merged_into_id"), "organisations", type_="foreignkey")
    op.drop_column("organisations", "merged_into_id")
    op.drop_column("organisations", "archive_reason")
    op.drop_column("organisations", "practice")
    op.drop_index("ix_members_phone_tail", table_name="members", postgresql_where=sa.text("archived_at IS NULL"))
    op.drop_index("ix_members_phone_index", table_name="members", postgresql_where=sa.text("archived_at IS NULL"))
    op.drop_index("ix_members_name_birth_month", table_name="members", postgresql_where=sa.text("archived_at IS NULL"))
    op.create_index(
        op.f("uq_members_phone_index"),
        "members",
        ["phone_index"],
        unique=True,
        postgresql_where="(archived_at IS NULL)",
    )
    op.drop_column("members", "archive_reason")
    op.drop_column("members", "consent_version")
    op.drop_column("members", "notices_off")
    op.drop_column("members", "tags")
    op.drop_column("members", "joined_on")
    op.drop_column("members", "birth_month")
    op.drop_column("members", "phone_tail")
    op.drop_column("members", "search_text")
    op.drop_table("privacy_notices")
    op.drop_index("ix_placements_path", table_name="placements")
    op.drop_index(op.f("ix_placements_organisation_id"), table_name="placements")
    op.drop_index("ix_placements_member_id", table_name="placements")
    op.drop_table("placements")
    op.drop_table("organisation_settings")
    op.drop_index(op.f("ix_consents_member_id"), table_name="consents")
    op.drop_table("consents")
    op.drop_index("uq_binding_requests_open", table_name="binding_requests", postgresql_where=sa.text("state = 'open'"))
    op.drop_index("ix_binding_requests_member_id", table_name="binding_requests")
    op.drop_table("binding_requests")
    op.drop_index(op.f("ix_organisation_changes_organisation_id"), table_name="organisation_changes")
    op.drop_table("organisation_changes")
