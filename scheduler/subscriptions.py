"""Whom a WeChat channel reaches, and what each of them still allows: the ledger of one-time subscriptions."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principals import notice_in_force
from app.directory.models import Binding, Member, Organisation, WechatUser
from app.messaging.models import SubscriptionBalance

# Longer than a message is ever on its way, lease and all.
IN_FLIGHT = timedelta(minutes=10)


@dataclass(frozen=True)
class Address:
    """Where a member is reached: the WeChat user and the openid."""

    wechat_user_id: int
    openid: str


async def addresses(session: AsyncSession, appid: str, members: Iterable[int]) -> dict[int, Address]:
    """The WeChat address of each member that is bound to the mini-program and has not taken the consent back.

    Who practises has none.
    """
    rows = await session.execute(
        select(Binding.member_id, WechatUser.id, WechatUser.openid)
        .join(WechatUser, WechatUser.id == Binding.wechat_user_id)
        .join(Member, Member.id == Binding.member_id)
        .join(Organisation, Organisation.id == Member.organisation_id)
        .where(
            Binding.member_id.in_(list(members)),
            Binding.ended_at.is_(None),
            WechatUser.appid == appid,
            Member.consent_version == notice_in_force(),
            Organisation.practice.is_(False),
        )
    )
    return {member: Address(user, openid) for member, user, openid in rows}


async def willing(session: AsyncSession, members: Iterable[int]) -> set[int]:
    """Those of the members to whom something may go outside: consented still, and not of a practice."""
    found = await session.scalars(
        select(Member.id)
        .join(Organisation, Organisation.id == Member.organisation_id)
        .where(
            Member.id.in_(list(members)),
            Member.consent_version == notice_in_force(),
            Organisation.practice.is_(False),
        )
    )
    return set(found)


async def spend(session: AsyncSession, template: str, users: Collection[int], now: datetime) -> set[int]:
    """Takes one subscription of each WeChat user; gives those who had one."""
    balances = await _lock(session, template, users)
    able = {user for user, balance in balances.items() if balance > 0}
    await _set(session, template, able, SubscriptionBalance.balance - 1, now)
    return able


async def correct(
    session: AsyncSession, template: str, *, back: Collection[int], gone: Collection[int], now: datetime
) -> None:
    """Gives one `back` to those whose message did not count; those `gone` have none left, says the platform.

    Who has refused meanwhile gets none back: what was taken is void.
    """
    await _lock(session, template, {*back, *gone})
    refused = SubscriptionBalance.refused_at
    standing = or_(refused.is_(None), refused < now - IN_FLIGHT)
    await _set(session, template, back, SubscriptionBalance.balance + 1, now, standing)
    await _set(session, template, gone, 0, now)


async def _lock(session: AsyncSession, template: str, users: Collection[int]) -> dict[int, int]:
    """The balances, locked in one order by all senders, so that no two wait for each other."""
    rows = await session.execute(
        select(SubscriptionBalance.wechat_user_id, SubscriptionBalance.balance)
        .where(SubscriptionBalance.wechat_user_id.in_(users), SubscriptionBalance.template == template)
        .order_by(SubscriptionBalance.wechat_user_id)
        .with_for_update()
    )
    return dict(rows.all())


async def _set(
    session: AsyncSession,
    template: str,
    users: Collection[int],
    balance: object,
    now: datetime,
    *only: ColumnElement[bool],
) -> None:
    await session.execute(
        update(SubscriptionBalance)
        .where(SubscriptionBalance.wechat_user_id.in_(users), SubscriptionBalance.template == template, *only)
        .values(balance=balance, updated_at=now)
        .execution_options(synchronize_session=False)
    )
