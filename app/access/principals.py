"""Who is asking: read anew on each request, so that a right that has ended is gone at the next one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import BIGINT, ColumnElement, ScalarSelect, and_, any_, cast, false, func, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from app.directory.models import Account, Binding, Member, Organisation, Post, PrivacyNotice, Session, WechatUser
from app.errors import Conflict, Forbidden, Unauthenticated

STAFF_IDLE = timedelta(minutes=30)
STAFF_ABSOLUTE = timedelta(hours=12)
WECHAT_IDLE = timedelta(days=7)
WECHAT_ABSOLUTE = timedelta(days=30)


class NotBound(Conflict):
    """The WeChat user has not been tied to a member yet."""

    code = "not_bound"
    detail = "您还没有绑定党员身份。请向所在支部领取绑定码，在「绑定」页输入。"


class MemberGone(Conflict):
    """The member in use was untied or archived, and this WeChat user has another one."""

    code = "member_gone"
    detail = "当前使用的党员身份已解除绑定或已归档，请切换到本微信绑定的另一位党员。"


class ConsentNeeded(Forbidden):
    """The member has not agreed to the privacy notice that is in force."""

    code = "consent_needed"
    detail = "请先阅读并同意《个人信息保护告知书》。不同意不影响您的党员登记信息，但无法使用学习和通知功能。"


# The version of the notice that ships with the product; it holds where no organisation above has published its own.
SHIPPED_NOTICE = "shipped-1"


@dataclass(frozen=True)
class CurrentWechat:
    """A signed-in WeChat user, bound or not."""

    session_id: int
    wechat_user_id: int
    appid: str
    member_id: int | None

    @property
    def actor(self) -> str:
        """The name in the audit log."""
        return f"wechat:{self.wechat_user_id}"


@dataclass(frozen=True)
class CurrentMember:
    """A bound member: `path` is that of the member's organisation."""

    session_id: int
    wechat_user_id: int
    appid: str
    member_id: int
    organisation_id: int
    path: str
    timezone: str
    floating: bool

    @property
    def actor(self) -> str:
        """The name in the audit log."""
        return f"member:{self.member_id}"


@dataclass(frozen=True)
class HeldPost:
    """A role in an organisation, in force now."""

    role: str
    organisation_id: int
    path: str


@dataclass(frozen=True)
class CurrentStaff:
    """A signed-in member of staff with the posts in force."""

    session_id: int
    account_id: int
    name: str
    posts: tuple[HeldPost, ...]

    @property
    def actor(self) -> str:
        """The name in the audit log."""
        return f"account:{self.account_id}"

    def paths(self, *roles: str) -> list[str]:
        """The paths of the organisations in which one of `roles` is held."""
        return [post.path for post in self.posts if post.role in roles]

    def holds(self, *roles: str) -> bool:
        """Whether one of `roles` is held anywhere."""
        return bool(self.paths(*roles))


def within(column: InstrumentedAttribute[str], paths: list[str]) -> ColumnElement[bool]:
    """The SQL of "in the subtree of one of `paths`"; a trailing slash keeps `/1/` from matching `/10/`."""
    return or_(false(), *(column.like(f"{path}%") for path in paths))


def below(organisation: Organisation) -> ColumnElement[bool]:
    """The SQL of "in the subtree of this one": made-up people and real ones are never shown or counted together."""
    return and_(within(Organisation.path, [organisation.path]), Organisation.practice.is_(organisation.practice))


def ancestors(path: str) -> list[int]:
    """The ids on a path, the organisation's own last."""
    return [int(part) for part in path.strip("/").split("/")]


def token_digest(token: str) -> bytes:
    """What is kept of a session token."""
    return sha256(token.encode()).digest()


async def _touch(
    session: AsyncSession, row: Session, now: datetime, idle: timedelta, *, watching: bool = False
) -> None:
    if row.seen_at + idle <= now or row.expires_at <= now:
        raise Unauthenticated
    if not watching and row.seen_at + idle / 10 <= now:
        await session.execute(update(Session).where(Session.id == row.id).values(seen_at=now))


async def _living_session(session: AsyncSession, token: str) -> Session:
    statement = select(Session).where(Session.token_digest == token_digest(token), Session.revoked_at.is_(None))
    row = await session.scalar(statement)
    if row is None:
        raise Unauthenticated
    return row


async def get_staff(session: AsyncSession, token: str, now: datetime, *, watching: bool = False) -> CurrentStaff:
    """The member of staff of this token with the posts in force at `now`; raises `Unauthenticated`.

    A page that is only `watching` does not keep the session from ending when nobody uses it.
    """
    row = await _living_session(session, token)
    await _touch(session, row, now, STAFF_IDLE, watching=watching)
    account = await session.get(Account, row.account_id) if row.account_id else None
    if account is None or account.disabled_at is not None:
        raise Unauthenticated
    in_force = and_(Post.from_at <= now, or_(Post.until_at.is_(None), Post.until_at > now))
    posts = await session.execute(
        select(Post.role, Post.organisation_id, Organisation.path)
        .join(Organisation, Organisation.id == Post.organisation_id)
        .where(Post.account_id == account.id, in_force, Organisation.archived_at.is_(None))
        .order_by(Post.id)
    )
    return CurrentStaff(row.id, account.id, account.name, tuple(HeldPost(*post) for post in posts))


async def get_wechat(session: AsyncSession, token: str, now: datetime) -> CurrentWechat:
    """The WeChat user of this token; raises `Unauthenticated`."""
    row = await _living_session(session, token)
    await _touch(session, row, now, WECHAT_IDLE)
    user = await session.get(WechatUser, row.wechat_user_id) if row.wechat_user_id else None
    if user is None:
        raise Unauthenticated
    return CurrentWechat(row.id, user.id, user.appid, row.member_id)


def lineage() -> ColumnElement[Sequence[int]]:
    """The SQL of the ids on the path of an `Organisation` of the query, its own last."""
    return cast(func.string_to_array(func.btrim(Organisation.path, "/"), "/"), ARRAY(BIGINT))


def notice_in_force() -> ScalarSelect[str]:
    """The SQL of the version that an `Organisation` of the query is under: the nearest one's newest, or the shipped."""
    places = lineage()
    published = (
        select(PrivacyNotice.version)
        .where(PrivacyNotice.organisation_id == any_(places))
        .order_by(func.array_position(places, PrivacyNotice.organisation_id).desc(), PrivacyNotice.number.desc())
        .limit(1)
        .correlate(Organisation)
        .scalar_subquery()
    )
    return select(func.coalesce(published, SHIPPED_NOTICE)).correlate(Organisation).scalar_subquery()


async def get_member(session: AsyncSession, token: str, now: datetime, *, consented: bool = True) -> CurrentMember:
    """The member in use of this token, who has `consented` unless that is about to be asked.

    Raises `Unauthenticated`, `NotBound` where there is none, `MemberGone` where there is another, or `ConsentNeeded`.
    """
    wechat = await get_wechat(session, token, now)
    found = await session.execute(
        select(
            Member.id,
            Member.organisation_id,
            Organisation.path,
            Organisation.timezone,
            Member.roster,
            Member.consent_version,
            notice_in_force(),
        )
        .join(Organisation, Organisation.id == Member.organisation_id)
        .join(Binding, and_(Binding.member_id == Member.id, Binding.ended_at.is_(None)))
        .where(
            Member.id == wechat.member_id,
            Member.archived_at.is_(None),
            Binding.wechat_user_id == wechat.wechat_user_id,
        )
    )
    row = found.first()
    if row is None:
        raise MemberGone if await _has_another(session, wechat.wechat_user_id) else NotBound
    if consented and row[5] != row[6]:
        raise ConsentNeeded
    return CurrentMember(
        wechat.session_id, wechat.wechat_user_id, wechat.appid, row[0], row[1], row[2], row[3], row[4] == "floating"
    )


async def _has_another(session: AsyncSession, wechat_user_id: int) -> bool:
    other = (
        select(Binding.id)
        .join(Member, Member.id == Binding.member_id)
        .where(Binding.wechat_user_id == wechat_user_id, Binding.ended_at.is_(None), Member.archived_at.is_(None))
    )
    return await session.scalar(other.limit(1)) is not None
