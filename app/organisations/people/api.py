"""Routes of the people on the roster."""

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response

from app.access.deps import Db, LeaderOrAdministrator, Now, ServiceDep, TheMember, checked_first
from app.access.idempotency import OnceDep
from app.access.principals import CurrentStaff
from app.db.engine import transaction
from app.organisations.files import XLSX_ANSWER, xlsx_response
from app.organisations.people import archiving, likeness, search, service, viewers
from app.organisations.people.export import export_members, members_workbook
from app.organisations.people.reach import KEEPERS
from app.organisations.people.schemas import (
    ArchiveIn,
    LikePairs,
    MemberIn,
    MemberOut,
    MemberPatch,
    MoveIn,
    Placements,
    RestorationIn,
    RosterMembers,
    TagsInUse,
    Viewers,
)
from app.organisations.people.search import Wanted
from app.schemas import Cursor, Id, Limit, Line, PathId, page
from content.roster import RosterName, Stage

router = APIRouter(tags=["organisations"])

Typed = Annotated[
    Line | None,
    Query(description="A part of the name, the beginning of its pinyin or initials, or 4 or 11 digits of the phone"),
]
Below = Annotated[Id | None, Query(description="Only this organisation and its subtree")]
WithTag = Annotated[Line | None, Query(description="A tag, exactly as it is")]
Purpose = Annotated[Line | None, Query(description="What whole phone numbers are needed for; it is kept")]
WithAll = Annotated[bool, Query(description="With the posts that see nothing of the member")]
After = Annotated[str | None, Query(pattern="^[0-9]{1,16}-[0-9]{1,16}$", description="`next` of the page before")]


async def _wanted(
    q: Typed = None,
    organisation_id: Below = None,
    stage: Stage | None = None,
    roster: RosterName | None = None,
    tag: WithTag = None,
    exempt: bool | None = None,
    bound: bool | None = None,
    state: Literal["active", "archived"] = "active",
) -> Wanted:
    return Wanted(q, organisation_id, stage, roster, tag, exempt, bound, archived=state == "archived")


Search = Annotated[Wanted, Depends(_wanted)]


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
    wanted = Wanted(organisation_id=organisation_id)
    found = await search.list_members(db, svc.vault, staff, wanted, after=cursor, limit=limit, now=now)
    rows, following = page(found, limit)
    return RosterMembers(items=list(rows), next=following)


@router.get("/members", operation_id="search_members")
async def search_members(
    wanted: Search,
    svc: ServiceDep,
    db: Db,
    staff: LeaderOrAdministrator,
    now: Now,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> RosterMembers:
    """Members in reach by name, pinyin, phone and what else is known of them, with masked phone numbers."""
    found = await search.list_members(db, svc.vault, staff, wanted, after=cursor, limit=limit, now=now)
    rows, following = page(found, limit)
    return RosterMembers(items=list(rows), next=following)


@router.get("/members.xlsx", operation_id="export_members", response_class=Response, responses=XLSX_ANSWER)
async def get_members_workbook(
    wanted: Search,
    svc: ServiceDep,
    staff: Annotated[CurrentStaff, Depends(checked_first(*KEEPERS))],
    now: Now,
    reason: Purpose = None,
    full: bool = False,
) -> Response:
    """The members of a search as a workbook in the columns of the template; with `full` it shows whole numbers."""
    async with transaction(svc.sessions) as session:
        export = await export_members(session, svc.vault, staff, wanted, full=full, reason=reason, now=now)
    # In a thread and after the transaction: a large roster takes seconds to write.
    data = await asyncio.to_thread(members_workbook, svc.vault, export)
    return xlsx_response(data, "members.xlsx", export.name)


@router.get("/member-tags", operation_id="list_tags")
async def list_tags(
    svc: ServiceDep, db: Db, staff: LeaderOrAdministrator, now: Now, organisation_id: Below = None
) -> TagsInUse:
    """The tags in use, to choose from, with how many members have each."""
    return TagsInUse(items=await search.list_tags(db, svc.vault, staff, organisation_id, now))


@router.post("/members", operation_id="create_member", status_code=201)
async def create_member(
    body: MemberIn, svc: ServiceDep, db: Db, staff: LeaderOrAdministrator, now: Now, once: OnceDep
) -> MemberOut:
    """Adds a person to the roster; who is like somebody in reach is refused with 409 unless `allow_duplicate`."""
    return once.keep(await service.add_member(db, svc.vault, staff, body, now))


@router.get("/members/{member_id}", operation_id="get_member")
async def get_member(member_id: PathId, svc: ServiceDep, db: Db, staff: LeaderOrAdministrator, now: Now) -> MemberOut:
    """What the roster knows of a member, with a masked phone number."""
    return await service.get_member(db, svc.vault, staff, member_id, now)


@router.patch("/members/{member_id}", operation_id="change_member")
async def change_member(
    member_id: PathId, body: MemberPatch, svc: ServiceDep, db: Db, staff: LeaderOrAdministrator, now: Now
) -> MemberOut:
    """Changes what is known of a member; a null deletes the phone, the dates and the exemption."""
    return await service.change_member(db, svc.vault, staff, member_id, body, now)


@router.post("/members/{member_id}/moves", operation_id="move_member")
async def move_member(
    member_id: PathId, body: MoveIn, svc: ServiceDep, db: Db, staff: LeaderOrAdministrator, now: Now
) -> MemberOut:
    """Has a member belong to another organisation; what they have read and their binding go with them."""
    return await service.move_member(db, svc.vault, staff, member_id, body.organisation_id, body.effective_on, now)


@router.get("/members/{member_id}/placements", operation_id="list_placements")
async def list_placements(
    member_id: PathId, db: Db, staff: LeaderOrAdministrator, now: Now, cursor: Cursor = None, limit: Limit = 50
) -> Placements:
    """Where a member has stood, and when."""
    found = await service.list_placements(db, staff, member_id, after=cursor, limit=limit, now=now)
    rows, following = page(found, limit)
    return Placements(items=list(rows), next=following)


@router.post("/members/{member_id}/archive", operation_id="archive_member")
async def archive_member(
    member_id: PathId, body: ArchiveIn, svc: ServiceDep, db: Db, staff: LeaderOrAdministrator, now: Now
) -> MemberOut:
    """Takes a member off the roster: they cannot sign in and are told nothing; for 30 days it can be undone."""
    return await archiving.archive_member(db, svc.vault, staff, member_id, body, now)


@router.post("/members/{member_id}/restoration", operation_id="restore_member")
async def restore_member(
    member_id: PathId, body: RestorationIn, svc: ServiceDep, db: Db, staff: LeaderOrAdministrator, now: Now
) -> MemberOut:
    """Puts a member back on the roster within 30 days, with binding and history as they were."""
    return await archiving.restore_member(db, svc.vault, staff, member_id, body, now)


@router.get("/organisations/{organisation_id}/possible-duplicates", operation_id="list_possible_duplicates")
async def list_possible_duplicates(
    organisation_id: PathId,
    svc: ServiceDep,
    db: Db,
    staff: LeaderOrAdministrator,
    now: Now,
    cursor: After = None,
    limit: Limit = 50,
) -> LikePairs:
    """Pairs of members with the same phone, or the same name and month of birth, who may be one person."""
    one, _, other = (cursor or "0-0").partition("-")
    after = int(one), int(other)
    pairs = await likeness.list_pairs(db, svc.vault, staff, organisation_id, after=after, limit=limit, now=now)
    last = pairs[limit - 1] if len(pairs) > limit else None
    return LikePairs(items=pairs[:limit], next=f"{last.first.id}-{last.second.id}" if last else None)


@router.get("/members/{member_id}/viewers", operation_id="list_member_viewers")
async def list_member_viewers(
    member_id: PathId,
    db: Db,
    staff: LeaderOrAdministrator,
    now: Now,
    include_all: WithAll = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Viewers:
    """Who may see a member now, and why."""
    found = await viewers.list_viewers_of(
        db, staff, member_id, include_all=include_all, after=cursor, limit=limit, now=now
    )
    rows, following = page(found, limit)
    return Viewers(items=list(rows), next=following)


@router.get("/me/viewers", operation_id="list_my_viewers")
async def list_my_viewers(
    db: Db, member: TheMember, now: Now, include_all: WithAll = False, cursor: Cursor = None, limit: Limit = 50
) -> Viewers:
    """Who may see me now, and why."""
    found = await viewers.list_viewers(db, member.path, include_all=include_all, after=cursor, limit=limit, now=now)
    rows, following = page(found, limit)
    return Viewers(items=list(rows), next=following)
