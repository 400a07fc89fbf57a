"""What a phone read without network counts when it is handed in, within the time since the lesson was fetched."""

import asyncio

import httpx
import pytest
from sqlalchemy import func, select, update

from app.db.engine import transaction
from app.directory.models import Session
from app.library.models import Issue, Lesson, LessonVersion
from app.reading.credit import digest
from app.reading.models import EarlierCompletion, OfflineEvent, ReadingProgress
from app.reading.offline import MOST_EVENTS
from app.reading.tickets import Ticket, sign_ticket
from app.resources import Service
from tests.app.reading.test_api import Reading
from tests.conftest import MovableClock
from tests.world import World

# A phone that thinks it is long ago.
PHONE = "1970-01-01T00:{:02d}:{:02d}+08:00"


@pytest.fixture
async def reading(client: httpx.AsyncClient, world: World, service: Service) -> Reading:
    """Nothing published yet."""
    return Reading(client, service, await world.signed_in_member(100), await world.staff(("editor", 1)))


async def fetch(reading: Reading, lesson: int) -> str:
    """The ticket of a lesson that is opened now."""
    return (await reading.get(f"/lessons/{lesson}")).headers["reading-ticket"]


def read(*seconds: int, position: float = 1.0, name: str = "e") -> list[dict[str, object]]:
    """Events at so many seconds of the phone's clock."""
    return [
        {"heartbeat_id": f"{name}{each}", "position": position, "read_at": PHONE.format(each // 60, each % 60)}
        for each in seconds
    ]


async def hand_in(reading: Reading, ticket: str, events: list[dict[str, object]]) -> httpx.Response:
    return await reading.client.post(
        "/me/reading", headers=reading.member.auth, json={"ticket": ticket, "events": events}
    )


def states(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [each["state"] for each in answer.json()["results"]]


async def later(reading: Reading, clock: MovableClock, **by: float) -> None:
    """Time passes in which the member's session stays alive."""
    clock.move(**by)
    async with transaction(reading.service.sessions) as session:
        await session.execute(update(Session).values(seen_at=clock.now))


async def lesson_of(reading: Reading) -> int:
    lesson = await reading.lesson()
    await reading.issue(lesson)
    return lesson


async def test_what_was_read_without_network_completes_the_lesson(reading: Reading, clock: MovableClock) -> None:
    lesson = await lesson_of(reading)
    ticket = await fetch(reading, lesson)
    clock.move(hours=30)
    answer = await hand_in(reading, ticket, read(25, 0, 12))  # in any order
    assert states(answer) == ["accepted"] * 3
    assert answer.json()["lesson_id"] == lesson
    progress = answer.json()["progress"]
    assert (progress["credited_seconds"], progress["remaining_seconds"]) == (25, 0)
    assert progress["completed_at"] == "2026-11-17T08:00:00Z"
    assert (await reading.get(f"/lessons/{lesson}/progress")).json() == progress


async def test_handed_in_again_nothing_counts_twice(reading: Reading, clock: MovableClock) -> None:
    lesson = await lesson_of(reading)
    ticket = await fetch(reading, lesson)
    clock.move(hours=1)
    first = await hand_in(reading, ticket, read(0, 10))
    for number in range(40):  # more than heartbeats remember
        await reading.beat(lesson, f"online-{number}")
    again = await hand_in(reading, ticket, [*read(0, 10), *read(15), *read(15)])
    assert states(first) == ["accepted"] * 2
    assert states(again) == ["duplicate", "duplicate", "accepted", "duplicate"]
    assert again.json()["progress"]["credited_seconds"] == 15


async def test_an_id_is_that_of_an_event_of_its_lesson(reading: Reading, clock: MovableClock) -> None:
    lessons = [await reading.lesson() for _ in range(2)]
    await reading.issue(*lessons)
    tickets = [await fetch(reading, lesson) for lesson in lessons]
    clock.move(hours=1)
    for ticket in tickets:
        assert states(await hand_in(reading, ticket, read(0, 10))) == ["accepted"] * 2
        assert states(await hand_in(reading, ticket, read(0, 10))) == ["duplicate"] * 2


async def test_batches_of_one_ticket_count_the_same_in_any_order_and_parts(
    reading: Reading, clock: MovableClock
) -> None:
    totals: list[int] = []
    for parts in ([(0, 10, 100, 130, 131)], [(131,), (0, 130), (10,), (100,)], [(100, 10), (131, 0), (130,)]):
        lesson = await reading.lesson()
        await reading.issue(lesson, weeks=-len(totals))
        ticket = await fetch(reading, lesson)
        clock.move(hours=1)
        for part in parts:
            last = await hand_in(reading, ticket, read(*part, name=f"{lesson}-"))
        totals.append(last.json()["progress"]["credited_seconds"])
    assert totals == [10 + 60 + 30 + 1] * 3


async def test_no_more_counts_than_the_time_since_the_lesson_was_fetched(reading: Reading, clock: MovableClock) -> None:
    lesson = await lesson_of(reading)
    ticket = await fetch(reading, lesson)
    clock.move(seconds=15)
    progress = (await hand_in(reading, ticket, read(*range(0, 600, 60)))).json()["progress"]
    assert (progress["credited_seconds"], progress["completed_at"]) == (15, None)


async def test_reading_with_and_without_network_shares_the_time(reading: Reading, clock: MovableClock) -> None:
    online, offline = await reading.lesson(), await reading.lesson()
    await reading.issue(online, offline)
    ticket = await fetch(reading, offline)
    await reading.beat(online, "1")
    clock.move(seconds=40)
    assert (await reading.beat(online, "2")).json()["credited_seconds"] == 40
    clock.move(seconds=10)
    assert (await hand_in(reading, ticket, read(0, 60))).json()["progress"]["credited_seconds"] == 10
    assert (await reading.beat(online, "3")).json()["credited_seconds"] == 40
    clock.move(seconds=5)
    assert (await reading.beat(online, "4")).json()["credited_seconds"] == 45


async def test_one_event_may_come_as_a_heartbeat_with_its_ticket(reading: Reading, clock: MovableClock) -> None:
    lesson = await lesson_of(reading)
    ticket = await fetch(reading, lesson)
    clock.move(hours=1)
    for event, credited in zip(read(0, 20, 20), (0, 20, 20), strict=True):
        answer = await reading.client.put(
            f"/lessons/{lesson}/progress", headers=reading.member.auth, json={**event, "ticket": ticket}
        )
        assert (answer.status_code, answer.json()["credited_seconds"]) == (200, credited)
    other = await reading.client.put(
        "/lessons/999/progress", headers=reading.member.auth, json={**read(30)[0], "ticket": ticket}
    )
    assert (other.status_code, other.json()["code"]) == (422, "ticket_invalid")
    alone = await reading.client.put(f"/lessons/{lesson}/progress", headers=reading.member.auth, json=read(30)[0])
    assert alone.status_code == 422
    assert "一起提交" in alone.json()["detail"]


async def test_a_heartbeat_whose_answer_was_lost_is_known_when_it_is_handed_in(
    reading: Reading, clock: MovableClock
) -> None:
    lesson = await lesson_of(reading)
    ticket = await fetch(reading, lesson)
    await reading.beat(lesson, "e0")
    clock.move(seconds=15)
    await reading.beat(lesson, "e15")
    clock.move(hours=1)
    answer = await hand_in(reading, ticket, read(0, 15, 25))
    assert states(answer) == ["duplicate", "duplicate", "accepted"]
    assert answer.json()["progress"]["credited_seconds"] == 15 + 10


async def test_a_ticket_is_good_for_its_member_as_it_is_and_for_thirty_days(
    reading: Reading, world: World, clock: MovableClock
) -> None:
    lesson = await lesson_of(reading)
    ticket = await fetch(reading, lesson)
    other = await world.signed_in_member(100)
    theirs = (await reading.client.get(f"/lessons/{lesson}", headers=other.auth)).headers["reading-ticket"]
    parts = ticket.split(".")
    earlier = ".".join([*parts[:2], str(int(parts[2]) - 10**9), parts[3]])
    for wrong in (theirs, earlier, "x", f"{ticket}A", ticket.replace(parts[0], "9", 1), ticket[:-1]):
        answer = await hand_in(reading, wrong, read(0))
        assert (answer.status_code, answer.json()["code"]) == (422, "ticket_invalid"), wrong
    await later(reading, clock, days=29, hours=23)
    async with transaction(reading.service.sessions) as session:
        await session.execute(update(Issue).values(state="withdrawn"))
    assert states(await hand_in(reading, ticket, read(0))) == ["accepted"]  # it was given, and it was read
    await later(reading, clock, hours=1)
    answer = await hand_in(reading, ticket, read(1))
    assert (answer.status_code, answer.json()["code"]) == (409, "ticket_expired")
    assert "重新打开" in answer.json()["detail"]


async def test_a_lesson_that_the_phone_has_comes_with_a_new_ticket(reading: Reading, clock: MovableClock) -> None:
    lesson = await lesson_of(reading)
    first = await reading.get(f"/lessons/{lesson}")
    clock.move(minutes=5)
    known = await reading.get(f"/lessons/{lesson}", **{"If-None-Match": first.headers["etag"]})
    assert known.status_code == 304
    assert known.headers["reading-ticket"] != first.headers["reading-ticket"]
    assert states(await hand_in(reading, known.headers["reading-ticket"], read(0))) == ["accepted"]


async def correct(reading: Reading, lesson: int) -> None:
    """A substantive correction: the next version, of the next edition."""
    async with transaction(reading.service.sessions) as session:
        row = await session.get_one(Lesson, lesson)
        old = await session.get_one(LessonVersion, row.current_version_id)
        values = {each.name: getattr(old, each.name) for each in LessonVersion.__table__.columns if each.name != "id"}
        new = LessonVersion(**{**values, "number": old.number + 1, "edition": old.edition + 1})
        session.add(new)
        await session.flush()
        row.current_version_id = new.id


async def test_credit_belongs_to_the_edition_that_the_phone_had(reading: Reading, clock: MovableClock) -> None:
    lesson = await lesson_of(reading)
    old = await fetch(reading, lesson)
    await correct(reading, lesson)
    clock.move(hours=1)
    answer = await hand_in(reading, old, read(0, 20))
    assert answer.json()["progress"]["completed_at"] is not None
    assert (await reading.get(f"/lessons/{lesson}/progress")).json()["remaining_seconds"] == 20  # the new one is unread
    new = await fetch(reading, lesson)
    clock.move(hours=1)
    assert (await hand_in(reading, new, read(0, 5, name="n"))).json()["progress"]["credited_seconds"] == 5
    late = await hand_in(reading, old, read(20, 30))
    assert states(late) == ["duplicate", "earlier_edition"]
    async with transaction(reading.service.sessions) as session:
        row = await session.get_one(ReadingProgress, (reading.member.id, lesson))
        assert (row.edition, row.version, row.credited_ms) == (2, 2, 5000)
        assert await session.scalar(select(EarlierCompletion.edition)) == 1
        assert await session.scalar(select(func.count()).select_from(OfflineEvent)) == 5


async def test_devices_that_hand_in_at_once_lose_nothing_and_gain_nothing(
    reading: Reading, clock: MovableClock
) -> None:
    lessons = [await reading.lesson() for _ in range(3)]
    await reading.issue(*lessons)
    tickets = [await fetch(reading, lesson) for lesson in lessons]
    clock.move(seconds=100)
    answers = await asyncio.gather(
        *(hand_in(reading, ticket, read(*range(0, 300, 50), name=ticket[:2])) for ticket in tickets for _ in range(3))
    )
    assert {answer.status_code for answer in answers} == {200}
    async with transaction(reading.service.sessions) as session:
        assert await session.scalar(select(func.sum(ReadingProgress.credited_ms))) == 100_000
        assert await session.scalar(select(func.count()).select_from(OfflineEvent)) == 18


async def test_devices_with_and_without_network_at_once_share_the_time(reading: Reading, clock: MovableClock) -> None:
    lessons = [await reading.lesson() for _ in range(3)]
    await reading.issue(*lessons)
    tickets = [await fetch(reading, lesson) for lesson in lessons]
    await asyncio.gather(*(reading.beat(lesson, "first") for lesson in lessons))
    clock.move(seconds=50)
    answers = await asyncio.gather(
        *(reading.beat(lesson, f"{lesson}-{number}") for lesson in lessons for number in range(3)),
        *(hand_in(reading, ticket, read(0, 30, 59, name=ticket[:2])) for ticket in tickets for _ in range(2)),
    )
    assert {answer.status_code for answer in answers} == {200}
    async with transaction(reading.service.sessions) as session:
        assert await session.scalar(select(func.sum(ReadingProgress.credited_ms))) == 50_000


async def test_events_are_kept_as_long_as_their_tickets_and_not_without_end(
    reading: Reading, clock: MovableClock
) -> None:
    lesson = await lesson_of(reading)
    ticket = await fetch(reading, lesson)
    now = clock.now
    async with transaction(reading.service.sessions) as session:
        session.add_all(
            OfflineEvent(
                member_id=reading.member.id, heartbeat=digest(str(number)), lesson_id=lesson, version=1, fetched_at=now,
                read_us=number, position=0, credited_ms=0, accepted_at=now,
            )
            for number in range(MOST_EVENTS)
        )  # fmt: skip
    refused = await hand_in(reading, ticket, read(0))
    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_events")
    await later(reading, clock, days=32)
    assert states(await hand_in(reading, await fetch(reading, lesson), read(0))) == ["accepted"]
    async with transaction(reading.service.sessions) as session:
        assert await session.scalar(select(func.count()).select_from(OfflineEvent)) == 1


def test_a_ticket_has_no_member_to_read(service: Service, clock: MovableClock) -> None:
    ticket = Ticket(5, 1, clock.now)
    one, two = (sign_ticket(service.settings, member_id, ticket) for member_id in (424242, 2))
    assert one != two
    assert one.rsplit(".", 1)[0] == two.rsplit(".", 1)[0] == f"5.1.{int(clock.now.timestamp() * 10**6)}"
