"""Posts given, prolonged, handed over and ended; what they allow begins and ends with the next request."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.duties import KEEPERS_OF_POSTS, check_keeps_posts
from app.access.principals import CurrentStaff
from app.directory.models import Account, Organisation, Post
from app.errors import Conflict, Invalid
from app.organisations.accounts import find_account
from app.organisations.locks import hold_tree
from app.organisations.posts.duties import check_apart, check_not_own, check_password_unknown
from app.organisations.posts.queries import find_post, shown
from app.organisations.posts.rules import check_others_remain, overlaps
from app.organisations.posts.schemas import HandoverIn, HeldPostOut, PostIn
from app.organisations.service import find_organisation


class BadPeriod(Invalid):
    """A post that would never be in force."""

    code = "bad_period"
    detail = "任期的结束时间应晚于开始时间，也应晚于现在，请修改。"


class ActingNeedsEnd(Invalid):
    """Nobody acts for another for good."""

    code = "acting_needs_end"
    detail = "代理职务应有结束时间，请填写。"


class PostExists(Conflict):
    """The account has this role there already."""

    code = "post_exists"
    detail = "该账号在这个党组织已有同一职务，且任期重叠，无需重复添加。"


class PostOver(Conflict):
    """It has ended, and with it its rights."""

    code = "post_over"
    detail = "该职务已经结束。如需继续，请重新任命。"


class AccountDisabled(Conflict):
    """Nobody would be there to take over."""

    code = "account_disabled"
    detail = "接任人的账号已停用，请先启用该账号，或另选接任人。"


class PracticeBoundary(Conflict):
    """Who trains does not act on real people."""

    code = "practice_boundary"
    detail = "演练账号只能在演练党组织中任职，请另选账号。"


def check_period(begins: datetime, ends: datetime | None, acting: bool, now: datetime) -> None:
    """Raises `BadPeriod` or `ActingNeedsEnd`."""
    if ends is None:
        if acting:
            raise ActingNeedsEnd
    elif ends <= max(begins, now):
        raise BadPeriod


async def create_post(
    session: AsyncSession,
    *,
    account_id: int,
    organisation_id: int,
    role: str,
    actor: str,
    now: datetime,
    from_at: datetime | None = None,
    until_at: datetime | None = None,
    acting: bool = False,
) -> Post:
    """Gives an account a role from `from_at` (now) until `until_at` (no end).

    Raises `BadPeriod`, `ActingNeedsEnd` or `PostExists`.
    """
    begins = from_at or now
    check_period(begins, until_at, acting, now)
    post = Post(
        account_id=account_id,
        organisation_id=organisation_id,
        role=role,
        acting=acting,
        from_at=begins,
        until_at=until_at,
    )
    await _check_free(session, post)
    session.add(post)
    await session.flush()
    audit.record(
        session, actor, "post.created", "post", post.id,
        now=now, organisation_id=organisation_id, account_id=account_id, role=role, acting=acting,
        from_at=begins.isoformat(), until_at=until_at.isoformat() if until_at else None,
    )  # fmt: skip
    return post


async def _check_free(session: AsyncSession, post: Post) -> None:
    """Raises `PostExists` where the account holds the same role in the same place at some time of the post."""
    # One appointment of an account at a time, so that two of them cannot both find it free.
    await session.execute(select(Account.id).where(Account.id == post.account_id).with_for_update())
    same = select(Post.id).where(
        Post.account_id == post.account_id,
        Post.organisation_id == post.organisation_id,
        Post.role == post.role,
        overlaps(post.from_at, post.until_at),
    )
    if post.id is not None:
        same = same.where(Post.id != post.id)
    if await session.scalar(same.limit(1)) is not None:
        raise PostExists


async def appoint(session: AsyncSession, staff: CurrentStaff, body: PostIn, now: datetime) -> HeldPostOut:
    """A post for an account in reach in an organisation in reach.

    Raises `NotFound`, `DutiesSeparated`, `OwnPost`, `PracticeBoundary`, `DutiesConflict`, `PasswordKnown`, and what
    `create_post` does.
    """
    await hold_tree(session)
    organisation = await find_organisation(session, body.organisation_id, staff.paths(*KEEPERS_OF_POSTS))
    await check_keeps_posts(session, staff, organisation)
    account = await find_account(session, body.account_id, staff)
    post = await _appoint(
        session, staff, account, organisation, body.role, body.from_at or now, body.until_at, body.acting, now
    )
    return shown(post, account.name, organisation.name)


async def _appoint(
    session: AsyncSession,
    staff: CurrentStaff,
    account: Account,
    organisation: Organisation,
    role: str,
    begins: datetime,
    ends: datetime | None,
    acting: bool,
    now: datetime,
) -> Post:
    await check_not_own(session, staff, account.id, organisation)
    trains = select(Organisation.practice).where(Organisation.id == account.organisation_id)
    if await session.scalar(trains) and not organisation.practice:
        raise PracticeBoundary
    check_period(begins, ends, acting, now)
    await check_apart(session, account, role, organisation, begins, ends)
    await check_password_unknown(session, staff, account, role, organisation)
    return await create_post(
        session,
        account_id=account.id,
        organisation_id=organisation.id,
        role=role,
        actor=staff.actor,
        now=now,
        from_at=begins,
        until_at=ends,
        acting=acting,
    )


async def prolong_post(
    session: AsyncSession, staff: CurrentStaff, post_id: int, until_at: datetime | None, now: datetime
) -> HeldPostOut:
    """Has a post end later or earlier than it would.

    Raises `NotFound`, `DutiesSeparated`, `OwnPost`, `PostOver`, `BadPeriod`, `ActingNeedsEnd`, `PostExists`,
    `DutiesConflict`, `LastAdministrator` or `LastSecurityAdministrator`.
    """
    post, account, organisation = await _locked(session, staff, post_id)
    if post.until_at is not None and post.until_at <= now:
        raise PostOver
    check_period(post.from_at, until_at, post.acting, now)
    later = post.until_at is not None and (until_at is None or until_at > post.until_at)
    before, post.until_at = post.until_at, until_at
    await session.flush()
    if later:
        await check_not_own(session, staff, account.id, organisation)
        await _check_free(session, post)
        await check_apart(session, account, post.role, organisation, post.from_at, until_at)
    elif until_at is not None:
        await check_others_remain(session, post.role, organisation.id, Post.id != post.id, until_at)
    audit.record(
        session, staff.actor, "post.changed", "post", post.id,
        now=now, organisation_id=organisation.id, account_id=account.id, role=post.role,
        before=before.isoformat() if before else None, until_at=until_at.isoformat() if until_at else None,
    )  # fmt: skip
    return shown(post, account.name, organisation.name)


async def hand_over(
    session: AsyncSession, staff: CurrentStaff, post_id: int, body: HandoverIn, now: datetime
) -> tuple[Post, HeldPostOut]:
    """Ends a post and begins that of the successor at the same moment; gives both, the new one as it is shown.

    Raises `NotFound`, `PostOver`, `BadPeriod` (also for a moment in the past), `AccountDisabled`, `LastAdministrator`,
    `LastSecurityAdministrator`, and what `appoint` does.
    """
    post, holder, organisation = await _locked(session, staff, post_id)
    at = body.from_at or now
    if post.until_at is not None and post.until_at <= now:
        raise PostOver
    if at < max(now, post.from_at) or (post.until_at is not None and post.until_at < at):
        raise BadPeriod("交接时间应在现在之后、原职务的任期之内，请修改。")
    successor = await find_account(session, body.to_account_id, staff)
    if successor.disabled_at is not None:
        raise AccountDisabled
    post.until_at = at
    await session.flush()
    new = await _appoint(session, staff, successor, organisation, post.role, at, body.until_at, body.acting, now)
    await check_others_remain(session, post.role, organisation.id, Post.id != post.id, at)
    audit.record(
        session, staff.actor, "post.handed_over", "post", post.id,
        now=now, organisation_id=organisation.id, role=post.role, at=at.isoformat(), new_post_id=new.id,
        from_account_id=holder.id, to_account_id=successor.id,
    )  # fmt: skip
    return post, shown(new, successor.name, organisation.name)


async def _locked(session: AsyncSession, staff: CurrentStaff, post_id: int) -> tuple[Post, Account, Organisation]:
    """The post held against others who would change it; raises `NotFound` or `DutiesSeparated`."""
    await hold_tree(session)
    await session.execute(select(Post.id).where(Post.id == post_id).with_for_update())
    post, account, organisation = await find_post(session, staff, post_id)
    await check_keeps_posts(session, staff, organisation)
    return post, account, organisation


async def end_post(session: AsyncSession, staff: CurrentStaff, post_id: int, now: datetime) -> None:
    """Ends a post now, once.

    Raises `NotFound`, `DutiesSeparated`, `LastAdministrator` or `LastSecurityAdministrator`.
    """
    post, _, organisation = await _locked(session, staff, post_id)
    if post.until_at is not None and post.until_at <= now:
        return
    # One that has not begun may be what the next handover rests on.
    await check_others_remain(session, post.role, organisation.id, Post.id != post.id, max(now, post.from_at))
    post.until_at = now
    audit.record(
        session, staff.actor, "post.ended", "post", post.id,
        now=now, organisation_id=organisation.id, account_id=post.account_id, role=post.role,
    )  # fmt: skip
