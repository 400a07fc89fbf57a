"""What became of the notices to one member: for the member, and in full for those who help them."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import BIGINT, ColumnElement, any_, func, literal, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import CurrentMember, CurrentStaff
from app.directory.models import Organisation
from app.messaging.campaign_schemas import MemberNotice, MyNotice, NoticeTry
from app.messaging.models import Batch, Campaign, DeliveryException, DeliveryState
from app.messaging.words import DAILY_LIMIT, NOT_SHOWN, STATE_WORDS, happens_at, reason_words, shown_state, title_of
from app.organisations.people.reach import find_member
from app.platforms.models import Channel

# Where the reason on record is why the delivery stands as it does, and not what an earlier try met.
EXPLAINED = frozenset({DeliveryState.FAILED, DeliveryState.UNKNOWN, DeliveryState.PASSED_ON})

Told = tuple[Campaign, Organisation]


async def list_my_notices(
    session: AsyncSession, member: CurrentMember, *, before: int | None, limit: int
) -> list[MyNotice]:
    """Notices to the member, newest first, one more than `limit` where there is a next page."""
    told = await _campaigns(session, member.member_id, before, limit + 1)
    chains = await _chains(session, member.member_id, told)
    return [_mine(*each, chains[each[0].id]) for each in told]


async def list_notices_of(
    session: AsyncSession, staff: CurrentStaff, member_id: int, *, before: int | None, limit: int, now: datetime
) -> list[MemberNotice]:
    """Notices to a member in reach with every channel that was tried; that it was looked at is on record.

    Raises `NotFound`.
    """
    _, place = await find_member(session, staff, member_id, now)
    told = await _campaigns(session, member_id, before, limit + 1)
    chains = await _chains(session, member_id, told)
    audit.record(
        session, staff.actor, "member.notices_viewed", "member", member_id,
        now=now, organisation_id=place.id, notices=len(told[:limit]),
    )  # fmt: skip
    return [
        MemberNotice(
            campaign_id=campaign.id,
            kind=campaign.kind,
            title=title_of(campaign.event),
            happens_at=happens_at(campaign.event),
            organisation=organisation.name,
            announced_at=campaign.created_at,
            chain=chains[campaign.id],
        )
        for campaign, organisation in told
    ]


def holds(member_id: int) -> list[ColumnElement[bool]]:
    """The SQL of the batches that a member is in: the range is found in an index, the list itself decides."""
    member = literal(member_id, BIGINT)
    span = func.int8range(Batch.first_member, Batch.last_member, text("'[]'::text"))
    return [span.op("@>")(member), member == any_(Batch.members)]


async def _campaigns(session: AsyncSession, member_id: int, before: int | None, limit: int) -> list[Told]:
    statement = (
        select(Campaign, Organisation)
        .join(Organisation, Organisation.id == Campaign.organisation_id)
        .where(
            Campaign.dry_run.is_(False),
            Campaign.id.in_(select(Batch.campaign_id).where(*holds(member_id))),
        )
        .order_by(Campaign.id.desc())
        .limit(limit)
    )
    if before is not None:
        statement = statement.where(Campaign.id < before)
    return [(campaign, organisation) for campaign, organisation in await session.execute(statement)]


async def _chains(session: AsyncSession, member_id: int, told: Sequence[Told]) -> Mapping[int, list[NoticeTry]]:
    """By campaign, the channels that were to tell the member, in the order in which they came."""
    campaigns = {campaign.id: campaign for campaign, _ in told}
    place = func.array_position(Batch.members, literal(member_id, BIGINT)) - 1
    rows = await session.execute(
        select(Batch, func.get_byte(Batch.states, place), Channel, DeliveryException)
        .join(Channel, Channel.id == Batch.channel_id)
        .outerjoin(
            DeliveryException,
            (DeliveryException.batch_id == Batch.id) & (DeliveryException.member_id == member_id),
        )
        .where(Batch.campaign_id.in_(campaigns), *holds(member_id))
        .order_by(Batch.campaign_id, Batch.number)
    )
    chains: dict[int, list[NoticeTry]] = {campaign_id: [] for campaign_id in campaigns}
    for batch, state, channel, kept in rows:
        campaign = campaigns[batch.campaign_id]
        chains[campaign.id].append(_try(campaign, batch, state, channel, kept))
    return chains


def _try(campaign: Campaign, batch: Batch, state: int, channel: Channel, kept: DeliveryException | None) -> NoticeTry:
    shown = shown_state(state, paused=campaign.paused_at is not None, cancelled=campaign.cancelled_at is not None)
    reason = kept.reason if kept is not None and _explains(kept.reason, state) else None
    return NoticeTry(
        batch_id=batch.id,
        channel_id=channel.id,
        channel=channel.name,
        adapter=channel.adapter,
        state=shown,
        words=STATE_WORDS[shown],
        reason=reason,
        reason_words=reason_words(reason) if reason else None,
        code=kept.code if kept is not None else None,
        tries=kept.tries if kept is not None else 0,
        next_try_at=kept.next_try_at if kept is not None and state == DeliveryState.PENDING else None,
        finished_at=kept.at if kept is not None and state in EXPLAINED else batch.done_at,
    )


def _explains(reason: str, state: int) -> bool:
    """Of what expired only the daily limit says why: it kept the delivery waiting until it was too late.

    Of what was sent, only what the platform told afterwards.
    """
    if state in (DeliveryState.EXPIRED, DeliveryState.SENT):
        return reason == (DAILY_LIMIT if state == DeliveryState.EXPIRED else NOT_SHOWN)
    return state in EXPLAINED or state == DeliveryState.PENDING


def _mine(campaign: Campaign, organisation: Organisation, chain: Sequence[NoticeTry]) -> MyNotice:
    """The last channel's part: who is told through the next one need not know of the first."""
    last = chain[-1]
    return MyNotice(
        campaign_id=campaign.id,
        kind=campaign.kind,
        title=title_of(campaign.event),
        happens_at=happens_at(campaign.event),
        organisation=organisation.name,
        channel=last.channel,
        state=last.state,
        words=last.words,
        reason=last.reason_words,
        announced_at=campaign.created_at,
        finished_at=last.finished_at,
    )
