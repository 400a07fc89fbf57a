"""The tree of organisations, and the members in it."""

from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import CurrentStaff, within
from app.db.vault import Vault
from app.directory.models import ROLES, Binding, Member, Organisation
from app.errors import Conflict, NotFound
from app.organisations.schemas import OrganisationIn, OrganisationPatch, RosterMemberOut

# Under which kinds a kind may stand.
PARENTS = {
    "committee": ("committee",),
    "general_branch": ("committee",),
    "branch": ("committee", "general_branch"),
    "group": ("branch",),
}


class WrongParent(Conflict):
    """A kind of organisation that cannot stand under the other."""

    code = "wrong_parent"
    detail = "上级类别不合适：党总支设在党委下，党支部设在党委或党总支下，党小组设在党支部下。"


class NameTaken(Conflict):
    """Siblings have different names."""

    code = "name_taken"
    detail = "同一上级下已有同名党组织，请换一个名称。"


async def next_ids(session: AsyncSession, table: str, count: int) -> list[int]:
    """Takes `count` ids of a table ahead of its rows: paths and sealed columns hold the id of their row."""
    statement = text(
        "SELECT nextval(pg_get_serial_sequence(:table, 'id')) FROM generate_series(1, CAST(:count AS integer))"
    )
    return list(await session.scalars(statement, {"table": table, "count": count}))


async def find_organisation(
    session: AsyncSession, organisation_id: int, paths: list[str], *, lock: bool = False
) -> Organisation:
    """The organisation if it is under one of `paths`, else `NotFound`; `lock` holds it against others who lock it."""
    statement = select(Organisation).where(
        Organisation.id == organisation_id, within(Organisation.path, paths), Organisation.archived_at.is_(None)
    )
    if lock:
        # Not the full lock: rows that only refer to the organisation may still be inserted.
        statement = statement.with_for_update(key_share=True)
    found = await session.scalar(statement)
    if found is None:
        raise NotFound
    return found


async def create_root(
    session: AsyncSession, name: str, now: datetime, *, kind: str = "committee", actor: str = audit.SYSTEM
) -> Organisation:
    """The top of a new tree; raises `NameTaken`."""
    return await _add(session, None, name, kind, actor=actor, now=now)


async def create_organisation(
    session: AsyncSession, staff: CurrentStaff, body: OrganisationIn, now: datetime
) -> Organisation:
    """A new organisation under one in the administrator's reach; raises `NotFound`, `WrongParent` or `NameTaken`."""
    parent = await find_organisation(session, body.parent_id, staff.paths("administrator"), lock=True)
    if parent.kind not in PARENTS[body.kind]:
        raise WrongParent
    return await _add(session, parent, body.name, body.kind, actor=staff.actor, now=now)


async def _add(
    session: AsyncSession, parent: Organisation | None, name: str, kind: str, *, actor: str, now: datetime
) -> Organisation:
    (organisation_id,) = await next_ids(session, "organisations", 1)
    organisation = Organisation(
        id=organisation_id,
        parent_id=parent.id if parent else None,
        path=f"{parent.path if parent else '/'}{organisation_id}/",
        kind=kind,
        name=name,
        timezone=parent.timezone if parent else "Asia/Shanghai",
        created_at=now,
    )
    session.add(organisation)
    try:
        await session.flush()
    except IntegrityError:
        raise NameTaken from None
    audit.record(
        session, actor, "organisation.created", "organisation", organisation_id,
        now=now, organisation_id=organisation_id, kind=kind,
    )  # fmt: skip
    return organisation


async def change_organisation(
    session: AsyncSession, staff: CurrentStaff, organisation_id: int, body: OrganisationPatch, now: datetime
) -> Organisation:
    """Renames an organisation or sets its time zone; raises `NotFound` or `NameTaken`."""
    organisation = await find_organisation(session, organisation_id, staff.paths("administrator"), lock=True)
    changes = body.model_dump(exclude_none=True)
    for name, value in changes.items():
        setattr(organisation, name, value)
    try:
        await session.flush()
    except IntegrityError:
        raise NameTaken from None
    audit.record(
        session, staff.actor, "organisation.changed", "organisation", organisation_id,
        now=now, organisation_id=organisation_id, fields=sorted(changes),
    )  # fmt: skip
    return organisation


async def list_organisations(
    session: AsyncSession, staff: CurrentStaff, *, after: int | None, limit: int
) -> list[Organisation]:
    """Organisations in reach of any post, by id, one more than `limit` where there is a next page."""
    statement = (
        select(Organisation)
        .where(
            within(Organisation.path, staff.paths(*ROLES)),
            Organisation.archived_at.is_(None),
            Organisation.id > (after or 0),
        )
        .order_by(Organisation.id)
        .limit(limit + 1)
    )
    return list(await session.scalars(statement))


def masked(phone: str) -> str:
    """A phone number as lists show it: `199****1234`."""
    return f"{phone[:3]}****{phone[-4:]}"


async def list_members(
    session: AsyncSession,
    vault: Vault,
    staff: CurrentStaff,
    organisation_id: int,
    *,
    after: int | None,
    limit: int,
    now: datetime,
) -> list[RosterMemberOut]:
    """Members of the organisation and its subtree, by id, one more than `limit` where there is a next page.

    That the list was read is on record (《个人信息保护法》 article 51): who, of which organisation, how many.
    """
    organisation = await find_organisation(session, organisation_id, staff.paths("leader", "administrator"))
    bound = select(Binding.id).where(Binding.member_id == Member.id, Binding.ended_at.is_(None)).exists()
    rows = await session.execute(
        select(Member, Organisation.name, bound)
        .join(Organisation, Organisation.id == Member.organisation_id)
        .where(within(Organisation.path, [organisation.path]), Member.archived_at.is_(None), Member.id > (after or 0))
        .order_by(Member.id)
        .limit(limit + 1)
    )
    members = [_shown(vault, member, name, is_bound) for member, name, is_bound in rows]
    audit.record(
        session, staff.actor, "members.viewed", "organisation", organisation_id,
        now=now, organisation_id=organisation_id, count=min(len(members), limit),
    )  # fmt: skip
    return members


def _shown(vault: Vault, member: Member, organisation: str, bound: bool) -> RosterMemberOut:
    phone = vault.decrypt(member.phone_cipher, f"members:{member.id}:phone") if member.phone_cipher else None
    return RosterMemberOut(
        id=member.id,
        name=member.name,
        organisation_id=member.organisation_id,
        organisation=organisation,
        stage=member.stage,
        roster=member.roster,
        exempt=member.exempt_reason is not None,
        bound=bound,
        phone_masked=masked(phone) if phone else None,
    )
