"""The question bank over the API: imports that are whole or not at all."""

import asyncio

import httpx
import pytest
from sqlalchemy import func, select

from app.db.engine import transaction
from app.quizzes.models import Question
from app.resources import Service
from content.questions.sheet import parse_question_sheet
from content.tables import write_xlsx
from tests.app.organisations.people import audited
from tests.app.quizzes.exam import ALL, FILL_IN, MULTIPLE, SINGLE, TRUE_FALSE, make_questions, sheet
from tests.world import Person, World


async def post(
    client: httpx.AsyncClient, who: Person, data: bytes, organisation_id: int = 10, **more: str
) -> httpx.Response:
    headers = {**who.auth, **({"Idempotency-Key": more.pop("key")} if "key" in more else {})}
    return await client.post(
        "/questions/import",
        params={"organisation_id": organisation_id, **more},
        headers=headers,
        files={"file": ("q.xlsx", data)},
    )


async def stored(service: Service) -> int:
    async with transaction(service.sessions) as session:
        return await session.scalar(select(func.count(Question.id))) or 0


async def test_a_sheet_goes_into_the_bank_and_is_listed_with_its_answers(
    client: httpx.AsyncClient, world: World, service: Service
) -> None:
    editor = await world.staff(("editor", 10))
    dry = await post(client, editor, sheet(*ALL), dry_run="true")
    assert (dry.status_code, dry.json()) == (200, {"accepted": 4, "rejected": [], "notes": [], "question_ids": []})
    assert await stored(service) == 0
    made = await post(client, editor, sheet(*ALL))
    assert made.status_code == 201, made.text
    ids = made.json()["question_ids"]
    assert (made.json()["accepted"], len(ids)) == (4, 4)
    reviewer = await world.staff(("reviewer", 1))
    listed = (await client.get("/questions", params={"limit": 3}, headers=reviewer.auth)).json()
    assert [item["id"] for item in listed["items"]] == ids[:0:-1]
    assert [item["answer"] for item in listed["items"]] == [["月", "个月"], ["A"], ["A", "B", "C"]]
    rest = (await client.get("/questions", params={"cursor": listed["next"]}, headers=reviewer.auth)).json()
    assert [item["stem"] for item in rest["items"]] == [SINGLE[1]]
    for who, params in ((await world.staff(("editor", 11)), {}), (reviewer, {"organisation_id": 11})):
        assert (await client.get("/questions", params=params, headers=who.auth)).json()["items"] == []


async def test_one_bad_line_keeps_all_out(client: httpx.AsyncClient, world: World, service: Service) -> None:
    editor = await world.staff(("editor", 10))
    data = sheet(SINGLE, ["单选", "缺答案？", "甲", "乙", "", "", "", "", ""], TRUE_FALSE, SINGLE)
    refused = await post(client, editor, data)
    assert (refused.status_code, refused.json()["code"]) == (422, "rejected_lines")
    assert [(each["line"], each["code"]) for each in refused.json()["errors"]] == [
        (3, "missing_answer"),
        (5, "duplicate_question"),
    ]
    assert await stored(service) == 0
    dry = await post(client, editor, data, dry_run="true")
    assert (dry.status_code, dry.json()["accepted"], len(dry.json()["rejected"])) == (200, 2, 2)


async def test_what_the_bank_has_is_not_taken_again(client: httpx.AsyncClient, world: World, service: Service) -> None:
    editor = await world.staff(("editor", 1))
    await make_questions(service, 10, editor.id, [SINGLE])
    spaced = [SINGLE[0], SINGLE[1].replace("多久", " 多久　"), *SINGLE[2:6], "A", "", ""]
    refused = await post(client, editor, sheet(MULTIPLE, spaced))
    assert [(each["line"], each["code"]) for each in refused.json()["errors"]] == [(3, "duplicate_in_bank")]
    other_options = [*SINGLE[:2], "每周", *SINGLE[3:]]
    assert (await post(client, editor, sheet(other_options, FILL_IN))).status_code == 201
    assert (await post(client, editor, sheet(SINGLE), organisation_id=100)).status_code == 201  # another bank


async def test_a_question_with_a_wrong_key_is_archived_and_imported_anew(
    client: httpx.AsyncClient, world: World
) -> None:
    editor = await world.staff(("editor", 10))
    (wrong,) = (await post(client, editor, sheet([*SINGLE[:6], "A", "", ""]))).json()["question_ids"]
    assert (await post(client, editor, sheet(SINGLE))).json()["errors"][0]["code"] == "duplicate_in_bank"
    await client.post(f"/questions/{wrong}/archive", headers=editor.auth)
    assert (await post(client, editor, sheet(SINGLE))).status_code == 201


async def test_of_parallel_imports_of_a_sheet_one_is_taken(
    client: httpx.AsyncClient, world: World, service: Service
) -> None:
    editor = await world.staff(("editor", 10))
    answers = await asyncio.gather(*(post(client, editor, sheet(*ALL)) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 422, 422, 422]
    assert await stored(service) == 4


async def test_a_retried_import_gives_its_first_answer(client: httpx.AsyncClient, world: World) -> None:
    editor = await world.staff(("editor", 10))
    data = sheet(*ALL)

    # The boundary is part of the body, and so of what "the same request" means.
    async def once() -> httpx.Response:
        return await client.post(
            "/questions/import",
            params={"organisation_id": 10},
            headers={**editor.auth, "Idempotency-Key": "k", "Content-Type": "multipart/form-data; boundary=b"},
            files={"file": ("q.xlsx", data)},
        )

    first, again = await once(), await once()
    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"no table", "missing_columns"), (write_xlsx({"a": [["x"]]}), "missing_columns"), (b"", "empty_file")],
)
async def test_files_that_are_no_question_sheet_are_refused(
    client: httpx.AsyncClient, world: World, data: bytes, code: str
) -> None:
    editor = await world.staff(("editor", 10))
    refused = await post(client, editor, data)
    assert (refused.status_code, refused.json()["code"]) == (422, code)


GIFT = "// [难度:4] [tag:组织生活]\n::一::党小组会一般多久召开一次？{=每月 ~每季度 ~每年 ####《条例》第13条}\n"


async def test_other_formats_are_taken_by_name_and_bytes_and_what_is_not_kept_is_said(
    client: httpx.AsyncClient, world: World
) -> None:
    editor = await world.staff(("editor", 10))
    file = {"file": ("题库.gift", GIFT.encode("gb18030"))}
    answer = await client.post("/questions/import?organisation_id=10", files=file, headers=editor.auth)
    assert answer.status_code == 201, answer.text
    assert [note["line"] for note in answer.json()["notes"]] == [2], "the name of the question"
    (question,) = (await client.get("/questions", headers=editor.auth)).json()["items"]
    assert (question["difficulty"], question["tags"], question["answer"]) == (4, ["组织生活"], ["A"])


@pytest.mark.parametrize("file_format", ["xlsx", "gift", "qti21", "qti3"])
async def test_what_is_exported_can_be_imported_elsewhere_as_the_same_questions(
    client: httpx.AsyncClient, world: World, file_format: str
) -> None:
    editor = await world.staff(("editor", 10), ("editor", 2))
    template = (await client.get("/questions/template.xlsx", headers=editor.auth)).content
    assert (await post(client, editor, template)).status_code == 201
    path = f"/questions/export?organisation_id=10&format={file_format}"
    exported = await client.get(path, headers=editor.auth)
    assert exported.status_code == 200
    name = exported.headers["content-disposition"].split('"')[1]
    taken = await client.post(
        "/questions/import?organisation_id=2", files={"file": (name, exported.content)}, headers=editor.auth
    )
    assert taken.status_code == 201, taken.text
    kept = ("kind", "stem", "options", "answer", "explanation", "source", "difficulty", "tags")
    here, there = [
        [{name: item[name] for name in kept} for item in (await client.get(path, headers=editor.auth)).json()["items"]]
        for path in ("/questions?organisation_id=10", "/questions?organisation_id=2")
    ]
    assert here == there
    assert len(here) == 5
    (entry,) = await audited(world, "questions.exported")
    assert entry.detail == {"count": 5, "format": file_format}


async def test_questions_that_differ_in_their_kind_are_two_in_the_bank_and_in_a_file(
    client: httpx.AsyncClient, world: World
) -> None:
    editor = await world.staff(("editor", 1))
    for kind, answer in (("单选", "A"), ("多选", "AB")):
        row = [kind, "下列正确的是", "甲", "乙", "", "", answer, "", ""]
        assert (await post(client, editor, sheet(row))).status_code == 201
    exported = await client.get("/questions/export", params={"organisation_id": 10}, headers=editor.auth)
    taken = await post(client, editor, exported.content, 11)
    assert (taken.status_code, taken.json().get("accepted")) == (201, 2)


async def test_a_large_bank_is_exported_in_parts_of_what_a_file_may_hold(
    client: httpx.AsyncClient, world: World, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.quizzes.bank.MOST_EXPORTED", 3)
    editor = await world.staff(("editor", 10))
    await make_questions(service, 10, editor.id, ALL[:3])
    path = "/questions/export?organisation_id=10"
    assert (await client.get(path, headers=editor.auth)).status_code == 200
    await make_questions(service, 10, editor.id, ALL[3:])
    refused = await client.get(path, headers=editor.auth)
    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_to_export")
    assert refused.json()["detail"] == "题库有 4 道试题，一个文件最多 3 道：请填写第几部分，分 2 次导出。"
    stems = []
    for part in (1, 2):
        answer = await client.get(f"{path}&part={part}", headers=editor.auth)
        assert f"questions-{part}.xlsx" in answer.headers["content-disposition"]
        stems += [question.stem for question in parse_question_sheet(answer.content).questions]
    assert stems == [row[1] for row in ALL]
    beyond = await client.get(f"{path}&part=3", headers=editor.auth)
    assert (beyond.status_code, beyond.json()["code"]) == (409, "no_such_part")
    assert [entry.detail.get("part") for entry in await audited(world, "questions.exported")] == [None, 1, 2]


async def test_an_empty_bank_is_not_exported(client: httpx.AsyncClient, world: World) -> None:
    editor = await world.staff(("editor", 10))
    answer = await client.get("/questions/export?organisation_id=10", headers=editor.auth)
    assert (answer.status_code, answer.json()["code"]) == (409, "bank_empty")


async def test_only_editors_import_and_only_into_their_banks(client: httpx.AsyncClient, world: World) -> None:
    editor = await world.staff(("editor", 10))
    for elsewhere in (1, 11, 2, 999):
        assert (await post(client, editor, sheet(SINGLE), organisation_id=elsewhere)).status_code == 404
    for role in ("reviewer", "leader"):
        person = await world.staff((role, 1))
        assert (await post(client, person, sheet(SINGLE))).status_code == 403
        assert (await client.get("/questions/template.xlsx", headers=person.auth)).status_code == 403
    assert (await client.post("/questions/import?organisation_id=10")).status_code in (401, 422)


async def test_the_template_can_be_imported_as_it_is(client: httpx.AsyncClient, world: World) -> None:
    editor = await world.staff(("editor", 10))
    template = await client.get("/questions/template.xlsx", headers=editor.auth)
    assert template.status_code == 200
    assert "filename*=UTF-8''" in template.headers["content-disposition"]
    assert not parse_question_sheet(template.content).rejected
