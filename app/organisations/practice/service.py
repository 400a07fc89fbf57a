"""Practice organisations: set up with made-up people and accounts, and emptied again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import CurrentStaff
from app.directory.models import Account, BindingRequest, BindingSlip, Member, Organisation, Session
from app.errors import Conflict, NotFound
from app.organisations.accounts import create_account
from app.organisations.placing import displace_members, place_members
from app.organisations.posts.service import create_post
from app.organisations.practice.schemas import PracticeOut, TrainingAccountOut
from app.organisations.service import find_organisation
from app.organisations.tree.schemas import OrganisationOut
from app.organisations.tree.service import add_organisation, check_parent
from app.platforms.models import Channel
from content.names import search_text

NAMES = {"committee": "演练党委", "branch": "演练党支部"}
BRANCH = "演练第一党支部"
MEMBERS = tuple(f"演练党员{number}" for number in "一二三四五六七八")
# The last two of them live elsewhere.
FLOATING = 2
# What is practised, by whom.
ROLES = {"leader": "演练书记", "editor": "演练编辑", "reviewer": "演练审核人"}


class PracticeExists(Conflict):
    """One is enough."""

    code = "practice_exists"
    detail = "这里已有演练党组织，可以直接使用。如需重新开始，请先删除原有的演练党组织。"


class PracticeBoundary(Conflict):
    """Practice does not practise."""

    code = "practice_boundary"
    detail = "演练党组织中不能再建演练党组织。"


@dataclass(frozen=True)
class Password:
    """A password that is shown once, and what is kept of it."""

    shown: str
    kept: str


async def find_practice(session: AsyncSession, parent: Organisation) -> Organisation | None:
    """The practice organisation that stands under a real one."""
    return await session.scalar(
        select(Organisation).where(
            Organisation.parent_id == parent.id, Organisation.practice, Organisation.archived_at.is_(None)
        )
    )


async def create_practice(
    session: AsyncSession,
    staff: CurrentStaff,
    organisation_id: int,
    name: str | None,
    passwords: Mapping[str, Password],
    now: datetime,
) -> PracticeOut:
    """A practice organisation under one in the administrator's reach; `passwords` are by role.

    Raises `NotFound`, `PracticeBoundary`, `PracticeExists`, `WrongParent` or `NameTaken`.
    """
    # Locked, so that two requests do not both find none.
    parent = await find_organisation(session, organisation_id, staff.paths("administrator"), lock=True)
    if parent.practice:
        raise PracticeBoundary
    if await find_practice(session, parent) is not None:
        raise PracticeExists
    kind = "committee" if parent.kind == "committee" else "branch"
    check_parent(parent, kind)
    top = await add_organisation(session, parent, name or NAMES[kind], kind, actor=staff.actor, at=now, now=now)
    top.practice = True
    branch = top
    if kind == "committee":
        branch = await add_organisation(session, top, BRANCH, "branch", actor=staff.actor, at=now, now=now)
    await _add_members(session, branch, now)
    session.add(
        Channel(
            organisation_id=top.id, adapter="console", name="演练消息页", account="", config={}, enabled=True,
            created_at=now,
        )
    )  # fmt: skip
    accounts = [
        await _add_account(session, staff, top, branch if role == "leader" else top, role, passwords[role], now)
        for role in ROLES
    ]
    audit.record(
        session, staff.actor, "practice.created", "organisation", top.id,
        now=now, organisation_id=top.id, members=len(MEMBERS), accounts=[each.account_id for each in accounts],
    )  # fmt: skip
    return PracticeOut(
        organisation=OrganisationOut.model_validate(top),
        branch=OrganisationOut.model_validate(branch),
        members=len(MEMBERS),
        accounts=accounts,
    )


async def _add_members(session: AsyncSession, branch: Organisation, now: datetime) -> None:
    people = [
        Member(
            organisation_id=branch.id,
            name=name,
            search_text=search_text(name),
            stage="full_member",
            roster="floating" if place >= len(MEMBERS) - FLOATING else "in_service",
            created_at=now,
        )
        for place, name in enumerate(MEMBERS)
    ]
    session.add_all(people)
    await session.flush()
    await place_members(session, [member.id for member in people], None, now)


async def _add_account(
    session: AsyncSession,
    staff: CurrentStaff,
    top: Organisation,
    organisation: Organisation,
    role: str,
    password: Password,
    now: datetime,
) -> TrainingAccountOut:
    """An account that can hold posts in practice organisations only, for it belongs to one."""
    account = await create_account(
        session,
        organisation_id=top.id,
        login=f"practice-{top.id}-{role}",
        name=ROLES[role],
        password_hash=password.kept,
        actor=staff.actor,
        now=now,
    )
    await create_post(
        session, account_id=account.id, organisation_id=organisation.id, role=role, actor=staff.actor, now=now
    )
    return TrainingAccountOut(
        account_id=account.id,
        login=account.login,
        name=account.name,
        role=role,
        organisation_id=organisation.id,
        password=password.shown,
    )


async def empty_practice(
    session: AsyncSession, staff: CurrentStaff, organisation_id: int, now: datetime
) -> list[Organisation]:
    """Archives the people of the practice organisation under this one, shuts its accounts and channels.

    Gives its organisations, the lowest first, which are left to be archived; the caller has locked the tree.
    Raises `NotFound`.
    """
    parent = await find_organisation(session, organisation_id, staff.paths("administrator"))
    top = await find_practice(session, parent)
    if top is None:
        raise NotFound("这里没有演练党组织。")
    found = await session.scalars(
        select(Organisation)
        .where(func.starts_with(Organisation.path, top.path), Organisation.archived_at.is_(None))
        .order_by(func.length(Organisation.path).desc(), Organisation.id)
    )
    organisations = list(found)
    places = [organisation.id for organisation in organisations]
    members = await _archive_members(session, staff, places, now)
    accounts = await session.scalars(
        update(Account)
        .where(Account.organisation_id.in_(places), Account.disabled_at.is_(None))
        .values(disabled_at=now)
        .returning(Account.id)
    )
    shut = list(accounts)
    await session.execute(
        update(Session).where(Session.account_id.in_(shut), Session.revoked_at.is_(None)).values(revoked_at=now)
    )
    await session.execute(update(Channel).where(Channel.organisation_id.in_(places)).values(enabled=False))
    audit.record(
        session, staff.actor, "practice.ended", "organisation", top.id,
        now=now, organisation_id=top.id, members=members, accounts=shut,
    )  # fmt: skip
    return organisations


async def _archive_members(session: AsyncSession, staff: CurrentStaff, places: list[int], now: datetime) -> int:
    """Takes everybody off the rosters, and ends all that lets them in; gives how many there were."""
    living = select(Member.id).where(Member.organisation_id.in_(places), Member.archived_at.is_(None))
    ids = list(await session.scalars(living.order_by(Member.id).with_for_update(key_share=True)))
    if not ids:
        return 0
    await displace_members(session, ids, now)
    await session.execute(update(Member).where(Member.id.in_(ids)).values(archived_at=now, archive_reason="other"))
    await session.execute(
        update(Session).where(Session.member_id.in_(ids), Session.revoked_at.is_(None)).values(revoked_at=now)
    )
    await session.execute(
        update(BindingSlip)
        .where(BindingSlip.member_id.in_(ids), BindingSlip.used_at.is_(None), BindingSlip.voided_at.is_(None))
        .values(voided_at=now)
    )
    await session.execute(
        update(BindingRequest)
        .where(BindingRequest.member_id.in_(ids), BindingRequest.state == "open")
        .values(state="refused", decided_at=now, decided_by=staff.account_id)
    )
    return len(ids)
