"""What a running process holds: opened once, handed down, closed at the end."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property

import httpx
import structlog
from sqlalchemy import text

from app.clock import Clock, offset_clock, system_clock
from app.db.embedded import embedded_postgres
from app.db.engine import Sessions, create_engine, is_away, sessionmaker, transaction
from app.db.vault import Vault, open_vault
from app.platforms.http import outside_client
from app.settings import Settings
from app.storage.base import Store
from app.storage.opening import open_store

log = structlog.get_logger()

SAFE = ("fsync", "synchronous_commit", "full_page_writes")


@dataclass(frozen=True)
class Service:
    """The resources of one process."""

    settings: Settings
    sessions: Sessions
    clock: Clock
    vault: Vault
    http: httpx.AsyncClient

    @cached_property
    def media(self) -> Store:
        """Where uploaded media are kept; opened when it is first needed, and it holds nothing that must be closed."""
        return open_store(self.settings)

    @cached_property
    def press(self) -> asyncio.Semaphore:
        """Issues are printed one at a time: each may hold its pictures several times over."""
        return asyncio.Semaphore(1)

    @cached_property
    def streams(self) -> Counter[int]:
        """How many live streams are open, by the account that watches."""
        return Counter()

    @cached_property
    def stopping(self) -> asyncio.Event:
        """Set when the process is about to stop: streams end, requests are still answered."""
        return asyncio.Event()


@asynccontextmanager
async def open_database(settings: Settings, *, serve: bool = False) -> AsyncIterator[str]:
    """The DSN: the operator's, or that of the embedded server, which is started for it; `serve` must own that."""
    if settings.database_url is not None:
        yield settings.database_url
        return
    async with embedded_postgres(settings.var, serve=serve) as url:
        yield url


@asynccontextmanager
async def open_service(settings: Settings, database_url: str) -> AsyncIterator[Service]:
    """The resources over a database, which need not be there yet: nothing is asked of it before the first request."""
    engine = create_engine(database_url, pool=settings.database_pool, pooled=settings.pooled)
    http = outside_client()
    clock = offset_clock(settings.test_clock) if settings.test_clock else system_clock
    service = Service(settings, sessionmaker(engine), clock, open_vault(settings), http)
    try:
        await _warn_unsafe(service)
        yield service
    finally:
        await http.aclose()
        await engine.dispose()


async def _warn_unsafe(service: Service) -> None:
    """Says so when the database could lose what it has acknowledged."""
    try:
        async with transaction(service.sessions) as session:
            rows = await session.execute(
                text("SELECT name FROM pg_settings WHERE name = ANY(:names) AND setting = 'off'"), {"names": list(SAFE)}
            )
            for (name,) in rows:
                log.warning(
                    "unsafe_database_setting", setting=name, advice="an acknowledged write may be lost in a crash"
                )
    except Exception as error:
        if not is_away(error):
            raise
        log.warning("database_away_at_start", error=type(error).__name__)
