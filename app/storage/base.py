"""What every store of media can do, and how it says that it cannot."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from app.errors import NotFound, Unavailable

# Bytes that are read, digested or written at once: what one upload or one reader holds in memory.
PIECE = 1024 * 1024


class StorageUnavailable(Unavailable):
    """The store cannot be reached, is full, or refuses us."""

    code = "storage_unavailable"
    detail = "文件存储暂时不可用，已上传的部分没有丢失，请稍后继续；如仍不行，请联系管理员。"


class ObjectMissing(NotFound):
    """The store has no object of this name."""

    code = "file_missing"
    detail = "文件已不在存储中，请联系上传的编辑重新上传。"


class Store(Protocol):
    """Objects by name: a name is 32 hexadecimal digits, is written once, and is never written by two at a time."""

    async def put(self, name: str, chunks: AsyncIterator[bytes]) -> int:
        """Keeps all the chunks for good or, where anything is raised, nothing; gives the size in bytes.

        Raises `StorageUnavailable`.
        """
        ...

    async def read(self, name: str, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from `start` until before `end`, which is at most the size, in pieces of at most `PIECE`.

        Raises `ObjectMissing` or `StorageUnavailable` before the first piece.
        """
        ...

    async def delete(self, names: Sequence[str]) -> None:
        """Removes objects; those that are not there are none of its business. Raises `StorageUnavailable`."""
        ...


async def gathered(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same bytes in pieces of at least `PIECE`, but for the last: a call for each 64 KB off the wire costs more."""
    held = bytearray()
    async for chunk in chunks:
        held += chunk
        if len(held) >= PIECE:
            yield bytes(held)
            held.clear()
    if held:
        yield bytes(held)
