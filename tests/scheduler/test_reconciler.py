"""The rows are the bus's outbox: what may be claimed gets there, once, and again when it was lost."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from app.db.engine import transaction
from app.messaging.models import Batch, DeliveryState
from scheduler import reconciler
from scheduler.adapters.base import Outcome, Status
from scheduler.bus import BusAway, Reference, Taken
from scheduler.claims import claim_batch
from scheduler.reconciler import LOST_AFTER, publish_due, publish_for_ever
from scheduler.sender import Sender, send_next
from tests.conftest import MovableClock
from tests.scheduler.scene import Scene
from tests.scheduler.scripted import Scripted

LEASE = timedelta(seconds=30)


@dataclass
class Carrier:
    """A bus within the test: what is published waits until it is taken, and comes again unless it is done with."""

    waiting: list[Reference] = field(default_factory=list)
    done: list[Reference] = field(default_factory=list)
    away: bool = False

    async def publish(self, references: Sequence[Reference]) -> None:
        if self.away:
            raise BusAway
        self.waiting += references

    async def take(self, seconds: float) -> Taken | None:
        if self.away:
            raise BusAway
        if not self.waiting:
            return None
        reference = self.waiting.pop(0)

        async def done() -> None:
            self.done.append(reference)

        return Taken(reference, done)


@dataclass
class Desk:
    """A scene with a bus."""

    scene: Scene
    bus: Carrier = field(default_factory=Carrier)

    async def publish(self) -> list[int]:
        """A round; gives the numbers of the batches that got onto the bus."""
        before = len(self.bus.waiting)
        service = self.scene.service
        await publish_due(service.sessions, self.bus, ["scripted"], service.clock())
        return [each.batch_no for each in self.bus.waiting[before:]]

    async def batches(self, count: int) -> None:
        """Batches 1…count of one campaign, with a member each."""
        campaign_id, channel_id = await self.scene.campaign(), await self.scene.channel()
        for number in range(1, count + 1):
            await self.scene.batch(campaign_id, channel_id, [number], number)

    async def change(self, number: int, **values: object) -> None:
        """What somebody else has done to a batch."""
        async with transaction(self.scene.service.sessions) as session:
            await session.execute(update(Batch).where(Batch.number == number).values(**values))

    async def send(self, adapter: Scripted | None = None) -> bool:
        """A sender on this bus takes what comes next."""
        kinds = {"scripted": (adapter or Scripted()).kind}
        return await send_next(Sender(self.scene.service, kinds, self.bus), self.scene.stopping)


@pytest.fixture
def desk(scene: Scene) -> Desk:
    """The scene with an empty bus."""
    return Desk(scene)


def at(clock: MovableClock, seconds: float) -> datetime:
    return clock.now + timedelta(seconds=seconds)


async def test_only_what_may_be_claimed_is_published_and_only_once(desk: Desk, clock: MovableClock) -> None:
    await desk.batches(5)
    await desk.change(2, done_at=clock.now)
    await desk.change(3, claimed_until=at(clock, 10))
    await desk.change(4, not_before=at(clock, 10))
    assert await desk.publish() == [1, 5]
    assert await desk.publish() == []
    clock.move(seconds=10)
    assert await desk.publish() == [3, 4], "the lease has run out; the time has come"
    assert await desk.publish() == []


async def test_a_stopped_channel_publishes_nothing(desk: Desk) -> None:
    campaign_id = await desk.scene.campaign()
    channel_id = await desk.scene.channel(stopped_reason="bad_secret")
    await desk.scene.batch(campaign_id, channel_id, [1])
    assert await desk.publish() == []
    await desk.scene.change_channel(channel_id)
    assert await desk.publish() == [1]


async def test_what_the_bus_has_lost_is_published_again(desk: Desk, clock: MovableClock) -> None:
    await desk.batches(3)
    assert await desk.publish() == [1, 2, 3]
    desk.bus.waiting.clear()
    clock.now += LOST_AFTER - timedelta(seconds=1)
    assert await desk.publish() == []
    clock.move(seconds=1)
    assert await desk.publish() == [1, 2, 3]


async def test_a_bus_that_is_away_gets_it_at_the_next_round(desk: Desk) -> None:
    await desk.batches(2)
    desk.bus.away = True
    with pytest.raises(BusAway):
        await desk.publish()
    desk.bus.away = False
    assert await desk.publish() == [1, 2]


async def test_a_round_is_bounded_and_the_oldest_go_first(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconciler, "ROUND", 2)
    await desk.batches(5)
    assert [await desk.publish() for _ in range(4)] == [[1, 2], [3, 4], [5], []]


async def test_it_goes_on_by_itself_through_a_bus_that_was_away(desk: Desk) -> None:
    await desk.batches(2)
    desk.bus.away = True
    wake, service = asyncio.Event(), desk.scene.service
    publishing = asyncio.create_task(publish_for_ever(service.sessions, desk.bus, ["scripted"], service.clock, wake))
    await asyncio.sleep(0.1)
    desk.bus.away = False
    async with asyncio.timeout(20):
        while len(desk.bus.waiting) < 2:
            wake.set()
            await asyncio.sleep(0.02)
    publishing.cancel()
    await asyncio.gather(publishing, return_exceptions=True)
    assert [each.batch_no for each in desk.bus.waiting] == [1, 2]


async def test_a_sender_takes_the_batch_that_is_referred_to_and_is_done_with_it_after_its_release(desk: Desk) -> None:
    await desk.batches(3)
    desk.bus.waiting = [Reference(1, 2)]

    async def look(_: object) -> None:
        assert desk.bus.done == []

    adapter = Scripted(during=look)
    assert await desk.send(adapter)
    assert adapter.members == [2]
    assert desk.bus.done == [Reference(1, 2)]
    assert not await desk.send(adapter), "the rows are not asked while the bus is there"
    assert adapter.members == [2]


async def test_a_reference_that_serves_nothing_is_forgotten(desk: Desk, clock: MovableClock) -> None:
    await desk.batches(4)
    await desk.change(1, done_at=clock.now)
    await desk.change(2, claimed_until=at(clock, 10))
    await desk.change(3, not_before=at(clock, 10))
    desk.bus.waiting = [Reference(1, number) for number in (1, 2, 3, 77, 4)]
    adapter = Scripted()
    assert await desk.send(adapter)
    assert adapter.members == [4]
    assert [each.batch_no for each in desk.bus.done] == [1, 2, 3, 77, 4]


async def test_the_same_reference_twice_sends_once(desk: Desk) -> None:
    await desk.batches(1)
    desk.bus.waiting = [Reference(1, 1)] * 3
    adapter = Scripted()
    while await desk.send(adapter):
        pass
    assert adapter.members == [1]
    assert len(desk.bus.done) == 3


async def test_while_the_bus_is_away_the_rows_are_asked(desk: Desk) -> None:
    await desk.batches(1)
    desk.bus.away = True
    adapter = Scripted()
    assert await desk.send(adapter)
    assert adapter.members == [1]


async def test_a_batch_that_waits_for_its_next_try_comes_back_when_that_is_due(desk: Desk, clock: MovableClock) -> None:
    await desk.batches(1)
    await desk.publish()
    assert await desk.send(Scripted(script=[Outcome(Status.RETRY)]))
    assert await desk.publish() == []
    clock.move(seconds=20)  # less than what is lost waits for
    assert await desk.publish() == [1]
    assert await desk.send()
    assert await desk.scene.states(1) == [DeliveryState.SENT]
    clock.move(hours=1)
    assert await desk.publish() == []


async def test_what_a_dead_sender_held_comes_back_when_its_lease_has_run_out(desk: Desk, clock: MovableClock) -> None:
    await desk.batches(1)
    await desk.publish()
    sessions = desk.scene.service.sessions
    assert await claim_batch(sessions, "dead", ["scripted"], clock.now, LEASE, reference=Reference(1, 1))
    clock.now += LEASE - timedelta(seconds=1)
    assert await desk.publish() == []
    clock.move(seconds=1)
    assert await desk.publish() == [1]
