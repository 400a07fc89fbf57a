"""What was recorded wrongly is withdrawn, with a reason; the row stays, and its hours are taken back."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import DateTime, cast, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import CurrentStaff, within
from app.directory.models import Member, Organisation
from app.errors import NotFound
from app.library.models import LessonVersion
from app.quizzes.models import Attempt
from app.reading.models import EarlierCompletion, ReadingProgress
from app.records.models import RecordedStudy
from app.records.service import Done, append, hold_members, take_back


async def withdraw(session: AsyncSession, staff: CurrentStaff, study_id: int, reason: str, now: datetime) -> int:
    """Takes back what was recorded, once, with its hours; what the member has also done here earns them instead.

    Raises `NotFound`. Gives the id.
    """
    found = await session.execute(
        select(RecordedStudy, Organisation.id)
        .join(Member, Member.id == RecordedStudy.member_id)
        .join(Organisation, Organisation.id == Member.organisation_id)
        .where(RecordedStudy.id == study_id, within(Organisation.path, staff.paths("leader")))
    )
    row = found.first()
    if row is None:
        raise NotFound
    study, organisation_id = row
    places = await hold_members(session, [study.member_id])
    # Read again: somebody else may have withdrawn it before the member was held.
    await session.refresh(study)
    if study.withdrawn_at is not None:
        return study_id
    study.withdrawn_at, study.withdrawn_by, study.withdrawal = now, staff.account_id, reason
    if study.lesson_id is not None:
        done = Done(study.member_id, "lesson", study.lesson_id, edition=study.edition or 1, way=study.way)
    elif study.title is not None:
        done = Done(study.member_id, "class", study.id, way=study.way)
    else:
        done = Done(study.member_id, "quiz", study.quiz_id or 0, way=study.way)
    await take_back(session, [done], now)
    await append(session, await _done_here(session, study, places[study.member_id][1]), now)
    audit.record(
        session, staff.actor, "study.withdrawn", "recorded_study", study.id,
        now=now, organisation_id=organisation_id, member=study.member_id, issue=study.issue_id,
    )  # fmt: skip
    return study_id


async def _done_here(session: AsyncSession, study: RecordedStudy, timezone: str) -> list[Done]:
    """The same thing, where the member has done it here as well."""
    zone = ZoneInfo(timezone)
    if study.quiz_id is not None:
        passed = await session.scalar(
            select(func.min(Attempt.submitted_at)).where(
                Attempt.quiz_id == study.quiz_id, Attempt.member_id == study.member_id, Attempt.passed.is_(True)
            )
        )
        on = passed and passed.astimezone(zone).date()
        return [Done(study.member_id, "quiz", study.quiz_id, on=on)] if on else []
    for table in (ReadingProgress, EarlierCompletion):
        mine = (table.member_id == study.member_id, table.lesson_id == study.lesson_id)
        read: datetime | None = await session.scalar(
            select(cast(table.completed_at, DateTime(timezone=True))).where(*mine, table.edition == study.edition)
        )
        if read is not None:
            seconds = await session.scalar(
                select(LessonVersion.required_seconds)
                .where(LessonVersion.lesson_id == study.lesson_id, LessonVersion.edition == study.edition)
                .order_by(LessonVersion.number.desc())
                .limit(1)
            )
            on = read.astimezone(zone).date()
            return [Done(study.member_id, "lesson", study.lesson_id or 0, seconds or 0, study.edition or 1, on=on)]
    return []
