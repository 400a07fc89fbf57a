"""How far a campaign has come, counted in SQL from the packed states: only batches with failures are unpacked."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BIGINT, ColumnElement, Integer, Select, cast, column, func, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from app.directory.models import Organisation
from app.messaging.campaign_schemas import (
    CampaignOut,
    CampaignProgress,
    CampaignState,
    ChannelProgress,
    ChannelState,
    Counts,
    Failures,
)
from app.messaging.models import Batch, Campaign, DeliveryException, DeliveryState
from app.messaging.words import STATES, reason_words, title_of
from app.platforms.models import Channel

# What the estimate of the remaining time looks back on.
RECENT = timedelta(minutes=5)
# More reasons than any platform gives; the rest is in the history of each member.
MOST_REASONS = 20
# A million deliveries take half a second to count: whoever looks on has the database for a twentieth of the time.
LOOK_SHARE = 20
NOT_YET = "系统出错，暂时没能安排好发送，会自动再试，到时限为止。如果一直这样，请联系系统管理员。"
NOT_AT_ALL = "系统出错，到时限也没能安排好发送：没有算进“通知对象”的人都没有收到。请联系系统管理员，需要时另行通知。"


@dataclass(frozen=True)
class Through:
    """What of a campaign goes through one channel: `ended` deliveries of late, and when the next batch is due."""

    channel: Channel
    counts: Counts
    ended: int
    due_at: datetime | None

    @property
    def left(self) -> int:
        """Deliveries that have not ended."""
        return self.counts.waiting + self.counts.sending


def in_state(state: int) -> ColumnElement[int]:
    """The SQL of how many deliveries of a batch are in a state.

    A state is below 16: in hexadecimal its byte is a zero and its digit, and the digits can be counted as text. Zero
    itself is every other character as well.
    """
    digits = func.encode(Batch.states, "hex")
    found = func.length(digits) - func.length(func.replace(digits, str(state), ""))
    return found - func.octet_length(Batch.states) if state == DeliveryState.PENDING else found


async def get_progress(
    session: AsyncSession, campaign: Campaign, organisation: Organisation, now: datetime
) -> CampaignProgress:
    """How far a campaign has come at `now`."""
    through = (await through_channels(session, Campaign.id == campaign.id, now)).get(campaign.id, [])
    counts = {name: sum(getattr(each.counts, name) for each in through) for name in Counts.model_fields}
    return CampaignProgress(
        **describe(campaign, organisation).model_dump(),
        **counts,
        at=now,
        words=_words(campaign),
        failures=await _failures(session, campaign) if counts["failed"] else [],
        channels=[_channel(each, now) for each in through],
        remaining_seconds=remaining(campaign, through, now),
    )


def describe(campaign: Campaign, organisation: Organisation) -> CampaignOut:
    """A campaign as lists show it."""
    return CampaignOut(
        id=campaign.id,
        kind=campaign.kind,
        title=title_of(campaign.event),
        organisation_id=organisation.id,
        organisation=organisation.name,
        state=_state(campaign),
        over=campaign.state == "done",
        recipients=campaign.recipients,
        unreachable=campaign.unreachable,
        paused_at=campaign.paused_at,
        cancelled_at=campaign.cancelled_at,
        expires_at=campaign.expires_at,
        created_at=campaign.created_at,
    )


def _state(campaign: Campaign) -> CampaignState:
    if campaign.cancelled_at is not None:
        return "cancelled"
    if campaign.state == "done":
        return "done"
    if campaign.paused_at is not None:
        return "paused"
    return "planning" if campaign.state == "planning" else "sending"


def _words(campaign: Campaign) -> str:
    if campaign.plan_again_at is None or campaign.cancelled_at is not None:
        return ""
    return NOT_YET if campaign.state == "planning" else NOT_AT_ALL


async def through_channels(
    session: AsyncSession, which: ColumnElement[bool], now: datetime
) -> Mapping[int, Sequence[Through]]:
    """By campaign, what goes through each channel; `which` says of which campaigns. One without batches is missing."""
    rows = await session.execute(
        select(
            Batch.campaign_id,
            Batch.channel_id,
            func.sum(func.octet_length(Batch.states)),
            func.coalesce(func.sum(func.octet_length(Batch.states)).filter(Batch.done_at > now - RECENT), 0),
            func.min(Batch.not_before).filter(Batch.done_at.is_(None)),
            *(func.sum(in_state(state)) for state in STATES),
        )
        .join(Campaign, Campaign.id == Batch.campaign_id)
        .where(which)
        .group_by(Batch.campaign_id, Batch.channel_id)
        .order_by(Batch.campaign_id, Batch.channel_id)
    )
    counted = rows.all()
    channels = await session.scalars(select(Channel).where(Channel.id.in_({row[1] for row in counted})))
    by_id = {channel.id: channel for channel in channels}
    found: dict[int, list[Through]] = defaultdict(list)
    for campaign_id, channel_id, planned, ended, due_at, *states in counted:
        counts = Counts(planned=planned, **dict(zip(STATES.values(), states, strict=True)))
        found[campaign_id].append(Through(by_id[channel_id], counts, ended, due_at))
    return found


def failed_by(*columns: Any) -> Select[*tuple[Any, ...]]:
    """The SQL of how many deliveries failed, by `columns`; the caller says of which campaigns.

    Each batch that has any is taken apart once: to look each member up in it would cost the square of their number.
    """
    place = func.unnest(Batch.members).table_valued(column("member_id", BIGINT), with_ordinality="at").render_derived()
    return (
        select(*columns, func.count())
        .select_from(Batch)
        .join(Campaign, Campaign.id == Batch.campaign_id)
        .join(place, true())
        .join(
            DeliveryException,
            (DeliveryException.batch_id == Batch.id) & (DeliveryException.member_id == place.c.member_id),
        )
        .where(
            in_state(DeliveryState.FAILED) > 0,
            func.get_byte(Batch.states, cast(place.c.at, Integer) - 1) == DeliveryState.FAILED,
        )
        .group_by(*columns)
    )


async def _failures(session: AsyncSession, campaign: Campaign) -> list[Failures]:
    by = (DeliveryException.reason, DeliveryException.code)
    rows = await session.execute(
        failed_by(*by).where(Campaign.id == campaign.id).order_by(func.count().desc(), *by).limit(MOST_REASONS)
    )
    return [Failures(reason=reason, words=reason_words(reason), code=code, count=some) for reason, code, some in rows]


def _channel(through: Through, now: datetime) -> ChannelProgress:
    state, words, until = _standing(through, now)
    channel = through.channel
    return ChannelProgress(
        **through.counts.model_dump(),
        channel_id=channel.id,
        name=channel.name,
        adapter=channel.adapter,
        state=state,
        words=words,
        until=until,
    )


def _standing(through: Through, now: datetime) -> tuple[ChannelState, str, datetime | None]:
    channel, due_at = through.channel, through.due_at
    if not through.left:
        return "done", "", None
    if not channel.enabled:
        return "disabled", f"渠道“{channel.name}”已停用，剩下的消息等它重新启用，到时限为止。", None
    if channel.stopped_reason is not None:
        why = f"渠道“{channel.name}”的设置有误，已自动停下：{channel.stopped_reason}。"
        return "stopped", f"{why}请管理员处理好后，在“渠道”中保存一次，保存后自动继续。", None
    if channel.rests_until is not None and channel.rests_until > now:
        return "resting", f"渠道“{channel.name}”今天的额度已用完，到时间自动继续。", channel.rests_until
    if due_at is not None and due_at > now:
        return "waiting", f"渠道“{channel.name}”正在等候（夜间免打扰、额度或重试），到时间自动继续。", due_at
    return "running", "", None


def remaining(campaign: Campaign, through: Sequence[Through], now: datetime) -> int | None:
    """Seconds until the slowest channel is through, or the campaign expires; None where one of them tells nothing."""
    if campaign.state == "done":
        return 0
    if campaign.state == "planning" or campaign.paused_at is not None:
        return None
    window = min(now - campaign.created_at, RECENT)
    slowest = 0.0
    for each in through:
        state, _, until = _standing(each, now)
        if state == "done":
            continue
        ended = each.counts.planned - each.left if window < RECENT else each.ended
        if state in ("disabled", "stopped") or not ended:
            return None
        pause = (until - now).total_seconds() if until is not None else 0.0
        slowest = max(slowest, pause + each.left * window.total_seconds() / ended)
    return round(min(slowest, max(0.0, (campaign.expires_at - now).total_seconds())))
