"""Routes of issues on paper."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Response

from app.access.deps import Now, ServiceDep, checked_first
from app.access.principals import CurrentStaff
from app.db.engine import transaction
from app.paper.printing import PRINTERS, list_pictures, read_issue, with_pictures
from app.resources import Service
from app.schemas import PathId
from content.printing.issue import PrintedIssue, Type
from content.printing.issue_docx import issue_docx
from content.printing.issue_pdf import issue_pdf

router = APIRouter(tags=["paper"])

PDF, DOCX = "application/pdf", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
Printer = Annotated[CurrentStaff, Depends(checked_first(*PRINTERS))]
Kind = Annotated[Type, Query(alias="type", description="`large` is for old eyes: nothing is under 18 points")]


def _answer(media_type: str) -> dict[int | str, dict[str, object]]:
    schema = {"type": "string", "format": "binary"}
    return {200: {"description": "The file", "content": {media_type: {"schema": schema}}}}


async def _print(
    svc: Service,
    staff: CurrentStaff,
    issue_id: int,
    now: datetime,
    kind: Type,
    write: Callable[[PrintedIssue, Type], bytes],
    file: tuple[str, str],
) -> Response:
    """Read in a transaction, written after it and in a thread: a thick issue takes seconds."""
    async with transaction(svc.sessions) as session:
        issue = await read_issue(session, staff, issue_id, now)
        assets = await list_pictures(session, issue)
    async with svc.press:
        data = await asyncio.to_thread(write, await with_pictures(svc.media, issue, assets), kind)
    media_type, ending = file
    name = quote(f"{issue.week} {issue.title}{'（大字）' if kind == 'large' else ''}.{ending}", safe="")
    disposition = f"attachment; filename=\"issue-{issue_id}-{kind}.{ending}\"; filename*=UTF-8''{name}"
    headers = {"Content-Disposition": disposition, "Cache-Control": "private, no-store"}
    return Response(data, media_type=media_type, headers=headers)


@router.get("/issues/{issue_id}/print.pdf", operation_id="print_issue", response_class=Response, responses=_answer(PDF))
async def print_issue(issue_id: PathId, svc: ServiceDep, staff: Printer, now: Now, kind: Kind = "normal") -> Response:
    """A published issue on A4, in normal or large type, with its quiz as a sheet to fill in; never an answer."""
    return await _print(svc, staff, issue_id, now, kind, issue_pdf, (PDF, "pdf"))


@router.get(
    "/issues/{issue_id}/print.docx",
    operation_id="print_issue_in_word",
    response_class=Response,
    responses=_answer(DOCX),
)
async def print_issue_in_word(
    issue_id: PathId, svc: ServiceDep, staff: Printer, now: Now, kind: Kind = "normal"
) -> Response:
    """The same as a Word file."""
    return await _print(svc, staff, issue_id, now, kind, issue_docx, (DOCX, "docx"))
