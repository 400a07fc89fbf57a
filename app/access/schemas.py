"""Shapes of the audit log."""

from datetime import datetime

from app.schemas import Out


class AuditEntryOut(Out):
    """Who did what to which object."""

    id: int
    at: datetime
    actor: str
    action: str
    organisation_id: int | None
    object_type: str
    object_id: int | None
    detail: dict[str, object]
    request_id: str | None


class AuditLog(Out):
    """A page of the audit log, newest first."""

    items: list[AuditEntryOut]
    next: str | None
