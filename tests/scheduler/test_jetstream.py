"""NATS between planner and senders: it may be away, die, or lose all that it had, and it still carries references."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import nats
import pytest

from scheduler.bus import BusAway, Reference, Taken
from scheduler.jetstream import CONSUMER, STREAM, SUBJECT, Jetstream, jetstream
from tests.servers import Nats, nats_server

FIVE = [Reference(1, number) for number in range(1, 6)]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Nats]:
    """A NATS server that is not started yet."""
    with nats_server(tmp_path / "nats") as server:
        yield server


@pytest.fixture
async def bus(server: Nats) -> AsyncIterator[Jetstream]:
    """A connection that was asked for before there was a server."""
    async with jetstream(server.url) as bus:
        yield bus


async def published(bus: Jetstream, references: Sequence[Reference]) -> None:
    """Tries until the bus takes them."""
    async with asyncio.timeout(60):
        while True:
            try:
                return await bus.publish(references)
            except BusAway:
                await asyncio.sleep(0.05)


async def taken(bus: Jetstream, count: int) -> list[Taken]:
    """Takes so many, through whatever happens to the server meanwhile."""
    found: list[Taken] = []
    async with asyncio.timeout(60):
        while len(found) < count:
            try:
                one = await bus.take(1)
            except BusAway:
                await asyncio.sleep(0.05)
                continue
            if one is not None:
                found.append(one)
    return found


async def waiting(server: Nats) -> tuple[int, int]:
    """What the stream holds, and what of that was given to somebody."""
    client = await nats.connect(server.url)
    try:
        context = client.jetstream()
        held = (await context.stream_info(STREAM)).state.messages
        given = (await context.consumer_info(STREAM, CONSUMER)).num_ack_pending or 0
        return held, given
    finally:
        await client.close()


async def test_without_a_server_it_is_away_and_with_one_it_carries(server: Nats, bus: Jetstream) -> None:
    with pytest.raises(BusAway):
        await bus.publish(FIVE)
    with pytest.raises(BusAway):
        await bus.take(0.1)
    server.start()
    await published(bus, FIVE)
    found = await taken(bus, 5)
    assert [each.reference for each in found] == FIVE
    assert await waiting(server) == (5, 5)
    for each in found:
        await each.done()
    assert await bus.take(0.2) is None
    assert await waiting(server) == (0, 0)


async def test_a_reference_that_waits_is_replaced_by_the_same_one(server: Nats, bus: Jetstream) -> None:
    server.start()
    for _ in range(3):
        await published(bus, FIVE)
    assert {each.reference for each in await taken(bus, 5)} == set(FIVE)
    assert await bus.take(0.2) is None


async def test_two_senders_share_what_there_is(server: Nats, bus: Jetstream) -> None:
    server.start()
    await published(bus, FIVE)
    async with jetstream(server.url) as other:
        mine, theirs = await taken(bus, 2), await taken(other, 3)
    assert {each.reference for each in (*mine, *theirs)} == set(FIVE)


async def test_only_the_campaign_and_the_number_of_the_batch_cross(server: Nats, bus: Jetstream) -> None:
    server.start()
    await published(bus, [Reference(12, 34)])
    client = await nats.connect(server.url)
    try:
        message = await client.jetstream().get_last_msg(STREAM, f"{SUBJECT}.12.34")
        assert json.loads(message.data or b"") == {"campaign": 12, "batch_no": 34}
        for each in await taken(bus, 1):
            await each.done()
        for wrong in (b"\xff", b"[]", b'{"campaign": "12", "batch_no": 1}', b'{"campaign": true, "batch_no": 1}'):
            await client.jetstream().publish(f"{SUBJECT}.0.0", wrong)
            assert await bus.take(5) is None
            assert await waiting(server) == (0, 0), "it does not come again"
    finally:
        await client.close()


async def test_a_stream_that_is_wiped_is_made_again(server: Nats, bus: Jetstream) -> None:
    server.start()
    async with jetstream(server.url) as sender:
        await published(bus, FIVE)
        await taken(sender, 1)
        client = await nats.connect(server.url)
        await client.jetstream().delete_stream(STREAM)
        await client.close()
        await published(bus, FIVE)
        assert {each.reference for each in await taken(sender, 5)} == set(FIVE)


@pytest.mark.parametrize("wiped", [False, True])
async def test_a_server_that_dies_is_found_again(server: Nats, bus: Jetstream, wiped: bool) -> None:
    server.start()
    async with jetstream(server.url) as sender:
        await published(bus, FIVE)
        for each in await taken(sender, 5):
            await each.done()
        if wiped:
            server.wipe()
        else:
            server.kill()
        with pytest.raises(BusAway):
            await bus.publish(FIVE)
        server.start()
        await published(bus, FIVE)
        assert {each.reference for each in await taken(sender, 5)} == set(FIVE)
