"""Where a member is reached, by the kind of address of a platform, and why not."""

from sqlalchemy import update

from app.db.engine import transaction
from app.directory.models import Member, WechatUser
from app.platforms.models import Channel, ChannelAddress
from scheduler import addresses
from scheduler.adapters.base import AdapterKind
from scheduler.adapters.base import Address as Kind
from scheduler.addresses import Address, Found
from tests.scheduler.scene import Scene
from tests.scheduler.scripted import Scripted
from tests.scheduler.test_practice import practising
from tests.world import APPID


async def find(scene: Scene, channel_id: int, kind: Kind, members: list[int], *, outside: bool = True) -> Found:
    async with transaction(scene.service.sessions) as session:
        channel = await session.get_one(Channel, channel_id)
        what = AdapterKind(Scripted().build, address=kind, outside=outside)
        return await addresses.find(session, scene.service.vault, channel, what, members)


def text(found: Address | str) -> str:
    """What the envelope would be addressed to."""
    assert isinstance(found, Address)
    return found.text


async def give_phone(scene: Scene, member_id: int, phone: str) -> None:
    async with transaction(scene.service.sessions) as session:
        row = await session.get_one(Member, member_id)
        row.phone_cipher = scene.service.vault.encrypt(phone, f"members:{member_id}:phone")


async def test_the_openid_at_the_channels_mini_program(scene: Scene) -> None:
    channel_id = await scene.channel(account=APPID)
    bound, elsewhere = await scene.follower("o-1"), await scene.follower("o-2", appid="wx-other")
    nobody = await scene.world.member(100)
    found = await find(scene, channel_id, "wechat", [bound, elsewhere, nobody])
    assert (text(found[bound]), found[elsewhere], found[nobody]) == ("o-1", "not_bound", "not_bound")


async def test_the_openid_at_the_channels_account_of_who_has_the_same_unionid(scene: Scene) -> None:
    channel_id = await scene.channel(account="wx-service")
    known, stranger = await scene.follower("o-1"), await scene.follower("o-2")
    async with transaction(scene.service.sessions) as session:
        for openid, unionid in (("o-1", "u-1"), ("o-2", "u-2")):
            await session.execute(update(WechatUser).where(WechatUser.openid == openid).values(unionid=unionid))
        session.add(WechatUser(appid="wx-service", openid="s-1", unionid="u-1", created_at=scene.service.clock()))
        session.add(WechatUser(appid="wx-third", openid="t-2", unionid="u-2", created_at=scene.service.clock()))
    found = await find(scene, channel_id, "unionid", [known, stranger])
    assert (text(found[known]), found[stranger]) == ("s-1", "no_address")


async def test_a_phone_number_is_opened_for_who_consents_and_has_one(scene: Scene) -> None:
    channel_id = await scene.channel()
    reached, without = await scene.world.member(100), await scene.world.member(100)
    silent = await scene.world.member(100, consent_version=None)
    for member_id in (reached, silent):
        await give_phone(scene, member_id, "13800000001")
    assert await find(scene, channel_id, "phone", [reached, without, silent]) == {
        reached: Address("13800000001"),
        without: "no_phone",
        silent: "not_consented",
    }
    await practising(scene)
    assert await find(scene, channel_id, "phone", [reached]) == {reached: "not_consented"}


async def test_an_id_that_was_registered_for_the_channel_is_opened(scene: Scene) -> None:
    channel_id, other = await scene.channel(), await scene.channel(organisation_id=10)
    here, there = await scene.world.member(100), await scene.world.member(100)
    async with transaction(scene.service.sessions) as session:
        for channel, member in ((channel_id, here), (other, there)):
            place = f"channel_addresses:{channel}:{member}:address"
            cipher = scene.service.vault.encrypt(f"user-{member}", place)
            session.add(
                ChannelAddress(channel_id=channel, member_id=member, cipher=cipher, created_at=scene.service.clock())
            )
    found = await find(scene, channel_id, "channel", [here, there])
    assert found == {here: Address(f"user-{here}"), there: "no_address"}


async def test_a_gateway_that_knows_members_by_their_number_needs_only_their_consent(scene: Scene) -> None:
    channel_id = await scene.channel()
    willing, silent = await scene.world.member(100), await scene.world.member(100, consent_version=None)
    nobody = addresses.NOBODY
    assert await find(scene, channel_id, "member", [willing, silent]) == {willing: nobody, silent: "not_consented"}
    inside = await find(scene, channel_id, "member", [willing, silent], outside=False)
    assert inside == {willing: nobody, silent: nobody}
