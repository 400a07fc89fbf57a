"""A member's own record: weeks, quizzes and hours of a period, as a page, a workbook, sheets and a certificate."""

from io import BytesIO
from typing import Any

import httpx
import pytest
from openpyxl import load_workbook
from pypdf import PdfReader

from app.resources import Service
from tests.app.paper.test_recording import Visit
from tests.app.quizzes.exam import RIGHT, Exam
from tests.app.records.test_hours import read_lesson
from tests.conftest import MovableClock
from tests.study import Study
from tests.world import Person, World

PERIOD = {"begins_on": "2026-01-01", "ends_on": "2026-11-16"}


def text_of(pdf: bytes) -> str:
    """What is written on all pages."""
    return "".join("".join(page.extract_text().split()) for page in PdfReader(BytesIO(pdf)).pages)


async def record_of(client: httpx.AsyncClient, member: Person, **query: str) -> dict[str, Any]:
    answer = await client.get("/me/record", headers=member.auth, params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_the_record_has_the_weeks_with_when_and_how(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    study, leader, member = (
        await Study.build(world),
        await world.staff(("leader", 10)),
        await world.signed_in_member(100),
    )
    week = await study.issue(1, required=2)
    await study.issue(10, week="2026-W46")
    await read_lesson(client, clock, member, week.required[0])
    visit = Visit(client, leader, week.id, week.required)
    await visit.record(member.id, lesson_ids=week.required[1:])
    record = await record_of(client, member)
    assert [
        (each["week"], each["lessons_completed"], each["completed"], each["completed_on"], each["way"])
        for each in record["weeks"]
    ] == [("2026-W47", 2, True, "2026-11-16", "both"), ("2026-W46", 0, False, None, None)]
    # A minute each, at 45 for an hour.
    assert (record["hours"], record["recorded"]) == ("0.04", "0.02")
    assert [each["week"] for each in (await record_of(client, member, to="2026-11-15"))["weeks"]] == ["2026-W46"]
    assert (await record_of(client, member, **{"from": "2026-11-16"}))["hours"] == "0.04"
    assert (await record_of(client, member, to="2026-11-15"))["hours"] == "0.00"


async def test_quizzes_are_there_with_the_score_that_counts(
    client: httpx.AsyncClient, world: World, service: Service
) -> None:
    exam = await Exam.build(client, world, service)
    attempt = (await exam.open()).json()
    await exam.answer(attempt, RIGHT)
    await exam.submit(attempt["id"])
    assert (await record_of(client, exam.member))["quizzes"] == [
        {"week": "2026-W47", "title": "小测", "score": 100, "passed": True, "on": "2026-11-16", "recorded": False}
    ]


async def test_what_was_studied_in_a_former_branch_stays_in_the_record(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    study, leader = await Study.build(world), await world.staff(("leader", 10))
    member, other = await world.signed_in_member(100), await world.signed_in_member(101)
    week, unread = await study.issue(100), await study.issue(100, week="2026-W46")
    await read_lesson(client, clock, member, week.required[0])
    move = {"organisation_id": 101}
    moved = await client.post(f"/members/{member.id}/moves", headers=leader.auth, json=move)
    assert moved.status_code == 200, moved.text
    assert [each["issue_id"] for each in (await record_of(client, member))["weeks"]] == [week.id]
    assert (await record_of(client, other))["weeks"] == []
    assert (await client.get(f"/issues/{unread.id}", headers=member.auth)).status_code == 404


@pytest.mark.parametrize(
    "query",
    [{"from": "2026-11-16", "to": "2026-11-15"}, {"to": "2026-11-17"}, {"from": "2024-11-14"}, {"from": "1999-01-01"}],
)
async def test_a_period_that_cannot_be_is_refused(
    client: httpx.AsyncClient, world: World, query: dict[str, str]
) -> None:
    member = await world.signed_in_member(100)
    answer = await client.get("/me/record", headers=member.auth, params=query)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_period")


async def test_the_exports_say_the_same(client: httpx.AsyncClient, world: World, clock: MovableClock) -> None:
    study, member = await Study.build(world), await world.signed_in_member(100, name="=𠮷某")
    week = await study.issue(1)
    await read_lesson(client, clock, member, week.required[0])
    workbook = load_workbook(BytesIO((await client.get("/me/record.xlsx", headers=member.auth)).content))
    assert workbook["说明"]["A2"].value == "'=𠮷某"
    assert [cell.value for cell in workbook["每周学习"][2]] == [
        "2026年第47周", "学习1", "示范镇党委", 1, 1, "2026-11-16", "手机学习",
    ]  # fmt: skip
    printed = await client.get("/me/record.pdf", headers=member.auth)
    assert printed.headers["content-type"] == "application/pdf"
    assert all(each in text_of(printed.content) for each in ("□某", "2026年第47周", "0.02", "请手写补上"))


async def test_a_certificate_has_a_number_that_anybody_can_check_and_learns_little_by(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    study, member = await Study.build(world), await world.signed_in_member(100, name="欧阳测试")
    week = await study.issue(1)
    await read_lesson(client, clock, member, week.required[0])

    async def certificate() -> str:
        answer = await client.post("/me/certificates.pdf", headers=member.auth, json=PERIOD)
        assert answer.status_code == 200, answer.text
        return text_of(answer.content)

    first = await certificate()
    assert all(each in first for each in ("欧阳测试", "一支部", "1期", "0.02学时", "条例2019-默认", "第二十条"))
    number = first.split("证明编号：")[1][:19]
    assert await certificate() == first
    checked = await client.get(f"/certificates/{number}")
    assert checked.json() == {
        "valid": True, "name_masked": "欧**", "begins_on": "2026-01-01", "ends_on": "2026-11-16",
        "issued_on": "2026-11-16", "issues_completed": 1, "hours": "0.02",
    }  # fmt: skip
    assert (await client.get("/certificates/2222-2222-2222-2222")).status_code == 404
    clock.move(days=1)
    assert number not in await certificate()
    assert (await client.get(f"/certificates/{number}")).status_code == 200
