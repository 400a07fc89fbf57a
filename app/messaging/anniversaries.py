"""The days of the year that an organisation keeps: its own list, which it edits."""

import calendar
from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import func, select, tuple_
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import CurrentStaff, within
from app.directory.models import Organisation
from app.errors import Conflict, Invalid, NotFound
from app.messaging.models import Anniversary
from app.messaging.schedule_schemas import Anniversaries, AnniversaryIn, AnniversaryOut, AnniversaryPatch
from app.messaging.schedule_schemas import SuggestedAnniversary as Suggested
from app.organisations.service import find_organisation

MOST = 60
LEAP_YEAR = 2024

SUGGESTED = (
    Suggested(month=5, day=4, name="五四青年节", words="1919年5月4日，五四运动爆发。5月4日是青年节。"),
    Suggested(month=7, day=1, name="七一建党纪念日", words="1921年7月，中国共产党成立。7月1日是党的成立纪念日。"),
    Suggested(month=8, day=1, name="八一建军节", words="1927年8月1日，南昌起义。8月1日是中国人民解放军建军纪念日。"),
    Suggested(month=9, day=3, name="抗战胜利纪念日", words="9月3日是中国人民抗日战争胜利纪念日。"),
    Suggested(month=9, day=30, name="烈士纪念日", words="9月30日是烈士纪念日。缅怀英烈，铭记历史。"),
    Suggested(month=10, day=1, name="国庆节", words="1949年10月1日，中华人民共和国成立。10月1日是国庆节。"),
    Suggested(month=12, day=4, name="国家宪法日", words="12月4日是国家宪法日。"),
    Suggested(month=12, day=13, name="国家公祭日", words="12月13日是南京大屠杀死难者国家公祭日。"),
)


class NoSuchDay(Invalid):
    """The month has no such day."""

    code = "no_such_day"
    detail = "这个月没有这一天，请核对月和日。"


class AnniversaryExists(Conflict):
    """The list has it already."""

    code = "anniversary_exists"
    detail = "这一天已经有同名的纪念日，请直接修改它。"


class TooManyAnniversaries(Conflict):
    """A list of days to keep, not a calendar."""

    code = "too_many_anniversaries"
    detail = f"一个组织最多设 {MOST} 个纪念日，请先删除不用的。"


def kept_as(day: date) -> list[tuple[int, int]]:
    """Which days of the year are kept on a day, as (month, day): 29 February is kept on the 28th of other years."""
    if (day.month, day.day) == (2, 28) and not calendar.isleap(day.year):
        return [(2, 28), (2, 29)]
    return [(day.month, day.day)]


async def kept_on(session: AsyncSession, organisation_id: int, day: date) -> Sequence[Anniversary]:
    """What an organisation keeps on a day."""
    found = await session.scalars(
        select(Anniversary)
        .where(
            Anniversary.organisation_id == organisation_id,
            Anniversary.enabled,
            tuple_(Anniversary.month, Anniversary.day).in_(kept_as(day)),
        )
        .order_by(Anniversary.id)
    )
    return found.all()


async def days_kept(session: AsyncSession, organisation_id: int) -> set[tuple[int, int]]:
    """The days of the year that an organisation keeps, as (month, day)."""
    found = await session.execute(
        select(Anniversary.month, Anniversary.day).where(
            Anniversary.organisation_id == organisation_id, Anniversary.enabled
        )
    )
    return {(month, day) for month, day in found}


async def list_anniversaries(session: AsyncSession, staff: CurrentStaff, organisation_id: int) -> Anniversaries:
    """The list of an organisation, and what is suggested besides; raises `NotFound`."""
    organisation = await find_organisation(session, organisation_id, staff.paths("administrator"))
    found = await session.scalars(
        select(Anniversary)
        .where(Anniversary.organisation_id == organisation.id)
        .order_by(Anniversary.month, Anniversary.day, Anniversary.id)
    )
    items = [AnniversaryOut.model_validate(each) for each in found]
    has = {(each.month, each.day) for each in items}
    return Anniversaries(items=items, suggested=[each for each in SUGGESTED if (each.month, each.day) not in has])


async def create_anniversary(
    session: AsyncSession, staff: CurrentStaff, organisation_id: int, body: AnniversaryIn, now: datetime
) -> Anniversary:
    """Adds a day to the list; raises `NoSuchDay`, `AnniversaryExists`, `TooManyAnniversaries` or `NotFound`."""
    organisation = await find_organisation(session, organisation_id, staff.paths("administrator"))
    count = await session.scalar(
        select(func.count()).select_from(Anniversary).where(Anniversary.organisation_id == organisation.id)
    )
    if (count or 0) >= MOST:
        raise TooManyAnniversaries
    anniversary = Anniversary(organisation_id=organisation.id, created_at=now, **body.model_dump())
    session.add(anniversary)
    await _write(session, anniversary)
    _record(session, staff, anniversary, "anniversary.created", now)
    return anniversary


async def change_anniversary(
    session: AsyncSession, staff: CurrentStaff, anniversary_id: int, body: AnniversaryPatch, now: datetime
) -> Anniversary:
    """Changes a day of the list; raises `NoSuchDay`, `AnniversaryExists` or `NotFound`."""
    anniversary = await _find(session, staff, anniversary_id)
    for name, value in body.model_dump(exclude_none=True).items():
        setattr(anniversary, name, value)
    await _write(session, anniversary)
    _record(session, staff, anniversary, "anniversary.changed", now)
    return anniversary


async def delete_anniversary(session: AsyncSession, staff: CurrentStaff, anniversary_id: int, now: datetime) -> None:
    """Strikes a day off the list; raises `NotFound`."""
    anniversary = await _find(session, staff, anniversary_id)
    _record(session, staff, anniversary, "anniversary.deleted", now)
    await session.delete(anniversary)


async def _find(session: AsyncSession, staff: CurrentStaff, anniversary_id: int) -> Anniversary:
    found = await session.scalar(
        select(Anniversary)
        .join(Organisation, Organisation.id == Anniversary.organisation_id)
        .where(Anniversary.id == anniversary_id, within(Organisation.path, staff.paths("administrator")))
        .with_for_update(of=Anniversary)
    )
    if found is None:
        raise NotFound
    return found


async def _write(session: AsyncSession, anniversary: Anniversary) -> None:
    if anniversary.day > calendar.monthrange(LEAP_YEAR, anniversary.month)[1]:
        raise NoSuchDay
    try:
        await session.flush()
    except IntegrityError as error:
        if "uq_anniversaries" in str(error.orig):
            raise AnniversaryExists from None
        raise


def _record(session: AsyncSession, staff: CurrentStaff, anniversary: Anniversary, action: str, now: datetime) -> None:
    audit.record(
        session, staff.actor, action, "anniversary", anniversary.id, now=now,
        organisation_id=anniversary.organisation_id, month=anniversary.month, day=anniversary.day,
        enabled=anniversary.enabled,
    )  # fmt: skip
