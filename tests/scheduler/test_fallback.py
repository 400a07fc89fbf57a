"""What one channel cannot deliver goes to the member's next, each at most once, and the ledger shows why."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.db.engine import transaction
from app.messaging.models import DeliveryState, Unreached
from scheduler import claims, fallback
from scheduler.adapters.base import AdapterKind, Outcome, Status
from scheduler.adapters.console import CONSOLE
from scheduler.claims import Claim, Note
from scheduler.unreached import clear_reached, note_unreached
from tests.scheduler.scene import Scene
from tests.scheduler.scripted import Scripted

KINDS: Mapping[str, AdapterKind] = {
    "console": CONSOLE,
    "first": Scripted().kind,
    "second": Scripted().kind,
    "third": Scripted().kind,
}
LEASE = timedelta(minutes=1)


async def take(scene: Scene) -> Claim:
    claim = await claims.claim_batch(scene.service.sessions, "a sender", list(KINDS), scene.service.clock(), LEASE)
    assert claim is not None
    return claim


async def hand_on(scene: Scene, claim: Claim, reasons: Mapping[int, str], *, pause: float = 0) -> set[int]:
    """What a sender's record does: passes on, then saves with a note each."""
    now = scene.service.clock()
    async with transaction(scene.service.sessions) as session:
        passed = await fallback.pass_on(session, claim, reasons, KINDS, now)
        await asyncio.sleep(pause)
        await claims.save(session, claim, [Note(at, reason) for at, reason in reasons.items()], now)
    return passed


async def unreached(scene: Scene) -> dict[int, tuple[int, str]]:
    async with transaction(scene.service.sessions) as session:
        return {row.member_id: (row.campaign_id, row.reason) for row in await session.scalars(select(Unreached))}


async def people(scene: Scene, count: int) -> list[int]:
    return [await scene.world.member(100) for _ in range(count)]


async def test_who_is_not_reached_here_is_told_by_the_next_channel_and_the_ledger_says_why(scene: Scene) -> None:
    first, second = await scene.channel("first", 10), await scene.channel("second", 1)
    members = await people(scene, 3)
    campaign_id = await scene.campaign()
    batch_id = await scene.batch(campaign_id, first, members)
    assert await hand_on(scene, await take(scene), {0: "not_bound", 2: "unreachable"}) == {0, 2}
    pending, passed = DeliveryState.PENDING, DeliveryState.PASSED_ON
    assert await scene.states(batch_id) == [passed, pending, passed]
    assert await scene.notes(batch_id) == {
        members[0]: ("not_bound", None, 1),
        members[2]: ("unreachable", None, 1),
    }
    _, added = await scene.batches(campaign_id)
    assert (added.number, added.channel_id, added.members) == (2, second, [members[0], members[2]])
    assert (list(added.states), added.done_at) == ([pending, pending], None)
    assert await unreached(scene) == {}


async def test_each_channel_is_tried_once_and_who_has_none_left_is_on_the_list(scene: Scene) -> None:
    channel_id, *_ = [await scene.channel(adapter) for adapter in ("first", "second", "third")]
    (member,) = await people(scene, 1)
    campaign_id = await scene.campaign()
    await scene.batch(campaign_id, channel_id, [member])
    for passed in ({0}, {0}, set()):
        claim = await take(scene)
        assert await hand_on(scene, claim, {0: "unreachable"}) == passed
        await claims.release(scene.service.sessions, claim, scene.service.clock())
    rows = await scene.batches(campaign_id)
    assert len({row.channel_id for row in rows}) == len(rows) == 3
    assert [list(row.states) for row in rows] == [[DeliveryState.PASSED_ON]] * 2 + [[DeliveryState.FAILED]]
    assert await unreached(scene) == {member: (campaign_id, "unreachable")}
    assert await scene.campaign_state(campaign_id) == "done"


async def test_what_may_have_arrived_is_not_sent_by_another_channel(scene: Scene) -> None:
    first = await scene.channel("first")
    await scene.channel("second")
    campaign_id = await scene.campaign()
    batch_id = await scene.batch(campaign_id, first, await people(scene, 1))
    claim = await take(scene)
    claim.ambiguous.add(0)
    assert await hand_on(scene, claim, {0: "no_subscription"}) == set()
    assert await scene.states(batch_id) == [DeliveryState.UNKNOWN]
    assert len(await scene.batches(campaign_id)) == 1
    assert await unreached(scene) == {}


async def test_who_has_left_meanwhile_is_passed_to_nobody(scene: Scene) -> None:
    first = await scene.channel("first")
    await scene.channel("second")
    gone = await scene.world.member(100, archived_at=scene.service.clock())
    batch_id = await scene.batch(await scene.campaign(), first, [gone])
    assert await hand_on(scene, await take(scene), {0: "not_bound"}) == set()
    assert await scene.states(batch_id) == [DeliveryState.FAILED]
    assert await unreached(scene) == {}


async def test_an_owner_who_lost_the_batch_passes_nothing_on(scene: Scene) -> None:
    first = await scene.channel("first")
    await scene.channel("second")
    campaign_id = await scene.campaign()
    await scene.batch(campaign_id, first, await people(scene, 1))
    claim = await take(scene)
    claim.fence -= 1
    with pytest.raises(claims.LostClaim):
        await hand_on(scene, claim, {0: "not_bound"})
    assert len(await scene.batches(campaign_id)) == 1


async def test_two_senders_pass_on_and_release_in_one_campaign_without_a_clash(scene: Scene) -> None:
    first = await scene.channel("first", 10)
    await scene.channel("second")
    members = await people(scene, 12)
    campaign_id = await scene.campaign()
    for number in range(4):
        await scene.batch(campaign_id, first, members[number * 3 : number * 3 + 3], number + 1)
    held = [await take(scene) for _ in range(4)]

    async def work(claim: Claim) -> None:
        for position in range(3):
            await hand_on(scene, claim, {position: "unreachable"}, pause=0.01)
        await claims.release(scene.service.sessions, claim, scene.service.clock())

    await asyncio.wait_for(asyncio.gather(*map(work, held)), 30)
    rows = await scene.batches(campaign_id)
    assert [row.number for row in rows] == list(range(1, 17))
    assert sorted(member for row in rows[4:] for member in row.members) == members
    assert await scene.campaign_state(campaign_id) == "sending"


async def test_who_is_reached_leaves_the_list_and_the_others_stay(scene: Scene) -> None:
    first = await scene.channel("first")
    members = await people(scene, 3)
    earlier, campaign_id = await scene.campaign(), await scene.campaign()
    await scene.batch(campaign_id, first, members[:2])
    async with transaction(scene.service.sessions) as session:
        await note_unreached(session, earlier, dict.fromkeys(members, "not_bound"), scene.service.clock())
    claim = await take(scene)
    claim.states[:] = bytes([DeliveryState.SENT, DeliveryState.FAILED])
    async with transaction(scene.service.sessions) as session:
        await clear_reached(session, members[:1])
        await note_unreached(session, campaign_id, {members[1]: "no_phone"}, scene.service.clock())
    assert await unreached(scene) == {members[1]: (campaign_id, "no_phone"), members[2]: (earlier, "not_bound")}


@pytest.mark.parametrize(
    ("outcome", "passable"),
    [
        (Outcome(Status.UNREACHABLE), True),
        (Outcome(Status.FAILED, "43101", subscription_spent=True), True),
        (Outcome(Status.FAILED, "87014"), False),
        (Outcome(Status.RETRY), False),
        (Outcome(Status.UNKNOWN), False),
        (Outcome(Status.SENT), False),
    ],
)
def test_only_what_another_channel_may_do_is_passed_on(outcome: Outcome, passable: bool) -> None:
    assert fallback.is_passable(outcome) is passable
