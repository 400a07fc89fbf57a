"""The list of days that an organisation keeps: its own to edit, with some to take over."""

from datetime import date

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.messaging.anniversaries import MOST, SUGGESTED, kept_as
from tests.world import Person, World

DAY = {"name": "建站纪念日", "month": 11, "day": 16, "words": "2016 年的今天，党员驿站建成。"}


@pytest.fixture
async def admin(world: World) -> Person:
    """Of the general branch 10."""
    return await world.staff(("administrator", 10))


async def add(client: httpx.AsyncClient, admin: Person, **more: object) -> httpx.Response:
    return await client.post("/organisations/10/anniversaries", json={**DAY, **more}, headers=admin.auth)


async def shown(client: httpx.AsyncClient, admin: Person) -> dict[str, list[dict[str, object]]]:
    answered = await client.get("/organisations/10/anniversaries", headers=admin.auth)
    assert answered.status_code == 200
    found: dict[str, list[dict[str, object]]] = answered.json()
    return found


async def test_nothing_is_in_the_list_but_what_the_organisation_puts_there(
    client: httpx.AsyncClient, admin: Person
) -> None:
    empty = await shown(client, admin)
    assert empty["items"] == []
    assert {(each["month"], each["day"]) for each in empty["suggested"]} >= {(7, 1), (8, 1), (10, 1)}
    taken = next(each for each in empty["suggested"] if each["month"] == 7)
    made = (await add(client, admin, **taken)).json()
    assert made == {"id": made["id"], "organisation_id": 10, "enabled": True, **taken}
    after = await shown(client, admin)
    assert after["items"] == [made]
    assert taken not in after["suggested"]
    assert len(after["suggested"]) == len(SUGGESTED) - 1


async def test_the_list_is_by_day_and_each_entry_can_be_changed_and_struck_off(
    client: httpx.AsyncClient, admin: Person
) -> None:
    late = (await add(client, admin)).json()
    early = (await add(client, admin, month=2, day=29, name="闰日")).json()
    assert [each["id"] for each in (await shown(client, admin))["items"]] == [early["id"], late["id"]]
    path = f"/anniversaries/{late['id']}"
    changed = (await client.patch(path, json={"day": 17, "words": "", "enabled": False}, headers=admin.auth)).json()
    assert changed == {**late, "day": 17, "words": "", "enabled": False}
    assert (await client.delete(path, headers=admin.auth)).status_code == 204
    assert (await client.delete(path, headers=admin.auth)).status_code == 404
    actions = [each["action"] for each in (await client.get("/audit", headers=admin.auth)).json()["items"]]
    assert actions[:3] == ["anniversary.deleted", "anniversary.changed", "anniversary.created"]


@pytest.mark.parametrize(("month", "day"), [(2, 30), (4, 31), (11, 31)])
async def test_a_day_that_its_month_has_not_is_refused(
    client: httpx.AsyncClient, admin: Person, month: int, day: int
) -> None:
    assert (await add(client, admin, month=month, day=day)).json()["code"] == "no_such_day"
    made = (await add(client, admin, month=1, day=day)).json()
    moved = await client.patch(f"/anniversaries/{made['id']}", json={"month": month}, headers=admin.auth)
    assert moved.json()["code"] == "no_such_day"


async def test_the_same_day_of_the_same_name_is_not_kept_twice(client: httpx.AsyncClient, admin: Person) -> None:
    await add(client, admin)
    assert (await add(client, admin)).json()["code"] == "anniversary_exists"
    other = (await add(client, admin, name="另一个")).json()
    renamed = await client.patch(f"/anniversaries/{other['id']}", json={"name": DAY["name"]}, headers=admin.auth)
    assert (renamed.status_code, renamed.json()["code"]) == (409, "anniversary_exists")


async def test_a_list_has_an_end(client: httpx.AsyncClient, admin: Person) -> None:
    for number in range(MOST):
        assert (await add(client, admin, name=f"第{number}个")).status_code == 201
    assert (await add(client, admin, name="再一个")).json()["code"] == "too_many_anniversaries"


async def test_lists_are_reached_within_the_subtree_only(
    client: httpx.AsyncClient, world: World, admin: Person
) -> None:
    made = (await add(client, admin)).json()["id"]
    stranger = await world.staff(("administrator", 11))
    assert (await add(client, stranger)).status_code == 404
    assert (await client.get("/organisations/10/anniversaries", headers=stranger.auth)).status_code == 404
    for method in ("PATCH", "DELETE"):
        body = {"enabled": False} if method == "PATCH" else None
        answered = await client.request(method, f"/anniversaries/{made}", json=body, headers=stranger.auth)
        assert answered.status_code == 404


@given(st.integers(2000, 2100))
def test_each_day_of_the_calendar_is_kept_once_a_year(year: int) -> None:
    begins, ends = date(year, 1, 1), date(year, 12, 31)
    days = [date.fromordinal(number) for number in range(begins.toordinal(), ends.toordinal() + 1)]
    kept = [each for day in days for each in kept_as(day)]
    assert len(kept) == len(set(kept)) == 366
