"""Lessons over the API: two ways in, drafts, locks and previews."""

import httpx
import pytest

from app.access.principals import CurrentStaff, HeldPost
from app.db.engine import transaction
from app.library import lessons
from app.library.uploads import compose
from app.library.written import as_written
from app.resources import Service
from content.documents.markdown import parse_markdown
from tests.app.library.desk import BODY, FILE, fields, make_issue, make_lesson
from tests.world import World


async def test_a_markdown_file_and_the_same_fields_make_the_same_lesson(
    client: httpx.AsyncClient, world: World
) -> None:
    editor = await world.staff(("editor", 10))
    uploaded = await client.post(
        "/lessons", headers=editor.auth, data={"organisation_id": "100"}, files={"file": ("a.md", FILE.encode())}
    )
    assert uploaded.status_code == 201, uploaded.text
    typed = await client.post("/lessons", headers=editor.auth, json=fields(100))
    assert typed.status_code == 201, typed.text
    for answer in (uploaded.json(), typed.json()):
        assert answer["title"] == "支部委员会会议"
        assert answer["source_url"] == "https://www.12371.cn/"
        assert answer["markdown"] == BODY.strip("\n")
        assert (answer["required_seconds"], answer["published_version"]) == (20, None)
    previews = [
        (await client.post(f"/lessons/{made.json()['id']}/preview", headers=editor.auth)).json()
        for made in (uploaded, typed)
    ]
    assert previews[0] | {"id": 0} == previews[1] | {"id": 0}
    assert "<strong>一般每月</strong>" in previews[0]["html"]


@pytest.mark.parametrize("text", ['引号"与\\反斜杠', "冒号: # 井号", "---", "& * ! 「」 🌟", "a\u2028b", "{x: [y]}"])
def test_whatever_a_field_holds_it_stays_a_field(text: str) -> None:
    document = parse_markdown(compose(text, text, text, text, "", "---\ntitle: 假\n---\n正文"))
    expected = " ".join(text.split())
    assert (document.title, document.summary, document.source, document.article) == (expected,) * 4
    assert document.markdown.startswith("---\ntitle: 假")


async def test_content_that_is_refused_says_why(client: httpx.AsyncClient, world: World) -> None:
    editor = await world.staff(("editor", 10))

    async def code_of(**body: object) -> tuple[int, str]:
        answer = await client.post("/lessons", headers=editor.auth, **body)  # type: ignore[arg-type]  # httpx's names
        assert answer.headers["content-type"] == "application/problem+json"
        return answer.status_code, answer.json()["code"]

    assert await code_of(json=fields(100, source_url="javascript:1")) == (422, "invalid_url")
    assert await code_of(json=fields(100, markdown="# 秘密★5年\n\n正文")) == (422, "classified_marking")
    assert await code_of(json=fields(100, source=" ")) == (422, "missing_source")
    assert await code_of(json=fields(100, more=1)) == (422, "invalid_input")
    assert await code_of(json=fields(100, title="a\0")) == (422, "invalid_input")
    large = {"file": ("a.md", FILE.encode() + b"a" * 512 * 1024)}
    assert await code_of(data={"organisation_id": "100"}, files=large) == (422, "file_too_large")
    assert await code_of(data={"organisation_id": "100"}, files={"other": ("a.md", b"")}) == (422, "invalid_input")
    assert await code_of(data={"organisation_id": "x"}, files={"file": ("a.md", b"")}) == (422, "invalid_input")
    fields_only = {"organisation_id": (None, b"100")}  # a form without a file
    assert await code_of(files=fields_only) == (422, "invalid_input")
    bad_yaml = {"file": ("a.md", b"---\ntitle: [\n---\n")}
    answer = await client.post("/lessons", headers=editor.auth, data={"organisation_id": "100"}, files=bad_yaml)
    assert (answer.json()["code"], answer.json()["errors"][0]["line"]) == ("yaml_too_deep", 2)


@pytest.mark.parametrize(
    ("headers", "body", "status", "code"),
    [
        ({"content-type": "application/json"}, b"{", 422, "invalid_input"),
        ({"content-type": "application/json"}, b"\xff", 422, "invalid_input"),
        ({"content-type": "text/markdown"}, b"# a", 415, "unsupported_media_type"),
        ({}, b"{}", 415, "unsupported_media_type"),
        ({"content-type": "multipart/form-data; boundary=x"}, b"nonsense", 400, "bad_request"),
        ({"content-type": "multipart/form-data"}, b"", 400, "bad_request"),
    ],
)
async def test_bodies_that_cannot_be_read_are_refused(
    client: httpx.AsyncClient, world: World, headers: dict[str, str], body: bytes, status: int, code: str
) -> None:
    editor = await world.staff(("editor", 10))
    answer = await client.post("/lessons", headers={**editor.auth, **headers}, content=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_only_editors_hand_lessons_in_and_only_where_they_edit(client: httpx.AsyncClient, world: World) -> None:
    reviewer, editor = await world.staff(("reviewer", 1)), await world.staff(("editor", 10))
    assert (await client.post("/lessons", json=fields(10))).status_code == 401
    assert (await client.post("/lessons", headers=reviewer.auth, json=fields(10))).status_code == 403
    for elsewhere in (1, 11, 110, 2, 999):
        answer = await client.post("/lessons", headers=editor.auth, json=fields(elsewhere))
        assert answer.status_code == 404, elsewhere


async def test_a_retried_upload_makes_one_lesson(client: httpx.AsyncClient, world: World) -> None:
    editor = await world.staff(("editor", 10))
    headers = {**editor.auth, "Idempotency-Key": "k1"}
    first = await client.post("/lessons", headers=headers, json=fields(10))
    again = await client.post("/lessons", headers=headers, json=fields(10))
    assert again.headers["idempotency-replayed"] == "true"
    assert first.json() == again.json()
    other = await client.post("/lessons", headers=headers, json=fields(10, title="别的"))
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_drafts_are_seen_by_editors_and_reviewers_of_the_subtree(
    client: httpx.AsyncClient, world: World, service: Service
) -> None:
    editor = await world.staff(("editor", 10))
    lesson_id = await make_lesson(service, 100, editor.id)
    for role, where, status in (("reviewer", 1, 200), ("editor", 100, 200), ("editor", 11, 404), ("leader", 1, 403)):
        person = await world.staff((role, where))
        for answer in (
            await client.get(f"/lessons/{lesson_id}/draft", headers=person.auth),
            await client.post(f"/lessons/{lesson_id}/preview", headers=person.auth),
        ):
            assert answer.status_code == status, (role, where)
    sibling = await world.staff(("editor", 11), ("reviewer", 10))
    answer = await client.patch(f"/lessons/{lesson_id}/draft", headers=sibling.auth, json={"title": "新"})
    assert answer.status_code == 404  # a reviewer of it, and an editor of something else


async def test_a_patch_changes_what_it_names_and_renders_anew(
    client: httpx.AsyncClient, world: World, service: Service
) -> None:
    editor = await world.staff(("editor", 10))
    lesson_id = await make_lesson(service, 10, editor.id)
    changed = await client.patch(
        f"/lessons/{lesson_id}/draft", headers=editor.auth, json={"markdown": "新**正文**", "summary": "新摘要"}
    )
    assert changed.status_code == 200, changed.text
    assert (changed.json()["title"], changed.json()["summary"]) == ("支部委员会会议", "新摘要")
    preview = (await client.post(f"/lessons/{lesson_id}/preview", headers=editor.auth)).json()
    assert preview["html"] == "<p>新<strong>正文</strong></p>\n"
    assert preview["version"] is None
    refused = await client.patch(f"/lessons/{lesson_id}/draft", headers=editor.auth, json={"markdown": "  \n"})
    assert (refused.status_code, refused.json()["code"]) == (422, "empty_body")


@pytest.mark.parametrize(
    ("state", "status"),
    [("draft", 200), ("in_review", 409), ("scheduled", 409), ("published", 409), ("withdrawn", 200)],
)
async def test_a_lesson_stands_still_while_an_issue_rests_on_it(
    client: httpx.AsyncClient, world: World, service: Service, state: str, status: int
) -> None:
    editor = await world.staff(("editor", 10))
    lesson_id = await make_lesson(service, 10, editor.id)
    await make_issue(service, 10, editor.id, [lesson_id], state=state)
    answer = await client.patch(f"/lessons/{lesson_id}/draft", headers=editor.auth, json={"title": "新标题"})
    assert answer.status_code == status
    if status == 409:
        assert answer.json()["code"] == "lesson_locked"
        assert "退回草稿" in answer.json()["detail"]


async def test_a_draft_that_somebody_else_saved_meanwhile_is_not_overwritten(world: World, service: Service) -> None:
    person = await world.staff(("editor", 10))
    lesson_id = await make_lesson(service, 10, person.id)
    staff = CurrentStaff(1, person.id, "", (HeldPost("editor", 10, "/1/10/"),))
    async with transaction(service.sessions) as session:
        base = await lessons.get_lesson(session, staff, lesson_id, "editor")
    mine, theirs = (parse_markdown(FILE.replace("多久开一次", summary).encode()) for summary in ("我的", "他的"))
    async with transaction(service.sessions) as session:
        await lessons.change_lesson(session, staff, base, as_written(theirs), service.clock())
    with pytest.raises(lessons.LessonChanged):
        async with transaction(service.sessions) as session:
            await lessons.change_lesson(session, staff, base, as_written(mine), service.clock())
    async with transaction(service.sessions) as session:
        assert (await lessons.get_lesson(session, staff, lesson_id, "editor")).summary == "他的"


async def test_the_list_has_what_is_in_reach_newest_first(
    client: httpx.AsyncClient, world: World, service: Service
) -> None:
    editor = await world.staff(("editor", 10))
    made = [await make_lesson(service, where, editor.id) for where in (10, 100, 11, 101, 1)]
    first = (await client.get("/desk/lessons", params={"limit": 2}, headers=editor.auth)).json()
    assert [item["id"] for item in first["items"]] == [made[3], made[1]]
    rest = (await client.get("/desk/lessons", params={"cursor": first["next"]}, headers=editor.auth)).json()
    assert [item["id"] for item in rest["items"]] == [made[0]]
    assert rest["next"] is None
    of_one = (await client.get("/desk/lessons", params={"organisation_id": 101}, headers=editor.auth)).json()
    assert [(item["id"], item["published"]) for item in of_one["items"]] == [(made[3], False)]
