"""The bus: a word at the commit wakes whoever listens, and a lost connection is made again."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from sqlalchemy import text

from app.db.engine import Sessions, transaction
from scheduler.adapters.registry import load_adapters
from scheduler.bus import CHANNEL, announce_batches, listen
from scheduler.planner import plan_announced
from tests.databases import SERVER, drop_database
from tests.scheduler.scene import Scene


@asynccontextmanager
async def listening(database_url: str) -> AsyncIterator[asyncio.Event]:
    wake = asyncio.Event()
    listener = asyncio.create_task(listen(database_url, wake))
    try:
        yield wake
    finally:
        listener.cancel()
        await asyncio.gather(listener, return_exceptions=True)


async def woken(wake: asyncio.Event) -> None:
    await asyncio.wait_for(wake.wait(), 20)
    wake.clear()


async def test_an_announcement_wakes_when_it_is_committed_and_not_when_it_is_rolled_back(
    database: str, sessions: Sessions
) -> None:
    async with listening(database) as wake:
        await woken(wake)  # the connection stands
        async with sessions() as session:
            await announce_batches(session)
            await session.rollback()
        async with transaction(sessions) as session:
            await announce_batches(session)
            # A word before the commit would have come by the time that this has been answered.
            await session.execute(text("SELECT 1"))
            assert not wake.is_set()
        await woken(wake)


async def test_the_listener_comes_back_when_its_connection_is_ended(database: str, sessions: Sessions) -> None:
    async with listening(database) as wake:
        await woken(wake)
        async with transaction(sessions) as session:
            ended = await session.scalar(
                text(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE 'LISTEN%'"
                )
            )
        assert ended == 1
        await woken(wake)  # it looks at once, because a word may have been lost
        async with transaction(sessions) as session:
            await announce_batches(session)
        await woken(wake)


async def test_without_a_database_the_listener_waits_for_one(database: str) -> None:
    later = database.replace("/t_", "/later_")
    async with listening(later) as wake:
        await asyncio.sleep(0)
        administrator = await asyncpg.connect(os.environ[SERVER])
        try:
            name = later.split("?")[0].rsplit("/", 1)[1]
            await administrator.execute(f'CREATE DATABASE "{name}"')
            await woken(wake)
        finally:
            await administrator.close()
    await drop_database(later)


async def test_a_transaction_wakes_once_however_much_it_plans(scene: Scene, database: str) -> None:
    await scene.channel("console")
    members = [await scene.world.member(100) for _ in range(9)]
    campaign_id = await scene.campaign(state="planning")
    heard: list[str] = []
    connection = await asyncpg.connect(database)
    try:
        await connection.add_listener(CHANNEL, lambda *_: heard.append("woken"))
        assert await plan_announced(scene.service.sessions, load_adapters(), scene.service.clock(), page=4) == 3
        await connection.execute("SELECT 1")
    finally:
        await connection.close()
    assert len(members) == 9
    assert await scene.campaign_state(campaign_id) == "sending"
    assert len(heard) == 3, "a word a page, whatever it held"
