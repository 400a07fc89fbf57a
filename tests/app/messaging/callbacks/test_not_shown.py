"""A message that a platform took and did not show stands as that in the member's history, where it is sure which."""

from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select

from app.db.engine import transaction
from app.directory.models import Binding, WechatUser
from app.messaging.callbacks.not_shown import COUNTED, TAKEN
from app.messaging.models import Campaign, DeliveryState
from app.messaging.words import STATES
from app.platforms.models import Channel
from tests.app.messaging.callbacks.platform import APPID, AT, OPENID, TEMPLATE, Platform, event_of, set_up, store
from tests.app.messaging.sent import sent_batch
from tests.conftest import MovableClock
from tests.scheduler.scene import Scene
from tests.world import Person, World

SENT, FAILED = DeliveryState.SENT, DeliveryState.FAILED
SERVICE = "wx-service"
WORDS = "平台已接收，随后告知没有显示出来"


@pytest.fixture
async def channel(client: httpx.AsyncClient, world: World) -> int:
    channel_id = int((await set_up(client, world))["id"])
    async with transaction(world.service.sessions) as session:
        templates = {"weekly_issue": {"template_id": TEMPLATE}, "meeting": {"template_id": "T-meeting"}}
        (await session.get_one(Channel, channel_id)).config = {"templates": templates}
    return channel_id


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


async def tell(
    client: httpx.AsyncClient, code: str, at: int = AT, openid: str = OPENID, template: str = TEMPLATE
) -> None:
    item = {"TemplateId": template, "MsgID": "1700827132819554304", "ErrorCode": code, "ErrorStatus": "x"}
    message = event_of("subscribe_msg_sent_event", at=at, openid=openid, List=item)
    assert (await Platform(client).send(message)).text == "success"


async def history(client: httpx.AsyncClient, world: World, member: int) -> list[tuple[str, str | None, str | None]]:
    """State, reason and code of each try, newest notice first, as a leader sees them."""
    leader = await world.staff(("leader", 100))
    answer = await client.get(f"/members/{member}/notices", headers=leader.auth)
    return [
        (each["state"], each["reason_words"], each["code"]) for item in answer.json()["items"] for each in item["chain"]
    ]


@pytest.mark.parametrize("still_open", [False, True])
async def test_the_only_message_that_can_be_meant_is_noted_and_stays_sent(
    client: httpx.AsyncClient, world: World, scene: Scene, channel: int, member: Person, still_open: bool
) -> None:
    other = await world.member(100)
    states = {member.id: SENT, other: SENT}
    await sent_batch(scene, await scene.campaign(), channel, states, open_still=still_open)
    await tell(client, "20001" + "0" * 80)
    assert await history(client, world, member.id) == [("sent", WORDS, "20001" + "0" * 59)]
    assert await history(client, world, other) == [("sent", None, None)]
    mine = (await client.get("/me/notices", headers=member.auth)).json()["items"]
    assert [(each["state"], each["reason"]) for each in mine] == [("sent", WORDS)]


@pytest.mark.parametrize("state", [state for state in STATES if state != SENT])
async def test_what_is_not_sent_keeps_the_note_that_its_sender_made(
    client: httpx.AsyncClient, scene: Scene, channel: int, member: Person, state: int
) -> None:
    notes = {member.id: ("unknown", "timeout")}
    batch_id = await sent_batch(scene, await scene.campaign(), channel, {member.id: state}, notes, open_still=True)
    await tell(client, "20001")
    assert await scene.notes(batch_id) == {member.id: ("unknown", "timeout", 1)}


@pytest.mark.parametrize(("state", "clear"), [(state, state not in TAKEN) for state in STATES])
async def test_another_message_that_the_platform_may_have_taken_leaves_it_open_which_is_meant(
    client: httpx.AsyncClient,
    world: World,
    scene: Scene,
    channel: int,
    member: Person,
    state: int,
    clear: bool,
) -> None:
    await sent_batch(scene, await scene.campaign(), channel, {member.id: state})
    await sent_batch(scene, await scene.campaign(), channel, {member.id: SENT})
    await tell(client, "20001")
    assert (await history(client, world, member.id))[0][1] == (WORDS if clear else None)


async def test_the_template_says_which_message_is_meant_and_one_of_another_program_none(
    client: httpx.AsyncClient, world: World, scene: Scene, channel: int, member: Person
) -> None:
    await sent_batch(scene, await scene.campaign(), channel, {member.id: SENT})
    await sent_batch(scene, await scene.campaign("meeting_notice"), channel, {member.id: SENT})
    await tell(client, "20001", template="of-another-program")
    assert [words for _, words, _ in await history(client, world, member.id)] == [None, None]
    await tell(client, "20001", at=AT + 1, template="T-meeting")
    assert [words for _, words, _ in await history(client, world, member.id)] == [WORDS, None]


async def test_each_failure_of_one_event_is_counted(client: httpx.AsyncClient, world: World, channel: int) -> None:
    counted = COUNTED.labels("wechat_miniprogram", "failed")
    before = counted._value.get()
    items = [{"TemplateId": f"T-{number}", "ErrorCode": "20001"} for number in range(3)]
    assert (await Platform(client).send(event_of("subscribe_msg_sent_event", List=items))).text == "success"
    assert counted._value.get() - before == 3


async def test_a_family_on_one_phone_and_a_dry_run_are_no_single_message(
    client: httpx.AsyncClient, world: World, scene: Scene, channel: int, member: Person
) -> None:
    dry = await scene.campaign()
    async with transaction(world.service.sessions) as session:
        (await session.get_one(Campaign, dry)).dry_run = True
    await sent_batch(scene, dry, channel, {member.id: SENT})
    await tell(client, "20001")
    assert await history(client, world, member.id) == []
    mother = await world.member(100)
    async with transaction(world.service.sessions) as session:
        binding = (await session.scalars(select(Binding).where(Binding.member_id == member.id))).one()
        now = world.service.clock()
        second = Binding(wechat_user_id=binding.wechat_user_id, member_id=mother, created_at=now)
        session.add(second)
    await sent_batch(scene, await scene.campaign(), channel, {member.id: SENT, mother: SENT})
    await tell(client, "20001", at=AT + 1)
    assert await history(client, world, member.id) == await history(client, world, mother) == [("sent", None, None)]
    async with transaction(world.service.sessions) as session:
        (await session.get_one(Binding, second.id)).ended_at = world.service.clock()
    await tell(client, "20001", at=AT + 2)
    assert await history(client, world, member.id) == [("sent", WORDS, "20001")]
    assert await history(client, world, mother) == [("sent", None, None)]


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
