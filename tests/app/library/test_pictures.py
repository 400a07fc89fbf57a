"""Pages that were copied: their pictures are places that somebody fills, and until then nobody reviews them."""

from typing import Any

import httpx
import pytest

from app.resources import Service
from tests.app.library.assets.uploader import Uploader
from tests.app.library.desk import fields, make_issue
from tests.content.samples import mp4, picture
from tests.world import World

PAGE = """<section style="text-align:center"><p>第一段</p><img data-src="https://mmbiz.example/1.png"></section>
<p>第二段</p><p><img src="https://mmbiz.example/2.png" alt="会议"></p><script>alert(1)</script>"""


@pytest.fixture
async def uploader(client: httpx.AsyncClient, world: World) -> Uploader:
    """An editor of organisation 10."""
    return Uploader(client, await world.staff(("editor", 10)))


async def pasted(uploader: Uploader, **more: object) -> dict[str, Any]:
    """The draft of a page that was copied."""
    body = {name: value for name, value in fields(10, html=PAGE, **more).items() if name != "markdown"}
    answer = await uploader.client.post("/lessons", headers=uploader.editor.auth, json=body)
    assert answer.status_code == 201, answer.text
    draft: dict[str, Any] = answer.json()
    return draft


async def fill(uploader: Uploader, lesson_id: int, number: int, asset_id: object, **headers: str) -> httpx.Response:
    """The answer to a picture for a place."""
    sent = {**uploader.editor.auth, **headers}
    path = f"/lessons/{lesson_id}/draft/pictures/{number}"
    return await uploader.client.put(path, headers=sent, json={"asset_id": asset_id})


async def test_each_picture_of_a_pasted_page_is_put_in_by_hand(uploader: Uploader, service: Service) -> None:
    draft = await pasted(uploader)
    assert draft["open_pictures"] == [1, 2]
    asset = await uploader.upload(picture(), "图.png")
    filled = await fill(uploader, draft["id"], 2, asset["id"])
    assert (filled.status_code, filled.json()["open_pictures"]) == (200, [1]), filled.text
    again = await fill(uploader, draft["id"], 2, asset["id"])
    assert (again.status_code, again.json()["code"]) == (404, "placeholder_not_found")
    stale = await fill(uploader, draft["id"], 1, asset["id"], **{"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale_revision")
    last = await fill(uploader, draft["id"], 1, asset["id"])
    assert last.json()["open_pictures"] == []
    preview = await uploader.client.post(f"/lessons/{draft['id']}/preview", headers=uploader.editor.auth)
    assert preview.json()["html"].count("<img ") == 2
    assert "mmbiz" not in preview.text
    assert "alert" not in preview.text
    assert str(preview.json()["nodes"]).count("'img'") == 2


async def test_only_a_finished_picture_in_reach_fills_a_place(uploader: Uploader, world: World) -> None:
    draft = await pasted(uploader)
    film = await uploader.upload(mp4(5000))
    unfinished = await uploader.begun(100, "图.png")
    elsewhere = Uploader(uploader.client, await world.staff(("editor", 11)))
    answer = await elsewhere.begin(len(picture()), "图.png", organisation_id=11)
    foreign = (await elsewhere.piece(answer.json()["id"], 0, picture())).json()["id"]
    for asset_id, status, code in (
        (film["id"], 422, "not_a_picture"),
        (unfinished, 409, "media_unfinished"),
        (foreign, 404, "not_found"),
        (999_999, 404, "not_found"),
        ("1", 422, "invalid_input"),
    ):
        answer = await fill(uploader, draft["id"], 1, asset_id)
        assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_an_issue_with_missing_pictures_does_not_go_to_review(uploader: Uploader, service: Service) -> None:
    draft = await pasted(uploader)
    issue_id = await make_issue(service, 10, uploader.editor.id, [draft["id"]])
    path = f"/issues/{issue_id}/transitions"
    refused = await uploader.client.post(path, headers=uploader.editor.auth, json={"to": "in_review"})
    assert (refused.status_code, refused.json()["code"]) == (409, "pictures_missing")
    assert "《支部委员会会议》缺图 1、2" in refused.json()["detail"]
    asset = await uploader.upload(picture(), "图.png")
    for number in (1, 2):
        assert (await fill(uploader, draft["id"], number, asset["id"])).status_code == 200
    moved = await uploader.client.post(path, headers=uploader.editor.auth, json={"to": "in_review"})
    assert (moved.status_code, moved.json()["state"]) == (200, "in_review"), moved.text


async def test_a_lesson_has_one_text(uploader: Uploader) -> None:
    both = fields(10, html=PAGE)
    neither = {name: value for name, value in fields(10).items() if name != "markdown"}
    for body in (both, neither):
        answer = await uploader.client.post("/lessons", headers=uploader.editor.auth, json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "one_text")


async def test_a_text_shows_only_pictures_in_reach_or_that_it_shows_already(
    uploader: Uploader, world: World, service: Service
) -> None:
    mine = await uploader.upload(picture(), "图.png")
    elsewhere = Uploader(uploader.client, await world.staff(("editor", 11)))
    answer = await elsewhere.begin(len(picture()), "图.png", organisation_id=11)
    foreign = (await elsewhere.piece(answer.json()["id"], 0, picture())).json()
    film = await uploader.upload(mp4(5000))
    both = await world.staff(("editor", 10), ("editor", 11))
    made = await uploader.client.post(
        "/lessons", headers=both.auth, json=fields(10, markdown=f"![图]({foreign['address']})")
    )
    assert made.status_code == 201, made.text
    path = f"/lessons/{made.json()['id']}"

    async def refused(method: str, url: str, body: dict[str, object]) -> None:
        answer = await uploader.client.request(method, url, headers=uploader.editor.auth, json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "picture_unknown"), answer.text

    for address in ("/api/v1/assets/document/1", f"/api/v1/assets/files/{'0' * 32}.png", film["address"]):
        await refused("PATCH", f"{path}/draft", {"markdown": f"![图]({address})"})
        if "document" not in address:
            await refused("POST", "/lessons", fields(10, html=f"<p>文<img src='{address}'></p>", markdown=None))
    await refused("POST", "/lessons", fields(10, markdown=f"![图]({foreign['address']})"))
    kept = {"markdown": f"![图]({foreign['address']})\n\n![图]({mine['address']})"}
    changed = await uploader.client.patch(f"{path}/draft", headers=uploader.editor.auth, json=kept)
    assert changed.status_code == 200, changed.text
    await make_issue(service, 10, uploader.editor.id, [made.json()["id"]], state="published")
    await refused(
        "POST", f"{path}/corrections", {"markdown": f"![图](/api/v1/assets/files/{'0' * 32}.png)", "note": "改"}
    )
