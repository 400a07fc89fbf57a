"""Campaigns to a gateway that misbehaves, while processes, PostgreSQL or NATS are killed."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from app.db.engine import is_away
from bench.push.plant import Plant, gateway, plant
from bench.push.roster import add_channel, announce_one, fill, is_done
from bench.push.verdict import Kill, Verdict, judge, marked
from tests.servers import Nats, nats_server, pgbouncer

PROCESSES = ("sender-1", "scheduler-1", "sender-2", "scheduler-2")
KINDS = ("weekly_issue", "meeting_reminder")

# What happens while a campaign is sent; told when the campaign is to end.
Trouble = Callable[[], Coroutine[object, object, None]]


@dataclass
class Site:
    """A plant with a gateway, whose processes run; and a NATS server, where there is one."""

    plant: Plant
    gateway: str
    recipients: int
    nats: Nats | None = None
    kills: list[Kill] = field(default_factory=list)

    async def kill_in_turn(self, every: float) -> None:
        """Kills one process after the other, for ever, and starts each again at once.

        The time counts from when all of them serve: on a slow machine none would live long enough to do anything.
        """
        for name in itertools.cycle(PROCESSES):
            for each in PROCESSES:
                await self.plant.serving(each)
            await asyncio.sleep(every)
            process_id = self.plant.kill(name)
            sending = name.startswith("sender")
            self.kills.append(Kill(name, await marked(self.plant, f":{process_id}:") if sending else frozenset()))
            self.plant.start(name)

    async def kill_postgres(self, after: float, down: float = 3) -> None:
        """Kills PostgreSQL once, and starts it again; what is marked then was in flight."""
        await asyncio.sleep(after)
        await asyncio.to_thread(self.plant.postgres.kill)
        await asyncio.sleep(down)
        await asyncio.to_thread(self.plant.postgres.start)
        self.kills.append(Kill("postgres", await marked(self.plant)))

    async def kill_nats(self, after: float, down: float = 3) -> None:
        """Kills NATS and starts it again with all that it had; then again with nothing."""
        assert self.nats is not None
        for wipe in (False, True):
            await asyncio.sleep(after)
            await asyncio.to_thread(self.nats.wipe if wipe else self.nats.kill)
            await asyncio.sleep(down)
            await asyncio.to_thread(self.nats.start)
            self.kills.append(Kill("nats, wiped" if wipe else "nats"))

    async def campaign(self, kind: str, trouble: Trouble | None = None, *, patience: float = 3600) -> Verdict:
        """Announces a campaign, waits until it and the trouble with it are done, and judges it.

        Trouble that goes on for ever is ended. Raises TimeoutError where the campaign is not done in `patience`
        seconds.
        """
        self.kills.clear()
        begun = time.monotonic()
        campaign_id = await announce_one(self.plant, kind)
        troubling = asyncio.create_task(trouble()) if trouble is not None else None
        try:
            async with asyncio.timeout(patience):
                while not await self._is_done(campaign_id):  # noqa: ASYNC110 - it happens in another process
                    await asyncio.sleep(0.5)
        finally:
            if troubling is not None:
                if troubling.done():
                    troubling.result()
                troubling.cancel()
                await asyncio.gather(troubling, return_exceptions=True)
        await self._restart()
        seconds = time.monotonic() - begun
        return await judge(self.plant, self.gateway, campaign_id, kind, self.recipients, seconds, list(self.kills))

    async def _is_done(self, campaign_id: int) -> bool:
        try:
            return await is_done(self.plant, campaign_id)
        except Exception as error:
            if not is_away(error):
                raise
            return False  # PostgreSQL is down at present

    async def _restart(self) -> None:
        """A kill may have been under way when the campaign was done."""
        for name in PROCESSES:
            if name not in self.plant.running:
                self.plant.start(name)


@asynccontextmanager
async def site(
    folder: Path, recipients: int, *, rate: float, limit: int, bus: bool = False, pooled: bool = False
) -> AsyncIterator[Site]:
    """Two schedulers and two senders over so many members and one channel; `bus`: NATS, `pooled`: pgbouncer."""
    async with AsyncExitStack() as stack:
        address = stack.enter_context(gateway(limit))
        made = await stack.enter_async_context(plant(folder))
        nats = None
        if bus:
            nats = stack.enter_context(nats_server(folder / "nats"))
            nats.start()
            made.environment["BUS_URL"] = nats.url
        if pooled:
            through = stack.enter_context(pgbouncer(made.direct, folder / "pgbouncer", connections=8))
            made.environment.update({"DATABASE_URL": through, "ZHIJIAN_DATABASE_DIRECT_URL": made.direct})
        await fill(made, recipients)
        await add_channel(made, f"{address}/notices", rate)
        stack.callback(made.stop)
        for name in PROCESSES:
            made.start(name)
        for name in PROCESSES:
            await made.serving(name)
        yield Site(made, address, recipients, nats)
