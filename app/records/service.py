"""The account of study hours: entries are only ever added, and nothing that was done counts twice."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.directory.models import Member, Organisation
from app.organisations.settings.resolved import load_settings
from app.records.conversion import KEYS, Conversion, hundredths

CREDIT = text("""
INSERT INTO study_hours (
    member_id, kind, reference, edition, number, way, hundredths, seconds, hour_seconds, rules, earned_on, written_at
)
SELECT CAST(:member_id AS bigint), CAST(:kind AS text), CAST(:reference AS bigint), CAST(:edition AS bigint),
    coalesce(max(number), 0) + 1, CAST(:way AS text), CAST(:hundredths AS bigint), CAST(:seconds AS bigint),
    CAST(:hour_seconds AS bigint), CAST(:rules AS text), CAST(:earned_on AS date), CAST(:written_at AS timestamptz)
FROM study_hours
WHERE member_id = :member_id AND kind = :kind AND reference = :reference AND edition = :edition
HAVING coalesce(max(number), 0) % 2 = 0
ON CONFLICT DO NOTHING
""")

# Only where what is taken back was credited in that way: what was also done otherwise stays.
TAKE_BACK = text("""
INSERT INTO study_hours (
    member_id, kind, reference, edition, number, way, hundredths, seconds, hour_seconds, rules, earned_on, written_at
)
SELECT member_id, kind, reference, edition, number + 1, way, -hundredths, seconds, hour_seconds, rules, earned_on,
    CAST(:written_at AS timestamptz)
FROM study_hours credit
WHERE member_id = :member_id AND kind = :kind AND reference = :reference AND edition = :edition AND way = :way
    AND number % 2 = 1 AND number = (
        SELECT max(number) FROM study_hours last
        WHERE last.member_id = credit.member_id AND last.kind = credit.kind AND last.reference = credit.reference
            AND last.edition = credit.edition
    )
ON CONFLICT DO NOTHING
""")


@dataclass(frozen=True)
class Done:
    """What a member did: a lesson's edition or a meeting of so many `seconds`, or a quiz that was passed.

    `on` is the day; None: today, where the member is.
    """

    member_id: int
    kind: str
    reference: int
    seconds: int = 0
    edition: int = 1
    way: str = "online"
    on: date | None = None


async def append(session: AsyncSession, done: Iterable[Done], now: datetime) -> None:
    """Credits what was done by the conversion of where each member stands; what is credited already stays as it is."""
    entries = list(done)
    places = await hold_members(session, [each.member_id for each in entries])
    settings = await load_settings(session, {path for path, _ in places.values()}, KEYS)
    rows = []
    for each in entries:
        path, timezone = places[each.member_id]
        conversion = Conversion.at(settings, path)
        seconds = conversion.quiz_seconds if each.kind == "quiz" else each.seconds
        earned = hundredths(each.kind, seconds, conversion)
        if earned == 0:
            continue
        rows.append(
            {
                **_key(each),
                "way": each.way,
                "hundredths": earned,
                "seconds": seconds,
                "hour_seconds": conversion.hour_seconds,
                "rules": conversion.version,
                "earned_on": each.on or now.astimezone(ZoneInfo(timezone)).date(),
                "written_at": now,
            }
        )
    if rows:
        await session.execute(CREDIT, rows)


async def take_back(session: AsyncSession, undone: Iterable[Done], now: datetime) -> None:
    """Takes back what was credited in this way, by entries of their own; what was not credited stays as it is."""
    entries = list(undone)
    await hold_members(session, [each.member_id for each in entries])
    if entries:
        await session.execute(TAKE_BACK, [{**_key(each), "way": each.way, "written_at": now} for each in entries])


def _key(done: Done) -> dict[str, object]:
    return {
        "member_id": done.member_id,
        "kind": done.kind,
        "reference": done.reference,
        "edition": done.edition,
    }


async def hold_members(session: AsyncSession, member_ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Path and zone of where each member stands; the entries of one member come one after the other from here on."""
    rows = await session.execute(
        select(Member.id, Organisation.path, Organisation.timezone)
        .join(Organisation, Organisation.id == Member.organisation_id)
        .where(Member.id.in_(member_ids))
        .order_by(Member.id)
        # Not the full lock: what only refers to the member may still be inserted.
        .with_for_update(of=Member, key_share=True)
    )
    return {member_id: (path, timezone) for member_id, path, timezone in rows}
