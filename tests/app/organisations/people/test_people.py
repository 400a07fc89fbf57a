"""One person of the roster over the API: added, looked at and changed."""

from datetime import datetime
from typing import Any

import httpx
import pytest

from app.directory.models import Member
from tests.app.organisations.people import audited, members, places, seal_phone, set_up
from tests.world import World

NEW = {
    "organisation_id": 100, "name": " 张　三 ", "phone": "+86 199-1234-5678", "stage": "probationary_member",
    "roster": "no_post", "birth_month": "1985-07", "joined_on": "2010-07-01", "tags": ["青年", " 务工 ", "青年"],
    "exempt_reason": "年老体弱",
}  # fmt: skip


async def test_an_added_person_is_cleaned_sealed_found_and_placed(client: httpx.AsyncClient, world: World) -> None:
    leader = await world.staff(("leader", 10))
    answer = await client.post("/members", json=NEW, headers=leader.auth)
    assert answer.status_code == 201, answer.text
    now = world.service.clock()
    told = answer.json()
    assert datetime.fromisoformat(told.pop("organisation_since")) == now
    assert datetime.fromisoformat(told.pop("created_at")) == now
    assert told == {
        "id": told["id"], "name": "张三", "organisation_id": 100, "organisation": "一支部",
        "stage": "probationary_member", "roster": "no_post", "exempt": True, "exempt_reason": "年老体弱",
        "bound": False, "bound_at": None, "phone_masked": "199****5678", "tags": ["青年", "务工"],
        "birth_month": "1985-07", "joined_on": "2010-07-01", "practice": False, "archived_at": None,
        "archive_reason": None, "restorable_until": None,
    }  # fmt: skip
    (member,) = await members(world)
    vault = world.service.vault
    assert member.search_text.startswith("\n张三\nzhangsan\n")
    assert member.phone_cipher is not None
    assert vault.decrypt(member.phone_cipher, f"members:{member.id}:phone") == "19912345678"
    assert member.phone_index == vault.digest("phone", "19912345678")
    assert member.phone_tail == vault.digest("phone tail", "5678")
    (place,) = await places(world, member.id)
    assert (place.organisation_id, place.path, place.from_at, place.until_at) == (100, "/1/10/100/", now, None)
    (entry,) = await audited(world, "member.created")
    assert (entry.object_id, entry.organisation_id, entry.actor) == (member.id, 100, f"account:{leader.id}")
    assert "1234" not in str(entry.detail)


async def test_only_a_name_and_an_organisation_are_needed_and_a_repeated_request_adds_nobody_twice(
    client: httpx.AsyncClient, world: World
) -> None:
    admin = await world.staff(("administrator", 1))
    headers = {**admin.auth, "Idempotency-Key": "k"}
    body = {"organisation_id": 100, "name": "李四"}
    first = await client.post("/members", json=body, headers=headers)
    again = await client.post("/members", json=body, headers=headers)
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert [(each.stage, each.roster, each.exempt_reason) for each in await members(world)] == [
        ("full_member", "in_service", None)
    ]


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("name", "张", "invalid_name"),
        ("name", "张3", "invalid_name"),
        ("phone", "1991234567", "invalid_phone"),
        ("phone", "0571-88888888", "landline"),
        ("birth_month", "1985-13", "invalid_input"),
        ("birth_month", "2026-12", "future_date"),
        ("joined_on", "2010-02-30", "invalid_date"),
        ("joined_on", "2026-11-17", "future_date"),
        ("joined_on", "1990-01", "joined_too_young"),
        ("tags", ["很长" * 11], "tag_too_long"),
        ("exempt_reason", " ", "invalid_input"),
    ],
)
async def test_what_the_import_refuses_is_refused_by_hand_as_well(
    client: httpx.AsyncClient, world: World, field: str, value: object, code: str
) -> None:
    leader = await world.staff(("leader", 100))
    answer = await client.post("/members", json={**NEW, field: value}, headers=leader.auth)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert await members(world) == []
    member = await world.member(100, birth_month="1985-07")
    answer = await client.patch(f"/members/{member}", json={field: value}, headers=leader.auth)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_who_is_like_somebody_in_reach_is_asked_about_first(client: httpx.AsyncClient, world: World) -> None:
    leader = await world.staff(("leader", 10))
    same_phone = await world.member(101, name="王五")
    await seal_phone(world, same_phone, "19912345678")
    same_person = await world.member(10, name="张三", birth_month="1985-07")
    await world.member(100, name="张三", birth_month="1985-08")
    await world.member(100, name="张三", birth_month="1985-07", archived_at=world.service.clock())
    await world.member(110, name="张三", birth_month="1985-07")
    answer = await client.post("/members", json=NEW, headers=leader.auth)
    assert (answer.status_code, answer.json()["code"]) == (409, "possible_duplicate")
    assert answer.json()["errors"] == [
        {"member_id": same_phone, "name": "王五", "organisation": "二支部", "code": "same_phone",
         "detail": "与「二支部」的王五手机号相同"},
        {"member_id": same_person, "name": "张三", "organisation": "东片党总支", "code": "same_name_and_birth_month",
         "detail": "与「东片党总支」的张三姓名和出生年月相同"},
    ]  # fmt: skip
    allowed = await client.post("/members", json={**NEW, "allow_duplicate": True}, headers=leader.auth)
    assert allowed.status_code == 201


async def test_a_namesake_without_a_month_of_birth_and_people_of_a_practice_are_no_duplicates(
    client: httpx.AsyncClient, world: World
) -> None:
    leader = await world.staff(("leader", 10))
    await world.member(100, name="张三")
    await set_up(world, 101, practice=True)
    await world.member(101, name="张三", birth_month="1985-07")
    nameless = {**NEW, "birth_month": None, "phone": ""}
    assert (await client.post("/members", json=nameless, headers=leader.auth)).status_code == 201
    assert (await client.post("/members", json=NEW, headers=leader.auth)).status_code == 201


async def test_a_look_at_a_person_is_on_record(client: httpx.AsyncClient, world: World) -> None:
    leader = await world.staff(("leader", 10))
    bound = await world.signed_in_member(100, name="李四")
    answer = await client.get(f"/members/{bound.id}", headers=leader.auth)
    assert answer.status_code == 200
    assert (answer.json()["bound"], answer.json()["bound_at"] is not None) == (True, True)
    (entry,) = await audited(world, "member.viewed")
    assert (entry.object_type, entry.object_id, entry.organisation_id) == ("member", bound.id, 100)


@pytest.mark.parametrize("organisation", [1, 11, 110, 2])
async def test_nobody_out_of_reach_is_seen_changed_or_added(
    client: httpx.AsyncClient, world: World, organisation: int
) -> None:
    leader = await world.staff(("leader", 10), ("editor", 1))
    member = await world.member(organisation, name="别处")
    for method, path, body in (
        ("GET", "", None), ("PATCH", "", {"name": "改名"}), ("GET", "/placements", None),
        ("POST", "/archive", {"reason": "other"}), ("POST", "/restoration", {}), ("GET", "/viewers", None),
        ("POST", "/moves", {"organisation_id": 100}),
    ):  # fmt: skip
        answer = await client.request(method, f"/members/{member}{path}", json=body, headers=leader.auth)
        assert answer.status_code == 404, f"{method} {path}"
    added = await client.post("/members", json={**NEW, "organisation_id": organisation}, headers=leader.auth)
    assert added.status_code == 404
    assert [each.name for each in await members(world)] == ["别处"]


async def change(client: httpx.AsyncClient, world: World, member_id: int, **body: Any) -> Member:
    leader = await world.staff(("leader", 10))
    answer = await client.patch(f"/members/{member_id}", json=body, headers=leader.auth)
    assert answer.status_code == 200, answer.text
    return next(each for each in await members(world) if each.id == member_id)


async def test_a_change_touches_what_it_names_and_says_only_the_names_in_the_log(
    client: httpx.AsyncClient, world: World
) -> None:
    member_id = await world.member(100, name="张三", birth_month="1985-07", tags=["青年"])
    await seal_phone(world, member_id, "19912345678")
    member = await change(client, world, member_id, name="张珊", stage="activist", roster="floating")
    assert (member.name, member.stage, member.roster, member.tags) == ("张珊", "activist", "floating", ["青年"])
    assert "\nzhangshan\n" in member.search_text
    assert member.phone_cipher is not None
    (entry,) = await audited(world, "member.changed")
    assert entry.detail == {"fields": ["name", "roster", "stage"]}


@pytest.mark.parametrize("phone", [None, ""])
async def test_a_null_deletes_the_phone_the_dates_and_the_exemption(
    client: httpx.AsyncClient, world: World, phone: str | None
) -> None:
    known = {"birth_month": "1985-07", "joined_on": "2010-07", "exempt_reason": "病"}
    member_id = await world.member(100, name="张三", **known)
    await seal_phone(world, member_id, "19912345678")
    member = await change(
        client,
        world,
        member_id,
        phone=phone,
        birth_month=None,
        joined_on=None,
        exempt_reason=None,
        name=None,
        tags=None,
    )
    assert (member.phone_cipher, member.phone_index, member.phone_tail) == (None, None, None)
    assert (member.birth_month, member.joined_on, member.exempt_reason) == (None, None, None)
    assert (member.name, member.tags) == ("张三", [])


async def test_a_new_phone_that_somebody_has_is_asked_about_and_an_old_one_is_not(
    client: httpx.AsyncClient, world: World
) -> None:
    leader = await world.staff(("leader", 10))
    wife, husband = await world.member(100, name="王五"), await world.member(100, name="张三")
    await seal_phone(world, wife, "19912345678")
    path = f"/members/{husband}"
    asked = await client.patch(path, json={"phone": "19912345678"}, headers=leader.auth)
    assert (asked.status_code, asked.json()["code"]) == (409, "possible_duplicate")
    allowed = {"phone": "19912345678", "allow_duplicate": True}
    assert (await client.patch(path, json=allowed, headers=leader.auth)).status_code == 200
    form = {"phone": "19912345678", "name": "张三", "stage": "activist"}
    assert (await client.patch(path, json=form, headers=leader.auth)).status_code == 200


async def test_a_phone_of_somebody_out_of_reach_is_not_told(client: httpx.AsyncClient, world: World) -> None:
    leader = await world.staff(("leader", 10))
    await seal_phone(world, await world.member(110), "19912345678")
    assert (await client.post("/members", json=NEW, headers=leader.auth)).status_code == 201
