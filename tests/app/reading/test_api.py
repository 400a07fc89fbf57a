"""What a member reads over the API, and how reading counts."""

import asyncio
import json
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select, text, update

from app.db.engine import transaction
from app.directory.models import Member, Organisation
from app.library.issues import Place
from app.library.models import Issue
from app.reading.credit import digest
from app.reading.models import ReadingClock, ReadingProgress
from app.resources import Service
from tests.app.library.desk import MONDAY, make_issue, make_lesson
from tests.conftest import MovableClock
from tests.world import Person, World


class Reading:
    """A member of branch 100, an editor of the whole tree, and calls in the member's name."""

    def __init__(self, client: httpx.AsyncClient, service: Service, member: Person, editor: Person) -> None:
        self.client, self.service, self.member, self.editor = client, service, member, editor

    async def lesson(self, organisation_id: int = 1, markdown: str = "正文") -> int:
        return await make_lesson(self.service, organisation_id, self.editor.id, markdown)

    async def issue(self, *lessons: int | Place, where: int = 1, weeks: int = 0, state: str = "published") -> int:
        week = MONDAY + timedelta(weeks=weeks)
        return await make_issue(self.service, where, self.editor.id, lessons, week=week, state=state)

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.client.get(path, headers={**self.member.auth, **headers})

    async def beat(self, lesson_id: int, id_: str, position: float = 0.5) -> httpx.Response:
        body = {"position": position, "heartbeat_id": id_}
        return await self.client.put(f"/lessons/{lesson_id}/progress", headers=self.member.auth, json=body)


@pytest.fixture
async def reading(client: httpx.AsyncClient, world: World, service: Service) -> Reading:
    """Nothing published yet."""
    return Reading(client, service, await world.signed_in_member(100), await world.staff(("editor", 1), ("editor", 2)))


async def test_a_member_sees_what_is_published_for_their_branch_and_above(reading: Reading) -> None:
    lesson = await reading.lesson()
    mine = [await reading.issue(lesson, where=where) for where in (1, 10, 100)]
    others = [await reading.issue(lesson, where=where) for where in (2, 11, 101, 110)]
    hidden = [
        await reading.issue(lesson, weeks=weeks, state=state)
        for weeks, state in enumerate(("draft", "in_review", "scheduled", "withdrawn"), start=1)
    ]
    listed = (await reading.get("/issues")).json()
    assert [item["id"] for item in listed["items"]] == mine[::-1]
    current = (await reading.get("/issues/current")).json()
    assert current == {"items": listed["items"]}
    assert listed["items"][0]["organisation"] == "一支部"
    for issue_id in mine:
        assert (await reading.get(f"/issues/{issue_id}")).status_code == 200
    for issue_id in [*others, *hidden, 999_999]:
        assert (await reading.get(f"/issues/{issue_id}")).status_code == 404


async def test_the_newest_week_comes_first_page_by_page(reading: Reading) -> None:
    lesson = await reading.lesson()
    ids = {weeks: await reading.issue(lesson, weeks=weeks) for weeks in (0, -2, -1, -3)}
    below = await reading.issue(lesson, where=10, weeks=-1)
    expected = [ids[0], below, ids[-1], ids[-2], ids[-3]]
    found: list[int] = []
    cursor: str | None = None
    for _ in range(3):
        query = f"?limit=2&cursor={cursor}" if cursor else "?limit=2"
        answer = (await reading.get(f"/issues{query}")).json()
        found += [item["id"] for item in answer["items"]]
        cursor = answer["next"]
    assert (found, cursor) == (expected, None)


async def test_this_week_is_that_of_the_members_zone(reading: Reading, clock: MovableClock) -> None:
    lesson = await reading.lesson()
    this, following = await reading.issue(lesson), await reading.issue(lesson, weeks=1)

    async def current() -> list[int]:
        return [item["id"] for item in (await reading.get("/issues/current")).json()["items"]]

    clock.move(days=6, hours=13, minutes=59)  # Sunday 23:59 in Shanghai
    assert await current() == [this]
    clock.move(minutes=1)
    assert await current() == [following]
    async with transaction(reading.service.sessions) as session:
        await session.execute(update(Organisation).values(timezone="Asia/Urumqi"))
    assert await current() == [this]


async def test_what_is_read_is_what_was_previewed(reading: Reading) -> None:
    lesson = await reading.lesson(
        markdown="# 标题\n\n**正文** [链接](https://www.12371.cn/)\n\n| a | b |\n|--|:-:|\n| 1 | 2 |\n"
    )
    path = f"/lessons/{lesson}"
    preview = (await reading.client.post(f"{path}/preview", headers=reading.editor.auth)).json()
    assert (await reading.get(path)).status_code == 404
    await reading.issue(lesson, where=10)
    answer = await reading.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.json()["version"] == 1
    assert json.dumps(answer.json() | {"version": None}) == json.dumps(preview)
    assert answer.json()["rule"] == {
        "kind": "text",
        "characters_per_second": 8,
        "at_least_seconds": 20,
        "at_most_seconds": 600,
        "complete_at_position": 0.9,
        "at_most_seconds_a_gap": 60,
        "handed_in_within_days": 30,
    }


async def test_a_version_that_the_client_has_is_not_sent_again(reading: Reading) -> None:
    lesson = await reading.lesson()
    issue = await reading.issue(lesson)
    first = await reading.get(f"/lessons/{lesson}")
    assert first.headers["cache-control"] == "private, no-cache"
    tag = first.headers["etag"]
    assert tag.startswith('"')
    for known in (tag, f"W/{tag}", "*", f'"x", {tag}', f'W/"y",W/{tag} '):
        again = await reading.get(f"/lessons/{lesson}", **{"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag), known
    for other in ('"x"', "nonsense", tag.strip('"'), ""):
        assert (await reading.get(f"/lessons/{lesson}", **{"If-None-Match": other})).status_code == 200
    async with transaction(reading.service.sessions) as session:
        await session.execute(update(Issue).where(Issue.id == issue).values(state="withdrawn"))
    assert (await reading.get(f"/lessons/{lesson}", **{"If-None-Match": tag})).status_code == 404


async def test_a_lesson_is_read_when_it_is_in_a_published_issue_for_the_member(reading: Reading) -> None:
    for where, state, status in (
        (1, "published", 200),
        (10, "withdrawn", 404),
        (100, "scheduled", 404),
        (11, "published", 404),
        (101, "published", 404),
        (2, "published", 404),
    ):
        lesson = await reading.lesson(where)
        await reading.issue(lesson, where=where, state=state)
        assert (await reading.get(f"/lessons/{lesson}")).status_code == status, (where, state)
        assert (await reading.beat(lesson, "x")).status_code == status, (where, state)
    async with transaction(reading.service.sessions) as session:
        assert len(list(await session.scalars(select(ReadingProgress.lesson_id)))) == 1


async def test_reading_by_heartbeats_completes_the_lesson_and_the_issue(reading: Reading, clock: MovableClock) -> None:
    one, two, extra = [await reading.lesson() for _ in range(3)]
    issue = await reading.issue(one, two, Place(extra, required=False))
    assert (await reading.beat(one, "1")).json() == {
        "position": 0.5,
        "credited_seconds": 0,
        "remaining_seconds": 20,
        "completed_at": None,
    }
    clock.move(seconds=12)
    assert (await reading.beat(one, "2", 0.2)).json()["remaining_seconds"] == 8
    clock.move(seconds=12)
    done = (await reading.beat(one, "3", 1)).json()
    assert (done["position"], done["credited_seconds"], done["remaining_seconds"]) == (1.0, 24, 0)
    assert done["completed_at"] == "2026-11-16T02:00:24Z"
    shown = (await reading.get(f"/issues/{issue}")).json()
    assert (shown["lessons_total"], shown["lessons_completed"], shown["completed"]) == (2, 1, False)
    assert [each["lesson_id"] for each in shown["lessons"]] == [one, two, extra]
    assert [each["required"] for each in shown["lessons"]] == [True, True, False]
    assert shown["lessons"][0]["completed_at"] == done["completed_at"]
    assert (shown["lessons"][1]["position"], shown["lessons"][1]["remaining_seconds"]) == (0, 20)
    for lesson in (two, extra):
        await reading.beat(lesson, "1", 1)
    clock.move(seconds=20)
    await reading.beat(two, "2", 1)
    assert (await reading.beat(extra, "2", 1)).json()["credited_seconds"] == 0  # the time is used up
    shown = (await reading.get("/issues/current")).json()["items"][0]
    assert (shown["lessons_total"], shown["lessons_completed"], shown["completed"]) == (2, 2, True)


async def test_nobody_sees_another_members_progress(reading: Reading, world: World, clock: MovableClock) -> None:
    lesson = await reading.lesson()
    issue = await reading.issue(lesson)
    await reading.beat(lesson, "1", 1)
    clock.move(seconds=30)
    await reading.beat(lesson, "2", 1)
    other = await world.signed_in_member(100)
    shown = (await reading.client.get(f"/issues/{issue}", headers=other.auth)).json()
    assert (shown["lessons_completed"], shown["lessons"][0]["position"]) == (0, 0)


async def test_exempt_members_read_like_everybody(reading: Reading, clock: MovableClock) -> None:
    async with transaction(reading.service.sessions) as session:
        await session.execute(update(Member).where(Member.id == reading.member.id).values(exempt_reason="年老体弱"))
    lesson = await reading.lesson()
    await reading.issue(lesson)
    await reading.beat(lesson, "1", 1)
    clock.move(seconds=20)
    assert (await reading.beat(lesson, "2", 1)).json()["completed_at"] is not None


@pytest.mark.parametrize(
    "body",
    [
        {"position": 1.1, "heartbeat_id": "x"},
        {"position": -0.1, "heartbeat_id": "x"},
        {"position": 0.5, "heartbeat_id": ""},
        {"position": 0.5, "heartbeat_id": "x" * 65},
        {"position": 0.5, "heartbeat_id": "有"},
        {"position": 0.5, "heartbeat_id": "a b"},
        {"position": 0.5, "heartbeat_id": "x", "credited_seconds": 600},
        {"position": 0.5},
    ],
)
async def test_a_heartbeat_says_nothing_but_where_the_reader_is(reading: Reading, body: dict[str, object]) -> None:
    answer = await reading.client.put("/lessons/1/progress", headers=reading.member.auth, json=body)
    assert answer.status_code == 422


async def _progress(reading: Reading, lesson: int) -> ReadingProgress:
    async with transaction(reading.service.sessions) as session:
        return await session.get_one(ReadingProgress, (reading.member.id, lesson))


@pytest.mark.parametrize("same", [True, False], ids=["one-heartbeat", "many-heartbeats"])
async def test_fifty_parallel_heartbeats_leave_one_consistent_row(
    reading: Reading, clock: MovableClock, same: bool
) -> None:
    lesson = await reading.lesson()
    await reading.issue(lesson)
    answers = await asyncio.gather(*(reading.beat(lesson, "x" if same else f"x{each}") for each in range(50)))
    assert {answer.status_code for answer in answers} == {200}
    assert (await _progress(reading, lesson)).credited_ms == 0
    clock.move(seconds=10)
    answers = await asyncio.gather(*(reading.beat(lesson, "y" if same else f"y{each}") for each in range(50)))
    assert {answer.json()["credited_seconds"] for answer in answers} == {10}
    row = await _progress(reading, lesson)
    assert (row.credited_ms, len(row.recent)) == (10_000, 2 if same else 32)
    assert row.heartbeat_at == clock.now


async def test_of_parallel_heartbeats_none_is_lost(reading: Reading) -> None:
    lesson = await reading.lesson()
    await reading.issue(lesson)
    await asyncio.gather(*(reading.beat(lesson, f"x{each}") for each in range(30)))
    assert set((await _progress(reading, lesson)).recent) == {digest(f"x{each}") for each in range(30)}


async def test_devices_that_read_several_lessons_at_once_share_the_time(reading: Reading, clock: MovableClock) -> None:
    lessons = [await reading.lesson() for _ in range(5)]
    await reading.issue(*lessons)
    await asyncio.gather(*(reading.beat(lesson, "x") for lesson in lessons))
    await asyncio.gather(*(reading.get("/issues") for _ in range(10)))  # from here on all connections are open
    clock.move(seconds=10)
    await asyncio.gather(*(reading.beat(lesson, f"y{each}") for lesson in lessons for each in range(4)))
    credited = [(await _progress(reading, lesson)).credited_ms for lesson in lessons]
    assert sum(credited) == 10_000


async def test_a_heartbeat_of_a_strangers_lesson_leaves_no_trace(reading: Reading) -> None:
    assert (await reading.beat(999, "x")).status_code == 404
    async with transaction(reading.service.sessions) as session:
        assert await session.scalar(select(ReadingClock.member_id)) is None


async def test_reading_needs_a_bound_member(reading: Reading, world: World) -> None:
    unbound = await world.unbound_wechat()
    for who, status, code in ((unbound, 409, "not_bound"), (reading.editor, 401, "unauthenticated")):
        answer = await reading.client.get("/issues", headers=who.auth)
        assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_the_tables_refuse_what_the_function_never_writes(reading: Reading) -> None:
    """The constraints stand behind the code."""
    async with transaction(reading.service.sessions) as session:
        checks = await session.scalars(
            text("SELECT conname FROM pg_constraint WHERE conrelid = 'reading_progress'::regclass AND contype = 'c'")
        )
        assert {"ck_reading_progress_position", "ck_reading_progress_credited_ms"} <= set(checks)
