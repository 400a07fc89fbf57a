"""What happens beside an import, before it and to its process: nothing is overwritten, lost or done twice."""

import httpx
import pytest
from sqlalchemy import update

from app.db.engine import transaction
from app.organisations import locks
from app.organisations.imports import running
from app.organisations.imports.applying import apply_lines
from app.organisations.imports.models import RosterImport
from tests.app.organisations.imports import Desk, person, roster
from tests.app.organisations.people import audited, later, members
from tests.world import World

ONE = "19900000001"


@pytest.fixture
async def desk(client: httpx.AsyncClient, world: World) -> Desk:
    """An administrator of organisation 10."""
    return Desk(client, await world.staff(("administrator", 10)))


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/members", {"organisation_id": 100, "name": "李四", "phone": ONE}),
        ("/members/{inside}", {"stage": "applicant"}),
        ("/members/{inside}/archive", {"reason": "deceased"}),
        ("/members/{inside}/moves", {"organisation_id": 110}),
        ("/members/{outside}/moves", {"organisation_id": 100}),
        ("/members/{gone}/restoration", {}),
    ],
)
async def test_nobody_comes_goes_or_changes_between_the_last_look_and_the_end(
    desk: Desk, world: World, monkeypatch: pytest.MonkeyPatch, path: str, body: dict[str, object]
) -> None:
    top = await world.staff(("administrator", 1))
    gone = await world.member(100, name="王五", archived_at=world.service.clock(), archive_reason="other")
    ids = {
        "inside": await world.member(100, name="张三"),
        "outside": await world.member(110, name="赵六"),
        "gone": gone,
    }
    real = apply_lines
    answers: list[httpx.Response] = []

    async def ask() -> httpx.Response:
        method = "PATCH" if path.endswith("{inside}") else "POST"
        return await desk.client.request(method, path.format(**ids), json=body, headers=top.auth)

    async def late(*arguments: object, **more: object) -> None:
        answers.append(await ask())
        # Elsewhere everybody goes on.
        elsewhere = {"organisation_id": 110, "name": "钱七"}
        assert (await desk.client.post("/members", json=elsewhere, headers=top.auth)).status_code == 201
        await real(*arguments, **more)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(running, "apply_lines", late)
    monkeypatch.setattr(locks, "PATIENCE", "200ms")
    done = await desk.upload(roster(person("张三", "一支部", stage="预备党员"), person("李四", "一支部", ONE)))
    assert (done.status_code, done.json()["state"]) == (201, "applied")
    assert [(each.status_code, each.json()["code"]) for each in answers] == [(409, "roster_being_changed")]
    assert "稍等" in answers[0].json()["detail"]
    # It can be done now; who was added meanwhile is found.
    assert (await ask()).status_code == (409 if path == "/members" else 200)
    assert sorted(each.name for each in await members(world)) == sorted(["张三", "李四", "王五", "赵六", "钱七"])


async def test_a_change_before_the_last_look_is_seen_by_it(desk: Desk, world: World) -> None:
    top = await world.staff(("administrator", 1))
    member_id = await world.member(100, name="张三")
    seen = await desk.check(person("张三", "一支部", stage="预备党员"))
    body = {"organisation_id": 110}
    assert (await desk.client.post(f"/members/{member_id}/moves", json=body, headers=top.auth)).status_code == 200
    assert (await desk.apply(seen["id"])).json()["code"] == "roster_changed"
    (member,) = await members(world)
    assert (member.organisation_id, member.stage) == (110, "full_member")


async def test_the_log_names_who_applied(desk: Desk, world: World, client: httpx.AsyncClient) -> None:
    other = Desk(client, await world.staff(("administrator", 10)))
    seen = await desk.check(person("张三", "一支部"))
    assert (await other.apply(seen["id"])).status_code == 200
    (entry,) = await audited(world, "roster.imported")
    assert entry.actor == f"account:{other.staff.id}"
    await desk.bring_in(person("李四", "一支部"))
    assert (await audited(world, "roster.imported"))[1].actor == f"account:{desk.staff.id}"


async def test_what_was_checked_long_ago_is_not_applied_without_its_lines(desk: Desk, world: World) -> None:
    await world.member(100, name="王五", birth_month="1970-01")
    seen = await desk.check(person("张三", "一支部"), person("王五", "一支部", birth_month="1985.07"))
    question = await desk.question(seen["id"])
    await later(world, days=31)
    for answer in (
        await desk.apply(seen["id"]),
        await desk.send(
            "PUT", f"/imports/{seen['id']}/answers", json={"answers": [{"line_id": question["id"], "member_id": None}]}
        ),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "import_expired")
        assert "重新上传" in answer.json()["detail"]
    assert len(await members(world)) == 1


async def test_nothing_is_imported_into_what_is_archived(desk: Desk, world: World, client: httpx.AsyncClient) -> None:
    top = Desk(client, await world.staff(("administrator", 1)), 1)
    seen = await desk.check(person("张三", "一支部"), organisation=100)
    gone = await client.post("/organisations/100/archive", json={"reason": "dissolved"}, headers=top.staff.auth)
    assert gone.status_code == 200
    refused = await top.apply(seen["id"])
    assert (refused.status_code, refused.json()["code"]) == (409, "import_target_archived")
    now = await top.ask("GET", f"/imports/{seen['id']}")
    assert (now["state"], now["error_code"]) == ("checked", "import_target_archived")


async def test_a_process_killed_while_it_applies_leaves_the_check_with_its_answers(desk: Desk, world: World) -> None:
    await world.member(100, name="王五", birth_month="1970-01")
    seen = await desk.check(person("王五", "一支部", birth_month="1985.07"))
    await desk.answer(seen["id"], (await desk.question(seen["id"]))["id"], None)
    async with transaction(world.service.sessions) as session:
        await session.execute(update(RosterImport).values(state="applying", heartbeat_at=world.service.clock()))
    assert (await desk.ask("GET", "/imports/1"))["state"] == "applying"
    await later(world, seconds=61)
    now = await desk.ask("GET", "/imports/1")
    assert (now["state"], now["error_code"]) == ("checked", "import_interrupted")
    assert "再导入一次" in now["error_detail"]
    done = await desk.apply(seen["id"])
    assert (done.json()["state"], done.json()["added"]) == ("applied", 1)


async def test_a_process_that_was_thought_to_be_gone_applies_nothing_twice(desk: Desk, world: World) -> None:
    seen = await desk.bring_in(person("张三", "一支部"))
    await running.apply_checked(world.service, seen["id"])
    assert (await desk.ask("GET", f"/imports/{seen['id']}"))["state"] == "applied"
    assert len(await audited(world, "roster.imported")) == 1
