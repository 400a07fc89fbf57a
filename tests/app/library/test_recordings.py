"""Lessons that are a recording or a video."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from app.db.engine import transaction
from app.library.assets.addresses import WINDOW_SECONDS
from app.library.models import Issue
from app.resources import Service
from tests.app.library.assets.uploader import Uploader
from tests.app.library.desk import MONDAY, fields, make_issue
from tests.conftest import MovableClock
from tests.content.samples import mp3, mp4, picture, wav
from tests.world import World


@pytest.fixture
async def uploader(client: httpx.AsyncClient, world: World) -> Uploader:
    """An editor of organisation 10."""
    return Uploader(client, await world.staff(("editor", 10)))


async def record(uploader: Uploader, media_id: object, **more: object) -> httpx.Response:
    """The answer to a lesson that is a recording."""
    body = {name: value for name, value in fields(10).items() if name != "markdown"}
    return await uploader.client.post(
        "/lessons", headers=uploader.editor.auth, json={**body, "media_id": media_id, **more}
    )


@pytest.mark.parametrize(
    ("data", "name", "expected"),
    [
        (mp4(5000), "讲话.mp4", {"kind": "video", "media_type": "video/mp4", "seconds": 90, "width": 320}),
        (wav(2.2), "讲话.wav", {"kind": "audio", "media_type": "audio/wav", "seconds": 3, "width": None}),
    ],
)
async def test_the_preview_of_a_recording_is_what_a_member_gets_and_plays(
    uploader: Uploader, world: World, service: Service, data: bytes, name: str, expected: dict[str, Any]
) -> None:
    client, reader = uploader.client, await world.signed_in_member(100)
    asset = await uploader.upload(data, name)
    made = await record(uploader, asset["id"])
    assert made.status_code == 201, made.text
    lesson_id = made.json()["id"]
    assert {name: made.json()["media"][name] for name in expected} == expected
    preview = (await client.post(f"/lessons/{lesson_id}/preview", headers=uploader.editor.auth)).json()
    await make_issue(service, 10, uploader.editor.id, [lesson_id], state="published")
    seen = await client.get(f"/lessons/{lesson_id}", headers=reader.auth)
    # How long a recording has to be heard is settled when it is published.
    for_version = ("version", "required_seconds")
    assert {**seen.json(), **dict.fromkeys(for_version)} == {**preview, **dict.fromkeys(for_version)}
    played = await uploader.read(seen.json()["media"]["address"], Range="bytes=0-9")
    assert (played.status_code, played.content) == (206, data[:10])
    assert (await uploader.read(asset["address"])).status_code == 403


async def test_a_kept_recording_gets_a_new_address_before_the_old_one_ends(
    uploader: Uploader, world: World, service: Service, clock: MovableClock
) -> None:
    client, reader = uploader.client, await world.signed_in_member(100)
    lesson_id = (await record(uploader, (await uploader.upload(wav(), "讲话.wav"))["id"])).json()["id"]
    await make_issue(service, 10, uploader.editor.id, [lesson_id], state="published")
    first = await client.get(f"/lessons/{lesson_id}", headers=reader.auth)
    clock.move(seconds=WINDOW_SECONDS)
    known = {**reader.auth, "If-None-Match": first.headers["etag"]}
    again = await client.get(f"/lessons/{lesson_id}", headers=known)
    assert (again.status_code, again.json()["media"] == first.json()["media"]) == (200, False)


async def test_text_stands_beside_a_recording_and_changes_without_it(uploader: Uploader) -> None:
    asset = await uploader.upload(wav(), "讲话.wav")
    draft = (await record(uploader, asset["id"])).json()
    path = f"/lessons/{draft['id']}/draft"
    for body in ({"title": "新标题"}, {"markdown": "提要：**一般每月**召开。"}, {"summary": "又一次"}):
        answer = await uploader.client.patch(path, headers=uploader.editor.auth, json=body)
        assert (answer.status_code, answer.json()["media"]["kind"]) == (200, "audio"), answer.text
    assert answer.json()["markdown"].startswith("提要")
    beside = await record(uploader, asset["id"], markdown="提要")
    assert (beside.status_code, beside.json()["markdown"]) == (201, "提要")


async def test_what_is_no_finished_recording_of_known_length_is_refused(uploader: Uploader, world: World) -> None:
    image = await uploader.upload(picture(), "图.png")
    unmeasured = await uploader.upload(mp3(300, slower=300), "讲话.mp3")
    elsewhere = Uploader(uploader.client, await world.staff(("editor", 11)))
    begun = await elsewhere.begin(len(wav()), "讲话.wav", organisation_id=11)
    foreign = (await elsewhere.piece(begun.json()["id"], 0, wav())).json()["id"]
    for media_id, status, code in (
        (image["id"], 422, "not_a_recording"),
        (unmeasured["id"], 422, "unknown_length"),
        (await uploader.begun(100), 409, "media_unfinished"),
        (foreign, 404, "not_found"),
        (0, 422, "invalid_input"),
    ):
        answer = await record(uploader, media_id)
        assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_draft_gets_another_recording_and_does_without_one_where_it_has_a_text(
    uploader: Uploader, world: World
) -> None:
    first, second = await uploader.upload(wav(), "讲话.wav"), await uploader.upload(mp4(5000), "讲话.mp4")
    image = await uploader.upload(picture(), "图.png")
    foreign = Uploader(uploader.client, await world.staff(("editor", 11)))
    begun = (await foreign.begin(len(wav()), "讲话.wav", organisation_id=11)).json()["id"]
    elsewhere = (await foreign.piece(begun, 0, wav())).json()["id"]
    path = f"/lessons/{(await record(uploader, first['id'])).json()['id']}/draft"

    async def change(status: int, **body: object) -> dict[str, Any]:
        answer = await uploader.client.patch(path, headers=uploader.editor.auth, json=body)
        assert answer.status_code == status, answer.text
        return dict(answer.json())

    changed = await change(200, media_id=second["id"])
    assert (changed["media"]["kind"], changed["required_seconds"], changed["revision"]) == ("video", 81, 2)
    assert (await change(422, media_id=image["id"]))["code"] == "not_a_recording"
    assert (await change(404, media_id=elsewhere))["code"] == "not_found"
    assert (await change(422, media_id=None))["code"] == "one_text"
    assert (await change(200, markdown="提要", title="新标题"))["media"]["kind"] == "video"
    assert (await change(200, media_id=None))["media"] is None
    with_both = await change(200, media_id=first["id"], markdown="另一提要")
    assert (with_both["media"]["kind"], with_both["markdown"]) == ("audio", "另一提要")


async def test_another_recording_is_an_edition_of_its_own_and_another_title_is_not(
    uploader: Uploader, service: Service
) -> None:
    first, second = await uploader.upload(wav(), "讲话.wav"), await uploader.upload(mp4(5000), "讲话.mp4")
    lesson_id = (await record(uploader, first["id"], markdown="提要")).json()["id"]
    editions: list[int] = []
    for change in ({}, {"title": "新标题"}, {"media_id": second["id"]}, {"media_id": None}):
        async with transaction(service.sessions) as session:
            await session.execute(update(Issue).values(state="withdrawn"))
        if change:
            path = f"/lessons/{lesson_id}/draft"
            saved = await uploader.client.patch(path, headers=uploader.editor.auth, json=change)
            assert saved.status_code == 200, saved.text
        week = MONDAY + timedelta(weeks=len(editions))
        await make_issue(service, 10, uploader.editor.id, [lesson_id], week=week, state="published")
        versions = await uploader.client.get(f"/lessons/{lesson_id}/versions", headers=uploader.editor.auth)
        editions.append(versions.json()["items"][0]["edition"])
    assert editions == [1, 1, 2, 3]
