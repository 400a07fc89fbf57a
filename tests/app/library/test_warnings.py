"""Wrong, sensitive and secret words: told to who writes, and confirmed by who approves."""

from typing import Any

import httpx
import pytest
from sqlalchemy import select

from app.access.models import AuditEntry
from app.db.engine import transaction
from app.resources import Service
from content.tables import Value, write_xlsx
from tests.app.library.desk import MONDAY, fields, make_issue, make_lesson
from tests.world import Person, World

HEADER: list[Value] = ["词语", "建议", "级别"]


async def set_words(client: httpx.AsyncClient, person: Person, organisation: int, *rows: list[Value]) -> httpx.Response:
    """The answer to a list of words."""
    sent = {"file": ("词表.xlsx", write_xlsx({"词表": [HEADER, *rows]}))}
    return await client.put(f"/organisations/{organisation}/word-list", headers=person.auth, files=sent)


async def codes(client: httpx.AsyncClient, editor: Person, organisation: int, markdown: str) -> list[str]:
    """The codes of the warnings of a new lesson, which its draft gives too."""
    answer = await client.post("/lessons", headers=editor.auth, json=fields(organisation, markdown=markdown))
    assert answer.status_code == 201, answer.text
    draft = await client.get(f"/lessons/{answer.json()['id']}/draft", headers=editor.auth)
    assert draft.json()["warnings"] == answer.json()["warnings"]
    return [each["code"] for each in answer.json()["warnings"]]


async def test_words_are_looked_for_where_they_were_set_and_below(client: httpx.AsyncClient, world: World) -> None:
    admin, editor = await world.staff(("administrator", 1)), await world.staff(("editor", 1))
    answer = await set_words(client, admin, 10, ["错词", "正词", "错误"], ["敏感语", "", ""], ["错 词", "", ""])
    assert answer.status_code == 200, answer.text
    assert [(each["text"], each["level"]) for each in answer.json()["words"]] == [
        ("错词", "wrong"),
        ("敏感语", "sensitive"),
    ]
    assert [(each["line"], each["code"]) for each in answer.json()["rejected"]] == [(4, "repeated_word")]
    assert (await set_words(client, admin, 100, ["提醒语", "", "提醒"])).json()["inherited"] == 2
    text = "这里有错  词，还有敏感语，还有提醒语。"
    assert await codes(client, editor, 100, text) == ["wrong_word", "sensitive_word", "notice_word"]
    assert await codes(client, editor, 101, text) == ["wrong_word", "sensitive_word"]
    assert await codes(client, editor, 11, text) == await codes(client, editor, 1, text) == []
    assert (await client.delete("/organisations/10/word-list", headers=admin.auth)).status_code == 204
    gone = await client.get("/organisations/10/word-list", headers=admin.auth)
    assert (gone.status_code, gone.json()["code"]) == (404, "no_word_list")
    assert await codes(client, editor, 100, text) == ["notice_word"]


async def test_a_list_that_cannot_be_read_changes_nothing(client: httpx.AsyncClient, world: World) -> None:
    admin = await world.staff(("administrator", 10))
    await set_words(client, admin, 10, ["错词", "", ""])
    for data in (b"x", write_xlsx({"词表": [["别的"]]}), write_xlsx({"词表": [HEADER]})):
        sent = {"file": ("词表.xlsx", data)}
        answer = await client.put("/organisations/10/word-list", headers=admin.auth, files=sent)
        assert answer.status_code == 422
    kept = (await client.get("/organisations/10/word-list", headers=admin.auth)).json()["words"]
    assert [each["text"] for each in kept] == ["错词"]
    assert (await set_words(client, admin, 11, ["错词", "", ""])).status_code == 404


async def test_a_word_is_told_however_often_another_one_comes_before_it(
    client: httpx.AsyncClient, world: World
) -> None:
    admin, editor = await world.staff(("administrator", 10)), await world.staff(("editor", 10))
    await set_words(client, admin, 10, ["提醒语", "", "提醒"], ["错词", "", "错误"])
    assert await codes(client, editor, 10, "提醒语，" * 2_000 + "错词") == ["notice_word", "wrong_word"]


async def approve(
    client: httpx.AsyncClient, reviewer: Person, issue_id: int, **more: object
) -> tuple[int, dict[str, Any]]:
    """The answer to an approval."""
    body = {"to": "scheduled", **more}
    answer = await client.post(f"/issues/{issue_id}/transitions", headers=reviewer.auth, json=body)
    return answer.status_code, answer.json()


async def confirmed(service: Service, action: str) -> list[object]:
    """How many warnings were confirmed, as the audit log has it."""
    async with transaction(service.sessions) as session:
        found = await session.scalars(select(AuditEntry.detail).where(AuditEntry.action == action))
        return [each["confirmed_warnings"] for each in found]


@pytest.mark.parametrize(("text", "code"), [("含有错词。", "wrong_word"), ("保守秘密。", "secrecy_words")])
async def test_an_approval_confirms_what_was_found(
    client: httpx.AsyncClient, world: World, service: Service, text: str, code: str
) -> None:
    admin, editor = await world.staff(("administrator", 1)), await world.staff(("editor", 10))
    reviewer = await world.staff(("reviewer", 10))
    await set_words(client, admin, 1, ["错词", "正词", "错误"])
    lesson_id = await make_lesson(service, 10, editor.id, text)
    issue_id = await make_issue(service, 10, editor.id, [lesson_id], state="in_review")
    status, problem = await approve(client, reviewer, issue_id)
    assert (status, problem["code"]) == (409, "warnings_unconfirmed")
    assert [each["code"] for each in problem["errors"]] == [code]
    assert "《支部委员会会议》" in problem["errors"][0]["detail"]
    assert await confirmed(service, "issue.approved") == []
    status, issue = await approve(client, reviewer, issue_id, confirm_warnings=True)
    assert (status, issue["state"]) == (200, "scheduled")
    assert await confirmed(service, "issue.approved") == [1]


async def test_nothing_is_asked_where_nothing_was_found(
    client: httpx.AsyncClient, world: World, service: Service
) -> None:
    editor, reviewer = await world.staff(("editor", 10)), await world.staff(("reviewer", 10))
    lesson_id = await make_lesson(service, 10, editor.id)
    issue_id = await make_issue(service, 10, editor.id, [lesson_id], state="in_review")
    assert (await approve(client, reviewer, issue_id))[0] == 200
    assert await confirmed(service, "issue.approved") == [0]


async def test_a_correction_is_confirmed_in_the_same_way(
    client: httpx.AsyncClient, world: World, service: Service
) -> None:
    editor, reviewer = await world.staff(("editor", 10)), await world.staff(("reviewer", 10))
    lesson_id = await make_lesson(service, 10, editor.id)
    await make_issue(service, 10, editor.id, [lesson_id], week=MONDAY, state="published")
    body = {"markdown": "保守秘密。", "note": "改正"}
    made = await client.post(f"/lessons/{lesson_id}/corrections", headers=editor.auth, json=body)
    assert [each["code"] for each in made.json()["warnings"]] == ["secrecy_words"]
    path = f"/corrections/{made.json()['id']}"
    assert (await client.get(path, headers=reviewer.auth)).json()["warnings"] == made.json()["warnings"]
    publish = {"to": "published"}
    refused = await client.post(f"{path}/transitions", headers=reviewer.auth, json=publish)
    assert (refused.status_code, refused.json()["code"]) == (409, "warnings_unconfirmed")
    done = await client.post(f"{path}/transitions", headers=reviewer.auth, json={**publish, "confirm_warnings": True})
    assert (done.status_code, done.json()["state"]) == (200, "published")
    assert await confirmed(service, "correction.approved") == [1]
