"""The route of the audit log as a workbook."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from app.access.deps import Now, ServiceDep, checked_first
from app.access.duties import OFFICERS
from app.access.filters import WantedDep
from app.access.principals import CurrentStaff
from app.db.engine import transaction
from app.organisations.audits.service import export_log, log_workbook
from app.organisations.files import XLSX_ANSWER, xlsx_response

router = APIRouter(tags=["access"])


@router.get("/audit.xlsx", operation_id="export_audit", response_class=Response, responses=XLSX_ANSWER)
async def export_audit(
    svc: ServiceDep, staff: Annotated[CurrentStaff, Depends(checked_first(*OFFICERS))], now: Now, wanted: WantedDep
) -> Response:
    """What was done in the organisations whose log the caller may read, as a workbook; the export is on record."""
    async with transaction(svc.sessions) as session:
        lines = await export_log(session, staff, wanted, now)
    # In a thread and after the transaction: a long log takes seconds to write.
    data = await asyncio.to_thread(log_workbook, lines)
    return xlsx_response(data, "audit-log.xlsx", "审计日志.xlsx")
