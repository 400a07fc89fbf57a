"""The roster in reach: listed, and searched by what people type."""

from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app.db.engine import transaction
from app.directory.models import Member
from app.organisations.people.search import matching
from content.names import search_text
from tests.app.organisations.people import audited, seal_phone, set_up
from tests.world import Person, World


@pytest.fixture
async def leader(world: World) -> Person:
    return await world.staff(("leader", 10))


async def found(client: httpx.AsyncClient, staff: Person, **query: Any) -> list[int]:
    answer = await client.get("/members", params=query, headers=staff.auth)
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


async def test_the_member_list_masks_phones_and_says_who_is_bound(
    client: httpx.AsyncClient, world: World, leader: Person
) -> None:
    plain = await world.member(10, name="王甲", roster="floating", exempt_reason="年老体弱")
    bound = await world.signed_in_member(100, name="李乙", stage="probationary_member", tags=["青年"])
    await world.member(100, name="已归档", archived_at=world.service.clock())
    await world.member(11, name="别处")
    await seal_phone(world, bound.id, "19912345678")
    answer = await client.get("/organisations/10/members", headers=leader.auth)
    assert answer.json() == {
        "items": [
            {
                "id": plain, "name": "王甲", "organisation_id": 10, "organisation": "东片党总支",
                "stage": "full_member", "roster": "floating", "exempt": True, "bound": False, "phone_masked": None,
                "tags": [], "archived_at": None, "archive_reason": None,
            },
            {
                "id": bound.id, "name": "李乙", "organisation_id": 100, "organisation": "一支部",
                "stage": "probationary_member", "roster": "in_service", "exempt": False, "bound": True,
                "phone_masked": "199****5678", "tags": ["青年"], "archived_at": None, "archive_reason": None,
            },
        ],
        "next": None,
    }  # fmt: skip
    (entry,) = await audited(world, "members.viewed")
    assert (entry.object_id, entry.detail) == (10, {"count": 2})


async def test_the_member_list_is_paged_and_within_reach(client: httpx.AsyncClient, world: World) -> None:
    leader = await world.staff(("leader", 10), ("editor", 1))
    ids = [await world.member(100) for _ in range(3)]
    for path in ("/organisations/100/members?", "/members?organisation_id=100&", "/members?"):
        first = (await client.get(f"{path}limit=2", headers=leader.auth)).json()
        assert [item["id"] for item in first["items"]] == ids[:2]
        rest = (await client.get(f"{path}cursor={first['next']}", headers=leader.auth)).json()
        assert [item["id"] for item in rest["items"]] == ids[2:]
        assert rest["next"] is None
    for organisation in (1, 11, 110, 2):
        for path in (f"/organisations/{organisation}/members", f"/members?organisation_id={organisation}"):
            assert (await client.get(path, headers=leader.auth)).status_code == 404
    editor = await world.staff(("editor", 10), ("reviewer", 10))
    for path in ("/organisations/100/members", "/members", "/member-tags", "/members.xlsx"):
        assert (await client.get(path, headers=editor.auth)).status_code == 403


async def test_everybody_in_reach_of_any_post_is_found_and_nobody_else(client: httpx.AsyncClient, world: World) -> None:
    staff = await world.staff(("leader", 100), ("administrator", 11), ("editor", 20))
    people = {place: await world.member(place, name="张三") for place in (1, 10, 11, 20, 100, 101, 110)}
    assert await found(client, staff, q="张三") == [people[place] for place in (11, 100, 110)]


@pytest.mark.parametrize(
    ("q", "names"),
    [
        ("张", {"张三", "张三丰", "弓长张"}),
        ("三", {"张三", "张三丰"}),
        ("张三", {"张三", "张三丰"}),
        ("张 三", {"张三", "张三丰"}),
        ("zhangs", {"张三", "张三丰"}),
        ("ZhangSanF", {"张三丰"}),
        ("ｚｓ", {"张三", "张三丰"}),
        ("ZSF", {"张三丰"}),
        ("san", set()),
        ("angs", set()),
        ("shan", {"单雄信"}),
        ("dan", {"单雄信"}),
        ("买买提", {"买买提·艾力"}),
        ("·艾", {"买买提·艾力"}),
        ("%", set()),
        ("_", set()),
        ("张_丰", set()),
        ("\\", set()),
        ("/", set()),
    ],
)
async def test_names_are_found_by_parts_and_by_the_beginning_of_their_pinyin(
    client: httpx.AsyncClient, world: World, leader: Person, q: str, names: set[str]
) -> None:
    people = ("张三", "张三丰", "弓长张", "李四", "单雄信", "买买提·艾力")
    ids = {name: await world.member(100, name=name) for name in people}
    assert set(await found(client, leader, q=q)) == {ids[name] for name in names}


async def test_four_digits_end_a_phone_number_and_eleven_are_the_whole_one(
    client: httpx.AsyncClient, world: World, leader: Person
) -> None:
    one, other, nobody = [await world.member(100) for _ in range(3)]
    named = await world.member(100, name="5678")
    await seal_phone(world, one, "19912345678")
    await seal_phone(world, other, "19900005678")
    await seal_phone(world, nobody, "19956781234")
    for q, ids in (
        ("5678", [one, other]), ("５６７８", [one, other]), ("19912345678", [one]), ("+86 199-1234-5678", [one]),
        ("567", [named]), ("1234567", []), ("9999", []),
    ):  # fmt: skip
        assert (q, await found(client, leader, q=q)) == (q, ids)
    details = [entry.detail for entry in await audited(world, "members.viewed")]
    assert {detail["q"] for detail in details} == {"digits"}


async def test_filters_narrow_the_list_together(client: httpx.AsyncClient, world: World, leader: Person) -> None:
    plain = await world.member(100)
    marked = await world.member(
        101, stage="activist", roster="floating", tags=["青年", "务工"], exempt_reason="病", name="张三"
    )
    bound = (await world.signed_in_member(100)).id
    for query, ids in (
        ({"stage": "activist"}, [marked]), ({"roster": "floating"}, [marked]), ({"tag": "务工"}, [marked]),
        ({"tag": "务"}, []), ({"exempt": True}, [marked]), ({"exempt": False}, [plain, bound]),
        ({"bound": True}, [bound]), ({"bound": False}, [plain, marked]), ({"organisation_id": 101}, [marked]),
        ({"stage": "activist", "tag": "青年", "q": "zs", "organisation_id": 101}, [marked]),
        ({"stage": "activist", "bound": True}, []), ({"state": "archived"}, []),
    ):  # fmt: skip
        assert (query, await found(client, leader, **query)) == (query, ids)
    entry = (await audited(world, "members.viewed"))[9]
    assert (entry.organisation_id, entry.detail) == (
        101,
        {"count": 1, "q": "zs", "stage": "activist", "tag": "青年"},
    )


@pytest.mark.parametrize(
    "query", ["q=%00", "q=", "q=%20", "stage=boss", "state=gone", "exempt=maybe", "tag=%0A", "who=me", "limit=0"]
)
async def test_what_a_search_does_not_know_is_refused(client: httpx.AsyncClient, leader: Person, query: str) -> None:
    assert (await client.get(f"/members?{query}", headers=leader.auth)).status_code == 422


async def test_what_cannot_be_seen_finds_nobody(client: httpx.AsyncClient, world: World, leader: Person) -> None:
    await world.member(100, name="张三")
    for path in ("/members", "/members.xlsx"):
        answer = await client.get(path, params={"q": "\u200b\u2060"}, headers=leader.auth)
        assert (answer.status_code, answer.json()["code"]) == (422, "nothing_wanted")


async def test_every_reading_of_a_surname_finds_it(client: httpx.AsyncClient, world: World, leader: Person) -> None:
    member = await world.member(100, name="单行重")
    for typed in ("shan", "dan", "chan", "sxc"):
        assert await found(client, leader, q=typed) == [member], typed


async def test_people_of_a_practice_are_found_by_who_asks_for_it_or_works_there_only(
    client: httpx.AsyncClient, world: World, leader: Person
) -> None:
    await set_up(world, 101, practice=True)
    real, made_up = await world.member(100), await world.member(101)
    trainee = await world.staff(("leader", 101))
    assert await found(client, leader) == [real]
    assert await found(client, leader, organisation_id=10) == [real]
    assert await found(client, leader, organisation_id=101) == [made_up]
    assert await found(client, trainee) == [made_up]
    assert (await client.get(f"/members/{made_up}", headers=leader.auth)).json()["practice"] is True


async def test_the_tags_in_use_are_counted_to_choose_from(
    client: httpx.AsyncClient, world: World, leader: Person
) -> None:
    await world.member(100, tags=["青年", "务工"])
    await world.member(101, tags=["青年"])
    await world.member(101, tags=["退役"], archived_at=world.service.clock())
    await world.member(11, tags=["别处"])
    answer = await client.get("/member-tags", headers=leader.auth)
    assert answer.json() == {"items": [{"tag": "青年", "count": 2}, {"tag": "务工", "count": 1}]}
    answer = await client.get("/member-tags?organisation_id=101", headers=leader.auth)
    assert answer.json() == {"items": [{"tag": "青年", "count": 1}]}


# What names are written with: letters that lower case and width do not fold away together with their neighbours.
LETTERS = st.sampled_from([*"张三李四单曾万俟ABCabc·Ｄｅ%_\\/'"])


@pytest.fixture
async def one_member(world: World) -> tuple[World, int]:
    return world, await world.member(100, name="张三")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(LETTERS, min_size=1, max_size=8), data=st.data())
@example(name="张%三_", data=None)
async def test_whatever_part_of_a_name_is_typed_finds_it(
    one_member: tuple[World, int], name: str, data: st.DataObject | None
) -> None:
    world, member_id = one_member
    first = data.draw(st.integers(0, len(name) - 1)) if data else 1
    last = data.draw(st.integers(first, len(name) - 1)) if data else 3
    part = name[first : last + 1]
    assert await is_found(world, member_id, name, part)
    typed = data.draw(st.text(LETTERS, min_size=1, max_size=3)) if data else "_"
    lines = search_text(name).split("\n")[1:-1]
    key = search_text(typed).split("\n")[1]
    expected = key in lines[0] or any(line.startswith(key) for line in lines)
    assert await is_found(world, member_id, name, typed) == expected


async def is_found(world: World, member_id: int, name: str, typed: str) -> bool:
    async with transaction(world.service.sessions) as session:
        member = await session.get_one(Member, member_id)
        member.name, member.search_text = name, search_text(name)
        await session.flush()
        found = await session.scalar(select(Member.id).where(matching(world.service.vault, typed)))
        return found == member_id
