"""Transactions, and how a database that is away looks."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import asyncpg
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.engine import Sessions, create_engine, is_away, sessionmaker, sqlalchemy_url, transaction
from app.directory.models import Organisation
from tests.conftest import MovableClock


@asynccontextmanager
async def sessions_of(dsn: str, *, pool: int = 1) -> AsyncIterator[Sessions]:
    """Sessions over an engine of its own."""
    engine = create_engine(dsn, pool=pool)
    yield sessionmaker(engine)
    await engine.dispose()


async def ask(session: AsyncSession, sql: str) -> object:
    return await session.scalar(text(sql))


async def ask_alone(sessions: Sessions, sql: str) -> object:
    """Asks in a transaction of its own."""
    async with transaction(sessions) as session:
        return await ask(session, sql)


async def add(sessions: Sessions, row: Organisation) -> None:
    async with transaction(sessions) as session:
        session.add(row)


def organisation(clock: MovableClock) -> Organisation:
    return Organisation(id=1, parent_id=None, path="/1/", kind="committee", name="党委", created_at=clock())


@pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
def test_the_operators_address_is_given_our_driver(scheme: str) -> None:
    assert sqlalchemy_url(f"{scheme}://u:p%40@h:5/d?host=/tmp") == "postgresql+asyncpg://u:p%40@h:5/d?host=/tmp"


async def test_a_transaction_commits_at_its_end(sessions: Sessions, clock: MovableClock) -> None:
    async with transaction(sessions) as session:
        session.add(organisation(clock))
    async with transaction(sessions) as session:
        found = await session.scalar(select(Organisation))
    assert found is not None
    assert found.name == "党委", "and what was read stays readable"


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
async def test_a_transaction_is_undone_by_whatever_is_raised(
    sessions: Sessions, clock: MovableClock, error: type[BaseException]
) -> None:
    async def work() -> None:
        async with transaction(sessions) as session:
            session.add(organisation(clock))
            await session.flush()
            raise error

    with suppress(error):
        await work()
    async with transaction(sessions) as session:
        assert await session.scalar(select(Organisation)) is None


async def test_times_come_back_in_utc(sessions: Sessions, clock: MovableClock) -> None:
    async with transaction(sessions) as session:
        session.add(organisation(clock))
    async with transaction(sessions) as session:
        created_at = (await session.scalars(select(Organisation.created_at))).one()
        assert await ask(session, "SHOW timezone") == "UTC"
    assert (created_at, created_at.utcoffset()) == (clock(), timedelta(0))


@pytest.mark.parametrize("dsn", ["postgresql://u@127.0.0.1:1/d", "postgresql://u@/d?host=/nowhere/at/all"])
async def test_a_refused_connection_is_away(dsn: str) -> None:
    async with sessions_of(dsn) as sessions:
        with pytest.raises((ConnectionRefusedError, FileNotFoundError)) as refused:
            await ask_alone(sessions, "SELECT 1")
    assert is_away(refused.value)


async def test_a_terminated_backend_is_away_and_the_next_transaction_works(database: str) -> None:
    async with sessions_of(database) as sessions:
        pid = await ask_alone(sessions, "SELECT pg_backend_pid()")
        operator = await asyncpg.connect(database)
        await operator.execute("SELECT pg_terminate_backend($1)", pid)
        await operator.close()
        with pytest.raises(DBAPIError) as lost:
            await ask_alone(sessions, "SELECT 1")
        assert is_away(lost.value)
        assert await ask_alone(sessions, "SELECT 1") == 1


async def test_a_backend_that_terminates_itself_is_away(database: str) -> None:
    async with sessions_of(database) as sessions:
        with pytest.raises(DBAPIError) as lost:
            await ask_alone(sessions, "SELECT pg_terminate_backend(pg_backend_pid())")
    assert is_away(lost.value)


async def test_too_many_connections_are_away(database: str) -> None:
    role = f"limited_{secrets.token_hex(4)}"
    operator = await asyncpg.connect(database)
    await operator.execute(f"CREATE ROLE {role} LOGIN CONNECTION LIMIT 0")
    try:
        async with sessions_of(database.replace("//postgres:@", f"//{role}:@")) as sessions:
            with pytest.raises((asyncpg.PostgresError, DBAPIError)) as refused:
                await ask_alone(sessions, "SELECT 1")
        assert is_away(refused.value)
        assert "too many connections" in str(refused.value)
    finally:
        await operator.execute(f"DROP ROLE {role}")
        await operator.close()


async def test_a_pool_without_a_free_connection_is_away() -> None:
    assert is_away(PoolTimeout("no connection within 5 s"))


async def test_a_statement_that_takes_too_long_is_away(database: str) -> None:
    engine = create_engine(database, pool=1)
    try:
        async with engine.connect() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            assert driver is not None
            with pytest.raises(TimeoutError) as slow:
                await driver.execute("SELECT pg_sleep(60)", timeout=0.01)
    finally:
        await engine.dispose()
    assert is_away(slow.value)


async def test_an_error_of_ours_is_not_away(sessions: Sessions, clock: MovableClock) -> None:
    await add(sessions, organisation(clock))
    with pytest.raises(IntegrityError) as twice:
        await add(sessions, organisation(clock))
    with pytest.raises(DBAPIError) as wrong:
        await ask_alone(sessions, "SELECT nonsense")
    for error in (twice.value, wrong.value, ValueError(), KeyError(), asyncpg.UniqueViolationError("twice")):
        assert not is_away(error)


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.ConnectionDoesNotExistError(), asyncpg.AdminShutdownError(), asyncpg.CannotConnectNowError(),
        asyncpg.TooManyConnectionsError(), asyncpg.InterfaceError("connection is closed"), ConnectionResetError(),
        TimeoutError(),
    ],
)  # fmt: skip
def test_what_the_driver_says_of_a_server_that_goes(error: Exception) -> None:
    assert is_away(error)
