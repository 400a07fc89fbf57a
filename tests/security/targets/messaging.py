"""Channels, and what goes out through them, to be reached for."""

from datetime import timedelta

from app.db.engine import transaction
from app.directory.models import Organisation
from app.messaging.models import Anniversary, DryRun, Schedule
from app.messaging.service import Audience, announce
from app.platforms.models import Channel
from tests.scheduler.scene import ISSUE_EVENT
from tests.security.targets import Targets


async def channel(targets: Targets, organisation_id: int) -> int:
    """A channel of the console."""
    async with transaction(targets.service.sessions) as session:
        channel = Channel(
            organisation_id=organisation_id,
            adapter="console",
            name="消息页",
            account=f"console-{targets.number()}",
            config={},
            enabled=True,
            created_at=targets.service.clock(),
        )
        session.add(channel)
        await session.flush()
        return channel.id


async def addressed(targets: Targets, organisation_id: int) -> int:
    """A channel that knows people by an id of its platform."""
    channel_id = await channel(targets, organisation_id)
    async with transaction(targets.service.sessions) as session:
        (await session.get_one(Channel, channel_id)).adapter = "wecom"
    return channel_id


async def schedule(targets: Targets, organisation_id: int) -> int:
    """A standing reminder."""
    now = targets.service.clock()
    async with transaction(targets.service.sessions) as session:
        schedule = Schedule(
            organisation_id=organisation_id,
            kind="unfinished_reminder",
            cron="0 9 * * fri",
            timezone="Asia/Shanghai",
            late_policy="expire",
            late_seconds=60,
            enabled=True,
            next_due_at=now + timedelta(days=1),
            created_at=now,
        )
        session.add(schedule)
        await session.flush()
        return schedule.id


async def dry_run(targets: Targets, organisation_id: int) -> tuple[int, int]:
    """A dry run that was asked for: its schedule and itself."""
    schedule_id = await schedule(targets, organisation_id)
    async with transaction(targets.service.sessions) as session:
        run = DryRun(schedule_id=schedule_id, state="asked", asked_at=targets.service.clock(), title="", body="")
        session.add(run)
        await session.flush()
        return schedule_id, run.id


async def anniversary(targets: Targets, organisation_id: int) -> int:
    """A day that the organisation keeps."""
    async with transaction(targets.service.sessions) as session:
        day = Anniversary(
            organisation_id=organisation_id, month=7, day=1, name=f"纪念日{targets.number()}", words="",
            enabled=True, created_at=targets.service.clock(),
        )  # fmt: skip
        session.add(day)
        await session.flush()
        return day.id


async def campaign(targets: Targets, organisation_id: int, state: str = "sending") -> int:
    """What an organisation tells its members."""
    now = targets.service.clock()
    async with transaction(targets.service.sessions) as session:
        organisation = await session.get_one(Organisation, organisation_id)
        campaign = announce(
            session,
            "weekly_issue",
            organisation_id=organisation_id,
            subject_id=1,
            event={**ISSUE_EVENT, "organisation": organisation.name},
            audience=Audience(path=organisation.path),
            expires_at=now + timedelta(days=6),
            now=now,
        )
        campaign.state = state
        await session.flush()
        return campaign.id


async def campaign_over(targets: Targets, organisation_id: int) -> int:
    """One of which nothing is left to be sent: whoever watches it need not wait."""
    return await campaign(targets, organisation_id, "done")
