"""Where members stand, over time: whatever puts a member into an organisation or takes them out goes through here.

A change takes effect `at` a time that is not in the future, but not before the last one of the same member.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import Invalid
from app.organisations.locks import keep_tree

# Of two requests that waited for each other the later one may have read the clock first.
CROSSED = timedelta(minutes=1)

LATER = text("""
SELECT member.id, member.name, max(coalesce(place.until_at, place.from_at))
FROM placements place JOIN members member ON member.id = place.member_id
WHERE place.member_id = ANY(CAST(:ids AS bigint[])) AND coalesce(place.until_at, place.from_at) > :at
GROUP BY member.id ORDER BY member.id
""")
CREATED = text("""
SELECT max(effective_at) FROM organisation_changes
WHERE kind = 'created' AND organisation_id = ANY(CAST(:ids AS bigint[]))
""")
# What begins at the very moment is replaced, not ended: a period without length would be nowhere.
REPLACE = text("""
DELETE FROM placements WHERE member_id = ANY(CAST(:ids AS bigint[])) AND until_at IS NULL AND from_at = :at
""")
END = text("""
UPDATE placements SET until_at = :at WHERE member_id = ANY(CAST(:ids AS bigint[])) AND until_at IS NULL
""")
# Where the organisation has itself moved since `at`, a placement for each path that it had.
BEGIN = text("""
WITH stays AS (
    SELECT id AS organisation_id, path, CAST(NULL AS timestamptz) AS until_at FROM organisations
    UNION ALL (
        SELECT DISTINCT ON (organisation_id, effective_at) organisation_id, before->>'path', effective_at
        FROM organisation_changes WHERE kind = 'moved' AND effective_at > :at
        ORDER BY organisation_id, effective_at, id
    )
)
INSERT INTO placements (member_id, organisation_id, path, from_at, until_at)
SELECT member.id, organisation_id, stay.path,
    coalesce(lag(stay.until_at) OVER (PARTITION BY member.id ORDER BY stay.until_at), :at), stay.until_at
FROM members member JOIN stays stay USING (organisation_id)
WHERE member.id = ANY(CAST(:ids AS bigint[]))
""")
MOVE = text("UPDATE members SET organisation_id = :organisation_id WHERE id = ANY(CAST(:ids AS bigint[]))")
ELSEWHERE = text("""
SELECT member.id FROM members member JOIN organisations organisation ON organisation.id = member.organisation_id
LEFT JOIN placements place ON place.member_id = member.id AND place.until_at IS NULL
WHERE member.id = ANY(CAST(:ids AS bigint[])) AND place.path IS DISTINCT FROM organisation.path
""")
BELOW = text("""
SELECT member.id FROM members member JOIN organisations organisation ON organisation.id = member.organisation_id
WHERE starts_with(organisation.path, :path) AND member.archived_at IS NULL
""")


NOT_THERE_YET = "日期早于党组织成立的日期，请改为更晚的日期。"


class TooEarly(Invalid):
    """The date lies before the last change of what it would change."""

    code = "date_too_early"
    detail = "日期早于上一次变动的日期，请改为更晚的日期。"


def not_before(latest: datetime | None, at: datetime, detail: str | None = None) -> datetime:
    """`at`, which must not lie before the `latest` change; raises `TooEarly`, with a `detail` of the caller's.

    Times that only crossed while requests waited for each other are put in order, and so is what came about on the
    very day that a person gives, which is told by its local midnight.
    """
    if latest is None or latest <= at:
        return at
    # In the zone in which the day was given, so that what follows sees the same day.
    settled = latest.astimezone(at.tzinfo)
    is_same_day = isinstance(at.tzinfo, ZoneInfo) and settled.date() == at.date()
    if latest - at > CROSSED and not is_same_day:
        raise TooEarly(detail)
    return settled


async def created_at(session: AsyncSession, organisation_ids: Sequence[int]) -> datetime | None:
    """Since when all the organisations are there, or None where that is not known."""
    found: datetime | None = await session.scalar(CREATED, {"ids": list(organisation_ids)})
    return found


async def after_creation(session: AsyncSession, organisation_ids: Sequence[int], at: datetime) -> datetime:
    """`at`, which must not lie before one of the organisations was there; raises `TooEarly`."""
    return not_before(await created_at(session, organisation_ids), at, NOT_THERE_YET)


async def place_members(
    session: AsyncSession, member_ids: Sequence[int], organisation_id: int | None, at: datetime
) -> None:
    """Has members stand in an organisation from `at` on (without one: in that of their rows), and nowhere else.

    Members and organisation are flushed. Who stands there already is left alone. Raises `TooEarly`.
    """
    await keep_tree(session)
    ids = list(member_ids)
    if organisation_id is not None:
        at = await after_creation(session, [organisation_id], at)
        await session.execute(MOVE, {"ids": ids, "organisation_id": organisation_id})
    moved = list(await session.scalars(ELSEWHERE, {"ids": ids}))
    for ends, members in (await _end_places(session, moved, at)).items():
        await session.execute(BEGIN, {"ids": members, "at": ends})


async def displace_members(session: AsyncSession, member_ids: Sequence[int], at: datetime) -> None:
    """Ends where members stand, at `at`; raises `TooEarly`."""
    await keep_tree(session)
    await _end_places(session, list(member_ids), at)


async def _end_places(session: AsyncSession, ids: Sequence[int], at: datetime) -> dict[datetime, list[int]]:
    """When the places of whom came to end: `at`, or a moment later; raises `TooEarly`."""
    later: dict[int, datetime] = {}
    for member_id, name, since in await session.execute(LATER, {"ids": list(ids), "at": at}):
        day = since.astimezone(at.tzinfo).date()
        detail = f"日期早于{name}来到或离开现支部的日期（{day}），请改为当天或更晚的日期。"
        later[member_id] = not_before(since, at, detail)
    ends: dict[datetime, list[int]] = {}
    for member_id in ids:
        ends.setdefault(later.get(member_id, at), []).append(member_id)
    for moment, members in ends.items():
        for statement in (REPLACE, END):
            await session.execute(statement, {"ids": members, "at": moment})
    return ends


async def follow_tree(session: AsyncSession, path: str, at: datetime) -> None:
    """After organisations have moved to or below `path`: their members stand there from `at` on; raises `TooEarly`."""
    await place_members(session, list(await session.scalars(BELOW, {"path": path})), None, at)
