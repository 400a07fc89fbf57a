"""Routes of reports."""

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response

from app.access.deps import Db, Leader, Now, ServiceDep, checked_first
from app.access.idempotency import OnceDep
from app.access.principals import CurrentStaff
from app.db.engine import transaction
from app.organisations.files import XLSX_ANSWER, xlsx_response
from app.reports import service
from app.reports.schemas import Completion, NudgeIn, NudgeOut
from app.reports.workbook import completion_workbook
from app.schemas import Cursor, Limit, PathId, Week

router = APIRouter(tags=["reports"])

AWeek = Annotated[Week | None, Query(description="An ISO week; this week in the organisation's zone by default")]


@router.get("/organisations/{organisation_id}/completion", operation_id="get_completion")
async def get_completion(
    organisation_id: PathId,
    db: Db,
    staff: Leader,
    now: Now,
    week: AWeek = None,
    by: Literal["organisation", "member"] = "organisation",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Completion:
    """How far a week's issues have been studied, by child organisation or by member."""
    return await service.get_completion(
        db, staff, organisation_id, week, by_member=by == "member", after=cursor, limit=limit, now=now
    )


@router.get(
    "/organisations/{organisation_id}/completion.xlsx",
    operation_id="export_completion",
    response_class=Response,
    responses=XLSX_ANSWER,
)
async def export_completion(
    organisation_id: PathId,
    svc: ServiceDep,
    staff: Annotated[CurrentStaff, Depends(checked_first("leader"))],
    now: Now,
    week: AWeek = None,
) -> Response:
    """The same rows as a workbook; the export is on record."""
    async with transaction(svc.sessions) as session:
        export = await service.export_completion(session, staff, organisation_id, week, now)
    completion = export.by_organisation
    # In a thread and after the transaction: a large branch takes seconds to write.
    data = await asyncio.to_thread(completion_workbook, completion, export.members)
    name = f"{completion.organisation}-{completion.week}-学习完成情况.xlsx"
    return xlsx_response(data, f"completion-{organisation_id}-{completion.week}.xlsx", name)


@router.post("/organisations/{organisation_id}/nudges", operation_id="nudge_unfinished", status_code=201)
async def nudge_unfinished(
    organisation_id: PathId, body: NudgeIn, db: Db, staff: Leader, now: Now, once: OnceDep
) -> NudgeOut:
    """Reminds those who have not finished the week, once a day."""
    return once.keep(await service.nudge(db, staff, organisation_id, body.week, now))
