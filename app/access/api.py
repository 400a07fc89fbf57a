"""The route of the audit log."""

from fastapi import APIRouter

from app.access import audit
from app.access.deps import Db, Now
from app.access.filters import LogReader, WantedDep
from app.access.schemas import AuditEntryOut, AuditLog
from app.schemas import Cursor, Limit, page

router = APIRouter(tags=["access"])


@router.get("/audit", operation_id="list_audit")
async def list_audit(
    db: Db, staff: LogReader, now: Now, wanted: WantedDep, cursor: Cursor = None, limit: Limit = 50
) -> AuditLog:
    """What was done in the organisations whose log the caller may read, newest first."""
    found = await audit.list_entries(db, staff, wanted, before=cursor, limit=limit + 1, now=now)
    rows, following = page(found, limit)
    return AuditLog(items=[AuditEntryOut.model_validate(row) for row in rows], next=following)
