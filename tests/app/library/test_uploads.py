"""How a file is taken in: what it is called, and how many wait for their turn."""

import asyncio

import httpx
import pytest

from app.library import documents, uploads
from app.library.uploads import FILES_AT_ONCE
from app.library.written import Written
from app.resources import Service
from content.errors import ContentError
from tests.app.library.assets.uploader import files, rows
from tests.app.library.desk import fields, make_issue, make_lesson
from tests.app.library.test_documents import hand_in
from tests.content.documents.build_docx import picture, rich_docx
from tests.content.documents.build_pdf import chinese_pdf
from tests.world import World


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("2026 年  学习资料.v2.pdf", "2026 年 学习资料.v2"),
        ("C:\\资料\\文件.pdf", "文件"),
        (f"{'长' * 100}.pdf", "长" * 80),
        ("文\u202e件.pdf", "文件"),
    ],
)
async def test_a_document_without_a_title_is_called_as_its_file(
    client: httpx.AsyncClient, world: World, name: str, title: str
) -> None:
    editor = await world.staff(("editor", 10))
    made = await hand_in(client, editor, chinese_pdf(1), name)
    assert (made.status_code, made.json().get("title")) == (201, title), made.text


async def test_few_files_are_in_memory_at_a_time_and_text_does_not_wait_for_them(
    client: httpx.AsyncClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor = await world.staff(("editor", 10))
    held: list[int] = []
    now = 0

    async def parse(kind: str, data: bytes) -> None:
        nonlocal now
        now += 1
        held.append(now)
        written = await client.post("/lessons", headers=editor.auth, json=fields(10))
        assert written.status_code == 201, written.text
        now -= 1
        raise ContentError("damaged_file", "文件已损坏。")

    monkeypatch.setattr(documents, "parse_in_child", parse)
    answers = await asyncio.gather(*(hand_in(client, editor, picture(), "a.png") for _ in range(8)))
    assert {answer.json()["code"] for answer in answers} == {"damaged_file"}
    assert len(held) == 8
    assert max(held) == FILES_AT_ONCE


async def test_pictures_of_a_change_that_is_refused_at_last_are_removed_at_once(
    client: httpx.AsyncClient, world: World, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor = await world.staff(("editor", 10))
    published, draft = await make_lesson(service, 10, editor.id), await make_lesson(service, 10, editor.id)
    await make_issue(service, 10, editor.id, [published], state="published")
    sent = {"headers": editor.auth, "files": {"file": ("a.docx", rich_docx())}}
    path = f"/lessons/{published}/corrections"
    first = await client.post(path, headers=editor.auth, json={"title": "新标题", "note": "改标题"})
    assert first.status_code == 201, first.text
    second = await client.post(path, data={"note": "换文件"}, **sent)  # type: ignore[arg-type]  # httpx's names
    assert (second.status_code, second.json()["code"]) == (409, "correction_open")
    assert (files(service), await rows(service)) == ([], (0, 0))
    read = documents.read_document

    async def slowly(*given: object) -> Written:
        written = await read(*given)  # type: ignore[arg-type]  # handed on as it came
        assert files(service) != []
        other = await client.patch(f"/lessons/{draft}/draft", headers=editor.auth, json={"title": "他人的标题"})
        assert other.status_code == 200, other.text
        return written

    monkeypatch.setattr(uploads, "read_document", slowly)
    late = await client.put(f"/lessons/{draft}/draft/document", **sent)  # type: ignore[arg-type]  # httpx's names
    assert (late.status_code, late.json()["code"]) == (409, "lesson_changed")
    assert (files(service), await rows(service)) == ([], (0, 0))
