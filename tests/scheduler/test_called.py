"""The fake WeChat calls a served API: taps, refusals and followers arrive, and what is sent never exceeds them."""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta

import httpx
import pytest
import uvicorn
from sqlalchemy import select

from app.db.engine import transaction
from app.directory.models import Binding, WechatUser
from app.messaging.callbacks.not_shown import COUNTED
from app.messaging.callbacks.settings import set_callback
from app.messaging.models import DeliveryState, SubscriptionBalance
from app.messaging.schemas import CallbackFields
from app.platforms.models import Channel
from scheduler.followers import name_followers
from scheduler.sender import send_next
from tests.conftest import MovableClock
from tests.scheduler.fakes.process import APPID, SECRET, SEND, TEMPLATE, FakeWechat
from tests.scheduler.scene import CONFIG, Scene

TOKEN, KEY = "token2026", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
ACCOUNT = "wx-service-account"
USER_INFO = "/cgi-bin/user/info"


@pytest.fixture
async def api(client: httpx.AsyncClient) -> AsyncIterator[str]:
    """The application behind `client`, on a port of its own, which the fake can call."""
    app = client._transport.app  # type: ignore[attr-defined] # the one that all tests share
    config = uvicorn.Config(app, port=0, log_level="warning", access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    host, port = server.servers[0].sockets[0].getsockname()[:2]
    yield f"http://{host}:{port}"
    server.should_exit = True
    await serving


async def called_channel(scene: Scene, url: str, wechat: FakeWechat, mode: str = "safe", **more: object) -> int:
    """The channel of the fake's mini-program, called by it; `more` is the fake's."""
    id_ = await scene.channel("wechat_miniprogram", account=APPID, secret=SECRET, config=dict(CONFIG))
    await set_up_calls(scene, id_, mode)
    await wechat.call(f"{url}/api/v1/callbacks/wechat/{APPID}", token=TOKEN, key=KEY, mode=mode, **more)
    return id_


async def set_up_calls(scene: Scene, channel_id: int, mode: str = "safe") -> None:
    fields = CallbackFields.model_validate({"callback_token": TOKEN, "callback_key": KEY, "callback_mode": mode})
    async with transaction(scene.service.sessions) as session:
        set_callback(scene.service.vault, await session.get_one(Channel, channel_id), fields)


async def ledger(scene: Scene) -> dict[str, int]:
    """Balances by openid."""
    async with transaction(scene.service.sessions) as session:
        rows = await session.execute(
            select(WechatUser.openid, SubscriptionBalance.balance)
            .join(WechatUser, WechatUser.id == SubscriptionBalance.wechat_user_id)
            .where(SubscriptionBalance.template == TEMPLATE)
        )
        return dict(rows.all())


@pytest.mark.parametrize("form", ["xml", "json"])
@pytest.mark.parametrize("mode", ["safe", "compatible", "plain"])
async def test_each_tap_is_counted_once_though_answers_are_lost(
    scene: Scene, wechat: FakeWechat, api: str, mode: str, form: str
) -> None:
    await called_channel(scene, api, wechat, mode, form=form, lost=2)
    openid = await wechat.accept("one", times=3)
    assert await ledger(scene) == await wechat.balances() == {openid: 3}
    await wechat.reject("one", settings=True)
    assert await ledger(scene) == {openid: 0}
    await wechat.accept("one")
    await wechat.reject("one")
    assert await ledger(scene) == {openid: 0}


@pytest.mark.parametrize("form", ["xml", "json"])
@pytest.mark.parametrize("mode", ["safe", "compatible", "plain"])
async def test_what_became_of_each_message_is_told_again_until_it_is_answered_and_taken_in_once(
    scene: Scene, wechat: FakeWechat, api: str, mode: str, form: str
) -> None:
    channel_id = await called_channel(scene, api, wechat, mode, form=form)
    openid = await wechat.accept("one", times=4)
    members = await bound(scene, [openid])
    await wechat.call(f"{api}/api/v1/callbacks/wechat/{APPID}", token=TOKEN, key=KEY, mode=mode, form=form, lost=2)
    await wechat.order("results", appid=APPID, results=["0", "20001", "43101"])
    counted = [COUNTED.labels("wechat_miniprogram", reason) for reason in ("failed", "refused")]
    before = [each._value.get() for each in counted]
    left = []
    for _ in range(3):
        await scene.batch(await scene.campaign(), channel_id, members)
        await send_next(scene.real_sender(wechat.base), scene.stopping)
        tries = await wechat.results()
        left.append((await ledger(scene))[openid])
    # What has failed used its subscription up as well, and who refuses has none left.
    assert left == [3, 2, 0]
    assert await wechat.balances() == {openid: 0}
    assert tries == [3, 1, 1]
    assert [each._value.get() - old for each, old in zip(counted, before, strict=True)] == [1, 1]


async def bound(scene: Scene, openids: list[str]) -> list[int]:
    """A member for each WeChat user that the calls have made known."""
    members = [await scene.world.member(100) for _ in openids]
    async with transaction(scene.service.sessions) as session:
        for member, openid in zip(members, openids, strict=True):
            user = (await session.scalars(select(WechatUser.id).where(WechatUser.openid == openid))).one()
            session.add(Binding(wechat_user_id=user, member_id=member, created_at=scene.service.clock()))
    return members


async def run(scene: Scene, wechat: FakeWechat, url: str, *, refusing: bool) -> None:
    """Six people tap while two senders send them ten campaigns."""
    channel_id = await called_channel(scene, url, wechat, lost=12)
    phones = [f"phone-{number}" for number in range(6)]
    members = await bound(scene, [await wechat.accept(phone) for phone in phones])
    batches = [await scene.batch(await scene.campaign(), channel_id, members) for _ in range(10)]
    chosen = random.Random(7)

    async def tap(phone: str) -> None:
        for _ in range(6):
            if refusing and chosen.random() < 0.3:
                await wechat.reject(phone)
                await arrived(phones.index(phone))
            else:
                await wechat.accept(phone)

    async def arrived(position: int) -> None:
        """What was on its way when a member refused would use up their next tap, of which the ledger learns later."""
        for batch in batches:
            while (await scene.states(batch))[position] == DeliveryState.SENDING:
                await asyncio.sleep(0.01)

    async def send() -> None:
        while await send_next(scene.real_sender(wechat.base), scene.stopping):
            await asyncio.sleep(0.01)

    # A group, so that one who fails ends the others: what a dead sender has marked would be waited for without end.
    async with asyncio.TaskGroup() as together:
        for each in (*map(tap, phones), send(), send()):
            together.create_task(each)
    await send()
    assert all(await wechat.results())


async def test_no_message_is_sent_without_a_balance_while_members_go_on_tapping(
    scene: Scene, wechat: FakeWechat, api: str
) -> None:
    await run(scene, wechat, api, refusing=False)
    # WeChat has refused none: each call was of somebody who had a message left.
    assert await wechat.count(SEND) == len(await wechat.sent()) > 0
    assert await ledger(scene) == await wechat.balances()
    assert sum((await wechat.balances()).values()) + len(await wechat.sent()) == 6 * 7


async def test_the_ledger_is_never_above_what_wechat_counts_when_members_refuse_as_well(
    scene: Scene, wechat: FakeWechat, api: str
) -> None:
    await run(scene, wechat, api, refusing=True)
    theirs = await wechat.balances()
    assert all(balance <= theirs[openid] for openid, balance in (await ledger(scene)).items())


async def test_who_follows_is_named_and_who_leaves_is_forgotten(scene: Scene, wechat: FakeWechat, api: str) -> None:
    await wechat.order("apps", appid=ACCOUNT, secret=SECRET, templates={}, service=True)
    id_ = await scene.channel("wechat_service_account", account=ACCOUNT, secret=SECRET)
    await set_up_calls(scene, id_)
    settings = scene.service.settings.model_copy(update={"wechat_api": wechat.base})
    service = replace(scene.service, settings=settings)

    async def known() -> dict[str, str | None]:
        async with transaction(service.sessions) as session:
            rows = await session.scalars(select(WechatUser).where(WechatUser.appid == ACCOUNT))
            return {row.openid: row.unionid for row in rows}

    await wechat.call(f"{api}/callbacks/wechat/{ACCOUNT}", appid=ACCOUNT, token=TOKEN, key=KEY, lost=1)
    follow = {"appid": ACCOUNT, "phone": "one", "unionid": "u-1"}
    openid = (await wechat.order("follow", **follow))["openid"]
    await wechat.order("follow", appid=ACCOUNT, phone="without")
    assert set((await known()).values()) == {None}
    rests: dict[int, datetime] = {}
    await wechat.fail(USER_INFO, "errcode", errcode=-1)
    assert await name_followers(service, rests) == 0
    assert len(await known()) == 2
    await wechat.fail(USER_INFO, "errcode", errcode=46004)
    assert await name_followers(service, rests) == 0
    assert await known() == {openid: None}
    assert await name_followers(service, rests) == 1
    assert await known() == {openid: "u-1"}
    await wechat.order("unfollow", **follow)
    assert await known() == {}
    await wechat.order("follow", **follow)
    assert await name_followers(service, rests) == 1
    assert await known() == {openid: "u-1"}
    assert await name_followers(service, rests) == 0


async def test_a_spent_quota_of_questions_is_not_asked_again_before_the_next_day(
    scene: Scene, wechat: FakeWechat, clock: MovableClock
) -> None:
    await wechat.order("apps", appid=ACCOUNT, secret=SECRET, templates={}, service=True)
    await scene.channel("wechat_service_account", account=ACCOUNT, secret=SECRET)
    settings = scene.service.settings.model_copy(update={"wechat_api": wechat.base})
    service = replace(scene.service, settings=settings)
    openid = (await wechat.order("follow", appid=ACCOUNT, phone="one", unionid="u-1"))["openid"]
    async with transaction(service.sessions) as session:
        session.add(WechatUser(appid=ACCOUNT, openid=openid, created_at=service.clock()))
    rests: dict[int, datetime] = {}
    await wechat.fail(USER_INFO, "errcode", errcode=45009)
    for _ in range(3):
        assert await name_followers(service, rests) == 0
    assert await wechat.count(USER_INFO) == 1
    clock.now += timedelta(days=1)
    assert await name_followers(service, rests) == 1
