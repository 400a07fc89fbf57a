"""Taking a member off the roster, and for 30 days putting them back as if nothing had been."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import CurrentStaff
from app.db.vault import Vault
from app.directory.models import Member, Organisation, Placement, Session
from app.errors import Conflict
from app.identity.binding import refuse_requests
from app.identity.slips import void_slips
from app.organisations.effective import effective_at
from app.organisations.locks import hold_roster, hold_tree
from app.organisations.people.likeness import check_alone
from app.organisations.people.reach import KEEPERS, RESTORABLE, find_member
from app.organisations.people.schemas import ArchiveIn, MemberOut, RestorationIn
from app.organisations.people.service import PracticeBoundary, describe
from app.organisations.placing import created_at, displace_members, place_members
from app.organisations.service import find_organisation


class AlreadyArchived(Conflict):
    """For another reason than the one that is given now."""

    code = "already_archived"
    detail = "该党员已归档，归档原因与本次填写的不同。如需更改，请先恢复再重新归档。"


class NotArchived(Conflict):
    """There is nothing to restore."""

    code = "not_archived"
    detail = "该党员在册，没有归档，无需恢复。"


class TooLateToRestore(Conflict):
    """After 30 days nobody counts on it any more."""

    code = "too_late_to_restore"
    detail = "归档已超过 30 天，不能恢复。请重新添加该党员，并重新办理微信绑定。"


class OrganisationArchived(Conflict):
    """The organisation of the member is not there any more."""

    code = "organisation_archived"
    detail = "原党组织已撤销。请选择要恢复到的党组织。"


async def archive_member(
    session: AsyncSession, vault: Vault, staff: CurrentStaff, member_id: int, body: ArchiveIn, now: datetime
) -> MemberOut:
    """Ends a member's place and all that lets them in; the binding sleeps, for a restoration brings it back.

    The same again changes nothing. Raises `NotFound`, `AlreadyArchived`, `DateInFuture` or `TooEarly`.
    """
    # Before any row: an organisation that moves takes along those whom it finds there.
    await hold_tree(session)
    member, organisation = await find_member(session, staff, member_id, now, lock=True)
    if member.archived_at is not None:
        if member.archive_reason != body.reason:
            raise AlreadyArchived
        return await describe(session, vault, member, organisation)
    at = effective_at(body.effective_on, organisation.timezone, now)
    await displace_members(session, [member_id], at)
    member.archived_at, member.archive_reason = now, body.reason
    await _shut_out(session, staff, member_id, now)
    audit.record(
        session, staff.actor, "member.archived", "member", member_id,
        now=now, organisation_id=organisation.id, reason=body.reason, effective_at=at.isoformat(),
    )  # fmt: skip
    return await describe(session, vault, member, organisation)


async def _shut_out(session: AsyncSession, staff: CurrentStaff, member_id: int, now: datetime) -> None:
    """Sessions that use the member end at once, slips are void, and who asks to be bound is refused."""
    used = update(Session).where(Session.member_id == member_id, Session.revoked_at.is_(None))
    await session.execute(used.values(revoked_at=now))
    await void_slips(session, [member_id], now)
    await refuse_requests(session, member_id, now, staff.account_id)


async def restore_member(
    session: AsyncSession,
    vault: Vault,
    staff: CurrentStaff,
    member_id: int,
    body: RestorationIn,
    now: datetime,
) -> MemberOut:
    """Puts a member back, into the organisation that is named or where they were, without a gap.

    Raises `NotFound`, `NotArchived`, `TooLateToRestore`, `OrganisationArchived`, `PracticeBoundary` or
    `PossibleDuplicate`.
    """
    await hold_tree(session)
    _, source = await find_member(session, staff, member_id, now)
    # The organisation before the member, as whoever changes the tree does.
    if body.organisation_id is not None:
        target = await find_organisation(session, body.organisation_id, staff.paths(*KEEPERS), lock=True)
    else:
        target = await _locked(session, source.id)
    await hold_roster(session, target.path)
    member, source = await find_member(session, staff, member_id, now, lock=True)
    _check_restorable(member, source, target, now)
    if not body.allow_duplicate:
        # Somebody may have been entered anew meanwhile.
        await check_alone(session, staff.paths(*KEEPERS), member, target.practice, by_phone=True, by_name=True)
    member.archived_at, member.archive_reason = None, None
    await session.flush()
    await _place_again(session, member, target, now)
    await session.refresh(member)
    audit.record(
        session, staff.actor, "member.restored", "member", member_id, now=now, organisation_id=target.id,
        allow_duplicate=body.allow_duplicate,
    )  # fmt: skip
    return await describe(session, vault, member, target)


async def _locked(session: AsyncSession, organisation_id: int) -> Organisation:
    statement = select(Organisation).where(Organisation.id == organisation_id).with_for_update(key_share=True)
    found = await session.scalars(statement.execution_options(populate_existing=True))
    return found.one()


def _check_restorable(member: Member, source: Organisation, target: Organisation, now: datetime) -> None:
    if member.archived_at is None:
        raise NotArchived
    if member.archived_at <= now - RESTORABLE:
        raise TooLateToRestore
    if target.archived_at is not None:
        raise OrganisationArchived
    if target.practice != source.practice:
        raise PracticeBoundary


async def _place_again(session: AsyncSession, member: Member, target: Organisation, now: datetime) -> None:
    """The last place goes on where it is the same; else the new one begins when the last one ended, if it was there."""
    last = await session.scalar(
        select(Placement)
        .where(Placement.member_id == member.id)
        .order_by(Placement.from_at.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )
    if last is not None and (last.organisation_id, last.path) == (target.id, target.path):
        last.until_at = None
        member.organisation_id = target.id
        await session.flush()
        return
    times = [last.until_at if last is not None else now, await created_at(session, [target.id])]
    await place_members(session, [member.id], target.id, max(time for time in times if time is not None))
