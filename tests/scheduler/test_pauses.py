"""When a batch is not sent now: a spent quota, a stopped channel, the night, and the end of a campaign."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from app.db.engine import transaction
from app.messaging.models import DeliveryState
from app.platforms.models import Channel, ConsoleMessage
from scheduler.adapters.base import Envelope, Outcome, Status
from scheduler.channels import tomorrow
from tests.conftest import MovableClock
from tests.scheduler.scene import CALLS, Scene
from tests.scheduler.scripted import Scripted

PENDING, SENT, EXPIRED = DeliveryState.PENDING, DeliveryState.SENT, DeliveryState.EXPIRED


async def test_a_spent_quota_rests_every_batch_of_the_channel_until_tomorrow_and_burns_nothing(
    scene: Scene, clock: MovableClock
) -> None:
    campaign_id, channel_id = await scene.campaign(), await scene.channel()
    batches = [await scene.batch(campaign_id, channel_id, [number], number) for number in (1, 2, 3)]
    other = await scene.batch(campaign_id, await scene.channel(organisation_id=10), [4], 4)
    adapter = Scripted(script=[Outcome(Status.QUOTA, "45009")])
    while await scene.send(adapter):
        pass
    assert adapter.members == [1, 4]
    assert await scene.states(other) == [SENT]
    next_day = datetime(2026, 11, 16, 16, 5, tzinfo=UTC)  # the 17th, 00:05 in Shanghai
    async with transaction(scene.service.sessions) as session:
        assert (await session.get_one(Channel, channel_id)).rests_until == next_day
    for batch_id in batches:
        assert await scene.states(batch_id) == [PENDING]
        assert await scene.notes(batch_id) == {}
    clock.now = next_day
    while await scene.send(adapter):
        pass
    assert adapter.members == [1, 4, 1, 2, 3]


@pytest.mark.parametrize(
    ("now", "resumes"),
    [
        # 23:59 on the 16th in Shanghai, and 00:01 on the 17th, which in UTC is still the 16th.
        (datetime(2026, 11, 16, 15, 59, tzinfo=UTC), datetime(2026, 11, 16, 16, 5, tzinfo=UTC)),
        (datetime(2026, 11, 16, 16, 1, tzinfo=UTC), datetime(2026, 11, 17, 16, 5, tzinfo=UTC)),
    ],
)
def test_the_day_of_a_quota_is_that_of_the_platform(now: datetime, resumes: datetime) -> None:
    assert tomorrow(now) == resumes


async def test_a_configuration_error_stops_the_channel_and_keeps_the_deliveries_until_it_is_mended(
    scene: Scene, clock: MovableClock
) -> None:
    channel_id = await scene.channel()
    batch_id = await scene.batch(await scene.campaign(), channel_id, list(range(1, 31)))
    down = Outcome(Status.CHANNEL_DOWN, "40125", "invalid appsecret")
    adapter = Scripted(by_member=dict.fromkeys(range(1, 31), down))
    await scene.send(adapter)
    assert len(adapter.members) == CALLS
    assert (
        await scene.stopped(channel_id)
        == "平台不接受渠道的设置，请核对账号、密钥、IP 白名单和其他设置（40125 invalid appsecret）"
    )
    assert await scene.states(batch_id) == [PENDING] * 30
    assert await scene.notes(batch_id) == {}
    clock.move(hours=1)
    assert await scene.send(adapter) is False
    adapter.by_member.clear()
    await scene.change_channel(channel_id)
    assert await scene.send(adapter) is True
    assert await scene.states(batch_id) == [SENT] * 30


@pytest.mark.parametrize("mended", [{"secret_cipher": b"another"}, {"config": {"rate": 5}}])
async def test_a_channel_that_was_mended_while_a_sender_still_used_the_old_settings_goes_on(
    scene: Scene, mended: dict[str, object]
) -> None:
    channel_id = await scene.channel()
    batch_id = await scene.batch(await scene.campaign(), channel_id, [1])

    async def mend(envelopes: Sequence[Envelope]) -> None:
        await scene.change_channel(channel_id, **mended)

    await scene.send(Scripted(script=[Outcome(Status.CHANNEL_DOWN, "40125")], during=mend))
    assert await scene.stopped(channel_id) is None
    await scene.change_channel(channel_id, secret_cipher=None)
    await scene.send()
    assert await scene.states(batch_id) == [SENT]


async def test_a_channel_that_is_switched_off_is_left_at_the_next_round(scene: Scene) -> None:
    channel_id = await scene.channel()
    batch_id = await scene.batch(await scene.campaign(), channel_id, list(range(1, 31)))

    async def switch_off(envelopes: Sequence[Envelope]) -> None:
        await scene.change_channel(channel_id, enabled=False)

    adapter = Scripted(during=switch_off)
    await scene.send(adapter)
    assert await scene.states(batch_id) == [SENT] * CALLS + [PENDING] * 10
    await scene.change_channel(channel_id, enabled=True)
    await scene.send(adapter)
    assert sorted(adapter.members) == list(range(1, 31))


@pytest.mark.parametrize(
    "values", [{"secret_cipher": b"\x01" + b"sealed with another key...."}, {"config": {"templates": {"meeting": {}}}}]
)
async def test_settings_that_no_adapter_can_work_with_stop_the_channel(scene: Scene, values: dict[str, Any]) -> None:
    channel_id = await scene.channel("wechat_miniprogram", account="wx-test", **values)
    batch_id = await scene.batch(await scene.campaign(), channel_id, [1])
    assert await scene.send() is True
    assert await scene.stopped(channel_id) == "渠道设置或密钥无法使用，请重新填写（bad_settings）"
    assert await scene.states(batch_id) == [PENDING]
    assert (await scene.row(batch_id)).claimed_until is None
    assert await scene.send() is False


async def test_quiet_hours_postpone_what_rings_until_the_morning(scene: Scene, clock: MovableClock) -> None:
    batch_id = await scene.ready()
    clock.now = datetime(2026, 11, 16, 13, 0, tzinfo=UTC)  # 21:00 in Shanghai
    adapter = Scripted(rings=True)
    await scene.send(adapter)
    assert adapter.members == []
    morning = datetime(2026, 11, 17, 0, 0, tzinfo=UTC)
    assert (await scene.row(batch_id)).not_before == morning
    clock.now = morning
    await scene.send(adapter)
    assert adapter.members == [1, 2, 3]


async def test_quiet_hours_begin_in_the_middle_of_a_batch(scene: Scene, clock: MovableClock) -> None:
    batch_id = await scene.ready(CALLS + 1)
    clock.now = datetime(2026, 11, 16, 12, 59, tzinfo=UTC)

    async def nightfall(envelopes: Sequence[Envelope]) -> None:
        clock.move(minutes=1)

    await scene.send(Scripted(rings=True, during=nightfall))
    assert await scene.states(batch_id) == [SENT] * CALLS + [PENDING]


async def test_the_console_disturbs_nobody_and_is_served_at_night(scene: Scene, clock: MovableClock) -> None:
    batch_id = await scene.batch(await scene.campaign(), await scene.channel("console"), [1])
    clock.now = datetime(2026, 11, 16, 14, 0, tzinfo=UTC)
    await scene.send()
    assert await scene.states(batch_id) == [SENT]
    async with transaction(scene.service.sessions) as session:
        assert await session.scalar(select(func.count()).select_from(ConsoleMessage)) == 1


async def test_what_could_only_ring_after_its_end_expires_in_the_night(scene: Scene, clock: MovableClock) -> None:
    batch_id = await scene.ready(kind="meeting_reminder", expires_in=timedelta(hours=22))  # Tuesday 08:00
    clock.now = datetime(2026, 11, 16, 22, 0, tzinfo=UTC)  # Tuesday 06:00
    adapter = Scripted(rings=True)
    await scene.send(adapter)
    assert adapter.members == []
    assert await scene.states(batch_id) == [EXPIRED] * 3


async def test_what_is_late_expires(scene: Scene, clock: MovableClock) -> None:
    campaign_id = await scene.campaign(expires_in=timedelta(hours=1))
    batch_id = await scene.batch(campaign_id, await scene.channel(), [1, 2])
    adapter = Scripted(script=[Outcome(Status.RETRY, "-1")])
    await scene.send(adapter)
    clock.move(hours=1)
    await scene.send(adapter)
    assert adapter.members == [1, 2]
    assert await scene.states(batch_id) == [EXPIRED, SENT]
    assert await scene.campaign_state(campaign_id) == "done"


async def test_a_campaign_that_is_called_off_is_left_at_the_next_round(scene: Scene, clock: MovableClock) -> None:
    campaign_id = await scene.campaign()
    batch_id = await scene.batch(campaign_id, await scene.channel(), list(range(1, 31)))

    async def call_off(envelopes: Sequence[Envelope]) -> None:
        await scene.end_campaign(campaign_id, clock())

    await scene.send(Scripted(during=call_off))
    assert await scene.states(batch_id) == [SENT] * CALLS + [EXPIRED] * 10
