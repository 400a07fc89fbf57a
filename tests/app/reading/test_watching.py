"""Recordings: every second counts once, as fast as time goes."""

from datetime import timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from app.db.engine import transaction
from app.library.models import LessonVersion
from app.library.rules import required_seconds
from app.reading.watching import seconds_of, watch
from app.resources import Service
from tests.app.reading.test_api import Reading
from tests.conftest import MovableClock
from tests.world import World

LENGTH = 100
PLENTY = 10_000
INTERVALS = st.lists(st.tuples(st.integers(0, 130), st.integers(0, 130)), max_size=8)


def played(intervals: list[tuple[int, int]]) -> set[int]:
    """The plainest model: the seconds one by one."""
    return {second for start, end in intervals for second in range(start, min(end, LENGTH))}


@given(INTERVALS, INTERVALS)
def test_what_was_watched_is_a_union_in_any_order(one: list[tuple[int, int]], two: list[tuple[int, int]]) -> None:
    both = watch(watch(b"", one, LENGTH, PLENTY), two, LENGTH, PLENTY)
    assert both == watch(b"", [*reversed(two), *one], LENGTH, PLENTY)
    assert seconds_of(both) == len(played(one + two)) <= LENGTH
    assert len(both) <= (LENGTH + 7) // 8


@given(INTERVALS, INTERVALS, st.integers(0, 60))
def test_no_more_new_seconds_than_there_was_time(
    one: list[tuple[int, int]], two: list[tuple[int, int]], most: int
) -> None:
    before = watch(b"", one, LENGTH, PLENTY)
    after = watch(before, two, LENGTH, most)
    new = len(played(two) - played(one))
    assert seconds_of(after) - seconds_of(before) == min(new, most)
    assert watch(after, one, LENGTH, PLENTY) == after  # what was there is there


@pytest.fixture
async def reading(client: httpx.AsyncClient, world: World, service: Service) -> Reading:
    """Nothing published yet."""
    return Reading(client, service, await world.signed_in_member(100), await world.staff(("editor", 1)))


async def recording(reading: Reading) -> int:
    """A published lesson that is a recording of 100 seconds."""
    lesson = await reading.lesson()
    await reading.issue(lesson)
    await become_recording(reading, lesson)
    return lesson


async def become_recording(reading: Reading, lesson: int) -> None:
    """As publishing does it."""
    async with transaction(reading.service.sessions) as session:
        version = update(LessonVersion).where(LessonVersion.lesson_id == lesson)
        await session.execute(version.values(media_seconds=LENGTH, required_seconds=required_seconds(0, LENGTH)))


async def watched(reading: Reading, lesson: int, id_: str, *intervals: list[int], at: float = 0.5) -> dict[str, object]:
    body = {"position": at, "heartbeat_id": id_, "watched": list(intervals)}
    answer = await reading.client.put(f"/lessons/{lesson}/progress", headers=reading.member.auth, json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_recording_says_its_rule_and_is_complete_at_nine_tenths(reading: Reading, clock: MovableClock) -> None:
    lesson = await recording(reading)
    shown = (await reading.get(f"/lessons/{lesson}")).json()
    assert shown["rule"] == {
        "kind": "media",
        "media_seconds": 100,
        "complete_at_watched": 0.9,
        "at_most_speed": 1,
        "at_most_seconds_a_gap": 60,
        "handed_in_within_days": 30,
    }
    await watched(reading, lesson, "0")
    clock.move(seconds=50)
    half = await watched(reading, lesson, "1", [0, 50])
    assert (half["credited_seconds"], half["remaining_seconds"], half["completed_at"]) == (50, 40, None)
    clock.move(seconds=50)
    assert (await watched(reading, lesson, "2", [0, 50], [20, 60]))["remaining_seconds"] == 30  # seen before
    clock.move(seconds=30)
    done = await watched(reading, lesson, "3", [70, 130])
    assert (done["credited_seconds"], done["remaining_seconds"]) == (90, 0)
    assert done["completed_at"] is not None


async def test_playing_faster_or_on_two_devices_gains_nothing(reading: Reading, clock: MovableClock) -> None:
    lesson = await recording(reading)
    await watched(reading, lesson, "0")
    clock.move(seconds=10)
    assert (await watched(reading, lesson, "one", [0, 20]))["credited_seconds"] == 10
    assert (await watched(reading, lesson, "two", [50, 60]))["credited_seconds"] == 10
    clock.move(seconds=5)
    assert (await watched(reading, lesson, "two-again", [50, 55]))["credited_seconds"] == 15


async def test_another_device_goes_on_where_the_recording_was_stopped(reading: Reading, clock: MovableClock) -> None:
    lesson = await recording(reading)
    await watched(reading, lesson, "0", at=0.8)
    clock.move(seconds=5)
    await watched(reading, lesson, "1", at=0.3)
    assert (await reading.get(f"/lessons/{lesson}/progress")).json()["position"] == 0.3


async def test_a_recording_that_was_kept_on_the_phone_counts_when_it_is_handed_in(
    reading: Reading, clock: MovableClock
) -> None:
    lesson = await recording(reading)
    ticket = (await reading.get(f"/lessons/{lesson}")).headers["reading-ticket"]
    fetched = clock.now
    clock.move(hours=2)
    events = [
        {
            "heartbeat_id": f"e{second}",
            "position": second / LENGTH,
            "read_at": (fetched - timedelta(days=9000) + timedelta(seconds=second)).isoformat(),
            "watched": [[max(0, second - 30), second]],
        }
        for second in range(0, 91, 30)
    ]
    answer = await reading.client.post(
        "/me/reading", headers=reading.member.auth, json={"ticket": ticket, "events": events}
    )
    progress = answer.json()["progress"]
    assert (progress["position"], progress["credited_seconds"]) == (0.9, 90)
    assert progress["completed_at"] is not None


async def test_the_last_unfinished_lessons_come_first_to_go_on_with(reading: Reading, clock: MovableClock) -> None:
    text, film, done = await reading.lesson(), await recording(reading), await reading.lesson()
    await reading.issue(text, done, weeks=-1)
    for lesson in (done, text):
        await reading.beat(lesson, "0", 0.4)
        clock.move(seconds=30)
    await reading.beat(done, "1", 1)
    clock.move(seconds=1)
    await watched(reading, film, "0", at=0.25)
    shown = (await reading.get("/me/reading/current")).json()["items"]
    assert [(each["lesson_id"], each["kind"], each["position"]) for each in shown] == [
        (film, "media", 0.25),
        (text, "text", 0.4),
    ]
    assert [each["remaining_seconds"] for each in shown] == [90, 20]


async def test_what_was_read_of_a_text_does_not_complete_the_recording_that_it_became(
    reading: Reading, clock: MovableClock
) -> None:
    lesson = await reading.lesson()
    await reading.issue(lesson)
    for number in range(3):
        await reading.beat(lesson, f"text-{number}")
        clock.move(seconds=60)
    await become_recording(reading, lesson)
    begun = await watched(reading, lesson, "film", [0, 5])
    assert (begun["credited_seconds"], begun["remaining_seconds"], begun["completed_at"]) == (5, 85, None)
