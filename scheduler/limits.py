"""At most so many notices a member and day, by the member's own clock: a statement a window, never a member."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import delete, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.messaging.models import MEETING_KINDS, DeliveryState, NoticeDay
from app.messaging.times import Night
from app.messaging.words import DAILY_LIMIT
from scheduler.adapters.base import Status
from scheduler.claims import Claim, Note

UNLIMITED = 2**31
# No zone is further behind than a day, and nothing is given back later than that.
KEPT = timedelta(days=2)

# Counts one for each member who is below the limit, in one order everywhere, and gives those who are not.
COUNT = text("""
WITH wanted AS (SELECT id FROM members WHERE id = ANY(CAST(:members AS bigint[]))),
counted AS (
    INSERT INTO notice_days AS kept (member_id, day, notices)
    SELECT id, CAST(:day AS date), 1 FROM wanted ORDER BY id
    ON CONFLICT (member_id, day) DO UPDATE SET notices = kept.notices + 1 WHERE kept.notices < :most
    RETURNING member_id
)
SELECT id FROM wanted EXCEPT SELECT member_id FROM counted
""")

# Locks the day of each member in that order; makes it where it is missing, for else two senders that count the same
# members in it would each have made what the other waits for.
LOCK = text("""
INSERT INTO notice_days AS kept (member_id, day, notices)
SELECT id, CAST(:day AS date), 0 FROM members WHERE id = ANY(CAST(:members AS bigint[])) ORDER BY id
ON CONFLICT (member_id, day) DO UPDATE SET notices = kept.notices
""")


def _day(night: Night, now: datetime) -> date:
    return now.astimezone(ZoneInfo(night.timezone)).date()


def next_morning(night: Night, now: datetime) -> datetime:
    """When the quiet hours before the next day of the members end."""
    return datetime.combine(_day(night, now) + timedelta(days=1), night.ends, ZoneInfo(night.timezone))


async def admit(
    session: AsyncSession, claim: Claim, positions: Sequence[int], expires_at: datetime, now: datetime
) -> tuple[list[int], list[Note]]:
    """Counts these deliveries in the day of each member; gives those that may go, and a note for each of the others.

    Who is over the limit waits until the next morning, or expires where the campaign will have ended. A meeting
    concerns a member's rights: what is said about it and cannot wait goes at once.
    """
    night = claim.night
    later = next_morning(night, now)
    waits = later < expires_at
    most = UNLIMITED if claim.kind in MEETING_KINDS and not waits else night.notices
    values = {"members": [claim.members[at] for at in positions], "day": _day(night, now), "most": most}
    over = set(await session.scalars(COUNT, values))
    held = [at for at in positions if claim.members[at] in over]
    if not waits:
        for position in held:
            claim.end(position, DeliveryState.EXPIRED)
    notes = [Note(at, _reason(claim, at), next_try_at=later if waits else None, tried=False) for at in held]
    return [at for at in positions if claim.members[at] not in over], notes


def _reason(claim: Claim, position: int) -> str:
    """That an earlier try may have arrived must not be forgotten over the waiting."""
    return Status.UNKNOWN.value if position in claim.ambiguous else DAILY_LIMIT


async def give_back(
    session: AsyncSession,
    claim: Claim,
    marked_at: Mapping[int, datetime],
    *,
    now: datetime,
    next_: Collection[int] = (),
) -> None:
    """Takes deliveries that certainly did not go, or that will be counted again, out of the day they were marked on.

    Who is counted `next_` in this transaction is locked with them, so that no two senders wait for each other. Days
    that are over are not locked first: nothing rings at midnight, when there could be two.
    """
    if not marked_at:
        return
    members = [claim.members[at] for at in {*marked_at, *next_}]
    await session.execute(LOCK, {"members": members, "day": _day(claim.night, now)})
    by_day: dict[date, list[int]] = defaultdict(list)
    for at, moment in marked_at.items():
        by_day[_day(claim.night, moment)].append(claim.members[at])
    for day, some in by_day.items():
        await session.execute(
            update(NoticeDay)
            .where(NoticeDay.member_id.in_(some), NoticeDay.day == day, NoticeDay.notices > 0)
            .values(notices=NoticeDay.notices - 1)
            .execution_options(synchronize_session=False)
        )


async def forget_days(session: AsyncSession, now: datetime) -> None:
    """Deletes the counts of days that are over everywhere."""
    await session.execute(delete(NoticeDay).where(NoticeDay.day < (now - KEPT).date()))
