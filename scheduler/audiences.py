"""Whom an audience means, besides where they stand."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, TextClause, and_, func, literal, or_, select

from app.directory.models import Member, Organisation
from app.library.audience import is_meant
from app.library.models import Issue
from app.records.queries import short_of_hours
from app.reports.queries import counted_at, unfinished
from app.schemas import monday_of

JOINED = ("full_member", "probationary_member")
DAY_LENGTH = len("2026-11-16")


def narrowings(audience: Mapping[str, object], timezone: str, now: datetime) -> list[ColumnElement[bool] | TextClause]:
    """The conditions on `Member` and their `Organisation`, given the zone of who announces."""
    conditions: list[ColumnElement[bool] | TextClause] = []
    if audience.get("floating_only"):
        conditions.append(Member.roster == "floating")
    if week := audience.get("unfinished_week"):
        conditions.append(unfinished(monday_of(str(week)), counted_at(str(week), timezone, now)))
    if issue_id := audience.get("issue_id"):
        conditions.append(select(Issue.id).where(Issue.id == issue_id, is_meant()).exists())
    if at := audience.get("joined_at"):
        conditions.append(_joined_on_the_day(datetime.fromisoformat(str(at))))
    if year := audience.get("hours_year"):
        conditions.append(short_of_hours(int(str(year))))
    return conditions


def _joined_on_the_day(at: datetime) -> ColumnElement[bool]:
    """Who joined on the day of the year that it is at the member's own clock; of a known month alone nobody knows.

    29 February is kept on the 28th of other years.
    """
    here, tomorrow = (func.timezone(Organisation.timezone, literal(moment)) for moment in (at, at + timedelta(days=1)))
    today = func.to_char(here, "MM-DD")
    joined = func.substr(Member.joined_on, 6)
    leap_day = and_(joined == "02-29", today == "02-28", func.to_char(tomorrow, "MM-DD") == "03-01")
    return and_(
        Member.stage.in_(JOINED),
        func.length(Member.joined_on) == DAY_LENGTH,
        # Not on the day of joining itself.
        func.left(Member.joined_on, 4) < func.to_char(here, "YYYY"),
        or_(joined == today, leap_day),
    )
