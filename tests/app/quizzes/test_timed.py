"""Attempts against the server's clock, shuffled by its seed, and reviewed when the quiz says."""

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, update

from app.access.models import AuditEntry
from app.db.engine import transaction
from app.library.models import Issue
from app.quizzes.closing import close_overdue
from app.quizzes.models import Attempt, Question
from app.resources import Service
from content.questions.check import LETTERS
from scheduler.quizzes import close_all_overdue
from tests.app.quizzes.exam import ALL, ORDERING, RIGHT_TEXTS, Exam, make_quiz
from tests.conftest import MovableClock
from tests.world import World

ROWS = [*ALL, ORDERING]


@pytest.fixture
async def exam(client: httpx.AsyncClient, world: World, service: Service) -> Exam:
    """A shuffled quiz of two minutes with a question of each kind."""
    return await Exam.build(
        client, world, service, rows=ROWS, time_limit_seconds=120, shuffle_options=True, shuffle_questions=True
    )


async def test_the_clock_is_the_servers_and_another_device_goes_on(exam: Exam, clock: MovableClock) -> None:
    attempt = (await exam.open()).json()
    assert (attempt["deadline_at"], attempt["remaining_seconds"]) == ("2026-11-16T02:02:00Z", 120)
    assert attempt["grace_seconds"] == 30
    clock.move(seconds=50)
    await exam.choose(attempt, {"single": ["每季度"]})
    other_device = (await exam.open()).json()
    assert (other_device["id"], other_device["remaining_seconds"]) == (attempt["id"], 70)
    assert other_device["deadline_at"] == attempt["deadline_at"]
    assert [each["options"] for each in other_device["questions"]] == [each["options"] for each in attempt["questions"]]
    answered = next(each for each in other_device["questions"] if each["kind"] == "single")
    assert answered["options"]["ABCD".index(answered["your_answer"][0])] == "每季度"
    await exam.choose(other_device, RIGHT_TEXTS)
    result = (await exam.submit(attempt["id"])).json()
    assert (result["score"], result["timed_out"], result["explained"]) == (100, False, True)
    ordering = next(each for each in result["questions"] if each["kind"] == "ordering")
    assert [ordering["options"]["ABCD".index(letter)] for letter in ordering["answer"]] == RIGHT_TEXTS["ordering"]


async def test_an_answer_within_the_grace_is_taken_and_after_it_is_not(exam: Exam, clock: MovableClock) -> None:
    attempt = (await exam.open()).json()
    clock.move(seconds=149)
    late = (await exam.choose(attempt, {"true_false": ["正确"]})).json()
    assert late["remaining_seconds"] == 0
    clock.move(seconds=1)
    refused = await exam.choose(attempt, RIGHT_TEXTS)
    assert (refused.status_code, refused.json()["code"]) == (409, "time_is_up")
    result = (await exam.submit(attempt["id"])).json()
    assert (result["score"], result["timed_out"], result["submitted_at"]) == (20, True, "2026-11-16T02:02:30Z")
    again = await exam.choose(attempt, RIGHT_TEXTS)
    assert (again.status_code, again.json()["code"]) == (409, "time_is_up")
    assert (await exam.submit(attempt["id"])).json() == result


@pytest.mark.parametrize("first", ["attempt", "quiz", "opening", "submission", "scheduler"])
async def test_whoever_looks_first_finds_the_same_end(exam: Exam, clock: MovableClock, first: str) -> None:
    attempt = (await exam.open()).json()
    await exam.choose(attempt, {"single": ["每季度"], "fill_in": ["月"]})
    clock.move(hours=5)
    if first == "scheduler":
        assert await close_all_overdue(exam.service.sessions, clock()) == 1
        assert await close_all_overdue(exam.service.sessions, clock()) == 0
    elif first == "quiz":
        quiz = (await exam.get(f"/issues/{exam.issue}/quiz")).json()
        assert (quiz["attempts_used"], quiz["open_attempt_id"], quiz["score"]) == (1, None, 40)
    elif first == "opening":
        assert (await exam.open()).json()["number"] == 2
    elif first == "submission":
        await exam.submit(attempt["id"])
    result = (await exam.get(f"/attempts/{attempt['id']}")).json()
    assert (result["state"], result["score"], result["passed"], result["timed_out"]) == ("submitted", 40, False, True)
    assert result["submitted_at"] == "2026-11-16T02:02:30Z"
    async with transaction(exam.service.sessions) as session:
        entries = (await session.scalars(select(AuditEntry).where(AuditEntry.action.startswith("attempt.")))).all()
    assert [(entry.action, entry.actor) for entry in entries] == [("attempt.timed_out", "system")]


async def test_looks_at_the_same_time_end_an_attempt_once(exam: Exam, clock: MovableClock) -> None:
    attempt = (await exam.open()).json()
    await asyncio.gather(*(exam.get("/issues") for _ in range(10)))
    clock.move(hours=1)
    path = f"/attempts/{attempt['id']}"
    looks = [exam.submit(attempt["id"]) for _ in range(20)] + [exam.get(path) for _ in range(20)]
    sweeps = [close_all_overdue(exam.service.sessions, clock()) for _ in range(5)]
    answers, closed = await asyncio.gather(asyncio.gather(*looks), asyncio.gather(*sweeps))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert sum(closed) <= 1
    async with transaction(exam.service.sessions) as session:
        assert await session.scalar(select(func.count()).where(AuditEntry.action == "attempt.timed_out")) == 1


async def test_only_what_is_overdue_is_ended(exam: Exam, world: World, clock: MovableClock) -> None:
    others = [await world.signed_in_member(100) for _ in range(3)]
    for other in others:
        await exam.open(other)
    clock.move(seconds=60)
    attempt = (await exam.open()).json()
    clock.move(seconds=90)
    async with transaction(exam.service.sessions) as session:
        assert await close_overdue(session, clock()) == 3
    assert (await exam.get(f"/attempts/{attempt['id']}")).json()["state"] == "open"


async def test_attempts_have_seeds_of_their_own(exam: Exam, world: World) -> None:
    orders = set()
    for _ in range(6):
        asked = (await exam.open(await world.signed_in_member(100))).json()["questions"]
        orders.add(tuple(tuple(each["options"]) for each in asked))
    assert len(orders) > 1
    async with transaction(exam.service.sessions) as session:
        assert len(set(await session.scalars(select(Attempt.seed)))) == 6


async def test_what_is_open_would_be_the_same_with_any_other_key(exam: Exam, clock: MovableClock) -> None:
    attempt = (await exam.open()).json()
    await exam.choose(attempt, {"single": ["每季度"], "ordering": RIGHT_TEXTS["ordering"]})

    async def looks() -> list[bytes]:
        body = {"answers": {str(each["id"]): each["your_answer"] for each in attempt["questions"]}}
        path = f"/attempts/{attempt['id']}"
        saved = await exam.client.put(f"{path}/answers", headers=exam.member.auth, json=body)
        answers = [await exam.open(), await exam.get(path), saved, await exam.get(f"/issues/{exam.issue}/quiz")]
        assert {each.status_code for each in answers} <= {200, 201}
        return [each.content for each in answers]

    before = await looks()
    async with transaction(exam.service.sessions) as session:
        for question in await session.scalars(select(Question)):
            letters = [LETTERS[place] for place, _ in enumerate(question.options)] or ["别的"]
            assert sorted(letters, reverse=True) != question.answer
            question.answer = sorted(letters, reverse=True)
            question.explanation = question.source = "别的"
    assert await looks() == before
    after = (await exam.submit(attempt["id"])).json()
    assert {each["explanation"] for each in after["questions"]} == {"别的"}


async def test_an_ordering_is_answered_as_a_whole(exam: Exam) -> None:
    attempt = (await exam.open()).json()
    ordering = next(each for each in attempt["questions"] if each["kind"] == "ordering")
    path = f"/attempts/{attempt['id']}/answers"
    for given in (["A"], ["A", "B", "C"], ["A", "A", "B", "C"], ["A", "B", "C", "E"]):
        body = {"answers": {str(ordering["id"]): given}}
        refused = await exam.client.put(path, headers=exam.member.auth, json=body)
        assert (refused.status_code, refused.json()["code"]) == (422, "bad_answer"), given


def key_of(result: dict[str, Any]) -> set[object]:
    """What of the key is shown."""
    return {each[name] for each in result["questions"] for name in ("explanation", "source", "correct")} | {
        None if each["answer"] is None else "answer" for each in result["questions"]
    }


async def test_explanations_wait_for_the_last_attempt_or_a_pass(
    client: httpx.AsyncClient, world: World, service: Service
) -> None:
    exam = await Exam.build(client, world, service, attempts=2, explanations="after_last_attempt")
    first = (await exam.submit((await exam.open()).json()["id"])).json()
    assert (first["score"], first["explained"], key_of(first)) == (0, False, {None})
    assert (await exam.get("/me/notebook")).json()["items"] == []
    second = (await exam.open()).json()
    assert key_of((await exam.get(f"/attempts/{first['id']}")).json()) == {None}
    assert (await exam.submit(second["id"])).json()["explained"] is True
    assert None not in key_of((await exam.get(f"/attempts/{first['id']}")).json())
    assert len((await exam.get("/me/notebook")).json()["items"]) == 4
    passing = await world.signed_in_member(100)
    attempt = (await exam.open(passing)).json()
    await exam.answer(attempt, [["B"], ["A", "B", "C"], ["A"], []], passing)
    assert (await exam.submit(attempt["id"], passing)).json()["explained"] is True


async def test_explanations_wait_for_the_end_of_the_week(
    client: httpx.AsyncClient, world: World, service: Service, clock: MovableClock
) -> None:
    exam = await Exam.build(client, world, service, attempts=1, explanations="after_week")
    attempt = (await exam.open()).json()
    result = (await exam.submit(attempt["id"])).json()
    assert (result["explained"], result["explained_from"]) == (False, "2026-11-22T16:00:00Z")
    clock.move(days=6, hours=13, minutes=59)
    assert key_of((await exam.get(f"/attempts/{attempt['id']}")).json()) == {None}
    clock.move(minutes=1)
    assert None not in key_of((await exam.get(f"/attempts/{attempt['id']}")).json())


@pytest.mark.parametrize(("counts", "score", "passed"), [("best", 75, True), ("first", 25, False), ("last", 50, False)])
async def test_the_score_that_counts_is_the_quizs_to_say(
    client: httpx.AsyncClient, world: World, service: Service, counts: str, score: int, passed: bool
) -> None:
    exam = await Exam.build(client, world, service, score_counts=counts)
    for right in (1, 3, 2):
        attempt = (await exam.open()).json()
        await exam.answer(attempt, [["B"], ["A", "B", "C"], ["A"]][:right])
        await exam.submit(attempt["id"])
    quiz = (await exam.get(f"/issues/{exam.issue}/quiz")).json()
    assert (quiz["score"], quiz["best_score"], quiz["passed"]) == (score, 75, passed)
    assert [each["score"] for each in quiz["attempts"]] == [25, 75, 50]
    leader = await world.staff(("leader", 10))
    params = {"week": "2026-W47"}
    figures = await client.get("/organisations/10/completion", params=params, headers=leader.auth)
    totals = figures.json()["totals"]
    assert (totals["average_score"], totals["quiz_passed"]) == (score, int(passed))


async def test_a_timed_out_attempt_counts_in_the_figures_with_what_was_saved(
    client: httpx.AsyncClient, world: World, service: Service, clock: MovableClock
) -> None:
    exam = await Exam.build(client, world, service, time_limit_seconds=60, pass_mark=50)
    attempt = (await exam.open()).json()
    await exam.answer(attempt, [["B"], ["A", "B", "C"]])
    clock.move(minutes=2)
    await close_all_overdue(service.sessions, clock())
    leader = await world.staff(("leader", 10))
    figures = await client.get("/organisations/10/completion", params={"week": "2026-W47"}, headers=leader.auth)
    assert (figures.json()["totals"]["average_score"], figures.json()["totals"]["quiz_passed"]) == (50, 1)


async def test_a_withdrawn_quiz_ends_its_attempts_too(
    client: httpx.AsyncClient, world: World, service: Service, clock: MovableClock
) -> None:
    author = await world.staff(("editor", 1))
    issue_id = await make_quiz(service, 10, author.id, time_limit_seconds=60)
    member = await world.signed_in_member(100)
    quiz = (await client.get(f"/issues/{issue_id}/quiz", headers=member.auth)).json()
    await client.post(f"/quizzes/{quiz['id']}/attempts", headers=member.auth)
    async with transaction(service.sessions) as session:
        await session.execute(update(Issue).values(state="withdrawn"))
    clock.move(minutes=5)
    assert await close_all_overdue(service.sessions, clock()) == 1
