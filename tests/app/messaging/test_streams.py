"""The live progress: what is sent when, what ends it, and that it holds nothing in between."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy import text, update

from app.db.engine import transaction
from app.directory.models import Post, Session
from app.messaging import streams
from app.messaging.models import DeliveryState
from app.messaging.streams import MOST_OF_ONE, MOST_STREAMS, EventStream, TooManyStreams, Watch, events, take_place
from app.resources import Service
from tests.app.messaging.sent import sent_batch
from tests.conftest import MovableClock
from tests.scheduler.scene import Scene
from tests.scheduler.scripted import Scripted
from tests.world import Person, World

QUICK = 0.01
PATIENCE = 20


@pytest.fixture
async def leader(world: World) -> Person:
    """A leader of the committee that announces the campaigns of a scene."""
    return await world.staff(("leader", 1))


def watched(service: Service, who: Person, campaign_id: int, **more: float) -> AsyncIterator[str]:
    """A stream that looks a hundred times a second."""
    values: dict[str, float] = {"life_seconds": 60.0, "look_seconds": QUICK, **more}
    return events(Watch(service, who.token, campaign_id, **values))


async def following(stream: AsyncIterator[str]) -> tuple[str, Any]:
    """The next event: its name and its data; a comment has no name."""
    said = await asyncio.wait_for(anext(stream), PATIENCE)
    assert said.endswith("\n\n")
    if said.startswith(":"):
        return "", None
    lines = dict(line.split(": ", 1) for line in said.strip().split("\n"))
    return lines.get("event", "retry"), json.loads(lines["data"]) if "data" in lines else None


async def test_each_change_is_told_until_the_campaign_is_over(scene: Scene, service: Service, leader: Person) -> None:
    batch_id = await scene.ready(2)
    campaign_id = (await scene.row(batch_id)).campaign_id
    stream = watched(service, leader, campaign_id)
    assert (await following(stream))[0] == "retry"
    name, data = await following(stream)
    assert (name, data["waiting"], data["sent"], data["over"]) == ("progress", 2, 0, False)
    await scene.send(Scripted())
    name, data = await following(stream)
    assert (name, data["waiting"], data["sent"], data["over"]) == ("progress", 0, 2, True)
    assert await following(stream) == ("over", {})
    with pytest.raises(StopAsyncIteration):
        await anext(stream)


async def test_while_nothing_changes_a_comment_keeps_the_connection(
    scene: Scene, service: Service, leader: Person
) -> None:
    stream = watched(service, leader, await scene.campaign(), heartbeat_seconds=QUICK)
    assert [(await following(stream))[0] for _ in range(4)] == ["retry", "progress", "", ""]


async def test_a_comment_comes_once_a_heartbeat_however_often_is_looked(
    scene: Scene, service: Service, leader: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "LOOK_SHARE", 0)
    stream, loop = watched(service, leader, await scene.campaign(), heartbeat_seconds=1.0), asyncio.get_running_loop()
    for _ in range(3):
        await following(stream)
    before = loop.time()
    assert await following(stream) == ("", None)
    assert loop.time() - before >= 1.0


async def test_nothing_is_held_between_two_looks(scene: Scene, service: Service, leader: Person) -> None:
    stream = watched(service, leader, await scene.campaign())
    await following(stream)
    await following(stream)
    async with service.sessions() as session:
        others = await session.scalar(
            text(
                "SELECT count(*) FROM pg_stat_activity "
                "WHERE datname = current_database() AND state <> 'idle' AND pid <> pg_backend_pid()"
            )
        )
    assert others == 0


async def test_a_session_that_is_revoked_ends_the_stream(scene: Scene, service: Service, leader: Person) -> None:
    stream = watched(service, leader, await scene.campaign())
    await following(stream)
    await following(stream)
    async with transaction(service.sessions) as session:
        await session.execute(update(Session).values(revoked_at=service.clock()))
    name, data = await following(stream)
    assert (name, data["code"]) == ("refused", "unauthenticated")
    assert data["detail"].startswith("请先登录")
    with pytest.raises(StopAsyncIteration):
        await anext(stream)


async def test_a_post_that_ends_ends_the_stream(
    scene: Scene, service: Service, leader: Person, clock: MovableClock
) -> None:
    stream = watched(service, leader, await scene.campaign())
    await following(stream)
    await following(stream)
    async with transaction(service.sessions) as session:
        await session.execute(update(Post).values(until_at=clock()))
    name, data = await following(stream)
    assert (name, data["code"]) == ("refused", "forbidden")


async def test_watching_does_not_keep_a_session_from_ending(
    scene: Scene, service: Service, leader: Person, clock: MovableClock
) -> None:
    stream = watched(service, leader, await scene.campaign(), heartbeat_seconds=QUICK)
    await following(stream)
    for _ in range(5):
        await following(stream)
        clock.move(minutes=5)
    assert (await following(stream))[0] == ""
    clock.move(minutes=5)
    for _ in range(2):
        name, data = await following(stream)
        if name:
            break
    assert (name, data["code"]) == ("refused", "unauthenticated")


async def test_the_stream_ends_after_its_life_and_when_the_process_stops(
    scene: Scene, service: Service, leader: Person
) -> None:
    campaign_id = await scene.campaign()
    assert [said[:6] async for said in watched(service, leader, campaign_id, life_seconds=0)] == ["retry:", "event:"]
    stream = watched(service, leader, campaign_id, look_seconds=PATIENCE)
    await following(stream)
    await following(stream)
    service.stopping.set()
    with pytest.raises(StopAsyncIteration):
        await asyncio.wait_for(anext(stream), PATIENCE / 2)


async def test_a_database_that_is_away_ends_the_stream_with_words(
    scene: Scene, service: Service, leader: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = watched(service, leader, await scene.campaign())
    await following(stream)

    async def away(watch: Watch) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(streams, "_look", away)
    name, data = await following(stream)
    assert (name, data["code"]) == ("refused", "unavailable")


async def test_the_answer_is_a_stream_of_events_that_no_proxy_collects(
    client: httpx.AsyncClient, scene: Scene, service: Service, leader: Person
) -> None:
    campaign_id = await scene.campaign(state="done")
    await sent_batch(scene, campaign_id, await scene.channel(), {1: DeliveryState.SENT})
    answers = [
        await client.get(f"/campaigns/{campaign_id}/progress", headers={**leader.auth, **more})
        for more in ({}, {"Last-Event-ID": "17"})
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answers[0].headers["cache-control"] == "no-store"
    assert answers[0].headers["x-accel-buffering"] == "no"
    assert answers[0].text == answers[1].text
    assert answers[0].text.count("event: progress\n") == 1
    assert answers[0].text.endswith("event: over\ndata: {}\n\n")
    # The places are given back.
    assert service.streams.total() == 0


async def test_a_person_and_a_process_have_so_many_streams_and_no_more(
    client: httpx.AsyncClient, scene: Scene, service: Service, leader: Person, world: World
) -> None:
    campaign_id = await scene.campaign(state="done")
    other = await world.staff(("administrator", 1))
    for _ in range(MOST_OF_ONE):
        take_place(service.streams, leader.id)
    refused = await client.get(f"/campaigns/{campaign_id}/progress", headers=leader.auth)
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_streams")
    assert (await client.get(f"/campaigns/{campaign_id}/progress", headers=other.auth)).status_code == 200
    service.streams[0] = MOST_STREAMS - MOST_OF_ONE
    with pytest.raises(TooManyStreams):
        take_place(service.streams, other.id)


async def test_who_hangs_up_gives_the_place_back(scene: Scene, service: Service, leader: Person) -> None:
    take_place(service.streams, leader.id)
    stream = watched(service, leader, await scene.campaign())
    opened = asyncio.Event()

    async def receive() -> dict[str, str]:
        await opened.wait()
        return {"type": "http.disconnect"}

    async def send(message: object) -> None:
        opened.set()

    await asyncio.wait_for(EventStream(stream, service.streams, leader.id)({"type": "http"}, receive, send), PATIENCE)
    assert service.streams.total() == 0
