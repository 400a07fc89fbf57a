"""The whole way of a file with a bucket in place of the folder."""

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from app.library.assets.objects import sweep
from app.resources import Service
from app.web import create_app
from tests.app.library.assets.uploader import Uploader, rows
from tests.app.storage.bucket import BUCKET, s3_server, settings_of
from tests.conftest import MovableClock, make_settings
from tests.content.samples import mp4
from tests.world import World

FILM = mp4(3 * 1024 * 1024)


async def keys(address: str) -> int:
    """How many objects the bucket has."""
    async with httpx.AsyncClient() as asking:
        listed = await asking.get(f"{address}/{BUCKET}?list-type=2")
    assert listed.status_code == 200
    return listed.text.count("<Key>")


@pytest.fixture
async def bucket(service: Service) -> AsyncIterator[tuple[str, Service]]:
    """An S3 server, and the service that keeps media there."""
    with s3_server() as address:
        settings = make_settings(str(service.settings.database_url), **settings_of(address))
        yield address, replace(service, settings=settings)


async def test_a_film_goes_into_a_bucket_and_comes_out_in_parts(
    bucket: tuple[str, Service], world: World, clock: MovableClock
) -> None:
    address, service = bucket
    transport = httpx.ASGITransport(create_app(service))
    async with httpx.AsyncClient(transport=transport, base_url="http://test/api/v1") as client:
        uploader = Uploader(client, await world.staff(("editor", 10)))
        asset_id = await uploader.begun(len(FILM))
        await uploader.piece(asset_id, 0, FILM[:1_000_000])
        assert (await uploader.piece(asset_id, 0, FILM[:1_000_000])).status_code == 409
        seen = (await uploader.piece(asset_id, 1_000_000, FILM[1_000_000:])).json()
        assert (seen["state"], seen["seconds"]) == ("ready", 90.0)
        assert (await keys(address), await rows(service)) == (1, (1, 0))
        assert (await uploader.read(seen["url"])).content == FILM
        part = await uploader.read(seen["url"], Range="bytes=1048570-1048590")
        assert (part.status_code, part.content) == (206, FILM[1048570:1048591])
        left = await uploader.begun(len(FILM))
        await uploader.piece(left, 0, FILM[:5000])
        refused = await uploader.piece(await uploader.begun(6000), 0, b"<html>" + bytes(5994))
        assert refused.json()["code"] == "unknown_media"
        assert await keys(address) == 2
    assert await sweep(service.sessions, service.media, clock.move(hours=25)) == 1
    assert await keys(address) == 1


async def test_a_bucket_that_is_away_is_a_503_to_try_again(bucket: tuple[str, Service], world: World) -> None:
    _, service = bucket
    away = replace(service, settings=make_settings("postgresql://", **settings_of("http://127.0.0.1:1")))
    for each, status in ((away, 503), (service, 200)):
        transport = httpx.ASGITransport(create_app(each))
        async with httpx.AsyncClient(transport=transport, base_url="http://test/api/v1") as client:
            uploader = Uploader(client, await world.staff(("editor", 10)))
            answer = await uploader.piece(await uploader.begun(len(FILM)), 0, FILM)
            assert answer.status_code == status, answer.text
