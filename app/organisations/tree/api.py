"""Routes of the tree of organisations."""

from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query

from app.access.deps import Administrator, Db, Now, holding
from app.access.idempotency import OnceDep
from app.access.principals import CurrentStaff
from app.directory.models import ROLES, Organisation, OrganisationChange
from app.organisations.tree import changes, closing, moving, service
from app.organisations.tree.schemas import (
    ChangeSide,
    OrganisationChangeOut,
    OrganisationHistory,
    OrganisationIn,
    OrganisationMoveIn,
    OrganisationOut,
    OrganisationPatch,
    Organisations,
    RestoredOrganisationOut,
    SplitIn,
)
from app.schemas import Cursor, Limit, PathId, page

router = APIRouter(tags=["organisations"])

AnyPost = Annotated[CurrentStaff, Depends(holding(*ROLES))]
Archived = Annotated[bool, Query(description="Those that are there no longer, instead of those that are")]
RESTORED = "已恢复，目前没有党员、下级和任职：已转到其他党组织的党员仍在那里，职务需要重新任命。"


@router.get("/organisations", operation_id="list_organisations")
async def list_organisations(
    db: Db, staff: AnyPost, archived: Archived = False, cursor: Cursor = None, limit: Limit = 50
) -> Organisations:
    """Organisations in reach of any post of the caller."""
    found = await service.list_organisations(db, staff, archived=archived, after=cursor, limit=limit)
    rows, following = page(found, limit)
    if archived:
        return Organisations(items=[service.archived_out(row) for row in rows], next=following)
    return Organisations(items=[OrganisationOut.model_validate(row) for row in rows], next=following)


@router.post("/organisations", operation_id="create_organisation", status_code=201)
async def create_organisation(
    body: OrganisationIn, db: Db, staff: Administrator, now: Now, once: OnceDep
) -> OrganisationOut:
    """Adds an organisation under one in the administrator's reach."""
    return once.keep(OrganisationOut.model_validate(await service.create_organisation(db, staff, body, now)))


@router.get("/organisations/{organisation_id}", operation_id="get_organisation")
async def get_organisation(organisation_id: PathId, db: Db, staff: AnyPost) -> OrganisationOut:
    """One organisation in reach of any post of the caller."""
    return OrganisationOut.model_validate(await service.get_organisation(db, staff, organisation_id))


@router.patch("/organisations/{organisation_id}", operation_id="change_organisation")
async def change_organisation(
    organisation_id: PathId, body: OrganisationPatch, db: Db, staff: Administrator, now: Now
) -> OrganisationOut:
    """Renames an organisation or sets its time zone."""
    return OrganisationOut.model_validate(await service.change_organisation(db, staff, organisation_id, body, now))


@router.post("/organisations/{organisation_id}/move", operation_id="move_organisation")
async def move_organisation(
    organisation_id: PathId, body: OrganisationMoveIn, db: Db, staff: Administrator, now: Now
) -> OrganisationOut:
    """Puts an organisation with all below it under another superior; weeks before stay where they were."""
    return OrganisationOut.model_validate(await moving.move_organisation(db, staff, organisation_id, body, now))


@router.post("/organisations/{organisation_id}/split", operation_id="split_organisation", status_code=201)
async def split_organisation(
    organisation_id: PathId, body: SplitIn, db: Db, staff: Administrator, now: Now, once: OnceDep
) -> OrganisationOut:
    """Makes a new sibling with some of the members; weeks before stay with the old one."""
    new = await moving.split_organisation(db, staff, organisation_id, body, now)
    return once.keep(OrganisationOut.model_validate(new))


@router.post("/organisations/{organisation_id}/restoration", operation_id="restore_organisation")
async def restore_organisation(
    organisation_id: PathId, db: Db, staff: Administrator, now: Now, once: OnceDep
) -> RestoredOrganisationOut:
    """Brings an archived organisation back within 30 days: empty, and without its posts."""
    organisation = await closing.restore_organisation(db, staff, organisation_id, now)
    shown = OrganisationOut.model_validate(organisation).model_dump()
    return once.keep(RestoredOrganisationOut(**shown, detail=RESTORED), 200)


@router.get("/organisations/{organisation_id}/history", operation_id="list_organisation_history")
async def list_organisation_history(
    organisation_id: PathId, db: Db, staff: AnyPost, cursor: Cursor = None, limit: Limit = 50
) -> OrganisationHistory:
    """What happened to an organisation, newest first, also to one that is there no longer."""
    organisation, found = await changes.list_history(db, staff, organisation_id, before=cursor, limit=limit)
    rows, following = page(found, limit)
    return OrganisationHistory(items=[_shown(organisation, row) for row in rows], next=following)


def _shown(organisation: Organisation, change: OrganisationChange) -> OrganisationChangeOut:
    return OrganisationChangeOut(
        id=change.id,
        kind=change.kind,
        effective_on=change.effective_at.astimezone(ZoneInfo(organisation.timezone)).date(),
        recorded_at=change.recorded_at,
        before=_side(change.before),
        after=_side(change.after),
    )


def _side(side: dict[str, object]) -> ChangeSide:
    return ChangeSide.model_validate({name: value for name, value in side.items() if name != "path"})
