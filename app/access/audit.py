"""The audit log: written in the transaction of the change, read by administrators."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from structlog.contextvars import get_contextvars

from app.access.models import AuditEntry
from app.access.principals import within
from app.directory.models import Organisation

SYSTEM = "system"


def record(
    session: AsyncSession,
    actor: str,
    action: str,
    object_type: str,
    object_id: int | None,
    *,
    now: datetime,
    organisation_id: int | None = None,
    **detail: object,
) -> None:
    """Adds an entry to the caller's transaction; `detail` holds ids, states and counts, never a phone or a token."""
    session.add(
        AuditEntry(
            at=now,
            actor=actor,
            action=action,
            organisation_id=organisation_id,
            object_type=object_type,
            object_id=object_id,
            detail=detail,
            request_id=get_contextvars().get("request_id"),
        )
    )


async def list_entries(session: AsyncSession, paths: list[str], *, before: int | None, limit: int) -> list[AuditEntry]:
    """Entries of the organisations under `paths`, newest first, older than the id `before`."""
    statement = (
        select(AuditEntry)
        .join(Organisation, Organisation.id == AuditEntry.organisation_id)
        .where(within(Organisation.path, paths))
        .order_by(AuditEntry.id.desc())
        .limit(limit)
    )
    if before is not None:
        statement = statement.where(AuditEntry.id < before)
    return list(await session.scalars(statement))
