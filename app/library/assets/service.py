"""Uploads in pieces: begun, gone on with after any break, put together and recognised at the end."""

from collections.abc import AsyncIterator
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import CurrentStaff, within
from app.content_errors import invalid
from app.db.engine import Sessions, transaction
from app.directory.models import Organisation
from app.errors import NotFound
from app.library.assets.errors import BeyondSize, MediaTooLarge, TooManyPieces, TooManyUploads, WrongOffset
from app.library.assets.models import Asset, MediaObject
from app.library.assets.objects import Incoming, announce, discard
from app.library.reach import get_organisation
from app.settings import Settings
from app.storage.base import Store
from content.errors import ContentError
from content.media import HEAD, Kind, promised_kind, recognise

MOST_UPLOADS = 20
# 2 GB in pieces of 256 KB.
MOST_PIECES = 8192
KINDS: dict[Kind, str] = {"picture": "图片", "audio": "音频", "video": "视频"}


def check_size(settings: Settings, kind: Kind, size: int) -> None:
    """Raises `MediaTooLarge` where a file of this kind may not have so many bytes."""
    most = {"picture": settings.picture_mb, "audio": settings.audio_mb, "video": settings.video_mb}[kind]
    if size > most * 1024 * 1024:
        raise MediaTooLarge(f"{KINDS[kind]}不能超过 {most} MB，请压缩后再上传。")


async def begin_upload(
    session: AsyncSession,
    settings: Settings,
    staff: CurrentStaff,
    organisation_id: int,
    file_name: str,
    size: int,
    now: datetime,
) -> Asset:
    """A new upload of `size` bytes; raises `NotFound`, `Invalid`, `MediaTooLarge` or `TooManyUploads`."""
    organisation = await get_organisation(session, staff, organisation_id)
    try:
        check_size(settings, promised_kind(file_name), size)
    except ContentError as error:
        raise invalid(error) from None
    unfinished = await session.scalar(
        select(func.count()).where(Asset.account_id == staff.account_id, Asset.state == "uploading")
    )
    if (unfinished or 0) >= MOST_UPLOADS:
        raise TooManyUploads
    asset = Asset(
        organisation_id=organisation.id,
        account_id=staff.account_id,
        file_name=file_name,
        size=size,
        received=0,
        state="uploading",
        created_at=now,
        touched_at=now,
    )
    session.add(asset)
    await session.flush()
    audit.record(
        session, staff.actor, "asset.begun", "asset", asset.id,
        now=now, organisation_id=organisation.id, size=size,
    )  # fmt: skip
    return asset


async def get_asset(session: AsyncSession, staff: CurrentStaff, asset_id: int, *roles: str) -> Asset:
    """An asset in the reach of these roles; raises `NotFound`."""
    asset = await session.scalar(
        select(Asset)
        .join(Organisation, Organisation.id == Asset.organisation_id)
        .where(Asset.id == asset_id, within(Organisation.path, staff.paths(*roles)))
    )
    if asset is None:
        raise NotFound
    return asset


async def add_piece(
    sessions: Sessions,
    store: Store,
    settings: Settings,
    staff: CurrentStaff,
    asset_id: int,
    offset: int,
    length: int | None,
    body: AsyncIterator[bytes],
    now: datetime,
) -> Asset:
    """Takes the bytes from `offset` on, as they arrive; `length` is what was declared.

    All of them are kept, or none. Raises `NotFound`, `WrongOffset`, `BeyondSize`, `TooManyPieces`, `Invalid`,
    `MediaTooLarge`, `StorageUnavailable`, or what `body` raises.
    """
    async with transaction(sessions) as session:
        asset = await get_asset(session, staff, asset_id, "editor")
        _check_offset(asset, offset)
        if length is not None and offset + length > asset.size:
            raise BeyondSize
        if length == 0:
            return asset
        await _check_pieces(session, asset_id)
        name = announce(session, asset_id, offset, now)
    incoming = Incoming(body, asset.size - offset, HEAD if offset == 0 else 0)
    try:
        await store.put(name, incoming.chunks())
        _check_arrived(incoming, settings, asset)
        async with transaction(sessions) as session:
            asset = await _keep_piece(session, asset_id, name, offset, incoming.size, now)
    except (ContentError, MediaTooLarge) as error:
        await refuse(sessions, store, asset_id, name)
        raise invalid(error) if isinstance(error, ContentError) else error from None
    except Exception:
        await discard(sessions, store, [name])
        raise
    if incoming.size == 0:
        await discard(sessions, store, [name])
    return asset


def _check_arrived(incoming: Incoming, settings: Settings, asset: Asset) -> None:
    """All of the piece and no more; and of the first one, where it says enough, that it begins a file that we keep."""
    if incoming.error is not None:
        raise incoming.error
    if incoming.over:
        raise BeyondSize
    if incoming.head and len(incoming.head) == min(HEAD, asset.size):
        check_size(settings, recognise(incoming.head).kind, asset.size)


def _check_offset(asset: Asset, offset: int) -> None:
    if asset.received != offset:
        raise WrongOffset(headers={"Upload-Offset": str(asset.received)})


async def _check_pieces(session: AsyncSession, asset_id: int) -> None:
    pieces = await session.scalar(select(func.count()).where(MediaObject.asset_id == asset_id))
    if (pieces or 0) >= MOST_PIECES:
        raise TooManyPieces


async def _keep_piece(session: AsyncSession, asset_id: int, name: str, offset: int, size: int, now: datetime) -> Asset:
    """Of two pieces for one place the first counts: the other one finds that the upload has gone on."""
    asset = await session.scalar(select(Asset).where(Asset.id == asset_id).with_for_update())
    if asset is None:
        raise NotFound
    _check_offset(asset, offset)
    await session.execute(update(MediaObject).where(MediaObject.name == name).values(size=size))
    asset.received += size
    asset.touched_at = now
    return asset


async def refuse(sessions: Sessions, store: Store, asset_id: int, name: str) -> None:
    """Ends an upload that is not wanted, found out by the object `name`: nothing of it stays.

    What another request is just writing is left to that one, which will find no asset.
    """
    async with transaction(sessions) as session:
        whole = (MediaObject.asset_id == asset_id, MediaObject.size.is_not(None))
        names = [name, *await session.scalars(select(MediaObject.name).where(*whole))]
        await session.execute(delete(Asset).where(Asset.id == asset_id, Asset.state == "uploading"))
    await discard(sessions, store, names)
