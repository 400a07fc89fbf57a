"""What holds for a folder and for a bucket alike."""

import secrets
from collections.abc import AsyncIterator

import pytest

from app.storage.base import PIECE, ObjectMissing, Store, gathered

LARGE = secrets.token_bytes(9 * PIECE + 12345)  # more than one part of a multipart upload


async def in_pieces(data: bytes, size: int) -> AsyncIterator[bytes]:
    """The data in pieces of this size."""
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def read(store: Store, name: str, start: int, end: int) -> bytes:
    """The bytes as they come; no piece is larger than it may be."""
    pieces = [piece async for piece in await store.read(name, start, end)]
    assert all(0 < len(piece) <= PIECE for piece in pieces)
    return b"".join(pieces)


@pytest.mark.parametrize("size", [1000, 65536, 3 * PIECE])
async def test_what_is_put_is_read_back(store: Store, size: int) -> None:
    name = secrets.token_hex(16)
    assert await store.put(name, in_pieces(LARGE, size)) == len(LARGE)
    assert await read(store, name, 0, len(LARGE)) == LARGE


@pytest.mark.parametrize(
    ("start", "end"),
    [(0, 1), (0, PIECE), (PIECE - 1, PIECE + 1), (len(LARGE) - 1, len(LARGE)), (5, 4 * PIECE), (PIECE + 1, len(LARGE))],
)
async def test_any_part_of_it_is_read(store: Store, start: int, end: int) -> None:
    name = secrets.token_hex(16)
    await store.put(name, in_pieces(LARGE, PIECE))
    assert await read(store, name, start, end) == LARGE[start:end]


async def test_what_is_broken_off_is_not_there(store: Store) -> None:
    name = secrets.token_hex(16)

    async def broken() -> AsyncIterator[bytes]:
        async for piece in in_pieces(LARGE, PIECE):
            yield piece
        raise ValueError("the caller has gone")

    with pytest.raises(ValueError, match="the caller has gone"):
        await store.put(name, broken())
    with pytest.raises(ObjectMissing):
        await store.read(name, 0, 1)


async def test_a_deleted_object_is_gone_and_deleting_it_again_is_harmless(store: Store) -> None:
    kept, gone = secrets.token_hex(16), secrets.token_hex(16)
    for name in (kept, gone):
        await store.put(name, in_pieces(b"something", 4))
    await store.delete([gone, secrets.token_hex(16)])
    await store.delete([gone])
    with pytest.raises(ObjectMissing):
        await store.read(gone, 0, 1)
    assert await read(store, kept, 0, 9) == b"something"


async def test_an_empty_object_is_an_object(store: Store) -> None:
    name = secrets.token_hex(16)
    assert await store.put(name, in_pieces(b"", 1)) == 0
    await store.delete([name])


async def test_small_pieces_are_gathered_and_none_is_lost() -> None:
    pieces = [piece async for piece in gathered(in_pieces(LARGE, 1000))]
    assert b"".join(pieces) == LARGE
    assert all(len(piece) >= PIECE for piece in pieces[:-1])
