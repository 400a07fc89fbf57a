"""Study on paper and at home, as a leader records it: counted by rule, shown apart, once, and withdrawn."""

from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from app.access.models import AuditEntry
from app.db.engine import transaction
from app.library.models import Lesson
from app.library.versions import freeze
from app.records.models import StudyHour
from app.resources import Service
from tests.app.library.desk import make_issue, make_lesson
from tests.app.quizzes.exam import make_quiz
from tests.app.records.test_hours import hours_of, read_lesson
from tests.conftest import MovableClock
from tests.world import Person, World

TODAY = "2026-11-16"


class Visit:
    """A leader of 10 and a published issue of 1 with two lessons."""

    def __init__(self, client: httpx.AsyncClient, leader: Person, issue: int, lessons: list[int]) -> None:
        self.client, self.leader, self.issue, self.lessons = client, leader, issue, lessons

    async def record(self, *members: int, **more: Any) -> httpx.Response:
        body = {"issue_id": self.issue, "member_ids": members, "way": "home_visit", "studied_on": TODAY, **more}
        return await self.client.post("/organisations/10/recorded-studies", headers=self.leader.auth, json=body)

    async def withdraw(self, study: int) -> dict[str, Any]:
        answer = await self.client.post(
            f"/recorded-studies/{study}/withdrawal", headers=self.leader.auth, json={"reason": "登记错了人"}
        )
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def totals(self) -> dict[str, Any]:
        found: dict[str, Any] = (await self.client.get("/organisations/10/completion", headers=self.leader.auth)).json()
        return found["totals"]  # type: ignore[no-any-return]  # JSON


@pytest.fixture
async def visit(client: httpx.AsyncClient, world: World, service: Service) -> Visit:
    editor, leader = await world.staff(("editor", 1)), await world.staff(("leader", 10))
    lessons = [await make_lesson(service, 1, editor.id) for _ in range(2)]
    issue = await make_issue(service, 1, editor.id, lessons, state="published")
    return Visit(client, leader, issue, lessons)


async def test_what_was_read_at_home_completes_the_week_and_earns_hours_shown_apart(visit: Visit, world: World) -> None:
    member = await world.signed_in_member(100)
    answer = await visit.record(member.id)
    assert (answer.status_code, answer.json()["recorded"], answer.json()["already"]) == (201, 2, 0)
    issue = (await visit.client.get(f"/issues/{visit.issue}", headers=member.auth)).json()
    assert issue["completed"]
    assert [lesson["completed_at"][:10] for lesson in issue["lessons"]] == [TODAY, TODAY]
    totals = await visit.totals()
    assert (totals["due"], totals["completed"], totals["recorded"]) == (1, 1, 1)
    rows = await visit.client.get("/organisations/10/completion?by=member", headers=visit.leader.auth)
    assert (rows.json()["items"][0]["lessons_recorded"], rows.json()["items"][0]["lessons_completed"]) == (2, 2)
    hours = await hours_of(visit.client, member)
    assert (hours["hours"], hours["recorded"]) == ("0.02", "0.02")
    assert hours["kinds"] == [{"kind": "lesson", "way": "home_visit", "count": 2, "hours": "0.02"}]
    nudge = await visit.client.post("/organisations/10/nudges", headers=visit.leader.auth, json={"week": "2026-W47"})
    assert nudge.json()["code"] == "nobody_unfinished"


async def test_the_same_again_is_on_record_already_and_counts_once(visit: Visit, world: World) -> None:
    member = await world.signed_in_member(100)
    await visit.record(member.id, lesson_ids=visit.lessons[:1])
    again = (await visit.record(member.id, way="paper")).json()
    assert (again["recorded"], again["already"]) == (1, 1)
    assert (await hours_of(visit.client, member))["hours"] == "0.02"


async def test_paper_and_phone_together_count_once_and_what_is_left_counts_on(
    visit: Visit, world: World, clock: MovableClock
) -> None:
    member = await world.signed_in_member(100)
    (first,) = (await visit.record(member.id, lesson_ids=visit.lessons[:1])).json()["ids"]
    await read_lesson(visit.client, clock, member, visit.lessons[0])
    assert (await hours_of(visit.client, member))["kinds"][0]["way"] == "home_visit"
    assert (await visit.withdraw(first))["withdrawal"] == "登记错了人"
    assert (await hours_of(visit.client, member))["kinds"] == [
        {"kind": "lesson", "way": "online", "count": 1, "hours": "0.01"}
    ]
    (later,) = (await visit.record(member.id, lesson_ids=visit.lessons[:1])).json()["ids"]
    await visit.withdraw(later)
    assert (await hours_of(visit.client, member))["hours"] == "0.01"


async def test_what_is_withdrawn_is_undone_wholly_and_stays_to_be_seen(
    visit: Visit, world: World, service: Service
) -> None:
    member = await world.signed_in_member(100)
    for study in (await visit.record(member.id)).json()["ids"]:
        await visit.withdraw(study)
        await visit.withdraw(study)
    assert (await visit.totals())["completed"] == 0
    assert (await hours_of(visit.client, member))["hours"] == "0.00"
    listed = (await visit.client.get("/organisations/10/recorded-studies", headers=visit.leader.auth)).json()["items"]
    assert [each["withdrawal"] for each in listed] == ["登记错了人", "登记错了人"]
    async with transaction(service.sessions) as session:
        counted = select(func.count()).select_from(AuditEntry)
        assert await session.scalar(counted.where(AuditEntry.action == "study.withdrawn")) == 2
        assert await session.scalar(select(func.count()).select_from(StudyHour)) == 4


async def test_a_quiz_on_paper_counts_with_its_score(client: httpx.AsyncClient, world: World, service: Service) -> None:
    editor, leader, admin = [await world.staff((role, 1)) for role in ("editor", "leader", "administrator")]
    visit = Visit(client, leader, await make_quiz(service, 1, editor.id), [])
    good, bad = await world.signed_in_member(100), await world.signed_in_member(101)
    await client.put("/organisations/1/settings/quiz_minutes", headers=admin.auth, json={"value": 45})
    scores = [{"member_id": good.id, "score": 60}, {"member_id": bad.id, "score": 59}]
    twice = await visit.record(lesson_ids=[], scores=[*scores, {"member_id": bad.id, "score": 61}], way="paper")
    assert (twice.status_code, twice.json()["code"]) == (422, "two_scores")
    answer = await visit.record(lesson_ids=[], scores=scores, way="paper")
    assert answer.json()["recorded"] == 2
    totals = await visit.totals()
    assert (totals["quiz_passed"], totals["average_score"]) == (1, 59.5)
    assert [(await hours_of(client, each))["hours"] for each in (good, bad)] == ["1.00", "0.00"]


async def test_where_the_rules_say_so_paper_is_kept_and_counts_for_nothing(visit: Visit, world: World) -> None:
    member, admin = await world.signed_in_member(100), await world.staff(("administrator", 1))
    for key in ("paper_completes", "paper_hours"):
        await visit.client.put(f"/organisations/1/settings/{key}", headers=admin.auth, json={"value": False})
    assert (await visit.record(member.id)).json()["recorded"] == 2
    totals = await visit.totals()
    assert (totals["started"], totals["completed"], totals["recorded"]) == (0, 0, 0)
    assert (await hours_of(visit.client, member))["hours"] == "0.00"


async def test_exempt_members_are_recorded_and_never_chased(visit: Visit, world: World) -> None:
    exempt = await world.signed_in_member(100, exempt_reason="年老体弱")
    assert (await visit.record(exempt.id, lesson_ids=visit.lessons[:1])).json()["recorded"] == 1
    assert (await visit.totals())["due"] == 0
    nudge = await visit.client.post("/organisations/10/nudges", headers=visit.leader.auth, json={"week": "2026-W47"})
    assert nudge.json()["code"] == "nobody_unfinished"
    assert (await hours_of(visit.client, exempt))["hours"] == "0.01"


async def test_a_day_that_cannot_be_and_people_who_are_not_meant_are_refused(
    visit: Visit, world: World, service: Service
) -> None:
    member, stranger, author = await world.member(100), await world.member(110), await world.staff(("editor", 1))
    assert (await visit.record(member, studied_on="2026-11-17")).json()["code"] == "date_in_future"
    assert (await visit.record(member, studied_on="2026-11-15")).json()["code"] == "before_publication"
    assert (await visit.record(stranger)).status_code == 404
    assert (await visit.record(member, lesson_ids=[])).json()["code"] == "nothing_to_record"
    assert (await visit.record(member, lesson_ids=[999])).json()["code"] == "not_in_issue"
    score = {"member_id": member, "score": 100}
    assert (await visit.record(scores=[score])).json()["code"] == "not_in_issue"
    below = await make_lesson(service, 101, author.id)
    elsewhere = await make_issue(service, 101, author.id, [below], state="published")
    assert (await visit.record(member, issue_id=elsewhere)).json()["code"] == "not_meant"
    draft = await make_issue(service, 10, author.id, [await make_lesson(service, 10, author.id)], state="scheduled")
    assert (await visit.record(member, issue_id=draft)).status_code == 404
    assert (await visit.totals())["started"] == 0


async def test_a_retried_record_is_one_record(visit: Visit, world: World) -> None:
    member = await world.member(100)
    body = {"issue_id": visit.issue, "member_ids": [member], "way": "paper", "studied_on": TODAY}
    headers = {**visit.leader.auth, "Idempotency-Key": "k1"}
    answers = [await visit.client.post("/organisations/10/recorded-studies", headers=headers, json=body) for _ in "ab"]
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["recorded"] == 2


async def test_paper_of_an_older_edition_does_not_do_for_a_new_one(
    visit: Visit, world: World, service: Service, clock: MovableClock
) -> None:
    member = await world.signed_in_member(100)
    await visit.record(member.id)
    clock.move(minutes=5)
    async with transaction(service.sessions) as session:
        lesson = await session.get_one(Lesson, visit.lessons[0])
        lesson.title = "改过的题目"
        await freeze(session, lesson, clock.now, note="改了", substantive=True)
    assert (await visit.totals())["completed"] == 0
    clock.move(minutes=5)
    assert (await visit.record(member.id)).json()["recorded"] == 1
    assert (await visit.totals())["completed"] == 1


async def test_a_large_branch_is_recorded_at_once(client: httpx.AsyncClient, world: World, service: Service) -> None:
    editor, leader = await world.staff(("editor", 1)), await world.staff(("leader", 10))
    lessons = [await make_lesson(service, 1, editor.id) for _ in range(20)]
    visit = Visit(client, leader, await make_issue(service, 1, editor.id, lessons, state="published"), lessons)
    members = [await world.member(100) for _ in range(140)]
    assert (await visit.record(*members)).json()["recorded"] == 2800
    assert (await visit.record(*members)).json()["already"] == 2800
