"""Whom the caller may know of, and how they are shown: masked, wherever it is not an export in full."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.access.principals import CurrentStaff, within
from app.db.vault import Vault
from app.directory.models import Binding, Member, Organisation
from app.errors import Conflict, NotFound
from app.organisations.locks import hold_tree
from app.organisations.people.schemas import RosterMemberOut
from app.organisations.service import masked

KEEPERS = ("leader", "administrator")
RESTORABLE = timedelta(days=30)


class MemberArchived(Conflict):
    """Nothing is done with who is not on the roster."""

    code = "member_archived"
    detail = "该党员已归档。如系误归档，请先恢复，再办理。"


def in_sight(staff: CurrentStaff, now: datetime) -> ColumnElement[bool]:
    """The SQL of the members, joined to their `Organisation`, that the caller may know of.

    Who is archived is shown as long as they can be restored, to administrators for good.
    """
    fresh = or_(Member.archived_at.is_(None), Member.archived_at > now - RESTORABLE)
    return or_(
        and_(within(Organisation.path, staff.paths(*KEEPERS)), fresh),
        within(Organisation.path, staff.paths("administrator")),
    )


def no_practice_but(paths: list[str]) -> ColumnElement[bool]:
    """The SQL that leaves practice organisations out, but for those that were asked for with one of `paths`."""
    asked = aliased(Organisation)
    practised = exists().where(asked.path.in_(paths), asked.practice, func.starts_with(Organisation.path, asked.path))
    return or_(Organisation.practice.is_(False), practised)


async def find_member(
    session: AsyncSession, staff: CurrentStaff, member_id: int, now: datetime, *, lock: bool = False
) -> tuple[Member, Organisation]:
    """The member and where they are, if the caller may know of them, else `NotFound`; `lock` holds their row."""
    statement = (
        select(Member, Organisation)
        .join(Organisation, Organisation.id == Member.organisation_id)
        .where(Member.id == member_id, in_sight(staff, now))
        .execution_options(populate_existing=True)
    )
    if lock:
        # Before the member, as whoever changes the tree does.
        await hold_tree(session)
        # Not the full lock: what only refers to the member may still be inserted.
        statement = statement.with_for_update(of=Member, key_share=True)
    found = (await session.execute(statement)).first()
    if found is None:
        raise NotFound
    member, organisation = found
    return member, organisation


async def find_living(
    session: AsyncSession, staff: CurrentStaff, member_id: int, now: datetime
) -> tuple[Member, Organisation]:
    """The member, locked, and where they are; raises `NotFound` or `MemberArchived`."""
    member, organisation = await find_member(session, staff, member_id, now, lock=True)
    if member.archived_at is not None:
        raise MemberArchived
    return member, organisation


def listed() -> Select[Member, str, bool]:
    """Members with the name of their organisation and whether they are bound: the rows of `shown`."""
    bound = select(Binding.id).where(Binding.member_id == Member.id, Binding.ended_at.is_(None)).exists()
    return select(Member, Organisation.name, bound).join(Organisation, Organisation.id == Member.organisation_id)


def phone_of(vault: Vault, member: Member) -> str | None:
    """The whole number."""
    return vault.decrypt(member.phone_cipher, f"members:{member.id}:phone") if member.phone_cipher else None


def shown(vault: Vault, member: Member, organisation: str, bound: bool) -> RosterMemberOut:
    """A member as lists show them."""
    phone = phone_of(vault, member)
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
        tags=member.tags,
        archived_at=member.archived_at,
        archive_reason=member.archive_reason,
    )
