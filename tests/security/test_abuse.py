"""What somebody might try who is signed in and means no good; the routes one by one are in `test_matrix`."""

import asyncio
import io
import json
import zipfile
from collections.abc import Iterator

import httpx
import pytest
from pypdf import PdfReader
from sqlalchemy import func, select, update

from app.db.engine import transaction
from app.directory.models import Account, Member, Organisation, Post
from app.library.models import Issue, Lesson
from app.quizzes.models import Attempt, Quiz
from app.reading.models import ReadingProgress
from app.web import create_api
from tests.app.library.desk import fields
from tests.conftest import MovableClock
from tests.security.matrix import ROWS
from tests.security.rules import MEMBERS
from tests.security.targets import Targets, learning, library, people
from tests.security.targets.learning import EXPLANATION, SOURCE
from tests.world import Person, World


@pytest.fixture
async def targets(world: World) -> Targets:
    """A maker of targets."""
    return await Targets.build(world)


# --- stale rights ------------------------------------------------------------------------------------------------


async def test_a_right_is_gone_at_the_request_after_its_post_has_ended(
    client: httpx.AsyncClient, world: World, targets: Targets
) -> None:
    administrator, leader = await world.staff(("administrator", 1)), await world.staff(("leader", 10))
    async with world.service.sessions() as session:
        post_id = await session.scalar(select(Post.id).where(Post.account_id == leader.id))
    members = "/organisations/100/members"
    assert (await client.get(members, headers=leader.auth)).status_code == 200
    assert (await client.delete(f"/posts/{post_id}", headers=administrator.auth)).status_code == 204
    assert (await client.get(members, headers=leader.auth)).status_code == 403


async def test_a_leader_who_is_moved_has_the_new_branch_and_not_the_old_one(
    client: httpx.AsyncClient, world: World, targets: Targets
) -> None:
    leader = await world.staff(("leader", 100))
    async with transaction(world.service.sessions) as session:
        await session.execute(update(Post).where(Post.account_id == leader.id).values(organisation_id=110))
    old, new = await people.member(targets, 100), await people.member(targets, 110)
    assert (await client.delete(f"/members/{old}/binding", headers=leader.auth)).status_code == 404
    assert (await client.delete(f"/members/{new}/binding", headers=leader.auth)).status_code == 204


async def test_a_branch_that_is_moved_takes_its_members_out_of_the_old_leaders_reach(
    client: httpx.AsyncClient, world: World, targets: Targets
) -> None:
    east, west = await world.staff(("leader", 10)), await world.staff(("leader", 11))
    member_id = await people.member(targets, 100)
    async with transaction(world.service.sessions) as session:
        await session.execute(
            update(Organisation).where(Organisation.id == 100).values(parent_id=11, path="/1/11/100/")
        )
    assert (await client.delete(f"/members/{member_id}/binding", headers=east.auth)).status_code == 404
    assert (await client.delete(f"/members/{member_id}/binding", headers=west.auth)).status_code == 204


async def test_a_member_who_moves_reads_what_the_new_branch_reads_with_the_same_session(
    client: httpx.AsyncClient, world: World, targets: Targets
) -> None:
    member = await world.signed_in_member(100)
    old, new = await library.published_lesson(targets, 10), await library.published_lesson(targets, 11)
    attempt_id, question_id = await learning.attempt(targets, 10, member.id)
    meeting_id = await learning.meeting(targets, 100)
    async with transaction(world.service.sessions) as session:
        await session.execute(update(Member).where(Member.id == member.id).values(organisation_id=110))
    answers = {"answers": {str(question_id): ["B"]}}
    refused = [
        await client.get(f"/lessons/{old}", headers=member.auth),
        await client.put(f"/attempts/{attempt_id}/answers", json=answers, headers=member.auth),
        await client.post(f"/attempts/{attempt_id}/submission", headers=member.auth),
        await client.get(f"/meetings/{meeting_id}", headers=member.auth),
    ]
    assert {answer.status_code for answer in refused} == {404}
    assert (await client.get(f"/lessons/{new}", headers=member.auth)).status_code == 200


async def test_an_archived_member_is_out_at_the_next_request(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    member = await world.signed_in_member(100)
    async with transaction(world.service.sessions) as session:
        await session.execute(update(Member).where(Member.id == member.id).values(archived_at=clock()))
    assert (await client.get("/me", headers=member.auth)).status_code == 409


# --- mass assignment ---------------------------------------------------------------------------------------------


async def test_nobody_becomes_an_author_a_reviewer_or_published_by_saying_so(
    client: httpx.AsyncClient, world: World, targets: Targets
) -> None:
    editor = await world.staff(("editor", 10))
    issue_id, lesson_id = await library.issue(targets, 10), await library.lesson(targets, 10)
    tries = [
        (f"/issues/{issue_id}", {"title": "新", "state": "published"}),
        (f"/issues/{issue_id}", {"title": "新", "author_id": editor.id}),
        (f"/issues/{issue_id}", {"title": "新", "reviewer_id": editor.id}),
        (f"/issues/{issue_id}", {"title": "新", "organisation_id": 1}),
        (f"/issues/{issue_id}", {"title": "新", "lessons": [{"lesson_id": lesson_id, "position": 1}]}),
        (f"/lessons/{lesson_id}/draft", {"title": "新", "organisation_id": 1}),
        (f"/lessons/{lesson_id}/draft", {"title": "新", "html": "<script>"}),
        (f"/lessons/{lesson_id}/draft", {"title": "新", "current_version_id": 1}),
    ]
    for path, body in tries:
        answer = await client.patch(path, json=body, headers=editor.auth)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "extra_forbidden"), body
    async with world.service.sessions() as session:
        issue, lesson = await session.get_one(Issue, issue_id), await session.get_one(Lesson, lesson_id)
    assert (issue.title, issue.state, issue.author_id) != ("新", "published", editor.id)
    assert (issue.organisation_id, lesson.organisation_id, lesson.title == "新") == (10, 10, False)


async def test_an_administrator_does_not_appoint_above_the_own_organisation(
    client: httpx.AsyncClient, world: World, targets: Targets
) -> None:
    administrator = await world.staff(("administrator", 10))
    for account_id, organisation_id in ((administrator.id, 1), (administrator.id, 2), (administrator.id, 11)):
        body = {"account_id": account_id, "organisation_id": organisation_id, "role": "administrator"}
        answer = await client.post("/posts", json=body, headers=administrator.auth)
        assert answer.status_code == 404
    async with world.service.sessions() as session:
        posts = await session.scalars(select(Post.organisation_id).where(Post.account_id == administrator.id))
    assert posts.all() == [10]


async def test_an_administrator_does_not_take_over_an_account_that_another_organisation_manages(
    client: httpx.AsyncClient, world: World
) -> None:
    administrator, above = await world.staff(("administrator", 10)), await world.staff(("administrator", 1))
    async with transaction(world.service.sessions) as session:
        session.add(Post(account_id=above.id, organisation_id=10, role="leader", from_at=world.service.clock()))
    body = {"password": "a password that I know"}
    answer = await client.patch(f"/accounts/{above.id}", json=body, headers=administrator.auth)
    assert answer.status_code == 404
    assert (await client.get("/staff/me", headers=above.auth)).status_code == 200
    async with world.service.sessions() as session:
        assert (await session.get_one(Account, above.id)).password_hash == "-"


# --- quizzes -----------------------------------------------------------------------------------------------------


def member_gets() -> Iterator[str]:
    """Every GET of a member, as a template."""
    yield from sorted({row.template for row in ROWS if row.who == MEMBERS and row.method == "GET"})


async def test_no_route_of_a_member_shows_the_key_before_submission(
    client: httpx.AsyncClient, world: World, targets: Targets
) -> None:
    member = await world.signed_in_member(10)
    attempt_id, question_id = await learning.attempt(targets, 10, member.id)
    async with world.service.sessions() as session:
        attempt = await session.get_one(Attempt, attempt_id)
        quiz = await session.get_one(Quiz, attempt.quiz_id)
    known = {
        "issue_id": quiz.issue_id,
        "attempt_id": attempt_id,
        "lesson_id": await library.published_lesson(targets, 10),
        "meeting_id": await learning.meeting(targets, 10),
        "topic_id": await library.published_topic(targets, 10),
    }
    queries = {"/search": {"q": "正文"}}
    answers = [
        await client.get(template.format(**known), params=queries.get(template), headers=member.auth)
        for template in member_gets()
    ]
    assert {answer.status_code for answer in answers} == {200}, [answer.text[:200] for answer in answers]
    answers.append(await client.post(f"/quizzes/{quiz.id}/attempts", headers=member.auth))
    saved = {"answers": {str(question_id): ["A"]}}
    answers.append(await client.put(f"/attempts/{attempt_id}/answers", json=saved, headers=member.auth))
    for answer in answers:
        for secret in (EXPLANATION, SOURCE):
            assert secret not in words_of(answer)
            assert json.dumps(secret) not in words_of(answer)
        if answer.headers["content-type"] == "application/json":
            assert not {"answer", "correct", "explanation", "source"} & set(keys(answer.json())) - {"source"}
    done = await client.post(f"/attempts/{attempt_id}/submission", headers=member.auth)
    assert EXPLANATION in done.text, "the words that were looked for are those of the key"


def words_of(answer: httpx.Response) -> str:
    """What an answer says, in whatever form."""
    if answer.headers["content-type"] == "application/pdf":
        return "".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.content)).pages)
    if answer.content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            return "".join(archive.read(name).decode() for name in archive.namelist())
    return answer.text


def keys(value: object) -> Iterator[str]:
    """The names in a JSON document, at any depth."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys(inner)


async def test_a_submitted_attempt_is_not_played_again_with_the_key_in_hand(
    client: httpx.AsyncClient, world: World, targets: Targets
) -> None:
    member = await world.signed_in_member(10)
    attempt_id, question_id = await learning.attempt(targets, 10, member.id)
    submission = f"/attempts/{attempt_id}/submission"
    first = await client.post(submission, headers=member.auth)
    assert (first.json()["score"], first.json()["passed"]) == (0, False)
    right = {"answers": {str(question_id): first.json()["questions"][0]["answer"]}}
    assert (await client.put(f"/attempts/{attempt_id}/answers", json=right, headers=member.auth)).status_code == 409
    assert (await client.post(submission, headers=member.auth)).json() == first.json()


# --- reading time ------------------------------------------------------------------------------------------------


async def test_a_burst_of_heartbeats_at_the_end_of_the_text_earns_no_more_than_the_time_that_passed(
    client: httpx.AsyncClient, world: World, targets: Targets, clock: MovableClock
) -> None:
    member, lesson_id = await world.signed_in_member(10), await library.published_lesson(targets, 10)

    async def beat(number: int) -> httpx.Response:
        body = {"position": 1, "heartbeat_id": f"h{number}"}
        return await client.put(f"/lessons/{lesson_id}/progress", json=body, headers=member.auth)

    first = (await beat(0)).json()
    assert (first["position"], first["credited_seconds"], first["completed_at"]) == (1, 0, None)
    for number in range(1, 1000, 50):
        burst = await asyncio.gather(*(beat(number + each) for each in range(50)))
        assert {answer.status_code for answer in burst} == {200}
    assert (await beat(1001)).json()["credited_seconds"] == 0
    clock.move(seconds=5)
    await asyncio.gather(*(beat(2000 + each) for each in range(50)))
    assert (await beat(3000)).json() == {
        **first,
        "credited_seconds": 5,
        "remaining_seconds": first["remaining_seconds"] - 5,
    }
    async with world.service.sessions() as session:
        row = (await session.scalars(select(ReadingProgress))).one()
    assert (row.credited_ms, row.completed_at) == (5000, None)


@pytest.mark.parametrize(
    "claim", ["seconds", "credited_seconds", "fetched_at", "completed_at", "duration", "member_id"]
)
async def test_a_client_has_no_word_for_the_time_it_claims(
    client: httpx.AsyncClient, world: World, targets: Targets, claim: str
) -> None:
    member, lesson_id = await world.signed_in_member(10), await library.published_lesson(targets, 10)
    body = {"position": 1, "heartbeat_id": "1", claim: 3600}
    answer = await client.put(f"/lessons/{lesson_id}/progress", json=body, headers=member.auth)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "extra_forbidden")


# --- codes -------------------------------------------------------------------------------------------------------


async def test_a_code_binds_once_and_only_the_member_that_it_was_made_for(
    client: httpx.AsyncClient, world: World, targets: Targets
) -> None:
    code, another = await people.slip(targets, 100), await people.member(targets, 100)
    thief = await world.unbound_wechat()
    named = await client.post("/me/binding", json={"invite_code": code, "member_id": another}, headers=thief.auth)
    assert named.status_code == 422, "who is bound is said by the slip, not by its bearer"
    chosen = await client.put("/sessions/current/member", json={"member_id": another}, headers=thief.auth)
    assert chosen.status_code == 404
    assert (await client.post("/me/binding", json={"invite_code": code}, headers=thief.auth)).status_code == 201
    late = await world.unbound_wechat()
    again = await client.post("/me/binding", json={"invite_code": code}, headers=late.auth)
    assert (again.status_code, again.json()["code"]) == (422, "wrong_invite_code")
    assert (await client.get("/me", headers=late.auth)).status_code == 409


async def test_an_idempotency_key_does_not_show_one_persons_answer_to_another(
    client: httpx.AsyncClient, world: World
) -> None:
    mine, theirs = await world.staff(("editor", 10)), await world.staff(("editor", 11))
    key = {"Idempotency-Key": "guessed"}
    first = await client.post("/lessons", json=fields(10), headers={**mine.auth, **key})
    assert first.status_code == 201
    other = await client.post("/lessons", json=fields(10), headers={**theirs.auth, **key})
    assert (other.status_code, "idempotency-replayed" in other.headers) == (404, False)


# --- roster scraping ---------------------------------------------------------------------------------------------


async def test_no_list_gives_more_than_200_at_a_time() -> None:
    operations = [operation["get"] for operation in create_api().openapi()["paths"].values() if "get" in operation]
    limits = [each for get in operations for each in get.get("parameters", []) if each["name"] == "limit"]
    assert len(limits) >= 12
    assert {each["schema"]["maximum"] for each in limits} == {200}


async def test_whoever_reads_a_roster_is_on_record(client: httpx.AsyncClient, world: World) -> None:
    leader, administrator = await world.staff(("leader", 10)), await world.staff(("administrator", 1))
    await world.member(100)
    await client.get("/organisations/100/members", headers=leader.auth)
    await client.get("/organisations/100/completion.xlsx", headers=leader.auth)
    log = (await client.get("/audit", headers=administrator.auth)).json()["items"]
    mine = [entry["action"] for entry in log if entry["actor"] == f"account:{leader.id}"]
    assert "members.viewed" in mine
    assert len(mine) == 2, "the list, and the export"


async def test_a_session_that_is_signed_out_is_not_played_again(client: httpx.AsyncClient, world: World) -> None:
    people: list[Person] = [await world.signed_in_member(10), await world.staff(("leader", 10))]
    for person in people:
        assert (await client.delete("/sessions/current", headers=person.auth)).status_code == 204
        for path in ("/me", "/staff/me"):
            assert (await client.get(path, headers=person.auth)).status_code == 401


async def test_an_issue_does_not_carry_a_draft_of_a_superior_to_its_readers(
    client: httpx.AsyncClient, world: World, targets: Targets
) -> None:
    editor, member = await world.staff(("editor", 10)), await world.signed_in_member(10)
    draft = await library.lesson(targets, 1, "尚未发布的内容")
    body = {"organisation_id": 10, "week": "2026-W50", "title": "学习", "lessons": [{"lesson_id": draft}]}
    answer = await client.post("/issues", json=body, headers=editor.auth)
    assert (answer.status_code, answer.json()["code"]) == (404, "lesson_not_found")
    assert (await client.get(f"/lessons/{draft}", headers=member.auth)).status_code == 404
    async with world.service.sessions() as session:
        assert await session.scalar(select(func.count()).select_from(Issue).where(Issue.organisation_id == 10)) == 0
