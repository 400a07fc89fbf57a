"""How a file is taken in: what it is called, and how many wait for their turn."""

import asyncio

import httpx
import pytest

from app.library import documents
from app.library.uploads import FILES_AT_ONCE
from content.errors import ContentError
from tests.app.library.desk import fields
from tests.app.library.test_documents import hand_in
from tests.content.documents.build_docx import picture
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
