"""A campaign becomes batches: keyset pages of members, each page in a transaction of its own with the cursor."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import all_, and_, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principals import ancestors, notice_in_force, within
from app.db.engine import Sessions, is_away, transaction
from app.directory.models import Binding, Member, Organisation, WechatUser
from app.messaging.models import BATCH_SIZE, Batch, Campaign, DeliveryState, SubscriptionBalance
from app.messaging.times import Night, get_nights, quiet_until
from app.platforms.models import Channel
from scheduler.adapters.base import AdapterKind
from scheduler.audiences import narrowings
from scheduler.bus import announce_batches
from scheduler.claims import open_batches

log = structlog.get_logger()

PAGE = 4 * BATCH_SIZE

# A WeChat user and a template, which the ledger counts subscriptions by.
Allowance = tuple[int | None, str | None]


@dataclass(frozen=True)
class Candidate:
    """A channel as the planner sees it: where it may be used, and whom it can reach."""

    channel_id: int
    organisation_id: int
    kind: AdapterKind
    account: str
    template: str | None
    stopped: bool


@dataclass(frozen=True)
class Recipient:
    """A member of the audience with the WeChat user they are bound to, if any; `consented` to the notice in force.

    With `practice` one of a practice organisation.
    """

    member_id: int
    path: str
    timezone: str
    wechat_user_id: int | None
    appid: str | None
    consented: bool
    practice: bool = False


async def plan_announced(
    sessions: Sessions, adapters: Mapping[str, AdapterKind], now: datetime, *, page: int = PAGE
) -> int:
    """Plans every campaign that was announced, by pages of so many members; gives the number of pages.

    A campaign that fails is logged and left for the next look; the others are not held up by it.
    """
    pages = 0
    failed: set[int] = set()
    while True:
        campaign_id: int | None = None
        try:
            async with transaction(sessions) as session:
                campaign = await session.scalar(
                    select(Campaign)
                    .where(Campaign.state == "planning", Campaign.id.not_in(failed))
                    # What is only tried waits for what is to be sent.
                    .order_by(Campaign.dry_run, Campaign.id)
                    .limit(1)
                    .with_for_update(skip_locked=True)
                )
                if campaign is None:
                    return pages
                campaign_id = campaign.id
                await _plan_page(session, campaign, adapters, now, page)
            pages += 1
        except Exception as error:
            if campaign_id is None or is_away(error):
                raise
            failed.add(campaign_id)
            log.error("planning_failed", campaign=campaign_id, exc_info=error)


async def _plan_page(
    session: AsyncSession, campaign: Campaign, adapters: Mapping[str, AdapterKind], now: datetime, page: int
) -> None:
    recipients = await _page(session, campaign, now, page)
    candidates = await _candidates(session, campaign, recipients, adapters)
    await _add_batches(session, campaign, recipients, candidates, now)
    if len(recipients) == page:
        campaign.planned_until = recipients[-1].member_id
    else:
        # The senders may have finished the batches of all earlier pages by now.
        campaign.state = "sending" if await open_batches(session, campaign) else "done"
        log.info(
            "campaign_planned",
            campaign=campaign.id,
            kind=campaign.kind,
            recipients=campaign.recipients,
            unreachable=campaign.unreachable,
        )
    await announce_batches(session)


async def _page(session: AsyncSession, campaign: Campaign, now: datetime, limit: int) -> Sequence[Recipient]:
    audience = campaign.audience
    announcing = await session.get_one(Organisation, campaign.organisation_id)
    consented = func.coalesce(Member.consent_version == notice_in_force(), False)
    statement = (
        select(
            Member.id,
            Organisation.path,
            Organisation.timezone,
            WechatUser.id,
            WechatUser.appid,
            consented,
            Organisation.practice,
        )
        .join(Organisation, Organisation.id == Member.organisation_id)
        .outerjoin(Binding, and_(Binding.member_id == Member.id, Binding.ended_at.is_(None)))
        .outerjoin(WechatUser, WechatUser.id == Binding.wechat_user_id)
        .where(
            within(Organisation.path, [str(audience["path"])]),
            # What real organisations have to say is for real people, and is counted for them.
            Organisation.practice.is_(announcing.practice),
            Member.archived_at.is_(None),
            Member.id > campaign.planned_until,
        )
        .order_by(Member.id)
        .limit(limit)
    )
    if not campaign.kind.startswith("meeting_"):
        # A meeting concerns a member's rights in the Party: nobody can switch its notices off.
        statement = statement.where(literal(campaign.kind) != all_(Member.notices_off))
    statement = statement.where(*narrowings(audience, announcing.timezone, now))
    return [Recipient(*row) for row in await session.execute(statement)]


async def _candidates(
    session: AsyncSession, campaign: Campaign, recipients: Sequence[Recipient], adapters: Mapping[str, AdapterKind]
) -> list[Candidate]:
    """The channels that may serve these members: switched on, and of one of their organisations."""
    organisations = {id_ for recipient in recipients for id_ in ancestors(recipient.path)}
    rows = await session.scalars(
        select(Channel)
        .where(
            Channel.organisation_id.in_(organisations),
            Channel.enabled,
            Channel.adapter.in_(adapters),
        )
        .order_by(Channel.id)
    )
    return [_candidate(channel, adapters[channel.adapter], campaign.kind) for channel in rows]


def _candidate(channel: Channel, kind: AdapterKind, campaign_kind: str) -> Candidate:
    return Candidate(
        channel_id=channel.id,
        organisation_id=channel.organisation_id,
        kind=kind,
        account=channel.account,
        template=kind.template(channel.config, campaign_kind),
        stopped=channel.stopped_reason is not None,
    )


async def _balances(
    session: AsyncSession, recipients: Sequence[Recipient], candidates: Sequence[Candidate]
) -> Counter[Allowance]:
    """How many subscriptions each WeChat user has left of each template."""
    templates = {candidate.template for candidate in candidates if candidate.template}
    users = {recipient.wechat_user_id for recipient in recipients if recipient.wechat_user_id}
    if not templates or not users:
        return Counter()
    rows = await session.execute(
        select(SubscriptionBalance.wechat_user_id, SubscriptionBalance.template, SubscriptionBalance.balance).where(
            SubscriptionBalance.wechat_user_id.in_(users), SubscriptionBalance.template.in_(templates)
        )
    )
    return Counter({(user, template): balance for user, template, balance in rows})


def choose(
    recipient: Recipient, candidates: Sequence[Candidate], balances: Mapping[Allowance, int]
) -> Candidate | None:
    """The channel for a member: the nearest organisation's, the last resorts after all others; None if none.

    A mini-program reaches only who is bound to it and has a subscription left: there is never a send without one.
    Nothing leaves the house for who has not consented, or practises: only the console's inbox is left for them.
    A stopped channel is the last resort: the delivery waits there until an operator has mended it.
    """
    depth = {organisation: level for level, organisation in enumerate(ancestors(recipient.path))}

    def usable(candidate: Candidate) -> bool:
        if candidate.organisation_id not in depth:
            return False
        if candidate.kind.outside and (recipient.practice or not recipient.consented):
            return False
        if candidate.kind.address == "wechat" and recipient.appid != candidate.account:
            return False
        return not candidate.kind.subscribed or balances.get(_allowance(recipient, candidate), 0) > 0

    fitting = [candidate for candidate in candidates if usable(candidate)]
    return min(
        fitting,
        key=lambda each: (each.stopped, each.kind.last_resort, -depth[each.organisation_id], each.channel_id),
        default=None,
    )


def _allowance(recipient: Recipient, candidate: Candidate) -> Allowance:
    return recipient.wechat_user_id, candidate.template


async def _add_batches(
    session: AsyncSession,
    campaign: Campaign,
    recipients: Sequence[Recipient],
    candidates: Sequence[Candidate],
    now: datetime,
) -> None:
    balances = await _balances(session, recipients, candidates)
    nights = await get_nights(session, {recipient.path: recipient.timezone for recipient in recipients})
    # A batch rests as a whole: those in it have one night.
    groups: dict[tuple[int, Night], list[Recipient]] = defaultdict(list)
    for recipient in recipients:
        chosen = choose(recipient, candidates, balances)
        if chosen is None:
            campaign.unreachable += 1
        else:
            groups[chosen.channel_id, nights[recipient.path]].append(recipient)
            campaign.recipients += 1
            if chosen.kind.subscribed:
                # Of a family that shares one subscription, only the first is sent to here.
                balances[_allowance(recipient, chosen)] -= 1
    number = await session.scalar(
        select(func.coalesce(func.max(Batch.number), 0)).where(Batch.campaign_id == campaign.id)
    )
    ringing = {candidate.channel_id for candidate in candidates if candidate.kind.rings}
    for (channel_id, night), group in groups.items():
        for first in range(0, len(group), BATCH_SIZE):
            some = [recipient.member_id for recipient in group[first : first + BATCH_SIZE]]
            number = (number or 0) + 1
            session.add(
                Batch(
                    campaign_id=campaign.id,
                    number=number,
                    channel_id=channel_id,
                    organisation_id=ancestors(group[first].path)[-1],
                    members=some,
                    states=bytes([DeliveryState.PENDING]) * len(some),
                    first_member=some[0],
                    last_member=some[-1],
                    not_before=_try(campaign, night, channel_id in ringing) if campaign.dry_run else now,
                    done_at=now if campaign.dry_run else None,
                    fence=0,
                )
            )


def _try(campaign: Campaign, night: Night, rings: bool) -> datetime:
    """When a batch of a dry run would be sent; it never is."""
    return (quiet_until(night, campaign.created_at) if rings else None) or campaign.created_at
