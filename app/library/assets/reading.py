"""How a file is answered: whole, in part, or not at all because the caller has it."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import NotFound
from app.library.assets.addresses import file_of
from app.library.assets.models import Asset
from app.library.assets.ranges import part_of


@dataclass(frozen=True)
class Answer:
    """Status and headers, and the bytes from `start` until before `end`."""

    status: int
    headers: dict[str, str]
    start: int
    end: int


async def find_file(session: AsyncSession, name: str) -> Asset:
    """The asset whose file has this name; raises `NotFound`."""
    asset = await session.scalar(select(Asset).where(Asset.key == name.partition(".")[0]))
    if asset is None or asset.key is None or asset.media_type is None or file_of(asset.key, asset.media_type) != name:
        raise NotFound
    return asset


def plan(asset: Asset, age: int, range_: str | None, if_range: str | None, if_none_match: str | None) -> Answer:
    """The answer to these headers, to be kept for `age` seconds; raises `RangeOutside`."""
    tag = f'"{(asset.sha256 or b"").hex()[:32]}"'
    headers = {
        "ETag": tag,
        "Accept-Ranges": "bytes",
        "Cache-Control": f"private, max-age={age}, immutable",
        # Whatever the bytes may look like to a browser, they are what we have recognised, and no page.
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    if if_none_match is not None and tag in (each.strip().removeprefix("W/") for each in if_none_match.split(",")):
        return Answer(304, headers, 0, 0)
    # A caller that has the beginning of another file gets the whole of this one.
    size = asset.stored_size or 0
    part = part_of(range_, size) if if_range in (None, tag) else None
    start, end = (part.start, part.end) if part else (0, size)
    headers["Content-Type"] = asset.media_type or ""
    headers["Content-Disposition"] = f'inline; filename="{_short_name(asset)}"'
    headers["Content-Length"] = str(end - start)
    if part is not None:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    return Answer(206 if part else 200, headers, start, end)


def _short_name(asset: Asset) -> str:
    """What a saved file is called: `media-12.mp4`."""
    return f"media-{asset.id}.{file_of(asset.key or '', asset.media_type or '').rpartition('.')[2]}"
