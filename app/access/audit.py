"""The audit log: written in the transaction of the change, read by those whose duty it is."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from structlog.contextvars import get_contextvars

from app.access.duties import OFFICERS, reads_log
from app.access.models import AuditEntry
from app.access.principals import CurrentStaff
from app.directory.models import Organisation

SYSTEM = "system"


@dataclass(frozen=True)
class Wanted:
    """What of the log is looked for: `action` is how it begins, and times are from `begins` until before `ends`."""

    actor: str | None = None
    action: str | None = None
    object_type: str | None = None
    object_id: int | None = None
    begins: datetime | None = None
    ends: datetime | None = None

    def for_audit(self) -> dict[str, object]:
        """What was asked for, as it is kept."""
        said = {name: value for name, value in vars(self).items() if value is not None}
        return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in said.items()}


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


async def list_entries(
    session: AsyncSession, staff: CurrentStaff, wanted: Wanted, *, before: int | None, limit: int, now: datetime
) -> list[AuditEntry]:
    """Entries that `staff` may read, newest first, older than the id `before`; who watches is on record."""
    statement = select(AuditEntry).where(*found_in(staff, wanted)).order_by(AuditEntry.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(AuditEntry.id < before)
    entries = list(await session.scalars(statement.join(Organisation, Organisation.id == AuditEntry.organisation_id)))
    # Who watches over others is watched in turn.
    place = next(post.organisation_id for post in staff.posts if post.role in OFFICERS)
    record(
        session, staff.actor, "audit.read", "audit_log", None,
        now=now, organisation_id=place, entries=len(entries), wanted=wanted.for_audit(),
    )  # fmt: skip
    return entries


def found_in(staff: CurrentStaff, wanted: Wanted) -> list[ColumnElement[bool]]:
    """The SQL of the entries, joined to their `Organisation`, that `staff` may read and that are `wanted`."""
    conditions = [reads_log(staff)]
    if wanted.actor is not None:
        conditions.append(AuditEntry.actor == wanted.actor)
    if wanted.action is not None:
        conditions.append(func.starts_with(AuditEntry.action, wanted.action))
    if wanted.object_type is not None:
        conditions.append(AuditEntry.object_type == wanted.object_type)
    if wanted.object_id is not None:
        conditions.append(AuditEntry.object_id == wanted.object_id)
    if wanted.begins is not None:
        conditions.append(AuditEntry.at >= wanted.begins)
    if wanted.ends is not None:
        conditions.append(AuditEntry.at < wanted.ends)
    return conditions
