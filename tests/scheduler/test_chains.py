"""Whatever each channel says of each member: everybody ends once, on one channel, and the ledger shows the way."""

import asyncio
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from random import Random

import pytest
from sqlalchemy import select

from app.db.engine import transaction
from app.messaging.models import CAMPAIGN_KINDS, DeliveryException, DeliveryState, NoticeDay, Unreached
from app.messaging.service import Audience
from app.platforms.models import Channel
from scheduler.adapters.base import AdapterKind, Outcome, Status
from scheduler.adapters.console import CONSOLE
from scheduler.planner import plan_announced
from scheduler.sender import Sender, send_next
from tests.conftest import MovableClock
from tests.scheduler.scene import Scene
from tests.scheduler.scripted import SENT, Scripted

OUTCOMES = (
    SENT,
    Outcome(Status.UNREACHABLE, "60111"),
    Outcome(Status.UNREACHABLE, "60111"),
    Outcome(Status.FAILED, "43101", subscription_spent=True),
    Outcome(Status.FAILED, "87014"),
    Outcome(Status.RETRY, "-1"),
    Outcome(Status.UNKNOWN),
)
ENDS = {DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.UNKNOWN}
ROUNDS = 12  # of ten minutes: all tries, and all channels after one another


@dataclass
class Fickle(Scripted):
    """Says something else of each delivery, by chance."""

    chance: Random | None = None

    def _answer(self, member_id: int) -> Outcome:
        assert self.chance is not None
        return self.chance.choice(OUTCOMES)


@dataclass(frozen=True)
class Step:
    """A delivery of a member: in which batch, on which channel, how it ended, and the reason that was noted."""

    number: int
    channel_id: int
    state: int
    reason: str | None


async def steps(scene: Scene, campaign_id: int) -> dict[int, list[Step]]:
    """Member → their deliveries in the order of the batches."""
    found: dict[int, list[Step]] = {}
    async with transaction(scene.service.sessions) as session:
        notes = {(row.batch_id, row.member_id): row.reason for row in await session.scalars(select(DeliveryException))}
    for row in await scene.batches(campaign_id):
        for member, state in zip(row.members, row.states, strict=True):
            step = Step(row.number, row.channel_id, state, notes.get((row.id, member)))
            found.setdefault(member, []).append(step)
    return found


async def send_all(scene: Scene, kinds: dict[str, AdapterKind], campaign_id: int, clock: MovableClock) -> None:
    """Two senders at once, for as long as it takes."""

    async def work(sender: Sender) -> None:
        while await send_next(sender, scene.stopping):
            pass

    senders = [Sender(scene.service, kinds) for _ in range(2)]
    for _ in range(ROUNDS):
        await asyncio.wait_for(asyncio.gather(*map(work, senders)), 60)
        if await scene.campaign_state(campaign_id) == "done":
            return
        clock.move(minutes=10)
    raise AssertionError("the campaign does not end")


@pytest.mark.parametrize("seed", range(4))
async def test_each_channel_is_tried_at_most_once_and_everybody_ends_once(
    scene: Scene, clock: MovableClock, seed: int
) -> None:
    chance = Random(seed)
    adapters = {name: Fickle(rings=True, chance=chance) for name in ("first", "second", "third")}
    kinds = {name: adapter.kind for name, adapter in adapters.items()}
    if seed % 2:
        kinds["console"] = CONSOLE
        await scene.channel("console")
    for name in adapters:
        await scene.channel(name)
    members = [await scene.world.member(100) for _ in range(30)]
    campaign_id = await scene.campaign(CAMPAIGN_KINDS[seed], state="planning", audience=Audience("/1/"))
    await plan_announced(scene.service.sessions, kinds, scene.service.clock(), page=12)
    await send_all(scene, kinds, campaign_id, clock)

    found = await steps(scene, campaign_id)
    assert sorted(found) == members
    for way in found.values():
        assert len({step.channel_id for step in way}) == len(way)
        assert [step.state for step in way[:-1]] == [DeliveryState.PASSED_ON] * (len(way) - 1)
        assert way[-1].state in ENDS
        assert all(step.reason for step in way if step.state != DeliveryState.SENT)
    async with transaction(scene.service.sessions) as session:
        unreached = set(await session.scalars(select(Unreached.member_id)))
        counted = Counter({row.member_id: row.notices for row in await session.scalars(select(NoticeDay))})
    ringing = await ringing_channels(scene, adapters)
    last = {member: way[-1] for member, way in found.items()}
    assert unreached == {
        member
        for member, step in last.items()
        if step.state == DeliveryState.FAILED and step.reason in ("unreachable", "no_subscription")
    }
    # Once for what arrived or may have: what was passed on or failed counts in no day.
    arrived = (DeliveryState.SENT, DeliveryState.UNKNOWN)
    assert +counted == Counter(
        member for member, step in last.items() if step.state in arrived and step.channel_id in ringing
    )
    assert max(len(way) for way in found.values()) == 3 + seed % 2


async def ringing_channels(scene: Scene, adapters: Collection[str]) -> list[int]:
    async with transaction(scene.service.sessions) as session:
        return list(await session.scalars(select(Channel.id).where(Channel.adapter.in_(adapters))))
