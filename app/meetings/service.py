"""Meetings: the row, its announcement and its reminders change together, in one transaction."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.access import audit
from app.access.principals import CurrentMember, CurrentStaff, ancestors, below, within
from app.directory.models import Organisation
from app.errors import Conflict, Invalid, NotFound
from app.meetings.models import Meeting
from app.meetings.schemas import MeetingBrief, MeetingIn, MeetingOut, MeetingPatch
from app.messaging.service import (
    Audience,
    announce,
    cancel_schedules,
    end_campaigns,
    hold_schedules,
    rename_schedules,
    schedule_once,
)
from app.organisations.service import find_organisation

KIND_NAMES = {
    "members_meeting": "支部党员大会",
    "committee_meeting": "支部委员会",
    "group_meeting": "党小组会",
    "party_lecture": "党课",
    "theme_day": "主题党日",
    "organisational_life_meeting": "组织生活会",
    "democratic_appraisal": "民主评议党员",
}
AHEAD = timedelta(days=365)
LONGEST = timedelta(hours=24)
SHOWN_AFTER = timedelta(days=30)
REMINDER = "meeting_reminder"
# How long before the start a reminder is due, and how late it may still be sent.
REMINDERS = ((timedelta(hours=24), timedelta(hours=22)), (timedelta(hours=1), timedelta(hours=1)))
# What a member needs to come at the right time to the right place.
TELLING = ("starts_at", "ends_at", "join_link", "meeting_code", "meeting_password")


class BadTimes(Invalid):
    """A start or an end that cannot be."""

    code = "bad_times"
    detail = "会议时间不合适：开始时间应在今后一年之内，结束时间应晚于开始时间且不超过 24 小时。"


class MeetingOver(Conflict):
    """It has begun."""

    code = "meeting_begun"
    detail = "会议已经开始或结束，不能再修改或取消。"


class MeetingCancelled(Conflict):
    """It was called off."""

    code = "meeting_cancelled"
    detail = "会议已取消，不能再修改。请重新安排一次会议。"


def meeting_event(meeting: Meeting, organisation: Organisation) -> dict[str, object]:
    """What the wording of a message about the meeting is made from; times are ISO 8601 in UTC."""
    return {
        "title": meeting.title,
        "kind": meeting.kind,
        "kind_name": KIND_NAMES[meeting.kind],
        "organisation": organisation.name,
        "starts_at": meeting.starts_at.isoformat(),
        "ends_at": meeting.ends_at.isoformat(),
        "timezone": organisation.timezone,
        "join_link": meeting.join_link,
        "meeting_code": meeting.meeting_code,
        "meeting_password": meeting.meeting_password,
    }


async def due_reminder(session: AsyncSession, meeting_id: int, now: datetime) -> Meeting | None:
    """The meeting that a reminder is due for, or None where it is cancelled, has begun or does not exist."""
    # Held, so that a change that is being made is waited for: an old link must not go out after it.
    meeting = await session.get(Meeting, meeting_id, with_for_update={"read": True})
    if meeting is None or meeting.cancelled_at is not None or meeting.starts_at <= now:
        return None
    return meeting


def _check_times(starts_at: datetime, ends_at: datetime, now: datetime) -> None:
    if not now < starts_at <= now + AHEAD or not starts_at < ends_at <= starts_at + LONGEST:
        raise BadTimes


def _announce(
    session: AsyncSession, kind: str, meeting: Meeting, organisation: Organisation, expires_at: datetime, now: datetime
) -> None:
    announce(
        session,
        kind,
        organisation_id=organisation.id,
        subject_id=meeting.id,
        event=meeting_event(meeting, organisation),
        audience=Audience(path=organisation.path, floating_only=True),
        expires_at=expires_at,
        now=now,
    )


def _schedule(session: AsyncSession, meeting: Meeting, organisation: Organisation, now: datetime) -> None:
    for before, late in REMINDERS:
        at = meeting.starts_at - before
        if at > now:
            schedule_once(
                session,
                REMINDER,
                organisation_id=organisation.id,
                subject_id=meeting.id,
                title=meeting.title,
                at=at,
                timezone=organisation.timezone,
                late=late,
                now=now,
            )


async def create_meeting(session: AsyncSession, staff: CurrentStaff, body: MeetingIn, now: datetime) -> MeetingOut:
    """Calls a meeting, tells the floating members and sets up their reminders; raises `NotFound` or `BadTimes`."""
    organisation = await find_organisation(session, body.organisation_id, staff.paths("leader"))
    _check_times(body.starts_at, body.ends_at, now)
    meeting = Meeting(**body.model_dump(), created_by=staff.account_id, created_at=now)
    session.add(meeting)
    await session.flush()
    _announce(session, "meeting_notice", meeting, organisation, meeting.starts_at, now)
    _schedule(session, meeting, organisation, now)
    audit.record(
        session, staff.actor, "meeting.created", "meeting", meeting.id,
        now=now, organisation_id=organisation.id, kind=meeting.kind,
    )  # fmt: skip
    return _full(meeting, organisation)


async def _to_change(session: AsyncSession, staff: CurrentStaff, meeting_id: int) -> tuple[Meeting, Organisation]:
    await hold_schedules(session, REMINDER, meeting_id)
    found = await session.execute(
        select(Meeting, Organisation)
        .join(Organisation, Organisation.id == Meeting.organisation_id)
        .where(Meeting.id == meeting_id, within(Organisation.path, staff.paths("leader")))
        .with_for_update(of=Meeting)
    )
    row = found.first()
    if row is None:
        raise NotFound
    return row[0], row[1]


async def change_meeting(
    session: AsyncSession, staff: CurrentStaff, meeting_id: int, body: MeetingPatch, now: datetime
) -> MeetingOut:
    """Changes a meeting that has not begun; a new time moves the reminders, a new time or way in is announced.

    Raises `NotFound`, `MeetingCancelled`, `MeetingOver` or `BadTimes`.
    """
    meeting, organisation = await _to_change(session, staff, meeting_id)
    if meeting.cancelled_at is not None:
        raise MeetingCancelled
    if meeting.starts_at <= now:
        raise MeetingOver
    given = body.model_dump(exclude_none=True)
    changes = {name: value for name, value in given.items() if getattr(meeting, name) != value}
    _check_times(changes.get("starts_at", meeting.starts_at), changes.get("ends_at", meeting.ends_at), now)
    for name, value in changes.items():
        setattr(meeting, name, value)
    if "starts_at" in changes:
        await cancel_schedules(session, REMINDER, meeting.id)
        _schedule(session, meeting, organisation, now)
    if "title" in changes:
        await rename_schedules(session, REMINDER, meeting.id, meeting.title)
    if any(name in changes for name in TELLING):
        # What was not sent yet would tell the old time.
        await end_campaigns(session, ("meeting_notice", "meeting_changed", REMINDER), meeting.id, now)
        _announce(session, "meeting_changed", meeting, organisation, meeting.starts_at, now)
    audit.record(
        session, staff.actor, "meeting.changed", "meeting", meeting.id,
        now=now, organisation_id=organisation.id, fields=sorted(changes),
    )  # fmt: skip
    return _full(meeting, organisation)


async def cancel_meeting(session: AsyncSession, staff: CurrentStaff, meeting_id: int, now: datetime) -> MeetingOut:
    """Calls a meeting off, once, and tells the floating members; raises `NotFound` or `MeetingOver`."""
    meeting, organisation = await _to_change(session, staff, meeting_id)
    if meeting.cancelled_at is not None:
        return _full(meeting, organisation)
    if meeting.starts_at <= now:
        raise MeetingOver
    meeting.cancelled_at = now
    await cancel_schedules(session, REMINDER, meeting.id)
    await end_campaigns(session, ("meeting_notice", "meeting_changed", REMINDER), meeting.id, now)
    _announce(session, "meeting_cancelled", meeting, organisation, meeting.starts_at, now)
    audit.record(
        session, staff.actor, "meeting.cancelled", "meeting", meeting.id, now=now, organisation_id=organisation.id
    )
    return _full(meeting, organisation)


async def list_led(
    session: AsyncSession, staff: CurrentStaff, organisation_id: int, *, after: int | None, limit: int
) -> list[MeetingOut]:
    """Meetings of the organisation and its subtree, latest start first, one more than `limit` where there are more."""
    organisation = await find_organisation(session, organisation_id, staff.paths("leader"))
    statement = _meetings(after, limit).where(below(organisation))
    return [_full(*row) for row in await session.execute(statement)]


async def list_mine(
    session: AsyncSession, member: CurrentMember, *, after: int | None, limit: int, now: datetime
) -> list[MeetingBrief]:
    """The member's meetings, latest start first, one more than `limit` where there is a next page."""
    statement = _meetings(after, limit).where(_reached_by(member, now))
    return [_brief(*row) for row in await session.execute(statement)]


async def get_mine(session: AsyncSession, member: CurrentMember, meeting_id: int, now: datetime) -> MeetingOut:
    """One of the member's meetings; raises `NotFound`."""
    found = await session.execute(_meetings(None, 1).where(Meeting.id == meeting_id, _reached_by(member, now)))
    row = found.first()
    if row is None:
        raise NotFound
    return _full(row[0], row[1])


def _meetings(after: int | None, limit: int) -> Select[Meeting, Organisation]:
    statement: Select[Meeting, Organisation] = (
        select(Meeting, Organisation)
        .join(Organisation, Organisation.id == Meeting.organisation_id)
        .order_by(Meeting.starts_at.desc(), Meeting.id.desc())
        .limit(limit + 1)
    )
    if after is None:
        return statement
    last = aliased(Meeting)
    position = select(last.starts_at, last.id).where(last.id == after)
    return statement.where(tuple_(Meeting.starts_at, Meeting.id) < position.scalar_subquery())


def _reached_by(member: CurrentMember, now: datetime) -> ColumnElement[bool]:
    """Of the last 30 days and to come: the own organisation's, and for a floating member those above as well."""
    organisations = ancestors(member.path) if member.floating else [member.organisation_id]
    return Meeting.organisation_id.in_(organisations) & (Meeting.ends_at >= now - SHOWN_AFTER)


def _brief(meeting: Meeting, organisation: Organisation) -> MeetingBrief:
    return MeetingBrief(**_common(meeting, organisation))


def _full(meeting: Meeting, organisation: Organisation) -> MeetingOut:
    return MeetingOut(
        **_common(meeting, organisation),
        agenda=meeting.agenda,
        join_link=meeting.join_link,
        meeting_code=meeting.meeting_code,
        meeting_password=meeting.meeting_password,
    )


def _common(meeting: Meeting, organisation: Organisation) -> dict[str, Any]:
    return {
        "id": meeting.id,
        "organisation_id": organisation.id,
        "organisation": organisation.name,
        "kind": meeting.kind,
        "kind_name": KIND_NAMES[meeting.kind],
        "title": meeting.title,
        "starts_at": meeting.starts_at,
        "ends_at": meeting.ends_at,
        "timezone": organisation.timezone,
        "cancelled": meeting.cancelled_at is not None,
    }
