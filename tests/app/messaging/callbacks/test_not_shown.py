"""A message that a platform took and did not show stands as that in the member's history, where it is sure which."""

from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select

from app.db.engine import transaction
from app.directory.models import Binding, WechatUser
from app.messaging.models import Batch, DeliveryState
from tests.app.messaging.callbacks.platform import APPID, AT, OPENID, TEMPLATE, Platform, event_of, set_up, store
from tests.app.messaging.sent import sent_batch
from tests.conftest import MovableClock
from tests.scheduler.scene import Scene
from tests.world import Person, World

SENDING, SENT, FAILED = DeliveryState.SENDING, DeliveryState.SENT, DeliveryState.FAILED
SERVICE = "wx-service"
WORDS = "平台接收后又告知没有显示给本人"


@pytest.fixture
async def channel(client: httpx.AsyncClient, world: World) -> int:
    return int((await set_up(client, world))["id"])


@pytest.fixture
async def member(world: World) -> Person:
    """Bound to the WeChat user whom the events are about, whom a service account knows by the same unionid."""
    person = await world.signed_in_member(100)
    async with transaction(world.service.sessions) as session:
        binding = (await session.scalars(select(Binding).where(Binding.member_id == person.id))).one()
        user = await session.get_one(WechatUser, binding.wechat_user_id)
        user.appid, user.openid, user.unionid = APPID, OPENID, "u-1"
        session.add(WechatUser(appid=SERVICE, openid=OPENID, unionid="u-1", created_at=user.created_at))
    return person


async def tell(client: httpx.AsyncClient, code: str, at: int = AT, openid: str = OPENID) -> None:
    item = {"TemplateId": TEMPLATE, "MsgID": "1700827132819554304", "ErrorCode": code, "ErrorStatus": "x"}
    message = event_of("subscribe_msg_sent_event", at=at, openid=openid, List=item)
    assert (await Platform(client).send(message)).text == "success"


async def history(client: httpx.AsyncClient, world: World, member: int) -> list[tuple[str, str | None, str | None]]:
    """State, reason and code of each try, newest notice first, as a leader sees them."""
    leader = await world.staff(("leader", 100))
    answer = await client.get(f"/members/{member}/notices", headers=leader.auth)
    return [
        (each["state"], each["reason_words"], each["code"]) for item in answer.json()["items"] for each in item["chain"]
    ]


@pytest.mark.parametrize(("state", "still_open"), [(SENT, False), (SENT, True), (SENDING, True)])
async def test_the_only_message_of_late_is_noted_and_stays_sent(
    client: httpx.AsyncClient, world: World, scene: Scene, channel: int, member: Person, state: int, still_open: bool
) -> None:
    other = await world.member(100)
    states = {member.id: state, other: SENT}
    batch_id = await sent_batch(scene, await scene.campaign(), channel, states, open_still=still_open)
    await tell(client, "20001")
    # What a sender that has it in hand puts down meanwhile.
    async with transaction(world.service.sessions) as session:
        (await session.get_one(Batch, batch_id)).states = bytes([SENT, SENT])
    assert await history(client, world, member.id) == [("sent", WORDS, "20001")]
    assert await history(client, world, other) == [("sent", None, None)]
    mine = (await client.get("/me/notices", headers=member.auth)).json()["items"]
    assert [(each["state"], each["reason"]) for each in mine] == [("sent", WORDS)]


async def test_a_message_that_was_tried_before_keeps_its_tries(
    client: httpx.AsyncClient, world: World, scene: Scene, channel: int, member: Person
) -> None:
    notes = {member.id: ("retry", "45011")}
    batch_id = await sent_batch(scene, await scene.campaign(), channel, {member.id: SENT}, notes)
    await tell(client, "43101")
    assert await history(client, world, member.id) == [("sent", WORDS, "43101")]
    assert await scene.notes(batch_id) == {member.id: ("not_shown", "43101", 1)}


async def test_of_several_messages_of_late_none_is_noted(
    client: httpx.AsyncClient, world: World, scene: Scene, channel: int, member: Person
) -> None:
    for _ in range(2):
        await sent_batch(scene, await scene.campaign(), channel, {member.id: SENT})
    await tell(client, "20001")
    assert await history(client, world, member.id) == [("sent", None, None)] * 2


async def test_what_is_long_over_what_failed_and_what_went_through_another_channel_is_not_meant(
    client: httpx.AsyncClient, world: World, scene: Scene, channel: int, member: Person, clock: MovableClock
) -> None:
    await sent_batch(scene, await scene.campaign(), channel, {member.id: SENT})
    clock.now += timedelta(minutes=10)
    await tell(client, "20001")
    assert await history(client, world, member.id) == [("sent", None, None)]
    await sent_batch(scene, await scene.campaign(), channel, {member.id: FAILED})
    await sent_batch(scene, await scene.campaign(), await scene.channel(), {member.id: SENT})
    await sent_batch(scene, await scene.campaign(), channel, {member.id: SENT})
    await tell(client, "20001", at=AT + 1)
    assert [words for _, words, _ in await history(client, world, member.id)] == [WORDS, None, None, None]


@pytest.mark.parametrize(("code", "openid"), [("0", OPENID), ("20001", "o-somebody-else")])
async def test_what_was_shown_and_what_somebody_else_was_not_shown_change_nothing(
    client: httpx.AsyncClient, world: World, scene: Scene, channel: int, member: Person, code: str, openid: str
) -> None:
    await sent_batch(scene, await scene.campaign(), channel, {member.id: SENT})
    await tell(client, code, openid=openid)
    assert await history(client, world, member.id) == [("sent", None, None)]


async def test_a_follower_of_a_service_account_is_the_member_of_the_same_unionid(
    client: httpx.AsyncClient, world: World, scene: Scene, member: Person
) -> None:
    channel_id = await store(world, "wechat_service_account", SERVICE)
    await sent_batch(scene, await scene.campaign(), channel_id, {member.id: SENT})
    message = event_of("TEMPLATESENDJOBFINISH", MsgID="1", Status="failed:user block")
    assert (await Platform(client, account=SERVICE).send(message)).text == "success"
    assert await history(client, world, member.id) == [("sent", WORDS, "failed:user block")]
