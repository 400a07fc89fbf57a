"""Completion of a week, its export, and the nudge of those who have not finished."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import CurrentStaff, below
from app.directory.models import Member, Organisation
from app.errors import Conflict
from app.library.models import Issue
from app.messaging.models import Campaign
from app.messaging.service import Audience, announce, event_of
from app.organisations.service import find_organisation
from app.organisations.tree.changes import path_as_of
from app.reports import queries
from app.reports.queries import Standpoint
from app.reports.schemas import Completion, Figures, IssueRef, MemberRow, NudgeOut, OrganisationRow
from app.schemas import monday_of, week_of

OWN = "本级"
NUDGE = "unfinished_reminder"
NUDGE_LIFE = timedelta(hours=24)
FIGURES = tuple(Figures.model_fields)


class NudgedToday(Conflict):
    """Once a day is enough."""

    code = "nudged_today"
    detail = "今天已经提醒过，请明天再试。"


class NobodyUnfinished(Conflict):
    """There is nobody to remind."""

    code = "nobody_unfinished"
    detail = "这一周没有尚未完成学习的党员，无需提醒。"


@dataclass(frozen=True)
class Export:
    """The rows of a workbook, the same as the screens show."""

    by_organisation: Completion
    members: list[MemberRow]


def current_week(organisation: Organisation, now: datetime) -> str:
    """The ISO week that it is in the organisation's zone."""
    return week_of(now.astimezone(ZoneInfo(organisation.timezone)).date())


async def _seen_from(session: AsyncSession, organisation: Organisation, week: str, now: datetime) -> Standpoint:
    """The organisation where it stood when everybody is counted: at the end of the week in its zone, or now."""
    at = queries.counted_at(week, organisation.timezone, now)
    path = await session.scalar(select(path_as_of(at)).where(Organisation.id == organisation.id))
    assert path is not None  # noqa: S101 - the organisation was found a moment ago
    return Standpoint(path, organisation.practice, monday_of(week), at)


async def get_completion(
    session: AsyncSession,
    staff: CurrentStaff,
    organisation_id: int,
    week: str | None,
    *,
    by_member: bool,
    after: int | None,
    limit: int,
    now: datetime,
) -> Completion:
    """Totals of the organisation's subtree with a row for each child, or a page of members; raises `NotFound`."""
    organisation = await find_organisation(session, organisation_id, staff.paths("leader"))
    week = week or current_week(organisation, now)
    seen = await _seen_from(session, organisation, week, now)
    completion = await _by_organisation(session, organisation, week, seen, now)
    if not by_member:
        return completion
    rows = await _members(session, seen, after=after, limit=limit + 1)
    shown = rows[:limit]
    following = str(shown[-1].member_id) if len(rows) > limit else None
    audit.record(
        session, staff.actor, "completion.viewed", "organisation", organisation.id,
        now=now, organisation_id=organisation.id, week=week, members=len(shown),
    )  # fmt: skip
    return completion.model_copy(update={"items": shown, "next": following})


async def export_completion(
    session: AsyncSession, staff: CurrentStaff, organisation_id: int, week: str | None, now: datetime
) -> Export:
    """All rows of both views; that personal data left the system is on record. Raises `NotFound`."""
    organisation = await find_organisation(session, organisation_id, staff.paths("leader"))
    week = week or current_week(organisation, now)
    seen = await _seen_from(session, organisation, week, now)
    completion = await _by_organisation(session, organisation, week, seen, now)
    members = await _members(session, seen, after=None, limit=None)
    audit.record(
        session, staff.actor, "completion.exported", "organisation", organisation.id,
        now=now, organisation_id=organisation.id, week=completion.week, members=len(members),
    )  # fmt: skip
    return Export(completion, members)


async def _by_organisation(
    session: AsyncSession, organisation: Organisation, week: str, seen: Standpoint, now: datetime
) -> Completion:
    counted = await queries.count_completion(session, seen)
    figures = {(row["total"], row["child"]): Figures(**{name: row[name] for name in FIGURES}) for row in counted}
    nothing = Figures(due=0, started=0, completed=0, recorded=0, quiz_passed=0, average_score=None)
    children = await session.execute(
        select(Organisation.id, Organisation.name)
        .where(_shown_child(organisation, [int(child) for _, child in figures if child], running=seen.at == now))
        .order_by(Organisation.id)
    )
    named: list[tuple[str | None, int, str]] = [(str(id_), id_, name) for id_, name in children]
    if (False, None) in figures:
        named.insert(0, (None, organisation.id, OWN))
    return Completion(
        organisation_id=organisation.id,
        organisation=organisation.name,
        week=week,
        issues=await _issues(session, seen),
        totals=figures[True, None],
        items=[
            OrganisationRow(organisation_id=id_, organisation=name, **figures.get((False, child), nothing).model_dump())
            for child, id_, name in named
        ],
        next=None,
    )


def _shown_child(organisation: Organisation, counted: Sequence[int], *, running: bool) -> ColumnElement[bool]:
    """Which organisations have a row: whose members were counted, wherever they are now.

    In a running week the present children besides: of a week that is over nothing changes any more, rows of zeros
    neither.
    """
    shown = Organisation.id.in_(counted)
    if not running:
        return shown
    present = and_(
        Organisation.parent_id == organisation.id,
        Organisation.archived_at.is_(None),
        Organisation.practice.is_(organisation.practice),
    )
    return or_(shown, present)


async def _issues(session: AsyncSession, seen: Standpoint) -> list[IssueRef]:
    """The week's issues that were meant for anybody in the subtree: from above, its own, and from below."""
    path = path_as_of(seen.at)
    rows = await session.execute(
        select(Issue.id, Issue.title, Organisation.name)
        .join(Organisation, Organisation.id == Issue.organisation_id)
        .where(
            Issue.week == seen.week,
            Issue.state == "published",
            # A real organisation's practice below it is not its week; above a practice there are real issues.
            or_(Organisation.practice.is_(False), literal(seen.practice)),
            func.starts_with(seen.path, path) | func.starts_with(path, seen.path),
        )
        .order_by(path, Issue.id)
    )
    return [IssueRef(id=id_, title=title, organisation=name) for id_, title, name in rows]


async def _members(session: AsyncSession, seen: Standpoint, *, after: int | None, limit: int | None) -> list[MemberRow]:
    return [MemberRow(**row) for row in await queries.list_study(session, seen, after=after, limit=limit)]


async def nudge(session: AsyncSession, staff: CurrentStaff, organisation_id: int, week: str, now: datetime) -> NudgeOut:
    """Reminds those who have not finished the week; raises `NotFound`, `NudgedToday` or `NobodyUnfinished`."""
    # Locked, so that two leaders do not both find the day free.
    organisation = await find_organisation(session, organisation_id, staff.paths("leader"), lock=True)
    if await _nudged_since(session, organisation, _midnight(organisation, now)):
        raise NudgedToday
    count = await session.scalar(
        select(func.count())
        .select_from(Member)
        .join(Organisation, Organisation.id == Member.organisation_id)
        .where(
            below(organisation),
            queries.unfinished(monday_of(week), queries.counted_at(week, organisation.timezone, now)),
        )
    )
    if not count:
        raise NobodyUnfinished
    campaign = announce(
        session,
        NUDGE,
        organisation_id=organisation.id,
        subject_id=organisation.id,
        event={**event_of(organisation, now), "week": week},
        audience=Audience(path=organisation.path, unfinished_week=week),
        expires_at=now + NUDGE_LIFE,
        now=now,
    )
    await session.flush()
    audit.record(
        session, staff.actor, "completion.nudged", "organisation", organisation.id,
        now=now, organisation_id=organisation.id, week=week, unfinished=count,
    )  # fmt: skip
    return NudgeOut(id=campaign.id, organisation_id=organisation.id, week=week, unfinished=count)


def _midnight(organisation: Organisation, now: datetime) -> datetime:
    zone = ZoneInfo(organisation.timezone)
    return datetime.combine(now.astimezone(zone).date(), time(), zone)


async def _nudged_since(session: AsyncSession, organisation: Organisation, since: datetime) -> bool:
    """Whether a leader has reminded since then; standing reminders (which have a tick) do not count."""
    found: Sequence[int] = (
        await session.scalars(
            select(Campaign.id)
            .where(
                Campaign.kind == NUDGE,
                Campaign.organisation_id == organisation.id,
                Campaign.tick_id.is_(None),
                Campaign.dry_run.is_(False),
                Campaign.created_at >= since,
            )
            .limit(1)
        )
    ).all()
    return bool(found)
