"""Who there is: organisations, members, accounts, posts, sessions and what binds them. Models only."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base, Id, Path

ORGANISATION_KINDS = ("committee", "general_branch", "branch", "group")
STAGES = ("applicant", "activist", "development_target", "probationary_member", "full_member")
ROSTERS = ("in_service", "no_post", "floating")
ROLES = ("leader", "editor", "reviewer", "administrator")


def one_of(column: str, values: tuple[str, ...]) -> str:
    """The SQL of a check that `column` holds one of `values`."""
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


class Organisation(Base):
    """A node of the tree. `path` is `/1/4/17/`: its ancestors' ids and its own, the one representation of the tree."""

    __tablename__ = "organisations"
    __table_args__ = (
        CheckConstraint(one_of("kind", ORGANISATION_KINDS), name="kind"),
        CheckConstraint("path ~ '^(/[0-9]+)+/$'", name="path"),
        UniqueConstraint("path"),
        Index("uq_organisations_sibling_name", text("coalesce(parent_id, 0)"), "name", unique=True),
    )

    id: Mapped[Id]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    path: Mapped[Path]
    kind: Mapped[str]
    name: Mapped[str]
    timezone: Mapped[str] = mapped_column(server_default="Asia/Shanghai")
    created_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]


class Member(Base):
    """A person of the roster; with an `exempt_reason` (《党员教育管理工作条例》 article 23) in no denominator."""

    __tablename__ = "members"
    __table_args__ = (
        CheckConstraint(one_of("stage", STAGES), name="stage"),
        CheckConstraint(one_of("roster", ROSTERS), name="roster"),
        Index("ix_members_organisation_id", "organisation_id", "id"),
        Index("uq_members_phone_index", "phone_index", unique=True, postgresql_where=text("archived_at IS NULL")),
    )

    id: Mapped[Id]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    name: Mapped[str]
    phone_cipher: Mapped[bytes | None]
    phone_index: Mapped[bytes | None]
    stage: Mapped[str]
    roster: Mapped[str]
    exempt_reason: Mapped[str | None]
    created_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]


class Account(Base):
    """A member of staff who signs in with a password."""

    __tablename__ = "accounts"

    id: Mapped[Id]
    login: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    password_hash: Mapped[str]
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
    from_at: Mapped[datetime]
    until_at: Mapped[datetime | None]


class WechatUser(Base):
    """A WeChat user as one mini-program sees them: the openid differs from one appid to the next."""

    __tablename__ = "wechat_users"
    __table_args__ = (UniqueConstraint("appid", "openid"),)

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


class Session(Base):
    """A sign-in: of an account (staff) or of a WeChat user, of whom `member_id` is the member in use."""

    __tablename__ = "sessions"
    __table_args__ = (
        CheckConstraint("(account_id IS NULL) <> (wechat_user_id IS NULL)", name="one_holder"),
        Index("ix_sessions_account_id", "account_id", postgresql_where=text("revoked_at IS NULL")),
        Index("ix_sessions_wechat_user_id", "wechat_user_id", postgresql_where=text("revoked_at IS NULL")),
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
