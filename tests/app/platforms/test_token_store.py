"""Processes share one token: fetched once, forced once, and never held in a transaction while a platform is asked."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select, text, update

from app.db.engine import create_engine, sessionmaker, transaction
from app.platforms.errors import PlatformConfigurationError, TransientError
from app.platforms.models import Channel, PlatformToken
from app.platforms.token_store import DatabaseTokens, forget_token
from app.platforms.tokens import LEASE, Token, TokenHolder
from app.resources import Service
from tests.conftest import MovableClock
from tests.world import World

LIFE = timedelta(hours=2)
CHANNEL = 77


@dataclass
class Platform:
    """Gives the token ``plain``, or by force the token ``forced``; notes each call and what was open meanwhile."""

    service: Service
    plain: str = "token-A"
    forced: str = "token-B"
    down: bool = False
    calls: list[bool] = field(default_factory=list)
    open_transactions: list[int] = field(default_factory=list)

    async def fetch(self, force: bool) -> Token:
        self.calls.append(force)
        async with self.service.sessions() as session:
            idle = await session.scalar(
                text(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                    "AND state LIKE 'idle in transaction%' AND pid <> pg_backend_pid()"
                )
            )
            self.open_transactions.append(int(idle or 0))
        if self.down:
            raise TransientError("connect", "down")
        if force:
            self.plain = self.forced
        return Token(self.plain, self.service.clock() + LIFE)

    def holder(self) -> TokenHolder:
        """What another process has: nothing but the database in common."""
        store = DatabaseTokens(self.service.sessions, self.service.vault, CHANNEL)
        return TokenHolder(self.fetch, self.service.clock, store)


@pytest.fixture
async def platform(service: Service, world: World) -> Platform:
    async with transaction(service.sessions) as session:
        session.add(
            Channel(
                id=CHANNEL, organisation_id=1, adapter="wechat_miniprogram", name="小程序", account="wx1", config={},
                enabled=True, created_at=service.clock(),
            )
        )  # fmt: skip
    return Platform(service)


async def row(service: Service) -> PlatformToken:
    async with service.sessions() as session:
        return await session.get_one(PlatformToken, CHANNEL)


async def test_processes_that_start_together_fetch_one_token(platform: Platform) -> None:
    holders = [platform.holder() for _ in range(4)]
    assert set(await asyncio.gather(*(holder.get() for holder in holders for _ in range(5)))) == {"token-A"}
    assert platform.calls == [False]


async def test_no_transaction_is_open_while_the_platform_is_asked(platform: Platform) -> None:
    await platform.holder().get()
    assert platform.open_transactions == [0]


async def test_the_token_in_the_table_is_sealed_for_its_row(platform: Platform, service: Service) -> None:
    await platform.holder().get()
    kept = await row(service)
    assert kept.cipher is not None
    assert b"token-A" not in kept.cipher
    assert service.vault.decrypt(kept.cipher, f"platform_tokens:{CHANNEL}:token") == "token-A"


async def test_a_process_that_has_seen_the_token_asks_the_database_no_more(
    platform: Platform, service: Service
) -> None:
    holder = platform.holder()
    await holder.get()
    async with transaction(service.sessions) as session:
        await session.execute(text("DROP TABLE platform_tokens"))
    assert await holder.get() == "token-A"


async def test_a_dead_token_is_forced_once_by_whoever_is_first(platform: Platform, service: Service) -> None:
    holders = [platform.holder() for _ in range(3)]

    async def refused(holder: TokenHolder) -> str:
        await holder.expire("token-A")
        return await holder.get()

    await asyncio.gather(*(holder.get() for holder in holders))
    assert set(await asyncio.gather(*(refused(holder) for holder in holders))) == {"token-B"}
    assert platform.calls == [False, False, True]
    assert list((await row(service)).forced_at) == [service.clock()]


async def test_a_platform_that_only_gives_dead_tokens_is_a_configuration_error_for_every_process(
    platform: Platform,
) -> None:
    platform.forced = "token-A"
    first, second = platform.holder(), platform.holder()
    await first.expire(await first.get())
    for holder in (first, second, first):
        with pytest.raises(PlatformConfigurationError):
            await holder.get()
    assert platform.calls.count(True) == 1


async def test_the_days_forced_renewals_are_counted_over_all_processes(platform: Platform, clock: MovableClock) -> None:
    for number in range(20):
        holder = platform.holder()
        platform.forced = f"token-{number}"
        await holder.expire(await holder.get())
        await holder.get()
        clock.move(minutes=1)
    holder = platform.holder()
    await holder.expire(await holder.get())
    with pytest.raises(PlatformConfigurationError):
        await holder.get()
    assert platform.calls.count(True) == 20


async def test_a_late_report_about_an_older_token_drops_nothing(platform: Platform) -> None:
    slow, quick = platform.holder(), platform.holder()
    await slow.get()
    await quick.expire(await quick.get())
    assert await quick.get() == "token-B"
    await slow.expire("token-A")
    assert await slow.get() == "token-B"
    assert len(platform.calls) == 3


async def test_the_lease_of_a_renewer_that_died_runs_out(
    platform: Platform, service: Service, clock: MovableClock
) -> None:
    dead = DatabaseTokens(service.sessions, service.vault, CHANNEL)
    await dead.take(uuid4(), clock())
    waiting = asyncio.create_task(platform.holder().get())
    await asyncio.sleep(0.3)
    assert not waiting.done()
    clock.move(seconds=LEASE.total_seconds())
    assert await asyncio.wait_for(waiting, 5) == "token-A"


async def test_a_renewer_that_lost_its_lease_overwrites_nothing(
    platform: Platform, service: Service, clock: MovableClock
) -> None:
    store, late = DatabaseTokens(service.sessions, service.vault, CHANNEL), uuid4()
    await store.take(late, clock())
    clock.move(seconds=LEASE.total_seconds())
    assert await platform.holder().get() == "token-A"
    await store.keep(late, Token("old", clock() + LIFE), clock() + LIFE)
    assert await platform.holder().get() == "token-A"


async def test_while_one_renews_ahead_the_others_go_on_with_what_still_works(
    platform: Platform, service: Service, clock: MovableClock
) -> None:
    await platform.holder().get()
    clock.move(hours=1, minutes=56)
    store = DatabaseTokens(service.sessions, service.vault, CHANNEL)
    await store.take(uuid4(), clock())
    assert await platform.holder().get() == "token-A"
    assert platform.calls == [False]


async def test_a_fetch_that_fails_gives_the_lease_back(platform: Platform, service: Service) -> None:
    platform.down = True
    with pytest.raises(TransientError):
        await platform.holder().get()
    assert (await row(service)).renewing_until is None
    platform.down = False
    assert await asyncio.wait_for(platform.holder().get(), 2) == "token-A"


async def test_a_token_that_died_while_it_was_fetched_is_not_kept(platform: Platform, service: Service) -> None:
    holder, store, renewer = platform.holder(), DatabaseTokens(service.sessions, service.vault, CHANNEL), uuid4()
    await holder.expire(await holder.get())
    await store.take(renewer, service.clock())
    await store.keep(renewer, Token("token-A", service.clock() + LIFE), service.clock() + LIFE)
    assert (await row(service)).cipher is None


async def test_a_new_secret_drops_the_token_and_keeps_the_count_of_forced_renewals(
    platform: Platform, service: Service
) -> None:
    holder = platform.holder()
    await holder.expire(await holder.get())
    await holder.get()
    async with transaction(service.sessions) as session:
        await forget_token(session, CHANNEL)
    kept = await row(service)
    assert (kept.cipher, kept.dead_digest, len(kept.forced_at)) == (None, None, 1)


async def test_a_token_sealed_with_another_key_is_fetched_anew(platform: Platform, service: Service) -> None:
    await platform.holder().get()
    async with transaction(service.sessions) as session:
        sealed = service.vault.encrypt("token-A", "another:place")
        await session.execute(update(PlatformToken).values(cipher=sealed))
    assert await platform.holder().get() == "token-A"
    assert len(platform.calls) == 2


async def test_a_database_that_is_away_means_that_nothing_was_sent(service: Service) -> None:
    engine = create_engine("postgresql://nobody@127.0.0.1:9/none")
    store = DatabaseTokens(sessionmaker(engine), service.vault, CHANNEL)
    with pytest.raises(TransientError):
        await store.take(uuid4(), datetime(2026, 11, 16).astimezone())
    await engine.dispose()


async def test_rows_of_tokens_go_with_their_channel(platform: Platform, service: Service) -> None:
    await platform.holder().get()
    async with transaction(service.sessions) as session:
        await session.execute(text("DELETE FROM channels WHERE id = :id"), {"id": CHANNEL})
    async with service.sessions() as session:
        assert await session.scalar(select(PlatformToken.channel_id)) is None
