"""Routes of binding: slips, phone numbers, requests, resets."""

import asyncio
from datetime import datetime
from typing import Annotated, Literal
from urllib.parse import quote
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Response

from app.access.deps import (
    Address,
    AnyWechat,
    BoundMember,
    Db,
    Leader,
    Now,
    ServiceDep,
    checked_first,
    holding,
    wechat_first,
)
from app.access.principals import CurrentStaff, CurrentWechat
from app.db.engine import transaction
from app.identity import binding, phones, slips, tries
from app.identity.apps import find_app, mini_program
from app.identity.binding_schemas import (
    BindingIn,
    Bound,
    DecisionIn,
    OwnRequests,
    RequestOut,
    Requests,
    SlipOut,
    SlipsIn,
    SlipsOut,
    SlipStates,
)
from app.identity.schemas import Members
from app.resources import Service
from app.schemas import Cursor, Id, Limit, PathId, page
from content.slips import slips_pdf

router = APIRouter(tags=["binding"])

PDF_ANSWER: dict[int | str, dict[str, object]] = {
    200: {
        "description": "A4 sheets; the header Slips-Remaining says how many more are wanted",
        "content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}},
    }
}
Resetter = Annotated[CurrentStaff, Depends(holding(*binding.RESETTERS))]


@router.post(
    "/me/binding",
    operation_id="bind_member",
    status_code=201,
    responses={202: {"description": "A leader has to decide", "model": Bound}},
)
async def bind_member(
    body: BindingIn,
    source: Address,
    svc: ServiceDep,
    wechat: Annotated[CurrentWechat, Depends(wechat_first)],
    now: Now,
    response: Response,
) -> Bound:
    """Ties the WeChat user to the roster with a slip's code, or by the phone number that WeChat confirms.

    Tries are limited, for a WeChat user and for an address: see `app.identity.tries`.
    """
    if body.phone_code is None:
        return await _by_slip(svc, wechat, str(body.invite_code), source, now)
    bound = await _by_phone(svc, wechat, body.phone_code, source, now)
    if bound.requests:
        response.status_code = 202
    return bound


async def _by_slip(svc: Service, wechat: CurrentWechat, code: str, source: str, now: datetime) -> Bound:
    user, address = f"bind:{wechat.wechat_user_id}", f"bind-address:{source}"
    async with transaction(svc.sessions) as alone:
        await tries.check_tries(alone, {user: tries.BINDING, address: tries.BINDING_ADDRESS}, now)
    try:
        async with transaction(svc.sessions) as session:
            items = await binding.bind(session, svc.vault, wechat, code, now)
            # Only the try that succeeded: whoever has one slip does not get more guesses by it.
            for key in (user, address):
                await tries.forget_latest_try(session, key)
    except binding.WrongInviteCode:
        async with transaction(svc.sessions) as session:
            if await binding.was_slip(session, svc.vault, code):
                await tries.forget_latest_try(session, address)
            await binding.record_refusal(session, wechat, now)
        raise
    return Bound(items=items, requests=[])


async def _by_phone(svc: Service, wechat: CurrentWechat, code: str, source: str, now: datetime) -> Bound:
    keys = {f"phone:{wechat.wechat_user_id}": tries.BINDING, f"phone-address:{source}": tries.PHONE_ADDRESS}
    async with transaction(svc.sessions) as alone:
        await tries.check_tries(alone, keys, now)
        app = await find_app(alone, svc.vault, wechat.appid)
    async with mini_program(svc, app) as client:
        phone = await client.phone_number(code)
    async with transaction(svc.sessions) as session:
        return await phones.bind_phone(session, svc.vault, wechat, app.paths, phone, now)


@router.get("/me/binding-requests", operation_id="list_own_binding_requests")
async def list_own_binding_requests(db: Db, wechat: AnyWechat, cursor: Cursor = None, limit: Limit = 50) -> OwnRequests:
    """What this WeChat user has asked for, and what became of it."""
    rows, following = page(await phones.list_own(db, wechat, before=cursor, limit=limit), limit)
    return OwnRequests(items=list(rows), next=following)


@router.delete("/me/binding", operation_id="leave_binding")
async def leave_binding(db: Db, member: BoundMember, now: Now) -> Members:
    """The member in use unties themselves from this WeChat user; answers who is left."""
    return Members(items=await binding.leave(db, member, now))


@router.post("/organisations/{organisation_id}/binding-slips", operation_id="issue_binding_slips", status_code=201)
async def issue_binding_slips(
    organisation_id: PathId, body: SlipsIn, svc: ServiceDep, db: Db, staff: Leader, now: Now
) -> SlipsOut:
    """Makes one-use codes, shown this once; a repeat gives slips only to those who hold none."""
    drawing = await slips.draw_slips(db, svc.vault, staff, organisation_id, body, now)
    await slips.keep_slips(db, svc.vault, staff, drawing, body, now)
    items = [
        SlipOut(member_id=slip.member_id, name=slip.name, invite_code=slip.code, expires_at=slip.expires_at)
        for slip in drawing.slips
    ]
    return SlipsOut(items=items, remaining=drawing.remaining)


@router.post(
    "/organisations/{organisation_id}/binding-slips.pdf",
    operation_id="print_binding_slips",
    response_class=Response,
    responses=PDF_ANSWER,
)
async def print_binding_slips(
    organisation_id: PathId,
    body: SlipsIn,
    svc: ServiceDep,
    staff: Annotated[CurrentStaff, Depends(checked_first("leader"))],
    now: Now,
) -> Response:
    """The same slips as A4 sheets to cut up, 300 at a time; raises `NobodyToBind` where none is wanted.

    Drawn first, kept last: no transaction waits for the sheets, and no code works that was not printed.
    """
    async with transaction(svc.sessions) as session:
        drawing = await slips.draw_slips(session, svc.vault, staff, organisation_id, body, now, most=slips.MOST_PRINTED)
    if not drawing.slips:
        raise slips.NobodyToBind
    title = f"{drawing.organisation} 微信绑定单"
    sheets = slips.printed(drawing, svc.settings.public_url)
    today = now.astimezone(ZoneInfo(drawing.timezone)).date()
    data = await asyncio.to_thread(slips_pdf, sheets, title=title, issued_on=today)
    async with transaction(svc.sessions) as session:
        await slips.keep_slips(session, svc.vault, staff, drawing, body, now)
    name = quote(f"{drawing.organisation}绑定单.pdf", safe="")
    headers = {
        "Content-Disposition": f"attachment; filename=\"slips.pdf\"; filename*=UTF-8''{name}",
        "Cache-Control": "private, no-store",
        "Slips-Remaining": str(drawing.remaining),
    }
    return Response(data, media_type="application/pdf", headers=headers)


@router.get("/organisations/{organisation_id}/binding-slips", operation_id="list_binding_slips")
async def list_binding_slips(
    organisation_id: PathId, db: Db, staff: Leader, now: Now, cursor: Cursor = None, limit: Limit = 50
) -> SlipStates:
    """Who is bound, who holds a slip and until when; never a code."""
    return await slips.list_slips(db, staff, organisation_id, after=cursor, limit=limit, now=now)


@router.delete("/members/{member_id}/binding", operation_id="unbind_member", status_code=204)
async def unbind_member(member_id: PathId, db: Db, staff: Resetter, now: Now) -> Response:
    """Resets a member's binding, for a new phone or account: its sessions end at once, and its slips are void."""
    await binding.unbind(db, staff, member_id, now)
    return Response(status_code=204)


@router.get("/binding-requests", operation_id="list_binding_requests")
async def list_binding_requests(
    db: Db,
    staff: Leader,
    now: Now,
    organisation_id: Annotated[Id | None, Query(description="This organisation and its subtree only")] = None,
    state: Literal["open", "approved", "refused"] = "open",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Requests:
    """Bindings by phone number that wait for a leader, or were decided."""
    found = await phones.list_requests(db, staff, organisation_id, state, before=cursor, limit=limit, now=now)
    rows, following = page(found, limit)
    return Requests(items=list(rows), next=following)


@router.put("/binding-requests/{request_id}/decision", operation_id="decide_binding_request")
async def decide_binding_request(request_id: PathId, body: DecisionIn, db: Db, staff: Leader, now: Now) -> RequestOut:
    """Approves, which ends the binding that the member has with its sessions at once, or refuses."""
    return await phones.decide(db, staff, request_id, body.approve, now)
