"""Routes by which organisations come to an end."""

from fastapi import APIRouter, Response

from app.access.deps import Administrator, Db, Now
from app.access.idempotency import OnceDep
from app.closures import service
from app.organisations.tree.schemas import ArchivedOrganisationOut, MergerIn, OrganisationArchiveIn, OrganisationOut
from app.organisations.tree.service import archived_out
from app.schemas import PathId

router = APIRouter(tags=["organisations"])


@router.post("/organisations/{organisation_id}/merger", operation_id="merge_organisation")
async def merge_organisation(
    organisation_id: PathId, body: MergerIn, db: Db, staff: Administrator, now: Now, once: OnceDep
) -> OrganisationOut:
    """Merges an organisation into another one, which is answered: members, subordinates and meetings to come go over.

    Its posts end and its schedules stop; issues that were waiting are drafts again.
    """
    into = await service.merge_organisation(db, staff, organisation_id, body, now)
    return once.keep(OrganisationOut.model_validate(into), 200)


@router.post("/organisations/{organisation_id}/archive", operation_id="archive_organisation")
async def archive_organisation(
    organisation_id: PathId, body: OrganisationArchiveIn, db: Db, staff: Administrator, now: Now, once: OnceDep
) -> ArchivedOrganisationOut:
    """Takes an organisation in which nobody is left out of the tree; for 30 days it can be brought back."""
    return once.keep(archived_out(await service.archive_organisation(db, staff, organisation_id, body, now)), 200)


@router.delete("/organisations/{organisation_id}/practice", operation_id="end_practice", status_code=204)
async def end_practice(organisation_id: PathId, db: Db, staff: Administrator, now: Now) -> Response:
    """Archives the practice organisation under this one: its members, and the accounts to practise with."""
    await service.end_practice(db, staff, organisation_id, now)
    return Response(status_code=204)
