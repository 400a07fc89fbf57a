"""Objects of the store: listed before they are written, struck off after they are gone, so that none is forgotten."""

import secrets
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.engine import Sessions, transaction
from app.library.assets.models import Asset, MediaObject
from app.storage.base import StorageUnavailable, Store

log = structlog.get_logger()

# An upload that nobody went on with for so long is given up.
ABANDONED = timedelta(hours=24)
PAGE = 200


def announce(session: AsyncSession, asset_id: int | None, start: int, now: datetime) -> str:
    """The name of an object that is about to be written; it is swept after a day unless it becomes something."""
    name = secrets.token_hex(16)
    session.add(MediaObject(name=name, asset_id=asset_id, start=start, size=None, created_at=now))
    return name


async def discard(sessions: Sessions, store: Store, names: Sequence[str]) -> None:
    """Removes objects that are of no use; where the store is away the next sweep does it."""
    try:
        await _remove(sessions, store, names)
    except StorageUnavailable as error:
        log.warning("media_not_removed", objects=len(names), error=repr(error.__cause__))


async def _remove(sessions: Sessions, store: Store, names: Sequence[str]) -> None:
    """From the store first: what is off the list is gone."""
    await store.delete(names)
    async with transaction(sessions) as session:
        await session.execute(delete(MediaObject).where(MediaObject.name.in_(names)))


async def sweep(sessions: Sessions, store: Store, now: datetime) -> int:
    """Gives up what was abandoned, and removes what belongs to nothing; gives how many objects are gone.

    Raises `StorageUnavailable`.
    """
    oldest = now - ABANDONED
    async with transaction(sessions) as session:
        # Their pieces stay in the list, without an asset.
        await session.execute(delete(Asset).where(Asset.state == "uploading", Asset.touched_at < oldest))
    gone = 0
    while True:
        async with transaction(sessions) as session:
            dead = or_(MediaObject.asset_id.is_(None), MediaObject.size.is_(None))
            names = list(
                await session.scalars(select(MediaObject.name).where(MediaObject.created_at < oldest, dead).limit(PAGE))
            )
        if not names:
            return gone
        await _remove(sessions, store, names)
        gone += len(names)


class Incoming:
    """Bytes on their way into the store: counted, bounded, their beginning kept.

    An error of their source ends them early and is kept too: the object is then shorter than it should be and is
    discarded by the caller, whatever the store would have made of an exception in its midst.
    """

    def __init__(self, source: AsyncIterator[bytes], room: int, keep: int = 0) -> None:
        self.source, self.room, self.keep = source, room, keep
        self.size = 0
        self.head = b""
        self.over = False
        self.error: Exception | None = None

    async def chunks(self) -> AsyncIterator[bytes]:
        """Passes the bytes on, at most `room` of them."""
        try:
            async for chunk in self.source:
                self.size += len(chunk)
                if self.size > self.room:
                    self.over = True
                    return
                if len(self.head) < self.keep:
                    self.head = (self.head + chunk)[: self.keep]
                yield chunk
        except Exception as error:
            self.error = error
