"""Who there is: organisations, members, accounts, posts, sessions and what binds them. Models only."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base, Id, Path

ORGANISATION_KINDS = ("committee", "general_branch", "branch", "group")
STAGES = ("applicant", "activist", "development_target", "probationary_member", "full_member")
ROSTERS = ("in_service", "no_post", "floating")
ROLES = ("leader", "editor", "reviewer", "administrator", "security_administrator", "auditor")
# Why somebody is no longer on a roster, and why an organisation is no longer there.
MEMBER_ARCHIVE_REASONS = ("left_party", "deceased", "transferred", "removed", "duplicate", "other")
ORGANISATION_ARCHIVE_REASONS = ("merged", "dissolved", "other")
MONTH = "^[0-9]{4}-[0-9]{2}$"
BINDING_REQUEST_STATES = ("open", "approved", "refused")
DAY_OR_MONTH = "^[0-9]{4}-[0-9]{2}(-[0-9]{2})?$"


def one_of(column: str, values: tuple[str, ...]) -> str:
    """The SQL of a check that `column` holds one of `values`."""
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


class Organisation(Base):
    """A node of the tree. `path` is `/1/4/17/`: its ancestors' ids and its own, the one representation of the tree."""

    __tablename__ = "organisations"
    __table_args__ = (
        CheckConstraint(one_of("kind", ORGANISATION_KINDS), name="kind"),
        # It ends with the row's own id, so it is unique; a unique index besides would make moving the organisation
        # wait for whoever inserts a row that refers to it, and the reverse.
        CheckConstraint("path ~ ('^(/[0-9]+)*/' || id || '/$')", name="path"),
        CheckConstraint(one_of("archive_reason", ORGANISATION_ARCHIVE_REASONS), name="archive_reason"),
        Index("ix_organisations_path", "path"),
        Index(
            "uq_organisations_sibling_name",
            text("coalesce(parent_id, 0)"),
            "name",
            unique=True,
            postgresql_where=text("archived_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    path: Mapped[Path]
    kind: Mapped[str]
    name: Mapped[str]
    # What the settings of the tree resolve to, kept here because nearly every query needs it.
    timezone: Mapped[str] = mapped_column(server_default="Asia/Shanghai")
    # A practice organisation (演练) and all below it: nothing goes outside, and no figure of others counts it.
    practice: Mapped[bool] = mapped_column(server_default="false")
    created_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]
    archive_reason: Mapped[str | None]
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))


class OrganisationChange(Base):
    """What happened to an organisation, from when on, and as it was before and after."""

    __tablename__ = "organisation_changes"

    id: Mapped[Id]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    # created, renamed, moved, merged, split, archived, restored
    kind: Mapped[str]
    effective_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    actor: Mapped[str]
    before: Mapped[dict[str, object]] = mapped_column(JSONB)
    after: Mapped[dict[str, object]] = mapped_column(JSONB)


class OrganisationSetting(Base):
    """A setting as one organisation has set it, for itself and for all below that do not set it themselves."""

    __tablename__ = "organisation_settings"

    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[object] = mapped_column(JSONB)
    changed_at: Mapped[datetime]
    changed_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))


class Member(Base):
    """A person of the roster; with an `exempt_reason` (《党员教育管理工作条例》 article 23) in no denominator."""

    __tablename__ = "members"
    __table_args__ = (
        CheckConstraint(one_of("stage", STAGES), name="stage"),
        CheckConstraint(one_of("roster", ROSTERS), name="roster"),
        CheckConstraint(one_of("archive_reason", MEMBER_ARCHIVE_REASONS), name="archive_reason"),
        CheckConstraint(f"birth_month ~ '{MONTH}'", name="birth_month"),
        CheckConstraint(f"joined_on ~ '{DAY_OR_MONTH}'", name="joined_on"),
        Index("ix_members_organisation_id", "organisation_id", "id"),
        # Not unique: a family shares a phone, and the import asks before it lets two members have one number.
        Index("ix_members_phone_index", "phone_index", postgresql_where=text("archived_at IS NULL")),
        Index("ix_members_phone_tail", "phone_tail", postgresql_where=text("archived_at IS NULL")),
        Index("ix_members_name_birth_month", "name", "birth_month", postgresql_where=text("archived_at IS NULL")),
    )

    id: Mapped[Id]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    name: Mapped[str]
    # The name, its pinyin and the initials of that, a line each: see `app.directory.names`.
    search_text: Mapped[str] = mapped_column(server_default="")
    phone_cipher: Mapped[bytes | None]
    # Keyed digests: of the whole number, and of its last four digits, by which people are looked up.
    phone_index: Mapped[bytes | None]
    phone_tail: Mapped[bytes | None]
    stage: Mapped[str]
    roster: Mapped[str]
    exempt_reason: Mapped[str | None]
    # `1985-07`; and when the person joined, to the day or to the month.
    birth_month: Mapped[str | None]
    joined_on: Mapped[str | None]
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    # Kinds of notices that the member does not want (《个人信息保护法》 article 24).
    notices_off: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    # Adapters in the order that the member wants to be reached by; those not named come after them.
    channels_wanted: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    # The member's own quiet hours, HH:MM each; the organisation's where none are set.
    quiet_from: Mapped[str | None]
    quiet_until: Mapped[str | None]
    # The version of the privacy notice that the member has agreed to and not taken back.
    consent_version: Mapped[str | None]
    created_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]
    archive_reason: Mapped[str | None]


class Placement(Base):
    """Where a member stood from one time until another: what is earned meanwhile stays there.

    `path` is that of the organisation at the time, so that a week is counted in the tree as it was. Nobody is in two
    places at once: the database itself refuses it.
    """

    __tablename__ = "placements"
    __table_args__ = (
        CheckConstraint("until_at > from_at", name="period"),
        ExcludeConstraint(
            (text("int8range(member_id, member_id, '[]')"), "&&"),
            (text("tstzrange(from_at, until_at)"), "&&"),
            name="one_place_at_a_time",
            using="gist",
        ),
        Index("ix_placements_member_id", "member_id"),
        Index("ix_placements_path", "path", "member_id"),
    )

    id: Mapped[Id]
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    path: Mapped[Path]
    from_at: Mapped[datetime]
    until_at: Mapped[datetime | None]


class Account(Base):
    """A member of staff who signs in with a password."""

    __tablename__ = "accounts"

    id: Mapped[Id]
    login: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    password_hash: Mapped[str]
    # Who gave the account its first password, or a new one, and so may know it; None: an operator at the machine.
    password_from: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    # The organisation that manages the account, not the one that its posts are in.
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class Post(Base):
    """A role that an account holds in an organisation and its subtree, from and until given times."""

    __tablename__ = "posts"
    __table_args__ = (CheckConstraint(one_of("role", ROLES), name="role"), Index("ix_posts_account_id", "account_id"))

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    role: Mapped[str]
    # 代理: holds the post for another for the time being.
    acting: Mapped[bool] = mapped_column(server_default="false")
    from_at: Mapped[datetime]
    until_at: Mapped[datetime | None]


class WechatUser(Base):
    """A WeChat user as one mini-program sees them: the openid differs from one appid to the next."""

    __tablename__ = "wechat_users"
    __table_args__ = (
        UniqueConstraint("appid", "openid"),
        Index("ix_wechat_users_unionid", "unionid", postgresql_where=text("unionid IS NOT NULL")),
    )

    id: Mapped[Id]
    appid: Mapped[str]
    openid: Mapped[str]
    unionid: Mapped[str | None]
    created_at: Mapped[datetime]


class Binding(Base):
    """Ties a WeChat user to a member of the roster, until it is ended."""

    __tablename__ = "bindings"
    __table_args__ = (
        # A member is bound to one WeChat user of a mini-program at a time; one user may hold several members.
        Index("uq_bindings_member", "member_id", unique=True, postgresql_where=text("ended_at IS NULL")),
        Index("ix_bindings_member_id", "member_id"),
        Index("ix_bindings_wechat_user_id", "wechat_user_id", postgresql_where=text("ended_at IS NULL")),
    )

    id: Mapped[Id]
    wechat_user_id: Mapped[int] = mapped_column(ForeignKey("wechat_users.id"))
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"))
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class BindingSlip(Base):
    """A one-use code that a leader hands out; only its keyed digest is kept."""

    __tablename__ = "binding_slips"
    __table_args__ = (
        # Eight digits come round again over the years: only codes that still work must differ.
        Index(
            "uq_binding_slips_living",
            "code_digest",
            unique=True,
            postgresql_where=text("used_at IS NULL AND voided_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    code_digest: Mapped[bytes]
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"), index=True)
    issued_by: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    voided_at: Mapped[datetime | None]


class BindingRequest(Base):
    """A binding that needs a leader's word: the phone number is on the roster, but not of one free member."""

    __tablename__ = "binding_requests"
    __table_args__ = (
        CheckConstraint(one_of("state", BINDING_REQUEST_STATES), name="state"),
        Index(
            "uq_binding_requests_open",
            "wechat_user_id",
            "member_id",
            unique=True,
            postgresql_where=text("state = 'open'"),
        ),
        Index("ix_binding_requests_member_id", "member_id"),
    )

    id: Mapped[Id]
    wechat_user_id: Mapped[int] = mapped_column(ForeignKey("wechat_users.id"))
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"))
    # already_bound: somebody else's WeChat holds the member; shared_phone: several members have this number.
    reason: Mapped[str]
    state: Mapped[str]
    created_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))


class PrivacyNotice(Base):
    """A version of the privacy notice for an organisation and its subtree; the newest of the nearest one holds."""

    __tablename__ = "privacy_notices"
    __table_args__ = (UniqueConstraint("organisation_id", "number"),)

    id: Mapped[Id]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    number: Mapped[int]
    # `{organisation}-{number}`, as the members' consents name it.
    version: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    body: Mapped[str]
    published_at: Mapped[datetime]
    published_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))


class Consent(Base):
    """What a member said to a version of the privacy notice; the newest word holds."""

    __tablename__ = "consents"

    id: Mapped[Id]
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"), index=True)
    version: Mapped[str]
    accepted: Mapped[bool]
    wechat_user_id: Mapped[int] = mapped_column(ForeignKey("wechat_users.id"))
    at: Mapped[datetime]


class Session(Base):
    """A sign-in: of an account (staff) or of a WeChat user, of whom `member_id` is the member in use."""

    __tablename__ = "sessions"
    __table_args__ = (
        CheckConstraint("(account_id IS NULL) <> (wechat_user_id IS NULL)", name="one_holder"),
        Index("ix_sessions_account_id", "account_id", postgresql_where=text("revoked_at IS NULL")),
        Index("ix_sessions_wechat_user_id", "wechat_user_id", postgresql_where=text("revoked_at IS NULL")),
        Index("ix_sessions_member_id", "member_id", postgresql_where=text("member_id IS NOT NULL")),
    )

    id: Mapped[Id]
    token_digest: Mapped[bytes] = mapped_column(unique=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    wechat_user_id: Mapped[int | None] = mapped_column(ForeignKey("wechat_users.id"))
    member_id: Mapped[int | None] = mapped_column(ForeignKey("members.id"))
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class SignInTry(Base):
    """A failed or running try, counted by login, address or WeChat user: limits hold over all processes."""

    __tablename__ = "sign_in_tries"
    __table_args__ = (Index("ix_sign_in_tries_key_at", "key", "at"),)

    id: Mapped[Id]
    key: Mapped[str]
    at: Mapped[datetime]
