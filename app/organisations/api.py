"""Routes of organisations, accounts, posts and rosters."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response, UploadFile

from app.access.deps import (
    Administrator,
    Db,
    LeaderOrAdministrator,
    Now,
    ServiceDep,
    checked_first,
    holding,
)
from app.access.idempotency import OnceDep
from app.access.principals import CurrentStaff
from app.directory.models import ROLES
from app.errors import Invalid
from app.identity.passwords import hash_password
from app.organisations import accounts, service
from app.organisations.files import XLSX_ANSWER, xlsx_response
from app.organisations.roster import RejectedLines, import_roster
from app.organisations.schemas import (
    AccountIn,
    AccountOut,
    AccountPatch,
    Accounts,
    HeldPostOut,
    HeldPosts,
    ImportOut,
    OrganisationIn,
    OrganisationOut,
    OrganisationPatch,
    Organisations,
    PostIn,
    RejectedLine,
    RosterMembers,
)
from app.schemas import Cursor, Id, Limit, PathId, page
from content.errors import ContentError
from content.roster import Roster, roster_template
from content.sandbox import parse_in_child

router = APIRouter(tags=["organisations"])

AnyPost = Annotated[CurrentStaff, Depends(holding(*ROLES))]


@router.get("/organisations", operation_id="list_organisations")
async def list_organisations(db: Db, staff: AnyPost, cursor: Cursor = None, limit: Limit = 50) -> Organisations:
    """Organisations in reach of any post of the caller."""
    rows, following = page(await service.list_organisations(db, staff, after=cursor, limit=limit), limit)
    return Organisations(items=[OrganisationOut.model_validate(row) for row in rows], next=following)


@router.post("/organisations", operation_id="create_organisation", status_code=201)
async def create_organisation(
    body: OrganisationIn, db: Db, staff: Administrator, now: Now, once: OnceDep
) -> OrganisationOut:
    """Adds an organisation under one in the administrator's reach."""
    return once.keep(OrganisationOut.model_validate(await service.create_organisation(db, staff, body, now)))


@router.get("/organisations/{organisation_id}", operation_id="get_organisation")
async def get_organisation(organisation_id: PathId, db: Db, staff: AnyPost) -> OrganisationOut:
    """One organisation in reach of any post of the caller."""
    return OrganisationOut.model_validate(await service.find_organisation(db, organisation_id, staff.paths(*ROLES)))


@router.patch("/organisations/{organisation_id}", operation_id="change_organisation")
async def change_organisation(
    organisation_id: PathId, body: OrganisationPatch, db: Db, staff: Administrator, now: Now
) -> OrganisationOut:
    """Renames an organisation or sets its time zone."""
    return OrganisationOut.model_validate(await service.change_organisation(db, staff, organisation_id, body, now))


@router.get("/organisations/{organisation_id}/members", operation_id="list_members")
async def list_members(
    organisation_id: PathId,
    svc: ServiceDep,
    db: Db,
    staff: LeaderOrAdministrator,
    now: Now,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> RosterMembers:
    """Members of an organisation and its subtree, with masked phone numbers."""
    found = await service.list_members(db, svc.vault, staff, organisation_id, after=cursor, limit=limit, now=now)
    rows, following = page(found, limit)
    return RosterMembers(items=list(rows), next=following)


@router.get("/accounts", operation_id="list_accounts")
async def list_accounts(db: Db, staff: Administrator, cursor: Cursor = None, limit: Limit = 50) -> Accounts:
    """Accounts that the administrator's organisations manage."""
    rows, following = page(await accounts.list_accounts(db, staff, after=cursor, limit=limit), limit)
    return Accounts(items=[AccountOut.model_validate(row) for row in rows], next=following)


FirstAdministrator = Annotated[CurrentStaff, Depends(checked_first("administrator"))]


async def _hash(body: AccountIn, _: FirstAdministrator) -> str:
    return await hash_password(body.password)


async def _new_hash(body: AccountPatch, _: FirstAdministrator) -> str | None:
    return None if body.password is None else await hash_password(body.password)


# Named before `Db` in a route: hashing takes a quarter of a second, and no transaction waits for it.
PasswordHash = Annotated[str, Depends(_hash)]
NewPasswordHash = Annotated[str | None, Depends(_new_hash)]


@router.post("/accounts", operation_id="create_account", status_code=201)
async def create_account(
    body: AccountIn, password_hash: PasswordHash, db: Db, staff: Administrator, now: Now, once: OnceDep
) -> AccountOut:
    """Opens an account for a member of staff; what it may do is said by its posts."""
    account = await accounts.create_managed_account(db, staff, body, password_hash, now)
    return once.keep(AccountOut.model_validate(account))


@router.patch("/accounts/{account_id}", operation_id="change_account")
async def change_account(
    account_id: PathId, body: AccountPatch, password_hash: NewPasswordHash, db: Db, staff: Administrator, now: Now
) -> AccountOut:
    """Changes an account; a new password or disabling ends its sessions at once."""
    return AccountOut.model_validate(await accounts.change_account(db, staff, account_id, body, password_hash, now))


OrganisationFilter = Annotated[Id | None, Query(description="Only the posts in this organisation itself")]


@router.get("/posts", operation_id="list_posts")
async def list_posts(
    db: Db,
    staff: Administrator,
    now: Now,
    organisation_id: OrganisationFilter = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> HeldPosts:
    """Who holds which role where, now or later."""
    found = await accounts.list_posts(db, staff, organisation_id, after=cursor, limit=limit, now=now)
    rows, following = page(found, limit)
    return HeldPosts(items=list(rows), next=following)


@router.post("/posts", operation_id="create_post", status_code=201)
async def create_post(body: PostIn, db: Db, staff: Administrator, now: Now, once: OnceDep) -> HeldPostOut:
    """Gives an account a role in an organisation and its subtree."""
    return once.keep(await accounts.appoint(db, staff, body, now))


@router.delete("/posts/{post_id}", operation_id="end_post", status_code=204)
async def end_post(post_id: PathId, db: Db, staff: Administrator, now: Now) -> Response:
    """Ends a post: its rights are gone at the next request."""
    await accounts.end_post(db, staff, post_id, now)
    return Response(status_code=204)


async def _read_roster(
    file: UploadFile, _: Annotated[CurrentStaff, Depends(checked_first("leader", "administrator"))]
) -> Roster:
    try:
        roster: Roster = await parse_in_child("roster", await file.read())
    except ContentError as error:
        raise Invalid(error.detail, code=error.code) from None
    return roster


# Named before `Db`, as the hash is: the workbook is parsed in a child process.
UploadedRoster = Annotated[Roster, Depends(_read_roster)]
Root = Annotated[Id, Query(description="Organisations are looked up by name in the subtree of this one")]


@router.post(
    "/rosters/import",
    operation_id="import_roster",
    status_code=201,
    responses={200: {"description": "What the import would do (dry_run)", "model": ImportOut}},
)
async def post_roster(
    roster: UploadedRoster,
    organisation_id: Root,
    svc: ServiceDep,
    db: Db,
    staff: LeaderOrAdministrator,
    now: Now,
    once: OnceDep,
    response: Response,
    dry_run: bool = False,
) -> ImportOut:
    """Imports a roster (.xlsx): all of it or nothing; with `dry_run` only says what it would do."""
    reach = staff.paths("leader", "administrator")
    root = await service.find_organisation(db, organisation_id, reach)
    report = await import_roster(
        db,
        svc.vault,
        roster,
        root_path=root.path,
        may_create_organisations=any(root.path.startswith(path) for path in staff.paths("administrator")),
        actor=staff.actor,
        now=now,
        dry_run=dry_run,
    )
    if report.rejected and not dry_run:
        raise RejectedLines(
            errors=[{"line": bad.line, "code": bad.code, "detail": bad.reason} for bad in report.rejected]
        )
    out = ImportOut(
        added=report.added,
        changed=report.changed,
        unchanged=report.unchanged,
        organisations_added=report.organisations_added,
        rejected=[RejectedLine.model_validate(bad) for bad in report.rejected],
    )
    if dry_run:
        response.status_code = 200
        return out
    return once.keep(out)


@router.get(
    "/rosters/template.xlsx", operation_id="get_roster_template", response_class=Response, responses=XLSX_ANSWER
)
async def get_roster_template(_: LeaderOrAdministrator) -> Response:
    """A workbook to fill in for the import."""
    return xlsx_response(roster_template(), "roster-template.xlsx", "党员名册模板.xlsx")
