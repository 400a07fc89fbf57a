"""Through pgbouncer in transaction mode: two transactions of one connection may be two connections of PostgreSQL."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.db.engine import Sessions, create_engine, sessionmaker, transaction
from tests.servers import pgbouncer


@pytest.fixture
def pooler(database: str, tmp_path: Path) -> Iterator[str]:
    """The DSN of the fresh database through a pgbouncer that has fewer connections than it is asked for."""
    with pgbouncer(database, tmp_path / "pgbouncer", connections=2) as url:
        yield url


async def _ask(sessions: Sessions, number: int) -> None:
    for _ in range(20):
        async with transaction(sessions) as session:
            await session.execute(text("SELECT set_config('lock_timeout', '3s', true)"))
            assert await session.scalar(text("SELECT CAST(:n AS bigint) + 1"), {"n": number}) == number + 1
            assert await session.scalar(text("SELECT CAST(:j AS jsonb)"), {"j": '{"a": 1}'}) == {"a": 1}
            assert await session.scalar(text("SELECT current_setting('timezone')")) == "UTC"


async def _ask_all(url: str, *, pooled: bool) -> int:
    """Eight at once; gives how many prepared statements were left in one of PostgreSQL's connections."""
    engine = create_engine(url, pool=8, pooled=pooled)
    try:
        sessions = sessionmaker(engine)
        await asyncio.gather(*(_ask(sessions, number) for number in range(8)))
        async with transaction(sessions) as session:
            return int(await session.scalar(text("SELECT count(*) FROM pg_prepared_statements")) or 0)
    finally:
        await engine.dispose()


async def test_a_pooled_engine_works_and_leaves_nothing_prepared_behind(pooler: str) -> None:
    assert await _ask_all(pooler, pooled=True) == 0


async def test_an_engine_that_does_not_know_of_the_pooler_fails_behind_it(pooler: str) -> None:
    # What the test above shows would hold without `pooled` if this pooler did not mix its connections.
    with pytest.raises(DBAPIError, match="prepared statement"):
        await _ask_all(pooler, pooled=False)
