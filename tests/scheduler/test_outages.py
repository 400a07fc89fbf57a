"""PostgreSQL goes away in the middle of a round: nobody is sent to twice, and nothing is counted twice or forgotten."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Literal

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import select, text

from app.db.engine import create_engine, sessionmaker, transaction
from app.messaging.models import Batch, DeliveryState, NoticeDay
from app.resources import Service
from scheduler import outages
from scheduler.adapters.base import Envelope, Outcome, Status
from scheduler.sender import Sender, send_for_ever, send_next
from tests.conftest import MovableClock
from tests.scheduler.scene import CONFIG, Scene
from tests.scheduler.scripted import SENT as DELIVERED
from tests.scheduler.scripted import Scripted
from tests.wire import Wire, wired
from tests.world import APPID

PENDING, SENDING, SENT, UNKNOWN = (
    DeliveryState.PENDING,
    DeliveryState.SENDING,
    DeliveryState.SENT,
    DeliveryState.UNKNOWN,
)
OUTCOMES = [
    DELIVERED,
    Outcome(Status.RETRY, "-1"),
    Outcome(Status.FAILED, "43101", subscription_spent=True),
    Outcome(Status.UNKNOWN, "timeout"),
]


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outages, "AWAY_SECONDS", 0.02)


@pytest.fixture
async def wire(database: str) -> AsyncIterator[Wire]:
    """The wire of the sender; the test itself has another."""
    async with wired(database) as made:
        yield made


@pytest.fixture
async def service_behind(service: Service, wire: Wire) -> AsyncIterator[Service]:
    """What the sender holds: its database is behind the wire."""
    engine = create_engine(wire.dsn, pool=5)
    yield replace(service, sessions=sessionmaker(engine))
    await engine.dispose()


def behind(scene: Scene, service_behind: Service, adapter: Scripted) -> Sender:
    return replace(scene.sender(adapter), service=service_behind)


def counted() -> float:
    return sum(
        REGISTRY.get_sample_value("zhijian_deliveries_total", {"adapter": "scripted", "status": status.value}) or 0
        for status in Status
    )


async def stop_database(scene: Scene, wire: Wire) -> None:
    """As a restart of PostgreSQL looks to the sender: its connections end, and there are no new ones."""
    wire.away = True
    async with transaction(scene.service.sessions) as session:
        await session.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )


async def days(scene: Scene) -> dict[int, int]:
    async with transaction(scene.service.sessions) as session:
        return {row.member_id: row.notices for row in await session.scalars(select(NoticeDay))}


@pytest.mark.parametrize("cut", ["before", "after"])
@pytest.mark.parametrize("commit", [3, 4, 5])
async def test_wherever_a_commit_is_cut_everybody_is_sent_to_once_and_counted_once(
    scene: Scene, wire: Wire, service_behind: Service, commit: int, cut: Literal["before", "after"]
) -> None:
    members = [await scene.follower(f"o-{number}", accepted=2) for number in range(4)]
    await scene.channel("console")
    campaign_id = await scene.campaign()
    batch_id = await scene.batch(campaign_id, await scene.channel(account=APPID, config=dict(CONFIG)), members)
    adapter = Scripted(
        rings=True, address="wechat", subscribed=True, by_member=dict(zip(members, OUTCOMES, strict=True))
    )
    before = counted()
    wire.cut_at, wire.cut = commit, cut  # two looks for a claim; the mark, what came of it, the release
    await asyncio.wait_for(send_next(behind(scene, service_behind, adapter), scene.stopping), 20)
    assert wire.commits >= commit
    assert sorted(adapter.members) == members
    assert await scene.states(batch_id) == [SENT, PENDING, DeliveryState.PASSED_ON, PENDING]
    assert {member: tries for member, (_, _, tries) in (await scene.notes(batch_id)).items()} == dict.fromkeys(
        members[1:], 1
    )
    assert [await scene.balance(f"o-{number}") for number in range(4)] == [1, 2, 0, 2]
    assert await days(scene) == dict(zip(members, (1, 0, 0, 0), strict=True))
    async with transaction(scene.service.sessions) as session:
        added = list(await session.scalars(select(Batch.members).where(Batch.id != batch_id)))
    assert added == [[members[2]]]
    assert counted() - before == len(members)
    assert (await scene.row(batch_id)).claimed_by is None


async def test_what_came_in_before_and_during_an_outage_is_recorded_when_the_database_is_back(
    scene: Scene, wire: Wire, service_behind: Service
) -> None:
    batch_id = await scene.ready(45, "meeting_reminder")
    gone = asyncio.Event()

    async def hang(envelopes: Sequence[Envelope]) -> None:
        if envelopes[0].member_id == 1:
            await stop_database(scene, wire)
            gone.set()
        await gone.wait()
        if envelopes[0].member_id == 2:  # this one ends in the middle of the outage
            await wire.turned_away.wait()
            asyncio.get_running_loop().call_later(0.2, setattr, wire, "away", False)

    adapter = Scripted(during=hang)
    await asyncio.wait_for(send_next(behind(scene, service_behind, adapter), scene.stopping), 30)
    assert wire.turned_away.is_set()
    assert sorted(adapter.members) == list(range(1, 46))
    assert set(await scene.states(batch_id)) == {SENT}
    assert (await scene.row(batch_id)).fence == 1


async def test_a_claim_that_was_lost_in_the_outage_stays_lost(
    scene: Scene, wire: Wire, service_behind: Service, clock: MovableClock
) -> None:
    batch_id = await scene.ready(1, "meeting_reminder")
    heir = Scripted()

    async def taken_over(envelopes: Sequence[Envelope]) -> None:
        wire.cut_at = wire.commits + 1
        clock.move(seconds=31)
        assert await send_next(scene.sender(heir), scene.stopping) is True

    await asyncio.wait_for(send_next(behind(scene, service_behind, Scripted(during=taken_over)), scene.stopping), 20)
    assert heir.members == []
    assert await scene.states(batch_id) == [UNKNOWN]
    assert (await scene.row(batch_id)).fence == 2


async def test_a_claim_whose_sign_of_life_meets_an_outage_is_kept(
    scene: Scene, wire: Wire, service_behind: Service
) -> None:
    batch_id = await scene.ready(1, "meeting_reminder")
    settings = service_behind.settings.model_copy(update={"sender_lease_seconds": 1})

    async def hang(envelopes: Sequence[Envelope]) -> None:
        await stop_database(scene, wire)
        await wire.turned_away.wait()
        wire.away = False

    sender = behind(scene, replace(service_behind, settings=settings), Scripted(during=hang))
    await asyncio.wait_for(send_next(sender, scene.stopping), 20)
    assert await scene.states(batch_id) == [SENT]


async def test_a_sender_that_is_to_stop_does_not_wait_for_the_database_for_ever(
    scene: Scene, wire: Wire, service_behind: Service
) -> None:
    batch_id = await scene.ready(1)
    settings = service_behind.settings.model_copy(update={"sender_lease_seconds": 1})

    async def stop(envelopes: Sequence[Envelope]) -> None:
        scene.stopping.set()
        await stop_database(scene, wire)

    sender = behind(scene, replace(service_behind, settings=settings), Scripted(during=stop))
    with pytest.raises(ConnectionError):
        await asyncio.wait_for(send_next(sender, scene.stopping), 20)
    assert await scene.states(batch_id) == [SENDING]


async def test_who_holds_a_batch_takes_it_up_again_before_others_find_that_its_lease_is_over(
    scene: Scene, clock: MovableClock, wire: Wire, service_behind: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outages, "AWAY_SECONDS", 0.3)
    monkeypatch.setattr("scheduler.sender.POLL_SECONDS", 0.01)
    batch_id = await scene.ready(1)
    heir = Scripted()
    waiting: list[asyncio.Task[None]] = []

    async def go_away(envelopes: Sequence[Envelope]) -> None:
        waits = send_for_ever(behind(scene, service_behind, heir), asyncio.Event(), scene.stopping)
        waiting.append(asyncio.create_task(waits))
        await asyncio.sleep(0.1)  # it has looked, and found nothing
        await stop_database(scene, wire)

    holding = asyncio.create_task(send_next(behind(scene, service_behind, Scripted(during=go_away)), scene.stopping))
    async with asyncio.timeout(20):
        await wire.turned_away.wait()
        await asyncio.sleep(0.4)  # both have met the outage
        clock.move(minutes=5)
        wire.away = False
        await holding
    assert heir.members == []
    assert await scene.states(batch_id) == [SENT]
    scene.stopping.set()
    await asyncio.wait_for(waiting[0], 20)
