"""A member who moves: at once out of the old branch's reach, with what is theirs, and with past figures left behind."""

from datetime import UTC, datetime

import httpx
import pytest
from sqlalchemy import select, update

from app.db.engine import transaction
from app.directory.models import Placement, PrivacyNotice
from app.reading.models import ReadingProgress
from tests.app.organisations.people import audited, later, members, places, set_up
from tests.study import WEEK, Study
from tests.world import Person, World


async def move(
    client: httpx.AsyncClient, staff: Person, member_id: int, to: int, on: str | None = None
) -> httpx.Response:
    body = {"organisation_id": to, **({"effective_on": on} if on else {})}
    return await client.post(f"/members/{member_id}/moves", json=body, headers=staff.auth)


async def test_a_moved_member_leaves_the_old_branch_at_once(client: httpx.AsyncClient, world: World) -> None:
    old, new, superior = [await world.staff(("leader", where)) for where in (100, 101, 10)]
    member = await world.member(100, name="张三")
    await later(world, days=1)
    answer = await move(client, superior, member, 101)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["organisation_id"], answer.json()["organisation"]) == (101, "二支部")
    assert datetime.fromisoformat(answer.json()["organisation_since"]) == world.service.clock()
    assert (await client.get(f"/members/{member}", headers=old.auth)).status_code == 404
    assert (await client.get("/members", headers=old.auth)).json()["items"] == []
    assert (await client.get(f"/members/{member}", headers=new.auth)).status_code == 200
    told = [
        (entry.organisation_id, entry.detail["to_organisation_id"]) for entry in await audited(world, "member.moved")
    ]
    assert told == [(100, 101), (101, 101)]


async def test_both_organisations_must_be_in_reach(client: httpx.AsyncClient, world: World) -> None:
    leader = await world.staff(("leader", 10), ("editor", 1))
    own, foreign = await world.member(100), await world.member(110)
    assert (await move(client, leader, own, 110)).status_code == 404
    assert (await move(client, leader, foreign, 100)).status_code == 404
    both = await world.staff(("leader", 100), ("administrator", 110))
    assert (await move(client, both, own, 110)).status_code == 200


async def test_an_archived_organisation_takes_nobody(client: httpx.AsyncClient, world: World) -> None:
    leader = await world.staff(("leader", 10))
    member = await world.member(100)
    await set_up(world, 101, archived_at=world.service.clock())
    assert (await move(client, leader, member, 101)).status_code == 404


async def test_practice_and_real_organisations_do_not_mix(client: httpx.AsyncClient, world: World) -> None:
    admin = await world.staff(("administrator", 10))
    await set_up(world, 101, practice=True)
    real, made_up = await world.member(100), await world.member(101)
    for member, to in ((real, 101), (made_up, 100)):
        answer = await move(client, admin, member, to)
        assert (answer.status_code, answer.json()["code"]) == (409, "practice_boundary")


async def test_history_is_told_with_names_and_dates(client: httpx.AsyncClient, world: World) -> None:
    leader = await world.staff(("leader", 10))
    member = await world.member(100)
    began = world.service.clock()
    await later(world, days=9)
    await move(client, leader, member, 101, "2026-11-20")
    answer = await client.get(f"/members/{member}/placements", headers=leader.auth)
    midnight = datetime(2026, 11, 19, 16, tzinfo=UTC)
    assert [
        (place["organisation_id"], place["organisation"], place["from_at"], place["until_at"])
        for place in answer.json()["items"]
    ] == [
        (100, "一支部", _json(began), _json(midnight)),
        (101, "二支部", _json(midnight), None),
    ]
    first = (await client.get(f"/members/{member}/placements?limit=1", headers=leader.auth)).json()
    rest = await client.get(f"/members/{member}/placements?cursor={first['next']}", headers=leader.auth)
    assert [place["organisation_id"] for place in rest.json()["items"]] == [101]


def _json(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize(("on", "code"), [("2026-11-18", "date_in_future"), ("2026-11-15", "date_too_early")])
async def test_a_move_is_not_dated_into_the_future_nor_before_the_member_came(
    client: httpx.AsyncClient, world: World, on: str, code: str
) -> None:
    leader = await world.staff(("leader", 10))
    member = await world.member(100)
    await later(world, days=1)
    answer = await move(client, leader, member, 101, on)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert [place.organisation_id for place in await places(world, member)] == [100]
    assert (await members(world))[0].organisation_id == 100


async def test_a_move_on_the_day_of_the_last_one_comes_right_after_it(client: httpx.AsyncClient, world: World) -> None:
    leader = await world.staff(("leader", 10))
    member, other = await world.member(100, name="张三"), await world.member(100, name="李四")
    came = world.service.clock()
    await later(world, days=1)
    assert (await move(client, leader, member, 101, "2026-11-16")).status_code == 200
    assert [(each.organisation_id, each.from_at) for each in await places(world, member)] == [(101, came)]
    assert (await move(client, leader, other, 101, "2026-11-17")).status_code == 200
    early = await move(client, leader, other, 100, "2026-11-16")
    assert (early.status_code, early.json()["code"]) == (422, "date_too_early")
    assert "李四" in early.json()["detail"]
    assert "2026-11-17" in early.json()["detail"]


async def test_nobody_moves_to_where_nothing_was_yet(client: httpx.AsyncClient, world: World) -> None:
    admin = await world.staff(("administrator", 10))
    member = await world.member(100, name="张三")
    await later(world, days=20)
    body = {"parent_id": 10, "name": "新支部", "kind": "branch"}
    new = (await client.post("/organisations", json=body, headers=admin.auth)).json()["id"]
    founded = world.service.clock()
    await later(world, days=2)
    early = await move(client, admin, member, new, "2026-11-20")
    assert (early.status_code, early.json()["code"]) == (422, "date_too_early")
    assert "成立" in early.json()["detail"]
    assert (await move(client, admin, member, new, "2026-12-06")).status_code == 200
    assert [(each.organisation_id, each.from_at) for each in await places(world, member)][1] == (new, founded)


@pytest.mark.parametrize("on", ["2026-02-30", "2026-11-16T00:00:00Z", 20261116, "0001-01-01"])
async def test_a_date_is_a_day_of_the_calendar(client: httpx.AsyncClient, world: World, on: str) -> None:
    leader = await world.staff(("leader", 10))
    answer = await move(client, leader, await world.member(100), 101, on)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")


async def test_a_move_to_where_one_is_changes_nothing(client: httpx.AsyncClient, world: World) -> None:
    leader = await world.staff(("leader", 10))
    member = await world.member(100)
    await later(world, days=1)
    assert (await move(client, leader, member, 100)).status_code == 200
    assert len(await places(world, member)) == 1
    assert await audited(world, "member.moved") == []


async def test_an_archived_member_is_restored_before_they_move(client: httpx.AsyncClient, world: World) -> None:
    leader = await world.staff(("leader", 10))
    member = await world.member(100, archived_at=world.service.clock(), archive_reason="other")
    answer = await move(client, leader, member, 101)
    assert (answer.status_code, answer.json()["code"]) == (409, "member_archived")
    changed = await client.patch(f"/members/{member}", json={"stage": "activist"}, headers=leader.auth)
    assert (changed.status_code, changed.json()["code"]) == (409, "member_archived")


async def test_binding_progress_and_consent_go_along(client: httpx.AsyncClient, world: World) -> None:
    admin, study = await world.staff(("administrator", 1)), await Study.build(world)
    member = await world.signed_in_member(100, name="张三")
    issue = await study.issue(1)
    await study.read(member.id, *issue.required)
    assert (await move(client, admin, member.id, 110)).status_code == 200
    me = await client.get("/me", headers=member.auth)
    assert (me.status_code, me.json()["organisation"]) == (200, "三支部")
    async with world.service.sessions() as session:
        assert list(await session.scalars(select(ReadingProgress.lesson_id))) == issue.required


async def test_a_new_organisation_with_a_notice_of_its_own_asks_for_consent_again(
    client: httpx.AsyncClient, world: World
) -> None:
    admin = await world.staff(("administrator", 1))
    member = await world.signed_in_member(100)
    async with transaction(world.service.sessions) as session:
        session.add(
            PrivacyNotice(
                organisation_id=11, number=1, version="11-1", title="告知书", body="正文",
                published_at=world.service.clock(),
            )
        )  # fmt: skip
    assert (await client.get("/me", headers=member.auth)).status_code == 200
    await move(client, admin, member.id, 110)
    answer = await client.get("/me", headers=member.auth)
    assert (answer.status_code, answer.json()["code"]) == (403, "consent_needed")


async def test_the_figures_of_past_weeks_stay_with_the_old_branch(client: httpx.AsyncClient, world: World) -> None:
    study, leader = await Study.build(world), await world.staff(("leader", 10))
    issue = await study.issue(10)
    member, colleague = await world.member(100, name="张三"), await world.member(101)
    await study.read(member, *issue.required)
    await later(world, days=8)
    path = f"/organisations/10/completion?week={WEEK}"
    before = (await client.get(path, headers=leader.auth)).json()
    assert [(row["organisation_id"], row["due"], row["completed"]) for row in before["items"]] == [
        (100, 1, 1),
        (101, 1, 0),
    ]
    await move(client, leader, member, 101)
    assert (await client.get(path, headers=leader.auth)).json() == before
    archived = await client.post(f"/members/{colleague}/archive", json={"reason": "deceased"}, headers=leader.auth)
    assert archived.status_code == 200
    assert (await client.get(path, headers=leader.auth)).json() == before


async def test_a_move_recorded_late_follows_its_date_in_the_figures(client: httpx.AsyncClient, world: World) -> None:
    study, leader = await Study.build(world), await world.staff(("leader", 10))
    await study.issue(10)
    member = await world.member(100)
    await later(world, days=8)
    await move(client, leader, member, 101, "2026-11-20")
    answer = (await client.get(f"/organisations/10/completion?week={WEEK}", headers=leader.auth)).json()
    assert [row["organisation_id"] for row in answer["items"] if row["due"]] == [101]


async def test_organisation_since_is_the_last_coming_and_outlives_a_move_of_the_organisation(
    client: httpx.AsyncClient, world: World
) -> None:
    leader = await world.staff(("leader", 10))
    member = await world.member(100)
    await later(world, days=1)
    await move(client, leader, member, 101)
    came = await later(world, days=1)
    await move(client, leader, member, 100)
    moved = await later(world, days=1)
    async with transaction(world.service.sessions) as session:
        own = Placement.member_id == member
        await session.execute(update(Placement).where(own, Placement.until_at.is_(None)).values(until_at=moved))
        session.add(Placement(member_id=member, organisation_id=100, path="/1/100/", from_at=moved))
    answer = await client.get(f"/members/{member}", headers=leader.auth)
    assert datetime.fromisoformat(answer.json()["organisation_since"]) == came
