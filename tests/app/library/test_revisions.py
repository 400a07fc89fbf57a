"""Two editors do not overwrite each other, and what each did stays on record."""

import httpx
import pytest

from app.library.revisions import StaleRevision, check_revision, read_if_match
from app.resources import Service
from tests.app.library.desk import fields, make_issue, make_lesson
from tests.world import World


@pytest.mark.parametrize(
    ("header", "accepted"),
    [(None, True), ("*", True), ('"5"', True), ('"4", "5"', True), ('"4"', False), ('W/"5"', False), ("5", False)],
)
def test_if_match_is_compared_strongly(header: str | None, accepted: bool) -> None:
    expected = read_if_match(header)
    if accepted:
        check_revision(5, expected)
    else:
        with pytest.raises(StaleRevision):
            check_revision(5, expected)


async def test_the_second_of_two_editors_of_a_lesson_is_told_and_loses_nothing(
    client: httpx.AsyncClient, world: World
) -> None:
    first, second = await world.staff(("editor", 10)), await world.staff(("editor", 10))
    made = await client.post("/lessons", headers=first.auth, json=fields(10))
    url = f"/lessons/{made.json()['id']}/draft"
    seen = {person.id: (await client.get(url, headers=person.auth)).headers["etag"] for person in (first, second)}
    assert set(seen.values()) == {made.headers["etag"]}
    saved = await client.patch(url, headers={**first.auth, "If-Match": seen[first.id]}, json={"title": "第一位改的"})
    assert saved.status_code == 200
    assert saved.headers["etag"] == f'"{saved.json()["revision"]}"' != seen[second.id]
    late = await client.patch(url, headers={**second.auth, "If-Match": seen[second.id]}, json={"summary": "第二位改的"})
    assert (late.status_code, late.json()["code"]) == (412, "stale_revision")
    now = (await client.get(url, headers=second.auth)).json()
    assert (now["title"], now["summary"]) == ("第一位改的", "多久开一次")
    anyway = await client.patch(url, headers=second.auth, json={"summary": "没有带上标签"})
    assert anyway.status_code == 200  # api.md: who sends no If-Match changes what is there


async def test_an_issue_that_changed_is_neither_changed_nor_moved_by_who_saw_it_before(
    client: httpx.AsyncClient, world: World, service: Service
) -> None:
    editor, reviewer = await world.staff(("editor", 10)), await world.staff(("reviewer", 10))
    issue = await make_issue(service, 10, editor.id, [await make_lesson(service, 10, editor.id)])
    old = (await client.get(f"/desk/issues/{issue}", headers=editor.auth)).headers["etag"]
    await client.patch(f"/issues/{issue}", headers=editor.auth, json={"title": "新标题"})
    stale = {**editor.auth, "If-Match": old}
    assert (await client.patch(f"/issues/{issue}", headers=stale, json={"title": "旧"})).status_code == 412
    moved = await client.post(f"/issues/{issue}/transitions", headers=stale, json={"to": "in_review"})
    assert moved.status_code == 412
    await client.post(f"/issues/{issue}/transitions", headers=editor.auth, json={"to": "in_review"})
    unseen = {**reviewer.auth, "If-Match": old}
    approved = await client.post(f"/issues/{issue}/transitions", headers=unseen, json={"to": "scheduled"})
    assert approved.status_code == 412  # nobody approves what they have not seen


async def test_the_history_of_a_lesson_keeps_its_old_text(client: httpx.AsyncClient, world: World) -> None:
    editor, other = await world.staff(("editor", 10)), await world.staff(("editor", 10))
    lesson = (await client.post("/lessons", headers=editor.auth, json=fields(10))).json()["id"]
    for _ in range(2):  # what changes nothing is no change
        await client.patch(f"/lessons/{lesson}/draft", headers=other.auth, json={"markdown": "新的正文"})
    rows = (await client.get(f"/lessons/{lesson}/history", headers=editor.auth)).json()["items"]
    assert [(row["by"]["id"], row["action"]) for row in rows] == [(other.id, "changed"), (editor.id, "created")]
    assert rows[0]["fields"] == ["markdown"]
    change = (await client.get(f"/lessons/{lesson}/history/{rows[0]['id']}", headers=editor.auth)).json()
    assert change["before"] == {"markdown": fields(10)["markdown"].strip("\n")}  # type: ignore[attr-defined]  # a text
    assert change["after"] == {"markdown": "新的正文"}
    page = (await client.get(f"/lessons/{lesson}/history?limit=1", headers=editor.auth)).json()
    rest = (await client.get(f"/lessons/{lesson}/history?cursor={page['next']}", headers=editor.auth)).json()
    assert [page["items"], rest["items"]] == [rows[:1], rows[1:]]
    elsewhere = await client.get(f"/issues/{lesson}/history/{rows[0]['id']}", headers=editor.auth)
    assert elsewhere.status_code == 404


async def test_the_history_of_an_issue_names_each_step(
    client: httpx.AsyncClient, world: World, service: Service
) -> None:
    editor, reviewer = await world.staff(("editor", 10)), await world.staff(("reviewer", 10))
    lesson = await make_lesson(service, 10, editor.id)
    body = {"organisation_id": 10, "week": "2026-W49", "title": "第一版", "lessons": [{"lesson_id": lesson}]}
    issue = (await client.post("/issues", headers=editor.auth, json=body)).json()["id"]
    await client.patch(f"/issues/{issue}", headers=editor.auth, json={"title": "第二版"})
    for who, to in ((editor, "in_review"), (reviewer, "scheduled"), (editor, "draft")):
        moved = await client.post(f"/issues/{issue}/transitions", headers=who.auth, json={"to": to})
        assert moved.status_code == 200, moved.text
    rows = (await client.get(f"/issues/{issue}/history", headers=reviewer.auth)).json()["items"]
    assert [(row["action"], row["by"]["id"]) for row in rows] == [
        ("moved", editor.id), ("moved", reviewer.id), ("approved", reviewer.id), ("moved", editor.id),
        ("changed", editor.id), ("created", editor.id),
    ]  # fmt: skip
    changed = (await client.get(f"/issues/{issue}/history/{rows[4]['id']}", headers=editor.auth)).json()
    assert (changed["before"], changed["after"]) == ({"title": "第一版"}, {"title": "第二版"})


async def test_comments_are_answered_among_those_who_work_on_it(
    client: httpx.AsyncClient, world: World, service: Service
) -> None:
    editor, reviewer = await world.staff(("editor", 10)), await world.staff(("reviewer", 1))
    lesson = await make_lesson(service, 10, editor.id)
    issue = await make_issue(service, 10, editor.id, [lesson])
    for url in (f"/lessons/{lesson}/comments", f"/issues/{issue}/comments"):
        first = (await client.post(url, headers=reviewer.auth, json={"body": "第十二条已修订"})).json()
        await client.post(url, headers=editor.auth, json={"body": "收到"})
        resolved = await client.put(f"/comments/{first['id']}/resolution", headers=editor.auth)
        again = await client.put(f"/comments/{first['id']}/resolution", headers=reviewer.auth)
        assert resolved.json() == again.json()
        shown = (await client.get(url, headers=editor.auth)).json()["items"]
        assert [(each["by"]["id"], each["body"], each["resolved_at"] is None) for each in shown] == [
            (reviewer.id, "第十二条已修订", False),
            (editor.id, "收到", True),
        ]


async def test_a_text_that_names_its_author_needs_a_permission_before_its_review(
    client: httpx.AsyncClient, world: World
) -> None:
    editor = await world.staff(("editor", 10))
    body = fields(10, author_line="某某")
    lesson = (await client.post("/lessons", headers=editor.auth, json=body)).json()
    assert (lesson["author_line"], lesson["reprint_permission"]) == ("某某", "unknown")
    issue = {"organisation_id": 10, "week": "2026-W49", "title": "学习", "lessons": [{"lesson_id": lesson["id"]}]}
    url = f"/issues/{(await client.post('/issues', headers=editor.auth, json=issue)).json()['id']}/transitions"
    refused = await client.post(url, headers=editor.auth, json={"to": "in_review"})
    assert (refused.status_code, refused.json()["code"]) == (409, "permission_unknown")
    assert f"《{lesson['title']}》" in refused.json()["detail"]
    draft = f"/lessons/{lesson['id']}/draft"
    await client.patch(draft, headers=editor.auth, json={"reprint_permission": "permitted"})
    assert (await client.post(url, headers=editor.auth, json={"to": "in_review"})).status_code == 200
