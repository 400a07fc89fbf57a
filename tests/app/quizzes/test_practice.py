"""The notebook and daily practice: for the member alone, of no quiz that is still to be answered, in no figure."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from app.db.engine import transaction
from app.library.models import Issue
from app.quizzes.models import Question
from app.resources import Service
from tests.app.library.desk import MONDAY
from tests.app.quizzes.exam import ALL, ORDERING, RIGHT_TEXTS, Exam, make_questions, make_quiz, shown_letters
from tests.conftest import MovableClock
from tests.world import Person, World


@pytest.fixture
async def exam(client: httpx.AsyncClient, world: World, service: Service) -> Exam:
    """A quiz of one attempt with a question of each kind."""
    return await Exam.build(client, world, service, rows=[*ALL, ORDERING], attempts=1, shuffle_options=True)


async def fail(exam: Exam, right: tuple[str, ...] = ()) -> None:
    """Submits an attempt in which only these kinds are right."""
    attempt = (await exam.open()).json()
    await exam.choose(attempt, {kind: RIGHT_TEXTS[kind] for kind in right})
    assert (await exam.submit(attempt["id"])).status_code == 200


async def notebook(exam: Exam, who: Person | None = None) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await exam.get("/me/notebook", who)).json()["items"]
    return items


def given_to(question: dict[str, Any], *, right: bool) -> list[str]:
    """The right answer, or none."""
    return shown_letters(question, RIGHT_TEXTS[question["kind"]]) if right else []


async def practise(exam: Exam, questions: list[dict[str, Any]], *, right: bool) -> list[dict[str, Any]]:
    answers = {str(each["id"]): given_to(each, right=right) for each in questions}
    headers = exam.member.auth
    result = await exam.client.post("/me/notebook/answers", headers=headers, json={"answers": answers})
    assert result.status_code == 200, result.text
    items: list[dict[str, Any]] = result.json()["items"]
    return items


async def test_what_was_wrong_is_in_the_notebook_without_its_key(exam: Exam) -> None:
    await fail(exam, ("single", "ordering"))
    shown = await exam.get("/me/notebook")
    assert {each["question"]["kind"] for each in shown.json()["items"]} == {"multiple", "true_false", "fill_in"}
    assert "机要" not in shown.text
    assert {name for each in shown.json()["items"] for name in each["question"]} == {"id", "kind", "stem", "options"}
    assert shown.json()["right_days_needed"] == 2
    first = (await exam.client.get("/me/notebook", params={"limit": 2}, headers=exam.member.auth)).json()
    rest = {"limit": 2, "cursor": first["next"]}
    second = (await exam.client.get("/me/notebook", params=rest, headers=exam.member.auth)).json()
    assert [len(first["items"]), len(second["items"]), second["next"]] == [2, 1, None]
    assert first["items"] + second["items"] == shown.json()["items"]


async def test_right_on_two_days_is_done_with_and_repeats_count_nothing(exam: Exam, clock: MovableClock) -> None:
    await fail(exam)
    questions = [each["question"] for each in await notebook(exam)]
    assert len(questions) == 5
    for _ in range(3):
        results = await practise(exam, questions, right=True)
        assert all(each["correct"] and not each["left_notebook"] for each in results)
        assert {each["explanation"][:2] for each in results} == {"解析"}
    assert {each["right_days"] for each in await notebook(exam)} == {1}
    clock.move(days=1)
    results = await practise(exam, questions, right=True)
    assert all(each["left_notebook"] for each in results)
    assert await notebook(exam) == []
    again = await practise(exam, questions, right=True)
    assert all(each["correct"] for each in again)
    clock.move(days=1)
    answers = {str(questions[0]["id"]): given_to(questions[0], right=True)}
    gone = await exam.client.post("/me/notebook/answers", headers=exam.member.auth, json={"answers": answers})
    assert (gone.status_code, gone.json()["code"]) == (422, "unknown_question")


async def test_a_wrong_answer_begins_anew(exam: Exam, clock: MovableClock) -> None:
    await fail(exam, ("single", "multiple", "true_false", "ordering"))
    (item,) = await notebook(exam)
    await practise(exam, [item["question"]], right=True)
    clock.move(days=1)
    (wrong,) = await practise(exam, [item["question"]], right=False)
    assert (wrong["correct"], wrong["answer"]) == (False, ["月", "个月"])
    await practise(exam, [item["question"]], right=True)
    assert [each["right_days"] for each in await notebook(exam)] == [1]
    clock.move(days=1)
    await practise(exam, [item["question"]], right=True)
    assert await notebook(exam) == []


async def test_retries_at_the_same_time_count_one_day(exam: Exam) -> None:
    await fail(exam)
    questions = [each["question"] for each in await notebook(exam)]
    await asyncio.gather(*(practise(exam, questions, right=True) for _ in range(10)))
    assert {each["right_days"] for each in await notebook(exam)} == {1}


async def test_a_notebook_is_its_members_alone_and_in_no_figure(exam: Exam, world: World) -> None:
    await fail(exam)
    items = await notebook(exam)
    colleague = await world.signed_in_member(100)
    assert await notebook(exam, colleague) == []
    answers: dict[str, Any] = {"answers": {str(items[0]["question"]["id"]): []}}
    refused = await exam.client.post("/me/notebook/answers", headers=colleague.auth, json=answers)
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown_question")
    leader = await world.staff(("leader", 1))
    path = "/organisations/10/completion?week=2026-W47"
    before = (await exam.client.get(path, headers=leader.auth)).json()
    await practise(exam, [each["question"] for each in items], right=True)
    assert (await exam.client.get(path, headers=leader.auth)).json() == before


async def test_a_later_attempt_that_is_wrong_puts_it_back(
    client: httpx.AsyncClient, world: World, service: Service, clock: MovableClock
) -> None:
    exam = await Exam.build(client, world, service, rows=[ALL[0]], attempts=2)
    await fail(exam)
    for _ in range(2):
        clock.move(days=1)
        await practise(exam, [each["question"] for each in await notebook(exam)], right=True)
    assert await notebook(exam) == []
    await fail(exam)
    assert [each["right_days"] for each in await notebook(exam)] == [0]


async def test_what_a_withdrawn_issue_asked_is_practised_no_more(exam: Exam, world: World, clock: MovableClock) -> None:
    await fail(exam)
    asked = [each["question"] for each in await notebook(exam)]
    clock.move(days=1)
    today = await daily(exam)
    assert len(today["questions"]) == 5
    editor, headers = await world.staff(("editor", 10)), exam.member.auth
    await exam.client.post(f"/issues/{exam.issue}/transitions", headers=editor.auth, json={"to": "withdrawn"})
    assert (await notebook(exam), (await daily(exam))["questions"]) == ([], [])
    answers = {str(asked[0]["id"]): given_to(asked[0], right=True)}
    for path, body in (("notebook", {}), ("daily-practice", {"day": today["day"]})):
        refused = await exam.client.post(f"/me/{path}/answers", headers=headers, json={**body, "answers": answers})
        assert (refused.status_code, refused.json()["code"]) == (422, "unknown_question"), path


async def test_a_question_that_was_asked_again_elsewhere_outlives_a_withdrawal(
    exam: Exam, world: World, service: Service, clock: MovableClock
) -> None:
    await fail(exam)
    editor = await world.staff(("editor", 10))
    await exam.client.post(f"/issues/{exam.issue}/transitions", headers=editor.auth, json={"to": "withdrawn"})
    asked = [each["question"]["id"] for each in await notebook(exam)]
    assert asked == []
    async with transaction(service.sessions) as session:
        question_ids = list(await session.scalars(select(Question.id).order_by(Question.id)))
    again = await make_quiz(service, 10, editor.id, week=MONDAY, rows=[], question_ids=question_ids[:2])
    exam.quiz = (await exam.get(f"/issues/{again}/quiz")).json()["id"]
    clock.move(days=1)
    assert (await daily(exam))["questions"] == []
    await fail(exam)
    clock.move(days=1)
    assert {each["id"] for each in (await daily(exam))["questions"]} == set(question_ids[:2])


async def test_an_id_that_no_question_can_have_is_unknown(exam: Exam) -> None:
    for digits, code in ((16, "unknown_question"), (19, "invalid_input")):
        body: dict[str, Any] = {"answers": {"9" * digits: ["A"]}}
        refused = await exam.client.post("/me/notebook/answers", headers=exam.member.auth, json=body)
        assert (refused.status_code, refused.json()["code"]) == (422, code)


# --- daily practice ----------------------------------------------------------------------------------------------


async def daily(exam: Exam, who: Person | None = None) -> dict[str, Any]:
    answer = await exam.get("/me/daily-practice", who)
    assert answer.status_code == 200, answer.text
    assert "机要" not in answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def fill_bank(service: Service, organisation_id: int, author_id: int, number: int = 8) -> list[int]:
    """Questions of no quiz."""
    rows = [
        ["单选", f"题库{organisation_id}第{each}题", "甲", "乙", "", "", "A", "机要", "机要"] for each in range(number)
    ]
    return await make_questions(service, organisation_id, author_id, rows)


async def test_a_few_questions_a_day_from_the_banks_above(
    exam: Exam, world: World, service: Service, clock: MovableClock
) -> None:
    author = await world.staff(("editor", 1))
    mine = {each for where in (1, 10, 100) for each in await fill_bank(service, where, author.id)}
    for elsewhere in (11, 101, 2):
        await fill_bank(service, elsewhere, author.id)
    assert (await daily(exam))["questions"] == []  # what came today waits
    seen = []
    for _ in range(4):
        clock.move(days=1)
        today = await daily(exam)
        ids = [each["id"] for each in today["questions"]]
        assert (len(set(ids)), set(ids) <= mine) == (5, True)
        clock.move(hours=3)
        assert await daily(exam) == today
        seen.append(tuple(ids))
        clock.move(hours=-3)
    assert len(set(seen)) == 4
    others = await world.signed_in_member(100)
    assert [each["id"] for each in (await daily(exam, others))["questions"]] != list(seen[-1])


async def test_the_notebook_comes_first_and_stays_for_the_day(
    exam: Exam, world: World, service: Service, clock: MovableClock
) -> None:
    author = await world.staff(("editor", 1))
    await fill_bank(service, 10, author.id)
    await fail(exam, ("single", "multiple"))
    wrong = {each["question"]["id"] for each in await notebook(exam)}
    clock.move(days=1)
    today = await daily(exam)
    assert {each["id"] for each in today["questions"][:3]} == wrong
    assert len(today["questions"]) == 5
    answers = {str(each["id"]): given_to(each, right=True) for each in today["questions"][:3]}
    body = {"day": today["day"], "answers": answers}
    result = await exam.client.post("/me/daily-practice/answers", headers=exam.member.auth, json=body)
    assert [each["correct"] for each in result.json()["items"]] == [True] * 3
    assert {each["right_days"] for each in await notebook(exam)} == {1}
    clock.move(days=1)
    tomorrow = await daily(exam)
    body = {"day": tomorrow["day"], "answers": answers}
    result = await exam.client.post("/me/daily-practice/answers", headers=exam.member.auth, json=body)
    assert all(each["left_notebook"] for each in result.json()["items"])
    assert await notebook(exam) == []
    assert await daily(exam) == tomorrow


async def test_nothing_of_a_quiz_that_is_still_to_be_answered_is_practised(
    client: httpx.AsyncClient, world: World, service: Service, clock: MovableClock
) -> None:
    exam = await Exam.build(client, world, service, attempts=2)
    author = await world.staff(("editor", 1))
    await make_questions(
        service, 1, author.id, [["判断", "下周的题", "", "", "", "", "对", "机要", "机要", "", "下周"]]
    )
    for state, week in (("draft", 1), ("scheduled", 2), ("in_review", 3)):
        row = ["判断", f"将来的题{week}", "", "", "", "", "对", "机要", "机要"]
        await make_quiz(service, 1, author.id, state=state, week=MONDAY + timedelta(weeks=week), rows=[row])
    await make_quiz(
        service, 1, author.id, state="draft", week=MONDAY + timedelta(weeks=4), rows=[],
        draw=[{"count": 1, "tags": ["下周"]}],
    )  # fmt: skip
    clock.move(days=1)
    assert (await daily(exam))["questions"] == []
    await fail(exam)
    assert len(await notebook(exam)) == 4  # its answers were shown
    clock.move(days=1)
    assert len((await daily(exam))["questions"]) == 4
    again = (await exam.open()).json()
    assert (await daily(exam))["questions"] == []
    await exam.submit(again["id"])
    clock.move(days=1)
    assert len((await daily(exam))["questions"]) == 4
    async with transaction(service.sessions) as session:
        await session.execute(update(Issue).where(Issue.state != "published").values(state="withdrawn"))
    assert len((await daily(exam))["questions"]) == 5


async def test_a_drawn_quiz_that_was_missed_holds_its_bank_back_for_its_week(
    client: httpx.AsyncClient, world: World, service: Service, clock: MovableClock
) -> None:
    author = await world.staff(("editor", 1))
    bank = await fill_bank(service, 10, author.id)
    exam = await Exam.build(client, world, service, rows=[], draw=[{"count": 2}])
    clock.move(days=1)
    assert (await daily(exam))["questions"] == []
    clock.move(days=6)
    assert {each["id"] for each in (await daily(exam))["questions"]} <= set(bank)
    assert len((await daily(exam))["questions"]) == 5
    await exam.open()
    assert (await daily(exam))["questions"] == []


async def test_what_may_not_be_reviewed_yet_is_not_practised_either(
    client: httpx.AsyncClient, world: World, service: Service, clock: MovableClock
) -> None:
    exam = await Exam.build(client, world, service, attempts=1, explanations="after_week")
    await fail(exam)
    clock.move(days=1)
    assert (await daily(exam))["questions"] == []
    assert await notebook(exam) == []
    clock.move(days=6)
    assert len((await daily(exam))["questions"]) == 4
    assert len(await notebook(exam)) == 4


async def test_an_archived_question_is_practised_no_more(exam: Exam, service: Service, clock: MovableClock) -> None:
    await fail(exam)
    clock.move(days=1)
    assert len((await daily(exam))["questions"]) == 5
    async with transaction(service.sessions) as session:
        await session.execute(update(Question).values(archived_at=clock()))
    assert (await daily(exam))["questions"] == []
    assert await notebook(exam) == []


async def test_only_questions_of_the_day_are_checked(
    exam: Exam, world: World, service: Service, clock: MovableClock
) -> None:
    author = await world.staff(("editor", 1))
    bank = set(await fill_bank(service, 10, author.id))
    clock.move(days=1)
    today = await daily(exam)

    async def post(day: str, question_id: int) -> tuple[int, str]:
        body = {"day": day, "answers": {str(question_id): ["A"]}}
        answer = await exam.client.post("/me/daily-practice/answers", headers=exam.member.auth, json=body)
        return answer.status_code, answer.json().get("code", "")

    picked = [each["id"] for each in today["questions"]]
    other = min(bank - set(picked))
    assert await post(today["day"], picked[0]) == (200, "")
    assert await post(today["day"], other) == (422, "unknown_question")
    asked = (await exam.open()).json()["questions"][0]["id"]
    assert await post(today["day"], asked) == (422, "unknown_question")
    assert await post("2026-11-18", picked[0]) == (409, "practice_over")
    clock.move(hours=16)  # past midnight in Shanghai
    assert await post(today["day"], picked[0]) == (200, "")
    clock.move(days=1)
    assert await post(today["day"], picked[0]) == (409, "practice_over")
