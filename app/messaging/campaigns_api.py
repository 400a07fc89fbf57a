"""Routes of campaigns: their progress, how they are held, and what became of the notices to one member."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response, StreamingResponse

from app.access.deps import Db, LeaderOrAdministrator, Now, ServiceDep, TheMember, Token, checked_first
from app.access.principals import CurrentStaff
from app.db.engine import transaction
from app.messaging import campaigns, history
from app.messaging.campaign_schemas import CampaignProgress, Campaigns, MemberNotices, MyNotices
from app.messaging.streams import EventStream, Watch, events, take_place
from app.schemas import Cursor, Limit, PathId, page

router = APIRouter(tags=["messaging"])

EVENT = {
    "type": "object",
    "properties": {
        "event": {"enum": ["progress", "over", "refused"]},
        "data": {"type": "string", "contentMediaType": "application/json"},
    },
    "required": ["event", "data"],
}
STREAM: dict[int | str, dict[str, object]] = {
    200: {
        "description": "Events: `progress` with a `CampaignProgress` as its data, then `over`; or `refused` with "
        "`code` and `detail`. The stream ends after some minutes all the same: ask again. `Last-Event-ID` is not "
        "needed, each event is the whole state.",
        "content": {"text/event-stream": {"itemSchema": EVENT}},
    }
}


@router.get("/campaigns", operation_id="list_campaigns")
async def list_campaigns(db: Db, staff: LeaderOrAdministrator, cursor: Cursor = None, limit: Limit = 50) -> Campaigns:
    """What is told to many by the organisations in reach, newest first; dry runs are not among them."""
    rows, following = page(await campaigns.list_campaigns(db, staff, before=cursor, limit=limit), limit)
    return Campaigns(items=list(rows), next=following)


@router.get("/campaigns/{campaign_id}", operation_id="get_campaign")
async def get_campaign(campaign_id: PathId, db: Db, staff: LeaderOrAdministrator, now: Now) -> CampaignProgress:
    """How far it has come: deliveries by state, failures by reason, channels that do not go on."""
    return await campaigns.get_campaign(db, staff, campaign_id, now)


@router.get(
    "/campaigns/{campaign_id}/progress",
    operation_id="watch_campaign",
    response_class=StreamingResponse,
    responses=STREAM,
)
async def watch_campaign(
    campaign_id: PathId,
    svc: ServiceDep,
    token: Token,
    staff: Annotated[CurrentStaff, Depends(checked_first(*campaigns.STEERERS))],
) -> Response:
    """The same, live, as server-sent events; the stream ends when the campaign is over or the session ends."""
    async with transaction(svc.sessions) as session:
        await campaigns.find_campaign(session, staff, campaign_id)
    take_place(svc.streams, staff.account_id)
    watch = Watch(svc, token, campaign_id, svc.settings.stream_seconds)
    return EventStream(events(watch), svc.streams, staff.account_id)


@router.post("/campaigns/{campaign_id}/pause", operation_id="pause_campaign")
async def pause_campaign(campaign_id: PathId, db: Db, staff: LeaderOrAdministrator, now: Now) -> CampaignProgress:
    """Holds back what has not been sent yet; the time limit goes on, and the issue or meeting stays as it is."""
    return await campaigns.pause_campaign(db, staff, campaign_id, now)


@router.post("/campaigns/{campaign_id}/resume", operation_id="resume_campaign")
async def resume_campaign(campaign_id: PathId, db: Db, staff: LeaderOrAdministrator, now: Now) -> CampaignProgress:
    """Lets a paused campaign go on where it was."""
    return await campaigns.resume_campaign(db, staff, campaign_id, now)


@router.post("/campaigns/{campaign_id}/cancellation", operation_id="cancel_campaign")
async def cancel_campaign(campaign_id: PathId, db: Db, staff: LeaderOrAdministrator, now: Now) -> CampaignProgress:
    """Sends nothing more of it, for good; what was sent stays, and so does the issue or meeting."""
    return await campaigns.cancel_campaign(db, staff, campaign_id, now)


@router.get("/me/notices", operation_id="list_my_notices")
async def list_my_notices(db: Db, member: TheMember, cursor: Cursor = None, limit: Limit = 50) -> MyNotices:
    """What I was told, or was to be told, through which channel, and what became of it; newest first."""
    found = await history.list_my_notices(db, member, before=cursor, limit=limit)
    following = str(found[limit - 1].campaign_id) if len(found) > limit else None
    return MyNotices(items=found[:limit], next=following)


@router.get("/members/{member_id}/notices", operation_id="list_member_notices")
async def list_member_notices(
    member_id: PathId, db: Db, staff: LeaderOrAdministrator, now: Now, cursor: Cursor = None, limit: Limit = 50
) -> MemberNotices:
    """What a member was told, with every channel that was tried, why it did not do, and the platform's codes."""
    found = await history.list_notices_of(db, staff, member_id, before=cursor, limit=limit, now=now)
    following = str(found[limit - 1].campaign_id) if len(found) > limit else None
    return MemberNotices(items=found[:limit], next=following)
