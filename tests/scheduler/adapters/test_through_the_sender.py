"""A campaign goes through a real sender to each platform: addresses opened, outcomes on the batch."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.db.engine import transaction
from app.directory.models import Member
from app.messaging.models import DeliveryState
from app.platforms.models import ChannelAddress
from scheduler.adapters.registry import load_adapters
from scheduler.sender import Sender, send_next
from tests.conftest import MovableClock
from tests.scheduler.adapters.more_platforms import (
    AGENT_ID,
    APP_ID,
    APP_KEY,
    APP_SECRET,
    DINGTALK_SETTINGS,
    MAIL_ACCOUNT,
    MAIL_SECRET,
    SMS_FIELDS,
    SMS_KEY,
    SMS_SECRET,
    SMS_TEMPLATE,
    WEBHOOK_SECRET,
    sms_config,
)
from tests.scheduler.fakes.fake import Fake
from tests.scheduler.scene import Scene

SENT, PENDING = DeliveryState.SENT, DeliveryState.PENDING


def sender(scene: Scene, **hosts: str) -> Sender:
    settings = scene.service.settings.model_copy(update=hosts)
    return Sender(replace(scene.service, settings=settings), load_adapters())


async def same_time(fake: Fake, clock: MovableClock) -> None:
    """The fake's clock shows what the test's does."""
    await fake.order("clock", offset_seconds=(clock() - datetime.now(UTC)).total_seconds())


async def registered(scene: Scene, channel_id: int, addresses: Mapping[int, str]) -> None:
    async with transaction(scene.service.sessions) as session:
        for member, address in addresses.items():
            place = f"channel_addresses:{channel_id}:{member}:address"
            cipher = scene.service.vault.encrypt(address, place)
            session.add(
                ChannelAddress(channel_id=channel_id, member_id=member, cipher=cipher, created_at=scene.service.clock())
            )


async def with_phone(scene: Scene, number: str) -> int:
    member = await scene.world.member(100)
    async with transaction(scene.service.sessions) as session:
        row = await session.get_one(Member, member)
        row.phone_cipher = scene.service.vault.encrypt(number, f"members:{member}:phone")
    return member


async def test_a_webhook_has_the_members_number(scene: Scene, receiver: Fake, clock: MovableClock) -> None:
    await same_time(receiver, clock)
    await receiver.order("receiver", secret=WEBHOOK_SECRET)
    config = {"settings": {"url": f"{receiver.base}/notices"}}
    channel_id = await scene.channel("webhook", secret=WEBHOOK_SECRET, config=config)
    members = [await scene.world.member(100) for _ in range(3)]
    batch = await scene.batch(await scene.campaign(), channel_id, members)
    assert await send_next(sender(scene), scene.stopping)
    assert await scene.states(batch) == [SENT] * 3
    assert sorted(notice["data"]["member_id"] for notice in await receiver.sent()) == members


async def test_a_short_message_that_may_have_arrived_is_not_paid_for_twice(
    scene: Scene, aliyun: Fake, clock: MovableClock
) -> None:
    await same_time(aliyun, clock)
    templates = {SMS_TEMPLATE: list(SMS_FIELDS)}
    await aliyun.order("account", key_id=SMS_KEY, secret=SMS_SECRET, signs=["示范镇党委"], templates=templates)
    channel_id = await scene.channel("sms_aliyun", account=SMS_KEY, secret=SMS_SECRET, config=sms_config())
    member = await with_phone(scene, "13800000000")
    batch = await scene.batch(await scene.campaign(), channel_id, [member])
    await aliyun.fail("SendSms", "accept_then_reset")
    one = sender(scene, aliyun_sms_api=aliyun.base)
    assert await send_next(one, scene.stopping)
    assert await scene.states(batch) == [PENDING]
    clock.move(seconds=11)
    await same_time(aliyun, clock)
    assert await send_next(one, scene.stopping)
    assert await scene.states(batch) == [SENT]
    assert await aliyun.count("SendSms") == 1


async def test_dingtalk_and_feishu_reach_a_batch_in_one_call_each(
    scene: Scene, dingtalk: Fake, feishu: Fake, clock: MovableClock
) -> None:
    members = [await scene.world.member(100) for _ in range(3)]
    people = {member: f"person{member}" for member in members}
    await dingtalk.order("app", key=APP_KEY, secret=APP_SECRET, agent_id=AGENT_ID, users=list(people.values()))
    await feishu.order("app", app_id=APP_ID, secret=APP_SECRET, people=list(people.values()))
    for fake in (dingtalk, feishu):
        await same_time(fake, clock)
    first = await scene.channel("dingtalk", account=APP_KEY, secret=APP_SECRET, config=DINGTALK_SETTINGS)
    second = await scene.channel("feishu", account=APP_ID, secret=APP_SECRET)
    campaign = await scene.campaign()
    batches = []
    for number, channel_id in enumerate((first, second), 1):
        await registered(scene, channel_id, people)
        batches.append(await scene.batch(campaign, channel_id, members, number))
    one = sender(scene, dingtalk_api=dingtalk.base, feishu_api=feishu.base)
    while await send_next(one, scene.stopping):
        pass
    assert [await scene.states(batch) for batch in batches] == [[SENT] * 3] * 2
    assert await dingtalk.count("/topapi/message/corpconversation/asyncsend_v2") == 1
    assert await feishu.count("/open-apis/message/v4/batch_send/") == 1


async def test_letters_go_to_the_addresses_that_were_registered(
    scene: Scene, house: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.order("account", account=MAIL_ACCOUNT, secret=MAIL_SECRET)
    shown: dict[str, Any] = (await house.http.get(f"{house.base}/_control/smtp")).json()
    file = tmp_path / "trusted.pem"
    file.write_text(shown["certificate"])
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    config = {"settings": {"host": "localhost", "port": str(shown["tls"])}}
    channel_id = await scene.channel("email", account=MAIL_ACCOUNT, secret=MAIL_SECRET, config=config)
    members = [await scene.world.member(100) for _ in range(2)]
    await registered(scene, channel_id, {member: f"reader{member}@mail.example" for member in members})
    batch = await scene.batch(await scene.campaign(), channel_id, members)
    assert await send_next(sender(scene), scene.stopping)
    assert await scene.states(batch) == [SENT] * 2
    assert sorted(letter["to"][0] for letter in await house.sent()) == [
        f"reader{each}@mail.example" for each in members
    ]


async def test_a_host_that_the_operator_does_not_allow_stops_the_channel_with_the_reason(scene: Scene) -> None:
    config = {"settings": {"url": "https://elsewhere.example/"}}
    channel_id = await scene.channel("webhook", secret=WEBHOOK_SECRET, config=config)
    batch = await scene.batch(await scene.campaign(), channel_id, [await scene.world.member(100)])
    await send_next(sender(scene), scene.stopping)
    assert await scene.states(batch) == [PENDING]
    assert "ZHIJIAN_WEBHOOK_HOSTS" in str(await scene.stopped(channel_id))
