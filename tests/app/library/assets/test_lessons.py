"""A picture in a lesson: the address that is kept opens nothing, the one that is shown opens it for some hours."""

import html
import io
import re

import httpx
import pytest
from PIL import Image

from app.library.assets.addresses import WINDOW_SECONDS
from app.resources import Service
from tests.app.library.assets.uploader import Uploader
from tests.app.library.desk import make_issue, make_lesson
from tests.conftest import MovableClock
from tests.content.samples import picture
from tests.world import Person, World


@pytest.fixture
async def reader(world: World) -> Person:
    """A member of a branch below 10."""
    return await world.signed_in_member(100)


async def illustrated(uploader: Uploader, service: Service) -> tuple[int, str]:
    """A published lesson with a picture; its id and the address that is kept."""
    address = str((await uploader.upload(picture(), "党徽.png"))["address"])
    lesson_id = await make_lesson(service, 10, uploader.editor.id, f"看图：\n\n![党徽]({address})\n")
    await make_issue(service, 10, uploader.editor.id, [lesson_id], state="published")
    return lesson_id, address


async def test_preview_and_member_get_the_same_bytes_and_the_picture(
    uploader: Uploader, service: Service, reader: Person, client: httpx.AsyncClient, clock: MovableClock
) -> None:
    lesson_id, address = await illustrated(uploader, service)
    preview = (await client.post(f"/lessons/{lesson_id}/preview", headers=uploader.editor.auth)).json()
    clock.move(minutes=20)
    seen = (await client.get(f"/lessons/{lesson_id}", headers=reader.auth)).json()
    assert (seen["html"], seen["nodes"]) == (preview["html"], preview["nodes"])
    (url,) = re.findall(r'src="([^"]+)"', seen["html"])
    assert url.startswith(f"{address}?expires=")
    shown = Image.open(io.BytesIO((await uploader.read(html.unescape(url))).content))
    assert shown.convert("RGB").tobytes() == Image.open(io.BytesIO(picture())).convert("RGB").tobytes()
    assert (await uploader.read(address)).status_code == 403


async def test_a_reader_with_the_lesson_in_store_gets_new_addresses_before_the_old_ones_end(
    uploader: Uploader, service: Service, reader: Person, client: httpx.AsyncClient, clock: MovableClock
) -> None:
    lesson_id, _ = await illustrated(uploader, service)
    first = await client.get(f"/lessons/{lesson_id}", headers=reader.auth)
    known = {**reader.auth, "If-None-Match": first.headers["etag"]}
    assert (await client.get(f"/lessons/{lesson_id}", headers=known)).status_code == 304
    clock.move(seconds=WINDOW_SECONDS)
    again = await client.get(f"/lessons/{lesson_id}", headers=known)
    assert again.status_code == 200
    assert again.json()["html"] != first.json()["html"]


async def test_a_lesson_without_media_is_kept_as_long_as_it_does_not_change(
    uploader: Uploader, service: Service, reader: Person, client: httpx.AsyncClient, clock: MovableClock
) -> None:
    lesson_id = await make_lesson(service, 10, uploader.editor.id)
    await make_issue(service, 10, uploader.editor.id, [lesson_id], state="published")
    tag = (await client.get(f"/lessons/{lesson_id}", headers=reader.auth)).headers["etag"]
    clock.move(seconds=3 * WINDOW_SECONDS)
    known = {**reader.auth, "If-None-Match": tag}
    assert (await client.get(f"/lessons/{lesson_id}", headers=known)).status_code == 304
