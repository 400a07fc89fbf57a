"""One message for each tap on accept: what is taken, given back and found spent; through a channel with templates."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.db.engine import transaction
from app.directory.models import Member, WechatUser
from app.messaging import ledger
from app.messaging.models import DeliveryState
from app.platforms.models import Channel
from app.resources import Service
from scheduler import subscriptions
from scheduler.adapters.base import Envelope, Outcome, Status
from scheduler.sender import Sender, send_next
from tests.conftest import MovableClock
from tests.scheduler.fakes.process import APPID as FAKE_APPID
from tests.scheduler.fakes.process import SECRET, SEND, FakeWechat
from tests.scheduler.scene import CONFIG, TEMPLATE, Scene
from tests.scheduler.scripted import SENT, Died, Scripted, die_at_once
from tests.world import APPID


def scripted(**more: object) -> Scripted:
    """An adapter that needs a subscription for each message."""
    return Scripted(address="wechat", subscribed=True, **more)  # type: ignore[arg-type] # fields of it


async def batch(scene: Scene, members: Sequence[int], kind: str = "weekly_issue") -> int:
    return await scene.batch(
        await scene.campaign(kind), await scene.channel(account=APPID, config=dict(CONFIG)), list(members)
    )


async def test_a_message_takes_one_subscription_and_goes_to_the_openid(scene: Scene) -> None:
    member_id = await scene.follower("o-1", accepted=2)
    adapter = scripted()
    await batch(scene, [member_id])
    await scene.send(adapter)
    assert [envelope.address for envelope in adapter.calls[0]] == ["o-1"]
    assert await scene.balance("o-1") == 1


async def test_the_subscription_is_taken_before_the_platform_is_asked(scene: Scene) -> None:
    await batch(scene, [await scene.follower("o-1")])
    seen: list[int] = []

    async def look(envelopes: Sequence[Envelope]) -> None:
        seen.append(await scene.balance("o-1"))

    await scene.send(scripted(during=look))
    assert seen == [0]


async def test_who_takes_the_consent_back_after_the_planning_is_not_sent_to(scene: Scene) -> None:
    member_id = await scene.follower("o-1", accepted=1)
    batch_id = await batch(scene, [member_id])
    async with transaction(scene.service.sessions) as session:
        (await session.get_one(Member, member_id)).consent_version = None
    adapter = scripted()
    await scene.send(adapter)
    assert adapter.members == []
    assert await scene.states(batch_id) == [DeliveryState.FAILED]
    assert await scene.balance("o-1") == 1


async def test_nothing_is_ever_sent_without_a_subscription_or_without_a_binding(scene: Scene) -> None:
    members = [await scene.follower("o-1", accepted=0), await scene.world.member(100), await scene.follower("o-3")]
    batch_id = await batch(scene, members)
    adapter = scripted()
    await scene.send(adapter)
    assert adapter.members == [members[2]]
    assert await scene.states(batch_id) == [DeliveryState.FAILED, DeliveryState.FAILED, DeliveryState.SENT]
    assert await scene.notes(batch_id) == {
        members[0]: ("no_subscription", None, 1),
        members[1]: ("not_bound", None, 1),
    }


async def test_a_binding_to_another_mini_program_reaches_nobody_here(scene: Scene) -> None:
    member_id = await scene.follower("o-1")
    batch_id = await scene.batch(
        await scene.campaign(), await scene.channel(account="wx-other", config=dict(CONFIG)), [member_id]
    )
    await scene.send(scripted())
    assert await scene.notes(batch_id) == {member_id: ("not_bound", None, 1)}
    assert await scene.balance("o-1") == 1


@pytest.mark.parametrize(
    ("outcome", "left"),
    [
        (SENT, 0),
        (Outcome(Status.RETRY, "-1"), 1),
        (Outcome(Status.CHANNEL_DOWN, "40125"), 1),
        (Outcome(Status.QUOTA, "45009"), 1),
        (Outcome(Status.UNKNOWN, "timeout"), 1),  # an issue is sent again, and takes it again
        (Outcome(Status.FAILED, "47003"), 1),  # refused for good: nothing was sent
        (Outcome(Status.UNREACHABLE, "40003"), 1),
        (Outcome(Status.FAILED, "43101", subscription_spent=True), 0),
    ],
)
async def test_what_certainly_was_not_sent_costs_no_subscription(scene: Scene, outcome: Outcome, left: int) -> None:
    await batch(scene, [await scene.follower("o-1")])
    await scene.send(scripted(script=[outcome]))
    assert await scene.balance("o-1") == left


async def test_a_reminder_that_may_have_arrived_has_taken_its_subscription(scene: Scene) -> None:
    await batch(scene, [await scene.follower("o-1")], "meeting_reminder")
    await scene.send(scripted(script=[Outcome(Status.UNKNOWN, "timeout")]))
    assert await scene.balance("o-1") == 0


async def test_who_refuses_while_a_message_is_on_its_way_gets_nothing_back(scene: Scene) -> None:
    member_id = await scene.follower("o-1", accepted=2)

    async def refuse(_: Sequence[Envelope]) -> None:
        async with transaction(scene.service.sessions) as session:
            user = (await session.scalars(select(WechatUser.id).where(WechatUser.openid == "o-1"))).one()
            await ledger.refuse(session, user, TEMPLATE, scene.service.clock(), scene.service.clock())

    await batch(scene, [member_id])
    await scene.send(scripted(script=[Outcome(Status.RETRY, "-1")], during=refuse))
    assert await scene.balance("o-1") == 0


async def test_a_retry_that_is_given_up_costs_nothing(scene: Scene, clock: MovableClock) -> None:
    member_id = await scene.follower("o-1")
    batch_id = await batch(scene, [member_id])
    adapter = scripted(by_member={member_id: Outcome(Status.RETRY, "-1")})
    while await scene.send(adapter):
        clock.now = max(clock.now, (await scene.row(batch_id)).not_before)
    assert await scene.states(batch_id) == [DeliveryState.FAILED]
    assert await scene.balance("o-1") == 1


async def test_a_refusal_gives_nothing_back_where_an_earlier_try_may_have_arrived(
    scene: Scene, clock: MovableClock
) -> None:
    batch_id = await batch(scene, [await scene.follower("o-1")])
    adapter = scripted(script=[Outcome(Status.UNKNOWN, "timeout"), Outcome(Status.FAILED, "47003")])
    await scene.send(adapter)
    clock.move(seconds=10)
    await scene.send(adapter)
    assert await scene.states(batch_id) == [DeliveryState.UNKNOWN]
    assert await scene.balance("o-1") == 0


async def test_the_platforms_word_that_none_is_left_beats_the_ledger(scene: Scene) -> None:
    batch_id = await batch(scene, [await scene.follower("o-1", accepted=3)])
    await scene.send(scripted(script=[Outcome(Status.FAILED, "43101", subscription_spent=True)]))
    assert await scene.balance("o-1") == 0
    assert await scene.states(batch_id) == [DeliveryState.FAILED]


async def test_two_of_a_family_on_one_phone_take_one_each_and_are_not_sent_to_at_the_same_time(scene: Scene) -> None:
    members = [await scene.follower("o-1", accepted=2), await scene.follower("o-1")]
    await batch(scene, members)
    at_once = most = 0

    async def slowly(envelopes: Sequence[Envelope]) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.05)
        at_once -= 1

    adapter = scripted(during=slowly)
    await scene.send(adapter)
    assert adapter.members == members
    assert most == 1
    assert await scene.balance("o-1") == 0


async def test_one_subscription_of_a_family_is_one_message(scene: Scene) -> None:
    members = [await scene.follower("o-1", accepted=1), await scene.follower("o-1")]
    batch_id = await batch(scene, members)
    adapter = scripted()
    await scene.send(adapter)
    assert adapter.members == [members[0]]
    assert await scene.notes(batch_id) == {members[1]: ("no_subscription", None, 1)}


async def test_a_sender_that_died_before_it_asked_the_platform_has_cost_nobody_the_message(
    scene: Scene, clock: MovableClock
) -> None:
    batch_id = await batch(scene, [await scene.follower("o-1", accepted=1)])

    with pytest.raises(Died):
        await scene.send(scripted(during=die_at_once()))
    assert await scene.balance("o-1") == 0
    clock.move(seconds=30)
    await scene.send(scripted())
    assert await scene.states(batch_id) == [DeliveryState.SENT]
    assert await scene.balance("o-1") == 0


async def test_a_dead_senders_reminder_keeps_its_subscription_because_it_may_have_arrived(
    scene: Scene, clock: MovableClock
) -> None:
    batch_id = await batch(scene, [await scene.follower("o-1", accepted=1)], "meeting_reminder")

    with pytest.raises(Died):
        await scene.send(scripted(during=die_at_once()))
    clock.move(seconds=30)
    await scene.send(scripted())
    assert await scene.states(batch_id) == [DeliveryState.UNKNOWN]
    assert await scene.balance("o-1") == 0


async def test_senders_that_share_their_people_do_not_wait_for_each_other_in_a_circle(
    scene: Scene, service: Service
) -> None:
    for number in range(8):
        await scene.follower(f"o-{number}", accepted=100)
    async with transaction(service.sessions) as session:
        users = list(await session.scalars(select(WechatUser.id)))

    async def work(mine: list[int]) -> None:
        for _ in range(10):
            async with transaction(service.sessions) as session:
                assert await subscriptions.book(session, TEMPLATE, service.clock(), wanted=mine) == set(mine)
            async with transaction(service.sessions) as session:
                await subscriptions.book(session, TEMPLATE, service.clock(), back=mine)

    await asyncio.gather(work(users), work(users[::-1]), work(users[::2]), work(users[1::2]))
    assert [await scene.balance(f"o-{number}") for number in range(8)] == [100] * 8


# With the real adapter and the fake platform


async def real(scene: Scene, wechat: FakeWechat, accepted: int = 1) -> tuple[int, str]:
    """A batch of one follower on a channel at the fake; gives the batch's id and the openid."""
    openid = await wechat.accept("13800000000")
    member_id = await scene.follower(openid, appid=FAKE_APPID, accepted=accepted)
    channel_id = await scene.channel("wechat_miniprogram", account=FAKE_APPID, secret=SECRET, config=dict(CONFIG))
    return await scene.batch(await scene.campaign(), channel_id, [member_id]), openid


async def test_an_issue_reaches_the_phone_through_the_platform(scene: Scene, wechat: FakeWechat) -> None:
    batch_id, openid = await real(scene, wechat)
    await send_next(scene.real_sender(wechat.base), scene.stopping)
    (message,) = await wechat.sent()
    assert message["openid"] == openid
    assert await scene.states(batch_id) == [DeliveryState.SENT]
    assert await scene.balance(openid) == 0


async def test_a_message_that_arrived_though_its_answer_was_lost_is_not_called_failed(
    scene: Scene, wechat: FakeWechat, clock: MovableClock
) -> None:
    batch_id, openid = await real(scene, wechat)
    await wechat.fail(SEND, "accept_then_reset")
    sender = scene.real_sender(wechat.base)
    await send_next(sender, scene.stopping)
    assert await scene.states(batch_id) == [DeliveryState.PENDING]
    clock.move(seconds=10)
    await send_next(sender, scene.stopping)
    assert len(await wechat.sent()) == 1
    assert await scene.states(batch_id) == [DeliveryState.UNKNOWN]
    assert (await scene.notes(batch_id)).popitem()[1] == ("unknown", "43101", 2)
    assert await scene.balance(openid) == 0


async def test_a_member_who_has_taken_the_acceptance_back_has_none_left(scene: Scene, wechat: FakeWechat) -> None:
    batch_id, openid = await real(scene, wechat, accepted=5)
    await wechat.fail(SEND, "errcode", errcode=43101)
    await send_next(scene.real_sender(wechat.base), scene.stopping)
    assert await scene.states(batch_id) == [DeliveryState.FAILED]
    assert await scene.balance(openid) == 0


async def test_a_message_that_the_platform_refuses_costs_no_subscription_there_nor_here(
    scene: Scene, wechat: FakeWechat
) -> None:
    batch_id, openid = await real(scene, wechat)
    template = {"template_id": TEMPLATE, "fields": {"thing1": "title"}}  # the platform's has more fields
    await scene.change_channel((await scene.row(batch_id)).channel_id, config={"templates": {"weekly_issue": template}})
    await send_next(scene.real_sender(wechat.base), scene.stopping)
    assert (await scene.notes(batch_id)).popitem()[1] == ("failed", "47003", 1)
    assert await wechat.balances() == {openid: 1}
    assert await scene.balance(openid) == 1


async def test_a_wrong_secret_stops_the_channel_and_a_new_one_lets_it_run(
    scene: Scene, wechat: FakeWechat, clock: MovableClock
) -> None:
    batch_id, openid = await real(scene, wechat)
    channel_id = (await scene.row(batch_id)).channel_id
    wrong = scene.service.vault.encrypt("wrong", f"channels:{channel_id}:secret")
    await scene.change_channel(channel_id, secret_cipher=wrong)
    sender = scene.real_sender(wechat.base)
    await send_next(sender, scene.stopping)
    assert (await scene.stopped(channel_id) or "").startswith(
        "平台不认这个密钥，请在平台后台核对或重置后重新填写（40125 "
    )
    assert await scene.balance(openid) == 1
    mended = scene.service.vault.encrypt(SECRET, f"channels:{channel_id}:secret")
    await scene.change_channel(channel_id, secret_cipher=mended)
    clock.move(seconds=1)
    await send_next(sender, scene.stopping)
    assert await scene.states(batch_id) == [DeliveryState.SENT]


async def test_a_spent_quota_of_the_platform_goes_on_tomorrow(
    scene: Scene, wechat: FakeWechat, clock: MovableClock
) -> None:
    batch_id, openid = await real(scene, wechat)
    await wechat.fail(SEND, "errcode", errcode=45009)
    sender = scene.real_sender(wechat.base)
    await send_next(sender, scene.stopping)
    assert await send_next(sender, scene.stopping) is False
    assert await scene.balance(openid) == 1
    async with transaction(scene.service.sessions) as session:
        resumes = await session.scalar(select(Channel.rests_until))
    assert resumes is not None
    clock.now = resumes - timedelta(seconds=1)
    assert await send_next(sender, scene.stopping) is False
    clock.now = resumes
    await send_next(sender, scene.stopping)  # 00:05 is at night
    assert await scene.states(batch_id) == [DeliveryState.PENDING]
    clock.now = (await scene.row(batch_id)).not_before
    assert clock.now.astimezone().utctimetuple()[3:5] == (0, 0)  # 08:00 in Shanghai
    assert await send_next(sender, scene.stopping) is True
    assert await scene.states(batch_id) == [DeliveryState.SENT]


async def test_several_senders_never_send_without_a_subscription_and_the_ledger_ends_as_the_platform_has_it(
    scene: Scene, wechat: FakeWechat, clock: MovableClock
) -> None:
    accepted = {f"1380000{number:04}": number % 3 + 1 for number in range(45)}
    openids = {phone: await wechat.accept(phone, accepted[phone]) for phone in accepted}
    for_each: list[list[int]] = [[], []]  # two campaigns to the same people, a family's second member in each
    for phone, openid in openids.items():
        for members in for_each:
            members.append(await scene.follower(openid, appid=FAKE_APPID, accepted=accepted[phone]))
    channel_id = await scene.channel("wechat_miniprogram", account=FAKE_APPID, secret=SECRET, config=dict(CONFIG))
    campaigns = [await scene.campaign(), await scene.campaign("meeting_notice")]
    batches = []
    for campaign_id, (mine, others) in zip(campaigns, (for_each, for_each[::-1]), strict=True):
        for number, members in enumerate((mine[:25], [*mine[25:], *others]), 1):
            batches.append(await scene.batch(campaign_id, channel_id, members, number))
    await wechat.fail(SEND, "errcode", errcode=-1, times=25)
    senders = [scene.real_sender(wechat.base) for _ in range(3)]

    async def work(sender: Sender) -> None:
        while await send_next(sender, scene.stopping):
            pass

    async with asyncio.timeout(60):
        while {await scene.campaign_state(campaign_id) for campaign_id in campaigns} != {"done"}:
            await asyncio.gather(*map(work, senders))
            clock.move(seconds=160)
    codes = [code for batch_id in batches for _, code, _ in (await scene.notes(batch_id)).values()]
    assert "43101" not in codes
    sent = Counter(message["openid"] for message in await wechat.sent())
    assert sum(sent.values()) == sum(accepted.values())
    for phone, openid in openids.items():
        assert sent[openid] == accepted[phone]
        assert await scene.balance(openid) == accepted[phone] - sent[openid]
