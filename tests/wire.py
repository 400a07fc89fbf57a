"""A wire to PostgreSQL that a test cuts where it likes: before a commit gets there, or before its answer comes back."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import parse_qs, urlsplit


@dataclass
class Wire:
    """Connections to a server behind a Unix socket; `commits` are those that have been asked for since it was made."""

    socket: str
    dsn: str = ""
    commits: int = 0
    cut_at: int | None = None  # the commit at which the wire is cut, once
    cut: Literal["before", "after"] = "before"
    away: bool = False  # whoever comes now is turned away
    turned_away: asyncio.Event = field(default_factory=asyncio.Event)

    async def carry(self, client_reader: StreamReader, client_writer: StreamWriter) -> None:
        """Carries one connection until either side, or the test, ends it."""
        if self.away:
            self.turned_away.set()
            client_writer.close()
            return
        server_reader, server_writer = await asyncio.open_unix_connection(self.socket)
        answers = asyncio.create_task(_pump(server_reader, client_writer))
        try:
            while chunk := await client_reader.read(65536):
                if b"COMMIT;" in chunk:
                    self.commits += 1
                    if self.commits == self.cut_at:
                        answers.cancel()
                        if self.cut == "after":
                            server_writer.write(chunk)
                            await server_reader.read(65536)
                        return
                server_writer.write(chunk)
        except ConnectionError:
            pass
        finally:
            answers.cancel()
            client_writer.close()
            server_writer.close()


async def _pump(reader: StreamReader, writer: StreamWriter) -> None:
    try:
        while chunk := await reader.read(65536):
            writer.write(chunk)
    except ConnectionError:
        pass
    finally:
        writer.close()


@asynccontextmanager
async def wired(direct: str) -> AsyncIterator[Wire]:
    """A wire to the database of this DSN (a Unix socket's)."""
    parts = urlsplit(direct)
    wire = Wire(f"{parse_qs(parts.query)['host'][0]}/.s.PGSQL.5432")
    server = await asyncio.start_server(wire.carry, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    wire.dsn = f"postgresql://{parts.username or 'postgres'}@127.0.0.1:{port}{parts.path}"
    try:
        yield wire
    finally:
        server.close()
