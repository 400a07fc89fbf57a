"""Uploads over a poor network: in any pieces, after any break, the file that arrives is the file that was sent."""

import asyncio
from collections.abc import AsyncIterator
from hashlib import sha256
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from starlette.requests import ClientDisconnect

from app.access.models import AuditEntry
from app.db.engine import transaction
from app.library.assets import service as uploads
from app.library.assets.models import MediaObject
from app.middleware import CHUNK_LIMIT
from app.resources import Service
from app.storage.base import StorageUnavailable
from tests.app.library.assets.uploader import Uploader, files, rows
from tests.content.samples import SVG, mp4, picture, wav
from tests.world import World

FILM = mp4(5000)
IN_TRANSACTION = """SELECT count(*) FROM pg_stat_activity
    WHERE state LIKE 'idle in transaction%' AND datname = current_database()"""


async def test_a_file_in_one_piece_is_kept_with_what_is_known_of_it(uploader: Uploader, service: Service) -> None:
    begun = await uploader.begin(len(FILM))
    assert begun.headers["upload-offset"] == "0"
    asset_id = begun.json()["id"]
    answer = await uploader.piece(asset_id, 0, FILM)
    assert (answer.status_code, answer.headers["upload-offset"]) == (200, str(len(FILM)))
    seen = answer.json()
    assert {name: seen[name] for name in ("state", "media_type", "width", "height", "seconds", "file_name")} == {
        "state": "ready", "media_type": "video/mp4", "width": 320, "height": 240, "seconds": 90.0,
        "file_name": "讲话.mp4",
    }  # fmt: skip
    assert seen["sha256"] == sha256(FILM).hexdigest()
    (file,) = files(service)
    assert file.read_bytes() == FILM
    assert seen["address"] == f"/api/v1/assets/files/{file.name}.mp4"
    assert await rows(service) == (1, 0)
    assert (await uploader.client.get(f"/assets/{asset_id}", headers=uploader.editor.auth)).json() == seen


@given(
    cuts=st.sets(st.integers(1, len(FILM) - 1), max_size=5),
    # Pieces that are sent again, or too early, or by mistake: where they begin and how long they are.
    detours=st.lists(st.tuples(st.integers(0, len(FILM) + 10), st.integers(0, 3000)), max_size=5),
    order=st.randoms(use_true_random=False),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_pieces_with_repeats_and_wrong_turns_end_in_the_same_bytes(
    uploader: Uploader, service: Service, cuts: set[int], detours: list[tuple[int, int]], order: Random
) -> None:
    before = set(files(service))
    asset_id, offset = await uploader.begun(len(FILM)), 0
    while offset < len(FILM):
        if detours and order.random() < 0.5:
            place, length = detours.pop()
        else:
            place, length = offset, min(cut for cut in {*cuts, len(FILM)} if cut > offset) - offset
        answer = await uploader.piece(asset_id, place, FILM[place : place + length])
        assert answer.status_code == (200 if place == offset else 409), answer.text
        if place == offset:
            offset += len(FILM[place : place + length])
        assert int(answer.headers["upload-offset"]) == await uploader.offset(asset_id) == offset
    seen = (await uploader.client.get(f"/assets/{asset_id}", headers=uploader.editor.auth)).json()
    assert (seen["state"], seen["sha256"]) == ("ready", sha256(FILM).hexdigest())
    (file,) = set(files(service)) - before
    assert file.read_bytes() == FILM


async def test_a_repeated_piece_is_told_where_to_go_on(uploader: Uploader) -> None:
    asset_id = await uploader.begun(len(FILM))
    assert (await uploader.piece(asset_id, 0, FILM[:2000])).json()["received"] == 2000
    again = await uploader.piece(asset_id, 0, FILM[:2000])
    assert (again.status_code, again.json()["code"], again.headers["upload-offset"]) == (409, "wrong_offset", "2000")
    assert (await uploader.piece(asset_id, 2000, FILM[2000:])).json()["state"] == "ready"
    late = await uploader.piece(asset_id, 2000, FILM[2000:])
    assert (late.status_code, late.headers["upload-offset"]) == (409, str(len(FILM)))


async def test_of_two_pieces_for_one_place_exactly_one_counts(uploader: Uploader, service: Service) -> None:
    asset_id = await uploader.begun(len(FILM))
    first, second = asyncio.Event(), asyncio.Event()

    async def slow(mine: asyncio.Event, other: asyncio.Event) -> AsyncIterator[bytes]:
        yield FILM[:1000]
        mine.set()
        await other.wait()  # both are on their way
        yield FILM[1000:2500]

    answers = await asyncio.gather(
        uploader.piece(asset_id, 0, slow(first, second)), uploader.piece(asset_id, 0, slow(second, first))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert await uploader.offset(asset_id) == 2500
    assert len(files(service)) == 1, "what did not count was removed"
    assert (await uploader.piece(asset_id, 2500, FILM[2500:])).json()["sha256"] == sha256(FILM).hexdigest()


async def arrived(uploader: Uploader, monkeypatch: pytest.MonkeyPatch) -> int:
    """An upload that was interrupted between its last piece and what follows."""
    asset_id = await uploader.begun(len(FILM))

    async def interrupted(*_: object) -> None:
        raise StorageUnavailable

    with monkeypatch.context() as patched:
        patched.setattr("app.library.assets.completing.complete", interrupted)
        assert (await uploader.piece(asset_id, 0, FILM)).status_code == 503
    assert await uploader.offset(asset_id) == len(FILM)
    return asset_id


async def test_completing_twice_at_once_gives_one_asset(
    uploader: Uploader, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    asset_id = await arrived(uploader, monkeypatch)
    answers = await asyncio.gather(*(uploader.piece(asset_id, len(FILM), b"") for _ in range(4)))
    assert [answer.status_code for answer in answers] == [200] * 4
    assert len({answer.json()["address"] for answer in answers}) == 1
    assert len(files(service)) == 1
    assert await rows(service) == (1, 0)


async def test_an_empty_last_piece_completes_what_was_interrupted(
    uploader: Uploader, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    asset_id = await arrived(uploader, monkeypatch)
    answer = await uploader.piece(asset_id, len(FILM), b"")
    assert (answer.status_code, answer.json()["state"]) == (200, "ready")
    assert await rows(service) == (1, 0)


async def test_a_piece_that_breaks_off_leaves_nothing_and_can_be_sent_again(
    uploader: Uploader, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    asset_id = await uploader.begun(len(FILM))

    async def gone() -> AsyncIterator[bytes]:
        yield FILM[:2000]
        raise ClientDisconnect

    with monkeypatch.context() as patched:
        patched.setattr("starlette.requests.Request.stream", lambda _: gone())
        answer = await uploader.piece(asset_id, 0, FILM)
    assert (answer.status_code, answer.json()["code"]) == (400, "upload_interrupted")
    assert (await uploader.offset(asset_id), files(service)) == (0, [])
    assert (await uploader.piece(asset_id, 0, FILM)).json()["state"] == "ready"


async def test_an_empty_piece_changes_nothing(uploader: Uploader, service: Service) -> None:
    asset_id = await uploader.begun(len(FILM))

    async def nothing() -> AsyncIterator[bytes]:
        yield b""

    for content in (b"", nothing()):
        answer = await uploader.piece(asset_id, 0, content)
        assert (answer.status_code, answer.json()["received"]) == (200, 0)
    assert (files(service), await rows(service)) == ([], (1, 0))


@pytest.mark.parametrize("declared", [True, False])
async def test_more_than_was_announced_is_refused_and_leaves_nothing(
    uploader: Uploader, service: Service, declared: bool
) -> None:
    asset_id = await uploader.begun(len(FILM))
    await uploader.piece(asset_id, 0, FILM[:2000])

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(2000, len(FILM) + 1, 500):
            yield (FILM + b"!" * 500)[start : start + 500]
        yield b"!"

    answer = await uploader.piece(asset_id, 2000, FILM[2000:] + b"!" if declared else chunks())
    assert (answer.status_code, answer.json()["code"]) == (413, "beyond_size")
    assert (await uploader.offset(asset_id), len(files(service))) == (2000, 1)
    assert (await uploader.piece(asset_id, 2000, FILM[2000:])).json()["state"] == "ready"


async def test_a_piece_may_be_as_large_as_its_bound_and_no_larger(uploader: Uploader) -> None:
    film = mp4(CHUNK_LIMIT + 1000)
    asset_id = await uploader.begun(len(film))
    answer = await uploader.piece(asset_id, 0, film[: CHUNK_LIMIT + 1])
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert (await uploader.piece(asset_id, 0, film[:CHUNK_LIMIT])).json()["received"] == CHUNK_LIMIT
    assert (await uploader.piece(asset_id, CHUNK_LIMIT, film[CHUNK_LIMIT:])).json()["state"] == "ready"


@pytest.mark.parametrize(
    ("name", "megabytes"), [("a.png", 20), ("a.jpg", 20), ("a.mp3", 200), ("a.wav", 200), ("a.mp4", 2048)]
)
async def test_a_file_over_the_limit_of_its_kind_is_refused_before_a_byte_is_sent(
    uploader: Uploader, service: Service, name: str, megabytes: int
) -> None:
    answer = await uploader.begin(megabytes * 1024**2 + 1, name)
    assert (answer.status_code, answer.json()["code"]) == (413, "media_too_large")
    assert f"{megabytes} MB" in answer.json()["detail"]
    assert await rows(service) == (0, 0)
    assert (await uploader.begin(megabytes * 1024**2, name)).status_code == 201


async def test_a_picture_that_calls_itself_a_video_has_the_limit_of_a_picture(
    uploader: Uploader, service: Service
) -> None:
    asset_id = await uploader.begun(30 * 1024**2, "a.mp4")
    answer = await uploader.piece(asset_id, 0, picture("PNG") + bytes(5000))
    assert (answer.status_code, answer.json()["code"]) == (413, "media_too_large")
    assert (files(service), await rows(service)) == ([], (0, 0))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"<html><script>alert(1)</script>" + bytes(5000), "unknown_media"),
        (SVG + bytes(5000), "svg_refused"),
        (b"MZ" + bytes(5000), "unknown_media"),
        (b"\x00\x00\x00\x18ftypisom" + bytes(5000), "broken_media"),
    ],
    ids=["page", "svg", "program", "mp4 without an index"],
)
@pytest.mark.parametrize("small", [False, True])
async def test_a_wrong_type_is_refused_and_nothing_stays(
    uploader: Uploader, service: Service, data: bytes, code: str, small: bool
) -> None:
    asset_id = await uploader.begun(len(data), "a.mp4")
    if small:
        # Too little to recognise anything: the refusal waits for the end.
        assert (await uploader.piece(asset_id, 0, data[:20])).status_code == 200
    answer = await uploader.piece(asset_id, 20 if small else 0, data[20 if small else 0 :])
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert (files(service), await rows(service)) == ([], (0, 0))
    gone = await uploader.piece(asset_id, 0, b"x")
    assert gone.status_code == 404


async def test_an_svg_is_refused_by_its_name_already(uploader: Uploader) -> None:
    answer = await uploader.begin(100, "党徽.svg")
    assert (answer.status_code, answer.json()["code"]) == (422, "svg_refused")


@pytest.mark.parametrize("name", ["../../etc/passwd.png", "..\\..\\x.png", "/etc/cron.d/x.png", "a;rm -rf.png"])
async def test_a_name_is_shown_and_never_a_path(uploader: Uploader, service: Service, name: str) -> None:
    seen = await uploader.upload(picture(), name)
    assert seen["file_name"] == name
    (file,) = files(service)
    assert file.is_relative_to(service.settings.media_folder)
    assert (len(file.name), file.name.isalnum()) == (32, True)
    shown = (await uploader.read(seen["url"])).headers["content-disposition"]
    assert shown == f'inline; filename="media-{seen["id"]}.png"'


async def test_a_file_of_one_type_with_another_name_is_served_as_what_it_is(uploader: Uploader) -> None:
    seen = await uploader.upload(wav(), "a.mp3")
    assert (seen["media_type"], seen["seconds"]) == ("audio/wav", 2.0)
    assert seen["address"].endswith(".wav")


async def test_another_organisations_editor_does_not_find_it(uploader: Uploader, world: World) -> None:
    asset_id = await uploader.begun(len(FILM))
    await uploader.piece(asset_id, 0, FILM[:2000])
    other = Uploader(uploader.client, await world.staff(("editor", 11), ("leader", 10)))
    assert (await other.piece(asset_id, 2000, FILM[2000:])).status_code == 404
    assert (await other.client.get(f"/assets/{asset_id}", headers=other.editor.auth)).status_code == 404
    assert (await other.begin(100)).status_code == 404
    assert await uploader.offset(asset_id) == 2000


async def test_what_was_answered_is_what_a_retried_beginning_gets(uploader: Uploader, service: Service) -> None:
    body = {"organisation_id": 10, "file_name": "a.png", "size": 100}
    headers = {**uploader.editor.auth, "Idempotency-Key": "one"}
    first, second = [await uploader.client.post("/assets", headers=headers, json=body) for _ in range(2)]
    assert first.json() == second.json()
    assert await rows(service) == (1, 0)


async def test_nobody_begins_more_uploads_than_they_finish(uploader: Uploader, world: World) -> None:
    for _ in range(uploads.MOST_UPLOADS):
        await uploader.begun(100, "a.png")
    answer = await uploader.begin(100, "a.png")
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_uploads")
    other = Uploader(uploader.client, await world.staff(("editor", 10)))
    assert (await other.begin(100, "a.png")).status_code == 201


async def test_an_upload_in_crumbs_comes_to_an_end(
    uploader: Uploader, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MOST_PIECES", 3)
    asset_id = await uploader.begun(len(FILM))
    for place in range(3):
        assert (await uploader.piece(asset_id, place, FILM[place : place + 1])).status_code == 200
    answer = await uploader.piece(asset_id, 3, FILM[3:4])
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_pieces")


async def test_a_piece_of_another_form_is_refused(uploader: Uploader) -> None:
    asset_id = await uploader.begun(100, "a.png")
    for given_type in ("application/octet-stream", "application/json", ""):
        answer = await uploader.piece(asset_id, 0, b"x", **{"Content-Type": given_type})
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


async def test_no_transaction_is_open_while_a_piece_arrives(uploader: Uploader, service: Service) -> None:
    asset_id = await uploader.begun(len(FILM))
    seen: list[int] = []

    async def watched() -> AsyncIterator[bytes]:
        yield FILM[:1000]
        async with service.sessions() as session:
            seen.append(await session.scalar(text(IN_TRANSACTION)) or 0)
        yield FILM[1000:]

    assert (await uploader.piece(asset_id, 0, watched())).json()["state"] == "ready"
    assert seen == [0]


async def test_beginning_and_adding_are_on_record(uploader: Uploader, service: Service) -> None:
    seen = await uploader.upload(picture(), "a.png")
    async with transaction(service.sessions) as session:
        entries = list(await session.scalars(select(AuditEntry).order_by(AuditEntry.id)))
    assert [(entry.action, entry.object_id, entry.organisation_id) for entry in entries] == [
        ("asset.begun", seen["id"], 10),
        ("asset.added", seen["id"], 10),
    ]
    assert entries[1].detail == {"size": seen["size"], "media_type": "image/png"}


async def test_a_piece_that_the_store_has_lost_is_told(uploader: Uploader, service: Service) -> None:
    asset_id = await uploader.begun(len(FILM))
    await uploader.piece(asset_id, 0, FILM[:2000])
    (lost,) = files(service)
    lost.unlink()
    answer = await uploader.piece(asset_id, 2000, FILM[2000:])
    assert (answer.status_code, answer.json()["code"]) == (409, "upload_damaged")
    async with transaction(service.sessions) as session:
        assert set(await session.scalars(select(MediaObject.asset_id))) == {asset_id}


async def test_a_store_that_is_away_keeps_the_upload_where_it_was(uploader: Uploader, service: Service) -> None:
    asset_id = await uploader.begun(len(FILM))
    service.settings.media_folder.write_bytes(b"in the way of the folder")
    answer = await uploader.piece(asset_id, 0, FILM)
    assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
    service.settings.media_folder.unlink()
    assert (await uploader.piece(asset_id, 0, FILM)).json()["state"] == "ready"
