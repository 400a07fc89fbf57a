"""Organisations that come to an end, in another one or for good, and how they are brought back."""

from datetime import datetime

from sqlalchemy import Select, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.duties import are_duties_separate
from app.access.principals import CurrentStaff, within
from app.directory.models import Account, Member, Organisation, Post
from app.errors import Conflict, NotFound
from app.organisations.effective import effective_at
from app.organisations.locks import lock_tree
from app.organisations.placing import place_members
from app.organisations.posts.duties import check_separation_kept
from app.organisations.practice.service import PracticeExists, find_practice
from app.organisations.service import find_organisation
from app.organisations.settings.resolved import resolve_timezones
from app.organisations.tree.changes import after_moves, move_paths, record_change, record_handing_over
from app.organisations.tree.moving import TopOfTree, check_apart, settle
from app.organisations.tree.schemas import MergerIn, OrganisationArchiveIn
from app.organisations.tree.service import RESTORABLE, NameTaken, find_with_parent, flush_names


class KindDiffers(Conflict):
    """Only like is merged with like."""

    code = "kind_differs"
    detail = "只有同一类别的党组织才能合并，例如党支部并入党支部。"


class NotEmpty(Conflict):
    """Somebody would be left behind."""

    code = "not_empty"


class NotArchived(Conflict):
    """There is nothing to restore."""

    code = "not_archived"
    detail = "该党组织没有撤销，无需恢复。"


class ParentArchived(Conflict):
    """There is nothing to stand under."""

    code = "parent_archived"
    detail = "原上级党组织已撤销，请先恢复上级，再恢复该党组织。"


class TooLateToRestore(Conflict):
    """After 30 days nobody counts on it any more."""

    code = "too_late_to_restore"
    detail = "撤销已超过 30 天，不能恢复。请重新新建该党组织。"


async def merge_organisation(
    session: AsyncSession, staff: CurrentStaff, organisation_id: int, body: MergerIn, now: datetime
) -> tuple[Organisation, Organisation]:
    """Has members, subordinates and accounts of an organisation go over to another one, and archives it: both of them.

    Its posts end now; binding slips of its members go on being valid, and what it has written stays its own, where
    editors of its superiors reach it. Weeks before stay with it.

    Raises `NotFound`, `TopOfTree`, `IntoItself`, `PracticeBoundary`, `KindDiffers`, `NameTaken`, `DateInFuture`,
    `TooEarly`, and what `check_separation_kept` does.
    """
    await lock_tree(session)
    organisation, parent = await find_with_parent(session, staff, organisation_id)
    into = await find_organisation(session, body.into_id, staff.paths("administrator"))
    if parent is None:
        raise TopOfTree
    check_apart(organisation, into)
    if into.kind != organisation.kind:
        raise KindDiffers
    await _check_names(session, organisation, into)
    at = effective_at(body.effective_on, into.timezone, now)
    at = await after_moves(session, organisation.path, into.id, at)
    was_separate = await are_duties_separate(session, organisation.id)
    await _end_posts(session, organisation, staff.actor, now)
    of_it = Account.organisation_id == organisation.id
    await session.execute(update(Account).where(of_it).values(organisation_id=into.id))
    ids = list(await session.scalars(_members(organisation).order_by(Member.id)))
    await place_members(session, ids, into.id, at)
    organisation.archived_at, organisation.archive_reason, organisation.merged_into_id = now, "merged", into.id
    await session.flush()
    await session.execute(
        update(Organisation)
        .where(Organisation.parent_id == organisation.id)
        .values(parent_id=into.id)
        .execution_options(synchronize_session=False)
    )
    await move_paths(session, staff.actor, organisation.path, into.path, itself=False, at=at, now=now)
    await settle(session, into.path, at)
    await session.refresh(into)
    await check_separation_kept(session, was_separate, into, now)
    record_handing_over(session, staff.actor, "merged", organisation, into, len(ids), at=at, now=now)
    return organisation, into


async def _check_names(session: AsyncSession, organisation: Organisation, into: Organisation) -> None:
    """Raises `NameTaken`, naming the subordinates that have a namesake there."""
    there = select(Organisation.name).where(
        Organisation.parent_id == into.id, Organisation.archived_at.is_(None), Organisation.id != organisation.id
    )
    statement = select(Organisation.name).where(
        Organisation.parent_id == organisation.id, Organisation.archived_at.is_(None), Organisation.name.in_(there)
    )
    taken = list(await session.scalars(statement.order_by(Organisation.name)))
    if taken:
        names = "、".join(f"「{name}」" for name in taken)
        raise NameTaken(f"两个党组织都有下级{names}，请先改名或合并这些下级，再合并上级。")


async def _end_posts(session: AsyncSession, organisation: Organisation, actor: str, now: datetime) -> None:
    """Ends the posts in an organisation, those to come as well."""
    posts = await session.scalars(
        select(Post)
        .where(Post.organisation_id == organisation.id, or_(Post.until_at.is_(None), Post.until_at > now))
        .order_by(Post.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    for post in posts.all():
        post.until_at = now
        audit.record(
            session, actor, "post.ended", "post", post.id,
            now=now, organisation_id=organisation.id, account_id=post.account_id, role=post.role,
        )  # fmt: skip


async def archive_organisation(
    session: AsyncSession, staff: CurrentStaff, organisation_id: int, body: OrganisationArchiveIn, now: datetime
) -> Organisation:
    """Takes an organisation in which nobody is left out of the tree; its posts end now.

    Raises `NotFound`, `TopOfTree`, `NotEmpty`, `DateInFuture` or `TooEarly`.
    """
    await lock_tree(session)
    organisation, parent = await find_with_parent(session, staff, organisation_id)
    if parent is None:
        raise TopOfTree
    await _check_empty(session, organisation)
    at = effective_at(body.effective_on, organisation.timezone, now)
    at = await after_moves(session, organisation.path, parent.id, at)
    await _end_posts(session, organisation, staff.actor, now)
    organisation.archived_at, organisation.archive_reason = now, body.reason
    record_change(session, staff.actor, organisation, "archived", at=at, now=now, after={"reason": body.reason})
    return organisation


async def _check_empty(session: AsyncSession, organisation: Organisation) -> None:
    members = await session.scalar(select(func.count()).select_from(_members(organisation).subquery()))
    children = await session.scalar(
        select(func.count())
        .select_from(Organisation)
        .where(Organisation.parent_id == organisation.id, Organisation.archived_at.is_(None))
    )
    if members or children:
        raise NotEmpty(
            f"该党组织还有 {members} 名党员、{children} 个下级党组织，不能撤销。"
            "请先转出党员、调整下级，或改用「合并」，由另一个党组织接收。"
        )


def _members(organisation: Organisation) -> Select[int]:
    return select(Member.id).where(Member.organisation_id == organisation.id, Member.archived_at.is_(None))


async def restore_organisation(
    session: AsyncSession, staff: CurrentStaff, organisation_id: int, now: datetime
) -> Organisation:
    """Brings an archived organisation back within 30 days, empty and without posts: who went elsewhere stays there.

    Raises `NotFound`, `NotArchived`, `TooLateToRestore`, `ParentArchived`, `PracticeExists` or `NameTaken`.
    """
    await lock_tree(session)
    paths = staff.paths("administrator")
    organisation = await session.scalar(
        select(Organisation).where(Organisation.id == organisation_id, within(Organisation.path, paths))
    )
    if organisation is None:
        raise NotFound
    parent = await session.scalar(
        select(Organisation).where(Organisation.id == organisation.parent_id, within(Organisation.path, paths))
    )
    if parent is None:
        raise NotFound
    if organisation.archived_at is None:
        raise NotArchived
    if organisation.archived_at <= now - RESTORABLE:
        raise TooLateToRestore
    if parent.archived_at is not None:
        raise ParentArchived
    if organisation.practice and not parent.practice and await find_practice(session, parent) is not None:
        raise PracticeExists
    # One that was given while the organisation was being archived would come back with it.
    await _end_posts(session, organisation, staff.actor, now)
    organisation.archived_at = organisation.archive_reason = organisation.merged_into_id = None
    await flush_names(session)
    # The superiors' may have changed meanwhile.
    await resolve_timezones(session, organisation.path)
    await session.refresh(organisation)
    record_change(session, staff.actor, organisation, "restored", at=now, now=now)
    return organisation
