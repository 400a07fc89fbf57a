"""Pairs of entries of the roster that may be one person, and how such a pair is settled."""

import asyncio

import httpx
import pytest

from tests.app.organisations.people import audited, seal_phone, set_up
from tests.world import Person, World


@pytest.fixture
async def leader(world: World) -> Person:
    return await world.staff(("leader", 10))


async def pairs(client: httpx.AsyncClient, staff: Person, path: str = "10") -> list[tuple[int, int, bool, bool]]:
    organisation, _, query = path.partition("?")
    answer = await client.get(f"/organisations/{organisation}/possible-duplicates?{query}", headers=staff.auth)
    assert answer.status_code == 200, answer.text
    return [
        (pair["first"]["id"], pair["second"]["id"], pair["same_phone"], pair["same_name_and_birth_month"])
        for pair in answer.json()["items"]
    ]


async def test_one_person_on_two_rosters_is_seen_by_the_superior(
    client: httpx.AsyncClient, world: World, leader: Person
) -> None:
    one = await world.member(100, name="张三", birth_month="1985-07")
    other = await world.member(101, name="张三", birth_month="1985-07")
    wife = await world.member(101, name="王五")
    for member in (one, other, wife):
        await seal_phone(world, member, "19912345678")
    twin = (
        await world.member(10, name="李四", birth_month="1990-01"),
        await world.member(10, name="李四", birth_month="1990-01"),
    )
    await world.member(10, name="李四")
    await world.member(10, name="李四")
    found = [(one, other, True, True), (one, wife, True, False), (other, wife, True, False), (*twin, False, True)]
    assert await pairs(client, leader) == found
    assert await pairs(client, leader, "101") == [(other, wife, True, False)]
    answer = (await client.get("/organisations/10/possible-duplicates?limit=1", headers=leader.auth)).json()
    assert answer["items"][0]["second"]["phone_masked"] == "199****5678"
    assert answer["items"][0]["second"]["organisation"] == "二支部"
    assert (await audited(world, "duplicates.viewed"))[-1].detail == {"count": 1}


async def test_pairs_are_paged_even_where_one_person_is_in_many(
    client: httpx.AsyncClient, world: World, leader: Person
) -> None:
    people = [await world.member(100) for _ in range(4)]
    for member in people:
        await seal_phone(world, member, "19912345678")
    seen: list[tuple[int, int]] = []
    query = "limit=2"
    while True:
        answer = await client.get(f"/organisations/10/possible-duplicates?{query}", headers=leader.auth)
        seen += [(pair["first"]["id"], pair["second"]["id"]) for pair in answer.json()["items"]]
        if answer.json()["next"] is None:
            break
        query = f"limit=2&cursor={answer.json()['next']}"
    assert seen == [(one, other) for one in people for other in people if one < other]


async def test_archiving_one_of_the_two_settles_it(client: httpx.AsyncClient, world: World, leader: Person) -> None:
    one, other = [await world.member(100, name="张三", birth_month="1985-07") for _ in range(2)]
    assert await pairs(client, leader) == [(one, other, False, True)]
    await client.post(f"/members/{other}/archive", json={"reason": "duplicate"}, headers=leader.auth)
    assert await pairs(client, leader) == []


async def test_nobody_out_of_reach_or_of_a_practice_is_half_of_a_pair(
    client: httpx.AsyncClient, world: World, leader: Person
) -> None:
    await set_up(world, 101, practice=True)
    for place in (100, 101, 110):
        await world.member(place, name="张三", birth_month="1985-07")
    assert await pairs(client, leader) == []
    for organisation in (1, 11, 2):
        answer = await client.get(f"/organisations/{organisation}/possible-duplicates", headers=leader.auth)
        assert answer.status_code == 404


@pytest.mark.parametrize("cursor", ["1", "1-", "a-b", "1-99999999999999999999", "1-2-3"])
async def test_a_made_up_cursor_is_refused(client: httpx.AsyncClient, leader: Person, cursor: str) -> None:
    answer = await client.get(f"/organisations/10/possible-duplicates?cursor={cursor}", headers=leader.auth)
    assert answer.status_code == 422


@pytest.mark.parametrize("said", [{"phone": "19912345678"}, {"birth_month": "1985-07"}])
async def test_of_two_who_enter_one_person_at_once_the_later_one_is_asked(
    client: httpx.AsyncClient, leader: Person, said: dict[str, str]
) -> None:
    bodies = [{"organisation_id": place, "name": "张三", **said} for place in (100, 101)]
    answers = await asyncio.gather(*(client.post("/members", json=body, headers=leader.auth) for body in bodies))
    assert sorted(each.status_code for each in answers) == [201, 409]
