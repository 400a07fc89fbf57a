"""A gateway that misbehaves on purpose, as a process of its own; it counts how often it accepted each delivery.

    python -m bench.push.gateway --port 0 --limit 225

What befalls a delivery follows from its key, at its first coming; later ones are accepted at once:

    3 %    503, not accepted
    1 %    accepted, then the connection is reset
    1 %    accepted, and never answered
    1 %    accepted, and answered after two seconds
    0.5 %  refused for good, however often it comes

What is above the limit of one second is answered with 429. `GET /ledger` tells what was accepted.
"""

import argparse
import asyncio
import json
import sys
import time
import zlib
from collections import Counter, deque
from dataclasses import dataclass, field

SLOW_SECONDS = 2.0
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
BUSY = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n"
THROTTLED = b"HTTP/1.1 429 Too Many Requests\r\ncontent-length: 0\r\n\r\n"
REFUSED = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n"

# The upper ends of the shares, in order.
FATES = ((0.03, "busy"), (0.04, "reset"), (0.05, "hang"), (0.06, "slow"), (0.065, "refused"), (1.0, "taken"))


def fate(key: bytes) -> str:
    """What befalls the first coming of a delivery."""
    share = zlib.crc32(key) / 2**32
    return next(name for end, name in FATES if share < end)


@dataclass
class Gateway:
    """What it has seen."""

    limit: int
    seen: set[bytes] = field(default_factory=set)
    accepted: Counter[bytes] = field(default_factory=Counter)
    # Deliveries whose sender cannot know that they were accepted: the gateway's own doing.
    doubtful: set[bytes] = field(default_factory=set)
    answers: Counter[str] = field(default_factory=Counter)
    recent: deque[float] = field(default_factory=deque)

    def judge(self, key: bytes) -> str:
        """What becomes of a request, which is written down."""
        if self._above_the_limit():
            self.answers["throttled"] += 1
            return "throttled"
        verdict = fate(key)
        if key in self.seen and verdict != "refused":
            verdict = "taken"
        self.seen.add(key)
        self.answers[verdict] += 1
        if verdict not in ("busy", "refused"):
            self.accepted[key] += 1
        if verdict in ("reset", "hang"):
            self.doubtful.add(key)
        return verdict

    def _above_the_limit(self) -> bool:
        now = time.monotonic()
        while self.recent and self.recent[0] <= now - 1:
            self.recent.popleft()
        if len(self.recent) >= self.limit:
            return True
        self.recent.append(now)
        return False

    def ledger(self) -> bytes:
        """What was accepted so far, and the answers since it was last asked for, as JSON."""
        answers, self.answers = self.answers, Counter()
        return json.dumps(
            {
                "accepted": {key.decode(): times for key, times in self.accepted.items()},
                "doubtful": [key.decode() for key in self.doubtful],
                "answers": answers,
            }
        ).encode()


class Talk(asyncio.Protocol):
    """One connection: requests one after the other, no pipelining."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._pending = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps the transport."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answers once a request is whole."""
        self._pending += data
        head, separator, rest = self._pending.partition(b"\r\n\r\n")
        if not separator:
            return
        fields = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(b":") for line in head.split(b"\r\n")[1:])
        }
        length = int(fields.get(b"content-length", b"0"))
        if len(rest) < length:
            return
        self._pending = rest[length:]
        if head.startswith(b"GET"):
            body = self._gateway.ledger()
            self._transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
            return
        self._answer(self._gateway.judge(fields[b"webhook-id"]))

    def _answer(self, verdict: str) -> None:
        if verdict == "reset":
            self._transport.abort()
        elif verdict == "slow":
            asyncio.get_running_loop().call_later(SLOW_SECONDS, self._transport.write, OK)
        elif verdict != "hang":
            answers = {"busy": BUSY, "throttled": THROTTLED, "refused": REFUSED}
            self._transport.write(answers.get(verdict, OK))


async def serve(port: int, limit: int) -> None:
    """Serves for ever; says where, once it does."""
    gateway = Gateway(limit)
    server = await asyncio.get_running_loop().create_server(lambda: Talk(gateway), "127.0.0.1", port)
    sys.stdout.write(f"listening on http://127.0.0.1:{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--limit", type=int, default=225)
    given = parser.parse_args()
    asyncio.run(serve(given.port, given.limit))
