"""The engine, transactions, and the one place that knows how a database that is away looks."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import MappingProxyType

import asyncpg
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

Sessions = async_sessionmaker[AsyncSession]

# Connection errors, operator intervention (shutdown, restart) and lack of resources.
AWAY_STATES = ("08", "57P0", "53")
# lock_not_available: see `app.organisations.locks`.
HELD_STATE = "55P03"


def sqlalchemy_url(url: str) -> str:
    """The DSN that the operator gives (`postgresql://…`) with our driver named."""
    return "postgresql+asyncpg://" + url.split("://", 1)[1]


def _nameless() -> str:
    return ""


# What one transaction has prepared is not there for the next one, which may get another connection of the pooler's:
# no caches, and the nameless statement, which needs no cleaning up.
POOLED: Mapping[str, object] = MappingProxyType(
    {"statement_cache_size": 0, "prepared_statement_cache_size": 0, "prepared_statement_name_func": _nameless}
)


def create_engine(url: str, *, pool: int = 10, pooled: bool = False) -> AsyncEngine:
    """An engine with a bounded pool; waits at most 5 s for a connection and 10 s for connecting.

    `pooled`: the address leads through pgbouncer in transaction mode.
    """
    return create_async_engine(
        sqlalchemy_url(url),
        pool_size=pool,
        max_overflow=0,
        pool_timeout=5,
        pool_recycle=1800,
        connect_args={
            "timeout": 10,
            "command_timeout": 30,
            "server_settings": {"timezone": "UTC"},
            **(POOLED if pooled else {}),
        },
    )


def sessionmaker(engine: AsyncEngine) -> Sessions:
    """Sessions whose objects stay readable after the commit."""
    return async_sessionmaker(engine, expire_on_commit=False)


@asynccontextmanager
async def transaction(sessions: Sessions) -> AsyncIterator[AsyncSession]:
    """One transaction: committed at the end, rolled back when anything is raised."""
    async with sessions() as session, session.begin():
        yield session


def is_held(error: BaseException) -> bool:
    """Whether the error says that somebody else held what was waited for, for longer than was set."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) == HELD_STATE


def is_away(error: BaseException) -> bool:
    """Whether the error says that the database cannot be reached or is out of resources, and a retry may help."""
    if isinstance(error, DBAPIError):
        state = getattr(error.orig, "sqlstate", None) or ""
        inner = getattr(error.orig, "__cause__", None)
        return (
            error.connection_invalidated
            or state.startswith(AWAY_STATES)
            or (isinstance(error, InterfaceError) and not state)
            or (inner is not None and is_away(inner))
        )
    if isinstance(error, asyncpg.PostgresError):
        return (error.sqlstate or "").startswith(AWAY_STATES)
    return isinstance(error, (PoolTimeout, OSError, asyncio.TimeoutError, asyncpg.InterfaceError))
