"""Attempts over the API: no answer before submission, one score after it."""

import asyncio

import httpx
import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.models import AuditEntry
from app.access.principals import get_member
from app.db.engine import transaction
from app.library.models import Issue
from app.quizzes.attempt_schemas import OpenAttempt, SubmittedAttempt
from app.quizzes.attempts import open_attempt, submit
from app.quizzes.models import Attempt
from app.resources import Service
from tests.app.organisations.tree.test_races import in_order
from tests.app.quizzes.exam import RIGHT, Exam
from tests.conftest import MovableClock
from tests.world import World

SECRETS = ("机要", '"answer"', '"explanation"', '"source"', '"correct"')


@pytest.fixture
async def exam(client: httpx.AsyncClient, world: World, service: Service) -> Exam:
    """A published quiz with a question of each kind: three attempts, 60 to pass."""
    return await Exam.build(client, world, service)


async def test_a_quiz_is_taken_from_the_first_look_to_the_result(exam: Exam, clock: MovableClock) -> None:
    assert (await exam.get(f"/issues/{exam.issue}/quiz")).json() == {
        "id": exam.quiz,
        "title": "小测",
        "pass_mark": 60,
        "attempts_allowed": 3,
        "attempts_used": 0,
        "question_count": 4,
        "time_limit_seconds": None,
        "grace_seconds": 30,
        "explanations": "after_submission",
        "score_counts": "best",
        "score": None,
        "best_score": None,
        "passed": False,
        "open_attempt_id": None,
        "attempts": [],
    }
    attempt = (await exam.open()).json()
    assert (attempt["state"], attempt["number"]) == ("open", 1)
    assert (await exam.open()).json() == attempt
    await exam.answer(attempt, [["A"], ["A", "B", "C"]])
    merged = (await exam.answer(attempt, [["B"], ["C", "A", "B"], ["B"]])).json()
    assert [question["your_answer"] for question in merged["questions"]] == [["B"], ["A", "B", "C"], ["B"], []]
    clock.move(minutes=3)
    result = (await exam.submit(attempt["id"])).json()
    assert (result["state"], result["score"], result["passed"]) == ("submitted", 50, False)
    assert result["submitted_at"] == "2026-11-16T02:03:00Z"
    assert [question["correct"] for question in result["questions"]] == [True, True, False, False]
    assert result["questions"][2]["answer"] == ["A"]
    assert result["questions"][3]["explanation"] == "解析丁-机要"
    assert result["questions"][0]["source"] == "出处甲-机要"
    assert (await exam.get(f"/attempts/{attempt['id']}")).json() == result
    second = (await exam.open()).json()
    assert second["number"] == 2
    await exam.answer(second, RIGHT)
    assert (await exam.submit(second["id"])).json()["score"] == 100
    shown = (await exam.get(f"/issues/{exam.issue}/quiz")).json()
    assert (shown["attempts_used"], shown["best_score"], shown["passed"]) == (2, 100, True)


async def test_nothing_of_the_key_leaves_before_submission(exam: Exam) -> None:
    attempt = (await exam.open()).json()
    for answer in (
        await exam.get(f"/issues/{exam.issue}/quiz"),
        await exam.open(),
        await exam.answer(attempt, RIGHT),
        await exam.get(f"/attempts/{attempt['id']}"),
        await exam.get(f"/issues/{exam.issue}"),
    ):
        assert answer.status_code in (200, 201)
        assert not [secret for secret in SECRETS if secret in answer.text]
        assert '"月"' not in answer.text  # the accepted text; the member wrote it with spaces
    shown = (await exam.submit(attempt["id"])).text
    assert all(secret in shown for secret in SECRETS)


async def test_what_is_submitted_stays(exam: Exam, clock: MovableClock) -> None:
    attempt = (await exam.open()).json()
    await exam.answer(attempt, RIGHT[:3])
    first = await exam.submit(attempt["id"])
    assert (first.json()["score"], first.json()["passed"]) == (75, True)
    clock.move(minutes=1)
    assert (await exam.submit(attempt["id"])).content == first.content
    refused = await exam.answer(attempt, RIGHT)
    assert (refused.status_code, refused.json()["code"]) == (409, "attempt_submitted")
    assert (await exam.get(f"/attempts/{attempt['id']}")).content == first.content
    async with transaction(exam.service.sessions) as session:
        assert await session.scalar(select(func.count()).where(AuditEntry.action == "attempt.submitted")) == 1


async def test_attempts_run_out(exam: Exam) -> None:
    for number in (1, 2, 3):
        attempt = (await exam.open()).json()
        assert attempt["number"] == number
        await exam.submit(attempt["id"])
    refused = await exam.open()
    assert (refused.status_code, refused.json()["code"]) == (409, "attempts_used_up")
    assert (await exam.get(f"/issues/{exam.issue}/quiz")).json()["best_score"] == 0


@pytest.mark.parametrize(
    ("which", "given", "code"),
    [
        (0, ["E"], "bad_answer"),
        (0, ["a"], "bad_answer"),
        (0, ["A", "B"], "bad_answer"),
        (0, ["AB"], "bad_answer"),
        (1, ["A", "A"], "bad_answer"),
        (2, ["C"], "bad_answer"),
        (2, ["A", "B"], "bad_answer"),
        (3, ["月", "年"], "bad_answer"),
        (3, ["月" * 201], "invalid_input"),
        (1, ["A"] * 9, "invalid_input"),
    ],
)
async def test_answers_must_fit_the_question(exam: Exam, which: int, given: list[str], code: str) -> None:
    attempt = (await exam.open()).json()
    body = {"answers": {str(attempt["questions"][which]["id"]): given}}
    path = f"/attempts/{attempt['id']}/answers"
    answer = await exam.client.put(path, headers=exam.member.auth, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert (await exam.get(f"/attempts/{attempt['id']}")).json() == attempt


async def test_questions_of_other_quizzes_are_unknown(exam: Exam) -> None:
    attempt = (await exam.open()).json()
    path = f"/attempts/{attempt['id']}/answers"
    for key, code in (("999999", "unknown_question"), ("0", "invalid_input"), ("x", "invalid_input")):
        answer = await exam.client.put(path, headers=exam.member.auth, json={"answers": {key: ["A"]}})
        assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_an_empty_list_takes_an_answer_back(exam: Exam) -> None:
    attempt = (await exam.open()).json()
    await exam.answer(attempt, RIGHT)
    taken = (await exam.answer(attempt, [[]])).json()
    assert [question["your_answer"] for question in taken["questions"]] == [[], ["A", "B", "C"], *RIGHT[2:]]


async def test_an_attempt_is_its_members_alone(exam: Exam, world: World) -> None:
    attempt = (await exam.open()).json()
    colleague = await world.signed_in_member(100)
    answers = (
        await exam.get(f"/attempts/{attempt['id']}", colleague),
        await exam.answer(attempt, RIGHT, colleague),
        await exam.submit(attempt["id"], colleague),
    )
    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert (await exam.open(colleague)).json()["id"] != attempt["id"]
    assert (await exam.get(f"/attempts/{attempt['id']}")).json() == attempt


async def test_members_of_other_branches_find_no_quiz(exam: Exam, world: World) -> None:
    for where, status in ((10, 201), (101, 201), (1, 404), (110, 404), (20, 404)):
        person = await world.signed_in_member(where)
        assert (await exam.open(person)).status_code == status, where
        assert (await exam.get(f"/issues/{exam.issue}/quiz", person)).status_code == (200 if status == 201 else 404)


@pytest.mark.parametrize("state", ["withdrawn", "draft", "in_review", "scheduled"])
async def test_what_is_not_published_has_no_quiz(exam: Exam, state: str) -> None:
    attempt = (await exam.open()).json()
    async with transaction(exam.service.sessions) as session:
        await session.execute(update(Issue).values(state=state))
    answers = (
        await exam.get(f"/issues/{exam.issue}/quiz"),
        await exam.open(),
        await exam.get(f"/attempts/{attempt['id']}"),
        await exam.answer(attempt, RIGHT),
        await exam.submit(attempt["id"]),
    )
    assert {answer.status_code for answer in answers} == {404}


async def test_fifty_parallel_openings_open_one_attempt(exam: Exam) -> None:
    # All connections are open before it begins: otherwise the first request is over when the others come.
    await asyncio.gather(*(exam.get("/issues") for _ in range(10)))
    answers = await asyncio.gather(*(exam.open() for _ in range(50)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    async with transaction(exam.service.sessions) as session:
        assert await session.scalar(select(func.count(Attempt.id))) == 1


async def test_fifty_parallel_submissions_are_scored_once(exam: Exam, clock: MovableClock) -> None:
    attempt = (await exam.open()).json()
    await exam.answer(attempt, RIGHT)
    late = (exam.answer(attempt, [["A"]]) for _ in range(5))
    answers = await asyncio.gather(*(exam.submit(attempt["id"]) for _ in range(50)), *late)
    assert {answer.status_code for answer in answers[:50]} == {200}
    assert len({answer.content for answer in answers[:50]}) == 1
    assert {answer.status_code for answer in answers[50:]} <= {200, 409}
    async with transaction(exam.service.sessions) as session:
        assert await session.scalar(select(func.count()).where(AuditEntry.action == "attempt.submitted")) == 1
    final = (await exam.get(f"/attempts/{attempt['id']}")).json()
    assert final == answers[0].json()


async def test_who_submits_second_waits_and_finds_the_attempt_scored(exam: Exam, clock: MovableClock) -> None:
    attempt = (await exam.open()).json()
    await exam.answer(attempt, RIGHT)
    async with transaction(exam.service.sessions) as session:
        member = await get_member(session, exam.member.token, clock.now)
    scored: list[SubmittedAttempt] = []

    async def hand_in(session: AsyncSession) -> None:
        scored.append(await submit(session, member, attempt["id"], clock.move(seconds=1)))

    await in_order(exam.service.sessions, hand_in, hand_in)
    assert scored[0] == scored[1]
    async with transaction(exam.service.sessions) as session:
        assert await session.scalar(select(func.count()).where(AuditEntry.action == "attempt.submitted")) == 1


async def test_who_opens_second_waits_and_finds_the_attempt_open(exam: Exam, clock: MovableClock) -> None:
    async with transaction(exam.service.sessions) as session:
        member = await get_member(session, exam.member.token, clock.now)
    opened: list[OpenAttempt] = []

    async def begin(session: AsyncSession) -> None:
        opened.append(await open_attempt(session, member, exam.quiz, clock.now))

    await in_order(exam.service.sessions, begin, begin)
    assert opened[0] == opened[1]
