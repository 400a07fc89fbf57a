"""The audit log as a workbook: the rows of the screen, and itself on record."""

import io

import httpx
import openpyxl
import pytest

from app.access import audit
from app.db.engine import transaction
from app.organisations.audits import service as audits
from tests.app.organisations.posts.offices import separate
from tests.world import Person, World


async def rows_of(client: httpx.AsyncClient, person: Person, **query: str) -> list[tuple[object, ...]]:
    answer = await client.get("/audit.xlsx", headers=person.auth, params=query)
    assert answer.status_code == 200, answer.text
    (sheet,) = openpyxl.load_workbook(io.BytesIO(answer.content)).worksheets
    return list(sheet.iter_rows(values_only=True))


async def write(world: World, actor: str, organisation_id: int, **detail: object) -> None:
    async with transaction(world.service.sessions) as session:
        audit.record(
            session, actor, "thing.done", "thing", 5,
            now=world.service.clock(), organisation_id=organisation_id, **detail,
        )  # fmt: skip


async def test_the_workbook_holds_what_the_auditor_may_read_in_local_time_and_names_who_did_it(
    client: httpx.AsyncClient, world: World
) -> None:
    auditor = await world.staff(("auditor", 10))
    editor = await world.staff(("editor", 100), login="=cmd()")
    await write(world, f"account:{editor.id}", 100, note="=1+1", count=2)
    await write(world, "system", 101)
    await write(world, "system", 11)
    header, *rows = await rows_of(client, auditor)
    assert header[:4] == ("编号", "时间", "操作人", "姓名")
    assert [row[1:10] for row in rows] == [
        ("2026-11-16 10:00:00", "system", None, "thing.done", 101, "二支部", "thing", 5, "{}"),
        ("2026-11-16 10:00:00", f"account:{editor.id}", editor.name, "thing.done", 100, "一支部", "thing", 5,
         '{"count": 2, "note": "=1+1"}'),
    ]  # fmt: skip
    newest = (await rows_of(client, auditor, action="audit.", until="2027-01-01T00:00:00Z"))[1]
    assert newest[4] == "audit.exported"
    assert newest[9] == '{"entries": 2, "wanted": {}}'


async def test_the_same_filters_hold_as_on_the_screen(client: httpx.AsyncClient, world: World) -> None:
    admin = await world.staff(("administrator", 10))
    await write(world, "system", 100)
    await write(world, "member:5", 100)
    assert len(await rows_of(client, admin, actor="member:5")) == 2
    assert len(await rows_of(client, admin, **{"from": "2026-11-16T02:00:01Z"})) == 1, "nothing but the header"


async def test_an_administrator_exports_nothing_where_duties_are_separate(
    client: httpx.AsyncClient, world: World
) -> None:
    await separate(world, 10)
    await write(world, "system", 100)
    assert len(await rows_of(client, await world.staff(("administrator", 10)))) == 1
    assert (await client.get("/audit.xlsx", headers=(await world.staff(("leader", 10))).auth)).status_code == 403


async def test_more_than_a_workbook_holds_is_refused_before_it_is_written(
    client: httpx.AsyncClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audits, "MOST_ROWS", 2)
    auditor = await world.staff(("auditor", 10))
    for _ in range(2):
        await write(world, "system", 100)
    assert len(await rows_of(client, auditor)) == 3
    answer = await client.get("/audit.xlsx", headers=auditor.auth)
    assert (answer.status_code, answer.json()["code"]) == (422, "too_many_rows"), "the first export is an entry"
