"""Plans: recurring columns from which drafts are made ahead, so that study does not depend on someone remembering."""

import calendar
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Date, Integer, cast, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import CurrentStaff, within
from app.directory.models import Organisation
from app.errors import Conflict, Invalid, NotFound
from app.library.issues import Outline, insert_issue
from app.library.lessons import DESK, get_organisation
from app.library.models import Issue, Plan
from app.library.planning_schemas import Column, PlanIn, PlanOut, PlanPatch
from app.schemas import week_of

WEEK = timedelta(weeks=1)
OCCURRENCES = ("first", "second", "third", "fourth")
_PLACE = re.compile(r"\{([^{}]*)\}")
PLACES = ("year", "month", "week")


class PlanExists(Conflict):
    """An organisation has one plan with many columns."""

    code = "plan_exists"
    detail = "该组织已经有学习计划，请直接修改它的栏目。"


class BadPattern(Invalid):
    """The title names something that a week does not have."""

    code = "bad_pattern"
    detail = "标题里只能使用 {year}、{month}、{week} 三种占位，例如「{year}年第{week}周学习」。"


def check_pattern(title: str) -> None:
    """Raises `BadPattern`."""
    rest = _PLACE.sub("", title)
    if any(name not in PLACES for name in _PLACE.findall(title)) or "{" in rest or "}" in rest:
        raise BadPattern


def title_of(pattern: str, monday: date) -> str:
    """The title of the issue of a week: year and number are those of the ISO week, the month that of its Monday."""
    year, week, _ = monday.isocalendar()
    # A first week that begins in December is of January: its year and this month would name no month there is.
    month = monday.month if monday.year == year else 1
    values = {"year": str(year), "month": str(month), "week": str(week)}
    return _PLACE.sub(lambda place: values[place[1]], pattern)


def occurrences(monday: date) -> set[str]:
    """What a Monday is: one of every week, and the first to fourth or the last of its month (or both)."""
    _, days = calendar.monthrange(monday.year, monday.month)
    number = (monday.day - 1) // 7
    named = set(OCCURRENCES[number : number + 1]) | {"every"}
    return named | {"last"} if monday.day + 7 > days else named


def columns_of(columns: Sequence[Mapping[str, str]], monday: date) -> tuple[str, ...]:
    """The titles of the columns that the week of this Monday has."""
    due = occurrences(monday)
    return tuple(column["title"] for column in columns if column["weeks"] in due)


def _this_monday(timezone: str, now: datetime) -> date:
    today = now.astimezone(ZoneInfo(timezone)).date()
    return today - timedelta(days=today.weekday())


def _kept(columns: Sequence[Column]) -> list[dict[str, str]]:
    return [column.model_dump() for column in columns]


def shown(plan: Plan) -> PlanOut:
    """A plan as it is answered."""
    names = ("id", "organisation_id", "title", "columns", "ahead_weeks", "enabled", "revision")
    values = {name: getattr(plan, name) for name in names}
    return PlanOut.model_validate({**values, "planned_until": week_of(plan.planned_until)})


async def create_plan(session: AsyncSession, staff: CurrentStaff, body: PlanIn, now: datetime) -> Plan:
    """The plan of an organisation, from the next week on; raises `PlanExists`, `BadPattern` or `NotFound`."""
    check_pattern(body.title)
    organisation = await get_organisation(session, staff, body.organisation_id)
    plan = Plan(
        organisation_id=organisation.id,
        title=body.title,
        columns=_kept(body.columns),
        ahead_weeks=body.ahead_weeks,
        enabled=body.enabled,
        author_id=staff.account_id,
        planned_until=_this_monday(organisation.timezone, now),
        revision=1,
        created_at=now,
    )
    session.add(plan)
    try:
        await session.flush()
    except IntegrityError as error:
        if "uq_plans_organisation_id" in str(error.orig):
            raise PlanExists from None
        raise
    _record(session, staff, plan, "plan.created", now)
    return plan


def _record(session: AsyncSession, staff: CurrentStaff, plan: Plan, action: str, now: datetime) -> None:
    audit.record(
        session, staff.actor, action, "plan", plan.id, now=now,
        organisation_id=plan.organisation_id, columns=len(plan.columns), enabled=plan.enabled,
    )  # fmt: skip


async def change_plan(session: AsyncSession, staff: CurrentStaff, plan_id: int, body: PlanPatch, now: datetime) -> Plan:
    """Changes a plan; drafts that are there stay. Raises `BadPattern` or `NotFound`.

    With other columns the coming weeks are looked at anew: those that had no column may have one now.
    """
    check_pattern(body.title or "")
    found = await session.execute(
        select(Plan, Organisation.timezone)
        .join(Organisation, Organisation.id == Plan.organisation_id)
        .where(Plan.id == plan_id, within(Organisation.path, staff.paths("editor")))
        .with_for_update(of=Plan)
    )
    row = found.first()
    if row is None:
        raise NotFound
    plan, timezone = row
    changes = body.model_dump(exclude_none=True)
    if changes.get("columns", plan.columns) != plan.columns:
        plan.planned_until = min(plan.planned_until, _this_monday(timezone, now))
    for name, value in changes.items():
        setattr(plan, name, value)
    plan.revision += 1
    _record(session, staff, plan, "plan.changed", now)
    return plan


async def list_plans(session: AsyncSession, staff: CurrentStaff, *, after: int | None, limit: int) -> list[Plan]:
    """The plans in the reach of an editor or reviewer, by id, one more than `limit` where there are more."""
    found = await session.scalars(
        select(Plan)
        .join(Organisation, Organisation.id == Plan.organisation_id)
        .where(within(Organisation.path, staff.paths(*DESK)), Plan.id > (after or 0))
        .order_by(Plan.id)
        .limit(limit + 1)
    )
    return list(found)


async def lock_behind(session: AsyncSession, now: datetime, skip: Collection[int] = ()) -> Plan | None:
    """One plan that is behind with its drafts and that nobody else is at, but for those to `skip`; None if none."""
    local = func.timezone(Organisation.timezone, now)
    horizon = cast(func.date_trunc("week", local), Date) + 7 * cast(Plan.ahead_weeks, Integer)
    found = await session.scalars(
        select(Plan)
        .join(Organisation, Organisation.id == Plan.organisation_id)
        .where(Plan.enabled, Organisation.archived_at.is_(None), Plan.planned_until < horizon, Plan.id.not_in(skip))
        .order_by(Plan.id)
        .limit(1)
        .with_for_update(of=Plan, skip_locked=True)
    )
    return found.first()


async def make_drafts(session: AsyncSession, plan: Plan, now: datetime) -> int:
    """Makes the drafts that a locked plan is behind with; gives how many.

    Each week of a plan is looked at once. A week that has an issue already is left alone.
    """
    timezone = (await session.get_one(Organisation, plan.organisation_id)).timezone
    monday = _this_monday(timezone, now)
    last = monday + plan.ahead_weeks * WEEK
    # What was missed while nobody looked is over.
    week = max(plan.planned_until + WEEK, monday)
    taken = await _taken(session, plan, week)
    made = 0
    while week <= last:
        columns = columns_of(plan.columns, week)
        if columns and week not in taken:
            await insert_issue(
                session, audit.SYSTEM, plan.author_id, plan.organisation_id, week,
                title_of(plan.title, week), "", [], now, outline=Outline(columns, plan.id),
            )  # fmt: skip
            made += 1
        week += WEEK
    plan.planned_until = last
    return made


async def _taken(session: AsyncSession, plan: Plan, begins: date) -> set[date]:
    """The weeks from then on that have an issue of the organisation, or had one of the plan that was taken away."""
    found = await session.scalars(
        select(Issue.week).where(
            Issue.organisation_id == plan.organisation_id,
            Issue.week >= begins,
            or_(Issue.state != "withdrawn", Issue.plan_id == plan.id),
        )
    )
    return set(found)
