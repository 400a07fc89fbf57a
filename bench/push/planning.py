"""How much memory a scheduler takes to plan a campaign to very many."""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

from app.db.engine import transaction
from app.messaging.models import Batch, Campaign
from bench.push.plant import Plant, plant
from bench.push.roster import add_channel, announce_one, fill

# The larger campaign may take so much more than the smaller one, for what a heap does not give back.
LEEWAY = 8 * 1024 * 1024


@dataclass
class Planned:
    """A campaign that was planned: the most memory that the scheduler ever had, in bytes."""

    recipients: int
    seconds: float
    peak: int

    def __str__(self) -> str:
        return f"{self.recipients} recipients planned in {self.seconds:.0f} s, {self.peak / 1e6:.1f} MB at most"


def peak(process_id: int) -> int:
    """The most memory that a process has had until now, in bytes."""
    lines = Path(f"/proc/{process_id}/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


async def plan(folder: Path, recipients: int) -> Planned:
    """Has a fresh scheduler plan a campaign to so many; there is no sender."""
    async with plant(folder) as made:
        await fill(made, recipients)
        await add_channel(made, "http://127.0.0.1:9/notices", 1000)
        made.start("scheduler-1")
        campaign_id = await announce_one(made, "weekly_issue")
        begun = time.monotonic()
        while not await _is_planned(made, campaign_id):  # noqa: ASYNC110 - it happens in another process
            await asyncio.sleep(0.2)
        seconds = time.monotonic() - begun
        async with transaction(made.sessions) as session:
            planned = await session.scalar(
                select(func.sum(func.cardinality(Batch.members))).where(Batch.campaign_id == campaign_id)
            )
        return Planned(int(planned or 0), seconds, peak(made.running["scheduler-1"].pid))


async def _is_planned(made: Plant, campaign_id: int) -> bool:
    async with transaction(made.sessions) as session:
        return await session.scalar(select(Campaign.state).where(Campaign.id == campaign_id)) != "planning"
