"""The bucket: what is particular to it."""

import re
import secrets
from collections.abc import AsyncIterator

import httpx
import pytest

from app.storage.base import PIECE, StorageUnavailable
from app.storage.opening import open_store
from tests.app.storage.bucket import BUCKET, s3_server, settings_of
from tests.conftest import make_settings


async def zeros(pieces: int, *, broken: bool = False) -> AsyncIterator[bytes]:
    for _ in range(pieces):
        yield bytes(PIECE)
    if broken:
        raise ValueError


async def test_a_large_object_comes_in_parts_and_a_broken_one_leaves_none_behind(s3: str) -> None:
    store = open_store(make_settings("postgresql://", **settings_of(s3)))
    name = secrets.token_hex(16)
    await store.put(name, zeros(20))
    async with httpx.AsyncClient(base_url=s3) as asking:
        head = await asking.head(f"/{BUCKET}/{name}")
    assert head.headers["content-length"] == str(20 * PIECE)
    # The ETag of a multipart upload ends in the number of its parts.
    assert re.search(r"-3\"?$", head.headers["etag"])
    with pytest.raises(ValueError):  # noqa: PT011 - raised by the source itself
        await store.put(secrets.token_hex(16), zeros(20, broken=True))
    async with httpx.AsyncClient(base_url=s3) as asking:
        listed = await asking.get(f"/{BUCKET}?uploads")
    assert listed.status_code == 200
    assert "<UploadId>" not in listed.text


async def test_a_store_that_is_away_is_told_as_such() -> None:
    with s3_server() as address:
        store = open_store(make_settings("postgresql://", **settings_of(address)))
        await store.put("a" * 32, zeros(1))
    for work in (store.put("b" * 32, zeros(1)), store.read("a" * 32, 0, 1), store.delete(["a" * 32])):
        with pytest.raises(StorageUnavailable):
            await work


async def test_a_bucket_that_does_not_exist_is_no_empty_one(s3: str) -> None:
    store = open_store(make_settings("postgresql://", **{**settings_of(s3), "s3_bucket": "another"}))
    with pytest.raises(StorageUnavailable):
        await store.put("a" * 32, zeros(1))
