"""The people on the roster one at a time: added, looked at, changed, moved."""

from datetime import date, datetime

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import CurrentStaff
from app.db.vault import Vault
from app.directory.models import Binding, Member, Organisation, Placement
from app.errors import Conflict
from app.identity.binding import refuse_requests
from app.organisations.effective import effective_at
from app.organisations.locks import hold_roster
from app.organisations.people.likeness import check_alone
from app.organisations.people.reach import KEEPERS, RESTORABLE, find_living, find_member, shown
from app.organisations.people.schemas import MemberIn, MemberOut, MemberPatch, PlacementOut
from app.organisations.people.values import check_ages, of_person
from app.organisations.placing import place_members
from app.organisations.service import find_organisation, next_ids

# What a null deletes; of the other fields it says nothing.
ERASABLE = {"phone", "birth_month", "joined_on", "exempt_reason"}


class PracticeBoundary(Conflict):
    """Made-up people are not among real ones, nor the reverse."""

    code = "practice_boundary"
    detail = "演练党组织与正式党组织之间不能转移党员。请在同类党组织中选择。"


async def add_member(
    session: AsyncSession, vault: Vault, staff: CurrentStaff, body: MemberIn, now: datetime
) -> MemberOut:
    """A new person in an organisation in reach, from now on; raises `NotFound`, `Invalid` or `PossibleDuplicate`."""
    # Locked, so that it is not archived meanwhile.
    organisation = await find_organisation(session, body.organisation_id, staff.paths(*KEEPERS), lock=True)
    await hold_roster(session, organisation.path)
    (member_id,) = await next_ids(session, "members", 1)
    values = of_person(body.model_dump(), vault, member_id, organisation.timezone, now)
    member = Member(id=member_id, organisation_id=organisation.id, created_at=now, **values)
    check_ages(member.birth_month, member.joined_on)
    if not body.allow_duplicate:
        await check_alone(session, staff.paths(*KEEPERS), member, organisation.practice, by_phone=True, by_name=True)
    session.add(member)
    await session.flush()
    await place_members(session, [member_id], None, now)
    audit.record(
        session, staff.actor, "member.created", "member", member_id,
        now=now, organisation_id=organisation.id, allow_duplicate=body.allow_duplicate,
    )  # fmt: skip
    return await describe(session, vault, member, organisation)


async def get_member(
    session: AsyncSession, vault: Vault, staff: CurrentStaff, member_id: int, now: datetime
) -> MemberOut:
    """What the roster knows of a member in reach, masked; that it was looked at is on record. Raises `NotFound`."""
    member, organisation = await find_member(session, staff, member_id, now)
    audit.record(session, staff.actor, "member.viewed", "member", member_id, now=now, organisation_id=organisation.id)
    return await describe(session, vault, member, organisation)


async def describe(session: AsyncSession, vault: Vault, member: Member, organisation: Organisation) -> MemberOut:
    """A member with all that the roster knows."""
    await session.flush()
    binding = await session.scalar(select(Binding).where(Binding.member_id == member.id, Binding.ended_at.is_(None)))
    listed = shown(vault, member, organisation.name, binding is not None)
    return MemberOut(
        **listed.model_dump(),
        exempt_reason=member.exempt_reason,
        birth_month=member.birth_month,
        joined_on=member.joined_on,
        practice=organisation.practice,
        organisation_since=await _since(session, member),
        bound_at=binding.created_at if binding else None,
        created_at=member.created_at,
        restorable_until=member.archived_at + RESTORABLE if member.archived_at else None,
    )


async def _since(session: AsyncSession, member: Member) -> datetime | None:
    """When the member came to the organisation: it may have moved in the tree since, and they with it."""
    own = Placement.member_id == member.id
    elsewhere = Placement.organisation_id != member.organisation_id
    left = select(func.max(Placement.until_at)).where(own, elsewhere).scalar_subquery()
    return await session.scalar(
        select(func.min(Placement.from_at)).where(own, or_(left.is_(None), Placement.from_at >= left))
    )


async def change_member(
    session: AsyncSession, vault: Vault, staff: CurrentStaff, member_id: int, body: MemberPatch, now: datetime
) -> MemberOut:
    """Changes what is known of a member; raises `NotFound`, `MemberArchived`, `Invalid` or `PossibleDuplicate`."""
    member, organisation = await find_living(session, staff, member_id, now)
    said = body.model_dump(exclude_unset=True, exclude={"allow_duplicate"})
    fields = {name: value for name, value in said.items() if value is not None or name in ERASABLE}
    values = of_person(fields, vault, member_id, organisation.timezone, now)
    new = {name for name, value in values.items() if value != getattr(member, name)}
    for name, value in values.items():
        setattr(member, name, value)
    check_ages(member.birth_month, member.joined_on)
    if not body.allow_duplicate:
        # What was so before has been asked about before.
        by_phone, by_name = "phone_index" in new, bool(new & {"name", "birth_month"})
        await check_alone(
            session, staff.paths(*KEEPERS), member, organisation.practice, by_phone=by_phone, by_name=by_name
        )
    if "phone_index" in new:
        # Who asked to be bound by the number of before asked about somebody else, as it turns out.
        await refuse_requests(session, member_id, now, staff.account_id)
    audit.record(
        session, staff.actor, "member.changed", "member", member_id,
        now=now, organisation_id=organisation.id, fields=sorted(fields),
    )  # fmt: skip
    return await describe(session, vault, member, organisation)


async def move_member(
    session: AsyncSession,
    vault: Vault,
    staff: CurrentStaff,
    member_id: int,
    organisation_id: int,
    on: date | None,
    now: datetime,
) -> MemberOut:
    """Has a member stand in another organisation in reach; what is theirs goes with them, past figures stay.

    Raises `NotFound`, `MemberArchived`, `PracticeBoundary`, `DateInFuture` or `TooEarly`.
    """
    # The organisation first, as whoever changes the tree does.
    target = await find_organisation(session, organisation_id, staff.paths(*KEEPERS), lock=True)
    await hold_roster(session, target.path)
    member, source = await find_living(session, staff, member_id, now)
    if source.practice != target.practice:
        raise PracticeBoundary
    at = effective_at(on, target.timezone, now)
    if source.id != target.id:
        await place_members(session, [member_id], target.id, at)
        await session.refresh(member)
        # Each of the two sees it in its audit log.
        for organisation in (source, target):
            audit.record(
                session, staff.actor, "member.moved", "member", member_id, now=now, organisation_id=organisation.id,
                from_organisation_id=source.id, to_organisation_id=target.id, effective_at=at.isoformat(),
            )  # fmt: skip
    return await describe(session, vault, member, target)


async def list_placements(
    session: AsyncSession, staff: CurrentStaff, member_id: int, *, after: int | None, limit: int, now: datetime
) -> list[PlacementOut]:
    """Where a member in reach has stood, one more than `limit` where there is a next page; raises `NotFound`."""
    _, organisation = await find_member(session, staff, member_id, now)
    statement = (
        select(Placement, Organisation.name)
        .join(Organisation, Organisation.id == Placement.organisation_id)
        .where(Placement.member_id == member_id)
        .order_by(Placement.from_at)
        .limit(limit + 1)
    )
    if after is not None:
        # Nobody is in two places at once, so that the beginnings differ; the ids may come in any order.
        shown_last = select(Placement.from_at).where(Placement.id == after, Placement.member_id == member_id)
        statement = statement.where(Placement.from_at > shown_last.scalar_subquery())
    audit.record(
        session, staff.actor, "member.viewed", "member", member_id,
        now=now, organisation_id=organisation.id, what="placements",
    )  # fmt: skip
    return [
        PlacementOut(
            id=place.id,
            organisation_id=place.organisation_id,
            organisation=name,
            from_at=place.from_at,
            until_at=place.until_at,
        )
        for place, name in await session.execute(statement)
    ]
