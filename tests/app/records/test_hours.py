"""Study hours as members and leaders see them: earned by reading, meetings and quizzes, against what is asked."""

from datetime import timedelta
from io import BytesIO
from typing import Any

import httpx
from openpyxl import load_workbook

from app.db.engine import transaction
from app.meetings.models import Meeting
from app.resources import Service
from tests.app.library.desk import make_issue, make_lesson
from tests.app.quizzes.exam import RIGHT, Exam
from tests.conftest import MovableClock
from tests.world import Person, World


async def read_lesson(client: httpx.AsyncClient, clock: MovableClock, member: Person, lesson: int) -> None:
    """Heartbeats until a short lesson is done."""
    for number in range(2):
        body = {"position": 1.0, "heartbeat_id": f"{lesson}-{clock.now.timestamp()}-{number}"}
        assert (await client.put(f"/lessons/{lesson}/progress", headers=member.auth, json=body)).status_code == 200
        clock.move(seconds=60)
    await client.put(f"/lessons/{lesson}/progress", headers=member.auth, json={"position": 1, "heartbeat_id": "last"})


async def hours_of(client: httpx.AsyncClient, member: Person, **query: int) -> dict[str, Any]:
    answer = await client.get("/me/study-hours", headers=member.auth, params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def make_meeting(service: Service, organisation_id: int, author: Person, hours: int) -> int:
    now = service.clock()
    async with transaction(service.sessions) as session:
        meeting = Meeting(
            organisation_id=organisation_id, kind="party_lecture", title="党课", agenda="",
            starts_at=now + timedelta(minutes=9), ends_at=now + timedelta(hours=hours, minutes=9),
            join_link="https://meeting.example.com/1", meeting_code="", meeting_password="",
            created_by=author.id, created_at=now,
        )  # fmt: skip
        session.add(meeting)
        await session.flush()
        return meeting.id


async def test_a_lesson_that_is_read_earns_its_hours_once(
    client: httpx.AsyncClient, world: World, service: Service, clock: MovableClock
) -> None:
    editor, member = await world.staff(("editor", 1)), await world.signed_in_member(100)
    lesson = await make_lesson(service, 1, editor.id)
    await make_issue(service, 1, editor.id, [lesson], state="published")
    assert (await hours_of(client, member))["hours"] == "0.00"
    await read_lesson(client, clock, member, lesson)
    await read_lesson(client, clock, member, lesson)
    # Twenty seconds, the least, at 45 minutes for each hour.
    assert await hours_of(client, member) == {
        "year": 2026, "target": 32, "hours": "0.01", "recorded": "0.00", "missing": "31.99", "met": False,
        "exempt": False, "exempt_reason": None,
        "rule": {"article": "《中国共产党党员教育管理工作条例》第二十条", "version": "条例2019-默认"},
        "verdict": "2026 年已有 0.01 学时，距全年 32 学时还有 31.99 学时。",
        "kinds": [{"kind": "lesson", "way": "online", "count": 1, "hours": "0.01"}],
    }  # fmt: skip
    assert (await hours_of(client, member, year=2025))["hours"] == "0.00"


async def test_of_exempt_members_nothing_is_asked_and_what_they_do_is_counted(
    client: httpx.AsyncClient, world: World, service: Service, clock: MovableClock
) -> None:
    editor, member = await world.staff(("editor", 1)), await world.signed_in_member(100, exempt_reason="年老体弱")
    lesson = await make_lesson(service, 1, editor.id)
    await make_issue(service, 1, editor.id, [lesson], state="published")
    await read_lesson(client, clock, member, lesson)
    found = await hours_of(client, member)
    assert found["rule"]["article"] == "《中国共产党党员教育管理工作条例》第二十三条"
    assert (found["hours"], found["missing"], found["met"], found["exempt"]) == ("0.01", None, None, True)


async def test_who_was_at_a_meeting_has_its_hours_until_they_are_struck_off(
    client: httpx.AsyncClient, world: World, service: Service, clock: MovableClock
) -> None:
    leader, member, other = (
        await world.staff(("leader", 10)),
        await world.signed_in_member(100),
        await world.member(101),
    )
    stranger = await world.member(110)
    meeting = await make_meeting(service, 10, leader, 3)
    path = f"/meetings/{meeting}/attendance"

    async def put(*ids: int) -> httpx.Response:
        return await client.put(path, headers=leader.auth, json={"member_ids": ids})

    assert (await put(member.id)).json()["code"] == "meeting_to_come"
    clock.move(minutes=9)
    assert (await put(member.id, stranger)).status_code == 404
    assert (await put(member.id, other)).json()["attended"] == 2
    assert (await put(member.id, member.id)).json()["attended"] == 1
    assert (await hours_of(client, member))["hours"] == "4.00"
    shown = (await client.get(path, headers=leader.auth)).json()["items"]
    assert [(each["member_id"], each["attended"]) for each in shown] == [(member.id, True), (other, False)]
    year = (await client.get("/organisations/10/study-hours", headers=leader.auth)).json()
    assert [each["hours"] for each in year["items"]] == ["4.00", "0.00"]
    await put()
    assert (await hours_of(client, member))["hours"] == "0.00"
    assert (await put(member.id)).status_code == 200
    assert (await hours_of(client, member))["kinds"] == [
        {"kind": "meeting", "way": "attended", "count": 1, "hours": "4.00"}
    ]


async def test_a_quiz_that_is_passed_earns_hours_where_the_organisation_says_so(
    client: httpx.AsyncClient, world: World, service: Service
) -> None:
    exam = await Exam.build(client, world, service, shuffle_options=False)
    admin = await world.staff(("administrator", 1))

    async def pass_it() -> str:
        attempt = (await exam.open()).json()
        await exam.answer(attempt, RIGHT)
        assert (await exam.submit(attempt["id"])).json()["passed"]
        found: str = (await hours_of(client, exam.member))["hours"]
        return found

    assert await pass_it() == "0.00"
    put = await client.put("/organisations/1/settings/quiz_minutes", headers=admin.auth, json={"value": 9})
    assert put.status_code == 200
    assert [await pass_it(), await pass_it()] == ["0.20", "0.20"]


async def test_a_leader_sees_the_year_of_each_member_without_a_ranking_and_exports_the_same(
    client: httpx.AsyncClient, world: World, service: Service, clock: MovableClock
) -> None:
    leader, admin = await world.staff(("leader", 10)), await world.staff(("administrator", 1))
    names = {100: "=乙", 101: "甲"}
    people = {place: await world.member(place, name=name) for place, name in names.items()}
    exempt = await world.member(101, name="丙", exempt_reason="年老体弱")
    meeting = await make_meeting(service, 10, leader, 3)
    clock.move(minutes=9)
    body = {"member_ids": [people[101], exempt]}
    await client.put(f"/meetings/{meeting}/attendance", headers=leader.auth, json=body)
    # Branch 101 asks for no more than what its member has.
    await client.put("/organisations/101/settings/hours_a_year", headers=admin.auth, json={"value": 4})
    first = (await client.get("/organisations/10/study-hours?limit=2", headers=leader.auth)).json()
    rest = await client.get(f"/organisations/10/study-hours?limit=2&cursor={first['next']}", headers=leader.auth)
    assert (first["due"], first["met"], first["exempt"]) == (2, 1, 1)
    rows = first["items"] + rest.json()["items"]
    assert [(each["member_id"], each["hours"], each["target"], each["missing"], each["met"]) for each in rows] == [
        (people[100], "0.00", 32, "32.00", False),
        (people[101], "4.00", 4, "0.00", True),
        (exempt, "4.00", 4, None, None),
    ]
    assert rest.json()["next"] is None
    exported = await client.get("/organisations/10/study-hours.xlsx", headers=leader.auth)
    sheet = load_workbook(BytesIO(exported.content))["学时"]
    assert [[cell.value for cell in row][1:8] for row in sheet.iter_rows(min_row=2)] == [
        ["'=乙", "一支部", 0, 0, 32, 32, "否"],
        ["甲", "二支部", 4, 0, 4, 0, "是"],
        ["丙", "二支部", 4, 0, None, None, None],
    ]
