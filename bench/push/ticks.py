"""Many due times at once, and schedulers that are killed while they catch up: each fires once."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, select, text

from app.db.engine import transaction
from app.messaging.models import Campaign, Schedule, Tick
from bench.push.plant import Plant, plant
from bench.push.roster import fill

SCHEDULES = 100
SCHEDULERS = ("scheduler-1", "scheduler-2")
# Due every minute, as nobody may set it over the API: so many due times come together quickly.
ADD = text("""
INSERT INTO schedules
    (organisation_id, kind, cron, timezone, late_policy, late_seconds, enabled, next_due_at, created_at)
SELECT 1, 'unfinished_reminder', '* * * * *', 'Asia/Shanghai', 'send', 604800, true, :first, :first
FROM generate_series(1, :schedules)
""")


@dataclass
class Ticked:
    """What became of the due times."""

    due: int
    missed: int
    doubled: int
    kills: int

    def broken(self) -> list[str]:
        """The bounds that do not hold."""
        return [f"{self.missed} missed, {self.doubled} doubled"] if self.missed or self.doubled else []

    def __str__(self) -> str:
        return f"{self.due} due times, {self.kills} kills: {self.missed} missed, {self.doubled} doubled"


async def tick(folder: Path, due_times: int, kill_every: float) -> Ticked:
    """Lets two schedulers catch up with so many due times, one of them killed in turn."""
    async with plant(folder) as made:
        await fill(made, 1)
        minutes = max(1, due_times // SCHEDULES)
        last = made.now.replace(second=0, microsecond=0)
        first = last - timedelta(minutes=minutes - 1)
        async with transaction(made.sessions) as session:
            await session.execute(ADD, {"first": first, "schedules": SCHEDULES})
        for name in SCHEDULERS:
            made.start(name)
        kills = 0
        while await _behind(made):
            name = SCHEDULERS[kills % 2]
            for each in SCHEDULERS:
                await made.serving(each)
            await asyncio.sleep(kill_every)
            made.kill(name)
            kills += 1
            made.start(name)
        return await _count(made, minutes * SCHEDULES, last, kills)


async def _behind(made: Plant) -> int:
    """How many schedules have due times left."""
    async with transaction(made.sessions) as session:
        count = await session.scalar(select(func.count()).where(Schedule.next_due_at <= made.now))
        return count or 0


async def _count(made: Plant, due: int, last: object, kills: int) -> Ticked:
    """Ticks and campaigns of the due times until `last`; those of the minutes since then are not counted.

    Of those that were missed the last of each schedule is told: a campaign a tick that fired, and no other.
    """
    due_by_then = Tick.due_at <= last
    each = func.concat(Tick.schedule_id, " ", Tick.due_at)
    async with transaction(made.sessions) as session:
        came = await session.scalar(select(func.count(func.distinct(each))).where(due_by_then)) or 0
        told = await session.scalar(
            select(func.count()).select_from(Campaign).join(Tick, Tick.id == Campaign.tick_id).where(due_by_then)
        )
        to_tell = await session.scalar(select(func.count()).where(due_by_then, Tick.outcome == "fired")) or 0
        orphans = await session.scalar(select(func.count()).where(Campaign.tick_id.is_(None)))
    return Ticked(due, due - came, (told or 0) - to_tell + (orphans or 0), kills)
