"""The outside client tells a request that was never sent from one whose answer was lost."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
import pytest

from app.platforms.http import MAX_ANSWER, outside_client

Server = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def raw_server(serve: Server) -> AsyncIterator[str]:
    """A TCP server that does what ``serve`` does after it has read a request's head."""

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await serve(reader, writer)
        writer.close()

    server = await asyncio.start_server(connection, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


def writes(answer: bytes) -> Server:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()

    return serve


async def never_ends(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf")
    await writer.drain()
    await reader.read()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_a_refused_connection_was_never_sent() -> None:
    async with outside_client() as http:
        with pytest.raises(httpx.ConnectError):
            await http.post(f"http://127.0.0.1:{free_port()}/")


async def test_a_base_that_is_no_http_address_was_never_sent() -> None:
    async with outside_client() as http:
        with pytest.raises(httpx.ConnectError):
            await http.post("ftp://127.0.0.1/")


async def test_no_free_connection_in_time_was_never_sent() -> None:
    async with (
        raw_server(never_ends) as base,
        outside_client(connections=1, timeout=0.5) as http,
        http.stream("GET", base),
    ):
        with pytest.raises(httpx.ConnectError):
            await http.post(base)


async def test_a_connection_closed_after_the_request_is_a_lost_answer() -> None:
    async with raw_server(writes(b"")) as base, outside_client() as http:
        with pytest.raises(httpx.ReadError):
            await http.post(base)


async def test_an_answer_that_is_not_http_is_a_lost_answer_and_its_error_holds_no_query() -> None:
    async with raw_server(writes(b"garbage\r\n\r\n")) as base, outside_client() as http:
        with pytest.raises(httpx.ReadError) as caught:
            await http.post(base, params={"access_token": "hidden"})
    assert "hidden" not in str(caught.value)


async def test_a_body_that_breaks_off_is_a_lost_answer() -> None:
    half = b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf"
    async with raw_server(writes(half)) as base, outside_client() as http:
        with pytest.raises(httpx.ReadError):
            await http.post(base)


async def test_a_body_that_never_ends_is_a_read_timeout() -> None:
    async with raw_server(never_ends) as base, outside_client(timeout=0.3) as http:
        with pytest.raises(httpx.ReadTimeout):
            await http.post(base)


@pytest.mark.parametrize(("size", "readable"), [(MAX_ANSWER, True), (MAX_ANSWER + 1, False)])
async def test_an_answer_is_read_up_to_the_limit(size: int, readable: bool) -> None:
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size + b"x" * size
    async with raw_server(writes(answer)) as base, outside_client() as http:
        if readable:
            assert len((await http.get(base)).content) == size
        else:
            with pytest.raises(httpx.ReadError):
                await http.get(base)


async def test_a_redirect_is_not_followed() -> None:
    moved = b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"
    async with raw_server(writes(moved)) as base, outside_client() as http:
        assert (await http.get(base)).status_code == 302


async def test_the_log_of_requests_holds_no_query(caplog: pytest.LogCaptureFixture) -> None:
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
    with caplog.at_level(logging.DEBUG):
        async with raw_server(writes(answer)) as base, outside_client() as http:
            await http.get(f"{base}/path", params={"secret": "hidden"})
        logging.getLogger("httpx").info("a record without arguments")
        logging.getLogger("httpx").info("a record with %(one)s", {"one": "mapping"})
    assert "/path" in caplog.text
    assert "hidden" not in caplog.text
    assert "a record with mapping" in caplog.text
