"""Files, uploads and looks at the roster for the tests of imports."""

import asyncio
from collections.abc import Sequence
from typing import Any

import httpx
from sqlalchemy import text

from app.db.engine import transaction
from content.roster import FIELD_TITLES, ORGANISATION_COLUMNS
from content.tables import Value, write_xlsx
from tests.app.organisations.people import seal_phone
from tests.world import Person, World

# A line by the fields that it says something about.
Line = dict[str, str]
COUNTS = ("added", "changed", "unchanged", "rejected_count", "questions_count", "organisations_added")


def person(name: str, organisation: str, phone: str = "", **more: str) -> Line:
    """A line of a roster."""
    return {"name": name, "organisation": organisation, "phone": phone, **more}


def roster(*lines: Line, organisations: Sequence[tuple[str, str, str]] = ()) -> bytes:
    """A workbook in the columns of the template; organisations are (name, kind, parent)."""
    rows: list[list[Value]] = [[*FIELD_TITLES.values()]]
    rows += [[line.get(field, "") for field in FIELD_TITLES] for line in lines]
    sheets = {"党员": rows}
    if organisations:
        tree: list[list[Value]] = [[*ORGANISATION_COLUMNS]]
        sheets["党组织"] = tree + [[*each] for each in organisations]
    return write_xlsx(sheets)


async def known(world: World, organisation_id: int, name: str, phone: str = "", **fields: object) -> int:
    """A member of the roster."""
    member_id = await world.member(organisation_id, name=name, **fields)
    if phone:
        await seal_phone(world, member_id, phone)
    return member_id


class Desk:
    """A member of staff who imports rosters, into organisation 10 unless said otherwise."""

    def __init__(self, client: httpx.AsyncClient, staff: Person, organisation: int = 10) -> None:
        self.client, self.staff, self.organisation = client, staff, organisation

    async def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        """One request below `/rosters`."""
        headers = {**self.staff.auth, **more.pop("headers", {})}
        return await self.client.request(method, f"/rosters{path}", headers=headers, **more)

    async def ask(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        """As `send`, of what succeeds."""
        answer = await self.send(method, path, **more)
        assert answer.status_code < 300, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def upload(
        self, data: bytes, *, organisation: int = 0, columns: str | None = None, headers: dict[str, str] | None = None,
        name: str = "名册.xlsx", **query: object,
    ) -> httpx.Response:  # fmt: skip
        """Sends a file to the import."""
        params = {"organisation_id": organisation or self.organisation, **query}
        return await self.send(
            "POST",
            "/import",
            params={key: str(value).lower() for key, value in params.items()},
            files={"file": (name, data, "application/octet-stream")},
            data={"columns": columns} if columns is not None else {},
            headers=headers or {},
        )

    async def check(self, *lines: Line, **query: Any) -> dict[str, Any]:
        """A dry run."""
        answer = await self.upload(roster(*lines), dry_run=True, **query)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        assert found["state"] == "checked"
        return found

    async def bring_in(self, *lines: Line, **query: Any) -> dict[str, Any]:
        """An import to its end."""
        answer = await self.upload(roster(*lines), **query)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        assert found["state"] == "applied"
        return found

    async def lines(self, import_id: int, status: str | None = None) -> list[dict[str, Any]]:
        """Lines of an import."""
        params = {"status": status} if status else {}
        items: list[dict[str, Any]] = (await self.ask("GET", f"/imports/{import_id}/lines", params=params))["items"]
        return items

    async def question(self, import_id: int) -> dict[str, Any]:
        """The only open question."""
        (line,) = await self.lines(import_id, "question")
        return line

    async def answer(self, import_id: int, line_id: int, member_id: int | None) -> dict[str, Any]:
        """Answers a question."""
        body = {"answers": [{"line_id": line_id, "member_id": member_id}]}
        return await self.ask("PUT", f"/imports/{import_id}/answers", json=body)

    async def apply(self, import_id: int) -> httpx.Response:
        """Applies what was checked."""
        return await self.send("POST", f"/imports/{import_id}/application")

    async def undo(self, import_id: int) -> httpx.Response:
        """Takes an import back."""
        return await self.send("POST", f"/imports/{import_id}/undo")


def counts(seen: dict[str, Any]) -> tuple[int, ...]:
    """Added, changed, unchanged, rejected, asked, organisations added."""
    return tuple(seen[name] for name in COUNTS)


async def rows(world: World, *tables: str) -> list[list[dict[str, Any]]]:
    """All rows of tables, by id."""
    async with transaction(world.service.sessions) as session:
        found = [await session.execute(text(f"SELECT * FROM {table} ORDER BY id")) for table in tables]
        return [[dict(row._mapping) for row in each] for each in found]


async def somebody_waits_for_a_lock(world: World) -> None:
    """Returns once a transaction is held up by another."""
    async with asyncio.timeout(20):
        while True:
            async with world.service.sessions() as session:
                if await session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
                    return
            await asyncio.sleep(0.01)
