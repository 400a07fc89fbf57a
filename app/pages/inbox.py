"""What was delivered, with the names of those who got it: for the messages page of the demonstration only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.vault import Vault
from app.directory.models import Binding, Member, Organisation, WechatUser
from app.platforms.models import Channel, ConsoleMessage

# Of a range that is given to nobody.
NOBODYS = "19900000000"


@dataclass(frozen=True)
class Received:
    """A message of the console channel; name and organisation are None where the member was deleted."""

    id: int
    member_id: int
    member: str | None
    organisation: str | None
    kind: str
    title: str
    body: str
    link: str
    at: datetime
    times: int


async def list_received(
    session: AsyncSession, *, member: str | None, kind: str | None, before: int | None, limit: int
) -> list[Received]:
    """The newest first, older than the id `before`; `member` is part of a name, `kind` the kind of campaign."""
    statement = (
        select(ConsoleMessage, Member.name, Organisation.name)
        .outerjoin(Member, Member.id == ConsoleMessage.member_id)
        .outerjoin(Organisation, Organisation.id == Member.organisation_id)
        .order_by(ConsoleMessage.id.desc())
        .limit(limit)
    )
    if member is not None:
        statement = statement.where(Member.name.contains(member, autoescape=True))
    if kind is not None:
        statement = statement.where(ConsoleMessage.kind == kind)
    if before is not None:
        statement = statement.where(ConsoleMessage.id < before)
    return [
        Received(
            id=message.id,
            member_id=message.member_id,
            member=name,
            organisation=organisation,
            kind=message.kind,
            title=message.title,
            body=message.body,
            link=message.link,
            at=message.at,
            times=message.times,
        )
        for message, name, organisation in await session.execute(statement)
    ]


async def find_mini_program(session: AsyncSession) -> Channel | None:
    """The first mini-program in use."""
    return await session.scalar(
        select(Channel).where(Channel.adapter == "wechat_miniprogram", Channel.enabled).order_by(Channel.id).limit(1)
    )


async def find_number(session: AsyncSession, vault: Vault, *, bound: bool) -> str:
    """The phone number of somebody on the roster who is, or is not, bound; nobody's where there is no such member."""
    binding = select(Binding.id).where(Binding.member_id == Member.id, Binding.ended_at.is_(None)).exists()
    member = await session.scalar(
        select(Member)
        .where(Member.phone_cipher.is_not(None), Member.archived_at.is_(None), binding if bound else ~binding)
        .order_by(Member.id)
        .limit(1)
    )
    if member is None or member.phone_cipher is None:
        return NOBODYS
    return vault.decrypt(member.phone_cipher, f"members:{member.id}:phone")


async def names_of(session: AsyncSession, appid: str, openids: set[str]) -> Mapping[str, tuple[str, str]]:
    """The member and organisation that each WeChat user is bound to; the first where a family shares a phone."""
    rows = await session.execute(
        select(WechatUser.openid, Member.name, Organisation.name)
        .join(Binding, Binding.wechat_user_id == WechatUser.id)
        .join(Member, Member.id == Binding.member_id)
        .join(Organisation, Organisation.id == Member.organisation_id)
        .where(WechatUser.appid == appid, WechatUser.openid.in_(openids), Binding.ended_at.is_(None))
        .order_by(Binding.id.desc())
    )
    return {openid: (member, organisation) for openid, member, organisation in rows}
