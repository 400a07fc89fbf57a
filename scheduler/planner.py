"""A campaign becomes batches: keyset pages of members, each page in a transaction of its own with the cursor."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import all_, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principals import within
from app.db.engine import Sessions, is_away, transaction
from app.directory.models import Member, Organisation
from app.messaging.models import BATCH_SIZE, MEETING_KINDS, Campaign
from scheduler.adapters.base import AdapterKind
from scheduler.audiences import narrowings
from scheduler.batching import add_batches, take
from scheduler.bus import announce_batches
from scheduler.choosing import Candidate, Recipient, why_none
from scheduler.claims import open_batches
from scheduler.reach import load_reach, recipients
from scheduler.unreached import note_unreached

log = structlog.get_logger()

PAGE = 4 * BATCH_SIZE
# Pages in a look of the clock: what becomes due meanwhile waits for a few seconds, and not for a million recipients.
PAGES_A_LOOK = 40
# What cannot be planned is tried again after as long as it has waited, within these.
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=10), timedelta(minutes=10)


async def plan_announced(
    sessions: Sessions,
    adapters: Mapping[str, AdapterKind],
    now: datetime,
    *,
    page: int = PAGE,
    most: int | None = None,
) -> int:
    """Plans every campaign that was announced, by pages of so many members; gives the number of pages.

    After `most` pages the next look goes on where this one has ended. A campaign that fails is logged and put off; the
    others are not held up by it.
    """
    pages = 0
    due = or_(Campaign.plan_again_at.is_(None), Campaign.plan_again_at <= now)
    while most is None or pages < most:
        campaign_id: int | None = None
        try:
            async with transaction(sessions) as session:
                campaign = await session.scalar(
                    select(Campaign)
                    .where(Campaign.state == "planning", due)
                    # What is only tried waits for what is to be sent.
                    .order_by(Campaign.dry_run, Campaign.kind.not_in(MEETING_KINDS), Campaign.id)
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
            log.error("planning_failed", campaign=campaign_id, exc_info=error)
            await _put_off(sessions, campaign_id, now)
    return pages


async def _put_off(sessions: Sessions, campaign_id: int, now: datetime) -> None:
    """Waits with the next try, and ends with the campaign's time what could not be planned until then."""
    async with transaction(sessions) as session:
        campaign = await session.get_one(Campaign, campaign_id, with_for_update=True)
        if campaign.state != "planning":
            return  # cancelled meanwhile
        pause = min(max(abs(now - campaign.created_at), FIRST_PAUSE), LONGEST_PAUSE)
        campaign.plan_again_at = min(now + pause, max(now, campaign.expires_at))
        if campaign.expires_at <= now:
            campaign.state = "sending"  # what was planned of it is ended by `scheduler.ending`


async def _plan_page(
    session: AsyncSession, campaign: Campaign, adapters: Mapping[str, AdapterKind], now: datetime, page: int
) -> None:
    people = await _page(session, campaign, now, page)
    await _tell(session, campaign, people, adapters, now)
    campaign.plan_again_at = None
    if len(people) == page:
        campaign.planned_until = people[-1].member_id
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
    statement = (
        recipients()
        .where(
            within(Organisation.path, [str(audience["path"])]),
            # What real organisations have to say is for real people, and is counted for them.
            Organisation.practice.is_(announcing.practice),
            Member.id > campaign.planned_until,
        )
        .order_by(Member.id)
        .limit(limit)
    )
    if campaign.kind not in MEETING_KINDS:
        # A meeting concerns a member's rights in the Party: nobody can switch its notices off.
        statement = statement.where(literal(campaign.kind) != all_(Member.notices_off))
    statement = statement.where(*narrowings(audience, announcing.timezone, now))
    return [Recipient(*row) for row in await session.execute(statement)]


async def _tell(
    session: AsyncSession,
    campaign: Campaign,
    people: Sequence[Recipient],
    adapters: Mapping[str, AdapterKind],
    now: datetime,
) -> None:
    """Puts each member into a batch of the best channel, and those whom none reaches on the leader's list."""
    reach = await load_reach(session, campaign, people, adapters)
    chosen: list[tuple[Recipient, Candidate]] = []
    unreached: dict[int, str] = {}
    for person in people:
        if (found := take(person, reach, reach.candidates)) is not None:
            chosen.append((person, found))
        else:
            unreached[person.member_id] = why_none(person, reach.candidates, reach.balances, reach.addressed)
    campaign.recipients += len(chosen)
    campaign.unreachable += len(unreached)
    await add_batches(session, campaign, chosen, now)
    if not campaign.dry_run:
        await note_unreached(session, campaign.id, unreached, now)
