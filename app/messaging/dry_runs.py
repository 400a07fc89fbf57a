"""Dry runs as they are asked for and read; the scheduler finds them out, with the planner that plans what is sent."""

from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import CurrentStaff
from app.directory.models import Member, Organisation
from app.errors import NotFound
from app.messaging.models import Batch, Campaign, DryRun
from app.messaging.schedule_schemas import DryRunGroup, DryRunMember, DryRunMembers, DryRunOut
from app.messaging.schedules import find_schedule
from app.platforms.models import Channel


async def ask_dry_run(session: AsyncSession, staff: CurrentStaff, schedule_id: int, now: datetime) -> DryRunOut:
    """Asks what a schedule would tell; one that is being found out is given again. Raises `NotFound`."""
    schedule, organisation = await find_schedule(session, staff, schedule_id, lock=True)
    asked = await session.scalar(
        select(DryRun)
        .outerjoin(Campaign, Campaign.id == DryRun.campaign_id)
        .where(DryRun.schedule_id == schedule.id, or_(DryRun.state == "asked", Campaign.state == "planning"))
        .order_by(DryRun.id.desc())
        .limit(1)
    )
    if asked is None:
        asked = DryRun(schedule_id=schedule.id, state="asked", asked_at=now, title="", body="")
        session.add(asked)
        await session.flush()
        audit.record(
            session, staff.actor, "schedule.tried", "schedule", schedule.id, now=now, organisation_id=organisation.id
        )
    return _shown(asked, await _campaign(session, asked), [])


async def get_dry_run(session: AsyncSession, staff: CurrentStaff, schedule_id: int, dry_run_id: int) -> DryRunOut:
    """A dry run as far as it is found out; raises `NotFound`."""
    run = await _find(session, staff, schedule_id, dry_run_id)
    campaign = await _campaign(session, run)
    if campaign is None:
        return _shown(run, None, [])
    rows = await session.execute(
        select(Channel.id, Channel.name, Channel.adapter, Batch.not_before, func.sum(func.cardinality(Batch.members)))
        .join(Channel, Channel.id == Batch.channel_id)
        .where(Batch.campaign_id == campaign.id)
        .group_by(Channel.id, Batch.not_before)
        .order_by(Batch.not_before, Channel.id)
    )
    groups = [
        DryRunGroup(
            channel_id=channel_id,
            channel=name,
            adapter=adapter,
            not_before=not_before,
            too_late=not_before >= campaign.expires_at,
            recipients=int(count),
        )
        for channel_id, name, adapter, not_before, count in rows
    ]
    return _shown(run, campaign, groups)


async def list_dry_run_members(
    session: AsyncSession, staff: CurrentStaff, schedule_id: int, dry_run_id: int, *, after: int | None, limit: int
) -> DryRunMembers:
    """Who would get it, by id; raises `NotFound`."""
    run = await _find(session, staff, schedule_id, dry_run_id)
    one = (
        select(func.unnest(Batch.members).label("member_id"), Batch.channel_id, Batch.not_before)
        .where(Batch.campaign_id == run.campaign_id, Batch.last_member > (after or 0))
        .subquery()
    )
    rows = await session.execute(
        select(
            one.c.member_id,
            Member.name,
            Organisation.name.label("organisation"),
            Channel.name.label("channel"),
            one.c.not_before,
        )
        .join(Member, Member.id == one.c.member_id)
        .join(Organisation, Organisation.id == Member.organisation_id)
        .join(Channel, Channel.id == one.c.channel_id)
        .where(one.c.member_id > (after or 0))
        .order_by(one.c.member_id)
        .limit(limit + 1)
    )
    found = [DryRunMember.model_validate(row) for row in rows]
    shown = found[:limit]
    return DryRunMembers(items=shown, next=str(shown[-1].member_id) if len(found) > limit else None)


async def _find(session: AsyncSession, staff: CurrentStaff, schedule_id: int, dry_run_id: int) -> DryRun:
    schedule, _ = await find_schedule(session, staff, schedule_id)
    run = await session.scalar(select(DryRun).where(DryRun.id == dry_run_id, DryRun.schedule_id == schedule.id))
    if run is None:
        raise NotFound
    return run


async def _campaign(session: AsyncSession, run: DryRun) -> Campaign | None:
    return None if run.campaign_id is None else await session.get_one(Campaign, run.campaign_id)


def _shown(run: DryRun, campaign: Campaign | None, groups: list[DryRunGroup]) -> DryRunOut:
    state = run.state
    if campaign is not None:
        state = "done" if campaign.state != "planning" else "failed" if campaign.plan_again_at else "planning"
    return DryRunOut.model_validate(
        {
            "id": run.id,
            "schedule_id": run.schedule_id,
            "state": state,
            "asked_at": run.asked_at,
            "due_at": run.due_at,
            "expires_at": campaign and campaign.expires_at,
            "title": run.title,
            "body": run.body,
            "recipients": campaign.recipients if campaign else 0,
            "unreachable": campaign.unreachable if campaign else 0,
            "groups": groups,
        }
    )
