"""The shared token is fetched once, renewed ahead and dropped only by the caller that saw it die."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from app.platforms.errors import PlatformConfigurationError, TransientError
from app.platforms.tokens import MemoryTokens, Token, TokenHolder

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
LIFE = timedelta(hours=2)


@dataclass
class Platform:
    """Gives the token ``plain``, or by force the token ``forced``, and notes each call."""

    plain: str = "A"
    forced: str = "B"
    time: datetime = START
    life: timedelta = LIFE
    down: bool = False
    calls: list[bool] = field(default_factory=list)

    def now(self) -> datetime:
        return self.time

    async def fetch(self, force: bool) -> Token:
        self.calls.append(force)
        await asyncio.sleep(0)
        if self.down:
            raise TransientError("connect", "down")
        if force:
            self.plain = self.forced
        return Token(self.plain, self.time + self.life)

    def holder(self) -> TokenHolder:
        return TokenHolder(self.fetch, self.now, MemoryTokens())


async def test_parallel_callers_fetch_once() -> None:
    platform = Platform()
    holder = platform.holder()
    assert set(await asyncio.gather(*(holder.get() for _ in range(20)))) == {"A"}
    assert platform.calls == [False]


@pytest.mark.parametrize(
    ("after", "fetches"), [(LIFE - timedelta(minutes=5, seconds=1), 1), (LIFE - timedelta(minutes=5), 2)]
)
async def test_a_token_is_renewed_five_minutes_before_its_end(after: timedelta, fetches: int) -> None:
    platform = Platform()
    holder = platform.holder()
    await holder.get()
    platform.time += after
    await holder.get()
    assert len(platform.calls) == fetches


async def test_renewing_ahead_that_fails_keeps_the_token_that_still_works_and_pauses() -> None:
    platform = Platform()
    holder = platform.holder()
    await holder.get()
    platform.time += LIFE - timedelta(minutes=4)
    platform.down = True
    assert [await holder.get() for _ in range(3)] == ["A", "A", "A"]
    assert len(platform.calls) == 2
    platform.time += timedelta(seconds=10)
    await holder.get()
    assert len(platform.calls) == 3


async def test_a_platform_that_is_down_at_the_tokens_end_is_a_transient_error() -> None:
    platform = Platform()
    holder = platform.holder()
    await holder.get()
    platform.time += LIFE
    platform.down = True
    with pytest.raises(TransientError):
        await holder.get()


async def test_a_token_shorter_than_the_look_ahead_is_not_used_past_its_end() -> None:
    platform = Platform(life=timedelta(seconds=4))
    holder = platform.holder()
    await holder.get()
    await holder.get()
    assert len(platform.calls) == 1
    platform.time += timedelta(seconds=4)
    await holder.get()
    assert len(platform.calls) == 2


async def test_a_late_report_about_an_older_token_drops_nothing() -> None:
    platform = Platform()
    holder = platform.holder()
    await holder.get()
    await holder.expire("A")
    platform.plain = "B"
    assert await holder.get() == "B"
    await holder.expire("A")
    assert await holder.get() == "B"
    assert len(platform.calls) == 2


async def test_callers_that_see_one_token_die_together_renew_it_once() -> None:
    platform = Platform()
    holder = platform.holder()
    await holder.get()

    async def refused() -> str:
        await holder.expire("A")
        return await holder.get()

    platform.plain = "B"
    assert set(await asyncio.gather(*(refused() for _ in range(20)))) == {"B"}
    assert platform.calls == [False, False]


async def test_a_report_before_the_first_token_does_nothing() -> None:
    holder = Platform().holder()
    await holder.expire("A")
    assert await holder.get() == "A"


async def test_a_dead_token_given_again_is_forced_once() -> None:
    platform = Platform()
    holder = platform.holder()
    await holder.expire(await holder.get())
    assert await holder.get() == "B"
    assert platform.calls == [False, False, True]


async def test_a_dead_token_given_again_even_by_force_is_a_configuration_error() -> None:
    platform = Platform(forced="A")
    holder = platform.holder()
    await holder.expire(await holder.get())
    with pytest.raises(PlatformConfigurationError):
        await holder.get()
    assert platform.calls == [False, False, True]


async def die_and_renew(platform: Platform, holder: TokenHolder, fresh: str) -> str:
    platform.forced = fresh
    await holder.expire(await holder.get())
    return await holder.get()


async def test_two_forced_renewals_are_at_least_thirty_seconds_apart() -> None:
    platform = Platform()
    holder = platform.holder()
    assert await die_and_renew(platform, holder, "B") == "B"
    platform.time += timedelta(seconds=29)
    with pytest.raises(PlatformConfigurationError):
        await die_and_renew(platform, holder, "C")
    assert platform.calls.count(True) == 1
    platform.time += timedelta(seconds=1)
    assert await holder.get() == "C"


async def test_no_more_than_twenty_renewals_are_forced_in_a_day() -> None:
    platform = Platform()
    holder = platform.holder()
    for number in range(20):
        await die_and_renew(platform, holder, f"T{number}")
        platform.time += timedelta(minutes=1)
    with pytest.raises(PlatformConfigurationError):
        await die_and_renew(platform, holder, "last")
    assert platform.calls.count(True) == 20
    platform.time = START + timedelta(days=1)
    assert await holder.get() == "last"


async def test_a_caller_that_gives_up_does_not_block_the_next() -> None:
    platform = Platform()
    holder = platform.holder()
    first = asyncio.create_task(holder.get())
    await asyncio.sleep(0)
    first.cancel()
    assert await asyncio.wait_for(holder.get(), 1) == "A"


def test_a_token_is_not_shown_in_its_repr() -> None:
    assert "hidden" not in repr(Token("hidden", START))
