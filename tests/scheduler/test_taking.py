"""Urgent batches are taken before an issue for many, with and without a bus, and nothing waits for ever."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.db.engine import transaction
from scheduler.adapters.base import Envelope
from scheduler.bus import Reference
from scheduler.claims import claim_batch
from scheduler.planner import plan_announced
from scheduler.sender import URGENT_RUN, Sender, send_for_ever, send_next
from tests.scheduler.scene import Scene
from tests.scheduler.scripted import Scripted
from tests.scheduler.test_reconciler import Carrier


async def sent_in_turn(sender: Sender, adapter: Scripted) -> list[int]:
    """Sends until nothing is due; gives the members in order."""
    while await send_next(sender, asyncio.Event()):
        pass
    return adapter.members


@pytest.mark.parametrize("kind", ["meeting_notice", "meeting_reminder", "meeting_changed", "meeting_cancelled"])
@pytest.mark.parametrize("over_a_bus", [False, True])
async def test_what_is_said_of_a_meeting_goes_before_an_issue_that_was_there_first(
    scene: Scene, kind: str, over_a_bus: bool
) -> None:
    channel_id, issue = await scene.channel(), await scene.campaign()
    for number in (1, 2):
        await scene.batch(issue, channel_id, [number], number)
    meeting = await scene.campaign(kind)
    await scene.batch(meeting, channel_id, [3])
    adapter = Scripted()
    sender = scene.sender(adapter)
    if over_a_bus:
        sender.bus = Carrier([Reference(issue, 1), Reference(issue, 2), Reference(meeting, 1)])
    assert await sent_in_turn(sender, adapter) == [3, 1, 2]


async def test_however_much_is_urgent_the_others_get_their_turn(scene: Scene) -> None:
    channel_id = await scene.channel()
    await scene.batch(await scene.campaign(), channel_id, [100])
    meeting = await scene.campaign("meeting_notice")
    for number in range(1, 2 * URGENT_RUN + 1):
        await scene.batch(meeting, channel_id, [number], number)
    adapter = Scripted()
    assert (await sent_in_turn(scene.sender(adapter), adapter)).index(100) == URGENT_RUN


async def test_an_urgent_batch_waits_for_one_batch_of_an_issue_that_fills_all_slots(scene: Scene) -> None:
    channel_id, issue = await scene.channel(), await scene.campaign()
    for number in range(1, 6):
        await scene.batch(issue, channel_id, list(range(100 * number, 100 * number + 100)), number)

    async def announce(envelopes: Sequence[Envelope]) -> None:
        await asyncio.sleep(0.01)
        if envelopes[0].member_id == 100:
            await scene.batch(await scene.campaign("meeting_notice"), channel_id, [1])
        if envelopes[0].member_id == 1:
            scene.stopping.set()

    adapter = Scripted(during=announce)
    await asyncio.wait_for(send_for_ever(scene.sender(adapter), asyncio.Event(), scene.stopping), 30)
    assert 1 in adapter.members
    assert max(adapter.members) < 300, "the batch in hand, and what was begun of the one after it"


async def test_an_urgent_batch_is_taken_in_hand_though_the_rate_of_its_channel_leaves_nothing(scene: Scene) -> None:
    channel_id, issue = await scene.channel(), await scene.campaign()
    for number in (1, 2, 3):
        await scene.batch(issue, channel_id, list(range(100 * number, 100 * number + 100)), number)

    async def announce(envelopes: Sequence[Envelope]) -> None:
        if envelopes[0].member_id == 100:
            await scene.batch(await scene.campaign("meeting_notice"), channel_id, [1])
        if envelopes[0].member_id == 1:
            scene.stopping.set()

    adapter = Scripted(during=announce, rate=20)
    sender = scene.sender(adapter)
    moving = asyncio.create_task(_move(scene))
    await asyncio.wait_for(send_for_ever(sender, asyncio.Event(), scene.stopping), 30)
    moving.cancel()
    assert len(adapter.members) < 100


async def _move(scene: Scene) -> None:
    while True:
        await asyncio.sleep(0.05)
        scene.service.clock.move(seconds=0.05)  # type: ignore[attr-defined] # the movable one


async def test_a_meeting_is_planned_before_an_issue_that_was_announced_first(scene: Scene) -> None:
    await scene.channel("console")
    await scene.world.member(100)
    issue, meeting = await scene.campaign(state="planning"), await scene.campaign("meeting_notice", state="planning")
    kinds = scene.sender().kinds
    assert await plan_announced(scene.service.sessions, kinds, scene.service.clock(), most=1) == 1
    assert (await scene.campaign_state(issue), await scene.campaign_state(meeting)) == ("planning", "sending")
    async with transaction(scene.service.sessions) as session:
        assert (await session.scalars(text("SELECT urgent FROM batches"))).all() == [True]


async def test_urgent_batches_are_found_by_an_index_of_their_own(scene: Scene) -> None:
    issue, channel_id = await scene.campaign(), await scene.channel()
    meeting = await scene.campaign("meeting_notice")
    async with transaction(scene.service.sessions) as session:
        await session.execute(
            text(
                "INSERT INTO batches (campaign_id, number, channel_id, organisation_id, members, states, first_member,"
                " last_member, not_before, fence) SELECT :campaign, n, :channel, 1, '{1}', '\\x00', 1, 1, :now, 0"
                " FROM generate_series(1, 20000) AS n"
            ),
            {"campaign": issue, "channel": channel_id, "now": scene.service.clock()},
        )
    wanted = await scene.batch(meeting, channel_id, [1])
    async with transaction(scene.service.sessions) as session:
        await session.execute(text("ANALYZE batches"))
        engine = (await session.connection()).engine.sync_engine
    asked: list[tuple[str, tuple[object, ...]]] = []

    def note(_: object, __: object, statement: str, parameters: tuple[object, ...], *___: object) -> None:
        if "FOR UPDATE OF batches" in statement:
            asked.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    sessions, now = scene.service.sessions, scene.service.clock()
    claim = await claim_batch(sessions, "a", ["scripted"], now, timedelta(seconds=30), urgent=True)
    assert claim is not None
    assert claim.batch_id == wanted
    ((statement, parameters),) = asked
    async with transaction(sessions) as session:
        connection = await session.connection()
        plan = "\n".join(await _column(connection, f"EXPLAIN {statement}", parameters))
    assert "Index Scan using ix_batches_urgent on batches" in plan
    assert "Sort" not in plan


async def _column(connection: AsyncConnection, statement: str, parameters: tuple[object, ...]) -> list[str]:
    return [str(row[0]) for row in await connection.exec_driver_sql(statement, parameters)]
