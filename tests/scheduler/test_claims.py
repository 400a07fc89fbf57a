"""A sender's hold on a batch: one owner at a time, and nobody writes who has lost it."""

import asyncio
from datetime import timedelta

import pytest

from app.db.engine import transaction
from app.messaging.models import DeliveryState
from app.resources import Service
from scheduler import claims
from scheduler.claims import Claim, LostClaim
from scheduler.hand import Hand
from scheduler.rounds import recover
from tests.conftest import MovableClock
from tests.scheduler.scene import Scene
from tests.scheduler.scripted import Scripted

LEASE = timedelta(seconds=30)
ADAPTERS = ("scripted",)


async def claim(service: Service, owner: str = "a") -> Claim | None:
    return await claims.claim_batch(service.sessions, owner, ADAPTERS, service.clock(), LEASE)


async def clear_up(service: Service, taken: Claim) -> None:
    """What a sender does first with a batch that somebody may have left."""
    adapter = Scripted()
    async with transaction(service.sessions) as session:
        await recover(session, service.vault, Hand(taken, adapter.kind, adapter, None, None), service.clock())


async def test_one_batch_goes_to_one_of_many_senders(scene: Scene, service: Service) -> None:
    batch_id = await scene.ready()
    found = await asyncio.gather(*(claim(service, owner) for owner in "abcdefgh"))
    (taken,) = [each for each in found if each is not None]
    assert taken.batch_id == batch_id
    row = await scene.row(batch_id)
    assert (row.fence, row.claimed_until) == (1, service.clock() + LEASE)


async def test_several_batches_go_to_several_senders_the_oldest_first(scene: Scene, service: Service) -> None:
    campaign_id, channel_id = await scene.campaign(), await scene.channel()
    batches = [await scene.batch(campaign_id, channel_id, [number], number) for number in (1, 2, 3)]
    taken = [await claim(service, owner) for owner in "abcd"]
    assert [each and each.batch_id for each in taken] == [*batches, None]


async def test_a_batch_is_taken_over_when_the_lease_has_run_out_and_the_first_owner_writes_no_more(
    scene: Scene, service: Service, clock: MovableClock
) -> None:
    batch_id = await scene.ready()
    first = await claim(service, "a")
    assert first is not None
    clock.move(seconds=29)
    assert await claim(service, "b") is None
    clock.move(seconds=1)
    second = await claim(service, "b")
    assert second is not None
    first.states[0] = DeliveryState.SENT
    with pytest.raises(LostClaim):
        async with transaction(service.sessions) as session:
            await claims.save(session, first, [claims.Note(0, "unknown")], clock())
    with pytest.raises(LostClaim):
        await claims.release(service.sessions, first, clock())
    first.states[:] = bytes([DeliveryState.SENT]) * 3
    with pytest.raises(LostClaim):
        await claims.release(service.sessions, first, clock())
    row = await scene.row(batch_id)
    assert (list(row.states), row.claimed_by, row.done_at) == ([0, 0, 0], "b", None)
    assert await scene.notes(batch_id) == {}


async def test_a_batch_of_a_channel_that_does_not_run_or_that_nobody_here_can_send_waits(
    scene: Scene, service: Service
) -> None:
    campaign_id = await scene.campaign()
    channels = [
        await scene.channel(organisation_id=1, enabled=False),
        await scene.channel(organisation_id=10, stopped_reason="40125"),
        await scene.channel("pigeon"),
    ]
    for number, channel_id in enumerate(channels):
        await scene.batch(campaign_id, channel_id, [number + 1], number)
    assert await claim(service) is None


async def test_a_batch_waits_for_its_time(scene: Scene, service: Service, clock: MovableClock) -> None:
    await scene.ready()
    clock.move(seconds=-1)
    assert await claim(service) is None


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        ("weekly_issue", DeliveryState.PENDING),
        ("meeting_notice", DeliveryState.PENDING),
        ("meeting_changed", DeliveryState.PENDING),
        ("meeting_cancelled", DeliveryState.PENDING),
        ("meeting_reminder", DeliveryState.UNKNOWN),
        ("unfinished_reminder", DeliveryState.UNKNOWN),
    ],
)
async def test_what_a_dead_owner_left_marked_is_sent_again_or_left_unknown_by_kind(
    scene: Scene, service: Service, clock: MovableClock, kind: str, state: int
) -> None:
    batch_id = await scene.ready(kind=kind)
    dead = await claim(service, "dead")
    assert dead is not None
    dead.states[1] = DeliveryState.SENDING
    async with transaction(service.sessions) as session:
        await claims.save(session, dead, [], clock())
    clock.move(seconds=30)
    heir = await claim(service, "heir")
    assert heir is not None
    await clear_up(service, heir)
    assert await scene.states(batch_id) == [DeliveryState.PENDING, state, DeliveryState.PENDING]
    assert await scene.notes(batch_id) == {2: ("owner_died", None, 1)}


async def test_a_message_that_brings_its_senders_down_is_given_up(
    scene: Scene, service: Service, clock: MovableClock
) -> None:
    batch_id = await scene.ready(count=1)
    for _ in range(claims.MAX_TRIES):
        taken = await claim(service)
        assert taken is not None
        await clear_up(service, taken)
        assert taken.ready(clock()) == [0]
        taken.states[0] = DeliveryState.SENDING
        async with transaction(service.sessions) as session:
            await claims.save(session, taken, [], clock())
        clock.move(seconds=30)
    last = await claim(service)
    assert last is not None
    await clear_up(service, last)
    await claims.release(service.sessions, last, clock())
    assert await scene.states(batch_id) == [DeliveryState.UNKNOWN]
    assert await scene.notes(batch_id) == {1: ("owner_died", None, claims.MAX_TRIES)}
    assert (await scene.row(batch_id)).done_at == clock()


async def test_a_batch_with_a_mark_in_it_is_never_done(scene: Scene, service: Service, clock: MovableClock) -> None:
    batch_id = await scene.ready(count=2)
    taken = await claim(service)
    assert taken is not None
    taken.states[:] = bytes([DeliveryState.SENDING, DeliveryState.SENT])
    await claims.release(service.sessions, taken, clock())
    row = await scene.row(batch_id)
    assert (row.done_at, row.claimed_until) == (None, None)


async def test_a_campaign_is_done_once_when_two_senders_finish_its_last_batches_together(
    scene: Scene, service: Service
) -> None:
    channel_id = await scene.channel()
    for _ in range(5):
        campaign_id = await scene.campaign()
        for number in (1, 2):
            await scene.batch(campaign_id, channel_id, [number], number)
        held = [await claim(service, owner) for owner in "ab"]
        for each in held:
            assert each is not None
            each.states[0] = DeliveryState.SENT
        assert await scene.campaign_state(campaign_id) == "sending"
        await asyncio.gather(*(claims.release(service.sessions, each, service.clock()) for each in held if each))
        assert await scene.campaign_state(campaign_id) == "done"


async def test_a_campaign_that_is_still_being_planned_is_not_done(scene: Scene, service: Service) -> None:
    campaign_id = await scene.campaign(state="planning")
    await scene.batch(campaign_id, await scene.channel(), [1])
    assert await scene.send() is True
    assert await scene.campaign_state(campaign_id) == "planning"
