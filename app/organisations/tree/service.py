"""The organisations of the tree: created, named, listed."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import CurrentStaff, within
from app.directory.models import ROLES, Organisation
from app.errors import Conflict, NotFound
from app.organisations.effective import effective_at
from app.organisations.locks import lock_tree
from app.organisations.placing import after_creation
from app.organisations.service import PARENTS, find_organisation, next_ids
from app.organisations.settings.keys import TIMEZONE
from app.organisations.settings.service import put_setting
from app.organisations.tree.changes import record_change
from app.organisations.tree.schemas import ArchivedOrganisationOut, OrganisationIn, OrganisationPatch

# How long an archived organisation can be brought back.
RESTORABLE = timedelta(days=30)


class WrongParent(Conflict):
    """A kind of organisation that cannot stand under the other."""

    code = "wrong_parent"
    detail = "上级类别不合适：党总支设在党委下，党支部设在党委或党总支下，党小组设在党支部下。"


class NameTaken(Conflict):
    """Siblings have different names."""

    code = "name_taken"
    detail = "同一上级下已有同名党组织，请换一个名称。"


class PracticeBoundary(Conflict):
    """Made-up organisations are not among real ones, nor the reverse."""

    code = "practice_boundary"
    detail = "演练党组织与正式党组织之间不能调整或合并。请在同类党组织中选择。"


def check_parent(parent: Organisation, kind: str) -> None:
    """Raises `WrongParent`."""
    if parent.kind not in PARENTS[kind]:
        raise WrongParent


async def find_with_parent(
    session: AsyncSession, staff: CurrentStaff, organisation_id: int
) -> tuple[Organisation, Organisation | None]:
    """An organisation and its superior, if the administrator reaches both; raises `NotFound`."""
    paths = staff.paths("administrator")
    organisation = await find_organisation(session, organisation_id, paths)
    if organisation.parent_id is None:
        return organisation, None
    return organisation, await find_organisation(session, organisation.parent_id, paths)


async def create_root(
    session: AsyncSession, name: str, now: datetime, *, kind: str = "committee", actor: str = audit.SYSTEM
) -> Organisation:
    """The top of a new tree; raises `NameTaken`."""
    return await add_organisation(session, None, name, kind, actor=actor, at=now, now=now)


async def create_organisation(
    session: AsyncSession, staff: CurrentStaff, body: OrganisationIn, now: datetime
) -> Organisation:
    """A new organisation under one in the administrator's reach; raises `NotFound`, `WrongParent` or `NameTaken`."""
    parent = await find_organisation(session, body.parent_id, staff.paths("administrator"), lock=True)
    check_parent(parent, body.kind)
    return await add_organisation(session, parent, body.name, body.kind, actor=staff.actor, at=now, now=now)


async def add_organisation(
    session: AsyncSession,
    parent: Organisation | None,
    name: str,
    kind: str,
    *,
    actor: str,
    at: datetime,
    now: datetime,
) -> Organisation:
    """A new organisation, there from `at` on, under a parent that is held; raises `NameTaken`."""
    (organisation_id,) = await next_ids(session, "organisations", 1)
    organisation = Organisation(
        id=organisation_id,
        parent_id=parent.id if parent else None,
        path=f"{parent.path if parent else '/'}{organisation_id}/",
        kind=kind,
        name=name,
        timezone=parent.timezone if parent else "Asia/Shanghai",
        practice=parent.practice if parent else False,
        created_at=now,
    )
    session.add(organisation)
    await flush_names(session)
    record_change(session, actor, organisation, "created", at=at, now=now, after={"name": name})
    return organisation


async def flush_names(session: AsyncSession) -> None:
    """Flushes; raises `NameTaken` where a sibling has the name."""
    try:
        await session.flush()
    except IntegrityError as error:
        if "uq_organisations_sibling_name" in str(error.orig):
            raise NameTaken from None
        raise


async def change_organisation(
    session: AsyncSession, staff: CurrentStaff, organisation_id: int, body: OrganisationPatch, now: datetime
) -> Organisation:
    """Renames an organisation or sets its time zone, which is one of its settings.

    Raises `NotFound`, `NameTaken`, `DateInFuture` or `TooEarly`.
    """
    if body.timezone is not None:
        await lock_tree(session)
    organisation = await find_organisation(session, organisation_id, staff.paths("administrator"), lock=True)
    at = effective_at(body.from_on, organisation.timezone, now)
    at = await after_creation(session, [organisation.id], at)
    if body.name is not None and body.name != organisation.name:
        before, organisation.name = organisation.name, body.name
        await flush_names(session)
        record_change(
            session, staff.actor, organisation, "renamed",
            at=at, now=now, before={"name": before}, after={"name": body.name},
        )  # fmt: skip
    if body.timezone is not None:
        await put_setting(session, staff, organisation_id, TIMEZONE.name, body.timezone, now)
    return organisation


async def get_organisation(session: AsyncSession, staff: CurrentStaff, organisation_id: int) -> Organisation:
    """A living organisation in reach of any post; raises `NotFound`."""
    return await find_organisation(session, organisation_id, staff.paths(*ROLES))


async def list_organisations(
    session: AsyncSession, staff: CurrentStaff, *, archived: bool, after: int | None, limit: int
) -> list[Organisation]:
    """Organisations in reach of any post, by id, one more than `limit` where there is a next page."""
    gone = Organisation.archived_at.is_not(None) if archived else Organisation.archived_at.is_(None)
    statement = (
        select(Organisation)
        .where(within(Organisation.path, staff.paths(*ROLES)), gone, Organisation.id > (after or 0))
        .order_by(Organisation.id)
        .limit(limit + 1)
    )
    return list(await session.scalars(statement))


def archived_out(organisation: Organisation) -> ArchivedOrganisationOut:
    """An archived organisation as it is shown; raises `NotFound` where it is not archived."""
    if organisation.archived_at is None:
        raise NotFound
    return ArchivedOrganisationOut(
        id=organisation.id,
        parent_id=organisation.parent_id,
        path=organisation.path,
        kind=organisation.kind,
        name=organisation.name,
        timezone=organisation.timezone,
        archived_at=organisation.archived_at,
        archive_reason=organisation.archive_reason,
        merged_into_id=organisation.merged_into_id,
        restorable_until=organisation.archived_at + RESTORABLE,
    )
