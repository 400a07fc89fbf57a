"""A member's own record of a period, from the rows that everything else is counted from, and certificates of it."""

import secrets
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import CurrentMember
from app.directory.models import Member, Organisation
from app.errors import Invalid, NotFound
from app.library.models import Issue
from app.my_record.models import SAME, Certificate
from app.my_record.schemas import CertificateCheck, QuizOut, RecordOut, WeekOut
from app.organisations.settings.keys import HOUR_RULES
from app.organisations.settings.resolved import get_setting
from app.quizzes.models import Attempt, Quiz
from app.quizzes.standing import counted
from app.reading.queries import list_between
from app.records.models import RECORDED_WAYS, RecordedStudy
from app.records.queries import ARTICLE, hours, sum_by_kind, total
from app.records.schemas import RuleOut
from app.schemas import week_of

LONGEST = timedelta(days=731)
# Digits and letters that nobody takes for one another.
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


class BadPeriod(Invalid):
    """A period that ends before it begins, in the future, or is too long."""

    code = "bad_period"
    detail = "起止日期不合适：开始日期不能晚于结束日期，结束日期不能晚于今天，最长两年。"


@dataclass(frozen=True)
class Period:
    """From one day to another, both included, where the member is."""

    begins: date
    ends: date


def period_of(begins: date | None, ends: date | None, timezone: str, now: datetime) -> Period:
    """What was asked for, by default the present year up to today; raises `BadPeriod`."""
    today = now.astimezone(ZoneInfo(timezone)).date()
    ends = ends or today
    begins = begins or date(ends.year, 1, 1)
    if not begins <= ends <= today or ends - begins > LONGEST or begins.year < 2000:
        raise BadPeriod
    return Period(begins, ends)


async def get_record(session: AsyncSession, member: CurrentMember, period: Period, now: datetime) -> RecordOut:
    """Weeks, quizzes and hours of the period."""
    name, organisation = (
        await session.execute(
            select(Member.name, Organisation.name)
            .join(Organisation, Organisation.id == Member.organisation_id)
            .where(Member.id == member.member_id)
        )
    ).one()
    kinds = await sum_by_kind(session, member.member_id, period.begins, period.ends)
    return RecordOut(
        name=name,
        organisation=organisation,
        begins_on=period.begins,
        ends_on=period.ends,
        hours=hours(total(kinds)),
        recorded=hours(total(kinds, *RECORDED_WAYS)),
        rule=RuleOut(article=ARTICLE, version=await get_setting(session, member.path, HOUR_RULES)),
        kinds=kinds,
        weeks=await _weeks(session, member, period, now),
        quizzes=await _quizzes(session, member, period),
    )


async def _weeks(session: AsyncSession, member: CurrentMember, period: Period, now: datetime) -> list[WeekOut]:
    weeks, zone = [], ZoneInfo(member.timezone)
    for issue, done_at, on_paper in await list_between(session, member, period.begins, period.ends, now):
        way = None if not issue.lessons_completed else "both" if 0 < on_paper < issue.lessons_completed else "online"
        weeks.append(
            WeekOut(
                week=issue.week,
                issue_id=issue.id,
                title=issue.title,
                organisation=issue.organisation,
                lessons_total=issue.lessons_total,
                lessons_completed=issue.lessons_completed,
                completed=issue.completed,
                completed_on=done_at.astimezone(zone).date() if done_at and issue.completed else None,
                way="recorded" if way and on_paper == issue.lessons_completed else way,
            )
        )
    return weeks


async def _quizzes(session: AsyncSession, member: CurrentMember, period: Period) -> list[QuizOut]:
    zone = ZoneInfo(member.timezone)
    tries: dict[int, list[Attempt]] = defaultdict(list)
    quizzes: dict[int, tuple[Quiz, date]] = {}
    in_period = Issue.week.between(period.begins, period.ends)
    found = await session.execute(
        select(Attempt, Quiz, Issue.week)
        .join(Quiz, Quiz.id == Attempt.quiz_id)
        .join(Issue, Issue.id == Quiz.issue_id)
        .where(Attempt.member_id == member.member_id, Attempt.submitted_at.is_not(None), in_period)
        .order_by(Issue.week.desc(), Attempt.number)
    )
    for attempt, quiz, week in found:
        tries[quiz.id].append(attempt)
        quizzes[quiz.id] = quiz, week
    rows = []
    for quiz, week in quizzes.values():
        best = counted(quiz, tries[quiz.id])
        if best is not None and best.submitted_at is not None:
            on = best.submitted_at.astimezone(zone).date()
            passed, score = bool(best.passed), best.score or 0
            rows.append(
                QuizOut(week=week_of(week), title=quiz.title, score=score, passed=passed, on=on, recorded=False)
            )
    recorded = await session.execute(
        select(RecordedStudy, Quiz.title, Issue.week)
        .join(Quiz, Quiz.id == RecordedStudy.quiz_id)
        .join(Issue, Issue.id == Quiz.issue_id)
        .where(RecordedStudy.member_id == member.member_id, RecordedStudy.withdrawn_at.is_(None), in_period)
    )
    for study, title, week in recorded:
        passed, score = bool(study.passed), study.score or 0
        rows.append(
            QuizOut(week=week_of(week), title=title, score=score, passed=passed, on=study.studied_on, recorded=True)
        )
    return sorted(rows, key=lambda row: row.week, reverse=True)


async def certify(session: AsyncSession, member: CurrentMember, record: RecordOut, now: datetime) -> Certificate:
    """Keeps what a certificate of the record says; the same one on the same day has the number that it had."""
    said = {
        "member_id": member.member_id,
        "begins_on": record.begins_on,
        "ends_on": record.ends_on,
        "issued_on": now.astimezone(ZoneInfo(member.timezone)).date(),
        "issues_completed": sum(week.completed for week in record.weeks),
        "hundredths": int(record.hours * 100),
    }
    number = "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))
    written: Certificate | None = await session.scalar(
        insert(Certificate)
        .values(number=number, rules=record.rule.version, issued_at=now, **said)
        .on_conflict_do_nothing(index_elements=list(SAME))
        .returning(Certificate)
    )
    if written is not None:
        audit.record(
            session, member.actor, "certificate.issued", "certificate", written.id,
            now=now, organisation_id=member.organisation_id,
        )  # fmt: skip
        return written
    same = (getattr(Certificate, name) == value for name, value in said.items())
    return (await session.scalars(select(Certificate).where(*same))).one()


async def check_certificate(session: AsyncSession, number: str) -> CertificateCheck:
    """What anybody may know of a certificate; raises `NotFound`."""
    found = await session.execute(
        select(Certificate, Member.name)
        .join(Member, Member.id == Certificate.member_id)
        .where(Certificate.number == number)
    )
    row = found.first()
    if row is None:
        raise NotFound("没有这个编号的证明，请核对编号。")
    certificate, name = row
    return CertificateCheck(
        valid=True,
        name_masked=f"{name[:1]}**",
        begins_on=certificate.begins_on,
        ends_on=certificate.ends_on,
        issues_completed=certificate.issues_completed,
        hours=hours(certificate.hundredths),
        issued_on=certificate.issued_on,
    )
