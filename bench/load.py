"""A small HTTP/1.1 load generator: keep-alive connections, one request in flight on each."""

import asyncio
import time
from collections.abc import Callable
from urllib.parse import urlsplit


async def _connection(host: str, port: int, next_request: Callable[[], bytes], until: float) -> tuple[int, int]:
    reader, writer = await asyncio.open_connection(host, port)
    done = failed = 0
    try:
        while time.perf_counter() < until:
            writer.write(next_request())
            head = await reader.readuntil(b"\r\n\r\n")
            length = 0
            for line in head.split(b"\r\n"):
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":", 1)[1])
            await reader.readexactly(length)
            done += 1
            failed += not head.startswith((b"HTTP/1.1 2", b"HTTP/1.1 304"))
    finally:
        writer.close()
    return done, failed


async def load(
    address: str, next_request: Callable[[], bytes], *, connections: int, seconds: float
) -> tuple[float, int]:
    """Requests a second over `seconds`, and how many were not answered with 2xx or 304."""
    parts = urlsplit(address)
    begun = time.perf_counter()
    until = begun + seconds
    results = await asyncio.gather(
        *(_connection(parts.hostname or "", parts.port or 80, next_request, until) for _ in range(connections))
    )
    spent = time.perf_counter() - begun
    return sum(done for done, _ in results) / spent, sum(failed for _, failed in results)


def request(method: str, path: str, token: str, body: bytes = b"") -> bytes:
    """The bytes of a request."""
    return (
        f"{method} {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body
