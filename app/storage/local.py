"""Media in a folder: `ab/cd/abcd…`, readable by the service only; an object is there whole or not at all."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from app.storage.base import PIECE, ObjectMissing, StorageUnavailable, gathered


@dataclass(frozen=True)
class LocalStore:
    """A store in `folder`, which several processes of one machine may share."""

    folder: Path

    def _path(self, name: str) -> Path:
        return self.folder / name[:2] / name[2:4] / name

    async def put(self, name: str, chunks: AsyncIterator[bytes]) -> int:
        """See `Store.put`: written beside its place, synced, and renamed."""
        path = self._path(name)
        begun = path.with_suffix(".tmp")
        try:
            file = await asyncio.to_thread(_create, begun)
            try:
                size = 0
                async for piece in gathered(chunks):
                    size += await asyncio.to_thread(file.write, piece)
                await asyncio.to_thread(_settle, file, begun, path)
            finally:
                file.close()
                begun.unlink(missing_ok=True)
        except OSError as error:
            raise StorageUnavailable from error
        return size

    async def read(self, name: str, start: int, end: int) -> AsyncIterator[bytes]:
        """See `Store.read`."""
        path = self._path(name)
        if not await asyncio.to_thread(path.is_file):
            raise ObjectMissing
        return _pieces(path, start, end)

    async def delete(self, names: Sequence[str]) -> None:
        """See `Store.delete`: also what a process that died had begun to write."""
        try:
            for name in names:
                path = self._path(name)
                await asyncio.to_thread(path.unlink, missing_ok=True)
                await asyncio.to_thread(path.with_suffix(".tmp").unlink, missing_ok=True)
        except OSError as error:
            raise StorageUnavailable from error


def _create(path: Path) -> BinaryIO:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def _settle(file: BinaryIO, begun: Path, path: Path) -> None:
    """What is acknowledged survives a power cut: the bytes first, then the name."""
    file.flush()
    os.fsync(file.fileno())
    begun.rename(path)
    # The folders above may be new as well.
    for folder in path.parents[:3]:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


async def _pieces(path: Path, start: int, end: int) -> AsyncIterator[bytes]:
    with await asyncio.to_thread(path.open, "rb") as file:
        file.seek(start)
        while start < end:
            piece = await asyncio.to_thread(file.read, min(PIECE, end - start))
            if not piece:
                return
            start += len(piece)
            yield piece
