"""From a check to the roster: all of it or nothing, once, and only while nothing has changed."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from sqlalchemy import select

from app.access.models import AuditEntry
from app.db.engine import transaction
from app.directory.models import Organisation, OrganisationChange
from app.errors import Conflict
from app.organisations.imports import api, running
from app.organisations.imports.applying import try_lock
from app.organisations.imports.errors import RosterChanged
from app.organisations.imports.models import ImportLine, RosterImport
from app.organisations.imports.service import Order
from app.organisations.tree.service import create_root
from tests.app.organisations.imports import Desk, counts, person, roster, rows, somebody_waits_for_a_lock
from tests.app.organisations.people import audited, later, members, seal_phone
from tests.world import World

ONE = "19900000001"


@pytest.fixture
async def desk(client: httpx.AsyncClient, world: World) -> Desk:
    """An administrator of organisation 10."""
    return Desk(client, await world.staff(("administrator", 10)))


async def test_a_dry_run_stores_nothing_and_says_what_the_application_then_does(desk: Desk, world: World) -> None:
    await seal_phone(world, await world.member(100, name="张三"), ONE)
    before = await rows(world, "organisations", "members", "placements")
    lines = (
        person("张三", "二支部", ONE), person("李四", "一支部"), person("王五", "九支部"),
        person("赵六", "八支部", superior="新党总支"),
    )  # fmt: skip
    seen = await desk.check(*lines, create_organisations=True, organisation=10)
    assert seen["rejected"][0]["code"] == "wrong_parent"  # a general branch stands under a committee
    seen = await desk.check(*lines[:3], create_organisations=True)
    assert counts(seen) == (2, 1, 0, 0, 0, 1)
    assert seen["organisations"] == [
        {"name": "九支部", "kind": "branch", "superior": "东片党总支", "id": None, "stays": None}
    ]
    assert await rows(world, "organisations", "members", "placements") == before
    applied = await desk.ask("POST", f"/imports/{seen['id']}/application")
    same = {name: applied[name] for name in seen if name not in ("state", "organisations", "applied_at", "checked_at")}
    assert same == {name: seen[name] for name in same}
    assert (applied["state"], applied["lines_done"], applied["lines_total"]) == ("applied", 3, 3)
    async with world.service.sessions() as session:
        new = (await session.scalars(select(Organisation).where(Organisation.name == "九支部"))).one()
        change = (await session.scalars(select(OrganisationChange))).one()
    assert new.id == applied["organisations"][0]["id"]
    assert (new.path, new.parent_id, new.kind) == (f"/1/10/{new.id}/", 10, "branch")
    assert (change.organisation_id, change.kind) == (new.id, "created")
    assert [member.organisation_id for member in await members(world)] == [101, 100, new.id]
    assert counts(await desk.bring_in(*lines[:3])) == (0, 0, 3, 0, 0, 0)


async def test_the_log_has_who_was_changed_and_who_was_made_exempt(desk: Desk, world: World) -> None:
    changed = await world.member(100, name="张三")
    seen = await desk.check(
        person("张三", "一支部", stage="预备党员"),
        person("李四", "一支部", exempt="是", exempt_reason="年老体弱"),
    )
    await desk.apply(seen["id"])
    added = (await members(world))[-1].id
    (check,), (entry,) = await audited(world, "roster.checked"), await audited(world, "roster.imported")
    assert (check.object_id, check.organisation_id, check.detail["added"]) == (seen["id"], 10, 1)
    assert (entry.actor, entry.organisation_id, entry.object_id) == (f"account:{desk.staff.id}", 10, seen["id"])
    assert (entry.detail["changed_members"], entry.detail["exempt_members"]) == ([changed], [added])


async def test_a_refused_line_or_an_open_question_keeps_everything_out(desk: Desk, world: World) -> None:
    await world.member(100, name="张三", birth_month="1970-01")
    good, asked, bad = (
        person("李四", "一支部"),
        person("张三", "一支部", birth_month="1985.07"),
        person("王五", "无此支部"),
    )
    refused = await desk.upload(roster(good, asked, bad))
    assert (refused.status_code, refused.json()["code"]) == (422, "rejected_lines")
    assert [(each["sheet"], each["line"], each["code"]) for each in refused.json()["errors"]] == [
        ("党员", 4, "unknown_organisation")
    ]
    assert all(each["detail"] for each in refused.json()["errors"])
    again = await desk.upload(roster(good, asked))
    assert (again.status_code, again.json()["code"]) == (409, "questions_open")
    (found,) = again.json()["errors"]
    assert (found["line"], found["code"]) == (3, "same_name")
    assert len(await members(world)) == 1
    for import_id, code in ((1, "rejected_lines"), (2, "questions_open")):
        assert (await desk.apply(import_id)).json()["code"] == code
    # The record is kept, so that the answer can be given.
    await desk.answer(found["import_id"], found["line_id"], None)
    assert (await desk.apply(found["import_id"])).status_code == 200
    assert len(await members(world)) == 3


async def test_what_has_changed_since_the_check_is_checked_anew(desk: Desk, world: World) -> None:
    seen = await desk.check(person("张三", "一支部"), person("李四", "一支部"))
    await world.member(100, name="张三", stage="applicant")
    refused = await desk.apply(seen["id"])
    assert (refused.status_code, refused.json()["code"]) == (409, "roster_changed")
    now = await desk.ask("GET", f"/imports/{seen['id']}")
    assert (now["state"], counts(now)) == ("checked", (1, 0, 1, 0, 0, 0))
    assert (await desk.apply(seen["id"])).json()["state"] == "applied"
    assert len(await members(world)) == 2


async def test_an_application_is_done_once(desk: Desk, world: World) -> None:
    seen = await desk.check(person("张三", "一支部"))
    answers = await asyncio.gather(*(desk.apply(seen["id"]) for _ in range(3)))
    assert [(each.status_code, each.json()["state"]) for each in answers] == [(200, "applied")] * 3
    assert len(await members(world)) == 1


async def test_two_imports_of_one_file_at_once_add_everybody_once(
    desk: Desk, client: httpx.AsyncClient, world: World
) -> None:
    colleague = Desk(client, await world.staff(("leader", 10)))
    lines = person("张三", "一支部"), person("李四", "二支部")
    answers = await asyncio.gather(*(each.upload(roster(*lines)) for each in (desk, colleague)))
    assert sorted(each.json()["added"] for each in answers) == [0, 2]
    assert len(await members(world)) == 2


async def test_two_applications_of_one_file_at_once_add_everybody_once(
    desk: Desk, client: httpx.AsyncClient, world: World
) -> None:
    colleague = Desk(client, await world.staff(("leader", 10)))
    checked = [await each.check(person("张三", "一支部"), person("李四", "二支部")) for each in (desk, colleague)]
    answers = await asyncio.gather(*(desk.apply(each["id"]) for each in checked))
    assert sorted(each.status_code for each in answers) == [200, 409]
    assert len(await members(world)) == 2


async def test_the_same_bytes_while_the_first_are_read_are_the_first(desk: Desk, world: World) -> None:
    data = roster(person("张三", "一支部"))
    answers = await asyncio.gather(*(desk.upload(data) for _ in range(3)))
    assert {(each.status_code, each.json()["id"]) for each in answers} == {(201, 1)}
    assert (await desk.upload(data)).json()["id"] == 2


async def test_a_retried_import_is_answered_from_the_first(desk: Desk, world: World) -> None:
    data = roster(person("张三", "一支部"))
    first, second = [await desk.upload(data, headers={"Idempotency-Key": "once"}) for _ in range(2)]
    assert (second.status_code, second.json()) == (first.status_code, first.json())
    assert second.headers["idempotency-replayed"] == "true"
    reused = await desk.upload(roster(person("李四", "一支部")), headers={"Idempotency-Key": "once"})
    assert reused.json()["code"] == "idempotency_key_reused"
    assert len((await rows(world, "roster_imports"))[0]) == 1


@pytest.fixture
async def held(world: World) -> AsyncIterator[asyncio.Event]:
    """Another import is at it until the event is set."""
    release = asyncio.Event()
    holding = asyncio.Event()

    async def hold() -> None:
        async with transaction(world.service.sessions) as session:
            assert await try_lock(session)
            holding.set()
            await release.wait()

    task = asyncio.create_task(hold())
    await holding.wait()
    yield release
    release.set()
    await task


async def test_what_takes_long_is_polled(
    desk: Desk, world: World, held: asyncio.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(running, "BEAT_SECONDS", 0.01)
    data = roster(person("张三", "一支部"))
    answer = await desk.upload(data, headers={"Idempotency-Key": "once"})
    assert (answer.status_code, answer.json()["state"]) == (202, "reading")
    again = await desk.upload(data, headers={"Idempotency-Key": "once"})
    assert (again.status_code, again.json()["id"]) == (202, answer.json()["id"])
    path = f"/imports/{answer.json()['id']}"
    async with asyncio.timeout(30):
        while (now := await desk.ask("GET", path))["state"] != "applying" or now["lines_done"] == 0:
            await asyncio.sleep(0.05)
    assert (now["lines_done"], now["lines_total"]) == (1, 1)
    assert await members(world) == []
    held.set()
    async with asyncio.timeout(30):
        while (now := await desk.ask("GET", path))["state"] != "applied":
            await asyncio.sleep(0.05)
    assert len(await members(world)) == 1


async def test_a_silent_import_has_failed_and_nothing_was_imported(desk: Desk, world: World) -> None:
    async with transaction(world.service.sessions) as session:
        now = world.service.clock()
        values = {
            "organisation_id": 10,
            "actor": "account:1",
            "file_name": "a.xlsx",
            "digest": b"-",
            "state": "reading",
        }
        values |= {"adds_organisations": False, "create_organisations": False}
        values |= {"columns": {}, "counts": {}, "organisations": []}
        session.add(RosterImport(**values, created_at=now, heartbeat_at=now))
    assert (await desk.ask("GET", "/imports/1"))["state"] == "reading"
    await later(world, seconds=61)
    seen = await desk.ask("GET", "/imports/1")
    assert (seen["state"], seen["error_code"]) == ("failed", "import_interrupted")
    assert "重新上传" in seen["error_detail"]
    assert (await desk.ask("GET", "/imports"))["items"][0]["state"] == "failed"
    assert (await desk.apply(1)).json()["code"] == "import_not_checked"


@pytest.mark.parametrize("checked", [True, False])
async def test_an_import_that_the_end_of_the_process_stops_says_so(
    desk: Desk, world: World, held: asyncio.Event, checked: bool
) -> None:
    app = desk.client._transport.app  # type: ignore[attr-defined]  # the application that the test calls
    seen = await desk.check(person("张三", "一支部")) if checked else {}
    asking = asyncio.create_task(desk.apply(1) if checked else desk.upload(roster(person("张三", "一支部"))))
    async with asyncio.timeout(30):
        while not await _is_applying(world):
            await asyncio.sleep(0.01)
    async with app.router.lifespan_context(app):
        pass
    answer = await asking
    assert (answer.status_code, answer.json()["code"]) == (503, "import_interrupted")
    now = await desk.ask("GET", "/imports/1")
    assert (now["state"], now["error_code"]) == ("checked" if checked else "failed", "import_interrupted")
    assert await members(world) == []
    async with world.service.sessions() as session:
        assert len(list(await session.scalars(select(ImportLine)))) == checked
    if seen:
        held.set()
        assert (await desk.apply(1)).json()["state"] == "applied"


async def _is_applying(world: World) -> bool:
    async with world.service.sessions() as session:
        return await session.scalar(select(RosterImport.state)) == "applying"


async def test_an_organisation_that_appears_during_the_import_is_a_conflict(world: World) -> None:
    service = world.service
    data = roster(person("张三", "新镇党委"), organisations=[("新镇党委", "党委", "")])
    order = Order(
        data=data, file_name="", organisation_id=None, account_id=None, actor="system", adds_organisations=True,
        create_organisations=False, dry_run=False,
    )  # fmt: skip
    async with transaction(service.sessions) as session:
        await create_root(session, "新镇党委", service.clock())
        importing = asyncio.create_task(running.run_import(service, order))
        # The import is past its look at the tree once it waits for the name that this transaction holds.
        await somebody_waits_for_a_lock(world)
    with pytest.raises(RosterChanged):
        await importing
    assert await members(world) == []
    done = await running.run_import(service, order)
    assert (done.state, done.organisations_added, done.added) == ("applied", 0, 1)


async def test_an_account_has_a_few_imports_at_once(
    desk: Desk, world: World, held: asyncio.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "PATIENCE_SECONDS", 0.0)
    first = roster(person("党员甲", "一支部"))
    for data in (first, roster(person("党员乙", "一支部")), roster(person("党员丙", "一支部"))):
        assert (await desk.upload(data)).status_code == 202
    refused = await desk.upload(roster(person("党员丁", "一支部")))
    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_imports")
    # The same again is the first, and others have their own.
    assert (await desk.upload(first)).status_code == 202
    other = Desk(desk.client, await world.staff(("administrator", 10)))
    assert (await other.upload(roster(person("党员丁", "一支部")))).status_code == 202
    held.set()
    async with asyncio.timeout(60):
        while len(await members(world)) < 4:
            await asyncio.sleep(0.05)


async def test_an_error_that_nobody_expected_is_told_and_leaves_the_check(
    desk: Desk, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = await desk.check(person("张三", "一支部"))

    async def fail(*_: object, **__: object) -> None:
        raise RuntimeError("no one expects this")

    with monkeypatch.context() as broken:
        broken.setattr(running, "apply_lines", fail)
        answer = await desk.apply(seen["id"])
        assert (answer.status_code, answer.json()["code"]) == (503, "internal_error")
        fresh = await desk.upload(roster(person("张三", "一支部")))
        assert fresh.status_code == 503
        assert (await desk.ask("GET", "/imports/2"))["state"] == "failed"
    assert (await desk.apply(seen["id"])).json()["state"] == "applied"


async def test_a_refusal_while_applying_keeps_the_check(
    desk: Desk, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Refusal(Conflict):
        code = "some_refusal"
        detail = "不行。"

    async def refuse(*_: object, **__: object) -> None:
        raise Refusal

    seen = await desk.check(person("张三", "一支部"))
    monkeypatch.setattr(running, "apply_lines", refuse)
    assert (await desk.apply(seen["id"])).json()["code"] == "some_refusal"
    assert (await desk.ask("GET", f"/imports/{seen['id']}"))["state"] == "checked"


async def test_lines_are_kept_for_thirty_days(desk: Desk, world: World) -> None:
    first = await desk.bring_in(person("张三", "一支部"))
    await later(world, days=29)
    await desk.check(person("李四", "一支部"))
    assert len(await desk.lines(first["id"])) == 1
    await later(world, days=2)
    await desk.check(person("李四", "一支部"))
    assert await desk.lines(first["id"]) == []
    assert (await desk.ask("GET", f"/imports/{first['id']}"))["added"] == 1
    async with world.service.sessions() as session:
        texts = " ".join(map(str, await session.scalars(select(AuditEntry.detail))))
    assert ONE not in texts
