"""A file that has arrived is put together, recognised and kept; and files that the server makes itself are kept."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

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
from content.documents.result import ParsedDocument
from content.errors import ContentError
from content.media import HEAD, TYPES, recognise
from content.media_facts import Facts, read_facts
from content.sandbox import parse_in_child


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


@dataclass(frozen=True)
class File:
    """A file that the server made itself, such as a re-encoded picture."""

    media_type: str
    data: bytes
    name: str


@dataclass(frozen=True)
class StoredFile:
    """A file that is in the store, and is no asset yet: what is not adopted within a day is swept."""

    key: str
    name: str
    size: int
    sha256: bytes
    facts: Facts


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
        whole = StoredFile(
            name, asset.file_name, asset.size, digested.sha256.digest(), await _facts(store, name, asset.size)
        )
        check_size(settings, whole.facts.type.kind, asset.size)
        if whole.facts.type.kind == "picture":
            whole = await _redraw(store, whole)
    except (ContentError, MediaTooLarge) as error:
        await refuse(sessions, store, asset_id, name)
        raise invalid(error) if isinstance(error, ContentError) else error from None
    except Exception as error:
        await discard(sessions, store, [name])
        if not isinstance(error, ObjectMissing):
            raise
        return await _completed_elsewhere(sessions, asset_id)
    return await _become_ready(sessions, store, asset_id, whole, actor, now)


async def _joined(store: Store, parts: Sequence[MediaObject]) -> AsyncIterator[bytes]:
    for part in parts:
        async for chunk in await store.read(part.name, 0, part.size or 0):
            yield chunk


async def _facts(store: Store, name: str, size: int) -> Facts:
    """What the file is; raises ContentError."""
    reading = read_facts(recognise(await _read(store, name, 0, min(HEAD, size))), size)
    try:
        wanted = next(reading)
        while True:
            wanted = reading.send(await _read(store, name, *wanted))
    except StopIteration as done:
        # Of some kinds nothing more is read: the first step may be the last.
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


async def _redraw(store: Store, upload: StoredFile) -> StoredFile:
    """A picture decoded in a child and encoded anew in the same place: where and by what it was taken is gone.

    Raises ContentError where it is none that can be shown.
    """
    parsed: ParsedDocument = await parse_in_child("picture", await _read(store, upload.key, 0, upload.size))
    (picture,) = parsed.pictures
    return await _store_file(store, upload.key, File(picture.media_type, picture.data, upload.name))


async def _become_ready(
    sessions: Sessions, store: Store, asset_id: int, file: StoredFile, actor: str, now: datetime
) -> Asset:
    async with transaction(sessions) as session:
        asset = await session.scalar(select(Asset).where(Asset.id == asset_id).with_for_update())
        won = asset is not None and asset.state == "uploading"
        if asset is not None and won:
            _fill(asset, file)
            audit.record(
                session, actor, "asset.added", "asset", asset_id,
                now=now, organisation_id=asset.organisation_id, size=asset.size, media_type=asset.media_type,
            )  # fmt: skip
            await session.execute(delete(MediaObject).where(MediaObject.name == file.key))
        # Only what is whole: another request that completes as well still writes its own object, and removes it.
        whole = (MediaObject.asset_id == asset_id, MediaObject.size.is_not(None))
        of_it = update(MediaObject).where(*whole).values(asset_id=None)
        left = list(await session.scalars(of_it.returning(MediaObject.name))) if won else [file.key]
    await discard(sessions, store, left)
    if asset is None:
        raise NotFound
    return asset


def _fill(asset: Asset, file: StoredFile) -> None:
    facts = file.facts
    asset.state = "ready"
    asset.key = file.key
    asset.media_type = facts.type.name
    asset.sha256, asset.stored_size = file.sha256, file.size
    asset.width, asset.height, asset.seconds = facts.width, facts.height, facts.seconds or None


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def store_files(sessions: Sessions, store: Store, files: Sequence[File], now: datetime) -> list[StoredFile]:
    """Writes files into the store, all or none of them; `adopt_files` makes assets of them.

    `media_type` must be what `data` is: raises ContentError where it is not; `StorageUnavailable`.
    """
    async with transaction(sessions) as session:
        names = [announce(session, None, 0, now) for _ in files]
    try:
        return [await _store_file(store, name, file) for name, file in zip(names, files, strict=True)]
    except Exception:
        await discard(sessions, store, names)
        raise


async def _store_file(store: Store, name: str, file: File) -> StoredFile:
    await store.put(name, _once(file.data))
    facts = await _facts(store, name, len(file.data))
    if facts.type != TYPES[file.media_type]:
        raise ContentError("unknown_media", f"生成的文件不是 {file.media_type}，请重试；如仍不行，请联系管理员。")
    return StoredFile(name, file.name, len(file.data), sha256(file.data).digest(), facts)


async def adopt_files(
    session: AsyncSession,
    files: Sequence[StoredFile],
    organisation_id: int,
    account_id: int,
    actor: str,
    now: datetime,
) -> list[Asset]:
    """Makes assets of stored files in the transaction of what they belong to: they stay, or go, with it."""
    if not files:
        return []
    assets = [
        Asset(
            organisation_id=organisation_id, account_id=account_id, file_name=file.name,
            size=file.size, received=file.size, created_at=now, touched_at=now,
        )
        for file in files
    ]  # fmt: skip
    for asset, file in zip(assets, files, strict=True):
        _fill(asset, file)
    session.add_all(assets)
    await session.flush()
    for asset in assets:
        audit.record(
            session, actor, "asset.added", "asset", asset.id,
            now=now, organisation_id=organisation_id, size=asset.size, media_type=asset.media_type,
        )  # fmt: skip
    await session.execute(delete(MediaObject).where(MediaObject.name.in_([file.key for file in files])))
    return assets


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
    """Keeps one file that belongs to nothing else, in transactions of its own; raises what `store_files` raises."""
    files = await store_files(sessions, store, [File(media_type, data, file_name)], now)
    async with transaction(sessions) as session:
        (asset,) = await adopt_files(session, files, organisation_id, account_id, actor, now)
    return asset
