"""What was recorded, as leaders see it."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import CurrentStaff, below
from app.directory.models import Account, Member, Organisation
from app.library.models import Issue, Lesson
from app.organisations.service import find_organisation
from app.paper.schemas import RecordedStudies, RecordedStudyOut
from app.quizzes.models import Quiz
from app.records.models import RecordedStudy


def _listed() -> Select[RecordedStudy, str, str | None, str, str]:
    return (
        select(
            RecordedStudy,
            Member.name.label("member"),
            Issue.title.label("issue"),
            func.coalesce(Lesson.title, Quiz.title, RecordedStudy.title).label("title"),
            Account.name.label("recorder"),
        )
        .join(Member, Member.id == RecordedStudy.member_id)
        .join(Organisation, Organisation.id == Member.organisation_id)
        .outerjoin(Issue, Issue.id == RecordedStudy.issue_id)
        .join(Account, Account.id == RecordedStudy.recorded_by)
        .outerjoin(Lesson, Lesson.id == RecordedStudy.lesson_id)
        .outerjoin(Quiz, Quiz.id == RecordedStudy.quiz_id)
        .order_by(RecordedStudy.id.desc())
    )


def _shown(row: Any) -> RecordedStudyOut:
    study = row.RecordedStudy
    same = ("id", "member_id", "issue_id", "lesson_id", "quiz_id", "score", "passed", "way", "studied_on", "completes")
    late = ("recorded_at", "withdrawn_at", "withdrawal")
    return RecordedStudyOut(
        **{name: getattr(study, name) for name in (*same, *late)},
        member=row.member,
        issue=row.issue,
        title=row.title,
        minutes=None if study.seconds is None else study.seconds // 60,
        recorded_by=row.recorder,
    )


async def list_recorded(
    session: AsyncSession, staff: CurrentStaff, organisation_id: int, *, before: int | None, limit: int, now: datetime
) -> RecordedStudies:
    """What was recorded for who stands in the subtree now, newest first; raises `NotFound`."""
    organisation = await find_organisation(session, organisation_id, staff.paths("leader"))
    statement = _listed().where(below(organisation)).limit(limit + 1)
    if before is not None:
        statement = statement.where(RecordedStudy.id < before)
    rows = (await session.execute(statement)).all()
    items = [_shown(row) for row in rows[:limit]]
    audit.record(
        session, staff.actor, "studies.viewed", "organisation", organisation.id,
        now=now, organisation_id=organisation.id, studies=len(items),
    )  # fmt: skip
    return RecordedStudies(items=items, next=str(items[-1].id) if len(rows) > limit else None)


async def get_recorded(session: AsyncSession, study_id: int) -> RecordedStudyOut:
    """What is on record under this id, which the caller has reached already."""
    await session.flush()
    return _shown((await session.execute(_listed().where(RecordedStudy.id == study_id))).one())
