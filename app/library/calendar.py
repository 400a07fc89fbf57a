"""The calendar of an organisation: which weeks have an issue that reaches it, and which have none."""

from collections import defaultdict
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principals import CurrentStaff, ancestors, within
from app.directory.models import Organisation
from app.errors import Invalid, NotFound
from app.library.lessons import DESK
from app.library.models import Issue
from app.library.planning_schemas import CalendarIssue, CalendarOut, CalendarWeek
from app.schemas import monday_of, week_of

WEEK = timedelta(weeks=1)
MOST_WEEKS = 106
# Without bounds: a month back, a quarter ahead.
BACK, AHEAD = 4 * WEEK, 13 * WEEK


class BadWeeks(Invalid):
    """The weeks do not begin before they end, or are too many."""

    code = "bad_weeks"
    detail = "起始周应不晚于结束周，且最多查看两年，请重新选择。"


async def get_calendar(
    session: AsyncSession,
    staff: CurrentStaff,
    organisation_id: int,
    first: str | None,
    last: str | None,
    now: datetime,
) -> CalendarOut:
    """The weeks from `first` to `last`; raises `BadWeeks` or `NotFound`.

    Of organisations above only what is scheduled or published shows: their drafts are their own business.
    """
    organisation = await session.scalar(
        select(Organisation).where(Organisation.id == organisation_id, within(Organisation.path, staff.paths(*DESK)))
    )
    if organisation is None:
        raise NotFound
    today = now.astimezone(ZoneInfo(organisation.timezone)).date()
    monday = today - timedelta(days=today.weekday())
    begins = monday_of(first) if first else monday - BACK
    ends = monday_of(last) if last else max(begins, monday) + AHEAD
    if not begins <= ends < begins + MOST_WEEKS * WEEK:
        raise BadWeeks
    by_week = await _issues(session, organisation, begins, ends)
    mondays = [begins + number * WEEK for number in range((ends - begins) // WEEK + 1)]
    weeks = [
        CalendarWeek(week=week_of(each), issues=by_week[each], gap=all(issue.narrowed for issue in by_week[each]))
        for each in mondays
    ]
    return CalendarOut(organisation_id=organisation.id, weeks=weeks)


async def _issues(
    session: AsyncSession, organisation: Organisation, begins: date, ends: date
) -> dict[date, list[CalendarIssue]]:
    """The issues that reach an organisation, by the Monday of their week, its own first."""
    own = Issue.organisation_id == organisation.id
    above = and_(Issue.organisation_id.in_(ancestors(organisation.path)), Issue.state.in_(("scheduled", "published")))
    found = await session.execute(
        select(Issue, Organisation.name)
        .join(Organisation, Organisation.id == Issue.organisation_id)
        .where(Issue.week.between(begins, ends), Issue.state != "withdrawn", or_(own, above))
        .order_by(own.desc(), Organisation.path.desc(), Issue.id)
    )
    by_week: dict[date, list[CalendarIssue]] = defaultdict(list)
    shown = ("id", "organisation_id", "title", "state", "plan_id")
    for issue, name in found:
        more = {
            "organisation": name,
            "own": issue.organisation_id == organisation.id,
            "narrowed": bool(issue.audience_stages or issue.audience_rosters or issue.audience_tags),
        }
        values = {field: getattr(issue, field) for field in shown} | more
        by_week[issue.week].append(CalendarIssue.model_validate(values))
    return by_week
