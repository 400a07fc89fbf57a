"""Uploads that were given up are removed after a day; what is used or still under way stays."""

from collections.abc import AsyncIterator

import pytest

from app.db.engine import transaction
from app.library.assets.objects import announce, sweep
from app.resources import Service
from app.storage.base import StorageUnavailable
from tests.app.library.assets.uploader import Uploader, files, rows
from tests.conftest import MovableClock
from tests.content.samples import mp4, picture
from tests.world import World

FILM = mp4(5000)


async def swept(service: Service) -> int:
    """How many objects a sweep removes now."""
    return await sweep(service.sessions, service.media, service.clock())


async def test_an_upload_is_given_up_a_day_after_its_last_piece(
    uploader: Uploader, service: Service, clock: MovableClock
) -> None:
    kept = await uploader.upload(picture(), "a.png")
    asset_id = await uploader.begun(len(FILM))
    for place in range(0, 3000, 1000):
        clock.move(minutes=9)
        assert (await uploader.piece(asset_id, place, FILM[place : place + 1000])).status_code == 200
    clock.move(hours=23, minutes=59)
    assert await swept(service) == 0
    assert (len(files(service)), await rows(service)) == (4, (2, 3))
    clock.move(minutes=2)
    assert await swept(service) == 3
    assert [file.name for file in files(service)] == [kept["address"][-36:-4]]
    assert await rows(service) == (1, 0)


async def test_an_upload_that_goes_on_keeps_its_old_pieces(
    uploader: Uploader, service: Service, clock: MovableClock
) -> None:
    asset_id = await uploader.begun(len(FILM))
    await uploader.piece(asset_id, 0, FILM[:1000])
    for place in range(1000, 4000, 1000):
        clock.move(minutes=20)
        assert (await uploader.piece(asset_id, place, FILM[place : place + 1000])).status_code == 200
    clock.move(hours=23, minutes=30)
    assert await swept(service) == 0, "the first piece is older than a day"


async def test_what_a_process_that_died_had_announced_is_removed(
    uploader: Uploader, service: Service, world: World, clock: MovableClock
) -> None:
    async def half() -> AsyncIterator[bytes]:
        yield FILM

    asset_id = await uploader.begun(len(FILM))
    await uploader.piece(asset_id, 0, FILM[:1000])
    async with transaction(service.sessions) as session:
        names = [announce(session, each, 1000, service.clock()) for each in (asset_id, None)]
    for name in names:
        await service.media.put(name, half())
    clock.move(hours=20)
    uploader.editor = await world.staff(("editor", 10))  # the first session has ended
    assert (await uploader.piece(asset_id, 1000, FILM[1000:2000])).status_code == 200
    clock.move(hours=5)
    assert await swept(service) == 2
    assert (len(files(service)), await rows(service)) == (2, (1, 2))


async def test_a_sweep_that_finds_the_store_away_is_done_by_the_next(
    uploader: Uploader, service: Service, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    asset_id = await uploader.begun(len(FILM))
    await uploader.piece(asset_id, 0, FILM[:1000])
    clock.move(hours=25)

    async def away(*_: object) -> None:
        raise StorageUnavailable

    with monkeypatch.context() as patched:
        patched.setattr("app.storage.local.LocalStore.delete", away)
        with pytest.raises(StorageUnavailable):
            await swept(service)
    assert (len(files(service)), await rows(service)) == (1, (0, 1))
    assert await swept(service) == 1
    assert (files(service), await rows(service)) == ([], (0, 0))
