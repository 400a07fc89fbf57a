"""A channel's rate holds over all senders, whatever their clocks show."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.db.engine import transaction
from app.messaging.models import Campaign, DeliveryState, RateBucket
from app.platforms.models import Channel
from app.resources import Service
from scheduler import rates
from scheduler.adapters.base import Envelope
from scheduler.rates import Level, Rate, rate_of
from scheduler.sender import send_for_ever
from tests.conftest import MovableClock
from tests.scheduler.scene import Scene
from tests.scheduler.scripted import Scripted

MONDAY = datetime(2026, 11, 16, 2, tzinfo=UTC)


@given(
    rate=st.builds(Rate, st.floats(0.1, 1000), st.integers(1, 500)),
    skews=st.tuples(st.floats(-30, 30), st.floats(-30, 30)),
    asks=st.lists(st.tuples(st.integers(0, 1), st.floats(0, 5), st.integers(1, 600)), max_size=60),
)
def test_two_senders_whose_clocks_differ_never_get_more_than_burst_and_rate_allow(
    rate: Rate, skews: tuple[float, float], asks: list[tuple[int, float, int]]
) -> None:
    now, granted = MONDAY, 0
    level = Level(float(rate.burst), now + timedelta(seconds=min(skews)))
    for sender, pause, wanted in asks:
        now += timedelta(seconds=pause)
        level = level.filled(rate, now + timedelta(seconds=skews[sender]))
        taken = min(wanted, int(level.tokens))
        level = Level(level.tokens - taken, level.filled_at)
        granted += taken
        assert 0 <= level.tokens <= rate.burst
    # By the clock that is ahead: what it has gained on the other counts once, and never again.
    elapsed = (now - MONDAY).total_seconds() + abs(skews[0] - skews[1])
    assert granted <= rate.burst + rate.a_second * elapsed + 1e-6


@given(skews=st.lists(st.floats(-30, 30), min_size=2, max_size=50), rate=st.builds(Rate, st.just(10.0), st.just(5)))
def test_looking_again_and_again_with_clocks_that_differ_fills_nothing(skews: list[float], rate: Rate) -> None:
    level = Level(0.0, MONDAY + timedelta(seconds=30))
    for skew in skews:
        level = level.filled(rate, MONDAY + timedelta(seconds=skew))
    assert level == Level(0.0, MONDAY + timedelta(seconds=30))


def test_a_dry_bucket_is_waited_for_until_it_is_worth_a_round() -> None:
    assert Level(0.0, MONDAY).wait(Rate(100.0, 50), 20) == 0.1
    assert Level(0.5, MONDAY).wait(Rate(1.0, 1), 20) == 0.5
    assert Level(0.0, MONDAY).wait(Rate(1000.0, 5), 20) == 0.005  # no more than fits


def test_the_channel_sets_its_rate_and_else_the_platform_does() -> None:
    plain, paced = Scripted().kind, Scripted(rate=50.0).kind
    assert rate_of({"rate": None}, plain) is None
    assert rate_of({}, paced) == Rate(50.0, 5)
    assert rate_of({"rate": 200.0}, paced) == Rate(200.0, 20)
    assert rate_of({"rate": 200, "burst": 3}, plain) == Rate(200.0, 3)
    assert rate_of({"rate": 10}, Scripted(per_call=100).kind) == Rate(10.0, 100)  # a call is never split for the rate
    assert rate_of({"rate": 10}, Scripted(per_call=1000).kind) == Rate(10.0, 500)  # and no batch brings more


async def test_senders_share_the_bucket_of_a_channel(scene: Scene, service: Service) -> None:
    channel_id = await scene.channel()
    rate = Rate(10.0, 8)

    async def ask(wanted: int) -> int:
        async with transaction(service.sessions) as session:
            level = await rates.open_bucket(session, channel_id, rate, service.clock())
            taken = min(wanted, int(level.tokens))
            await rates.take(session, channel_id, level, taken)
            return taken

    assert sum(await asyncio.gather(*(ask(3) for _ in range(10)))) == 8
    async with transaction(service.sessions) as session:
        assert (await session.get_one(RateBucket, channel_id)).tokens == 0


async def test_a_sender_marks_what_the_rate_allows_and_waits_for_the_rest(scene: Scene, clock: MovableClock) -> None:
    channel_id = await scene.channel(config={"rate": 20, "burst": 4})
    batch_id = await scene.batch(await scene.campaign(), channel_id, list(range(1, 11)))
    marked: list[int] = []

    async def look(envelopes: Sequence[Envelope]) -> None:
        marked.append((await scene.states(batch_id)).count(DeliveryState.SENDING))

    adapter = Scripted(during=look)
    running = asyncio.create_task(send_for_ever(scene.sender(adapter), asyncio.Event(), scene.stopping))
    async with asyncio.timeout(20):
        while (await scene.states(batch_id)).count(DeliveryState.SENT) < 4:
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.5)
        assert len(adapter.members) == 4  # time stands still, and so does the bucket
        while set(await scene.states(batch_id)) != {DeliveryState.SENT}:
            clock.move(seconds=0.1)
            await asyncio.sleep(0.1)
    assert max(marked) <= 4
    scene.stopping.set()
    await running


async def test_a_channel_without_tokens_does_not_hold_up_another(scene: Scene) -> None:
    campaign_id = await scene.campaign()
    slow = await scene.channel(config={"rate": 0.001, "burst": 1})
    first = await scene.batch(campaign_id, slow, [1, 2, 3], 1)
    again = await scene.batch(campaign_id, slow, [4, 5, 6], 2)
    other = await scene.batch(campaign_id, await scene.channel(organisation_id=10), [7, 8, 9], 3)
    running = asyncio.create_task(send_for_ever(scene.sender(), asyncio.Event(), scene.stopping))
    async with asyncio.timeout(20):
        while set(await scene.states(other)) != {DeliveryState.SENT}:
            await asyncio.sleep(0.02)
    assert (await scene.states(first)).count(DeliveryState.SENT) <= 1
    assert (await scene.row(again)).fence == 0  # it was not even claimed
    scene.stopping.set()
    await asyncio.wait_for(running, 5)  # who waits for the rate does not keep the sender from stopping


@pytest.mark.parametrize("change", ["mended", "cancelled"])
async def test_who_waits_for_a_slow_rate_notices_that_it_was_mended_or_that_nothing_is_to_be_sent_any_more(
    scene: Scene, clock: MovableClock, change: str
) -> None:
    settings = scene.service.settings.model_copy(update={"sender_lease_seconds": 2})
    scene.service = replace(scene.service, settings=settings)
    channel_id = await scene.channel(config={"rate": 0.01, "burst": 1})
    campaign_id = await scene.campaign()
    batch_id = await scene.batch(campaign_id, channel_id, [1, 2, 3])
    running = asyncio.create_task(send_for_ever(scene.sender(), asyncio.Event(), scene.stopping))
    async with asyncio.timeout(20):
        while (await scene.states(batch_id)).count(DeliveryState.SENT) < 1:
            await asyncio.sleep(0.02)
        async with transaction(scene.service.sessions) as session:
            if change == "mended":
                (await session.get_one(Channel, channel_id)).config = {"rate": 100, "burst": 10}
            else:
                (await session.get_one(Campaign, campaign_id)).expires_at = clock.now
        end = DeliveryState.SENT if change == "mended" else DeliveryState.EXPIRED
        while set(await scene.states(batch_id)) != {DeliveryState.SENT, end}:
            clock.move(seconds=0.1)  # of the slow rate that is nothing
            await asyncio.sleep(0.05)
    scene.stopping.set()
    await asyncio.wait_for(running, 5)
