"""Routes of the register of addresses."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Response, UploadFile

from app.access.deps import Administrator, Db, LeaderOrAdministrator, Now, ServiceDep, checked_first
from app.access.idempotency import OnceDep
from app.access.principals import CurrentStaff
from app.content_errors import invalid
from app.db.engine import transaction
from app.organisations.addresses import service, sheets
from app.organisations.addresses.schemas import Addresses, AddressesReport, AddressIn, AddressOut, RejectedAddress
from app.organisations.files import XLSX_ANSWER, xlsx_response
from app.schemas import PathId
from content.addresses import AddressSheet
from content.errors import ContentError
from content.sandbox import parse_in_child

router = APIRouter(tags=["organisations"])

FirstAdministrator = Annotated[CurrentStaff, Depends(checked_first("administrator"))]


@router.get("/members/{member_id}/addresses", operation_id="list_addresses")
async def list_addresses(
    member_id: PathId, svc: ServiceDep, db: Db, staff: LeaderOrAdministrator, now: Now
) -> Addresses:
    """The channels that may reach a member by an id of their platform, with the ids masked."""
    return Addresses(items=await service.list_addresses(db, svc.vault, staff, member_id, now))


@router.put("/members/{member_id}/addresses/{channel_id}", operation_id="set_address")
async def set_address(
    member_id: PathId,
    channel_id: PathId,
    body: AddressIn,
    svc: ServiceDep,
    db: Db,
    staff: LeaderOrAdministrator,
    now: Now,
) -> AddressOut:
    """Registers by which id of its platform a channel reaches a member."""
    return await service.set_address(db, svc.vault, staff, member_id, channel_id, body.address, now)


@router.delete("/members/{member_id}/addresses/{channel_id}", operation_id="drop_address", status_code=204)
async def drop_address(member_id: PathId, channel_id: PathId, db: Db, staff: LeaderOrAdministrator, now: Now) -> None:
    """Forgets the id; the member is reached by other channels."""
    await service.drop_address(db, staff, member_id, channel_id, now)


@router.get(
    "/channels/{channel_id}/addresses.xlsx",
    operation_id="get_address_template",
    response_class=Response,
    responses=XLSX_ANSWER,
)
async def get_address_template(channel_id: PathId, svc: ServiceDep, staff: FirstAdministrator, now: Now) -> Response:
    """A workbook of the members whom the channel serves, to fill their ids in; ids that are known are not in it."""
    async with transaction(svc.sessions) as session:
        channel, people = await sheets.list_people(session, staff, channel_id, now)
    # In a thread and after the transaction: a large roster takes seconds to write.
    data = await asyncio.to_thread(sheets.people_workbook, svc.vault, people)
    return xlsx_response(data, "addresses.xlsx", f"{channel.name}-收件地址.xlsx")


async def read_sheet(file: UploadFile, _: FirstAdministrator) -> AddressSheet:
    """The uploaded sheet, parsed in a child process before the request's transaction begins; raises `Invalid`."""
    try:
        sheet: AddressSheet = await parse_in_child("address_sheet", await file.read())
    except ContentError as error:
        raise invalid(error) from None
    return sheet


@router.post(
    "/channels/{channel_id}/addresses/import",
    operation_id="import_addresses",
    status_code=201,
    responses={200: {"description": "What a dry run found", "model": AddressesReport}},
)
async def import_addresses(
    sheet: Annotated[AddressSheet, Depends(read_sheet)],
    channel_id: PathId,
    response: Response,
    svc: ServiceDep,
    db: Db,
    staff: Administrator,
    now: Now,
    once: OnceDep,
    dry_run: bool = False,
) -> AddressesReport:
    """Registers the ids of a sheet, all of them or, where a line is bad, none; lines without one change nothing."""
    accepted, found = await sheets.import_addresses(db, svc.vault, staff, channel_id, sheet, now, dry_run=dry_run)
    rejected = [RejectedAddress(line=each.line, code=each.code, detail=each.reason) for each in found]
    response.status_code = 200 if dry_run else 201
    return once.keep(AddressesReport(accepted=accepted, rejected=rejected), response.status_code)
