"""A published lesson is corrected while its issue stays published, and its readers see what changed."""

from collections.abc import Awaitable, Callable

import httpx
import pytest

from app.resources import Service
from tests.app.library.desk import make_issue, make_lesson
from tests.app.library.test_reviews import require
from tests.conftest import MovableClock
from tests.world import Person, World


class Paper:
    """A lesson published by organisation 10, its editor, a reviewer and a reader."""

    def __init__(self, client: httpx.AsyncClient, clock: MovableClock, *people: Person) -> None:
        self.client, self.clock = client, clock
        self.editor, self.reviewer, self.reader = people
        self.lesson = self.issue = self.beats = 0

    async def correct(self, **body: object) -> httpx.Response:
        given = {"markdown": "更正后的正文", "note": "改正第一条", **body}
        return await self.client.post(f"/lessons/{self.lesson}/corrections", headers=self.editor.auth, json=given)

    async def move(self, who: Person, correction: int, to: str, **more: object) -> httpx.Response:
        url = f"/corrections/{correction}/transitions"
        return await self.client.post(url, headers=who.auth, json={"to": to, **more})

    async def corrected(self, **body: object) -> None:
        made = await self.correct(**body)
        assert made.status_code == 201, made.text
        moved = await self.move(self.reviewer, made.json()["id"], "published")
        assert moved.json()["state"] == "published", moved.text

    async def read(self) -> dict[str, object]:
        """As the reader sees the lesson."""
        answer = await self.client.get(f"/lessons/{self.lesson}", headers=self.reader.auth)
        return dict(answer.json())

    async def beat(self) -> dict[str, object]:
        self.beats += 1
        body = {"position": 1.0, "heartbeat_id": f"b{self.beats}"}
        url = f"/lessons/{self.lesson}/progress"
        return dict((await self.client.put(url, headers=self.reader.auth, json=body)).json())

    async def finish(self) -> None:
        """Reads to the end: the lessons here take twenty seconds."""
        await self.beat()
        self.clock.move(seconds=30)
        assert (await self.beat())["completed_at"] is not None

    async def completion(self) -> tuple[int, int]:
        """The lessons of the issue that are completed, as the list says and as the issue does."""
        (summary,) = (await self.client.get("/issues", headers=self.reader.auth)).json()["items"]
        issue = (await self.client.get(f"/issues/{self.issue}", headers=self.reader.auth)).json()
        return summary["lessons_completed"], sum(each["completed_at"] is not None for each in issue["lessons"])


@pytest.fixture
async def paper(client: httpx.AsyncClient, world: World, service: Service, clock: MovableClock) -> Paper:
    people = [await world.staff(("editor", 10)), await world.staff(("reviewer", 10)), await world.signed_in_member(100)]
    paper = Paper(client, clock, *people)
    paper.lesson = await make_lesson(service, 10, paper.editor.id, "原来的正文")
    paper.issue = await make_issue(service, 10, paper.editor.id, [paper.lesson], state="published")
    clock.move(minutes=1)
    return paper


async def test_a_correction_is_published_by_somebody_else_and_the_issue_stays(paper: Paper) -> None:
    made = (await paper.correct()).json()
    assert (made["state"], made["reviews_required"], made["text"]) == ("in_review", 1, "更正后的正文")
    assert (await paper.read())["version"] == 1  # nobody reads it before it is approved
    moved = await paper.move(paper.reviewer, made["id"], "published")
    assert moved.json()["state"] == "published"
    read = await paper.read()
    assert (read["version"], "更正后" in str(read["html"])) == (2, True)
    draft = (await paper.client.get(f"/lessons/{paper.lesson}/draft", headers=paper.editor.auth)).json()
    assert (draft["markdown"], draft["published_version"]) == ("更正后的正文", 2)
    closed = await paper.move(paper.reviewer, made["id"], "published")
    assert (closed.status_code, closed.json()["code"]) == (409, "correction_closed")


async def test_nobody_publishes_a_correction_of_their_own(
    client: httpx.AsyncClient, world: World, paper: Paper
) -> None:
    paper.editor = await world.staff(("editor", 10), ("reviewer", 10))
    made = (await paper.correct()).json()["id"]
    refused = await paper.move(paper.editor, made, "published")
    assert (refused.status_code, refused.json()["code"]) == (409, "own_issue")
    assert (await paper.move(paper.reviewer, made, "withdrawn")).status_code == 403
    returned = await paper.move(paper.reviewer, made, "returned")
    assert returned.status_code == 422  # why?
    returned = await paper.move(paper.reviewer, made, "returned", remark="请附依据")
    assert (returned.json()["state"], returned.json()["remark"]) == ("returned", "请附依据")
    assert (await paper.read())["version"] == 1


async def test_corrections_need_as_many_reviews_as_issues(paper: Paper, world: World, service: Service) -> None:
    await require(service, 10, 2)
    made = (await paper.correct()).json()["id"]
    first = (await paper.move(paper.reviewer, made, "published")).json()
    assert (first["state"], len(first["reviews"])) == ("in_review", 1)
    second = (await paper.move(await world.staff(("reviewer", 1)), made, "published")).json()
    assert (second["state"], (await paper.read())["version"]) == ("published", 2)


async def test_a_plain_correction_keeps_progress_and_says_what_changed_until_it_is_opened(paper: Paper) -> None:
    assert (await paper.read())["changed"] is None
    await paper.finish()
    tag = (await paper.client.get(f"/lessons/{paper.lesson}", headers=paper.reader.auth)).headers["etag"]
    await paper.corrected()
    news = {"version": 2, "note": "改正第一条", "substantive": False}
    changed = (await paper.read())["changed"]
    assert isinstance(changed, dict)
    assert {name: changed[name] for name in news} == news
    assert await paper.completion() == (1, 1)
    after = await paper.client.get(f"/lessons/{paper.lesson}", headers={**paper.reader.auth, "If-None-Match": tag})
    assert after.status_code == 200
    unseen = after.headers["etag"]
    assert (await paper.beat())["remaining_seconds"] == 0
    opened = await paper.client.get(f"/lessons/{paper.lesson}", headers={**paper.reader.auth, "If-None-Match": unseen})
    assert (opened.status_code, opened.json()["changed"]) == (200, None)


async def test_a_substantive_correction_is_to_be_read_anew(paper: Paper) -> None:
    await paper.finish()
    await paper.corrected(substantive=True)
    assert await paper.completion() == (0, 0)
    begun = await paper.beat()
    assert (begun["completed_at"], begun["credited_seconds"], begun["remaining_seconds"]) == (None, 0, 20)
    assert (await paper.read())["changed"] is None
    paper.clock.move(seconds=30)
    assert (await paper.beat())["completed_at"] is not None
    assert await paper.completion() == (1, 1)


async def test_a_week_that_is_over_stays_done_for_its_reader(paper: Paper, world: World) -> None:
    await paper.finish()
    paper.clock.move(days=6, hours=15)  # the next Monday in Shanghai
    paper.editor, paper.reviewer = await world.staff(("editor", 10)), await world.staff(("reviewer", 10))
    await paper.corrected(substantive=True)
    assert await paper.completion() == (1, 1)
    await paper.beat()  # they begin with the new text, and the old week stays
    assert await paper.completion() == (1, 1)


async def test_what_happened_between_two_visits_is_said_together(paper: Paper) -> None:
    await paper.beat()
    await paper.corrected(substantive=True)
    paper.clock.move(minutes=1)
    await paper.corrected(markdown="再次更正的正文", note="补上出处")
    changed = (await paper.read())["changed"]
    assert isinstance(changed, dict)
    assert (changed["version"], changed["note"], changed["substantive"]) == (3, "改正第一条\n补上出处", True)


async def test_editors_compare_the_versions(paper: Paper) -> None:
    await paper.corrected(substantive=True)
    url = f"/lessons/{paper.lesson}/versions"
    rows = (await paper.client.get(url, headers=paper.editor.auth)).json()["items"]
    assert [(row["number"], row["edition"], row["current"], row["note"]) for row in rows] == [
        (2, 2, True, "改正第一条"),
        (1, 1, False, ""),
    ]
    texts = [(await paper.client.get(f"{url}/{n}", headers=paper.editor.auth)).json()["text"] for n in (1, 2)]
    assert texts == ["原来的正文", "更正后的正文"]
    history = (await paper.client.get(f"/lessons/{paper.lesson}/history", headers=paper.editor.auth)).json()["items"]
    assert (history[0]["action"], history[0]["by"]["id"]) == ("corrected", paper.editor.id)


async def _open(paper: Paper) -> None:
    assert (await paper.correct()).status_code == 201


async def _withdraw(paper: Paper) -> None:
    body = {"to": "withdrawn"}
    await paper.client.post(f"/issues/{paper.issue}/transitions", headers=paper.editor.auth, json=body)


async def _nothing(paper: Paper) -> None:
    pass


@pytest.mark.parametrize(
    ("before", "body", "code"),
    [
        (_open, {}, "correction_open"),
        (_withdraw, {}, "lesson_not_published"),
        (_nothing, {"markdown": "原来的正文"}, "nothing_corrected"),
        (_nothing, {"author_line": "某某"}, "permission_unknown"),
    ],
    ids=["two-at-once", "not-published", "the-same", "no-permission"],
)
async def test_what_cannot_be_corrected_is_refused(
    paper: Paper, before: Callable[[Paper], Awaitable[None]], body: dict[str, object], code: str
) -> None:
    await before(paper)
    refused = await paper.correct(**body)
    assert (refused.status_code, refused.json()["code"]) == (409, code)


async def test_a_correction_of_what_was_withdrawn_meanwhile_is_not_published(paper: Paper) -> None:
    made = (await paper.correct()).json()["id"]
    await _withdraw(paper)
    refused = await paper.move(paper.reviewer, made, "published")
    assert (refused.status_code, refused.json()["code"]) == (409, "lesson_not_published")
    assert (await paper.move(paper.editor, made, "withdrawn")).json()["state"] == "withdrawn"
