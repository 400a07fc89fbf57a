"""The import of a roster: first a plan, line by line, then everything at once or nothing at all."""

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import any_, func, insert, literal, select, update
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT, BYTEA
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import within
from app.db.vault import Vault
from app.directory.models import Member, Organisation
from app.errors import Conflict, Invalid
from app.organisations.matching import (
    ExistingMember,
    MemberPlan,
    Place,
    Places,
    PlannedMember,
    plan_members,
    plan_organisations,
)
from app.organisations.placing import place_members
from app.organisations.service import next_ids
from content.errors import Rejected
from content.names import search_text
from content.roster import Roster

# One import at a time, so that the same file sent twice at once does not add its members twice.
IMPORT_LOCK = "roster import"


class RejectedLines(Invalid):
    """Some lines cannot be imported, so none was."""

    code = "rejected_lines"
    detail = "名册中有不能导入的行，本次没有导入任何内容。请按提示逐行修改后重新上传。"


class RosterChanged(Conflict):
    """Somebody else registered one of the phones or organisations while the import ran."""

    code = "roster_changed"
    detail = "导入期间名册被他人修改，本次没有导入任何内容，请重新上传。"


@dataclass(frozen=True)
class RosterReport:
    """Counts of members and organisations, and the lines that stand in the way."""

    added: int
    changed: int
    unchanged: int
    organisations_added: int
    rejected: list[Rejected]


async def import_roster(
    session: AsyncSession,
    vault: Vault,
    roster: Roster,
    *,
    root_path: str | None,
    may_create_organisations: bool,
    actor: str,
    now: datetime,
    dry_run: bool,
) -> RosterReport:
    """Adds and updates the members of `roster` under `root_path`; without a root, anywhere, and new tops may be made.

    Nothing is stored with `dry_run` or with any rejected line; nobody is deleted or leaves the subtree. Raises
    `RosterChanged`.
    """
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(IMPORT_LOCK, 2))))
    places = Places(await _places(session, root_path))
    organisation_ids = [place.id for place in places.all]
    ids = await next_ids(session, "organisations", len(roster.organisations))
    new, refused = plan_organisations(
        roster.organisations, places, ids, root_path=root_path, may_create=may_create_organisations
    )
    digests = {member.phone: vault.digest("phone", member.phone) for member in roster.members if member.phone}
    existing = await _members(session, root_path, organisation_ids, list(digests.values()))
    ids = await next_ids(session, "members", len(roster.members))
    plan = plan_members(roster.members, places, existing, ids, digests)
    rejected = sorted([*roster.rejected, *refused, *plan.rejected], key=lambda line: line.line)
    report = RosterReport(len(plan.added), len(plan.changed), plan.unchanged, len(new), rejected)
    if dry_run or rejected:
        return report
    try:
        await _store(session, vault, new, plan, now)
    except IntegrityError:
        raise RosterChanged from None
    top = next((place.id for place in places.all), None)
    counts = {key: value for key, value in vars(report).items() if key != "rejected"}
    touched = [*plan.added, *plan.changed]
    audit.record(
        session,
        actor,
        "roster.imported",
        "organisation",
        top,
        now=now,
        organisation_id=top,
        **counts,
        changed_members=[member.id for member in plan.changed],
        # Who is in no denominator any more can be asked about later.
        exempt_members=[member.id for member in touched if member.exempt_reason is not None],
    )
    return report


async def _places(session: AsyncSession, root_path: str | None) -> list[Place]:
    columns = (
        Organisation.id,
        Organisation.parent_id,
        Organisation.path,
        Organisation.kind,
        Organisation.name,
        Organisation.timezone,
    )
    statement = select(*columns).where(Organisation.archived_at.is_(None)).order_by(Organisation.path)
    if root_path is not None:
        statement = statement.where(within(Organisation.path, [root_path]))
    return [Place(*row) for row in await session.execute(statement)]


async def _members(
    session: AsyncSession, root_path: str | None, organisation_ids: list[int], digests: list[bytes]
) -> list[ExistingMember]:
    """The members of these organisations, and whoever has one of the phones anywhere."""
    columns = (Member.id, Member.organisation_id, Member.name, Member.phone_index, Member.stage, Member.roster)
    of_these = Member.organisation_id == any_(literal(organisation_ids, ARRAY(BIGINT)))
    with_phone = Member.phone_index == any_(literal(digests, ARRAY(BYTEA)))
    rows = await session.execute(
        select(*columns, Member.exempt_reason, Organisation.path)
        .join(Organisation, Organisation.id == Member.organisation_id)
        .where(Member.archived_at.is_(None), of_these | with_phone)
        .order_by(Member.id)
    )
    return [ExistingMember(*row[:7], in_reach=root_path is None or row[7].startswith(root_path)) for row in rows]


async def _store(session: AsyncSession, vault: Vault, new: list[Place], plan: MemberPlan, now: datetime) -> None:
    if new:
        await session.execute(insert(Organisation), [{**asdict(place), "created_at": now} for place in new])
    if plan.added:
        rows = [{**_row(member), **_phone(vault, member), "created_at": now} for member in plan.added]
        await session.execute(insert(Member), rows)
        await place_members(session, [member.id for member in plan.added], None, now)
    # Two statements: the rows of one must have the same columns.
    kept = [_row(member) for member in plan.changed if member.phone is None]
    replaced = [{**_row(member), **_phone(vault, member)} for member in plan.changed if member.phone is not None]
    for rows in (kept, replaced):
        if rows:
            await session.execute(update(Member), rows)
    await place_members(session, [member.id for member in plan.changed], None, now)


def _row(member: PlannedMember) -> dict[str, object]:
    row: dict[str, object] = {**asdict(member), "search_text": search_text(member.name)}
    del row["phone"]
    return row


def _phone(vault: Vault, member: PlannedMember) -> dict[str, object]:
    if member.phone is None:
        return {"phone_cipher": None, "phone_index": None}
    return {
        "phone_cipher": vault.encrypt(member.phone, f"members:{member.id}:phone"),
        "phone_index": vault.digest("phone", member.phone),
    }
