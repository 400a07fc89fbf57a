"""Who may be one person entered twice: the same phone number, or the same name and month of birth."""

from collections.abc import Set
from datetime import datetime

from sqlalchemy import ColumnElement, and_, any_, false, func, literal, or_, select, text
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import CurrentStaff, within
from app.db.vault import Vault
from app.directory.models import Member, Organisation
from app.errors import Conflict
from app.organisations.people.reach import KEEPERS, listed, shown
from app.organisations.people.schemas import LikePair, RosterMemberOut
from app.organisations.service import find_organisation

# Of more than so many who are like a new one, the rest are not named.
NAMED = 20
SAME_PHONE, SAME_PERSON = "same_phone", "same_name_and_birth_month"
DETAILS = {SAME_PHONE: "手机号相同", SAME_PERSON: "姓名和出生年月相同"}

PAIRS = text("""
WITH people AS (
    SELECT member.id, member.phone_index, member.name, member.birth_month
    FROM members member JOIN organisations organisation ON organisation.id = member.organisation_id
    WHERE starts_with(organisation.path, :path) AND member.archived_at IS NULL AND organisation.practice = :practice
)
SELECT one, other, bool_or(phone), NOT bool_and(phone) FROM (
    SELECT one.id AS one, other.id AS other, true AS phone
    FROM people one JOIN people other ON other.phone_index = one.phone_index AND other.id > one.id
    UNION ALL
    SELECT one.id, other.id, false
    FROM people one JOIN people other
        ON other.name = one.name AND other.birth_month = one.birth_month AND other.id > one.id
) pair
WHERE (one, other) > (CAST(:one AS bigint), CAST(:other AS bigint))
GROUP BY one, other ORDER BY one, other LIMIT :limit
""")


class PossibleDuplicate(Conflict):
    """Somebody in reach is like the person who is to be entered."""

    code = "possible_duplicate"
    detail = "名册中已有相似的党员，请先核对。确为另一个人（如家人共用手机）的，请选择“仍然保存”。"


async def check_alone(
    session: AsyncSession, paths: list[str], member: Member, practice: bool, *, by_phone: bool, by_name: bool
) -> None:
    """Raises `PossibleDuplicate` with those under `paths` who are like `member`; of two at once the later one waits."""
    same_phone: ColumnElement[bool] = false()
    same_person: ColumnElement[bool] = false()
    if by_phone and member.phone_index is not None:
        same_phone = Member.phone_index == member.phone_index
    if by_name and member.birth_month is not None:
        same_person = and_(Member.name == member.name, Member.birth_month == member.birth_month)
    same = f"{member.name} {member.birth_month}" if member.birth_month is not None else ""
    keys = {(member.phone_index or b"").hex() if by_phone else "", same if by_name else ""}
    for key in sorted(keys - {""}):
        await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 5))))
    rows = await session.execute(
        select(Member.id, Member.name, Organisation.name, same_phone)
        .join(Organisation, Organisation.id == Member.organisation_id)
        .where(
            within(Organisation.path, paths),
            Organisation.practice.is_(practice),
            Member.archived_at.is_(None),
            Member.id != member.id,
            or_(same_phone, same_person),
        )
        .order_by(Member.id)
        .limit(NAMED)
    )
    found = [_finding(*row) for row in rows]
    if found:
        raise PossibleDuplicate(errors=found)


def _finding(member_id: int, name: str, organisation: str, same_phone: bool | None) -> dict[str, object]:
    code = SAME_PHONE if same_phone else SAME_PERSON
    detail = f"与「{organisation}」的{name}{DETAILS[code]}"
    return {"member_id": member_id, "name": name, "organisation": organisation, "code": code, "detail": detail}


async def list_pairs(
    session: AsyncSession,
    vault: Vault,
    staff: CurrentStaff,
    organisation_id: int,
    *,
    after: tuple[int, int],
    limit: int,
    now: datetime,
) -> list[LikePair]:
    """Pairs of an organisation's subtree who may be one person, one more than `limit` where there is a next page.

    `after` is the ids of the last pair of the page before. Raises `NotFound`.
    """
    organisation = await find_organisation(session, organisation_id, staff.paths(*KEEPERS))
    values = {"path": organisation.path, "practice": organisation.practice, "limit": limit + 1}
    pairs = (await session.execute(PAIRS, {**values, "one": after[0], "other": after[1]})).all()
    people = await _people(session, vault, {id_ for pair in pairs for id_ in pair[:2]})
    audit.record(
        session, staff.actor, "duplicates.viewed", "organisation", organisation_id,
        now=now, organisation_id=organisation_id, count=min(len(pairs), limit),
    )  # fmt: skip
    return [
        LikePair(first=people[one], second=people[other], same_phone=phone, same_name_and_birth_month=person)
        for one, other, phone, person in pairs
    ]


async def _people(session: AsyncSession, vault: Vault, ids: Set[int]) -> dict[int, RosterMemberOut]:
    rows = await session.execute(listed().where(Member.id == any_(literal(list(ids), ARRAY(BIGINT)))))
    return {row[0].id: shown(vault, *row) for row in rows}
