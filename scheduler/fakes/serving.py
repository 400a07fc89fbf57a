"""Runs a fake platform as a process of its own: ``python -m scheduler.fakes.<name> --port N``."""

import argparse
import asyncio
import socket
import struct
import sys
from collections.abc import Sequence

import uvicorn
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from scheduler.fakes.control import RESET


def serve(app: Starlette, arguments: Sequence[str]) -> None:
    """Serve until SIGTERM or SIGINT, and print ``listening on http://HOST:PORT`` once calls are taken."""
    parser = argparse.ArgumentParser(description="A local fake of an outside platform.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 chooses a free one")
    options = parser.parse_args(arguments)
    config = uvicorn.Config(
        app,
        host=options.host,
        port=options.port,
        http=_BreakableProtocol,
        log_level="warning",
        access_log=False,
        timeout_keep_alive=65,
        # A call that hangs on purpose must not keep the process alive.
        timeout_graceful_shutdown=1,
    )
    _AnnouncedServer(config).run()


class _AnnouncedServer(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        sys.stdout.write(f"listening on http://{host}:{port}\n")
        sys.stdout.flush()


class _BreakableProtocol(HttpToolsProtocol):
    """Lets an endpoint break its connection, which ASGI has no words for."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        inner = self.app

        def reset() -> None:
            # With a linger time of zero the kernel sends RST, as a crashing peer or a firewall does.
            peer = transport.get_extra_info("socket")
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            scope[RESET] = reset
            await inner(scope, receive, send)

        self.app = app
