"""Where members stand, over time: whatever puts a member into an organisation or takes them out goes through here.

A change takes effect `at` a time that is not in the future, but not before the member came to the place that is left.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import Invalid

# What begins at the very moment is replaced, not ended: a period without length would be nowhere.
BEGUN_LATER = text("""
SELECT member_id FROM placements
WHERE member_id = ANY(CAST(:ids AS bigint[])) AND until_at IS NULL AND from_at > :at LIMIT 1
""")
REPLACE = text("""
DELETE FROM placements WHERE member_id = ANY(CAST(:ids AS bigint[])) AND until_at IS NULL AND from_at = :at
""")
END = text("""
UPDATE placements SET until_at = :at WHERE member_id = ANY(CAST(:ids AS bigint[])) AND until_at IS NULL
""")
BEGIN = text("""
INSERT INTO placements (member_id, organisation_id, path, from_at)
SELECT member.id, member.organisation_id, organisation.path, :at
FROM members member JOIN organisations organisation ON organisation.id = member.organisation_id
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


class TooEarly(Invalid):
    """The date lies before the beginning of a placement that it would end."""

    code = "date_too_early"
    detail = "日期早于党员来到现支部的时间，请改为更晚的日期。"


async def place_members(
    session: AsyncSession, member_ids: Sequence[int], organisation_id: int | None, at: datetime
) -> None:
    """Has members stand in an organisation from `at` on (without one: in that of their rows), and nowhere else.

    Members and organisation are flushed. Who stands there already is left alone. Raises `TooEarly`.
    """
    if organisation_id is not None:
        await session.execute(MOVE, {"ids": list(member_ids), "organisation_id": organisation_id})
    moved = list(await session.scalars(ELSEWHERE, {"ids": list(member_ids)}))
    await displace_members(session, moved, at)
    await session.execute(BEGIN, {"ids": moved, "at": at})


async def displace_members(session: AsyncSession, member_ids: Sequence[int], at: datetime) -> None:
    """Ends where members stand, at `at`; raises `TooEarly`."""
    values = {"ids": list(member_ids), "at": at}
    if await session.scalar(BEGUN_LATER, values) is not None:
        raise TooEarly
    for statement in (REPLACE, END):
        await session.execute(statement, values)


async def follow_tree(session: AsyncSession, path: str, at: datetime) -> None:
    """After organisations have moved to or below `path`: their members stand there from `at` on; raises `TooEarly`."""
    await place_members(session, list(await session.scalars(BELOW, {"path": path})), None, at)
