"""Who may import what, and who sees an import."""

import httpx
import pytest

from tests.app.organisations.imports import Desk, counts, person, roster
from tests.app.organisations.people import audited, members
from tests.world import World


@pytest.mark.parametrize(("organisation", "status"), [(1, 404), (11, 404), (2, 404), (10, 201), (100, 201)])
async def test_an_import_stays_within_reach(
    client: httpx.AsyncClient, world: World, organisation: int, status: int
) -> None:
    desk = Desk(client, await world.staff(("leader", 10), ("editor", 1)), organisation)
    assert (await desk.upload(roster(person("张三", "一支部")))).status_code == status


async def test_only_leaders_and_administrators_import(client: httpx.AsyncClient, world: World) -> None:
    desk = Desk(client, await world.staff(("editor", 10), ("reviewer", 10)))
    assert (await desk.upload(roster(person("张三", "一支部")))).status_code == 403
    assert (await desk.send("GET", "/template.xlsx")).status_code == 403
    assert (await desk.send("GET", "/imports")).status_code == 403


async def test_only_administrators_add_organisations(client: httpx.AsyncClient, world: World) -> None:
    leader = Desk(client, await world.staff(("leader", 10), ("administrator", 100)))
    administrator = Desk(client, await world.staff(("administrator", 10)))
    lines = person("张三", "一支部"), person("李四", "九支部")
    assert (await leader.upload(roster(*lines), create_organisations=True)).status_code == 403
    assert [each["code"] for each in (await leader.check(*lines))["rejected"]] == ["unknown_organisation"]
    known = [("东片党总支", "党总支", ""), ("一支部", "党支部", "东片党总支")]
    assert (await leader.upload(roster(lines[0], organisations=known))).status_code == 201
    more = roster(*lines, organisations=[*known, ("九支部", "党支部", "东片党总支")])
    refused = await leader.upload(more)
    assert {each["code"] for each in refused.json()["errors"]} == {"organisations_not_allowed", "unknown_organisation"}
    assert any("「党组织」表" in each["detail"] for each in refused.json()["errors"])
    # The names in a sheet of organisations are an administrator's word; other names only where that was asked for.
    done = (await administrator.upload(more)).json()
    assert (done["state"], done["organisations_added"], done["added"]) == ("applied", 1, 1)
    # A leader neither applies nor takes back what changes the tree.
    assert (await leader.undo(done["id"])).status_code == 403
    seen = await administrator.check(person("王五", "八支部"), create_organisations=True)
    assert (await leader.apply(seen["id"])).status_code == 403
    assert (await administrator.apply(seen["id"])).json()["organisations_added"] == 1


async def test_an_import_is_seen_by_those_who_reach_its_organisation(client: httpx.AsyncClient, world: World) -> None:
    leader = Desk(client, await world.staff(("leader", 10)))
    below = Desk(client, await world.staff(("leader", 100)))
    above = Desk(client, await world.staff(("administrator", 1)))
    first = await leader.check(person("张三", "一支部"))
    second = await leader.check(person("李四", "一支部"), organisation=100)
    assert [each["id"] for each in (await above.ask("GET", "/imports"))["items"]] == [second["id"], first["id"]]
    assert [each["id"] for each in (await below.ask("GET", "/imports"))["items"]] == [second["id"]]
    page = await above.ask("GET", "/imports?limit=1")
    following = await above.ask("GET", f"/imports?limit=1&cursor={page['next']}")
    assert ([each["id"] for each in following["items"]], following["next"]) == ([first["id"]], None)
    of_one = await above.ask("GET", "/imports?organisation_id=100")
    assert [each["id"] for each in of_one["items"]] == [second["id"]]
    assert (await below.send("GET", "/imports?organisation_id=10")).status_code == 404
    for path in ("", "/lines", "/missing", "/corrections.xlsx"):
        assert (await below.send("GET", f"/imports/{first['id']}{path}")).status_code == 404
        assert (await above.send("GET", f"/imports/{first['id']}{path}")).status_code == 200
    body = {"answers": [{"line_id": 1, "member_id": None}]}
    assert (await below.send("PUT", f"/imports/{first['id']}/answers", json=body)).status_code == 404
    assert (await below.apply(first["id"])).status_code == 404
    assert (await below.undo(first["id"])).status_code == 404
    assert await members(world) == []


async def test_whoever_looks_at_the_people_of_an_import_is_on_record(client: httpx.AsyncClient, world: World) -> None:
    desk = Desk(client, await world.staff(("leader", 10)))
    await world.member(100, name="没在表里")
    seen = await desk.check(person("张三", "一支部"), person("李四", "一支部", "12"))
    for path, action, count in (
        ("lines?status=added", "roster.lines_viewed", 1),
        ("missing", "roster.missing_viewed", 1),
        ("corrections.xlsx", "roster.corrections_exported", 2),
    ):
        assert (await desk.send("GET", f"/imports/{seen['id']}/{path}")).status_code == 200
        (entry,) = await audited(world, action)
        assert (entry.actor, entry.object_id, entry.organisation_id) == (f"account:{desk.staff.id}", seen["id"], 10)
        assert entry.detail["count"] == count


async def test_an_answer_names_a_candidate_of_a_question_of_the_import(client: httpx.AsyncClient, world: World) -> None:
    desk = Desk(client, await world.staff(("leader", 10)))
    known, stranger = await world.member(100, name="张三", birth_month="1970-01"), await world.member(100)
    first = await desk.check(person("张三", "一支部", birth_month="1985.07"), person("李四", "一支部"))
    second = await desk.check(person("张三", "一支部", birth_month="1985.08"))
    (plain,) = await desk.lines(first["id"], "added")
    question, other = await desk.question(first["id"]), await desk.question(second["id"])

    async def refused(line_id: int, member_id: int | None, import_id: int = 0) -> tuple[int, str]:
        body = {"answers": [{"line_id": line_id, "member_id": member_id}]}
        answer = await desk.send("PUT", f"/imports/{import_id or first['id']}/answers", json=body)
        return answer.status_code, answer.json()["code"]

    assert await refused(question["id"], stranger) == (409, "not_a_candidate")
    assert await refused(plain["id"], None) == (409, "not_a_question")
    assert await refused(other["id"], known) == (404, "not_found")
    assert counts(await desk.answer(first["id"], question["id"], known)) == (1, 1, 0, 0, 0, 0)
    # The same again changes nothing.
    assert counts(await desk.answer(first["id"], question["id"], known)) == (1, 1, 0, 0, 0, 0)
    await desk.apply(first["id"])
    assert await refused(question["id"], None) == (409, "import_not_checked")
