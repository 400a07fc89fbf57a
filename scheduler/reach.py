"""What the choice of channels is made from, read for many members at once: a query a kind of fact, never a member."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.access.principals import ancestors, notice_in_force
from app.directory.models import Binding, Member, Organisation, WechatUser
from app.messaging.models import Campaign, SubscriptionBalance
from app.platforms.models import Channel, ChannelAddress
from scheduler.adapters.base import AdapterKind
from scheduler.choosing import Addressed, Allowance, Candidate, Recipient


@dataclass(frozen=True)
class Reach:
    """The channels that may serve some members, what each of these has left of templates, and where each is known."""

    candidates: Sequence[Candidate]
    balances: Counter[Allowance]
    addressed: frozenset[Addressed]


def recipients() -> Select[*tuple[Any, ...]]:
    """Members who are still on a roster, as rows of `Recipient`."""
    return (
        select(
            Member.id,
            Organisation.path,
            Organisation.timezone,
            WechatUser.id,
            WechatUser.appid,
            func.coalesce(Member.consent_version == notice_in_force(), False),
            Organisation.practice,
            Member.phone_cipher.is_not(None),
            Member.channels_wanted,
            Member.quiet_from,
            Member.quiet_until,
        )
        .join(Organisation, Organisation.id == Member.organisation_id)
        .outerjoin(Binding, and_(Binding.member_id == Member.id, Binding.ended_at.is_(None)))
        .outerjoin(WechatUser, WechatUser.id == Binding.wechat_user_id)
        .where(Member.archived_at.is_(None))
    )


async def load_reach(
    session: AsyncSession, campaign: Campaign, people: Sequence[Recipient], kinds: Mapping[str, AdapterKind]
) -> Reach:
    """What bears on these members in this campaign: at most four queries."""
    organisations = {id_ for person in people for id_ in ancestors(person.path)}
    channels = await session.scalars(
        select(Channel)
        .where(Channel.organisation_id.in_(organisations), Channel.enabled, Channel.adapter.in_(kinds))
        .order_by(Channel.id)
    )
    candidates = [_candidate(channel, kinds[channel.adapter], campaign) for channel in channels]
    members = [person.member_id for person in people]
    registered = await _registered(session, members, candidates)
    followers = await _followers(session, members, candidates)
    return Reach(candidates, await _balances(session, people, candidates), registered | followers)


def _candidate(channel: Channel, kind: AdapterKind, campaign: Campaign) -> Candidate:
    # With its quota spent for as long as the campaign lasts, it is as good as stopped.
    rests = channel.rests_until is not None and channel.rests_until >= campaign.expires_at
    return Candidate(
        channel_id=channel.id,
        organisation_id=channel.organisation_id,
        kind=kind,
        account=channel.account,
        template=kind.template(channel.config, campaign.kind),
        stopped=channel.stopped_reason is not None or rests,
        adapter=channel.adapter,
    )


async def _balances(
    session: AsyncSession, people: Sequence[Recipient], candidates: Sequence[Candidate]
) -> Counter[Allowance]:
    """How many subscriptions each WeChat user has left of each template."""
    templates = {candidate.template for candidate in candidates if candidate.kind.subscribed and candidate.template}
    users = {person.wechat_user_id for person in people if person.wechat_user_id}
    if not templates or not users:
        return Counter()
    rows = await session.execute(
        select(SubscriptionBalance.wechat_user_id, SubscriptionBalance.template, SubscriptionBalance.balance).where(
            SubscriptionBalance.wechat_user_id.in_(users), SubscriptionBalance.template.in_(templates)
        )
    )
    return Counter({(user, template): balance for user, template, balance in rows})


async def _registered(
    session: AsyncSession, members: Sequence[int], candidates: Sequence[Candidate]
) -> frozenset[Addressed]:
    """Who has an id of their own at which channel."""
    channels = [candidate.channel_id for candidate in candidates if candidate.kind.address == "channel"]
    if not channels:
        return frozenset()
    rows = await session.execute(
        select(ChannelAddress.member_id, ChannelAddress.channel_id).where(
            ChannelAddress.channel_id.in_(channels), ChannelAddress.member_id.in_(members)
        )
    )
    return frozenset((member, channel) for member, channel in rows)


async def _followers(
    session: AsyncSession, members: Sequence[int], candidates: Sequence[Candidate]
) -> frozenset[Addressed]:
    """Who is known at which account by the unionid of the WeChat user they are bound to."""
    channels = {each.account: each.channel_id for each in candidates if each.kind.address == "unionid"}
    if not channels:
        return frozenset()
    there = aliased(WechatUser)
    rows = await session.execute(
        select(Binding.member_id, there.appid)
        .join(WechatUser, WechatUser.id == Binding.wechat_user_id)
        .join(there, there.unionid == WechatUser.unionid)
        .where(Binding.member_id.in_(members), Binding.ended_at.is_(None), there.appid.in_(channels))
    )
    return frozenset((member, channels[appid]) for member, appid in rows)
