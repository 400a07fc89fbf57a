"""Organisations under another superior, and members under a new organisation of their own."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.duties import are_duties_separate
from app.access.principals import CurrentStaff
from app.directory.models import Member, Organisation
from app.errors import Conflict, NotFound
from app.organisations.effective import effective_at
from app.organisations.locks import lock_tree
from app.organisations.placing import follow_tree, place_members
from app.organisations.posts.duties import check_separation_kept
from app.organisations.service import find_organisation
from app.organisations.settings.resolved import copy_settings, resolve_timezones
from app.organisations.tree.changes import after_moves, move_paths, record_handing_over
from app.organisations.tree.schemas import OrganisationMoveIn, SplitIn
from app.organisations.tree.service import (
    PracticeBoundary,
    add_organisation,
    check_parent,
    find_with_parent,
    flush_names,
)


class IntoItself(Conflict):
    """An organisation that would stand below itself."""

    code = "into_itself"
    detail = "不能调整到该党组织自身或其下级，请选择其他党组织。"


class TopOfTree(Conflict):
    """What stands above all others is not archived, merged or split: nobody would administer what came of it."""

    code = "top_of_tree"
    detail = "这是最上级党组织，不能撤销、合并或拆分。"


def check_apart(organisation: Organisation, other: Organisation) -> None:
    """Raises `IntoItself` where the other stands below the first, or `PracticeBoundary`."""
    if other.path.startswith(organisation.path):
        raise IntoItself
    if other.practice != organisation.practice:
        raise PracticeBoundary


async def settle(session: AsyncSession, path: str, at: datetime) -> None:
    """After organisations have come to or below `path`: their members and zones follow; raises `TooEarly`.

    Organisations in the session are stale afterwards.
    """
    await follow_tree(session, path, at)
    await resolve_timezones(session, path)


async def move_organisation(
    session: AsyncSession, staff: CurrentStaff, organisation_id: int, body: OrganisationMoveIn, now: datetime
) -> Organisation:
    """Puts an organisation with all below it under another superior; where it is there already nothing changes.

    Weeks before stay where they were. Raises `NotFound`, `IntoItself`, `PracticeBoundary`, `WrongParent`, `NameTaken`,
    `DateInFuture`, `TooEarly`, and what `check_separation_kept` does.
    """
    await lock_tree(session)
    organisation, old_parent = await find_with_parent(session, staff, organisation_id)
    parent = await find_organisation(session, body.parent_id, staff.paths("administrator"))
    check_apart(organisation, parent)
    check_parent(parent, organisation.kind)
    if parent is old_parent:
        return organisation
    at = effective_at(body.effective_on, organisation.timezone, now)
    at = await after_moves(session, organisation.path, parent.id, at)
    was_separate = await are_duties_separate(session, organisation.id)
    organisation.parent_id = parent.id
    await flush_names(session)
    new = f"{parent.path}{organisation.id}/"
    await move_paths(session, staff.actor, organisation.path, new, itself=True, at=at, now=now)
    await settle(session, new, at)
    await session.refresh(organisation)
    await check_separation_kept(session, was_separate, organisation, now)
    audit.record(
        session, staff.actor, "organisation.moved", "organisation", organisation.id,
        now=now, organisation_id=organisation.id, effective_at=at.isoformat(),
        from_parent_id=old_parent.id if old_parent else None, to_parent_id=parent.id,
    )  # fmt: skip
    return organisation


async def split_organisation(
    session: AsyncSession, staff: CurrentStaff, organisation_id: int, body: SplitIn, now: datetime
) -> Organisation:
    """A new sibling with some of the members who stand in the organisation itself, and with its own settings.

    Weeks before stay with the organisation. Raises `NotFound` (also for somebody who does not stand there),
    `TopOfTree`, `PracticeBoundary`, `WrongParent`, `NameTaken`, `DateInFuture`, `TooEarly`, and what
    `check_separation_kept` does.
    """
    await lock_tree(session)
    source, parent = await find_with_parent(session, staff, organisation_id)
    if parent is None:
        raise TopOfTree
    if source.practice != parent.practice:
        raise PracticeBoundary
    kind = body.kind or source.kind
    check_parent(parent, kind)
    ids = sorted(set(body.member_ids))
    here = select(Member.id).where(
        Member.id.in_(ids), Member.organisation_id == source.id, Member.archived_at.is_(None)
    )
    if len(list(await session.scalars(here))) < len(ids):
        raise NotFound("有的党员不在这个党组织中，请刷新名单后重新选择。")
    at = effective_at(body.effective_on, source.timezone, now)
    at = await after_moves(session, source.path, parent.id, at)
    new = await add_organisation(session, parent, body.name, kind, actor=staff.actor, at=at, now=now)
    await copy_settings(session, source, new)
    await check_separation_kept(session, await are_duties_separate(session, source.id), new, now)
    await place_members(session, ids, new.id, at)
    record_handing_over(session, staff.actor, "split", source, new, len(ids), at=at, now=now)
    return new
