"""The study hours of a year: sums of the entries, nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import RowMapping, TextClause, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import CurrentMember, CurrentStaff, below
from app.directory.models import Member, Organisation
from app.organisations.service import find_organisation
from app.organisations.settings.keys import HOUR_RULES, HOURS_A_YEAR
from app.organisations.settings.resolved import load_settings
from app.records.models import RECORDED_WAYS, StudyHour
from app.records.schemas import HoursOfKind, MemberHours, OrganisationHours, RuleOut, StudyHoursOut

ARTICLE = "《中国共产党党员教育管理工作条例》第二十条"
EXEMPT_ARTICLE = "《中国共产党党员教育管理工作条例》第二十三条"

# Who stands there now, each with what their own organisation asks.
YEAR = """
WITH asked AS (
    SELECT * FROM unnest(CAST(:places AS bigint[]), CAST(:targets AS bigint[])) asked (organisation_id, target)
),
people AS (
    SELECT member.id AS member_id, member.name, place.name AS organisation, place.path,
        member.exempt_reason IS NOT NULL AS exempt, asked.target,
        coalesce(earned.hundredths, 0) AS hundredths, coalesce(earned.recorded, 0) AS recorded
    FROM asked
    JOIN organisations place ON place.id = asked.organisation_id
    JOIN members member ON member.organisation_id = place.id AND member.archived_at IS NULL
    LEFT JOIN (
        SELECT member_id, sum(hundredths) AS hundredths,
            sum(hundredths) FILTER (WHERE way IN ('paper', 'home_visit')) AS recorded
        FROM study_hours WHERE earned_on BETWEEN :begins AND :ends GROUP BY member_id
    ) earned ON earned.member_id = member.id
)
"""
TOTALS = """
SELECT count(*) FILTER (WHERE NOT exempt) AS due, count(*) FILTER (WHERE exempt) AS exempt,
    count(*) FILTER (WHERE NOT exempt AND hundredths >= 100 * target) AS met
FROM people
"""
PAGE = """
SELECT * FROM people
WHERE CAST(:after AS bigint) IS NULL OR (path, member_id) > (
    SELECT place.path, last.id FROM members last JOIN organisations place ON place.id = last.organisation_id
    WHERE last.id = :after
)
ORDER BY path, member_id LIMIT :limit
"""


SHORT = """
members.exempt_reason IS NULL AND coalesce(
    (SELECT sum(hundredths) FROM study_hours WHERE member_id = members.id AND earned_on BETWEEN :begins AND :ends), 0
) < 100 * coalesce(
    (
        SELECT CAST(setting.value #>> '{}' AS bigint)
        FROM unnest(CAST(string_to_array(btrim(organisations.path, '/'), '/') AS bigint[]))
            WITH ORDINALITY step (id, depth)
        JOIN organisation_settings setting ON setting.organisation_id = step.id AND setting.key = :key
        ORDER BY step.depth DESC LIMIT 1
    ),
    :asked
)
"""


def short_of_hours(year: int) -> TextClause:
    """The condition, for a query of `Member` and their `Organisation`, of not having the hours that are asked there.

    Exempt members never meet it.
    """
    return text(f"({SHORT})").bindparams(
        begins=date(year, 1, 1), ends=date(year, 12, 31), key=HOURS_A_YEAR.name, asked=HOURS_A_YEAR.default
    )


def hours(hundredths: int) -> Decimal:
    """Hundredths as a decimal of two digits."""
    return Decimal(hundredths).scaleb(-2)


@dataclass(frozen=True)
class Standing:
    """How a member stands in a year, and the sentence that says so."""

    met: bool | None
    missing: Decimal | None
    verdict: str


def standing(year: int, hundredths: int, target: int, *, exempt: bool) -> Standing:
    """What is missing of the target, if anything is asked at all."""
    earned = hours(hundredths)
    if exempt:
        return Standing(None, None, f"{year} 年已有 {earned} 学时。您按规定不作硬性要求，愿意学随时可以学。")
    short = max(100 * target - hundredths, 0)
    if short:
        return Standing(
            False, hours(short), f"{year} 年已有 {earned} 学时，距全年 {target} 学时还有 {hours(short)} 学时。"
        )
    return Standing(True, hours(0), f"{year} 年已有 {earned} 学时，全年 {target} 学时已达到。")


def year_of(timezone: str, now: datetime) -> int:
    """The year that it is in the zone."""
    return now.astimezone(ZoneInfo(timezone)).year


async def sum_by_kind(session: AsyncSession, member_id: int, begins: date, ends: date) -> list[HoursOfKind]:
    """What a member earned from `begins` to `ends`, both included, by kind and way; what was taken back is out."""
    found = await session.execute(
        select(StudyHour.kind, StudyHour.way, func.sum(StudyHour.number % 2 * 2 - 1), func.sum(StudyHour.hundredths))
        .where(StudyHour.member_id == member_id, StudyHour.earned_on.between(begins, ends))
        .group_by(StudyHour.kind, StudyHour.way)
        .order_by(StudyHour.kind, StudyHour.way)
    )
    return [
        HoursOfKind(kind=kind, way=way, count=int(count), hours=hours(int(hundredths)))
        for kind, way, count, hundredths in found
        if count
    ]


def total(kinds: Sequence[HoursOfKind], *ways: str) -> int:
    """The sum in hundredths, of these ways only where any are given."""
    return sum(int(each.hours * 100) for each in kinds if not ways or each.way in ways)


async def get_own(session: AsyncSession, member: CurrentMember, year: int | None, now: datetime) -> StudyHoursOut:
    """The member's own year."""
    year = year or year_of(member.timezone, now)
    kinds = await sum_by_kind(session, member.member_id, date(year, 1, 1), date(year, 12, 31))
    settings = await load_settings(session, [member.path], [HOURS_A_YEAR, HOUR_RULES])
    reason = await session.scalar(select(Member.exempt_reason).where(Member.id == member.member_id))
    target = settings.get(member.path, HOURS_A_YEAR)
    stands = standing(year, total(kinds), target, exempt=reason is not None)
    return StudyHoursOut(
        year=year,
        target=target,
        hours=hours(total(kinds)),
        recorded=hours(total(kinds, *RECORDED_WAYS)),
        missing=stands.missing,
        met=stands.met,
        exempt=reason is not None,
        exempt_reason=reason,
        rule=RuleOut(article=EXEMPT_ARTICLE if reason else ARTICLE, version=settings.get(member.path, HOUR_RULES)),
        verdict=stands.verdict,
        kinds=kinds,
    )


async def get_led(
    session: AsyncSession,
    staff: CurrentStaff,
    organisation_id: int,
    year: int | None,
    *,
    after: int | None,
    limit: int | None,
    now: datetime,
) -> OrganisationHours:
    """The year of an organisation's subtree, member by member as the tree has them; raises `NotFound`.

    Without a limit it is an export, and on record as such.
    """
    organisation = await find_organisation(session, organisation_id, staff.paths("leader"))
    year = year or year_of(organisation.timezone, now)
    places = (await session.execute(select(Organisation.id, Organisation.path).where(below(organisation)))).all()
    settings = await load_settings(session, [path for _, path in places], [HOURS_A_YEAR, HOUR_RULES])
    asked = {
        "places": [place for place, _ in places],
        "targets": [settings.get(path, HOURS_A_YEAR) for _, path in places],
        "begins": date(year, 1, 1),
        "ends": date(year, 12, 31),
    }
    totals = (await session.execute(text(YEAR + TOTALS), asked)).mappings().one()
    paging = {"after": after, "limit": None if limit is None else limit + 1}
    rows = (await session.execute(text(YEAR + PAGE), {**asked, **paging})).mappings().all()
    shown = rows[:limit]
    audit.record(
        session, staff.actor, "study_hours.exported" if limit is None else "study_hours.viewed",
        "organisation", organisation.id, now=now, organisation_id=organisation.id, year=year, members=len(shown),
    )  # fmt: skip
    return OrganisationHours(
        organisation_id=organisation.id,
        organisation=organisation.name,
        year=year,
        rule=RuleOut(article=ARTICLE, version=settings.get(organisation.path, HOUR_RULES)),
        **totals,
        items=[_row(year, row) for row in shown],
        next=str(shown[-1]["member_id"]) if len(rows) > len(shown) else None,
    )


def _row(year: int, row: RowMapping) -> MemberHours:
    stands = standing(year, int(row["hundredths"]), row["target"], exempt=row["exempt"])
    return MemberHours(
        member_id=row["member_id"],
        name=row["name"],
        organisation=row["organisation"],
        exempt=row["exempt"],
        target=row["target"],
        hours=hours(int(row["hundredths"])),
        recorded=hours(int(row["recorded"])),
        missing=stands.missing,
        met=stands.met,
    )
