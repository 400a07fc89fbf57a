"""Drawing by rules: nothing outside of the filters, nothing twice, and refused where it cannot be."""

from itertools import permutations
from typing import Any

import httpx
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from app.db.engine import transaction
from app.library.models import Issue
from app.quizzes.drawing import assign, draw
from app.quizzes.models import Question
from app.quizzes.schemas import DrawRule
from app.resources import Service
from tests.app.library.desk import make_issue, make_lesson
from tests.app.quizzes.exam import Exam, make_questions
from tests.conftest import MovableClock
from tests.world import World

WANTED = st.lists(st.tuples(st.integers(1, 2), st.lists(st.integers(1, 5), unique=True, max_size=4)), max_size=3)


@given(WANTED)
def test_questions_are_assigned_whenever_they_can_be(wanted: list[tuple[int, list[int]]]) -> None:
    places = [candidates for count, candidates in wanted for _ in range(count)]
    possible = any(
        all(each in candidates for each, candidates in zip(chosen, places, strict=True))
        for chosen in permutations(range(1, 6), len(places))
    )
    assigned = assign(wanted)
    assert (assigned is not None) is possible
    if assigned is not None:
        assert len(set(assigned)) == len(places)
        assert all(each in candidates for each, candidates in zip(assigned, places, strict=True))


def numbered(number: int, kind: str = "单选", difficulty: str = "", tags: str = "") -> list[str]:
    """A row of a sheet."""
    return [
        kind,
        f"第{number}题",
        "甲",
        "乙",
        "丙",
        "",
        "A" if kind != "多选" else "AB",
        "机要",
        "机要",
        difficulty,
        tags,
    ]


BANK = [
    numbered(number, kind, difficulty, tags)
    for number, (kind, difficulty, tags) in enumerate(
        (kind, difficulty, tags)
        for kind in ("单选", "多选")
        for difficulty in ("", "1", "3", "5")
        for tags in ("", "党章", "党章、纪律", "历史")
    )
]


async def test_a_draw_keeps_to_its_rules_whatever_the_seed(world: World, service: Service) -> None:
    author = await world.staff(("editor", 1))
    mine = await make_questions(service, 10, author.id, BANK)
    await make_questions(service, 11, author.id, BANK)
    rules = [
        DrawRule(count=2, tags=["纪律"]),
        DrawRule(count=3, kinds=["multiple"], difficulty_from=3),
        DrawRule(count=4, tags=["历史", "党章"], difficulty_to=1),
        DrawRule(count=5),
    ]
    seen = set()
    async with transaction(service.sessions) as session:
        rows = {each: await session.get_one(Question, each) for each in mine}
        for seed in range(40):
            drawn = await draw(session, 10, rules, seed)
            assert drawn == await draw(session, 10, rules, seed)
            assert len(set(drawn)) == 14
            questions = [rows[each] for each in drawn]
            assert all("纪律" in each.tags for each in questions[:2])
            assert all(each.kind == "multiple" and each.difficulty >= 3 for each in questions[2:5])
            assert all(each.difficulty == 1 and {"历史", "党章"} & set(each.tags) for each in questions[5:9])
            seen.update(drawn)
    assert seen == set(mine)


async def put(client: httpx.AsyncClient, world: World, service: Service, body: dict[str, Any]) -> httpx.Response:
    """Puts a quiz of a new issue of 10."""
    editor = await world.staff(("editor", 10))
    issue_id = await make_issue(service, 10, editor.id, [await make_lesson(service, 10, editor.id)])
    return await client.put(f"/issues/{issue_id}/quiz", headers=editor.auth, json={"title": "小测", **body})


async def test_the_desk_sees_what_a_rule_could_draw(client: httpx.AsyncClient, world: World, service: Service) -> None:
    author = await world.staff(("editor", 1))
    await make_questions(service, 10, author.id, BANK)
    answer = await put(client, world, service, {"draw": [{"count": 3, "tags": ["纪律"], "kinds": ["single"]}]})
    assert answer.status_code == 200, answer.text
    assert answer.json()["draw"] == [
        {
            "count": 3,
            "tags": ["纪律"],
            "kinds": ["single"],
            "difficulty_from": None,
            "difficulty_to": None,
            "available": 4,
        }
    ]
    assert answer.json()["questions"] == []


async def test_a_draw_that_cannot_be_is_refused_with_the_numbers(
    client: httpx.AsyncClient, world: World, service: Service
) -> None:
    author = await world.staff(("editor", 1))
    await make_questions(service, 10, author.id, BANK)
    # Eight have the tag; each rule alone could be served.
    rules = [{"count": 6, "tags": ["纪律"]}, {"count": 3, "tags": ["纪律"], "difficulty_to": 5}]
    refused = await put(client, world, service, {"draw": rules})
    assert (refused.status_code, refused.json()["code"]) == (409, "bank_too_small")
    assert "第 1 条要抽 6 题，符合条件的有 8 题" in refused.json()["detail"]


async def test_a_quiz_is_either_listed_or_drawn(client: httpx.AsyncClient, world: World, service: Service) -> None:
    author = await world.staff(("editor", 1))
    ids = await make_questions(service, 10, author.id, BANK)
    rule = {"count": 1}
    for body, code in (
        ({"question_ids": ids[:1], "draw": [rule]}, "questions_or_draw"),
        ({}, "questions_or_draw"),
        ({"draw": [{"count": 60}, {"count": 60}]}, "questions_or_draw"),
        ({"draw": [{**rule, "difficulty_from": 4, "difficulty_to": 2}]}, "empty_difficulty_range"),
        ({"draw": [{**rule, "difficulty_from": 6}]}, "invalid_input"),
        ({"draw": [{"count": 0}]}, "invalid_input"),
        ({"question_ids": ids[:1], "time_limit_seconds": 59}, "invalid_input"),
    ):
        refused = await put(client, world, service, body)
        assert (refused.status_code, refused.json()["code"]) == (422, code), body
        await _withdraw_all(service)


async def _withdraw_all(service: Service) -> None:
    async with transaction(service.sessions) as session:
        await session.execute(update(Issue).values(state="withdrawn"))


async def test_each_attempt_is_drawn_anew_and_stays_as_it_was(
    client: httpx.AsyncClient, world: World, service: Service, clock: MovableClock
) -> None:
    author = await world.staff(("editor", 1))
    await make_questions(service, 10, author.id, BANK)
    exam = await Exam.build(client, world, service, rows=[], draw=[{"count": 5}, {"count": 2, "tags": ["纪律"]}])
    assert (await exam.get(f"/issues/{exam.issue}/quiz")).json()["question_count"] == 7
    first = (await exam.open()).json()
    stems = {each["stem"] for each in first["questions"]}
    assert len(stems) == 7
    # The bank changes; what is open, and what was submitted, does not.
    await make_questions(service, 10, author.id, [numbered(100), numbered(101)])
    async with transaction(service.sessions) as session:
        await session.execute(update(Question).values(archived_at=clock()))
    assert (await exam.open()).json() == first
    result = (await exam.submit(first["id"])).json()
    assert {each["stem"] for each in result["questions"]} == stems
    refused = await exam.open()
    assert (refused.status_code, refused.json()["code"]) == (409, "bank_too_small")
    assert (await exam.get(f"/issues/{exam.issue}/quiz")).json()["attempts_used"] == 1
    async with transaction(service.sessions) as session:
        await session.execute(update(Question).values(archived_at=None))
    second = (await exam.open()).json()
    assert [each["id"] for each in second["questions"]] != [each["id"] for each in first["questions"]]
