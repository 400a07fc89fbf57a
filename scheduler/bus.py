"""How senders hear of batches: the batch rows are the queue, and NOTIFY only wakes who is waiting.

With BUS_URL references to the batches cross NATS besides (`scheduler.jetstream`), and the rows stay the truth.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn, Protocol

import asyncpg
import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

log = structlog.get_logger()

CHANNEL = "zhijian_batches"
RECONNECT_SECONDS = 1.0
PROBE_SECONDS = 10.0


class BusAway(Exception):
    """NATS cannot be reached at present, or does not do what it was asked."""


@dataclass(frozen=True)
class Reference:
    """All that crosses the bus: which batch of which campaign."""

    campaign_id: int
    batch_no: int


@dataclass(frozen=True)
class Taken:
    """A reference in hand; unless it is `done` with, the bus gives it to somebody again."""

    reference: Reference
    done: Callable[[], Awaitable[None]]


class Bus(Protocol):
    """What carries references from planner to senders; raises `BusAway`."""

    async def publish(self, references: Sequence[Reference]) -> None:
        """Puts references on the bus."""
        ...

    async def take(self, seconds: float) -> Taken | None:
        """The next reference, or None where none came within so many seconds."""
        ...


async def announce_batches(session: AsyncSession) -> None:
    """Wakes the senders when this transaction commits: once a transaction, never a row."""
    await session.execute(text("SELECT pg_notify(:channel, '')"), {"channel": CHANNEL})


async def listen(database_url: str, wake: asyncio.Event) -> None:
    """Sets `wake` at each notification, for ever; without a connection the sender's own polling goes on."""
    while True:
        try:
            connection = await asyncpg.connect(database_url, timeout=5)
            try:
                await _listen_on(connection, wake)
            finally:
                await connection.close(timeout=1)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
            log.warning("listener_lost", error=type(error).__name__)
            await asyncio.sleep(RECONNECT_SECONDS)


async def _listen_on(connection: asyncpg.Connection, wake: asyncio.Event) -> NoReturn:
    """Listens until the connection is lost; the probe finds one that a firewall has dropped without a word."""
    lost = asyncio.Event()
    connection.add_termination_listener(lambda _: lost.set())
    await connection.add_listener(CHANNEL, lambda *_: wake.set())
    wake.set()  # something may have come while nobody listened
    while True:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(lost.wait(), PROBE_SECONDS)
        await connection.execute("SELECT 1", timeout=PROBE_SECONDS)
