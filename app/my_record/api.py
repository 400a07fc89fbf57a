"""Routes of a member's own record, its exports and its certificates."""

import asyncio
from typing import Annotated
from urllib.parse import quote
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path, Query, Response

from app.access.deps import Db, Now, ServiceDep, TheMember, Token
from app.access.principals import get_member
from app.db.engine import transaction
from app.my_record import service
from app.my_record.exports import certified, printed, record_workbook
from app.my_record.schemas import CertificateCheck, CertificateIn, RecordOut
from app.my_record.service import period_of
from app.organisations.effective import Day
from app.organisations.files import XLSX_ANSWER, xlsx_response
from content.printing.record import certificate_pdf, record_pdf

router = APIRouter(tags=["my record"])

From = Annotated[Day | None, Query(alias="from", description="The first day; by default that of the year of `to`")]
To = Annotated[Day | None, Query(description="The last day; by default today")]
Number = Annotated[str, Path(pattern=r"^[0-9A-Z]{4}(-[0-9A-Z]{4}){3}$", description="As it stands on the paper")]
PDF_ANSWER: dict[int | str, dict[str, object]] = {
    200: {
        "description": "A4 pages",
        "content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}},
    }
}


def _pdf(data: bytes, ascii_name: str, name: str) -> Response:
    disposition = f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(name, safe='')}"
    headers = {"Content-Disposition": disposition, "Cache-Control": "private, no-store"}
    return Response(data, media_type="application/pdf", headers=headers)


@router.get("/me/record", operation_id="get_my_record")
async def get_my_record(db: Db, member: TheMember, now: Now, begins: From = None, to: To = None) -> RecordOut:
    """The member's weeks, quizzes and study hours of a period, at most two years."""
    return await service.get_record(db, member, period_of(begins, to, member.timezone, now), now)


@router.get("/me/record.xlsx", operation_id="export_my_record", response_class=Response, responses=XLSX_ANSWER)
async def export_my_record(svc: ServiceDep, token: Token, now: Now, begins: From = None, to: To = None) -> Response:
    """The same as a workbook."""
    async with transaction(svc.sessions) as session:
        member = await get_member(session, token, now)
        record = await service.get_record(session, member, period_of(begins, to, member.timezone, now), now)
    data = await asyncio.to_thread(record_workbook, record)
    return xlsx_response(data, "my-record.xlsx", f"学习记录-{record.begins_on}-{record.ends_on}.xlsx")


@router.get("/me/record.pdf", operation_id="print_my_record", response_class=Response, responses=PDF_ANSWER)
async def print_my_record(svc: ServiceDep, token: Token, now: Now, begins: From = None, to: To = None) -> Response:
    """The same on A4."""
    async with transaction(svc.sessions) as session:
        member = await get_member(session, token, now)
        record = await service.get_record(session, member, period_of(begins, to, member.timezone, now), now)
    today = now.astimezone(ZoneInfo(member.timezone)).date()
    data = await asyncio.to_thread(record_pdf, printed(record, today))
    return _pdf(data, "my-record.pdf", f"学习记录-{record.begins_on}-{record.ends_on}.pdf")


@router.post("/me/certificates.pdf", operation_id="print_my_certificate", response_class=Response, responses=PDF_ANSWER)
async def print_my_certificate(body: CertificateIn, svc: ServiceDep, token: Token, now: Now) -> Response:
    """A certificate of a period with a number of its own; the same one on the same day has the same number."""
    async with transaction(svc.sessions) as session:
        member = await get_member(session, token, now)
        period = period_of(body.begins_on, body.ends_on, member.timezone, now)
        record = await service.get_record(session, member, period, now)
        certificate = await service.certify(session, member, record, now)
    check = f"{svc.settings.public_url.rstrip('/')}/api/v1/certificates/{certificate.number}"
    data = await asyncio.to_thread(certificate_pdf, certified(record, certificate, check))
    return _pdf(data, "certificate.pdf", f"学习证明-{certificate.begins_on}-{certificate.ends_on}.pdf")


@router.get("/certificates/{number}", operation_id="check_certificate")
async def check_certificate(number: Number, db: Db) -> CertificateCheck:
    """For whoever holds a certificate: what it says, so that none can be altered, and only the surname."""
    return await service.check_certificate(db, number)
