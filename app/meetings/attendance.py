"""Who was at a meeting: recorded by its leader, and credited as study hours."""

from collections.abc import Collection
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import CurrentStaff, below, within
from app.directory.models import Member, Organisation
from app.errors import Conflict, NotFound
from app.meetings.models import Attendance, Meeting
from app.meetings.schemas import AttendanceOut, Attendant
from app.meetings.service import MeetingCancelled
from app.records.service import Done, append, hold_members, take_back


class MeetingToCome(Conflict):
    """Nobody has been there yet."""

    code = "meeting_to_come"
    detail = "会议还没有开始，请在开始之后登记到会情况。"


async def _held(session: AsyncSession, staff: CurrentStaff, meeting_id: int) -> tuple[Meeting, Organisation]:
    found = await session.execute(
        select(Meeting, Organisation)
        .join(Organisation, Organisation.id == Meeting.organisation_id)
        .where(Meeting.id == meeting_id, within(Organisation.path, staff.paths("leader")))
        .with_for_update(of=Meeting, key_share=True)
    )
    row = found.first()
    if row is None:
        raise NotFound
    return row[0], row[1]


async def get_attendance(session: AsyncSession, staff: CurrentStaff, meeting_id: int, now: datetime) -> AttendanceOut:
    """The living members of the meeting's organisation and its subtree; raises `NotFound`."""
    meeting, organisation = await _held(session, staff, meeting_id)
    shown = await _shown(session, meeting, organisation)
    audit.record(
        session, staff.actor, "attendance.viewed", "meeting", meeting.id,
        now=now, organisation_id=organisation.id, members=len(shown.items),
    )  # fmt: skip
    return shown


async def put_attendance(
    session: AsyncSession, staff: CurrentStaff, meeting_id: int, member_ids: Collection[int], now: datetime
) -> AttendanceOut:
    """Records all who were there, instead of what was recorded before; who has left since stays recorded.

    Raises `NotFound` (of the meeting, or of a member who is out of it), `MeetingCancelled` or `MeetingToCome`.
    """
    meeting, organisation = await _held(session, staff, meeting_id)
    if meeting.cancelled_at is not None:
        raise MeetingCancelled
    if meeting.starts_at > now:
        raise MeetingToCome
    before = {each.member_id for each in (await _shown(session, meeting, organisation)).items if each.attended}
    wanted = set(member_ids)
    living = select(Member.id).join(Organisation, Organisation.id == Member.organisation_id)
    found = await session.scalars(
        living.where(Member.id.in_(wanted), below(organisation), Member.archived_at.is_(None))
    )
    if len(set(found)) != len(wanted):
        raise NotFound
    come, gone = sorted(wanted - before), sorted(before - wanted)
    # All of them in the order in which everybody locks members, before the rows that refer to them.
    await hold_members(session, [*come, *gone])
    await take_back(session, [_done(meeting, organisation, member_id) for member_id in gone], now)
    await session.execute(delete(Attendance).where(Attendance.meeting_id == meeting.id, Attendance.member_id.in_(gone)))
    session.add_all(
        Attendance(meeting_id=meeting.id, member_id=member_id, recorded_by=staff.account_id, recorded_at=now)
        for member_id in come
    )
    await session.flush()
    await append(session, [_done(meeting, organisation, member_id) for member_id in come], now)
    if come or gone:
        audit.record(
            session, staff.actor, "attendance.recorded", "meeting", meeting.id,
            now=now, organisation_id=organisation.id, come=come, gone=gone,
        )  # fmt: skip
    return await _shown(session, meeting, organisation)


def _done(meeting: Meeting, organisation: Organisation, member_id: int) -> Done:
    on = meeting.starts_at.astimezone(ZoneInfo(organisation.timezone)).date()
    seconds = int((meeting.ends_at - meeting.starts_at).total_seconds())
    return Done(member_id, "meeting", meeting.id, seconds, way="attended", on=on)


async def _shown(session: AsyncSession, meeting: Meeting, organisation: Organisation) -> AttendanceOut:
    rows = await session.execute(
        select(Member.id, Member.name, Organisation.name, Attendance.member_id)
        .join(Organisation, Organisation.id == Member.organisation_id)
        .outerjoin(Attendance, (Attendance.member_id == Member.id) & (Attendance.meeting_id == meeting.id))
        .where(below(organisation), Member.archived_at.is_(None))
        .order_by(Organisation.path, Member.id)
    )
    items = [
        Attendant(member_id=member_id, name=name, organisation=place, attended=there is not None)
        for member_id, name, place, there in rows
    ]
    return AttendanceOut(meeting_id=meeting.id, attended=sum(each.attended for each in items), items=items)
