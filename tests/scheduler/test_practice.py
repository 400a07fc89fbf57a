"""Nothing leaves a practice organisation: not one call goes to a platform for its members."""

import pytest
from sqlalchemy import select, update

from app.db.engine import transaction
from app.directory.models import Organisation
from app.messaging.models import Campaign, DeliveryState
from app.messaging.service import Audience
from app.platforms.models import ConsoleMessage
from scheduler.adapters.registry import load_adapters
from scheduler.choosing import Allowance, Recipient, choose
from scheduler.planner import plan_announced
from scheduler.sender import send_next
from tests.scheduler.fakes.process import APPID, SECRET, SEND, TOKEN, FakeWechat
from tests.scheduler.scene import CONFIG, Scene
from tests.scheduler.scripted import Scripted
from tests.scheduler.test_planner import candidate


async def practising(scene: Scene) -> None:
    """Makes branch 100 a practice organisation."""
    async with transaction(scene.service.sessions) as session:
        await session.execute(update(Organisation).where(Organisation.id == 100).values(practice=True))


async def announced_by(scene: Scene, organisation_id: int, path: str, kind: str = "weekly_issue") -> int:
    campaign_id = await scene.campaign(kind, state="planning", audience=Audience(path=path))
    async with transaction(scene.service.sessions) as session:
        (await session.get_one(Campaign, campaign_id)).organisation_id = organisation_id
    return campaign_id


async def follower(scene: Scene, wechat: FakeWechat, phone: str, organisation_id: int) -> int:
    """A member bound to the fake's mini-program, who has accepted a message."""
    openid = await wechat.accept(phone)
    return await scene.follower(openid, organisation_id=organisation_id, appid=APPID)


async def deliver(scene: Scene, wechat: FakeWechat) -> None:
    """Plans and sends all that there is."""
    await plan_announced(scene.service.sessions, load_adapters(), scene.service.clock())
    sender = scene.real_sender(wechat.base)
    while await send_next(sender, scene.stopping):
        pass


async def inbox(scene: Scene) -> list[int]:
    async with scene.service.sessions() as session:
        return list(await session.scalars(select(ConsoleMessage.member_id).order_by(ConsoleMessage.member_id)))


@pytest.mark.parametrize("kind", ["weekly_issue", "meeting_notice"])
async def test_not_one_call_is_made_for_who_practises_and_the_console_has_their_message(
    scene: Scene, wechat: FakeWechat, kind: str
) -> None:
    await scene.channel("wechat_miniprogram", account=APPID, secret=SECRET, config=dict(CONFIG))
    await scene.channel("console", 100)
    member = await follower(scene, wechat, "phone-1", 100)
    await practising(scene)
    await announced_by(scene, 100, "/1/10/100/", kind)
    await deliver(scene, wechat)
    assert await inbox(scene) == [member]
    assert await wechat.sent() == []
    assert (await wechat.count(SEND), await wechat.count(TOKEN)) == (0, 0)


async def test_the_same_member_would_be_sent_to_if_it_were_no_practice(scene: Scene, wechat: FakeWechat) -> None:
    await scene.channel("wechat_miniprogram", account=APPID, secret=SECRET, config=dict(CONFIG))
    await scene.channel("console", 100)
    await follower(scene, wechat, "phone-1", 100)
    await announced_by(scene, 100, "/1/10/100/")
    await deliver(scene, wechat)
    assert (len(await wechat.sent()), await inbox(scene)) == (1, [])


async def test_what_a_real_organisation_announces_is_for_real_people_and_counted_for_them(
    scene: Scene, wechat: FakeWechat
) -> None:
    await scene.channel("console", 1)
    real = await scene.world.member(101)
    await scene.world.member(100)
    await practising(scene)
    campaign_id = await announced_by(scene, 1, "/1/")
    await deliver(scene, wechat)
    assert await inbox(scene) == [real]
    async with scene.service.sessions() as session:
        campaign = await session.get_one(Campaign, campaign_id)
        assert (campaign.recipients, campaign.unreachable) == (1, 0)


async def test_a_batch_that_was_planned_all_the_same_is_not_sent(scene: Scene, wechat: FakeWechat) -> None:
    channel_id = await scene.channel("wechat_miniprogram", account=APPID, secret=SECRET, config=dict(CONFIG))
    member = await follower(scene, wechat, "phone-1", 100)
    await practising(scene)
    batch_id = await scene.batch(await scene.campaign(), channel_id, [member])
    assert await send_next(scene.real_sender(wechat.base), scene.stopping)
    assert await scene.states(batch_id) == [DeliveryState.FAILED]
    assert await wechat.count(SEND) == 0


async def test_whoever_takes_the_consent_back_gets_nothing_that_was_planned_before(scene: Scene) -> None:
    adapter = Scripted(outside=True)
    channel_id = await scene.channel()
    willing, silent = await scene.world.member(100), await scene.world.member(100, consent_version=None)
    batch_id = await scene.batch(await scene.campaign(), channel_id, [willing, silent])
    assert await scene.send(adapter)
    assert adapter.members == [willing]
    assert await scene.states(batch_id) == [DeliveryState.SENT, DeliveryState.FAILED]
    assert (await scene.notes(batch_id))[silent][0] == "not_consented"


@pytest.mark.parametrize("adapter", ["wechat_miniprogram", "gateway"])
def test_only_what_stays_inside_is_chosen_for_who_practises(adapter: str) -> None:
    practises = Recipient(1, "/1/10/100/", "Asia/Shanghai", 5, "wx-test", True, practice=True)
    outside, console = candidate(1, 100, adapter), candidate(2, 1)
    balances: dict[Allowance, int] = {(5, "t"): 1}
    assert choose(practises, [outside], balances) is None
    assert choose(practises, [outside, console], balances) is console
    assert (
        choose(Recipient(1, "/1/10/100/", "Asia/Shanghai", 5, "wx-test", True), [outside, console], balances) is outside
    )
