"""Routes of meetings."""

from fastapi import APIRouter

from app.access.deps import Db, Leader, Now, TheMember
from app.access.idempotency import OnceDep
from app.meetings import attendance, service
from app.meetings.schemas import (
    AttendanceIn,
    AttendanceOut,
    MeetingBriefs,
    MeetingIn,
    MeetingOut,
    MeetingPatch,
    Meetings,
)
from app.schemas import Cursor, Limit, PathId, page

router = APIRouter(tags=["meetings"])


@router.post("/meetings", operation_id="create_meeting", status_code=201)
async def create_meeting(body: MeetingIn, db: Db, staff: Leader, now: Now, once: OnceDep) -> MeetingOut:
    """Calls an online meeting, tells the floating members and reminds them a day and an hour before."""
    return once.keep(await service.create_meeting(db, staff, body, now))


@router.patch("/meetings/{meeting_id}", operation_id="change_meeting")
async def change_meeting(meeting_id: PathId, body: MeetingPatch, db: Db, staff: Leader, now: Now) -> MeetingOut:
    """Changes a meeting that has not begun; a new time or way in is announced."""
    return await service.change_meeting(db, staff, meeting_id, body, now)


@router.post("/meetings/{meeting_id}/cancellation", operation_id="cancel_meeting")
async def cancel_meeting(meeting_id: PathId, db: Db, staff: Leader, now: Now) -> MeetingOut:
    """Calls a meeting off; repeating it changes nothing."""
    return await service.cancel_meeting(db, staff, meeting_id, now)


@router.get("/meetings/{meeting_id}/attendance", operation_id="get_attendance")
async def get_attendance(meeting_id: PathId, db: Db, staff: Leader, now: Now) -> AttendanceOut:
    """Who of the organisation was at a meeting, as its leader recorded it."""
    return await attendance.get_attendance(db, staff, meeting_id, now)


@router.put("/meetings/{meeting_id}/attendance", operation_id="put_attendance")
async def put_attendance(meeting_id: PathId, body: AttendanceIn, db: Db, staff: Leader, now: Now) -> AttendanceOut:
    """Records who was at a meeting that has begun: they are credited study hours, and whoever is struck off is not."""
    return await attendance.put_attendance(db, staff, meeting_id, body.member_ids, now)


@router.get("/organisations/{organisation_id}/meetings", operation_id="list_organisation_meetings")
async def list_organisation_meetings(
    organisation_id: PathId, db: Db, staff: Leader, cursor: Cursor = None, limit: Limit = 50
) -> Meetings:
    """Meetings of an organisation and its subtree, latest start first."""
    rows, following = page(await service.list_led(db, staff, organisation_id, after=cursor, limit=limit), limit)
    return Meetings(items=list(rows), next=following)


@router.get("/meetings", operation_id="list_my_meetings")
async def list_my_meetings(
    db: Db, member: TheMember, now: Now, cursor: Cursor = None, limit: Limit = 50
) -> MeetingBriefs:
    """The member's meetings to come and of the last 30 days, latest start first."""
    rows, following = page(await service.list_mine(db, member, after=cursor, limit=limit, now=now), limit)
    return MeetingBriefs(items=list(rows), next=following)


@router.get("/meetings/{meeting_id}", operation_id="get_my_meeting")
async def get_my_meeting(meeting_id: PathId, db: Db, member: TheMember, now: Now) -> MeetingOut:
    """One of the member's meetings, with what is needed to join it."""
    return await service.get_mine(db, member, meeting_id, now)
