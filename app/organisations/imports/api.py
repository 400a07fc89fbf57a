"""Routes of roster imports."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, File, Form, Query, Request, Response, UploadFile
from pydantic import Field, TypeAdapter, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.deps import Db, LeaderOrAdministrator, Now, ServiceDep, checked_first
from app.access.idempotency import IdempotencyKey, once
from app.access.principals import CurrentStaff
from app.db.engine import transaction
from app.errors import Forbidden, Invalid, ProductError, Unavailable
from app.organisations.files import XLSX_ANSWER, from_loop, xlsx_response
from app.organisations.imports import lines, service, telling
from app.organisations.imports.background import Background
from app.organisations.imports.columns import forget_column, list_columns
from app.organisations.imports.errors import ImportInterrupted, RosterChanged, TargetArchived
from app.organisations.imports.running import INTERNAL_ERROR, apply_in_background, import_in_background
from app.organisations.imports.schemas import (
    AnswersIn,
    ImportOut,
    Imports,
    Lines,
    MissingMembers,
    RememberedColumns,
)
from app.organisations.imports.service import RUNNING, Order, describe
from app.organisations.imports.undoing import undo_import
from app.organisations.people.reach import KEEPERS
from app.organisations.service import find_organisation
from app.resources import Service
from app.schemas import Cursor, Id, Limit, Line, PathId, page
from content.roster import corrections_workbook, roster_template

router = APIRouter(tags=["organisations"])

# A request waits so long for what it has begun, and then says where to look.
PATIENCE_SECONDS = 10.0
ACCEPTED: dict[int | str, dict[str, object]] = {
    202: {"description": "Not finished yet: poll `GET /rosters/imports/{import_id}`", "model": ImportOut}
}
MOST_COLUMNS = 200
# What an import failed for, where that is not something in the file.
REFUSALS: Mapping[str, type[ProductError]] = {
    RosterChanged.code: RosterChanged,
    TargetArchived.code: TargetArchived,
    ImportInterrupted.code: Unavailable,
    INTERNAL_ERROR: Unavailable,
}


async def background_of(request: Request) -> Background:
    """The work of this process that outlives its requests."""
    background: Background = request.app.state.background
    return background


BackgroundDep = Annotated[Background, Depends(background_of)]
FirstKeeper = Annotated[CurrentStaff, Depends(checked_first(*KEEPERS))]
LineStatus = Literal["added", "changed", "unchanged", "rejected", "question", "skipped"]
Root = Annotated[Id, Query(description="Organisations are looked up by name in the subtree of this one")]
OfOrganisation = Annotated[Id | None, Query(description="Only imports into this organisation")]
ColumnsField = Annotated[
    str | None, Form(max_length=20_000, description="JSON: title of a column -> field of the roster, or a blank text")
]
CreateOrganisations = Annotated[
    bool, Query(description="Names that are not there become organisations; administrators only")
]
ColumnTitle = Annotated[Line, Query(max_length=200, description="The title of the column, with or without spaces")]
COLUMNS = TypeAdapter(dict[Line, Annotated[str, Field(max_length=30)]])


class BadColumns(Invalid):
    """What the columns are was not said in a way that can be understood."""

    code = "bad_columns"
    detail = "列的对应关系格式不正确，请重新选择。"


def _columns(text: str | None) -> dict[str, str]:
    try:
        columns = COLUMNS.validate_json(text) if text else {}
    except ValidationError:
        raise BadColumns from None
    if len(columns) > MOST_COLUMNS:
        raise BadColumns
    return columns


@router.post(
    "/rosters/import",
    operation_id="import_roster",
    status_code=201,
    responses={200: {"description": "What the import would do (dry_run)", "model": ImportOut}, **ACCEPTED},
)
async def post_roster(
    request: Request,
    staff: FirstKeeper,
    organisation_id: Root,
    svc: ServiceDep,
    now: Now,
    background: BackgroundDep,
    response: Response,
    file: Annotated[UploadFile, File(description="A roster: .xlsx, .xls or .csv")],
    columns: ColumnsField = None,
    dry_run: bool = False,
    create_organisations: CreateOrganisations = False,
    idempotency_key: IdempotencyKey = None,
) -> ImportOut:
    """Imports a roster: all of it or nothing; with `dry_run` only says what it would do, and keeps that to be applied.

    Reading takes longer than a transaction may, so this has several of its own.
    """
    given = _columns(columns)
    data = await file.read()
    async with transaction(svc.sessions) as session:
        await once(request, session, staff, now, idempotency_key)
        root = await find_organisation(session, organisation_id, staff.paths(*KEEPERS))
        administers = any(root.path.startswith(path) for path in staff.paths("administrator"))
        if create_organisations and not administers:
            raise Forbidden
        order = Order(
            data=data,
            file_name=file.filename or "",
            organisation_id=root.id,
            account_id=staff.account_id,
            actor=staff.actor,
            adds_organisations=administers,
            create_organisations=create_organisations,
            dry_run=dry_run,
            columns=given,
        )
        import_id, is_new = await service.begin_import(session, order, now)
    if is_new:
        background.start(import_id, import_in_background(svc, import_id, order))
    await background.wait(import_id, PATIENCE_SECONDS)
    async with transaction(svc.sessions) as session:
        guard = await once(request, session, staff, now, idempotency_key)
        out = await _outcome(session, svc, import_id)
        if out.state == "checked" and not dry_run:
            await telling.check_ready(session, svc.vault, import_id)
        response.status_code = 202 if out.state in RUNNING else 200 if dry_run else 201
        return guard.keep(out, response.status_code)


async def _outcome(session: AsyncSession, svc: Service, import_id: int) -> ImportOut:
    """What has come of it; raises why the file could not be read, or was not applied."""
    out = await describe(session, svc.vault, import_id, svc.clock())
    if out.error_code is None:
        return out
    refusal = REFUSALS.get(out.error_code, Invalid)
    raise refusal(out.error_detail, code=out.error_code)


@router.get("/rosters/imports", operation_id="list_roster_imports")
async def list_roster_imports(
    db: Db,
    staff: LeaderOrAdministrator,
    now: Now,
    organisation_id: OfOrganisation = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Imports:
    """Imports into organisations in reach, the newest first."""
    found = await service.list_imports(db, staff, organisation_id, before=cursor, limit=limit)
    rows, following = page(found, limit)
    return Imports(items=[service.summary(row, now) for row in rows], next=following)


@router.get("/rosters/imports/{import_id}", operation_id="get_roster_import")
async def get_roster_import(
    import_id: PathId, svc: ServiceDep, db: Db, staff: LeaderOrAdministrator, now: Now
) -> ImportOut:
    """What an import would do, is doing, or has done."""
    await service.find_import(db, staff, import_id)
    return await describe(db, svc.vault, import_id, now)


@router.get("/rosters/imports/{import_id}/lines", operation_id="list_roster_lines")
async def list_roster_lines(
    import_id: PathId,
    svc: ServiceDep,
    db: Db,
    staff: LeaderOrAdministrator,
    now: Now,
    status: LineStatus | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Lines:
    """The lines of a file, what becomes of each, and whom the unclear ones may mean."""
    found = await lines.list_lines(db, svc.vault, staff, import_id, status, after=cursor, limit=limit, now=now)
    rows, following = page(found, limit)
    return Lines(items=list(rows), next=following)


@router.get("/rosters/imports/{import_id}/missing", operation_id="list_roster_missing")
async def list_roster_missing(
    import_id: PathId, db: Db, staff: LeaderOrAdministrator, now: Now, cursor: Cursor = None, limit: Limit = 50
) -> MissingMembers:
    """Members of the organisations of a file who are not in it; an import never deletes them."""
    found = await lines.list_missing(db, staff, import_id, after=cursor, limit=limit, now=now)
    rows, following = page(found, limit)
    return MissingMembers(items=list(rows), next=following)


@router.get(
    "/rosters/imports/{import_id}/corrections.xlsx",
    operation_id="export_roster_corrections",
    response_class=Response,
    responses=XLSX_ANSWER,
)
async def export_roster_corrections(import_id: PathId, svc: ServiceDep, staff: FirstKeeper, now: Now) -> Response:
    """All lines, those that are refused or asked about first, with what is wrong: mended, it can be uploaded again."""
    async with transaction(svc.sessions) as session:
        await lines.begin_corrections(session, staff, import_id, now)
    # In a thread and after the transaction: many lines take seconds to write.
    pages = lines.corrections(svc.sessions, svc.vault, import_id)
    data = await asyncio.to_thread(corrections_workbook, from_loop(asyncio.get_running_loop(), pages))
    return xlsx_response(data, "roster-corrections.xlsx", "待更正的名册.xlsx")


@router.put("/rosters/imports/{import_id}/answers", operation_id="answer_roster_questions")
async def put_answers(
    import_id: PathId, body: AnswersIn, svc: ServiceDep, db: Db, staff: LeaderOrAdministrator, now: Now
) -> ImportOut:
    """Says whom unclear lines mean: a candidate, or nobody of them."""
    await lines.answer_questions(db, staff, import_id, body.answers, now)
    await db.flush()
    return await describe(db, svc.vault, import_id, now)


@router.post("/rosters/imports/{import_id}/application", operation_id="apply_roster_import", responses=ACCEPTED)
async def apply_roster_import(
    import_id: PathId, svc: ServiceDep, staff: FirstKeeper, now: Now, background: BackgroundDep, response: Response
) -> ImportOut:
    """Imports what was checked, all of it; where the roster has changed since, it is checked anew instead."""
    async with transaction(svc.sessions) as session:
        record = await service.find_import(session, staff, import_id, lock=True)
        await service.check_may_create(session, staff, record)
        claimed = await service.claim(session, svc.vault, record, staff.actor, now)
    if claimed:
        background.start(import_id, apply_in_background(svc, import_id))
    await background.wait(import_id, PATIENCE_SECONDS)
    async with transaction(svc.sessions) as session:
        out = await _outcome(session, svc, import_id)
    response.status_code = 202 if out.state in RUNNING else 200
    return out


@router.post("/rosters/imports/{import_id}/undo", operation_id="undo_roster_import")
async def post_undo(import_id: PathId, svc: ServiceDep, db: Db, staff: LeaderOrAdministrator, now: Now) -> ImportOut:
    """Takes an import back as a whole, while nothing stands on it."""
    await undo_import(db, staff, import_id, now)
    await db.flush()
    return await describe(db, svc.vault, import_id, now)


@router.get("/organisations/{organisation_id}/roster-columns", operation_id="list_roster_columns")
async def list_roster_columns(organisation_id: PathId, db: Db, staff: LeaderOrAdministrator) -> RememberedColumns:
    """What columns are taken for in the next roster, because they were said to be that."""
    return RememberedColumns(items=await list_columns(db, staff, organisation_id))


@router.delete("/organisations/{organisation_id}/roster-columns", operation_id="forget_roster_column", status_code=204)
async def delete_roster_column(
    organisation_id: PathId, title: ColumnTitle, db: Db, staff: LeaderOrAdministrator, now: Now
) -> None:
    """Has the organisation say nothing of a column any more; what a superior says of it stays."""
    await forget_column(db, staff, organisation_id, title, now)


@router.get(
    "/rosters/template.xlsx", operation_id="get_roster_template", response_class=Response, responses=XLSX_ANSWER
)
async def get_roster_template(_: LeaderOrAdministrator) -> Response:
    """A workbook to fill in for the import."""
    return xlsx_response(roster_template(), "roster-template.xlsx", "党员名册模板.xlsx")
