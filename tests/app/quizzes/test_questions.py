"""Questions of the bank at the desk: found, changed as long as nobody was asked them, archived and restored."""

import asyncio

import httpx
import pytest
from sqlalchemy import update

from app.db.engine import transaction
from app.library.models import Issue
from app.resources import Service
from tests.app.library.desk import make_issue, make_lesson
from tests.app.quizzes.exam import ALL, FILL_IN, MULTIPLE, ORDERING, SINGLE, Exam, make_questions, make_quiz
from tests.world import Person, World


@pytest.fixture
async def editor(world: World) -> Person:
    """The editor of 10."""
    return await world.staff(("editor", 10))


async def stems(client: httpx.AsyncClient, who: Person, **params: str | int | bool) -> list[str]:
    answer = await client.get("/questions", params=params, headers=who.auth)
    assert answer.status_code == 200, answer.text
    return [each["stem"] for each in answer.json()["items"]]


async def test_questions_are_found_by_what_they_are(
    client: httpx.AsyncClient, world: World, service: Service, editor: Person
) -> None:
    rows = [[*SINGLE, "1", "党章、会议"], [*MULTIPLE, "3", "会议"], [*FILL_IN, "", "会议%"], [*ORDERING, "3", ""]]
    await make_questions(service, 10, editor.id, rows)
    await make_questions(service, 11, editor.id, [[*SINGLE, "1", "党章"]])
    assert len(await stems(client, editor)) == 4
    assert await stems(client, editor, kind="ordering") == [ORDERING[1]]
    assert await stems(client, editor, difficulty=3) == [ORDERING[1], MULTIPLE[1]]
    assert await stems(client, editor, tag="会议") == [MULTIPLE[1], SINGLE[1]]
    assert await stems(client, editor, tag="会议", difficulty=1, kind="single") == [SINGLE[1]]
    assert await stems(client, editor, q="支委会") == [FILL_IN[1]]
    assert await stems(client, editor, q="%") == []
    assert await stems(client, editor, archived=True) == []
    for params in ({"kind": "essay"}, {"difficulty": "0"}, {"q": ""}, {"tag": ""}, {"q": "\0"}):
        assert (await client.get("/questions", params=params, headers=editor.auth)).status_code == 422, params


async def test_a_question_that_nobody_was_asked_changes(
    client: httpx.AsyncClient, service: Service, editor: Person
) -> None:
    (question_id,) = await make_questions(service, 10, editor.id, [SINGLE])
    change = {"options": ["每周", "每季度"], "answer": ["B"], "difficulty": 4, "tags": ["会议", "会议 "]}
    changed = await client.patch(f"/questions/{question_id}", headers=editor.auth, json=change)
    assert changed.status_code == 200, changed.text
    shown = changed.json()
    assert (shown["options"], shown["answer"], shown["difficulty"]) == (["每周", "每季度"], ["B"], 4)
    assert (shown["tags"], shown["stem"], shown["explanation"]) == (["会议"], SINGLE[1], SINGLE[7])
    back = await client.patch(f"/questions/{question_id}", headers=editor.auth, json={"difficulty": 0})
    assert back.json()["difficulty"] == 0


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"answer": ["E"]}, "unknown_answer"),
        ({"answer": ["A", "B"]}, "answer_count"),
        ({"answer": []}, "missing_answer"),
        ({"options": ["甲", "甲"]}, "duplicate_options"),
        ({"stem": " "}, "missing_stem"),
        ({"kind": "multiple"}, "invalid_input"),
        ({"difficulty": 6}, "invalid_input"),
        ({"tags": ["长" * 21]}, "invalid_input"),
    ],
)
async def test_a_change_that_makes_no_question_is_refused(
    client: httpx.AsyncClient, service: Service, editor: Person, change: dict[str, object], code: str
) -> None:
    (question_id,) = await make_questions(service, 10, editor.id, [SINGLE])
    refused = await client.patch(f"/questions/{question_id}", headers=editor.auth, json=change)
    assert (refused.status_code, refused.json()["code"]) == (422, code)


async def test_a_question_does_not_become_its_neighbour(
    client: httpx.AsyncClient, service: Service, editor: Person
) -> None:
    one, _ = await make_questions(service, 10, editor.id, [SINGLE, [SINGLE[0], "另一题", *SINGLE[2:]]])
    refused = await client.patch(f"/questions/{one}", headers=editor.auth, json={"stem": "另一 题"})
    assert (refused.status_code, refused.json()["code"]) == (409, "duplicate_in_bank")
    assert SINGLE[1] in await stems(client, editor)


@pytest.mark.parametrize("state", ["in_review", "scheduled", "published", "withdrawn"])
async def test_what_is_reviewed_or_published_stays_but_for_its_difficulty_and_tags(
    client: httpx.AsyncClient, world: World, service: Service, editor: Person, state: str
) -> None:
    await make_quiz(service, 10, editor.id, state=state)
    for question in (await client.get("/questions", headers=editor.auth)).json()["items"]:
        path = f"/questions/{question['id']}"
        for change in ({"stem": "新"}, {"explanation": "新"}, {"tags": ["会议"], "answer": question["answer"]}):
            refused = await client.patch(path, headers=editor.auth, json=change)
            assert (refused.status_code, refused.json()["code"]) == (409, "question_in_use")
        kept = await client.patch(path, headers=editor.auth, json={"tags": ["会议"], "difficulty": 2})
        assert (kept.status_code, kept.json()["tags"]) == (200, ["会议"])


async def test_a_draft_does_not_hold_its_questions(client: httpx.AsyncClient, service: Service, editor: Person) -> None:
    await make_quiz(service, 10, editor.id, state="draft", rows=[SINGLE])
    (question,) = (await client.get("/questions", headers=editor.auth)).json()["items"]
    changed = await client.patch(f"/questions/{question['id']}", headers=editor.auth, json={"stem": "新"})
    assert changed.status_code == 200


async def test_what_was_drawn_for_somebody_stays(
    client: httpx.AsyncClient, world: World, service: Service, editor: Person
) -> None:
    ids = await make_questions(service, 10, editor.id, ALL)
    exam = await Exam.build(client, world, service, rows=[], draw=[{"count": 2}])
    asked = {each["id"] for each in (await exam.open()).json()["questions"]}
    for question_id in ids:
        changed = await client.patch(f"/questions/{question_id}", headers=editor.auth, json={"source": "新"})
        assert changed.status_code == (409 if question_id in asked else 200)


async def test_a_change_and_a_draw_at_the_same_time_come_one_after_the_other(
    client: httpx.AsyncClient, world: World, service: Service, editor: Person
) -> None:
    (question_id,) = await make_questions(service, 10, editor.id, [SINGLE])
    exam = await Exam.build(client, world, service, rows=[], draw=[{"count": 1}])
    members = [await world.signed_in_member(100) for _ in range(8)]
    change = client.patch(f"/questions/{question_id}", headers=editor.auth, json={"answer": ["C"]})
    changed, *opened = await asyncio.gather(change, *(exam.open(each) for each in members))
    assert {each.status_code for each in opened} == {201}
    results = [(await exam.submit(each.json()["id"], who)).json() for each, who in zip(opened, members, strict=True)]
    texts = {each["questions"][0]["options"]["ABCD".index(each["questions"][0]["answer"][0])] for each in results}
    assert texts == ({"每半年"} if changed.status_code == 200 else {"每季度"})


async def test_an_archived_question_leaves_the_bank_and_can_be_replaced(
    client: httpx.AsyncClient, world: World, service: Service, editor: Person
) -> None:
    (question_id,) = await make_questions(service, 10, editor.id, [SINGLE])
    path = f"/questions/{question_id}"
    archived = [await client.post(f"{path}/archive", headers=editor.auth) for _ in range(2)]
    assert [each.status_code for each in archived] == [200, 200]
    assert archived[0].json() == archived[1].json()
    assert archived[0].json()["archived_at"] == "2026-11-16T02:00:00Z"
    assert await stems(client, editor) == []
    assert await stems(client, editor, archived=True) == [SINGLE[1]]
    issue_id = await make_issue(service, 10, editor.id, [await make_lesson(service, 10, editor.id)])
    body = {"title": "小测", "question_ids": [question_id]}
    refused = await client.put(f"/issues/{issue_id}/quiz", headers=editor.auth, json=body)
    assert (refused.status_code, refused.json()["code"]) == (404, "question_not_found")
    (mended,) = await make_questions(service, 10, editor.id, [[*SINGLE[:6], "C", *SINGLE[7:]]])
    refused = await client.post(f"{path}/restoration", headers=editor.auth)
    assert (refused.status_code, refused.json()["code"]) == (409, "duplicate_in_bank")
    await client.post(f"/questions/{mended}/archive", headers=editor.auth)
    back = await client.post(f"{path}/restoration", headers=editor.auth)
    assert (back.status_code, back.json()["archived_at"]) == (200, None)


async def test_a_published_quiz_keeps_its_archived_questions(
    client: httpx.AsyncClient, world: World, service: Service, editor: Person
) -> None:
    exam = await Exam.build(client, world, service)
    for question in (await client.get("/questions", headers=editor.auth)).json()["items"]:
        assert (await client.post(f"/questions/{question['id']}/archive", headers=editor.auth)).status_code == 200
    assert len((await exam.open()).json()["questions"]) == 4


async def test_a_question_changes_in_the_draft_or_is_reviewed_as_it_was(
    client: httpx.AsyncClient, world: World, service: Service, editor: Person
) -> None:
    issue_id = await make_quiz(service, 10, editor.id, state="draft", rows=[SINGLE])
    (question,) = (await client.get("/questions", headers=editor.auth)).json()["items"]
    async with transaction(service.sessions) as session:
        await session.execute(update(Issue).where(Issue.id == issue_id).values(state="in_review"))
        change = asyncio.create_task(
            client.patch(f"/questions/{question['id']}", headers=editor.auth, json={"stem": "新"})
        )
        await asyncio.sleep(0.3)
        assert not change.done()
    assert (await change).json()["code"] == "question_in_use"


async def test_a_word_below_the_bank_is_no_id(client: httpx.AsyncClient, editor: Person) -> None:
    for word in ("import", "export", "template.xlsx"):
        answer = await client.patch(f"/questions/{word}", headers=editor.auth, json={"tags": []})
        assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed"), word
    many = await client.patch(f"/questions/{'9' * 5000}", headers=editor.auth, json={"tags": []})
    assert many.status_code == 422
    unknown = await client.patch("/questions/1?colour=red", headers=editor.auth, json={"tags": []})
    assert (unknown.status_code, unknown.json()["code"]) == (422, "invalid_input"), "its parameters are known"
    metrics = (await client.get("http://test/metrics")).text
    assert 'method="PATCH",route="/api/v1/questions/{question_id}"' in metrics


def new(**changes: object) -> dict[str, object]:
    return {
        "organisation_id": 10, "kind": "single", "stem": SINGLE[1], "options": SINGLE[2:6], "answer": ["B"],
        "explanation": "依据条例", "source": "条例第五条", "difficulty": 2, "tags": ["会议"], **changes,
    }  # fmt: skip


async def test_a_question_is_added_as_a_row_of_a_sheet_would_be(client: httpx.AsyncClient, editor: Person) -> None:
    added = await client.post("/questions", headers=editor.auth, json=new(stem=f"  {SINGLE[1]} "))
    assert added.status_code == 201, added.text
    shown = added.json()
    assert (shown["stem"], shown["answer"], shown["difficulty"], shown["tags"]) == (SINGLE[1], ["B"], 2, ["会议"])
    assert await stems(client, editor, tag="会议", difficulty=2) == [SINGLE[1]]
    blank = {"kind": "fill_in", "stem": FILL_IN[1], "options": [], "answer": ["月", "个月"]}
    assert (await client.post("/questions", headers=editor.auth, json=new(**blank))).json()["answer"] == ["月", "个月"]


async def test_a_question_that_the_bank_has_is_named(
    client: httpx.AsyncClient, service: Service, editor: Person
) -> None:
    (question_id,) = await make_questions(service, 10, editor.id, [SINGLE])
    await make_questions(service, 11, editor.id, [MULTIPLE])
    again = await client.post("/questions", headers=editor.auth, json=new(options=SINGLE[5:1:-1], answer=["A"]))
    assert (again.status_code, again.json()["code"]) == (409, "duplicate_in_bank")
    (there,) = again.json()["errors"]
    assert there["question_id"] == question_id
    assert SINGLE[1] in there["detail"]
    other = new(kind="multiple", stem=MULTIPLE[1], options=MULTIPLE[2:6], answer=["A", "B"])
    assert (await client.post("/questions", headers=editor.auth, json=other)).status_code == 201, "another bank"


async def test_a_retried_question_is_added_once_and_two_at_once_are_one(
    client: httpx.AsyncClient, editor: Person
) -> None:
    keyed = {**editor.auth, "Idempotency-Key": "one"}
    first, second = [await client.post("/questions", headers=keyed, json=new()) for _ in range(2)]
    assert first.json() == second.json()
    other = new(stem="另一道题")
    both = await asyncio.gather(*(client.post("/questions", headers=editor.auth, json=other) for _ in range(2)))
    assert sorted(each.status_code for each in both) == [201, 409]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"answer": []}, "missing_answer"),
        ({"answer": ["A", "B"]}, "answer_count"),
        ({"options": ["甲"]}, "option_count"),
        ({"stem": ""}, "missing_stem"),
        ({"kind": "essay"}, "invalid_input"),
    ],
)
async def test_what_makes_no_question_is_not_added(
    client: httpx.AsyncClient, editor: Person, change: dict[str, object], code: str
) -> None:
    refused = await client.post("/questions", headers=editor.auth, json=new(**change))
    assert (refused.status_code, refused.json()["code"]) == (422, code)
    assert await stems(client, editor) == []
