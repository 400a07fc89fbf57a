"""Which meetings a member sees."""

from datetime import timedelta

import httpx
import pytest

from app.db.engine import transaction
from app.meetings.models import Meeting
from tests.conftest import MovableClock
from tests.world import Person, World


async def meeting(world: World, organisation: int, *, starts_in: timedelta = timedelta(days=1), **more: object) -> int:
    """A meeting of two hours."""
    now = world.service.clock()
    leader = await world.staff(("leader", organisation))
    values: dict[str, object] = {
        "organisation_id": organisation,
        "kind": "theme_day",
        "title": f"会议{organisation}",
        "agenda": "议程",
        "starts_at": now + starts_in,
        "ends_at": now + starts_in + timedelta(hours=2),
        "join_link": "https://example.org/j",
        "meeting_code": "123",
        "meeting_password": "456",
        "created_by": leader.id,
        "created_at": now,
        **more,
    }
    async with transaction(world.service.sessions) as session:
        row = Meeting(**values)
        session.add(row)
        await session.flush()
        return row.id


async def listed(client: httpx.AsyncClient, member: Person) -> list[int]:
    return [item["id"] for item in (await client.get("/meetings", headers=member.auth)).json()["items"]]


@pytest.mark.parametrize(("roster", "seen"), [("floating", {1, 10, 100}), ("in_service", {100}), ("no_post", {100})])
async def test_a_member_sees_the_own_branch_and_a_floating_one_those_above(
    client: httpx.AsyncClient, world: World, roster: str, seen: set[int]
) -> None:
    ids = {organisation: await meeting(world, organisation) for organisation in (1, 2, 10, 11, 100, 101, 110)}
    member = await world.signed_in_member(100, roster=roster)
    assert set(await listed(client, member)) == {ids[organisation] for organisation in seen}
    for organisation, id_ in ids.items():
        answer = await client.get(f"/meetings/{id_}", headers=member.auth)
        assert answer.status_code == (200 if organisation in seen else 404)


async def test_a_meeting_below_is_not_shown(client: httpx.AsyncClient, world: World) -> None:
    await meeting(world, 100)
    assert await listed(client, await world.signed_in_member(10, roster="floating")) == []


async def test_one_meeting_is_shown_with_its_way_in_and_the_list_without(
    client: httpx.AsyncClient, world: World
) -> None:
    id_ = await meeting(world, 100)
    member = await world.signed_in_member(100)
    brief = {
        "id": id_, "organisation_id": 100, "organisation": "一支部", "kind": "theme_day", "kind_name": "主题党日",
        "title": "会议100", "starts_at": "2026-11-17T02:00:00Z", "ends_at": "2026-11-17T04:00:00Z",
        "timezone": "Asia/Shanghai", "cancelled": False,
    }  # fmt: skip
    assert (await client.get("/meetings", headers=member.auth)).json() == {"items": [brief], "next": None}
    assert (await client.get(f"/meetings/{id_}", headers=member.auth)).json() == {
        **brief, "agenda": "议程", "join_link": "https://example.org/j", "meeting_code": "123",
        "meeting_password": "456",
    }  # fmt: skip


async def test_a_cancelled_meeting_is_shown_as_such(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    await meeting(world, 100, cancelled_at=clock.now)
    member = await world.signed_in_member(100)
    (item,) = (await client.get("/meetings", headers=member.auth)).json()["items"]
    assert item["cancelled"] is True


@pytest.mark.parametrize(("ago", "shown"), [(timedelta(0), True), (timedelta(seconds=1), False)])
async def test_a_meeting_is_shown_for_thirty_days_after_its_end(
    client: httpx.AsyncClient, world: World, ago: timedelta, shown: bool
) -> None:
    id_ = await meeting(world, 100, starts_in=-timedelta(days=30, hours=2) - ago)
    member = await world.signed_in_member(100)
    assert (await listed(client, member) == [id_]) is shown
    assert (await client.get(f"/meetings/{id_}", headers=member.auth)).status_code == (200 if shown else 404)


async def test_the_list_goes_on_page_by_page_though_starts_are_equal(client: httpx.AsyncClient, world: World) -> None:
    ids = [await meeting(world, 100, starts_in=timedelta(days=days)) for days in (1, 3, 2, 3, 1)]
    member = await world.signed_in_member(100)
    seen: list[int] = []
    following: str | None = ""
    while following is not None:
        query = f"?limit=2{following and f'&cursor={following}'}"
        answer = (await client.get(f"/meetings{query}", headers=member.auth)).json()
        seen += [item["id"] for item in answer["items"]]
        following = answer["next"]
    assert seen == [ids[3], ids[1], ids[2], ids[4], ids[0]]


async def test_staff_and_unbound_users_have_no_meetings(client: httpx.AsyncClient, world: World) -> None:
    staff, unbound = await world.staff(("leader", 10)), await world.unbound_wechat()
    assert (await client.get("/meetings", headers=staff.auth)).status_code == 401
    assert (await client.get("/meetings", headers=unbound.auth)).json()["code"] == "not_bound"
