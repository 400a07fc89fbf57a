"""Lessons from documents: what members get is what was previewed, and what is refused leaves nothing behind."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from app.db.engine import transaction
from app.library import documents
from app.library.assets.objects import sweep
from app.library.models import Lesson
from app.library.warnings import find_warnings
from app.resources import Service
from content.errors import ContentError
from tests.app.library.assets.uploader import files, rows
from tests.app.library.desk import FILE, make_issue, make_lesson
from tests.content.documents.build_docx import docx_of, official_docx, p, picture, rich_docx
from tests.content.documents.build_pdf import chinese_pdf
from tests.content.documents.build_pptx import pptx_of
from tests.content.hostile.images import bmp_claiming
from tests.content.hostile.packages import many_entries, overlapping
from tests.content.hostile.pdfs import form_loop
from tests.world import Person, World

SOURCE = "《中国共产党支部工作条例（试行）》"
NOTES = """<?xml version="1.0" encoding="UTF-8"?><w:footnotes
    xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">
    <w:footnote w:id="2"><w:p><w:r><w:t>见条例第十二条。</w:t></w:r></w:p></w:footnote></w:footnotes>"""


async def hand_in(client: httpx.AsyncClient, editor: Person, data: bytes, name: str, **fields: str) -> httpx.Response:
    """The answer to a file, with a source unless there is another."""
    form = {"organisation_id": "10", "source": SOURCE, **fields}
    return await client.post("/lessons", headers=editor.auth, data=form, files={"file": (name, data)})


async def stored(service: Service) -> tuple[int, int, int]:
    """How many lessons, assets and files there are."""
    async with transaction(service.sessions) as session:
        lessons = await session.scalar(select(func.count()).select_from(Lesson))
    return lessons or 0, (await rows(service))[0], len(files(service))


def pictures_of(shown: dict[str, Any]) -> list[str]:
    """The addresses of the pictures, as a browser reads them."""
    return [unescape(url) for url in re.findall(r'<img src="([^"]+)"', shown["html"])]


async def test_what_the_preview_of_a_word_file_gives_is_what_a_member_gets(
    client: httpx.AsyncClient, world: World, service: Service
) -> None:
    editor, reader = await world.staff(("editor", 10)), await world.signed_in_member(100)
    note = '<w:p><w:r><w:t>支委会一般每月召开一次</w:t></w:r><w:r><w:footnoteReference w:id="2"/></w:r></w:p>'
    document = docx_of(note, {"word/footnotes.xml": NOTES}, into=rich_docx())
    made = await hand_in(client, editor, document, "学习资料.docx", summary="一份摘要")
    assert made.status_code == 201, made.text
    draft = made.json()
    assert (draft["title"], draft["markdown"], draft["source"]) == ("学习资料", "", SOURCE)
    preview = (await client.post(f"/lessons/{draft['id']}/preview", headers=editor.auth)).json()
    await make_issue(service, 10, editor.id, [draft["id"]], state="published")
    seen = (await client.get(f"/lessons/{draft['id']}", headers=reader.auth)).json()
    assert seen | {"version": None} == preview
    for part in ("<h1", "<table", 'colspan="2"', "<ul", "<ol", "<sub", "见条例第十二条"):
        assert part in seen["html"], part
    urls = pictures_of(seen)
    assert len(urls) == 3
    for url in urls:
        answer = await client.get(f"http://test{url}")
        assert (answer.status_code, answer.headers["content-type"][:6]) == (200, "image/")
    assert (await client.get(f"http://test{urls[0].partition('?')[0]}")).status_code == 403


@pytest.mark.parametrize(
    ("name", "make", "title", "pictures"),
    [
        ("a.md", lambda: FILE.encode(), "", 0),
        ("页面.html", lambda: "<h1>支委会</h1><p>每月一次</p>".encode(), "支委会", 0),
        ("通知.docx", official_docx, "", 0),
        ("课件.pptx", lambda: pptx_of("支委会", "每月一次"), "课件", 2),
        ("文件.pdf", lambda: chinese_pdf(12), "文件", 12),
        ("海报.png", picture, "海报", 1),
    ],
)
async def test_a_file_of_each_kind_becomes_a_lesson_with_its_pictures(
    client: httpx.AsyncClient,
    world: World,
    service: Service,
    name: str,
    make: Callable[[], bytes],
    title: str,
    pictures: int,
) -> None:
    editor = await world.staff(("editor", 10))
    fields = {"source": ""} if name.endswith(".md") else {"title": title}
    made = await hand_in(client, editor, make(), name, **fields)
    assert made.status_code == 201, made.text
    preview = (await client.post(f"/lessons/{made.json()['id']}/preview", headers=editor.auth)).json()
    urls = pictures_of(preview)
    assert len(set(urls)) == len(urls) == pictures
    assert await stored(service) == (1, pictures, pictures)
    assert (await rows(service))[1] == 0, "each picture is an asset now"
    for url in urls[:2]:
        assert (await client.get(f"http://test{url}")).status_code == 200


async def test_the_text_of_a_pdf_is_found_though_its_pages_are_pictures(
    client: httpx.AsyncClient, world: World
) -> None:
    editor = await world.staff(("editor", 10))
    made = await hand_in(client, editor, chinese_pdf(3), "文件.pdf", title="三页")
    found = await client.get("/desk/search", headers=editor.auth, params={"q": "第2页 党员学习资料"})
    assert [item["id"] for item in found.json()["items"]] == [made.json()["id"]]
    assert made.json()["characters"] > 100


@pytest.mark.parametrize(
    ("name", "make", "code"),
    [
        ("a.docx", many_entries, "file_too_complex"),
        ("a.docx", overlapping, "file_too_complex"),
        ("a.pdf", form_loop, "document_too_complex"),
        ("a.bmp", lambda: bmp_claiming(60_000, 60_000), "picture_too_large"),
        ("a.docx", lambda: b"MZ" + bytes(100), "unsupported_executable"),
        ("a.docx", lambda: docx_of(p("机密★1年")), "classified_marking"),
        ("a.svg", lambda: b"<svg onload='alert(1)'/>", "unsupported_svg"),
        ("a.png", official_docx, "extension_mismatch"),
        ("a.pdf", lambda: chinese_pdf(1, password="1"), "encrypted_file"),
    ],
)
async def test_a_hostile_file_is_refused_and_nothing_is_stored(
    client: httpx.AsyncClient, world: World, service: Service, name: str, make: Callable[[], bytes], code: str
) -> None:
    editor = await world.staff(("editor", 10))
    answer = await hand_in(client, editor, make(), name, title="标题")
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert await stored(service) == (0, 0, 0)
    assert await rows(service) == (0, 0)


async def test_pages_that_were_drawn_already_are_removed_when_the_document_is_refused_after_all(
    client: httpx.AsyncClient, world: World, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor = await world.staff(("editor", 10))
    seen: list[int] = []

    def refuse(html: str, addresses: dict[int, str]) -> None:
        seen.append(len(files(service)))
        raise ContentError("html_too_large", "内容排版后超过 512 KB，请拆分为多篇资料。")

    monkeypatch.setattr(documents, "finish", refuse)
    answer = await hand_in(client, editor, chinese_pdf(12), "a.pdf", title="标题")
    assert (answer.status_code, answer.json()["code"]) == (422, "html_too_large")
    assert seen == [12], "they were there"
    assert await stored(service) == (0, 0, 0)
    assert await rows(service) == (0, 0)


async def test_a_document_without_source_or_with_doubled_fields_is_refused(
    client: httpx.AsyncClient, world: World, service: Service
) -> None:
    editor = await world.staff(("editor", 10))
    for data, name, fields, code in (
        (rich_docx(), "a.docx", {"source": ""}, "missing_source"),
        (chinese_pdf(1), ".pdf", {}, "missing_title"),
        (chinese_pdf(1), "机密★文件.pdf", {}, "classified_marking"),
        (rich_docx(), "a.docx", {"source_url": "javascript:1"}, "invalid_url"),
        (FILE.encode(), "a.md", {"title": "标题"}, "front_matter_only"),
    ):
        answer = await hand_in(client, editor, data, name, **fields)
        assert (answer.status_code, answer.json()["code"]) == (422, code), name
    elsewhere = await hand_in(client, editor, rich_docx(), "a.docx", organisation_id="11")
    assert elsewhere.status_code == 404
    assert await stored(service) == (0, 0, 0)


async def test_pictures_of_a_request_that_failed_are_swept(
    client: httpx.AsyncClient, world: World, service: Service
) -> None:
    editor = await world.staff(("editor", 10))
    headers = {**editor.auth, "Idempotency-Key": "k1"}
    form = {"data": {"organisation_id": "10", "source": SOURCE}, "files": {"file": ("a.docx", rich_docx())}}
    first = await client.post("/lessons", headers=headers, **form)  # type: ignore[arg-type]  # httpx's names
    again = await client.post("/lessons", headers=headers, **form)  # type: ignore[arg-type]  # httpx's names
    assert again.headers["idempotency-replayed"] == "true"
    assert first.json() == again.json()
    lessons, assets, kept = await stored(service)
    assert (lessons, kept - assets) == (1, assets), "the second upload's pictures are nobody's"
    await sweep(service.sessions, service.media, service.clock() + timedelta(days=2))
    assert await stored(service) == (1, assets, assets)


async def test_changed_fields_leave_a_document_as_it_is_and_another_file_takes_its_place(
    client: httpx.AsyncClient, world: World, service: Service
) -> None:
    editor = await world.staff(("editor", 10))
    lesson_id = (await hand_in(client, editor, rich_docx(), "a.docx")).json()["id"]
    path = f"/lessons/{lesson_id}/draft"
    before = (await client.post(f"/lessons/{lesson_id}/preview", headers=editor.auth)).json()
    changed = await client.patch(path, headers=editor.auth, json={"title": "新标题"})
    assert changed.status_code == 200, changed.text
    after = (await client.post(f"/lessons/{lesson_id}/preview", headers=editor.auth)).json()
    assert after == before | {"title": "新标题"}
    refused = await client.patch(path, headers=editor.auth, json={"source_url": "ftp://a"})
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_url")

    async def replace(data: bytes, name: str, tag: str) -> httpx.Response:
        headers = {**editor.auth, "If-Match": tag}
        return await client.put(f"{path}/document", headers=headers, files={"file": (name, data)})

    tag = changed.headers["etag"]
    assert (await replace(official_docx(), "b.docx", '"1"')).json()["code"] == "stale_revision"
    answer = await replace(official_docx(), "b.docx", tag)
    assert (answer.status_code, answer.json()["title"]) == (200, "新标题"), answer.text
    shown = (await client.post(f"/lessons/{lesson_id}/preview", headers=editor.auth)).json()
    assert 'class="red-head"' in shown["html"]
    as_text = await replace(FILE.encode(), "c.md", answer.headers["etag"])
    assert as_text.json()["title"] == "支部委员会会议"
    assert as_text.json()["markdown"] != ""
    back = (await client.get(f"/lessons/{lesson_id}/history", headers=editor.auth)).json()["items"]
    assert [change["action"] for change in back] == ["changed", "changed", "changed", "created"]
    plain = await client.put(f"{path}/document", headers=editor.auth, content=b"x")
    assert (plain.status_code, plain.json()["code"]) == (415, "unsupported_media_type")


async def test_a_document_that_is_under_review_is_not_replaced(
    client: httpx.AsyncClient, world: World, service: Service
) -> None:
    editor = await world.staff(("editor", 10))
    lesson_id = await make_lesson(service, 10, editor.id)
    await make_issue(service, 10, editor.id, [lesson_id], state="in_review")
    sent = {"file": ("a.docx", rich_docx())}
    answer = await client.put(f"/lessons/{lesson_id}/draft/document", headers=editor.auth, files=sent)
    assert (answer.status_code, answer.json()["code"]) == (409, "lesson_locked")
    assert (await stored(service))[1:] == (0, 0)


async def test_the_fields_of_a_published_document_are_corrected_without_touching_it(
    client: httpx.AsyncClient, world: World, service: Service
) -> None:
    editor, reviewer = await world.staff(("editor", 10)), await world.staff(("reviewer", 10))
    reader = await world.signed_in_member(100)
    lesson_id = (await hand_in(client, editor, chinese_pdf(2), "a.pdf", title="文件")).json()["id"]
    await make_issue(service, 10, editor.id, [lesson_id], state="published")
    before = (await client.get(f"/lessons/{lesson_id}", headers=reader.auth)).json()
    body = {"title": "改正后的标题", "note": "改正标题"}
    made = await client.post(f"/lessons/{lesson_id}/corrections", headers=editor.auth, json=body)
    assert made.status_code == 201, made.text
    assert "党员学习资料" in made.json()["text"]
    path = f"/corrections/{made.json()['id']}/transitions"
    assert (await client.post(path, headers=reviewer.auth, json={"to": "published"})).status_code == 200
    after = (await client.get(f"/lessons/{lesson_id}", headers=reader.auth)).json()
    assert after | {"changed": None} == before | {"title": "改正后的标题", "version": 2}
    async with transaction(service.sessions) as session:
        lesson = await session.get_one(Lesson, lesson_id)
    assert "党员学习资料" in lesson.body_text
    assert await find_warnings([], lesson) == []


async def test_a_correction_may_be_another_file(client: httpx.AsyncClient, world: World, service: Service) -> None:
    editor, reviewer = await world.staff(("editor", 10)), await world.staff(("reviewer", 10))
    reader = await world.signed_in_member(100)
    lesson_id = (await hand_in(client, editor, official_docx(), "a.docx", title="通知")).json()["id"]
    await make_issue(service, 10, editor.id, [lesson_id], state="published")
    path = f"/lessons/{lesson_id}/corrections"

    async def correct(data: bytes, name: str, **fields: str) -> httpx.Response:
        return await client.post(path, headers=editor.auth, data=fields, files={"file": (name, data)})

    assert (await correct(rich_docx(), "b.docx")).json()["code"] == "invalid_input", "a note is needed"
    refused = await correct(docx_of(p("秘密★5年")), "b.docx", note="换文件")
    assert (refused.status_code, refused.json()["code"]) == (422, "classified_marking")
    assert await rows(service) == (0, 0)
    made = await correct(rich_docx(), "b.docx", note="换文件", substantive="true")
    assert (made.status_code, made.json()["substantive"]) == (201, True), made.text
    moved = await client.post(
        f"/corrections/{made.json()['id']}/transitions", headers=reviewer.auth, json={"to": "published"}
    )
    assert moved.status_code == 200, moved.text
    seen = (await client.get(f"/lessons/{lesson_id}", headers=reader.auth)).json()
    assert (seen["title"], len(pictures_of(seen))) == ("通知", 3)
    assert (await client.get(f"http://test{pictures_of(seen)[0]}")).status_code == 200
    wrong = await client.post(path, headers=editor.auth, content=b"x")
    assert (wrong.status_code, wrong.json()["code"]) == (415, "unsupported_media_type")
