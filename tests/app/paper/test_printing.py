"""An issue on paper: all of its text, its pictures, its quiz without the answers, in normal and large type."""

import asyncio
import time
from datetime import date
from io import BytesIO

import httpx
import pytest
from docx import Document
from pypdf import PdfReader

from app.resources import Service
from content.printing.blocks import blocks_of
from content.printing.issue import PrintedIssue, PrintedLesson
from content.printing.issue_pdf import issue_pdf
from content.sanitize import html_to_nodes, sanitize_html
from tests.app.library.desk import make_issue, make_lesson
from tests.app.quizzes.exam import ALL, ORDERING, RIGHT_TEXTS, make_quiz
from tests.security.targets import Targets, library
from tests.world import Person, World


async def printed(client: httpx.AsyncClient, who: Person, issue: int, form: str = "pdf", kind: str = "normal") -> bytes:
    answer = await client.get(f"/issues/{issue}/print.{form}", headers=who.auth, params={"type": kind})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-disposition"].startswith("attachment")
    return answer.content


def texts(pdf: bytes) -> str:
    return "".join("".join(page.extract_text().split()) for page in PdfReader(BytesIO(pdf)).pages)


def in_word(docx: bytes) -> str:
    document = Document(BytesIO(docx))
    return "".join(paragraph.text for paragraph in document.paragraphs)


async def test_a_leader_prints_what_is_read_and_the_quiz_without_its_answers(
    client: httpx.AsyncClient, world: World, service: Service
) -> None:
    editor, leader = await world.staff(("editor", 1)), await world.staff(("leader", 100))
    issue = await make_quiz(service, 1, editor.id)
    sheets = [texts(await printed(client, leader, issue)), in_word(await printed(client, leader, issue, "docx"))]
    for sheet in sheets:
        assert "一般每月召开一次" in sheet
        assert "《支部工作条例》" in sheet, "the source is named"
        assert "姓名：" in sheet
        for row in ALL:
            assert row[1].replace("　", "")[:8] in sheet.replace("　", "")
            assert row[7] not in sheet, "an explanation is no part of the sheet"
            assert row[8] not in sheet
        assert "B.每季度" in sheet.replace(" ", "")


async def test_large_type_is_eighteen_points_at_least(
    client: httpx.AsyncClient, world: World, service: Service
) -> None:
    editor, leader = await world.staff(("editor", 1)), await world.staff(("leader", 100))
    issue = await make_quiz(service, 1, editor.id)
    sizes: list[float] = []

    def visit(text: str, matrix: list[float], outer: list[float], font: object, size: float) -> None:
        if text.strip():
            sizes.append(size)

    for page in PdfReader(BytesIO(await printed(client, leader, issue, kind="large"))).pages:
        page.extract_text(visitor_text=visit)
    # The foot with the number of the page is not read.
    assert {size for size in sizes if size < 18} == {12}
    word = Document(BytesIO(await printed(client, leader, issue, "docx", "large")))
    assert min(run.font.size.pt for each in word.paragraphs for run in each.runs if run.font.size) >= 18


async def test_only_published_issues_in_reach_are_printed(
    client: httpx.AsyncClient, world: World, service: Service
) -> None:
    editor, leader = await world.staff(("editor", 1)), await world.staff(("leader", 100))
    for place, state in ((11, "published"), (1, "scheduled"), (2, "published"), (100, "withdrawn")):
        issue = await make_issue(service, place, editor.id, [await make_lesson(service, place, editor.id)], state=state)
        assert (await client.get(f"/issues/{issue}/print.pdf", headers=leader.auth)).status_code == 404


async def test_the_pictures_of_a_lesson_are_printed_with_it(
    client: httpx.AsyncClient, world: World, service: Service
) -> None:
    editor, leader = await world.staff(("editor", 1)), await world.staff(("leader", 100))
    url = (await library.asset_url(await Targets.build(world), 1)).partition("?")[0]
    assert url.startswith("/api/v1/assets/files/")
    gone = "/api/v1/assets/files/00000000000000000000000000000000.png"
    lesson = await make_lesson(service, 1, editor.id, f"正文\n\n![一图]({url})\n\n![二图]({gone})\n")
    issue = await make_issue(service, 1, editor.id, [lesson], state="published")
    pdf = await printed(client, leader, issue)
    assert sum(len(page.images) for page in PdfReader(BytesIO(pdf)).pages) == 1
    assert "图片：二图" in texts(pdf)
    word = await printed(client, leader, issue, "docx")
    assert len(Document(BytesIO(word)).inline_shapes) == 1


async def test_the_order_on_paper_is_not_the_answer(client: httpx.AsyncClient, world: World, service: Service) -> None:
    editor, leader = await world.staff(("editor", 1)), await world.staff(("leader", 100))
    # Five of them: one alone is now and then shuffled into its right order.
    right = [[f"{number}号{text}" for text in RIGHT_TEXTS["ordering"]] for number in range(5)]
    rows = [[ORDERING[0], f"第{number}问", *options, *ORDERING[6:]] for number, options in enumerate(right)]
    issue = await make_quiz(service, 1, editor.id, rows=rows)
    sheets = [texts(await printed(client, leader, issue)), in_word(await printed(client, leader, issue, "docx"))]
    orders = [[sorted(options, key=sheet.index) for options in right] for sheet in sheets]
    assert orders[0] == orders[1] != right


async def test_one_issue_is_printed_at_a_time(
    client: httpx.AsyncClient, world: World, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor, leader = await world.staff(("editor", 1)), await world.staff(("leader", 100))
    issue = await make_issue(service, 1, editor.id, [await make_lesson(service, 1, editor.id)], state="published")
    at_once = [0, 0]

    def slow(issue: PrintedIssue, kind: str) -> bytes:
        at_once[0] += 1
        at_once[1] = max(at_once)
        time.sleep(0.1)
        at_once[0] -= 1
        return b"%PDF"

    monkeypatch.setattr("app.paper.print_api.issue_pdf", slow)
    await asyncio.gather(*(printed(client, leader, issue) for _ in range(3)))
    assert at_once == [0, 1]


@pytest.mark.parametrize(
    "html",
    [
        "<table><tr><th>甲</th><td>乙</td></tr></table>", "<ol start='3'><li>甲<ul><li>乙</li></ul></li></ol>",
        "<blockquote><p>甲</p></blockquote><pre>甲\n乙</pre>", "<p class='center'>甲<br>乙</p><hr>甲乙",
        f"<table><tr><td>甲{'字' * 4000}</td><td>乙</td></tr></table>", "<h1>甲</h1><h4>𠮷乙</h4>",
    ],
)  # fmt: skip
def test_whatever_a_lesson_is_made_of_its_text_is_printed(html: str) -> None:
    blocks = blocks_of(html_to_nodes(sanitize_html(html)))
    lessons = [PrintedLesson("题目", "出处", blocks)]
    for kind in ("normal", "large"):
        issue = PrintedIssue("学习", "支部", "2026-W47", "", lessons, "", [], date(2026, 11, 16))
        found = texts(issue_pdf(issue, kind))
        assert "甲" in found
        assert "乙" in found
