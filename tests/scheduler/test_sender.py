"""Claim, mark, send, record: what becomes of the deliveries of a batch."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.db.engine import transaction
from app.messaging.models import DeliveryState
from app.platforms.models import Channel
from app.resources import Service
from scheduler.adapters.base import Envelope, Outcome, Status
from scheduler.claims import MAX_TRIES
from scheduler.sender import WINDOW, send_for_ever, send_next
from tests.conftest import MovableClock
from tests.scheduler.scene import Scene, Scripted

PENDING, SENDING, SENT = DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.SENT
FAILED, UNKNOWN, EXPIRED = DeliveryState.FAILED, DeliveryState.UNKNOWN, DeliveryState.EXPIRED


async def test_a_batch_is_sent_by_windows_once_to_each_and_the_campaign_is_done(scene: Scene) -> None:
    campaign_id = await scene.campaign()
    batch_id = await scene.batch(campaign_id, await scene.channel(), list(range(1, 46)))
    adapter = Scripted()
    assert await scene.send(adapter) is True
    assert [len(window) for window in adapter.windows] == [WINDOW, WINDOW, 5]
    assert adapter.members == list(range(1, 46))
    assert adapter.windows[0][0].key == f"{campaign_id}:1"
    assert adapter.windows[0][0].message.kind == "weekly_issue"
    assert set(await scene.states(batch_id)) == {SENT}
    assert await scene.notes(batch_id) == {}
    assert await scene.campaign_state(campaign_id) == "done"
    assert await scene.send(adapter) is False


async def test_the_mark_is_committed_and_no_transaction_is_open_while_the_platform_is_asked(
    scene: Scene, service: Service
) -> None:
    batch_id = await scene.ready(WINDOW + 2)
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
    assert seen == [
        ([SENDING] * WINDOW + [PENDING] * 2, 0),
        ([SENT] * WINDOW + [SENDING] * 2, 0),
    ]


async def test_the_lease_is_renewed_by_every_window(scene: Scene, service: Service, clock: MovableClock) -> None:
    batch_id = await scene.ready(3 * WINDOW)

    async def slow(envelopes: Sequence[Envelope]) -> None:
        clock.move(seconds=20)
        assert await send_next(scene.sender(), scene.stopping) is False

    await scene.send(Scripted(during=slow))
    assert set(await scene.states(batch_id)) == {SENT}


async def test_a_sender_that_lost_its_batch_records_nothing_and_goes_on_with_another(
    scene: Scene, service: Service, clock: MovableClock
) -> None:
    batch_id = await scene.ready(2, "meeting_reminder")
    heir = Scripted()

    async def asleep(envelopes: Sequence[Envelope]) -> None:
        clock.move(seconds=31)
        assert await send_next(scene.sender(heir), scene.stopping) is True

    assert await scene.send(Scripted(during=asleep)) is True
    assert heir.members == []
    assert await scene.states(batch_id) == [UNKNOWN, UNKNOWN]


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


async def test_an_adapter_that_breaks_its_word_leaves_a_mark_that_is_cleared_up_later(
    scene: Scene, clock: MovableClock
) -> None:
    batch_id = await scene.ready(1)

    async def burst(envelopes: Sequence[Envelope]) -> None:
        raise RuntimeError("a bug of somebody's")

    with pytest.raises(RuntimeError):
        await scene.send(Scripted(during=burst))
    assert await scene.states(batch_id) == [SENDING]
    clock.move(seconds=30)
    await scene.send()
    assert await scene.states(batch_id) == [SENT]


# The whole loop


async def test_a_stop_in_mid_batch_finishes_the_window_and_releases_the_rest(scene: Scene) -> None:
    batch_id = await scene.ready(3 * WINDOW)

    async def stop(envelopes: Sequence[Envelope]) -> None:
        scene.stopping.set()

    first = Scripted(during=stop)
    await asyncio.wait_for(send_for_ever(scene.sender(first), asyncio.Event(), scene.stopping), 10)
    row = await scene.row(batch_id)
    assert list(row.states) == [SENT] * WINDOW + [PENDING] * 2 * WINDOW
    assert (row.claimed_by, row.claimed_until, row.done_at) == (None, None, None)
    scene.stopping.clear()
    second = Scripted()
    await scene.send(second)
    assert sorted(first.members + second.members) == list(range(1, 3 * WINDOW + 1))


async def test_a_sender_wakes_at_a_word_and_survives_a_batch_that_fails(scene: Scene) -> None:
    sent = asyncio.Event()

    async def note(envelopes: Sequence[Envelope]) -> None:
        if envelopes[0].member_id == 1:
            raise RuntimeError("a bug of somebody's")
        sent.set()

    wake = asyncio.Event()
    running = asyncio.create_task(send_for_ever(scene.sender(Scripted(during=note)), wake, scene.stopping))
    campaign_id, channel_id = await scene.campaign(), await scene.channel()
    await scene.batch(campaign_id, channel_id, [1], 1)
    await scene.batch(campaign_id, channel_id, [2], 2)
    wake.set()
    await asyncio.wait_for(sent.wait(), 10)
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
