"""A leader records what members studied on paper or at home (送学上门)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, func, literal, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.access import audit
from app.access.principals import CurrentStaff, ancestors, below
from app.directory.models import Member, Organisation
from app.errors import Conflict, Invalid, NotFound
from app.library.audience import is_meant
from app.library.models import Issue, IssueLesson, LessonVersion
from app.organisations.effective import DateInFuture
from app.organisations.service import find_organisation
from app.organisations.settings.keys import PAPER_COMPLETES, PAPER_HOURS
from app.organisations.settings.resolved import Settings, load_settings
from app.paper.schemas import Recorded, RecordedStudyIn
from app.quizzes.models import Quiz
from app.records.models import RecordedStudy
from app.records.service import Done, append, hold_members


class BeforePublication(Invalid):
    """Nobody can have studied what was not there."""

    code = "before_publication"
    detail = "学习日期早于这期学习的发布日期，请核对日期。"


class NotMeant(Conflict):
    """An issue is recorded for those whom it is meant for."""

    code = "not_meant"


class NothingToRecord(Invalid):
    """Neither a lesson nor a score."""

    code = "nothing_to_record"
    detail = "没有要登记的内容：请选择党员和资料，或填写测验成绩。"


class NotInIssue(Invalid):
    """A lesson, or a quiz, that the issue does not have."""

    code = "not_in_issue"
    detail = "这期学习里没有所选的资料或测验，请刷新后重新选择。"


class TwoScores(Invalid):
    """Somebody has one sheet and two scores."""

    code = "two_scores"
    detail = "同一名党员填了两个成绩，请只保留一个再登记。"


@dataclass(frozen=True)
class Lesson:
    """The edition of a lesson that there was on the day, and how long it takes to read."""

    id: int
    edition: int
    seconds: int


@dataclass(frozen=True)
class Asked:
    """What is recorded, checked: by whom, of what, and which rules hold where each member stands."""

    body: RecordedStudyIn
    account_id: int
    lessons: Sequence[Lesson]
    quiz: Quiz | None
    places: dict[int, tuple[str, str]]
    settings: Settings


async def record_study(
    session: AsyncSession, staff: CurrentStaff, organisation_id: int, body: RecordedStudyIn, now: datetime
) -> Recorded:
    """Records study of members of the subtree; what is on record already stays as it is, and counts once.

    Raises `NotFound`, `NothingToRecord`, `NotInIssue`, `NotMeant`, `DateInFuture` or `BeforePublication`.
    """
    organisation = await find_organisation(session, organisation_id, staff.paths("leader"))
    issue = await _find_issue(session, organisation, body.issue_id)
    _check_day(body.studied_on, issue, organisation, now)
    members = {*body.member_ids, *(each.member_id for each in body.scores)}
    await _check_members(session, organisation, issue, members)
    places = await hold_members(session, sorted(members))
    asked = Asked(
        body,
        staff.account_id,
        await _lessons(session, issue, body, organisation.timezone, now),
        await session.scalar(select(Quiz).where(Quiz.issue_id == issue.id)),
        places,
        await load_settings(session, {path for path, _ in places.values()}, [PAPER_COMPLETES, PAPER_HOURS]),
    )
    rows = _rows(asked, now)
    if not rows:
        raise NothingToRecord
    written = await session.execute(
        insert(RecordedStudy)
        .on_conflict_do_nothing()
        .returning(RecordedStudy.id, RecordedStudy.member_id, RecordedStudy.lesson_id, RecordedStudy.passed),
        # Not as values of one statement: two hundred members and twenty lessons have too many parameters.
        rows,
    )
    new = written.all()
    await append(session, _earned(asked, new), now)
    audit.record(
        session, staff.actor, "study.recorded", "issue", issue.id, now=now, organisation_id=organisation.id,
        members=sorted(members), recorded=len(new), way=body.way, on=body.studied_on.isoformat(),
    )  # fmt: skip
    return Recorded(recorded=len(new), already=len(rows) - len(new), ids=sorted(row.id for row in new))


async def _find_issue(session: AsyncSession, organisation: Organisation, issue_id: int) -> Issue:
    """A published issue from above, of the organisation, or from below it."""
    publisher = select(Organisation.id).where(
        Organisation.id == Issue.organisation_id,
        or_(Organisation.id.in_(ancestors(organisation.path)), below(organisation)),
    )
    found = await session.scalar(
        select(Issue).where(Issue.id == issue_id, Issue.state == "published", publisher.exists())
    )
    if found is None:
        raise NotFound
    return found


def _check_day(on: date, issue: Issue, organisation: Organisation, now: datetime) -> None:
    zone = ZoneInfo(organisation.timezone)
    if on > now.astimezone(zone).date():
        raise DateInFuture
    if issue.published_at is not None and on < issue.published_at.astimezone(zone).date():
        raise BeforePublication


async def _check_members(session: AsyncSession, organisation: Organisation, issue: Issue, members: set[int]) -> None:
    publisher = select(Organisation.path).where(Organisation.id == issue.organisation_id).scalar_subquery()
    rows = await session.execute(
        select(Member.name, func.starts_with(Organisation.path, publisher) & is_meant())
        .join(Organisation, Organisation.id == Member.organisation_id)
        .join(Issue, Issue.id == literal(issue.id))
        .where(Member.id.in_(members), below(organisation), Member.archived_at.is_(None))
        .order_by(Member.id)
    )
    found = rows.all()
    if len(found) != len(members):
        raise NotFound
    strangers = [name for name, meant in found if not meant]
    if strangers:
        raise NotMeant(f"这期学习不面向{'、'.join(strangers[:5])}，请去掉后再登记。")


async def _lessons(
    session: AsyncSession, issue: Issue, body: RecordedStudyIn, timezone: str, now: datetime
) -> list[Lesson]:
    """The lessons that are meant, each in the edition that there was at the end of the day."""
    day_ends = datetime.combine(body.studied_on + timedelta(days=1), time(), ZoneInfo(timezone))
    at = min(now, day_ends - timedelta(microseconds=1))
    newer = aliased(LessonVersion)
    last = select(func.max(newer.number)).where(newer.lesson_id == LessonVersion.lesson_id, newer.created_at <= at)
    rows = await session.execute(
        select(LessonVersion.lesson_id, LessonVersion.edition, LessonVersion.required_seconds)
        .join(IssueLesson, IssueLesson.lesson_id == LessonVersion.lesson_id)
        .where(IssueLesson.issue_id == issue.id, LessonVersion.number == last.scalar_subquery())
        .order_by(LessonVersion.lesson_id)
    )
    lessons = [Lesson(*row) for row in rows]
    if body.lesson_ids is None:
        return lessons
    wanted = set(body.lesson_ids)
    chosen = [lesson for lesson in lessons if lesson.id in wanted]
    if len(chosen) != len(wanted):
        raise NotInIssue
    return chosen


def _rows(asked: Asked, now: datetime) -> list[dict[str, object]]:
    """The rows to insert, all with the same columns; raises `TwoScores`, and `NotInIssue` for one where no quiz is."""
    if asked.body.scores and asked.quiz is None:
        raise NotInIssue
    if len({each.member_id for each in asked.body.scores}) < len(asked.body.scores):
        raise TwoScores

    def row(member_id: int, **what: object) -> dict[str, object]:
        return {
            "member_id": member_id,
            "issue_id": asked.body.issue_id,
            **{name: what.get(name) for name in ("lesson_id", "edition", "quiz_id", "score", "passed")},
            "way": asked.body.way,
            "studied_on": asked.body.studied_on,
            "completes": asked.settings.get(asked.places[member_id][0], PAPER_COMPLETES),
            "recorded_by": asked.account_id,
            "recorded_at": now,
        }

    rows = [
        row(member_id, lesson_id=lesson.id, edition=lesson.edition)
        for member_id in sorted(set(asked.body.member_ids))
        for lesson in asked.lessons
    ]
    for each in asked.body.scores:
        assert asked.quiz is not None  # noqa: S101 - checked above
        passed = each.score >= asked.quiz.pass_mark
        rows.append(row(each.member_id, quiz_id=asked.quiz.id, score=each.score, passed=passed))
    return rows


def _earned(asked: Asked, new: Sequence[Row[int, int, int | None, bool | None]]) -> list[Done]:
    lessons = {lesson.id: lesson for lesson in asked.lessons}
    done = []
    for row in new:
        if not asked.settings.get(asked.places[row.member_id][0], PAPER_HOURS):
            continue
        shared: dict[str, Any] = {"way": asked.body.way, "on": asked.body.studied_on}
        if row.lesson_id is not None:
            lesson = lessons[row.lesson_id]
            done.append(Done(row.member_id, "lesson", lesson.id, lesson.seconds, lesson.edition, **shared))
        elif row.passed and asked.quiz is not None:
            done.append(Done(row.member_id, "quiz", asked.quiz.id, **shared))
    return done
