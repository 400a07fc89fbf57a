"""Classes and training outside of the system: recorded by a leader, counted by rule and shown apart."""

from typing import Any

import httpx
import pytest

from tests.app.records.test_hours import hours_of
from tests.world import Person, World

DAY = "2026-11-10"


class Register:
    """A leader of 10 who records classes."""

    def __init__(self, client: httpx.AsyncClient, leader: Person) -> None:
        self.client, self.leader = client, leader

    async def record(self, *members: int, title: str = "县委党校培训", **more: Any) -> httpx.Response:
        body = {"title": title, "member_ids": members, "studied_on": DAY, "minutes": 480, **more}
        return await self.client.post("/organisations/10/recorded-classes", headers=self.leader.auth, json=body)


@pytest.fixture
async def register(client: httpx.AsyncClient, world: World) -> Register:
    return Register(client, await world.staff(("leader", 10)))


async def test_a_day_of_training_earns_eight_hours_once_and_is_shown_apart(register: Register, world: World) -> None:
    member = await world.signed_in_member(100)
    first, again = [(await register.record(member.id, member.id)).json() for _ in "ab"]
    assert [(each["recorded"], each["already"]) for each in (first, again)] == [(1, 0), (0, 1)]
    hours = await hours_of(register.client, member)
    assert hours["kinds"] == [{"kind": "class", "way": "attended", "count": 1, "hours": "8.00"}]
    record = (await register.client.get("/me/record", headers=member.auth)).json()
    assert (record["kinds"], record["weeks"]) == (hours["kinds"], [])
    assert (await register.client.get("/me/record.xlsx", headers=member.auth)).status_code == 200
    path = "/organisations/10/recorded-studies"
    (listed,) = (await register.client.get(path, headers=register.leader.auth)).json()["items"]
    assert (listed["title"], listed["minutes"], listed["issue"]) == ("县委党校培训", 480, None)
    assert (listed["way"], listed["completes"]) == ("attended", False)


async def test_what_was_recorded_wrongly_is_withdrawn_and_may_be_recorded_anew(
    register: Register, world: World
) -> None:
    member = await world.signed_in_member(100)
    (study,) = (await register.record(member.id)).json()["ids"]
    path = f"/recorded-studies/{study}/withdrawal"
    for _ in "ab":
        answer = await register.client.post(path, headers=register.leader.auth, json={"reason": "没有参加"})
        assert answer.status_code == 200
    assert (await hours_of(register.client, member))["hours"] == "0.00"
    assert (await register.record(member.id, minutes=180)).json()["recorded"] == 1
    assert (await hours_of(register.client, member))["hours"] == "4.00"


async def test_the_classes_of_a_day_count_no_more_than_a_day(register: Register, world: World) -> None:
    member = await world.signed_in_member(100, name="张测试")
    for title in ("上午", "下午"):
        assert (await register.record(member.id, title=title, minutes=180)).status_code == 201
    refused = await register.record(member.id, title="晚上", minutes=45)
    assert (refused.status_code, refused.json()["code"]) == (409, "class_day_full")
    assert "张测试" in refused.json()["detail"]
    assert (await hours_of(register.client, member))["hours"] == "8.00"


async def test_days_to_come_and_members_of_others_are_refused(register: Register, world: World) -> None:
    member, stranger = await world.member(100), await world.member(110)
    assert (await register.record(member, studied_on="2026-11-17")).json()["code"] == "date_in_future"
    assert (await register.record(member, stranger)).status_code == 404
    assert (await register.record(member, minutes=601)).status_code == 422
    assert (await register.record(member, title=" ")).status_code == 422
