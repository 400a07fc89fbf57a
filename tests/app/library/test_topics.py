"""Topics hold lessons across weeks; members see those that they can read, once a reviewer has published the topic."""

import httpx

from app.resources import Service
from tests.app.library.desk import MONDAY, make_issue, make_lesson
from tests.world import World


async def test_members_see_a_published_topic_with_the_lessons_that_they_can_read(
    client: httpx.AsyncClient, world: World, service: Service
) -> None:
    editor, reviewer = await world.staff(("editor", 10)), await world.staff(("reviewer", 10))
    near, far = await world.signed_in_member(100), await world.signed_in_member(110)
    one, two, draft = [await make_lesson(service, 10, editor.id) for _ in range(3)]
    issue = await make_issue(service, 10, editor.id, [one], state="published")
    await make_issue(service, 10, editor.id, [two], week=MONDAY.replace(day=23), state="published")
    body = {"organisation_id": 10, "title": "应知应会", "lesson_ids": [two, draft, one]}
    topic = (await client.post("/topics", headers=editor.auth, json=body)).json()
    assert [lesson["id"] for lesson in topic["lessons"]] == [two, draft, one]
    assert (await client.get("/topics", headers=near.auth)).json()["items"] == []
    url = f"/topics/{topic['id']}"
    assert (await client.get(url, headers=near.auth)).status_code == 404
    shown = await client.put(f"{url}/publication", headers=reviewer.auth, json={"published": True})
    assert shown.json()["published"] is True
    seen = (await client.get(url, headers=near.auth)).json()
    assert [lesson["id"] for lesson in seen["lessons"]] == [two, one]
    (row,) = (await client.get("/topics", headers=near.auth)).json()["items"]
    assert (row["title"], row["lessons"]) == ("应知应会", 2)
    assert (await client.get(url, headers=far.auth)).status_code == 404
    await client.post(f"/issues/{issue}/transitions", headers=editor.auth, json={"to": "withdrawn"})
    seen = (await client.get(url, headers=near.auth)).json()
    assert [lesson["id"] for lesson in seen["lessons"]] == [two]


async def test_a_topic_of_a_neighbour_is_not_seen_whatever_lessons_it_holds(
    client: httpx.AsyncClient, world: World, service: Service
) -> None:
    editor, reviewer = await world.staff(("editor", 1)), await world.staff(("reviewer", 1))
    near, far = await world.signed_in_member(100), await world.signed_in_member(110)
    lesson = await make_lesson(service, 1, editor.id)
    await make_issue(service, 1, editor.id, [lesson], state="published")
    body = {"organisation_id": 11, "title": "西片专题", "lesson_ids": [lesson]}
    topic = (await client.post("/topics", headers=editor.auth, json=body)).json()["id"]
    await client.put(f"/topics/{topic}/publication", headers=reviewer.auth, json={"published": True})
    for who, status in ((far, 200), (near, 404)):
        assert (await client.get(f"/topics/{topic}", headers=who.auth)).status_code == status
        assert bool((await client.get("/topics", headers=who.auth)).json()["items"]) == (status == 200)


async def test_a_superiors_lesson_is_shown_as_it_was_published_and_not_as_it_is_drafted(
    client: httpx.AsyncClient, world: World, service: Service
) -> None:
    above, editor = await world.staff(("editor", 1)), await world.staff(("editor", 10))
    lesson, unpublished = [await make_lesson(service, 1, above.id) for _ in range(2)]
    issue = await make_issue(service, 1, above.id, [lesson], state="published")
    body = {"organisation_id": 10, "title": "应知应会", "lesson_ids": [lesson, unpublished]}
    topic = (await client.post("/topics", headers=above.auth, json=body)).json()["id"]
    await client.post(f"/issues/{issue}/transitions", headers=above.auth, json={"to": "withdrawn"})
    changed = await client.patch(f"/lessons/{lesson}/draft", headers=above.auth, json={"title": "还没有审过的题目"})
    assert changed.status_code == 200, changed.text
    for who, titles in (
        (above, ["还没有审过的题目", "支部委员会会议"]),
        (editor, ["支部委员会会议", "（上级还没有发布的资料）"]),
    ):
        shown = (await client.get(f"/desk/topics/{topic}", headers=who.auth)).json()
        assert [each["title"] for each in shown["lessons"]] == titles


async def test_new_words_of_a_topic_are_published_by_somebody_else(client: httpx.AsyncClient, world: World) -> None:
    both = await world.staff(("editor", 10), ("reviewer", 10))
    reviewer = await world.staff(("reviewer", 10))
    made = await client.post("/topics", headers=both.auth, json={"organisation_id": 10, "title": "应知应会"})
    url = f"/topics/{made.json()['id']}"
    own = await client.put(f"{url}/publication", headers=both.auth, json={"published": True})
    assert (own.status_code, own.json()["code"]) == (409, "own_issue")
    published = await client.put(f"{url}/publication", headers=reviewer.auth, json={"published": True})
    kept = await client.patch(url, headers=both.auth, json={"lesson_ids": []})
    assert kept.json()["published"] is True
    stale = {**both.auth, "If-Match": published.headers["etag"]}
    assert (await client.patch(url, headers=stale, json={"title": "旧的"})).status_code == 412
    changed = await client.patch(url, headers=both.auth, json={"title": "必学内容"})
    assert (changed.json()["title"], changed.json()["published"]) == ("必学内容", False)
    rows = (await client.get("/desk/topics", headers=reviewer.auth)).json()["items"]
    assert [(row["title"], row["published"]) for row in rows] == [("必学内容", False)]


async def test_a_topic_holds_each_lesson_once_and_none_out_of_reach(
    client: httpx.AsyncClient, world: World, service: Service
) -> None:
    editor = await world.staff(("editor", 10))
    near, far = await make_lesson(service, 100, editor.id), await make_lesson(service, 11, editor.id)
    for lessons, status, code in (([near, near], 422, "lesson_twice"), ([far], 404, "lesson_not_found")):
        body = {"organisation_id": 10, "title": "应知应会", "lesson_ids": lessons}
        refused = await client.post("/topics", headers=editor.auth, json=body)
        assert (refused.status_code, refused.json()["code"]) == (status, code)
