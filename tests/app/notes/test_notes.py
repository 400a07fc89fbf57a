"""Notes are private until a review lets the branch see them, and private again when their member says so."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select, update

from app.access.models import AuditEntry
from app.db.engine import transaction
from app.directory.models import Account, Member
from app.library.models import Issue
from app.notes import service as notes
from tests.app.notes.conftest import Branch
from tests.conftest import MovableClock

BODY = "学到了会议的规定"


async def test_a_note_is_private_by_default(branch: Branch) -> None:
    lesson = await branch.lesson()
    note = await branch.note(lesson)
    own = (await branch.call("GET", f"/me/notes?lesson_id={lesson}")).json()["items"]
    assert [(each["id"], each["state"], each["body"], each["title"]) for each in own] == [
        (note, "private", BODY, "支部委员会会议")
    ]
    for who in (branch.member, branch.other):
        assert await branch.seen(lesson, who) == []
    assert (await branch.call("GET", "/me/notes", branch.other)).json()["items"] == []
    assert await branch.awaiting(branch.leader) == []
    assert (await branch.review(note, branch.leader)).json()["code"] in ("not_found", "note_not_awaiting")
    for method, path, body in (
        ("PUT", f"/me/notes/{note}", {"body": "改"}),
        ("PUT", f"/me/notes/{note}/sharing", {"shared": True}),
    ):
        assert (await branch.call(method, path, branch.other, **body)).status_code == 404
    assert (await branch.call("DELETE", f"/me/notes/{note}", branch.other)).status_code == 204
    assert len((await branch.call("GET", "/me/notes")).json()["items"]) == 1


async def test_after_a_review_the_branch_sees_it_and_nobody_else(branch: Branch) -> None:
    lesson = await branch.lesson()
    note = await branch.note(lesson)
    assert (await branch.share(note)).json()["state"] == "awaiting"
    assert await branch.seen(lesson, branch.other) == []
    assert [(each["name"], each["body"]) for each in await branch.awaiting(branch.leader)] == [("张同志", BODY)]
    assert [(each["name"], each["body"]) for each in await branch.awaiting(branch.reviewer)] == [(None, BODY)]
    assert (await branch.review(note, branch.reviewer)).json() == {"id": note, "state": "shared"}
    assert await branch.seen(lesson, branch.other) == [("张同志", BODY)]
    assert await branch.seen(lesson, branch.neighbour) == []
    async with transaction(branch.service.sessions) as session:
        assert list(await session.scalars(select(AuditEntry.action).where(AuditEntry.object_type == "note"))) == [
            "note.approved"
        ]


GONE: dict[str, dict[str, object]] = {
    "left": {"organisation_id": 101},
    "archived": {"archived_at": datetime(2026, 11, 16, tzinfo=UTC)},
    "took back the consent": {"consent_version": None},
}


async def go(branch: Branch, how: str) -> None:
    """The author of a note is gone from the branch, or from the service."""
    async with transaction(branch.service.sessions) as session:
        await session.execute(update(Member).where(Member.id == branch.member.id).values(GONE[how]))


@pytest.mark.parametrize("how", ["taken back", "changed", "deleted", *GONE])
async def test_what_is_shared_is_hidden_at_once(branch: Branch, how: str) -> None:
    lesson = await branch.lesson()
    note = await branch.note(lesson)
    await branch.share(note)
    await branch.review(note, branch.leader)
    assert len(await branch.seen(lesson, branch.other)) == 1
    if how == "taken back":
        assert (await branch.share(note, False)).json()["state"] == "private"
    elif how == "changed":
        assert (await branch.call("PUT", f"/me/notes/{note}", body="改了")).json()["state"] == "private"
    elif how == "deleted":
        assert (await branch.call("DELETE", f"/me/notes/{note}")).status_code == 204
    else:
        await go(branch, how)
    assert await branch.seen(lesson, branch.other) == []
    assert await branch.seen(lesson, branch.neighbour) == []


@pytest.mark.parametrize("how", GONE)
async def test_nothing_is_decided_on_a_note_of_whom_it_would_not_be_shown(branch: Branch, how: str) -> None:
    note = await branch.note(await branch.lesson())
    await branch.share(note)
    [read] = await branch.awaiting(branch.leader)
    await go(branch, how)
    assert await branch.awaiting(branch.leader) == []
    late = await branch.call(
        "PUT", f"/notes/{note}/review", branch.leader, approved=True, updated_at=read["updated_at"]
    )
    assert late.status_code == 404


async def test_who_has_left_the_branch_finds_their_notes_private_and_offers_them_anew(branch: Branch) -> None:
    lesson = await branch.lesson()
    note = await branch.note(lesson)
    await branch.share(note)
    await branch.review(note, branch.leader)
    await go(branch, "left")
    [own] = (await branch.call("GET", "/me/notes")).json()["items"]
    assert own["state"] == "private"
    assert (await branch.share(note)).json()["state"] == "awaiting"
    await branch.review(note, branch.leader)
    assert await branch.seen(lesson, branch.neighbour) == [("张同志", BODY)]
    assert await branch.seen(lesson, branch.other) == []


async def test_a_note_is_returned_with_a_reason_and_shared_again(branch: Branch) -> None:
    lesson = await branch.lesson()
    note = await branch.note(lesson)
    await branch.share(note)
    refused = await branch.review(note, branch.leader, approved=False)
    assert (refused.status_code, refused.json()["code"]) == (422, "remark_needed")
    assert (await branch.review(note, branch.leader, False, "请去掉他人姓名")).json()["state"] == "returned"
    own = (await branch.call("GET", "/me/notes")).json()["items"][0]
    assert (own["state"], own["remark"]) == ("returned", "请去掉他人姓名")
    again = (await branch.share(note)).json()
    assert (again["state"], again["remark"]) == ("awaiting", "")


async def test_what_is_approved_is_the_text_that_was_read(branch: Branch, clock: MovableClock) -> None:
    lesson = await branch.lesson()
    note = await branch.note(lesson)
    await branch.share(note)
    [read] = await branch.awaiting(branch.leader)
    clock.move(seconds=1)
    await branch.call("PUT", f"/me/notes/{note}", body="另一段话")
    await branch.share(note)
    late = await branch.call(
        "PUT", f"/notes/{note}/review", branch.leader, approved=True, updated_at=read["updated_at"]
    )
    assert (late.status_code, late.json()["code"]) == (409, "note_not_awaiting")
    assert await branch.seen(lesson, branch.other) == []


@pytest.mark.parametrize("name", ["张同志", "张　同 志"])
async def test_nobody_reviews_their_own_and_nobody_out_of_reach(branch: Branch, name: str) -> None:
    lesson = await branch.lesson()
    note = await branch.note(lesson)
    await branch.share(note)
    stranger = await branch.world.staff(("leader", 11))
    assert await branch.awaiting(stranger) == []
    assert (await branch.review(note, stranger)).status_code == 404
    async with transaction(branch.service.sessions) as session:
        await session.execute(update(Account).where(Account.id == branch.leader.id).values(name=name))
    own = await branch.review(note, branch.leader)
    assert (own.status_code, own.json()["code"]) == (409, "own_note")


async def test_a_retry_writes_one_note_and_there_is_an_end_to_them(
    branch: Branch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notes, "MOST_A_LESSON", 2)
    lesson = await branch.lesson()
    assert await branch.note(lesson) == await branch.note(lesson)
    await branch.note(lesson, "第二条")
    refused = await branch.call("POST", f"/lessons/{lesson}/notes", body="第三条")
    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_notes")


async def test_a_secrecy_marking_is_refused_wherever_it_stands(branch: Branch) -> None:
    lesson = await branch.lesson()
    body = "\n".join(["一行"] * 30 + ["机密★1年"])
    refused = await branch.call("POST", f"/lessons/{lesson}/notes", body=body)
    assert (refused.status_code, refused.json()["code"]) == (422, "classified_marking")
    note = await branch.note(lesson)
    assert (await branch.call("PUT", f"/me/notes/{note}", body=body)).json()["code"] == "classified_marking"
    await branch.call("PUT", f"/me/notes/{note}", body="文中提到秘密二字")
    await branch.share(note)
    assert [each["secrecy_words"] for each in await branch.awaiting(branch.leader)] == [["秘密"]]


async def test_ones_own_notes_outlive_the_lesson_and_nothing_new_is_written_on_it(branch: Branch) -> None:
    lesson = await branch.lesson()
    await branch.note(lesson)
    async with transaction(branch.service.sessions) as session:
        await session.execute(update(Issue).values(state="withdrawn"))
    own = (await branch.call("GET", "/me/notes")).json()["items"]
    assert [(each["body"], each["title"]) for each in own] == [(BODY, None)]
    assert (await branch.call("POST", f"/lessons/{lesson}/notes", body="新")).status_code == 404
    assert (await branch.call("GET", f"/lessons/{lesson}/notes")).status_code == 404


@pytest.mark.parametrize("body", ["", "   ", "字" * 2001, "a\x1bb"])
async def test_a_note_is_bounded_text(branch: Branch, body: str) -> None:
    lesson = await branch.lesson()
    assert (await branch.call("POST", f"/lessons/{lesson}/notes", body=body)).status_code == 422


async def test_own_notes_come_page_by_page(branch: Branch) -> None:
    lesson = await branch.lesson()
    written = [await branch.note(lesson, f"第{number}条") for number in range(3)]
    first = (await branch.call("GET", "/me/notes?limit=2")).json()
    rest = (await branch.call("GET", f"/me/notes?limit=2&cursor={first['next']}")).json()
    assert [each["id"] for each in first["items"] + rest["items"]] == written[::-1]
