"""A file that has arrived is put together, recognised and kept; and files that the server makes itself are kept."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from hashlib import sha256

from sqlalchemy import delete, select, update

from app.access import audit
from app.content_errors import invalid
from app.db.engine import Sessions, transaction
from app.errors import Conflict, NotFound
from app.library.assets.errors import MediaTooLarge
from app.library.assets.models import Asset, MediaObject
from app.library.assets.objects import Incoming, announce, discard
from app.library.assets.service import check_size, refuse
from app.settings import Settings
from app.storage.base import ObjectMissing, Store
from content.errors import ContentError
from content.media import HEAD, TYPES, recognise
from content.media_facts import Facts, read_facts


class UploadDamaged(Conflict):
    """A piece that was kept is no longer in the store."""

    code = "upload_damaged"
    detail = "已上传的内容在存储中缺失，请重新上传这个文件。"


class Digested:
    """Bytes on their way, and the SHA-256 of those that have passed."""

    def __init__(self, source: AsyncIterator[bytes]) -> None:
        self.source = source
        self.sha256 = sha256()

    async def chunks(self) -> AsyncIterator[bytes]:
        """Passes the bytes on."""
        async for chunk in self.source:
            # In a thread: a digest of 1 MB would hold up the other requests for 2 ms.
            await asyncio.to_thread(self.sha256.update, chunk)
            yield chunk


async def complete(
    sessions: Sessions, store: Store, settings: Settings, actor: str, asset_id: int, now: datetime
) -> Asset:
    """Makes an asset of an upload that has arrived whole; harmless to repeat, also at the same time.

    Raises `Invalid`, `MediaTooLarge`, `UploadDamaged`, `NotFound` or `StorageUnavailable`.
    """
    async with transaction(sessions) as session:
        asset = await session.get(Asset, asset_id)
        if asset is None:
            raise NotFound
        if asset.state == "ready":
            return asset
        pieces = (MediaObject.asset_id == asset_id, MediaObject.size > 0)
        parts = list(await session.scalars(select(MediaObject).where(*pieces).order_by(MediaObject.start)))
        name = announce(session, asset_id, 0, now)
    digested = Digested(_joined(store, parts))
    incoming = Incoming(digested.chunks(), asset.size)
    try:
        await store.put(name, incoming.chunks())
        if incoming.error is not None:
            raise incoming.error
        facts = await _facts(store, name, asset.size)
        check_size(settings, facts.type.kind, asset.size)
    except (ContentError, MediaTooLarge) as error:
        await refuse(sessions, store, asset_id, name)
        raise invalid(error) if isinstance(error, ContentError) else error from None
    except Exception as error:
        await discard(sessions, store, [name])
        if not isinstance(error, ObjectMissing):
            raise
        return await _completed_elsewhere(sessions, asset_id)
    return await _become_ready(sessions, store, asset_id, name, facts, digested.sha256.digest(), actor, now)


async def _joined(store: Store, parts: Sequence[MediaObject]) -> AsyncIterator[bytes]:
    for part in parts:
        async for chunk in await store.read(part.name, 0, part.size or 0):
            yield chunk


async def _facts(store: Store, name: str, size: int) -> Facts:
    """What the file is; raises ContentError."""
    reading = read_facts(recognise(await _read(store, name, 0, min(HEAD, size))), size)
    wanted = next(reading, None)
    try:
        while wanted is not None:
            wanted = reading.send(await _read(store, name, *wanted))
    except StopIteration as done:
        facts: Facts = done.value
    return facts


async def _read(store: Store, name: str, start: int, end: int) -> bytes:
    if start >= end:
        return b""
    return b"".join([chunk async for chunk in await store.read(name, start, end)])


async def _completed_elsewhere(sessions: Sessions, asset_id: int) -> Asset:
    """The pieces are gone: another request has finished and removed them, or they are lost."""
    async with transaction(sessions) as session:
        asset = await session.get(Asset, asset_id)
    if asset is None:
        raise NotFound
    if asset.state != "ready":
        raise UploadDamaged
    return asset


async def _become_ready(
    sessions: Sessions, store: Store, asset_id: int, name: str, facts: Facts, digest: bytes, actor: str, now: datetime
) -> Asset:
    async with transaction(sessions) as session:
        asset = await session.scalar(select(Asset).where(Asset.id == asset_id).with_for_update())
        won = asset is not None and asset.state == "uploading"
        if asset is not None and won:
            _fill(asset, name, facts, digest)
            audit.record(
                session, actor, "asset.added", "asset", asset_id,
                now=now, organisation_id=asset.organisation_id, size=asset.size, media_type=asset.media_type,
            )  # fmt: skip
            await session.execute(delete(MediaObject).where(MediaObject.name == name))
        # Only what is whole: another request that completes as well still writes its own object, and removes it.
        whole = (MediaObject.asset_id == asset_id, MediaObject.size.is_not(None))
        of_it = update(MediaObject).where(*whole).values(asset_id=None)
        left = list(await session.scalars(of_it.returning(MediaObject.name))) if won else [name]
    await discard(sessions, store, left)
    if asset is None:
        raise NotFound
    return asset


def _fill(asset: Asset, name: str, facts: Facts, digest: bytes) -> None:
    asset.state = "ready"
    asset.key = name
    asset.media_type = facts.type.name
    asset.sha256 = digest
    asset.width, asset.height, asset.seconds = facts.width, facts.height, facts.seconds or None


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def keep_bytes(
    sessions: Sessions,
    store: Store,
    organisation_id: int,
    account_id: int,
    actor: str,
    media_type: str,
    data: bytes,
    file_name: str,
    now: datetime,
) -> Asset:
    """Keeps a file that the server made itself, such as a re-encoded picture, in transactions of its own.

    `media_type` must be what `data` is: raises ContentError where it is not; `StorageUnavailable`.
    """
    async with transaction(sessions) as session:
        name = announce(session, None, 0, now)
    try:
        await store.put(name, _once(data))
        facts = await _facts(store, name, len(data))
        if facts.type != TYPES[media_type]:
            raise ContentError("unknown_media", f"生成的文件不是 {media_type}，请重试；如仍不行，请联系管理员。")
    except Exception:
        await discard(sessions, store, [name])
        raise
    async with transaction(sessions) as session:
        asset = Asset(
            organisation_id=organisation_id, account_id=account_id, file_name=file_name,
            size=len(data), received=len(data), created_at=now, touched_at=now,
        )  # fmt: skip
        _fill(asset, name, facts, sha256(data).digest())
        session.add(asset)
        await session.flush()
        audit.record(
            session, actor, "asset.added", "asset", asset.id,
            now=now, organisation_id=organisation_id, size=asset.size, media_type=media_type,
        )  # fmt: skip
        await session.execute(delete(MediaObject).where(MediaObject.name == name))
    return asset
