"""A campaign is held, goes on where it was, or ends; what was sent stays as it is."""

from collections.abc import Sequence

import httpx
import pytest
from sqlalchemy import select, update

from app.access.models import AuditEntry
from app.db.engine import transaction
from app.messaging.models import Batch, Campaign, DeliveryState
from app.messaging.service import Audience
from app.resources import Service
from scheduler.adapters.base import Envelope
from scheduler.ending import end_what_is_over
from scheduler.planner import plan_announced
from tests.app.messaging.sent import sent_batch, states_of
from tests.conftest import MovableClock
from tests.scheduler.scene import CALLS, Scene
from tests.scheduler.scripted import Scripted
from tests.world import Person, World

PENDING, SENDING, SENT, UNKNOWN, EXPIRED = (
    DeliveryState.PENDING,
    DeliveryState.SENDING,
    DeliveryState.SENT,
    DeliveryState.UNKNOWN,
    DeliveryState.EXPIRED,
)


@pytest.fixture
async def admin(world: World) -> Person:
    """An administrator of the committee."""
    return await world.staff(("administrator", 1))


async def steer(client: httpx.AsyncClient, who: Person, campaign_id: int, what: str) -> httpx.Response:
    return await client.post(f"/campaigns/{campaign_id}/{what}", headers=who.auth)


async def audited(service: Service) -> list[str]:
    async with transaction(service.sessions) as session:
        entries = select(AuditEntry.action).where(AuditEntry.object_type == "campaign").order_by(AuditEntry.id)
        return list(await session.scalars(entries))


async def test_a_paused_campaign_is_left_alone_and_goes_on_where_it_was(
    client: httpx.AsyncClient, scene: Scene, admin: Person, service: Service
) -> None:
    batch_id = await scene.ready()
    campaign_id = (await scene.row(batch_id)).campaign_id
    paused = await steer(client, admin, campaign_id, "pause")
    assert (paused.json()["state"], paused.json()["remaining_seconds"]) == ("paused", None)
    adapter = Scripted()
    assert await scene.send(adapter) is False
    assert (await steer(client, admin, campaign_id, "resume")).json()["state"] == "sending"
    assert await scene.send(adapter) is True
    assert adapter.members == [1, 2, 3]
    assert await audited(service) == ["campaign.paused", "campaign.resumed"]


async def test_references_that_were_forgotten_during_a_pause_are_brought_again(
    client: httpx.AsyncClient, scene: Scene, admin: Person, service: Service, clock: MovableClock
) -> None:
    batch_id = await scene.ready()
    campaign_id = (await scene.row(batch_id)).campaign_id
    other = await scene.batch(await scene.campaign(), await scene.channel(organisation_id=10), [1])
    async with transaction(service.sessions) as session:
        await session.execute(update(Batch).values(published_at=clock()))
    await steer(client, admin, campaign_id, "pause")
    await steer(client, admin, campaign_id, "resume")
    assert (await scene.row(batch_id)).published_at is None
    assert (await scene.row(other)).published_at == clock()


async def test_a_sender_stops_after_what_it_has_in_hand(client: httpx.AsyncClient, scene: Scene, admin: Person) -> None:
    batch_id = await scene.ready(CALLS + 10)
    campaign_id = (await scene.row(batch_id)).campaign_id

    async def pause(envelopes: Sequence[Envelope]) -> None:
        await steer(client, admin, campaign_id, "pause")

    adapter = Scripted(during=pause)
    assert await scene.send(adapter) is True
    assert await scene.states(batch_id) == [SENT] * CALLS + [PENDING] * 10
    assert (await scene.row(batch_id)).claimed_until is None
    assert await scene.send(adapter) is False
    await steer(client, admin, campaign_id, "resume")
    await scene.send(Scripted())
    assert await scene.states(batch_id) == [SENT] * (CALLS + 10)


async def test_the_same_again_changes_nothing_and_is_on_record_once(
    client: httpx.AsyncClient, scene: Scene, admin: Person, service: Service, clock: MovableClock
) -> None:
    batch_id = await scene.ready()
    campaign_id = (await scene.row(batch_id)).campaign_id
    for what in ("resume", "pause", "pause", "resume", "cancellation", "cancellation"):
        answer = await steer(client, admin, campaign_id, what)
        assert answer.status_code == 200, answer.text
        clock.move(seconds=1)
    assert await audited(service) == ["campaign.paused", "campaign.resumed", "campaign.cancelled"]
    assert answer.json()["cancelled_at"] == "2026-11-16T02:00:04Z"


async def test_a_cancelled_campaign_ends_by_itself_also_on_a_channel_that_stands_still(
    client: httpx.AsyncClient, scene: Scene, admin: Person, service: Service, clock: MovableClock
) -> None:
    campaign_id = await scene.campaign()
    stopped = await scene.channel(stopped_reason="40001")
    left = await scene.batch(campaign_id, stopped, [1, 2], 1)
    sent = await sent_batch(scene, campaign_id, await scene.channel(organisation_id=10), {3: SENT}, number=2)
    assert await end_what_is_over(service.sessions, clock()) == 0
    assert (await steer(client, admin, campaign_id, "cancellation")).json()["state"] == "cancelled"
    assert await end_what_is_over(service.sessions, clock()) == 1
    assert await states_of(service, [left, sent]) == [[EXPIRED, EXPIRED], [SENT]]
    shown = (await client.get(f"/campaigns/{campaign_id}", headers=admin.auth)).json()
    assert (shown["over"], shown["expired"], shown["sent"], shown["waiting"]) == (True, 2, 1, 0)
    assert await end_what_is_over(service.sessions, clock()) == 0


async def test_what_may_have_arrived_does_not_end_as_expired(
    client: httpx.AsyncClient, scene: Scene, admin: Person, service: Service, clock: MovableClock
) -> None:
    campaign_id = await scene.campaign()
    notes = {2: ("unknown", None), 3: ("retry", "-1")}
    batch_id = await sent_batch(
        scene, campaign_id, await scene.channel(), {1: SENDING, 2: PENDING, 3: PENDING, 4: SENT}, notes, open_still=True
    )
    await steer(client, admin, campaign_id, "cancellation")
    await end_what_is_over(service.sessions, clock())
    assert await scene.states(batch_id) == [UNKNOWN, UNKNOWN, EXPIRED, SENT]


async def test_a_batch_in_hand_is_left_to_its_sender(
    client: httpx.AsyncClient, scene: Scene, admin: Person, service: Service, clock: MovableClock
) -> None:
    batch_id = await scene.ready(CALLS + 1)
    campaign_id = (await scene.row(batch_id)).campaign_id

    async def cancel(envelopes: Sequence[Envelope]) -> None:
        await steer(client, admin, campaign_id, "cancellation")
        assert await end_what_is_over(service.sessions, clock()) == 0

    await scene.send(Scripted(during=cancel))
    assert await scene.states(batch_id) == [SENT] * CALLS + [EXPIRED]
    assert await scene.campaign_state(campaign_id) == "done"


async def test_a_campaign_that_is_cancelled_while_it_is_planned_is_planned_no_further(
    client: httpx.AsyncClient, scene: Scene, admin: Person, service: Service, world: World, clock: MovableClock
) -> None:
    for _ in range(3):
        await world.member(100)
    await scene.channel("console")
    campaign_id = await scene.campaign(state="planning", audience=Audience(path="/1/"))
    cancelled = (await steer(client, admin, campaign_id, "cancellation")).json()
    assert (cancelled["over"], cancelled["planned"], cancelled["state"]) == (True, 0, "cancelled")
    assert await plan_announced(service.sessions, scene.sender().kinds, clock()) == 0


async def test_planning_goes_on_while_a_campaign_is_paused_and_its_end_stays(
    client: httpx.AsyncClient, scene: Scene, admin: Person, service: Service, world: World, clock: MovableClock
) -> None:
    await world.member(100)
    await scene.channel("console")
    campaign_id = await scene.campaign(state="planning")
    ends = (await steer(client, admin, campaign_id, "pause")).json()["expires_at"]
    await plan_announced(service.sessions, scene.sender().kinds, clock())
    shown = (await client.get(f"/campaigns/{campaign_id}", headers=admin.auth)).json()
    assert (shown["waiting"], shown["state"], shown["expires_at"]) == (1, "paused", ends)
    clock.move(days=6)
    await end_what_is_over(service.sessions, clock())
    assert await scene.campaign_state(campaign_id) == "done"


@pytest.mark.parametrize("what", ["pause", "resume", "cancellation"])
async def test_what_is_over_stays_over(
    client: httpx.AsyncClient, scene: Scene, admin: Person, what: str, service: Service
) -> None:
    campaign_id = await scene.campaign(state="done")
    answer = await steer(client, admin, campaign_id, what)
    assert (answer.status_code, answer.json()["code"]) == (409, "campaign_over")
    async with transaction(service.sessions) as session:
        row = await session.get_one(Campaign, campaign_id)
        assert (row.paused_at, row.cancelled_at) == (None, None)
