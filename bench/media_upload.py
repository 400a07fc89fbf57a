"""A large video through the API and back: memory of the service as growth, time as a ratio to a plain write.

    python -m bench.media_upload [--megabytes 1024] [--piece 8] [--folder /tmp]

Prints the memory (RSS) that one API process had before and at most, in each step, and how long the upload took as a
multiple of a plain sequential write of the same bytes with one fsync, to the same disk, in the same run.
"""

import argparse
import asyncio
import hashlib
import os
import secrets
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from bench.service import Watched, serving
from tests.content.samples import SOUND, box, mp4, track

MB = 1024 * 1024
HEADERS = {"Content-Type": "application/offset+octet-stream"}


def film(megabytes: int, piece: int) -> Iterator[bytes]:
    """A video of this size in pieces of the other, with its index at its beginning; its data are noise."""
    noise = secrets.token_bytes(piece * MB)
    index = mp4(0, tracks=track(b"vide", 1280, 720) + SOUND, index_first=True)[: -len(box(b"mdat"))]
    length = megabytes * MB - len(index)
    first = index + length.to_bytes(4) + b"mdat"
    if length >= 2**32:
        raise SystemExit("at most 4,095 MB")
    yield first + noise[len(first) :]
    for _ in range(megabytes // piece - 1):
        yield noise


def plain_write(folder: Path, options: argparse.Namespace) -> float:
    """Seconds of a sequential write of the same bytes, with one fsync at the end."""
    path = folder / "plain"
    begun = time.monotonic()
    with path.open("wb") as file:
        for piece in film(options.megabytes, options.piece):
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    spent = time.monotonic() - begun
    path.unlink()
    return spent


async def upload(client: httpx.AsyncClient, options: argparse.Namespace) -> tuple[dict[str, Any], str]:
    """The asset, and the digest of what was sent."""
    body = {"organisation_id": 1, "file_name": "课.mp4", "size": options.megabytes * MB}
    asset = (await client.post("/assets", json=body)).raise_for_status().json()
    digest = hashlib.sha256()
    for piece in film(options.megabytes, options.piece):
        await asyncio.to_thread(digest.update, piece)
        headers = {**HEADERS, "Upload-Offset": str(asset["received"])}
        answer = await client.patch(f"/assets/{asset['id']}/content", content=piece, headers=headers)
        if answer.status_code != 200:
            raise SystemExit(answer.text)
        asset = answer.json()
    return asset, digest.hexdigest()


async def read(address: str, readers: int) -> set[str]:
    """The digests of what so many readers get at once."""

    async def one() -> str:
        digest = hashlib.sha256()
        async with httpx.AsyncClient(timeout=600) as client, client.stream("GET", address) as answer:
            async for piece in answer.aiter_raw():
                digest.update(piece)
        return digest.hexdigest()

    return set(await asyncio.gather(*(one() for _ in range(readers))))


async def measure(folder: Path, options: argparse.Namespace) -> Watched:
    """Uploads and reads with a service of its own."""
    async with serving(folder) as (watched, client):
        asset, digest = await watched.step("upload", upload(client, options))
        if (asset["state"], asset["sha256"]) != ("ready", digest):
            raise SystemExit(f"not what was sent: {asset}")
        address = str(client.base_url.join(asset["url"]))
        if await watched.step("4 readers", read(address, 4)) != {digest}:
            raise SystemExit("what was read is not what was sent")
    return watched


def main(options: argparse.Namespace) -> None:
    """Measures in a folder that is thrown away."""
    with tempfile.TemporaryDirectory(dir=options.folder) as temporary:
        folder = Path(temporary)
        before = plain_write(folder, options)
        watched = asyncio.run(measure(folder, options))
        plain = (before + plain_write(folder, options)) / 2
    print(f"{options.megabytes} MB in pieces of {options.piece} MB")
    print(f"RSS before    {watched.before / MB:>8.0f} MB")
    for name, peak in watched.peak.items():
        print(f"{name:<12}  {peak / MB:>8.0f} MB at most, {(peak - watched.before) / MB:+.0f} MB")
    print(f"upload        {watched.seconds['upload']:>8.1f} s, {watched.seconds['upload'] / plain:.1f} plain writes")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A large video through the API: memory, and time as a ratio")
    parser.add_argument("--megabytes", type=int, default=1024)
    parser.add_argument("--piece", type=int, default=8)
    parser.add_argument("--folder", type=Path, default=None, help="on the disk that is to be measured")
    main(parser.parse_args())
