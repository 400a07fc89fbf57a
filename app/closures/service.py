"""What becomes of schedules, meetings and issues when an organisation comes to an end.

Meetings to come go over to the organisation that takes over, with their reminders, so that those who were invited still
find them and its leader can change or cancel them; without one they are cancelled, and nobody is left to be told.
Everything else that is scheduled stops: standing reminders, and issues, which are drafts again. Drafts, lessons and
what was published stay with the archived organisation, where editors of its superiors reach them.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import CurrentStaff
from app.directory.models import Organisation
from app.library.models import Issue
from app.library.recording import record_change
from app.library.reviews import void_reviews
from app.meetings.models import Meeting
from app.messaging.models import Schedule
from app.organisations.locks import lock_tree
from app.organisations.practice.service import empty_practice
from app.organisations.tree import closing
from app.organisations.tree.schemas import MergerIn, OrganisationArchiveIn

MEETING_REMINDER = "meeting_reminder"


async def merge_organisation(
    session: AsyncSession, staff: CurrentStaff, organisation_id: int, body: MergerIn, now: datetime
) -> Organisation:
    """Merges an organisation into another one, which is given; raises what `closing.merge_organisation` does."""
    organisation, into = await closing.merge_organisation(session, staff, organisation_id, body, now)
    await _close(session, organisation, into, staff.actor, now)
    return into


async def archive_organisation(
    session: AsyncSession, staff: CurrentStaff, organisation_id: int, body: OrganisationArchiveIn, now: datetime
) -> Organisation:
    """Archives an empty organisation; raises what `closing.archive_organisation` does."""
    organisation = await closing.archive_organisation(session, staff, organisation_id, body, now)
    await _close(session, organisation, None, staff.actor, now)
    return organisation


async def end_practice(session: AsyncSession, staff: CurrentStaff, organisation_id: int, now: datetime) -> None:
    """Archives the practice organisation under this one with all that is in it; raises `NotFound`."""
    await lock_tree(session)
    for organisation in await empty_practice(session, staff, organisation_id, now):
        await archive_organisation(session, staff, organisation.id, OrganisationArchiveIn(reason="other"), now)


async def _close(
    session: AsyncSession, organisation: Organisation, into: Organisation | None, actor: str, now: datetime
) -> None:
    # Schedules before what they are for: the order of the tick.
    schedules = await session.scalars(
        select(Schedule)
        .where(Schedule.organisation_id == organisation.id, Schedule.next_due_at.is_not(None))
        .order_by(Schedule.id)
        .with_for_update(key_share=True)
    )
    stopped = 0
    for schedule in schedules.all():
        if into is not None and schedule.kind == MEETING_REMINDER:
            schedule.organisation_id = into.id
        else:
            schedule.enabled, schedule.next_due_at = False, None
            stopped += 1
    meetings = await _close_meetings(session, organisation, into, actor, now)
    issues = await _take_back_issues(session, organisation, actor, now)
    audit.record(
        session, actor, "organisation.closed", "organisation", organisation.id,
        now=now, organisation_id=organisation.id, schedules=stopped, meetings=meetings, issues=issues,
    )  # fmt: skip


async def _close_meetings(
    session: AsyncSession, organisation: Organisation, into: Organisation | None, actor: str, now: datetime
) -> int:
    """Hands the meetings to come over, or cancels them; how many there were."""
    found = await session.scalars(
        select(Meeting)
        .where(Meeting.organisation_id == organisation.id, Meeting.starts_at > now, Meeting.cancelled_at.is_(None))
        .order_by(Meeting.id)
        .with_for_update(key_share=True)
    )
    meetings = found.all()
    for meeting in meetings:
        if into is not None:
            meeting.organisation_id = into.id
        else:
            meeting.cancelled_at = now
        audit.record(
            session, actor, "meeting.cancelled" if into is None else "meeting.handed_over", "meeting", meeting.id,
            now=now, organisation_id=meeting.organisation_id,
        )  # fmt: skip
    return len(meetings)


async def _take_back_issues(session: AsyncSession, organisation: Organisation, actor: str, now: datetime) -> int:
    """Makes drafts of the issues that wait to be published; how many there were."""
    found = await session.scalars(
        select(Issue)
        .where(Issue.organisation_id == organisation.id, Issue.state == "scheduled")
        .order_by(Issue.id)
        .with_for_update(key_share=True)
    )
    issues = found.all()
    for issue in issues:
        await void_reviews(session, issue.id, now)
        issue.state = "draft"
        issue.reviewer_id = issue.publish_at = None
        issue.updated_at = now
        issue.revision += 1
        record_change(
            session, None, "moved", issue_id=issue.id,
            before={"state": "scheduled"}, after={"state": "draft"}, now=now,
        )  # fmt: skip
        audit.record(
            session, actor, "issue.moved", "issue", issue.id,
            now=now, organisation_id=organisation.id, before="scheduled", after="draft",
        )  # fmt: skip
    return len(issues)
