"""Claim, mark, send, record: what becomes of the deliveries of a batch."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from app.db.engine import transaction
from app.directory.models import OrganisationSetting
from app.messaging.models import Batch, DeliveryState
from app.platforms.models import Channel, ConsoleMessage
from app.resources import Service
from scheduler.adapters.base import Envelope, Outcome, Status
from scheduler.claims import MAX_TRIES
from scheduler.sender import CLAIMS, send_for_ever, send_next
from tests.conftest import MovableClock
from tests.scheduler.scene import CALLS, Scene
from tests.scheduler.scripted import Died, Scripted, die_at_once

PENDING, SENDING, SENT = DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.SENT
FAILED, UNKNOWN, EXPIRED = DeliveryState.FAILED, DeliveryState.UNKNOWN, DeliveryState.EXPIRED


async def test_a_batch_is_sent_once_to_each_and_the_campaign_is_done(scene: Scene) -> None:
    campaign_id = await scene.campaign()
    batch_id = await scene.batch(campaign_id, await scene.channel(), list(range(1, 46)))
    adapter = Scripted()
    assert await scene.send(adapter) is True
    assert {len(call) for call in adapter.calls} == {1}
    assert adapter.members == list(range(1, 46))
    assert adapter.calls[0][0].key == f"{campaign_id}:1"
    assert adapter.calls[0][0].message.kind == "weekly_issue"
    assert set(await scene.states(batch_id)) == {SENT}
    assert await scene.notes(batch_id) == {}
    assert await scene.campaign_state(campaign_id) == "done"
    assert await scene.send(adapter) is False


async def test_the_mark_is_committed_and_no_transaction_is_open_while_the_platform_is_asked(
    scene: Scene, service: Service
) -> None:
    batch_id = await scene.ready(1)
    seen: list[tuple[list[int], int]] = []

    async def look(envelopes: Sequence[Envelope]) -> None:
        async with transaction(service.sessions) as session:
            others = await session.scalar(
                text(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                    " AND pid <> pg_backend_pid() AND xact_start IS NOT NULL"
                )
            )
        seen.append((await scene.states(batch_id), others or 0))

    await scene.send(Scripted(during=look))
    assert seen == [([SENDING], 0)]


async def test_no_more_are_marked_at_any_time_than_there_are_calls_over_all_batches_in_hand(scene: Scene) -> None:
    campaign_id, channel_id = await scene.campaign(), await scene.channel()
    batches = [
        await scene.batch(campaign_id, channel_id, list(range(start, start + 30)), start) for start in (1, 100, 200)
    ]
    marked: list[int] = []

    async def count(envelopes: Sequence[Envelope]) -> None:
        # At one moment: looked at one after another, a slot that moves from batch to batch would be seen twice.
        async with transaction(scene.service.sessions) as session:
            states = await session.scalars(select(Batch.states).where(Batch.id.in_(batches)))
            marked.append(sum(bytes(each).count(SENDING) for each in states))
        await asyncio.sleep(0.01 * (envelopes[0].member_id % 7))
        if len(marked) == 90:
            scene.stopping.set()

    adapter = Scripted(during=count)
    await asyncio.wait_for(send_for_ever(scene.sender(adapter), asyncio.Event(), scene.stopping), 30)
    assert max(marked) == CALLS
    assert sorted(adapter.members) == sorted([*range(1, 31), *range(100, 130), *range(200, 230)])


async def test_a_call_that_hangs_holds_up_nobody_else(scene: Scene) -> None:
    campaign_id, channel_id = await scene.campaign(), await scene.channel()
    first = await scene.batch(campaign_id, channel_id, list(range(1, 101)), 1)
    second = await scene.batch(campaign_id, channel_id, list(range(101, 151)), 2)
    released = asyncio.Event()

    async def hang(envelopes: Sequence[Envelope]) -> None:
        if envelopes[0].member_id == 5:
            await released.wait()

    adapter = Scripted(during=hang)
    running = asyncio.create_task(send_for_ever(scene.sender(adapter), asyncio.Event(), scene.stopping))
    async with asyncio.timeout(20):
        while set(await scene.states(second)) != {SENT}:
            await asyncio.sleep(0.02)
    assert await scene.states(first) == [SENT] * 4 + [SENDING] + [SENT] * 95
    released.set()
    scene.stopping.set()
    await asyncio.wait_for(running, 10)
    assert set(await scene.states(first)) == {SENT}


async def test_a_platform_that_is_slow_as_a_whole_leaves_slots_to_the_others(scene: Scene) -> None:
    campaign_id, slow = await scene.campaign(), await scene.channel()
    held_up = await scene.batch(campaign_id, slow, list(range(1, 401)), 1)
    again = await scene.batch(campaign_id, slow, list(range(401, 501)), 2)
    other = await scene.batch(campaign_id, await scene.channel(organisation_id=10), list(range(1001, 1031)), 3)

    async def drag(envelopes: Sequence[Envelope]) -> None:
        if envelopes[0].member_id <= 500:
            await asyncio.sleep(0.5)

    adapter = Scripted(during=drag)
    running = asyncio.create_task(send_for_ever(scene.sender(adapter), asyncio.Event(), scene.stopping))
    async with asyncio.timeout(30):
        while set(await scene.states(other)) != {SENT}:
            await asyncio.sleep(0.02)
    assert PENDING in await scene.states(held_up)
    assert (await scene.row(again)).fence == 0  # it would only have waited here
    scene.stopping.set()
    await asyncio.wait_for(running, 10)
    assert len(adapter.members) == len(set(adapter.members))


async def test_small_batches_of_a_platform_that_hangs_leave_a_place_to_the_others(scene: Scene) -> None:
    campaign_id, slow = await scene.campaign(), await scene.channel()
    for number in range(1, 9):
        await scene.batch(campaign_id, slow, [number], number)
    other = await scene.batch(campaign_id, await scene.channel(organisation_id=10), [11, 12], 9)
    released = asyncio.Event()

    async def hang(envelopes: Sequence[Envelope]) -> None:
        if envelopes[0].member_id < 10:
            await released.wait()

    adapter = Scripted(during=hang)
    running = asyncio.create_task(send_for_ever(scene.sender(adapter), asyncio.Event(), scene.stopping))
    async with asyncio.timeout(20):
        while set(await scene.states(other)) != {SENT}:
            await asyncio.sleep(0.02)
    assert len([member for member in adapter.members if member < 10]) == CLAIMS - 1
    scene.stopping.set()
    released.set()
    await asyncio.wait_for(running, 10)


async def test_a_platform_that_takes_many_gets_them_in_one_call_at_a_time(scene: Scene) -> None:
    batch_id = await scene.ready(25)
    at_once: list[list[int]] = []

    async def look(envelopes: Sequence[Envelope]) -> None:
        at_once.append(await scene.states(batch_id))

    adapter = Scripted(per_call=10, during=look)
    await scene.send(adapter)
    assert [len(call) for call in adapter.calls] == [10, 10, 5]
    assert [states.count(SENDING) for states in at_once] == [10, 10, 5]
    assert adapter.members == list(range(1, 26))


async def test_a_claim_whose_calls_all_hang_longer_than_its_lease_is_kept(
    scene: Scene, service: Service, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch_id = await scene.ready(2)
    settings = service.settings.model_copy(update={"sender_lease_seconds": 2})
    heir = Scripted()

    async def hang(envelopes: Sequence[Envelope]) -> None:
        if envelopes[0].member_id == 1:
            for _ in range(3):
                await asyncio.sleep(1)
                clock.move(seconds=1)
        assert await send_next(scene.sender(heir), scene.stopping) is False

    sender = replace(scene.sender(Scripted(during=hang)), service=replace(service, settings=settings))
    await send_next(sender, scene.stopping)
    assert heir.members == []
    assert await scene.states(batch_id) == [SENT, SENT]
    assert (await scene.row(batch_id)).fence == 1


async def test_a_sender_that_lost_its_batch_records_nothing_and_goes_on_with_another(
    scene: Scene, service: Service, clock: MovableClock
) -> None:
    batch_id = await scene.ready(1, "meeting_reminder")
    heir = Scripted()

    async def asleep(envelopes: Sequence[Envelope]) -> None:
        clock.move(seconds=31)
        assert await send_next(scene.sender(heir), scene.stopping) is True

    assert await scene.send(Scripted(during=asleep)) is True
    assert heir.members == []
    assert await scene.states(batch_id) == [UNKNOWN]


async def test_a_retry_waits_longer_each_time_and_is_given_up_in_the_end(scene: Scene, clock: MovableClock) -> None:
    batch_id = await scene.ready(2)
    adapter = Scripted(by_member={2: Outcome(Status.RETRY, "-1", "system error")})
    waits = []
    while await scene.send(adapter):
        row = await scene.row(batch_id)
        if row.done_at is None:
            waits.append((row.not_before - clock()).total_seconds())
            clock.now = row.not_before - timedelta(seconds=1)
            assert await scene.send(adapter) is False
            clock.move(seconds=1)
    assert waits == [10, 40, 160, 640, 2560]
    assert adapter.members == [1] + [2] * MAX_TRIES
    assert await scene.states(batch_id) == [SENT, FAILED]
    assert await scene.notes(batch_id) == {2: ("gave_up", "-1", MAX_TRIES)}


async def test_tries_and_times_are_remembered_by_the_next_owner_of_the_batch(scene: Scene, clock: MovableClock) -> None:
    batch_id = await scene.ready(2)
    await scene.send(Scripted(script=[Outcome(Status.RETRY, "-1"), Outcome(Status.RETRY, "-1")]))
    async with transaction(scene.service.sessions) as session:
        await session.execute(
            text("UPDATE delivery_exceptions SET next_try_at = next_try_at + '1h' WHERE member_id = 2")
        )
    clock.move(seconds=10)
    adapter = Scripted()
    await scene.send(adapter)
    assert adapter.members == [1]
    assert await scene.states(batch_id) == [SENT, PENDING]
    assert (await scene.row(batch_id)).not_before == clock() + timedelta(hours=1)


@pytest.mark.parametrize("kind", ["weekly_issue", "meeting_notice", "meeting_changed", "meeting_cancelled"])
async def test_an_issue_or_a_notice_that_may_have_arrived_is_sent_again(
    scene: Scene, clock: MovableClock, kind: str
) -> None:
    batch_id = await scene.ready(1, kind)
    adapter = Scripted(script=[Outcome(Status.UNKNOWN, "timeout")])
    await scene.send(adapter)
    assert await scene.states(batch_id) == [PENDING]
    clock.move(seconds=10)
    await scene.send(adapter)
    assert await scene.states(batch_id) == [SENT]
    assert adapter.members == [1, 1]


@pytest.mark.parametrize("kind", ["meeting_reminder", "unfinished_reminder"])
async def test_a_reminder_that_may_have_arrived_is_never_sent_twice(
    scene: Scene, clock: MovableClock, kind: str
) -> None:
    batch_id = await scene.ready(1, kind)
    adapter = Scripted(script=[Outcome(Status.UNKNOWN, "timeout")])
    await scene.send(adapter)
    clock.move(hours=1)
    assert await scene.send(adapter) is False
    assert adapter.members == [1]
    assert await scene.states(batch_id) == [UNKNOWN]
    assert await scene.notes(batch_id) == {1: ("unknown", "timeout", 1)}


async def test_what_stays_ambiguous_ends_unknown_even_when_the_last_try_certainly_failed(
    scene: Scene, clock: MovableClock
) -> None:
    batch_id = await scene.ready(3)
    unknown, retry = Outcome(Status.UNKNOWN, "timeout"), Outcome(Status.RETRY, "-1")
    adapter = Scripted(
        script=[unknown] * 3 + [retry, Outcome(Status.FAILED, "43101"), unknown],
        by_member={1: Outcome(Status.FAILED, "40003"), 3: unknown},
    )
    while await scene.send(adapter):
        clock.now = max(clock.now, (await scene.row(batch_id)).not_before)
    assert await scene.states(batch_id) == [UNKNOWN, UNKNOWN, UNKNOWN]
    assert (await scene.notes(batch_id))[3] == ("gave_up", "timeout", MAX_TRIES)


async def test_a_refusal_for_good_is_not_tried_again(scene: Scene) -> None:
    batch_id = await scene.ready(2)
    await scene.send(Scripted(script=[Outcome(Status.FAILED, "40003", "invalid openid")]))
    assert await scene.states(batch_id) == [FAILED, SENT]
    assert await scene.notes(batch_id) == {1: ("failed", "40003", 1)}
    assert (await scene.row(batch_id)).done_at is not None


async def test_an_event_that_cannot_be_worded_is_neither_marked_nor_lost(scene: Scene, clock: MovableClock) -> None:
    campaign_id = await scene.campaign(event={"title": "no time"})
    batch_id = await scene.batch(campaign_id, await scene.channel(), [1])
    adapter = Scripted()
    with pytest.raises(ValueError, match="isoformat"):
        await scene.send(adapter)
    assert await scene.states(batch_id) == [PENDING]
    await scene.end_campaign(campaign_id, clock())
    clock.move(seconds=30)
    await scene.send(adapter)
    assert await scene.states(batch_id) == [EXPIRED]


async def test_an_adapter_that_breaks_its_word_may_have_delivered_and_holds_up_nobody_else(scene: Scene) -> None:
    batch_id = await scene.ready(3, "meeting_reminder")

    async def burst(envelopes: Sequence[Envelope]) -> None:
        if envelopes[0].member_id == 2:
            raise RuntimeError("a bug of somebody's")

    await scene.send(Scripted(during=burst))
    assert await scene.states(batch_id) == [SENT, UNKNOWN, SENT]
    assert await scene.notes(batch_id) == {2: ("unknown", "adapter_failed", 1)}


async def test_a_sender_that_dies_leaves_a_mark_that_is_cleared_up_later(scene: Scene, clock: MovableClock) -> None:
    batch_id = await scene.ready(1)
    with pytest.raises(Died):
        await scene.send(Scripted(during=die_at_once()))
    assert await scene.states(batch_id) == [SENDING]
    clock.move(seconds=30)
    second = Scripted()
    await scene.send(second)
    assert await scene.states(batch_id) == [SENT]
    assert [envelope.again for envelope in second.calls[0]] == [True]


async def test_whom_this_channel_does_not_reach_is_told_by_the_next_one(scene: Scene, clock: MovableClock) -> None:
    near, inbox = await scene.channel(), await scene.channel("console")
    bound, lost = [await scene.world.member(100) for _ in range(2)]
    campaign_id = await scene.campaign()
    batch_id = await scene.batch(campaign_id, near, [bound, lost])
    adapter = Scripted(outside=True, by_member={lost: Outcome(Status.UNREACHABLE, "46004")})
    await scene.send(adapter)
    assert await scene.states(batch_id) == [SENT, DeliveryState.PASSED_ON]
    assert await scene.notes(batch_id) == {lost: ("unreachable", "46004", 1)}
    assert await scene.campaign_state(campaign_id) == "sending"
    await scene.send(adapter)
    assert await scene.campaign_state(campaign_id) == "done"
    async with transaction(scene.service.sessions) as session:
        told = list(await session.scalars(select(ConsoleMessage.member_id)))
        (added,) = await session.scalars(select(Batch).where(Batch.id != batch_id))
    assert (told, added.channel_id, list(added.states)) == ([lost], inbox, [SENT])


async def test_who_has_had_the_notices_of_the_day_waits_and_what_did_not_go_does_not_count(
    scene: Scene, service: Service, clock: MovableClock
) -> None:
    member_id = await scene.world.member(100)
    channel_id = await scene.channel()
    async with transaction(service.sessions) as session:
        session.add(
            OrganisationSetting(organisation_id=1, key="daily_notices", value=1, changed_at=clock(), changed_by=None)
        )
    adapter = Scripted(rings=True, script=[Outcome(Status.RETRY, "-1")])
    first, second = [await scene.batch(await scene.campaign(), channel_id, [member_id]) for _ in range(2)]
    await scene.send(adapter)
    assert await scene.notes(first) == {member_id: ("retry", "-1", 1)}
    await scene.send(adapter)
    assert await scene.states(second) == [SENT]
    clock.move(seconds=10)
    await scene.send(adapter)
    assert await scene.states(first) == [PENDING]
    assert await scene.notes(first) == {member_id: ("daily_limit", None, 1)}
    clock.now = (await scene.row(first)).not_before
    await scene.send(adapter)
    assert await scene.states(first) == [SENT]


# The whole loop


async def test_a_stop_in_mid_batch_ends_what_is_in_flight_and_releases_the_rest(scene: Scene) -> None:
    batch_id = await scene.ready(3 * CALLS)

    async def stop(envelopes: Sequence[Envelope]) -> None:
        scene.stopping.set()

    first = Scripted(during=stop)
    await asyncio.wait_for(send_for_ever(scene.sender(first), asyncio.Event(), scene.stopping), 10)
    row = await scene.row(batch_id)
    assert list(row.states) == [SENT] * CALLS + [PENDING] * 2 * CALLS
    assert (row.claimed_by, row.claimed_until, row.done_at) == (None, None, None)
    scene.stopping.clear()
    second = Scripted()
    await scene.send(second)
    assert sorted(first.members + second.members) == list(range(1, 3 * CALLS + 1))


async def test_a_sender_wakes_at_a_word_and_survives_a_batch_that_fails(scene: Scene) -> None:
    sent = asyncio.Event()

    async def note(envelopes: Sequence[Envelope]) -> None:
        sent.set()

    wake = asyncio.Event()
    adapter = Scripted(during=note)
    running = asyncio.create_task(send_for_ever(scene.sender(adapter), wake, scene.stopping))
    channel_id = await scene.channel()
    await scene.batch(await scene.campaign(event={"title": "no time"}), channel_id, [1], 1)
    await scene.batch(await scene.campaign(), channel_id, [2], 2)
    wake.set()
    await asyncio.wait_for(sent.wait(), 10)
    assert adapter.members == [2]
    scene.stopping.set()
    wake.set()
    await asyncio.wait_for(running, 10)


async def test_an_adapter_is_kept_until_its_channel_is_changed(scene: Scene, service: Service) -> None:
    channel_id = await scene.channel("wechat_miniprogram", account="wx-test", secret="a secret")
    sender = scene.sender()

    async def adapter() -> object:
        async with transaction(service.sessions) as session:
            return sender.adapter(await session.get_one(Channel, channel_id))

    first = await adapter()
    assert await adapter() is first
    await scene.change_channel(channel_id, config={"miniprogram_state": "trial"})
    assert await adapter() is not first
