"""Planning looks up what each kind of channel needs, for a page of members at once, and names those none reaches."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import Engine, event, select, text

from app.db.engine import transaction
from app.directory.models import Binding, WechatUser
from app.messaging.models import Campaign, DeliveryState, Unreached
from app.messaging.service import Audience
from app.platforms.models import ChannelAddress
from scheduler.adapters.base import AdapterKind
from scheduler.adapters.console import CONSOLE
from scheduler.planner import plan_announced
from tests.conftest import MovableClock
from tests.scheduler.scene import CONFIG, Scene
from tests.scheduler.scripted import Scripted
from tests.world import APPID

BUILD = Scripted().build
KINDS = {
    "console": CONSOLE,
    "sms": AdapterKind(BUILD, address="phone"),
    "wecom": AdapterKind(BUILD, address="channel"),
    "service": AdapterKind(BUILD, address="unionid", templated=True),
}
# A campaign, its announcer, a page, channels, what each kind of channel needs, settings, the last number, the list.
STATEMENTS_A_PAGE = 14


async def plan(
    scene: Scene,
    kind: str = "weekly_issue",
    *,
    page: int = 2000,
    dry_run: bool = False,
    expires_in: timedelta = timedelta(days=6),
) -> int:
    campaign_id = await scene.campaign(kind, state="planning", audience=Audience("/1/"), expires_in=expires_in)
    async with transaction(scene.service.sessions) as session:
        (await session.get_one(Campaign, campaign_id)).dry_run = dry_run
    await plan_announced(scene.service.sessions, KINDS, scene.service.clock(), page=page)
    return campaign_id


async def told(scene: Scene, campaign_id: int) -> dict[int, list[int]]:
    return {row.channel_id: row.members for row in await scene.batches(campaign_id)}


async def unreached(scene: Scene) -> dict[int, str]:
    async with transaction(scene.service.sessions) as session:
        return {row.member_id: row.reason for row in await session.scalars(select(Unreached))}


async def test_each_channel_gets_those_whom_it_knows_and_the_list_the_others(scene: Scene) -> None:
    sms, wecom = await scene.channel("sms", 100), await scene.channel("wecom", 10)
    service = await scene.channel("service", 1, account="wx-service", config=dict(CONFIG))
    phone = await scene.world.member(100, phone_cipher=b"x")
    colleague, follower = await scene.world.member(100), await scene.follower("o-1")
    nobody, silent = await scene.world.member(100), await scene.world.member(100, consent_version=None)
    now = scene.service.clock()
    async with transaction(scene.service.sessions) as session:
        session.add(ChannelAddress(channel_id=wecom, member_id=colleague, cipher=b"x", created_at=now))
        binding = await session.scalar(select(Binding).where(Binding.member_id == follower))
        assert binding is not None
        (await session.get_one(WechatUser, binding.wechat_user_id)).unionid = "u-1"
        session.add(WechatUser(appid="wx-service", openid="s-1", unionid="u-1", created_at=now))
        session.add(WechatUser(appid="wx-elsewhere", openid="e-1", unionid="u-1", created_at=now))
    assert await told(scene, await plan(scene)) == {sms: [phone], wecom: [colleague], service: [follower]}
    assert await unreached(scene) == {nobody: "no_phone", silent: "not_bound"}
    await scene.change_channel(service, config={})
    await plan(scene)
    assert set(await unreached(scene)) == {nobody, silent, follower}


async def test_the_wanted_channel_comes_first(scene: Scene) -> None:
    sms, wecom = await scene.channel("sms", 100), await scene.channel("wecom", 1)
    members = [
        await scene.world.member(100, phone_cipher=b"x", channels_wanted=wanted)
        for wanted in ([], ["wecom", "sms"], ["pigeon", "sms"])
    ]
    async with transaction(scene.service.sessions) as session:
        for member in members:
            session.add(
                ChannelAddress(channel_id=wecom, member_id=member, cipher=b"x", created_at=scene.service.clock())
            )
    assert await told(scene, await plan(scene)) == {sms: [members[0], members[2]], wecom: [members[1]]}


async def test_those_in_a_batch_have_one_night_of_their_own(scene: Scene) -> None:
    await scene.channel("console")
    nights = [(None, None), ("20:00", None), ("20:00", "09:00"), (None, None), ("20:00", None)]
    members = [await scene.world.member(100, quiet_from=begins, quiet_until=ends) for begins, ends in nights]
    found = {(row.quiet_from, row.quiet_until): row.members for row in await scene.batches(await plan(scene))}
    assert found == {
        (None, None): [members[0], members[3]],
        ("20:00", None): [members[1], members[4]],
        ("20:00", "09:00"): [members[2]],
    }


async def test_a_meeting_does_not_wait_in_ones_own_night_until_it_is_over(scene: Scene, clock: MovableClock) -> None:
    await scene.channel("console")
    await scene.world.member(100, quiet_from="15:00", quiet_until="12:00")
    clock.move(hours=7)  # 17:00 in Shanghai
    soon, later = timedelta(hours=16), timedelta(hours=24)
    for kind, life, own in (
        ("meeting_notice", soon, (None, None)),
        ("meeting_notice", later, ("15:00", "12:00")),
        ("weekly_issue", soon, ("15:00", "12:00")),
    ):
        (row,) = await scene.batches(await plan(scene, kind, expires_in=life))
        assert (row.quiet_from, row.quiet_until) == own


async def test_a_channel_that_rests_longer_than_the_campaign_lasts_is_passed_over(scene: Scene) -> None:
    resting = await scene.channel("sms", 100, rests_until=scene.service.clock() + timedelta(hours=8))
    console = await scene.channel("console")
    member = await scene.world.member(100, phone_cipher=b"x")
    assert await told(scene, await plan(scene, expires_in=timedelta(hours=8))) == {console: [member]}
    assert await told(scene, await plan(scene, expires_in=timedelta(hours=9))) == {resting: [member]}


async def test_a_dry_run_sends_nothing_and_puts_nobody_on_the_list(scene: Scene) -> None:
    console = await scene.channel("console", 10)
    member = await scene.world.member(100)
    await scene.world.member(110)
    (row,) = await scene.batches(await plan(scene, dry_run=True))
    assert (row.channel_id, row.members, list(row.states)) == (console, [member], [DeliveryState.PENDING])
    assert row.done_at == scene.service.clock()
    assert await unreached(scene) == {}


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements that are run meanwhile."""
    seen: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


async def test_a_page_takes_a_handful_of_statements_however_many_are_on_it(scene: Scene) -> None:
    for adapter in KINDS:
        await scene.channel(adapter, 1, account=adapter, config=dict(CONFIG))
    async with transaction(scene.service.sessions) as session:
        await session.execute(
            text(
                "INSERT INTO members (organisation_id, name, stage, roster, created_at, consent_version, phone_cipher)"
                " SELECT 100 + i % 2, 'x', 'full_member', 'in_service', now(), 'none',"
                " CASE WHEN i % 3 = 0 THEN 'x'::bytea END"
                " FROM generate_series(1, 600) i"
            )
        )
    await scene.follower("o-1", appid=APPID)
    taken = []
    for page in (50, 400):
        campaign_id = await scene.campaign(state="planning", audience=Audience("/1/"))
        with counted() as seen:
            pages = await plan_announced(scene.service.sessions, KINDS, scene.service.clock(), page=page)
        assert sum(len(row.members) for row in await scene.batches(campaign_id)) == 601
        taken.append(len(seen) / pages)
    assert max(taken) <= STATEMENTS_A_PAGE
