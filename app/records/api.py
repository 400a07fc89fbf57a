"""Routes of study hours."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from app.access.deps import Db, Leader, Now, ServiceDep, TheMember, checked_first
from app.access.principals import CurrentStaff
from app.db.engine import transaction
from app.organisations.files import XLSX_ANSWER, xlsx_response
from app.records import queries
from app.records.schemas import OrganisationHours, StudyHoursOut
from app.records.workbook import hours_workbook
from app.schemas import Cursor, Limit, PathId

router = APIRouter(tags=["records"])

Year = Annotated[int | None, Query(ge=2000, le=2100, description="The year; by default the present one")]


@router.get("/me/study-hours", operation_id="get_my_study_hours")
async def get_my_study_hours(db: Db, member: TheMember, now: Now, year: Year = None) -> StudyHoursOut:
    """The member's study hours of a year, and what is asked of them."""
    return await queries.get_own(db, member, year, now)


@router.get("/organisations/{organisation_id}/study-hours", operation_id="list_study_hours")
async def list_study_hours(
    organisation_id: PathId,
    db: Db,
    staff: Leader,
    now: Now,
    year: Year = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> OrganisationHours:
    """The study hours of a year, member by member in the order of the tree; nobody is ranked."""
    return await queries.get_led(db, staff, organisation_id, year, after=cursor, limit=limit, now=now)


@router.get(
    "/organisations/{organisation_id}/study-hours.xlsx",
    operation_id="export_study_hours",
    response_class=Response,
    responses=XLSX_ANSWER,
)
async def export_study_hours(
    organisation_id: PathId,
    svc: ServiceDep,
    staff: Annotated[CurrentStaff, Depends(checked_first("leader"))],
    now: Now,
    year: Year = None,
) -> Response:
    """The same rows as a workbook; the export is on record."""
    async with transaction(svc.sessions) as session:
        found = await queries.get_led(session, staff, organisation_id, year, after=None, limit=None, now=now)
    # In a thread and after the transaction: a large branch takes seconds to write.
    data = await asyncio.to_thread(hours_workbook, found)
    return xlsx_response(
        data, f"study-hours-{organisation_id}-{found.year}.xlsx", f"{found.organisation}-{found.year}-学时.xlsx"
    )
