"""The members that a WeChat user may act as."""

from sqlalchemy import and_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principals import CurrentMember, CurrentWechat
from app.directory.models import Binding, Member, Organisation, Session
from app.errors import NotFound
from app.identity.consent import states
from app.identity.schemas import BoundMember, CurrentSession, Me


async def list_bound(session: AsyncSession, wechat_user_id: int) -> list[BoundMember]:
    """The members that a WeChat user may act as, oldest binding first."""
    rows = await session.execute(
        select(Member.id, Member.name, Organisation.id, Organisation.name)
        .join(Binding, and_(Binding.member_id == Member.id, Binding.ended_at.is_(None)))
        .join(Organisation, Organisation.id == Member.organisation_id)
        .where(Binding.wechat_user_id == wechat_user_id, Member.archived_at.is_(None))
        .order_by(Binding.id)
    )
    found = rows.all()
    said = await states(session, [row[0] for row in found])
    return [
        BoundMember(member_id=row[0], name=row[1], organisation_id=row[2], organisation=row[3], consent=said[row[0]])
        for row in found
    ]


async def get_session(session: AsyncSession, wechat: CurrentWechat) -> CurrentSession:
    """Who may act by a session; nobody is in use where the member was untied or archived."""
    members = await list_bound(session, wechat.wechat_user_id)
    in_use = wechat.member_id if wechat.member_id in {member.member_id for member in members} else None
    return CurrentSession(member_id=in_use, members=members)


async def switch_member(session: AsyncSession, wechat: CurrentWechat, member_id: int) -> list[BoundMember]:
    """Puts another of the bound members in use; raises `NotFound` for a member who is not bound here."""
    members = await list_bound(session, wechat.wechat_user_id)
    if member_id not in {member.member_id for member in members}:
        raise NotFound
    await session.execute(update(Session).where(Session.id == wechat.session_id).values(member_id=member_id))
    return members


async def get_me(session: AsyncSession, member: CurrentMember) -> Me:
    """What the roster knows of the member in use."""
    row = await session.get_one(Member, member.member_id)
    organisation = await session.get_one(Organisation, member.organisation_id)
    return Me(
        member_id=row.id,
        name=row.name,
        organisation_id=organisation.id,
        organisation=organisation.name,
        stage=row.stage,
        roster=row.roster,
        exempt=row.exempt_reason is not None,
        members=await list_bound(session, member.wechat_user_id),
    )
