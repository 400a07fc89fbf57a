"""What happens when requests complete or refuse the same upload at the same time, whatever their order."""

import asyncio
import io
from collections.abc import AsyncIterator
from dataclasses import replace
from hashlib import sha256

import httpx
import pytest
from PIL import Image
from PIL.ExifTags import GPS, IFD

from app.library.assets import completing
from app.library.assets.completing import keep_bytes
from app.resources import Service
from app.storage.base import StorageUnavailable, Store
from app.web import create_app
from content.errors import ContentError
from tests.app.library.assets.uploader import Uploader, files, rows
from tests.conftest import make_settings
from tests.content.samples import SOUND, SVG, mp4, picture
from tests.world import World

FILM = mp4(5000)


async def interrupted(uploader: Uploader, monkeypatch: pytest.MonkeyPatch) -> int:
    """An upload that has arrived and was not completed."""

    async def stop(*_: object) -> None:
        raise StorageUnavailable

    asset_id = await uploader.begun(len(FILM))
    with monkeypatch.context() as patched:
        patched.setattr(completing, "complete", stop)
        assert (await uploader.piece(asset_id, 0, FILM)).status_code == 503
    return asset_id


async def test_who_comes_second_while_it_writes_gets_the_same_asset(
    uploader: Uploader, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    asset_id = await interrupted(uploader, monkeypatch)
    joined = completing._joined
    first_has_read, second_is_done = asyncio.Event(), asyncio.Event()
    slow = True

    async def halting(store: Store, parts: object) -> AsyncIterator[bytes]:
        nonlocal slow
        mine, slow = slow, False
        async for chunk in joined(store, parts):  # type: ignore[arg-type]  # passed on as it came
            yield chunk
            if mine:
                first_has_read.set()
                await second_is_done.wait()

    monkeypatch.setattr(completing, "_joined", halting)
    first = asyncio.create_task(uploader.piece(asset_id, len(FILM), b""))
    await first_has_read.wait()
    second = await uploader.piece(asset_id, len(FILM), b"")
    second_is_done.set()
    answers = [await first, second]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json()["address"] == answers[1].json()["address"]
    assert (len(files(service)), await rows(service)) == (1, (1, 0))


async def test_who_comes_too_late_to_read_gets_the_same_asset(
    uploader: Uploader, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    asset_id = await interrupted(uploader, monkeypatch)
    joined = completing._joined
    waiting, go_on = asyncio.Event(), asyncio.Event()
    slow = True

    async def late(store: Store, parts: object) -> AsyncIterator[bytes]:
        nonlocal slow
        mine, slow = slow, False
        if mine:
            waiting.set()
            await go_on.wait()
        async for chunk in joined(store, parts):  # type: ignore[arg-type]  # passed on as it came
            yield chunk

    monkeypatch.setattr(completing, "_joined", late)
    first = asyncio.create_task(uploader.piece(asset_id, len(FILM), b""))
    await waiting.wait()
    second = await uploader.piece(asset_id, len(FILM), b"")
    go_on.set()
    assert ((await first).json()["address"], second.status_code) == (second.json()["address"], 200)
    assert (len(files(service)), await rows(service)) == (1, (1, 0))


async def test_a_piece_of_an_upload_that_was_just_refused_finds_nothing(uploader: Uploader, service: Service) -> None:
    asset_id = await uploader.begun(9000)
    refused, on_its_way = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield FILM[:1000]
        on_its_way.set()
        await refused.wait()
        yield FILM[1000:]

    good = asyncio.create_task(uploader.piece(asset_id, 0, slow()))
    await on_its_way.wait()
    bad = await uploader.piece(asset_id, 0, b"<html>" + bytes(5000))
    assert (bad.status_code, bad.json()["code"]) == (422, "unknown_media")
    refused.set()
    assert (await good).status_code == 404
    assert (files(service), await rows(service)) == ([], (0, 0))


async def test_a_picture_of_the_server_itself_is_an_asset_at_once(
    uploader: Uploader, service: Service, world: World
) -> None:
    data = picture("JPEG", 300, 200)
    asset = await keep_bytes(
        service.sessions, service.media, 10, uploader.editor.id, "account:1", "image/jpeg", data, "image1.jpg",
        service.clock(),
    )  # fmt: skip
    seen = (await uploader.client.get(f"/assets/{asset.id}", headers=uploader.editor.auth)).json()
    assert (seen["state"], seen["media_type"], seen["width"], seen["height"]) == ("ready", "image/jpeg", 300, 200)
    assert (await uploader.read(seen["url"])).content == data
    assert await rows(service) == (1, 0)


@pytest.mark.parametrize("data", [picture("PNG"), SVG], ids=["another type", "svg"])
async def test_what_the_server_made_must_be_what_it_says(uploader: Uploader, service: Service, data: bytes) -> None:
    with pytest.raises(ContentError):
        await keep_bytes(
            service.sessions, service.media, 10, uploader.editor.id, "account:1", "image/jpeg", data, "x",
            service.clock(),
        )  # fmt: skip
    assert (files(service), await rows(service)) == ([], (0, 0))


async def test_a_recording_that_called_itself_a_video_has_the_limit_of_a_recording(
    service: Service, world: World
) -> None:
    # Its brand is that of a video: only its tracks, at the end of the file, say what it is.
    data = mp4(1_500_000, tracks=SOUND)
    settings = make_settings(str(service.settings.database_url), media=service.settings.media_folder, audio_mb=1)
    small = replace(service, settings=settings)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(create_app(small)), base_url="http://test/api/v1"
    ) as client:
        uploader = Uploader(client, await world.staff(("editor", 10)))
        asset_id = await uploader.begun(len(data))
        assert (await uploader.piece(asset_id, 0, data[:1_000_000])).status_code == 200
        answer = await uploader.piece(asset_id, 1_000_000, data[1_000_000:])
    assert (answer.status_code, answer.json()["code"]) == (413, "media_too_large")
    assert "音频不能超过 1 MB" in answer.json()["detail"]
    assert (files(service), await rows(service)) == ([], (0, 0))


async def test_what_a_phone_wrote_into_a_picture_is_gone(uploader: Uploader, service: Service) -> None:
    exif = Image.Exif()
    exif.get_ifd(IFD.GPSInfo)[GPS.GPSLatitude] = (26.0, 5.0, 12.0)
    taken = io.BytesIO()
    Image.effect_noise((1800, 900), 40).convert("RGB").save(taken, "JPEG", exif=exif)
    data = taken.getvalue()
    seen = await uploader.upload(data, "照片.jpg")
    answer = await uploader.read(seen["url"])
    kept = Image.open(io.BytesIO(answer.content))
    assert (Image.open(io.BytesIO(data)).getexif().get_ifd(IFD.GPSInfo) != {}, dict(kept.getexif())) == (True, {})
    assert (seen["size"], seen["width"], seen["height"], kept.size) == (len(data), 1600, 800, (1600, 800))
    assert seen["sha256"] == sha256(answer.content).hexdigest()
    part = await uploader.read(seen["url"], Range="bytes=-10")
    assert (part.content, part.headers["content-range"].rpartition("/")[2]) == (
        answer.content[-10:],
        str(len(answer.content)),
    )
    assert (len(files(service)), await rows(service)) == (1, (1, 0))
    # Whoever did not hear the answer to the last piece asks again where they were.
    again = await uploader.piece(seen["id"], len(data), b"")
    assert (again.status_code, again.json()["state"], again.json()["sha256"]) == (200, "ready", seen["sha256"])


async def test_a_picture_that_cannot_be_shown_is_refused_and_nothing_stays(
    uploader: Uploader, service: Service
) -> None:
    data = picture("PNG", 400, 300)
    asset_id = await uploader.begun(len(data) - 200, "图.png")
    answer = await uploader.piece(asset_id, 0, data[:-200])
    assert (answer.status_code, answer.json()["code"]) == (422, "damaged_picture")
    assert (files(service), await rows(service)) == ([], (0, 0))
