"""Weekly issues on the desk: making, changing, listing."""

import asyncio

import httpx
import pytest

from app.library.issues import Place
from app.resources import Service
from tests.app.library.desk import MONDAY, make_issue, make_lesson
from tests.world import Person, World


def issue(organisation_id: int, *lesson_ids: int, **changes: object) -> dict[str, object]:
    """The JSON of an issue."""
    return {
        "organisation_id": organisation_id,
        "week": "2026-W47",
        "title": "每周学习",
        "lessons": [{"lesson_id": lesson_id} for lesson_id in lesson_ids],
        **changes,
    }


async def test_an_issue_starts_as_a_draft_with_its_lessons_in_order(
    client: httpx.AsyncClient, world: World, service: Service
) -> None:
    editor = await world.staff(("editor", 10))
    one, two = [await make_lesson(service, 10, editor.id) for _ in range(2)]
    body = issue(10, two, one, summary="两篇")
    body["lessons"] = [{"lesson_id": two}, {"lesson_id": one, "required": False}]
    made = await client.post("/issues", headers=editor.auth, json=body)
    assert made.status_code == 201, made.text
    answer = made.json()
    assert (answer["state"], answer["week"], answer["author"]["id"]) == ("draft", "2026-W47", editor.id)
    assert answer["reviewer"] is None
    assert [(each["lesson_id"], each["position"], each["required"]) for each in answer["lessons"]] == [
        (two, 1, True),
        (one, 2, False),
    ]
    assert (await client.get(f"/desk/issues/{answer['id']}", headers=editor.auth)).json() == answer


async def test_what_cannot_be_an_issue_is_refused(client: httpx.AsyncClient, world: World, service: Service) -> None:
    editor = await world.staff(("editor", 10))
    lesson_id = await make_lesson(service, 10, editor.id)

    async def code_of(body: dict[str, object]) -> str:
        answer = await client.post("/issues", headers=editor.auth, json=body)
        assert answer.status_code == 422
        return str(answer.json()["code"])

    assert await code_of(issue(10)) == "invalid_input"
    assert await code_of(issue(10, lesson_id, lesson_id)) == "lesson_twice"
    assert (
        await code_of(issue(10, lesson_id, lessons=[{"lesson_id": lesson_id, "required": False}])) == "nothing_required"
    )
    assert await code_of(issue(10, lesson_id, week="2025-W53")) == "invalid_input"
    assert await code_of(issue(10, lesson_id, week="2026-11-16")) == "invalid_input"
    assert await code_of(issue(10, *range(1, 22))) == "invalid_input"


async def test_lessons_of_others_cannot_be_taken(client: httpx.AsyncClient, world: World, service: Service) -> None:
    author, editor = await world.staff(("editor", 1)), await world.staff(("editor", 10))
    for where in (11, 2, 1):  # a sibling's, another tree's, and a superior's draft
        lesson_id = await make_lesson(service, where, author.id)
        answer = await client.post("/issues", headers=editor.auth, json=issue(10, lesson_id))
        assert (answer.status_code, answer.json()["code"]) == (404, "lesson_not_found"), where
    answer = await client.post("/issues", headers=editor.auth, json=issue(10, 999_999))
    assert answer.status_code == 404
    assert (await client.post("/issues", headers=editor.auth, json=issue(11, lesson_id))).status_code == 404


async def test_a_superiors_lesson_is_used_as_it_is_published_and_not_as_it_is_drafted(
    client: httpx.AsyncClient, world: World, service: Service
) -> None:
    author, editor = await world.staff(("editor", 1)), await world.staff(("editor", 10))
    lesson_id = await make_lesson(service, 1, author.id)
    above = await make_issue(service, 1, author.id, [lesson_id], state="published")
    made = await client.post("/issues", headers=editor.auth, json=issue(10, lesson_id))
    assert made.status_code == 201, made.text
    await client.post(f"/issues/{above}/transitions", headers=author.auth, json={"to": "withdrawn"})
    changed = await client.patch(f"/lessons/{lesson_id}/draft", headers=author.auth, json={"markdown": "尚未审核"})
    assert changed.status_code == 200
    submitted = await client.post(
        f"/issues/{made.json()['id']}/transitions", headers=editor.auth, json={"to": "in_review"}
    )
    assert (submitted.status_code, submitted.json()["code"]) == (404, "lesson_not_found")


async def test_an_issue_shows_a_superiors_lesson_as_it_was_published(
    client: httpx.AsyncClient, world: World, service: Service
) -> None:
    author, editor = await world.staff(("editor", 1)), await world.staff(("editor", 10))
    lesson_id = await make_lesson(service, 1, author.id)
    above = await make_issue(service, 1, author.id, [lesson_id], state="published")
    mine = (await client.post("/issues", headers=editor.auth, json=issue(10, lesson_id))).json()
    published = mine["lessons"][0]
    await client.post(f"/issues/{above}/transitions", headers=author.auth, json={"to": "withdrawn"})
    draft = {"title": "还没有审过的题目", "markdown": "还没有审过的正文。" * 200}
    assert (await client.patch(f"/lessons/{lesson_id}/draft", headers=author.auth, json=draft)).status_code == 200
    seen = [(await client.get(f"/desk/issues/{mine['id']}", headers=who.auth)).json() for who in (editor, author)]
    assert seen[0]["lessons"] == [published]
    assert seen[1]["lessons"][0]["title"] == "还没有审过的题目"


async def test_a_draft_that_nobody_wants_makes_room(client: httpx.AsyncClient, world: World, service: Service) -> None:
    editor = await world.staff(("editor", 10))
    lesson_id = await make_lesson(service, 10, editor.id)
    draft = (await client.post("/issues", headers=editor.auth, json=issue(10, lesson_id))).json()
    given_up = await client.post(f"/issues/{draft['id']}/transitions", headers=editor.auth, json={"to": "withdrawn"})
    assert (given_up.status_code, given_up.json()["state"]) == (200, "withdrawn")
    assert (await client.post("/issues", headers=editor.auth, json=issue(10, lesson_id))).status_code == 201


async def test_a_week_has_one_living_issue(client: httpx.AsyncClient, world: World, service: Service) -> None:
    editor = await world.staff(("editor", 10))
    lesson_id = await make_lesson(service, 10, editor.id)
    answers = await asyncio.gather(
        *(client.post("/issues", headers=editor.auth, json=issue(10, lesson_id)) for _ in range(4))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"issue_exists"}
    other = (await client.post("/issues", headers=editor.auth, json=issue(10, lesson_id, week="2026-W48"))).json()
    moved = await client.patch(f"/issues/{other['id']}", headers=editor.auth, json={"week": "2026-W47"})
    assert (moved.status_code, moved.json()["code"]) == (409, "issue_exists")
    below = await client.post("/issues", headers=editor.auth, json=issue(100, lesson_id))
    assert below.status_code == 201  # another organisation's week


async def test_a_withdrawn_issue_makes_room_and_cannot_come_back_into_it(
    client: httpx.AsyncClient, world: World, service: Service
) -> None:
    editor = await world.staff(("editor", 10))
    lesson_id = await make_lesson(service, 10, editor.id)
    old = await make_issue(service, 10, editor.id, [lesson_id], state="withdrawn")
    assert (await client.post("/issues", headers=editor.auth, json=issue(10, lesson_id))).status_code == 201
    back = await client.post(f"/issues/{old}/transitions", headers=editor.auth, json={"to": "draft"})
    assert (back.status_code, back.json()["code"]) == (409, "issue_exists")


async def test_a_draft_changes_and_nothing_else_does(client: httpx.AsyncClient, world: World, service: Service) -> None:
    editor = await world.staff(("editor", 10))
    one, two = [await make_lesson(service, 10, editor.id) for _ in range(2)]
    draft = await make_issue(service, 10, editor.id, [Place(one)])
    body = {"title": "新标题", "summary": "", "week": "2026-W49", "lessons": [{"lesson_id": two}, {"lesson_id": one}]}
    for _ in range(2):  # a retried change changes nothing more
        answer = await client.patch(f"/issues/{draft}", headers=editor.auth, json=body)
        assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert (shown["title"], shown["summary"], shown["week"]) == ("新标题", "", "2026-W49")
    assert [each["lesson_id"] for each in shown["lessons"]] == [two, one]
    nothing = await client.patch(f"/issues/{draft}", headers=editor.auth, json={})
    assert nothing.json() == shown
    stuck = await make_issue(service, 10, editor.id, [one], week=MONDAY, state="in_review")
    refused = await client.patch(f"/issues/{stuck}", headers=editor.auth, json=body)
    assert (refused.status_code, refused.json()["code"]) == (409, "issue_not_draft")
    for other in (await world.staff(("editor", 11)), await world.staff(("editor", 11), ("reviewer", 1))):
        answer = await client.patch(f"/issues/{draft}", headers=other.auth, json={"title": "x"})
        assert answer.status_code == 404
    reviewer = await world.staff(("reviewer", 10))
    assert (await client.patch(f"/issues/{draft}", headers=reviewer.auth, json={"title": "x"})).status_code == 403


@pytest.fixture
async def shelf(world: World, service: Service) -> tuple[Person, list[int]]:
    """Issues of 10, 100 and 11 in several states and weeks."""
    editor = await world.staff(("editor", 10))
    lesson_id = await make_lesson(service, 10, editor.id)
    made = [
        await make_issue(service, 10, editor.id, [lesson_id], state="published"),
        await make_issue(service, 100, editor.id, [lesson_id]),
        await make_issue(service, 11, editor.id, [lesson_id]),
        await make_issue(service, 10, editor.id, [lesson_id], week=MONDAY.replace(day=23)),
    ]
    return editor, made


async def test_the_desk_lists_what_is_in_reach_and_filters_it(
    client: httpx.AsyncClient, shelf: tuple[Person, list[int]]
) -> None:
    editor, made = shelf

    async def ids(**params: str | int) -> list[int]:
        answer = await client.get("/desk/issues", params=params, headers=editor.auth)
        assert answer.status_code == 200, answer.text
        return [item["id"] for item in answer.json()["items"]]

    assert await ids() == [made[3], made[1], made[0]]
    assert await ids(organisation_id=10) == [made[3], made[0]]
    assert await ids(state="published") == [made[0]]
    assert await ids(week="2026-W48") == [made[3]]
    assert await ids(limit=1, cursor=made[3]) == [made[1]]
    assert (await client.get(f"/desk/issues/{made[2]}", headers=editor.auth)).status_code == 404
