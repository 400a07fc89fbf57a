"""The quiz of an issue, put together at the desk."""

import httpx
from sqlalchemy import update

from app.db.engine import transaction
from app.library.models import Issue
from app.resources import Service
from tests.app.library.desk import make_issue, make_lesson
from tests.app.organisations.people import audited
from tests.app.quizzes.exam import ALL, SINGLE, make_questions, make_quiz
from tests.world import World


async def test_a_draft_gets_a_quiz_and_a_retry_changes_nothing(
    client: httpx.AsyncClient, world: World, service: Service
) -> None:
    editor = await world.staff(("editor", 10))
    issue_id = await make_issue(service, 10, editor.id, [await make_lesson(service, 10, editor.id)])
    ids = await make_questions(service, 10, editor.id, ALL)
    assert (await client.get(f"/desk/issues/{issue_id}/quiz", headers=editor.auth)).status_code == 404
    body = {"title": "小测", "question_ids": ids[::-1]}
    answers, issues = [], []
    for _ in range(2):
        answers.append(await client.put(f"/issues/{issue_id}/quiz", headers=editor.auth, json=body))
        issues.append((await client.get(f"/desk/issues/{issue_id}", headers=editor.auth)).json())
    assert [answer.status_code for answer in answers] == [200, 200], answers[0].text
    assert answers[0].json() == answers[1].json()
    assert issues[0] == issues[1]
    quiz = answers[0].json()
    assert (quiz["pass_mark"], quiz["attempts_allowed"]) == (60, 3)
    assert [question["id"] for question in quiz["questions"]] == ids[::-1]
    assert quiz["questions"][-1]["answer"] == ["B"]
    fewer = await client.put(
        f"/issues/{issue_id}/quiz",
        headers=editor.auth,
        json={"title": "新", "question_ids": ids[:1], "pass_mark": 100, "attempts_allowed": 1},
    )
    assert (fewer.json()["id"], len(fewer.json()["questions"]), fewer.json()["pass_mark"]) == (quiz["id"], 1, 100)
    reviewer = await world.staff(("reviewer", 1))
    assert (await client.get(f"/desk/issues/{issue_id}/quiz", headers=reviewer.auth)).json() == fewer.json()


async def test_a_quiz_that_cannot_be_is_refused(client: httpx.AsyncClient, world: World, service: Service) -> None:
    editor, author = await world.staff(("editor", 10)), await world.staff(("editor", 1))
    issue_id = await make_issue(service, 10, editor.id, [await make_lesson(service, 10, editor.id)])
    (mine,) = await make_questions(service, 10, editor.id, [SINGLE])
    others = [(await make_questions(service, where, author.id, [SINGLE]))[0] for where in (1, 11, 2)]

    async def put(*question_ids: int, **more: object) -> tuple[int, str]:
        body = {"title": "小测", "question_ids": question_ids, **more}
        answer = await client.put(f"/issues/{issue_id}/quiz", headers=editor.auth, json=body)
        return answer.status_code, answer.json().get("code", "")

    assert await put(mine, mine) == (422, "question_twice")
    assert await put() == (422, "questions_or_draw")
    assert await put(mine, pass_mark=0) == (422, "invalid_input")
    assert await put(mine, attempts_allowed=11) == (422, "invalid_input")
    for other in [*others, 999_999]:
        assert await put(mine, other) == (404, "question_not_found")
    assert await put(mine) == (200, "")
    async with transaction(service.sessions) as session:
        await session.execute(update(Issue).values(state="in_review"))
    assert await put(mine) == (409, "issue_not_draft")


async def test_the_answer_key_is_for_the_desk_of_the_subtree(
    client: httpx.AsyncClient, world: World, service: Service
) -> None:
    author = await world.staff(("editor", 1))
    issue_id = await make_quiz(service, 10, author.id)
    path = f"/desk/issues/{issue_id}/quiz"
    for role, where, status in (("reviewer", 10, 200), ("editor", 100, 404), ("editor", 11, 404), ("leader", 1, 403)):
        person = await world.staff((role, where))
        assert (await client.get(path, headers=person.auth)).status_code == status
    member = await world.signed_in_member(100)
    assert (await client.get(path, headers=member.auth)).status_code == 401


async def test_a_draft_can_do_without_its_quiz_again(client: httpx.AsyncClient, world: World, service: Service) -> None:
    author = await world.staff(("editor", 1))
    issue_id = await make_quiz(service, 10, author.id, state="draft")
    path = f"/issues/{issue_id}/quiz"
    assert (await client.delete(path, headers=author.auth)).status_code == 204
    assert (await client.get(f"/desk/issues/{issue_id}/quiz", headers=author.auth)).status_code == 404
    assert (await client.delete(path, headers=author.auth)).status_code == 404
    changes = (await client.get(f"/issues/{issue_id}/history", headers=author.auth)).json()["items"]
    assert (changes[0]["action"], changes[0]["fields"]) == ("changed", ["quiz"])
    (entry,) = await audited(world, "quiz.removed")
    assert (entry.object_id, entry.organisation_id) == (issue_id, 10)
    reviewed = await make_quiz(service, 100, author.id, state="in_review")
    refused = await client.delete(f"/issues/{reviewed}/quiz", headers=author.auth)
    assert (refused.status_code, refused.json()["code"]) == (409, "issue_not_draft")


async def test_a_quiz_that_was_answered_is_not_changed(
    client: httpx.AsyncClient, world: World, service: Service
) -> None:
    author, member = await world.staff(("editor", 1)), await world.signed_in_member(100)
    issue_id = await make_quiz(service, 10, author.id)
    quiz = (await client.get(f"/issues/{issue_id}/quiz", headers=member.auth)).json()
    assert (await client.post(f"/quizzes/{quiz['id']}/attempts", headers=member.auth)).status_code == 201
    async with transaction(service.sessions) as session:
        await session.execute(update(Issue).values(state="draft"))
    (other,) = await make_questions(service, 100, author.id, [SINGLE])
    answer = await client.put(
        f"/issues/{issue_id}/quiz", headers=author.auth, json={"title": "x", "question_ids": [other]}
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "quiz_answered")
    assert (await client.get(f"/desk/issues/{issue_id}/quiz", headers=author.auth)).json()["title"] == "小测"
    assert (await client.delete(f"/issues/{issue_id}/quiz", headers=author.auth)).json()["code"] == "quiz_answered"
    # What the refusal advises can be done.
    assert "改到别的周" in answer.json()["detail"]
    moved = await client.patch(f"/issues/{issue_id}", headers=author.auth, json={"week": "2026-W50"})
    body = {"organisation_id": 10, "week": "2026-W47", "title": "新的一期"}
    body |= {"lessons": [{"lesson_id": await make_lesson(service, 10, author.id), "required": True}]}
    made = await client.post("/issues", headers=author.auth, json=body)
    assert (moved.status_code, made.status_code) == (200, 201), made.text
