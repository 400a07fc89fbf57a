"""Media in a bucket of any S3-compatible store."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from app.settings import Settings
from app.storage.base import PIECE, ObjectMissing, StorageUnavailable, gathered

# Of a multipart upload: 10,000 parts at most, so up to 80 GB; and so many are on their way, 16 MB for each object.
PART = 8 * 1024 * 1024
PARTS_AT_ONCE = 2
CONNECT = timedelta(seconds=5)
# For one part, not for a whole file: 8 MB in a minute is the slowest link that is worth waiting for.
ANSWER = timedelta(seconds=60)
RETRIES = 3


@dataclass(frozen=True)
class BucketStore:
    """A store in a bucket."""

    bucket: S3Store

    async def put(self, name: str, chunks: AsyncIterator[bytes]) -> int:
        """See `Store.put`: a multipart upload, which shows nothing before it is complete."""
        size = 0

        async def counted() -> AsyncIterator[bytes]:
            nonlocal size
            async for piece in gathered(chunks):
                size += len(piece)
                yield piece

        with _told():
            await obstore.put_async(self.bucket, name, counted(), chunk_size=PART, max_concurrency=PARTS_AT_ONCE)
        return size

    async def read(self, name: str, start: int, end: int) -> AsyncIterator[bytes]:
        """See `Store.read`: a request for each piece, so that a slow reader keeps no connection and no more memory."""
        return self._pieces(name, await self._piece(name, start, end), start, end)

    async def _piece(self, name: str, start: int, end: int) -> bytes:
        with _told():
            try:
                return bytes(await obstore.get_range_async(self.bucket, name, start=start, end=min(end, start + PIECE)))
            except FileNotFoundError as error:
                raise ObjectMissing from error

    async def _pieces(self, name: str, piece: bytes, start: int, end: int) -> AsyncIterator[bytes]:
        while piece:
            yield piece
            start += len(piece)
            piece = await self._piece(name, start, end) if start < end else b""

    async def delete(self, names: Sequence[str]) -> None:
        """See `Store.delete`."""
        with _told():
            for name in names:
                await obstore.delete_async(self.bucket, name)


def open_bucket(settings: Settings) -> BucketStore:
    """The bucket of the settings; nothing is asked of it yet."""
    return BucketStore(
        S3Store(
            settings.s3_bucket,
            endpoint=settings.s3_endpoint,
            region=settings.s3_region,
            access_key_id=settings.s3_access_key,
            secret_access_key=settings.s3_secret_key.get_secret_value(),
            virtual_hosted_style_request=settings.s3_bucket_in_host,
            client_options={
                # Production refuses such an address before this is reached.
                "allow_http": settings.s3_endpoint.startswith("http://"),
                "connect_timeout": CONNECT,
                "timeout": ANSWER,
            },
            retry_config={"max_retries": RETRIES, "retry_timeout": ANSWER},
        )
    )


@contextmanager
def _told() -> Iterator[None]:
    """The errors of the library as ours."""
    try:
        yield
    except (BaseError, OSError) as error:
        raise StorageUnavailable from error
