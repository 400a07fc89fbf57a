"""A campaign that cannot be planned: tried seldom, seen by the editor, and over with its time."""

from datetime import datetime, timedelta

import httpx
from structlog.testing import capture_logs

from app.db.engine import transaction
from app.messaging.models import Campaign, DeliveryState
from app.messaging.progress import NOT_AT_ALL, NOT_YET
from scheduler.adapters.console import CONSOLE
from scheduler.ending import end_what_is_over
from scheduler.planner import plan_announced
from tests.conftest import MovableClock
from tests.scheduler.scene import Scene
from tests.world import World

ADAPTERS = {"console": CONSOLE}
WHOLE: dict[str, object] = {"path": "/1/"}


async def look(scene: Scene) -> bool:
    """What the clock does each second; gives whether planning was tried, and failed."""
    with capture_logs() as logs:
        await plan_announced(scene.service.sessions, ADAPTERS, scene.service.clock(), page=1)
        await end_what_is_over(scene.service.sessions, scene.service.clock())
    return any(entry["event"] == "planning_failed" for entry in logs)


async def change(scene: Scene, campaign_id: int, audience: dict[str, object]) -> None:
    async with transaction(scene.service.sessions) as session:
        (await session.get_one(Campaign, campaign_id)).audience = audience


async def test_it_is_tried_after_growing_pauses(scene: Scene, clock: MovableClock) -> None:
    campaign_id = await scene.campaign(state="planning")
    await change(scene, campaign_id, {})
    begun, tried = clock.now, []
    while clock.now < begun + timedelta(hours=1):
        if await look(scene):
            tried.append(round((clock.now - begun).total_seconds()))
        clock.move(seconds=5)
    assert tried == [0, 10, 20, 40, 80, 160, 320, 640, 1240, 1840, 2440, 3040]


async def test_what_can_be_planned_again_is_planned_and_nothing_more_is_said(
    scene: Scene, clock: MovableClock, client: httpx.AsyncClient, world: World
) -> None:
    leader = await world.staff(("leader", 1))
    await scene.channel("console")
    await scene.world.member(100)
    campaign_id = await scene.campaign(state="planning")
    address = f"/campaigns/{campaign_id}"
    await change(scene, campaign_id, {})
    await look(scene)
    shown = (await client.get(address, headers=leader.auth)).json()
    assert (shown["state"], shown["words"]) == ("planning", NOT_YET)
    await change(scene, campaign_id, WHOLE)
    clock.move(seconds=10)
    await look(scene)
    shown = (await client.get(address, headers=leader.auth)).json()
    assert (shown["state"], shown["recipients"], shown["words"]) == ("sending", 1, "")


async def test_it_ends_with_its_time_and_says_so_and_so_does_what_was_planned_of_it(
    scene: Scene, clock: MovableClock, client: httpx.AsyncClient, world: World
) -> None:
    await scene.channel("console")
    for _ in range(2):
        await scene.world.member(100)
    campaign_id = await scene.campaign(state="planning", expires_in=timedelta(hours=1))
    await plan_announced(scene.service.sessions, ADAPTERS, clock.now, page=1, most=1)
    await change(scene, campaign_id, {})
    ends: datetime = clock.now + timedelta(hours=1)
    clock.now = ends - timedelta(seconds=1)
    await look(scene)
    assert await scene.campaign_state(campaign_id) == "planning"
    clock.now = ends
    await look(scene)
    assert await scene.campaign_state(campaign_id) == "done"
    leader = await world.staff(("leader", 1))
    shown = (await client.get(f"/campaigns/{campaign_id}", headers=leader.auth)).json()
    assert (shown["over"], shown["expired"], shown["words"]) == (True, 1, NOT_AT_ALL)
    assert not await look(scene)
    assert await scene.states(1) == [DeliveryState.EXPIRED]
