"""Campaigns in the hands of those who answer for them: the list, a pause, a cancellation."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import CurrentStaff, within
from app.directory.models import Organisation
from app.errors import Conflict, NotFound
from app.messaging.campaign_schemas import CampaignOut, CampaignProgress
from app.messaging.models import Batch, Campaign
from app.messaging.progress import describe, get_progress

# Those who may remind people may also hold a reminder back.
STEERERS = ("leader", "administrator")


class CampaignOver(Conflict):
    """Nothing is left to be sent, or nothing may be any more."""

    code = "campaign_over"
    detail = "这次发送已经结束，不能再暂停、继续或取消。已发出的消息不能收回，对应的学习或会议不受影响。"


async def list_campaigns(
    session: AsyncSession, staff: CurrentStaff, *, before: int | None, limit: int
) -> list[CampaignOut]:
    """Campaigns in reach, newest first, one more than `limit` where there is a next page."""
    statement = (
        select(Campaign, Organisation)
        .join(Organisation, Organisation.id == Campaign.organisation_id)
        .where(within(Organisation.path, staff.paths(*STEERERS)), Campaign.dry_run.is_(False))
        .order_by(Campaign.id.desc())
        .limit(limit + 1)
    )
    if before is not None:
        statement = statement.where(Campaign.id < before)
    return [describe(campaign, organisation) for campaign, organisation in await session.execute(statement)]


async def find_campaign(
    session: AsyncSession, staff: CurrentStaff, campaign_id: int, *, lock: bool = False
) -> tuple[Campaign, Organisation]:
    """A campaign in reach and who announced it, else `NotFound`; `lock` holds its row, as the planner does."""
    statement = (
        select(Campaign, Organisation)
        .join(Organisation, Organisation.id == Campaign.organisation_id)
        .where(
            Campaign.id == campaign_id,
            Campaign.dry_run.is_(False),
            within(Organisation.path, staff.paths(*STEERERS)),
        )
        .execution_options(populate_existing=True)
    )
    if lock:
        statement = statement.with_for_update(of=Campaign, key_share=True)
    found = (await session.execute(statement)).first()
    if found is None:
        raise NotFound
    return found[0], found[1]


async def get_campaign(session: AsyncSession, staff: CurrentStaff, campaign_id: int, now: datetime) -> CampaignProgress:
    """How far a campaign in reach has come."""
    campaign, organisation = await find_campaign(session, staff, campaign_id)
    return await get_progress(session, campaign, organisation, now)


async def pause_campaign(
    session: AsyncSession, staff: CurrentStaff, campaign_id: int, now: datetime
) -> CampaignProgress:
    """Has senders stop after what they have in hand; planning and the time limit go on.

    The same again changes nothing. Raises `NotFound` or `CampaignOver`.
    """
    campaign, organisation = await find_campaign(session, staff, campaign_id, lock=True)
    _check_going_on(campaign)
    if campaign.paused_at is None:
        campaign.paused_at = now
        _note(session, staff, campaign, "campaign.paused", now)
    return await get_progress(session, campaign, organisation, now)


async def resume_campaign(
    session: AsyncSession, staff: CurrentStaff, campaign_id: int, now: datetime
) -> CampaignProgress:
    """Lets a paused campaign go on where it was; as `pause_campaign`."""
    campaign, organisation = await find_campaign(session, staff, campaign_id, lock=True)
    _check_going_on(campaign)
    if campaign.paused_at is not None:
        campaign.paused_at = None
        _note(session, staff, campaign, "campaign.resumed", now)
    return await get_progress(session, campaign, organisation, now)


async def cancel_campaign(
    session: AsyncSession, staff: CurrentStaff, campaign_id: int, now: datetime
) -> CampaignProgress:
    """Sends nothing more: what is planned expires, the rest is not planned at all; what was sent stays on record.

    The issue or the meeting itself stays as it is. As `pause_campaign`.
    """
    campaign, organisation = await find_campaign(session, staff, campaign_id, lock=True)
    if campaign.cancelled_at is None:
        _check_going_on(campaign)
        campaign.cancelled_at = now
        campaign.expires_at = min(campaign.expires_at, now)
        campaign.paused_at = None
        open_ones = select(Batch.id).where(Batch.campaign_id == campaign.id, Batch.done_at.is_(None))
        # The planner plans no further page of it, and the scheduler ends what nobody has in hand.
        campaign.state = "sending" if await session.scalar(open_ones.limit(1)) is not None else "done"
        _note(session, staff, campaign, "campaign.cancelled", now)
    return await get_progress(session, campaign, organisation, now)


def _check_going_on(campaign: Campaign) -> None:
    if campaign.state == "done" or campaign.cancelled_at is not None:
        raise CampaignOver


def _note(session: AsyncSession, staff: CurrentStaff, campaign: Campaign, action: str, now: datetime) -> None:
    audit.record(
        session, staff.actor, action, "campaign", campaign.id,
        now=now, organisation_id=campaign.organisation_id, kind=campaign.kind, recipients=campaign.recipients,
    )  # fmt: skip
