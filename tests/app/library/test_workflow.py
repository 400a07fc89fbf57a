"""The editorial workflow: who may move an issue where, and what publication does."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest
from sqlalchemy import delete, func, select, update

from app.access.models import AuditEntry
from app.db.engine import transaction
from app.directory.models import Organisation
from app.library.models import Issue, IssueLesson, LessonVersion
from app.library.service import publish_issue
from app.messaging.models import Campaign, Schedule
from app.messaging.service import Audience, announce
from app.resources import Service
from tests.app.library.desk import make_issue, make_lesson
from tests.conftest import MovableClock
from tests.scheduler.scene import ISSUE_EVENT
from tests.world import Person, World


class Newsroom:
    """An author, a reviewer, a lesson and an issue of organisation 10, moved over the API."""

    def __init__(self, client: httpx.AsyncClient, service: Service, author: Person, reviewer: Person) -> None:
        self.client, self.service, self.author, self.reviewer = client, service, author, reviewer
        self.lesson = self.issue = 0

    async def move(self, who: Person, to: str, **more: object) -> httpx.Response:
        return await self.client.post(f"/issues/{self.issue}/transitions", headers=who.auth, json={"to": to, **more})

    async def publish(self) -> Issue | None:
        async with transaction(self.service.sessions) as session:
            return await publish_issue(session, self.issue, self.service.clock())

    async def due(self) -> list[datetime]:
        async with transaction(self.service.sessions) as session:
            statement = select(Schedule).where(Schedule.enabled, Schedule.subject_id == self.issue)
            due = [each for each in await session.scalars(statement) if each.next_due_at is not None]
            issue = await session.get_one(Issue, self.issue)
        assert {each.title for each in due} <= {issue.title}
        return [each.next_due_at for each in due if each.next_due_at is not None]


@pytest.fixture
async def newsroom(client: httpx.AsyncClient, world: World, service: Service) -> Newsroom:
    """A draft of a writing editor and a reviewer."""
    room = Newsroom(client, service, await world.staff(("editor", 10)), await world.staff(("reviewer", 10)))
    room.lesson = await make_lesson(service, 10, room.author.id)
    room.issue = await make_issue(service, 10, room.author.id, [room.lesson])
    return room


async def test_an_issue_goes_from_draft_to_published_and_back(newsroom: Newsroom) -> None:
    assert (await newsroom.move(newsroom.author, "in_review")).json()["state"] == "in_review"
    scheduled = await newsroom.move(newsroom.reviewer, "scheduled")
    assert scheduled.status_code == 200, scheduled.text
    # It is Monday 10:00: the default is the Monday after, 08:00 in Shanghai.
    assert scheduled.json()["publish_at"] == "2026-11-23T00:00:00Z"
    assert scheduled.json()["reviewer"]["id"] == newsroom.reviewer.id
    assert await newsroom.due() == [datetime(2026, 11, 23, tzinfo=UTC)]
    published = await newsroom.publish()
    assert published is not None
    assert published.published_at == newsroom.service.clock()
    assert (await newsroom.move(newsroom.reviewer, "withdrawn")).json()["state"] == "withdrawn"
    draft = (await newsroom.move(newsroom.author, "draft")).json()
    assert (draft["state"], draft["reviewer"], draft["publish_at"], draft["published_at"]) == (
        "draft",
        None,
        None,
        None,
    )
    async with transaction(newsroom.service.sessions) as session:
        entries = await session.execute(
            select(AuditEntry.actor, AuditEntry.detail["after"].astext)
            .where(AuditEntry.action == "issue.moved")
            .order_by(AuditEntry.id)
        )
        author, reviewer = f"account:{newsroom.author.id}", f"account:{newsroom.reviewer.id}"
        assert [tuple(entry) for entry in entries] == [
            (author, "in_review"),
            (reviewer, "scheduled"),
            ("system", "published"),
            (reviewer, "withdrawn"),
            (author, "draft"),
        ]


async def test_a_withdrawn_issue_is_not_announced_any_further(newsroom: Newsroom, clock: MovableClock) -> None:
    await newsroom.move(newsroom.author, "in_review")
    await newsroom.move(newsroom.reviewer, "scheduled")
    await newsroom.publish()
    async with transaction(newsroom.service.sessions) as session:
        announce(
            session,
            "weekly_issue",
            organisation_id=10,
            subject_id=newsroom.issue,
            event=dict(ISSUE_EVENT),
            audience=Audience(path="/1/10/"),
            expires_at=clock() + timedelta(days=6),
            now=clock(),
        )
    await newsroom.move(newsroom.reviewer, "withdrawn")
    async with transaction(newsroom.service.sessions) as session:
        assert await session.scalar(select(Campaign.expires_at)) == clock()


async def test_taking_a_scheduled_issue_back_cancels_its_time(newsroom: Newsroom) -> None:
    await newsroom.move(newsroom.author, "in_review")
    await newsroom.move(newsroom.reviewer, "scheduled")
    assert (await newsroom.move(newsroom.author, "draft")).status_code == 200
    assert await newsroom.due() == []
    assert await newsroom.publish() is None
    await newsroom.move(newsroom.author, "in_review")
    again = await newsroom.move(newsroom.reviewer, "scheduled", publish_at="2026-11-20T08:00:00+08:00")
    assert again.json()["publish_at"] == "2026-11-20T00:00:00Z"
    assert await newsroom.due() == [datetime(2026, 11, 20, tzinfo=UTC)]


async def test_the_default_time_is_that_of_the_organisations_zone(newsroom: Newsroom) -> None:
    async with transaction(newsroom.service.sessions) as session:
        await session.execute(update(Organisation).where(Organisation.id == 10).values(timezone="Asia/Urumqi"))
    await newsroom.move(newsroom.author, "in_review")
    scheduled = await newsroom.move(newsroom.reviewer, "scheduled")
    assert scheduled.json()["publish_at"] == "2026-11-23T02:00:00Z"


async def test_nobody_reviews_their_own(newsroom: Newsroom, world: World, service: Service) -> None:
    both = await world.staff(("editor", 10), ("reviewer", 10))
    newsroom.issue = await make_issue(service, 100, both.id, [newsroom.lesson], state="in_review")
    refused = await newsroom.move(both, "scheduled")
    assert (refused.status_code, refused.json()["code"]) == (409, "own_issue")
    assert (await newsroom.move(newsroom.reviewer, "scheduled")).status_code == 200


async def test_nobody_reviews_a_lesson_that_they_wrote_or_changed(
    newsroom: Newsroom, world: World, service: Service
) -> None:
    both = await world.staff(("editor", 10), ("reviewer", 10))
    own = await make_lesson(service, 10, both.id)
    newsroom.issue = await make_issue(service, 10, newsroom.author.id, [own], week=date(2026, 11, 23))
    await newsroom.move(newsroom.author, "in_review")
    assert (await newsroom.move(both, "scheduled")).json()["code"] == "own_issue"
    await newsroom.move(newsroom.author, "draft")
    path = f"/lessons/{newsroom.lesson}/draft"
    changed = await newsroom.client.patch(path, headers=both.auth, json={"title": "改过的标题"})
    assert changed.status_code == 200, changed.text
    newsroom.issue = await make_issue(service, 10, newsroom.author.id, [newsroom.lesson], week=date(2026, 11, 30))
    await newsroom.move(newsroom.author, "in_review")
    assert (await newsroom.move(both, "scheduled")).json()["code"] == "own_issue"


async def test_a_review_ends_with_the_reviewer_or_with_the_author(newsroom: Newsroom, world: World) -> None:
    colleague = await world.staff(("editor", 10))
    for who, status in ((colleague, 403), (newsroom.author, 200), (newsroom.reviewer, 200)):
        await newsroom.move(newsroom.author, "in_review")
        assert (await newsroom.move(who, "draft")).status_code == status


async def test_each_step_belongs_to_a_role_over_the_issue(newsroom: Newsroom, world: World) -> None:
    assert (await newsroom.move(newsroom.reviewer, "in_review")).status_code == 403
    await newsroom.move(newsroom.author, "in_review")
    assert (await newsroom.move(newsroom.author, "scheduled")).status_code == 403
    # A reviewer elsewhere who edits here has no say in this review.
    mixed = await world.staff(("editor", 10), ("reviewer", 11))
    assert (await newsroom.move(mixed, "scheduled")).status_code == 403
    for outsider in (await world.staff(("reviewer", 11)), await world.staff(("reviewer", 100))):
        assert (await newsroom.move(outsider, "scheduled")).status_code == 404
    assert (await newsroom.move(await world.staff(("leader", 1)), "scheduled")).status_code == 403


POSSIBLE = {
    "draft": {"in_review", "withdrawn"},
    "in_review": {"scheduled", "draft"},
    "scheduled": {"draft"},
    "published": {"withdrawn"},
    "withdrawn": {"draft"},
}


@pytest.mark.parametrize("state", POSSIBLE)
async def test_a_wrong_step_names_what_is_possible(
    newsroom: Newsroom, world: World, service: Service, state: str
) -> None:
    chief = await world.staff(("editor", 1), ("reviewer", 1))
    newsroom.issue = await make_issue(service, 100, newsroom.author.id, [newsroom.lesson], state=state)
    for to in set(POSSIBLE) - POSSIBLE[state]:
        answer = await newsroom.move(chief, to)
        assert (answer.status_code, answer.json()["code"]) == (409, "wrong_transition"), to
        assert all(f"（{possible}）" in answer.json()["detail"] for possible in POSSIBLE[state])


async def test_times_of_publication_are_bounded(newsroom: Newsroom) -> None:
    await newsroom.move(newsroom.author, "in_review")
    for publish_at in ("2026-11-16T01:58:00Z", "2027-11-18T02:00:00Z"):
        answer = await newsroom.move(newsroom.reviewer, "scheduled", publish_at=publish_at)
        assert (answer.status_code, answer.json()["code"]) == (422, "publish_at_out_of_range")
    for body in ({"to": "draft", "publish_at": "2026-11-20T00:00:00Z"}, {"to": "gone"}, {}):
        answer = await newsroom.client.post(
            f"/issues/{newsroom.issue}/transitions", headers=newsroom.reviewer.auth, json=body
        )
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
    # The browser's clock may be half a minute behind.
    answer = await newsroom.move(newsroom.reviewer, "scheduled", publish_at="2026-11-16T01:59:30Z")
    assert answer.status_code == 200


async def test_an_issue_without_lessons_is_not_reviewed(newsroom: Newsroom) -> None:
    async with transaction(newsroom.service.sessions) as session:
        await session.execute(delete(IssueLesson).where(IssueLesson.issue_id == newsroom.issue))
    answer = await newsroom.move(newsroom.author, "in_review")
    assert (answer.status_code, answer.json()["code"]) == (409, "no_lessons")


async def _versions(service: Service, lesson_id: int) -> list[int]:
    async with transaction(service.sessions) as session:
        statement = select(LessonVersion.number).where(LessonVersion.lesson_id == lesson_id)
        return list(await session.scalars(statement.order_by(LessonVersion.number)))


async def test_publication_freezes_a_lesson_once_for_each_content(newsroom: Newsroom, clock: MovableClock) -> None:
    async def again() -> None:
        await newsroom.move(newsroom.author, "in_review")
        assert (await newsroom.move(newsroom.reviewer, "scheduled")).status_code == 200
        assert await newsroom.publish() is not None
        assert await newsroom.publish() is None  # a second tick finds nothing to do
        await newsroom.move(newsroom.author, "withdrawn")
        assert (await newsroom.move(newsroom.author, "draft")).status_code == 200

    await again()
    await again()
    assert await _versions(newsroom.service, newsroom.lesson) == [1]
    path = f"/lessons/{newsroom.lesson}/draft"
    await newsroom.client.patch(path, headers=newsroom.author.auth, json={"markdown": "第二版"})
    clock.move(minutes=1)
    await again()
    assert await _versions(newsroom.service, newsroom.lesson) == [1, 2]
    draft = (await newsroom.client.get(path, headers=newsroom.author.auth)).json()
    assert draft["published_version"] == 2


async def test_parallel_ticks_publish_once(newsroom: Newsroom, service: Service) -> None:
    other = await make_issue(service, 100, newsroom.author.id, [newsroom.lesson], state="scheduled")
    await newsroom.move(newsroom.author, "in_review")
    await newsroom.move(newsroom.reviewer, "scheduled")

    async def publish(issue_id: int) -> bool:
        async with transaction(service.sessions) as session:
            return await publish_issue(session, issue_id, service.clock()) is not None

    done = await asyncio.gather(*(publish(issue_id) for issue_id in [newsroom.issue, other] * 4))
    assert sum(done) == 2
    assert await _versions(service, newsroom.lesson) == [1]
    async with transaction(service.sessions) as session:
        assert await session.scalar(select(func.count()).where(Issue.state == "published")) == 2


async def test_an_issue_that_is_not_there_is_not_published(newsroom: Newsroom) -> None:
    newsroom.issue = 999
    assert await newsroom.publish() is None


async def test_a_tick_and_a_hand_that_takes_the_issue_back_do_not_lock_each_other_out(
    newsroom: Newsroom, service: Service
) -> None:
    async def tick() -> None:
        async with transaction(service.sessions) as session:
            due = select(Schedule).where(Schedule.enabled, Schedule.next_due_at.is_not(None))
            schedule = await session.scalar(due.with_for_update(skip_locked=True))
            if schedule is not None:
                schedule.next_due_at = None
                await publish_issue(session, newsroom.issue, service.clock())

    for _ in range(10):
        assert (await newsroom.move(newsroom.author, "in_review")).status_code == 200
        assert (await newsroom.move(newsroom.reviewer, "scheduled")).status_code == 200
        answer, _ = await asyncio.gather(newsroom.move(newsroom.author, "draft"), tick())
        if answer.status_code == 409:
            assert answer.json()["code"] == "wrong_transition"
            assert (await newsroom.move(newsroom.author, "withdrawn")).status_code == 200
            assert (await newsroom.move(newsroom.author, "draft")).status_code == 200
        else:
            assert answer.json()["state"] == "draft"
        assert await newsroom.due() == []


async def test_a_branch_adds_lessons_of_its_own_to_a_week_of_its_committee(
    newsroom: Newsroom, world: World, service: Service
) -> None:
    client = newsroom.client
    from_above = await make_lesson(service, 1, newsroom.author.id)
    above = await make_issue(service, 1, newsroom.author.id, [from_above], state="published")
    newsroom.author, newsroom.reviewer = await world.staff(("editor", 100)), await world.staff(("reviewer", 100))
    lesson = await make_lesson(service, 100, newsroom.author.id)
    body = {"organisation_id": 100, "week": "2026-W47", "title": "本支部", "lessons": [{"lesson_id": lesson}]}
    made = await client.post("/issues", headers=newsroom.author.auth, json=body)
    assert made.status_code == 201, made.text
    newsroom.issue = made.json()["id"]
    await newsroom.move(newsroom.author, "in_review")
    assert (await newsroom.move(newsroom.reviewer, "scheduled")).status_code == 200
    assert await newsroom.publish()
    for place, issues in ((100, [newsroom.issue, above]), (101, [above])):
        member = await world.signed_in_member(place)
        current = (await client.get("/issues/current", headers=member.auth)).json()["items"]
        assert [each["id"] for each in current] == issues
        read = await client.get(f"/lessons/{lesson}", headers=member.auth)
        assert read.status_code == (200 if place == 100 else 404)
