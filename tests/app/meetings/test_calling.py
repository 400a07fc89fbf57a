"""Leaders call, change and cancel meetings; announcements and reminders follow in the same transaction."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import select, update

from app.db.engine import transaction
from app.directory.models import Session
from app.meetings.models import MEETING_KINDS
from app.meetings.service import KIND_NAMES, due_reminder
from app.messaging.models import Campaign, Schedule
from app.messaging.service import Audience
from tests.conftest import MovableClock
from tests.world import Person, World

START = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
LINK = "https://meeting.tencent.com/dm/abc?x=1"
BODY = {
    "organisation_id": 10,
    "kind": "members_meeting",
    "title": "十一月党员大会",
    "starts_at": START.isoformat(),
    "ends_at": (START + timedelta(hours=2)).isoformat(),
    "join_link": LINK,
}


async def call(client: httpx.AsyncClient, leader: Person, **more: object) -> httpx.Response:
    return await client.post("/meetings", json={**BODY, **more}, headers=leader.auth)


async def campaigns(world: World) -> list[Campaign]:
    async with world.service.sessions() as session:
        return list(await session.scalars(select(Campaign).order_by(Campaign.id)))


async def reminders(world: World) -> list[tuple[datetime, int]]:
    async with world.service.sessions() as session:
        rows = await session.scalars(
            select(Schedule).where(Schedule.enabled, Schedule.next_due_at.is_not(None)).order_by(Schedule.once_at)
        )
        return [(row.next_due_at, row.late_seconds) for row in rows if row.next_due_at is not None]


def expected_reminders(start: datetime) -> list[tuple[datetime, int]]:
    return [(start - timedelta(hours=24), 22 * 3600), (start - timedelta(hours=1), 3600)]


async def test_a_called_meeting_is_announced_to_floating_members_and_reminded_of_twice(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    leader = await world.staff(("leader", 10))
    answer = await call(client, leader, agenda="一、\n二、", meeting_code="123 456", meeting_password="9876")
    assert answer.status_code == 201
    meeting = answer.json()
    assert (meeting["title"], meeting["agenda"], meeting["cancelled"]) == ("十一月党员大会", "一、\n二、", False)
    (notice,) = await campaigns(world)
    assert (notice.kind, notice.organisation_id, notice.subject_id) == ("meeting_notice", 10, meeting["id"])
    assert notice.audience == asdict(Audience(path="/1/10/", floating_only=True))
    assert notice.expires_at == START
    assert notice.event == {
        "title": "十一月党员大会",
        "kind": "members_meeting",
        "kind_name": "支部党员大会",
        "organisation": "东片党总支",
        "starts_at": "2026-11-20T06:00:00+00:00",
        "ends_at": "2026-11-20T08:00:00+00:00",
        "timezone": "Asia/Shanghai",
        "join_link": LINK,
        "meeting_code": "123 456",
        "meeting_password": "9876",
    }
    assert await reminders(world) == expected_reminders(START)
    admin = await world.staff(("administrator", 10))
    (entry,) = (await client.get("/audit", headers=admin.auth)).json()["items"]
    assert (entry["action"], entry["object_id"], entry["detail"]) == (
        "meeting.created", meeting["id"], {"kind": "members_meeting"},
    )  # fmt: skip


@pytest.mark.parametrize(("ahead", "count"), [(25, 2), (24, 1), (2, 1), (1, 0), (0.5, 0)])
async def test_only_reminders_that_are_still_to_come_are_set_up(
    client: httpx.AsyncClient, world: World, clock: MovableClock, ahead: float, count: int
) -> None:
    leader = await world.staff(("leader", 10))
    start = clock.now + timedelta(hours=ahead)
    times = {"starts_at": start.isoformat(), "ends_at": (start + timedelta(hours=1)).isoformat()}
    assert (await call(client, leader, **times)).status_code == 201
    assert len(await reminders(world)) == count


@pytest.mark.parametrize(
    ("start", "length", "status"),
    [
        (timedelta(0), timedelta(hours=1), 422),
        (timedelta(seconds=1), timedelta(hours=1), 201),
        (timedelta(days=365), timedelta(hours=24), 201),
        (timedelta(days=365, seconds=1), timedelta(hours=1), 422),
        (timedelta(days=1), timedelta(0), 422),
        (timedelta(days=1), timedelta(hours=-1), 422),
        (timedelta(days=1), timedelta(hours=24, seconds=1), 422),
    ],
)
async def test_a_meeting_is_within_a_year_and_at_most_a_day_long(
    client: httpx.AsyncClient, world: World, clock: MovableClock, start: timedelta, length: timedelta, status: int
) -> None:
    leader = await world.staff(("leader", 10))
    begins = clock.now + start
    answer = await call(client, leader, starts_at=begins.isoformat(), ends_at=(begins + length).isoformat())
    assert answer.status_code == status
    assert status == 201 or answer.json()["code"] == "bad_times"


@pytest.mark.parametrize(
    "link",
    [
        "ftp://example.org/",
        "javascript:alert(1)",
        "https://",
        "https:///path",
        "https://user:pass@example.org/",
        "https://user@example.org/",
        "https://example.org:99999/",
        "https://[::1/",
        "https://exa mple.org/",
        "https://example.org/\n",
        "https://example.org\\@evil.org/",
        "https://例子.org/",
        "https://example.org/" + "a" * 500,
        "",
    ],
)
async def test_a_link_that_does_not_say_where_it_leads_is_refused(
    client: httpx.AsyncClient, world: World, link: str
) -> None:
    leader = await world.staff(("leader", 10))
    assert (await call(client, leader, join_link=link)).status_code == 422


@pytest.mark.parametrize(
    "more",
    [
        {"kind": "party"},
        {"title": "长" * 61},
        {"title": " "},
        {"agenda": "长" * 2001},
        {"agenda": "\x07"},
        {"meeting_code": "1" * 33},
        {"meeting_password": "a\nb"},
        {"starts_at": "2026-11-20T06:00:00"},
        {"created_by": 1},
    ],
)
async def test_a_field_that_does_not_fit_is_refused(
    client: httpx.AsyncClient, world: World, more: dict[str, object]
) -> None:
    leader = await world.staff(("leader", 10))
    assert (await call(client, leader, **more)).status_code == 422


async def test_every_kind_of_meeting_has_its_name() -> None:
    assert set(KIND_NAMES) == set(MEETING_KINDS)


async def test_a_retried_call_makes_one_meeting(client: httpx.AsyncClient, world: World) -> None:
    leader = await world.staff(("leader", 10))
    headers = {**leader.auth, "Idempotency-Key": "k"}
    answers = [await client.post("/meetings", json=BODY, headers=headers) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert len(await campaigns(world)) == 1


async def test_a_leader_reaches_the_subtree_only(client: httpx.AsyncClient, world: World) -> None:
    leader, sibling = await world.staff(("leader", 10), ("editor", 1)), await world.staff(("leader", 11))
    assert (await call(client, leader, organisation_id=100)).status_code == 201
    for organisation in (1, 11, 110, 2):
        assert (await call(client, leader, organisation_id=organisation)).status_code == 404
        listed = await client.get(f"/organisations/{organisation}/meetings", headers=leader.auth)
        assert listed.status_code == 404
    meeting = (await call(client, leader)).json()["id"]
    changed = await client.patch(f"/meetings/{meeting}", json={"title": "改"}, headers=sibling.auth)
    cancelled = await client.post(f"/meetings/{meeting}/cancellation", headers=sibling.auth)
    assert (changed.status_code, cancelled.status_code) == (404, 404)
    editor = await world.staff(("editor", 10), ("administrator", 10))
    assert (await call(client, editor)).status_code == 403


async def test_a_new_time_moves_the_reminders_and_is_announced_in_place_of_the_old_one(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    leader = await world.staff(("leader", 10))
    meeting = (await call(client, leader)).json()["id"]
    clock.move(minutes=10)
    start = START + timedelta(days=7)
    times = {"starts_at": start.isoformat(), "ends_at": (start + timedelta(hours=2)).isoformat()}
    answer = await client.patch(f"/meetings/{meeting}", json=times, headers=leader.auth)
    assert answer.status_code == 200
    assert await reminders(world) == expected_reminders(start)
    notice, changed = await campaigns(world)
    assert notice.expires_at == clock.now
    assert (changed.kind, changed.expires_at, changed.event["starts_at"]) == (
        "meeting_changed", start, start.isoformat(),
    )  # fmt: skip


async def test_a_new_way_in_is_announced_and_a_new_title_is_not(client: httpx.AsyncClient, world: World) -> None:
    leader = await world.staff(("leader", 10))
    meeting = (await call(client, leader, agenda="旧")).json()["id"]
    quiet = {"title": "新标题", "agenda": "", "join_link": LINK}
    answer = await client.patch(f"/meetings/{meeting}", json=quiet, headers=leader.auth)
    assert (answer.json()["title"], answer.json()["agenda"]) == ("新标题", "")
    assert len(await campaigns(world)) == 1
    for change in ({"join_link": "https://example.org/new"}, {"meeting_code": "42"}, {"meeting_password": "s"}):
        await client.patch(f"/meetings/{meeting}", json=change, headers=leader.auth)
    assert [campaign.kind for campaign in await campaigns(world)] == ["meeting_notice"] + ["meeting_changed"] * 3
    assert await reminders(world) == expected_reminders(START)


async def test_reminders_are_listed_under_the_title_that_the_meeting_has_now(
    client: httpx.AsyncClient, world: World
) -> None:
    leader, admin = await world.staff(("leader", 10)), await world.staff(("administrator", 10))
    meeting, _ = [(await call(client, leader)).json()["id"] for _ in range(2)]

    async def titles() -> list[tuple[bool, str]]:
        listed = (await client.get("/schedules", headers=admin.auth)).json()["items"]
        return sorted((each["subject_id"] == meeting, each["title"]) for each in listed)

    assert await titles() == [(False, "十一月党员大会")] * 2 + [(True, "十一月党员大会")] * 2
    await client.patch(f"/meetings/{meeting}", json={"title": "新标题"}, headers=leader.auth)
    assert await titles() == [(False, "十一月党员大会")] * 2 + [(True, "新标题")] * 2


async def test_a_change_keeps_the_meeting_in_its_bounds(client: httpx.AsyncClient, world: World) -> None:
    leader = await world.staff(("leader", 10))
    meeting = (await call(client, leader)).json()["id"]
    for change in ({"ends_at": START.isoformat()}, {"starts_at": (START - timedelta(days=5)).isoformat()}):
        answer = await client.patch(f"/meetings/{meeting}", json=change, headers=leader.auth)
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_times")
    assert await reminders(world) == expected_reminders(START)


async def test_a_cancelled_meeting_is_told_once_and_never_reminded_of(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    leader = await world.staff(("leader", 10))
    meeting = (await call(client, leader)).json()["id"]
    for _ in range(2):
        answer = await client.post(f"/meetings/{meeting}/cancellation", headers=leader.auth)
        assert (answer.status_code, answer.json()["cancelled"]) == (200, True)
    assert await reminders(world) == []
    notice, cancelled = await campaigns(world)
    assert notice.expires_at == clock.now
    assert (cancelled.kind, cancelled.expires_at) == ("meeting_cancelled", START)
    changed = await client.patch(f"/meetings/{meeting}", json={"title": "改"}, headers=leader.auth)
    assert (changed.status_code, changed.json()["code"]) == (409, "meeting_cancelled")


async def test_a_meeting_that_has_begun_stays_as_it_is(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    leader = await world.staff(("leader", 10))
    meeting = (await call(client, leader)).json()["id"]
    clock.now = START
    async with transaction(world.service.sessions) as session:
        await session.execute(update(Session).values(seen_at=clock.now, expires_at=clock.now + timedelta(days=1)))
    changed = await client.patch(f"/meetings/{meeting}", json={"title": "改"}, headers=leader.auth)
    cancelled = await client.post(f"/meetings/{meeting}/cancellation", headers=leader.auth)
    assert {changed.json()["code"], cancelled.json()["code"]} == {"meeting_begun"}


async def test_a_reminder_is_due_until_the_meeting_begins_or_is_cancelled(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    leader = await world.staff(("leader", 10))
    meeting = (await call(client, leader)).json()["id"]
    before = START - timedelta(seconds=1)
    async with world.service.sessions() as session:
        found = await due_reminder(session, meeting, before)
        assert found is not None
        assert found.id == meeting
        assert await due_reminder(session, meeting, START) is None
        assert await due_reminder(session, meeting + 1, before) is None
    await client.post(f"/meetings/{meeting}/cancellation", headers=leader.auth)
    async with world.service.sessions() as session:
        assert await due_reminder(session, meeting, before) is None


async def test_a_leader_lists_the_meetings_of_the_subtree_latest_first(client: httpx.AsyncClient, world: World) -> None:
    leader = await world.staff(("leader", 1))
    ids = []
    for days, organisation in ((2, 10), (0, 100), (1, 1), (3, 11), (1, 101)):
        start = START + timedelta(days=days)
        times = {"starts_at": start.isoformat(), "ends_at": (start + timedelta(hours=1)).isoformat()}
        ids.append((await call(client, leader, organisation_id=organisation, **times)).json()["id"])
    seen: list[int] = []
    following = ""
    while following is not None:
        query = f"?limit=2{following and f'&cursor={following}'}"
        answer = (await client.get(f"/organisations/10/meetings{query}", headers=leader.auth)).json()
        seen += [meeting["id"] for meeting in answer["items"]]
        assert all(meeting["join_link"] == LINK for meeting in answer["items"])
        following = answer["next"]
    assert seen == [ids[0], ids[4], ids[1]]
