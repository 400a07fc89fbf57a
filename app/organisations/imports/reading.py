"""A file becomes rows, batch by batch: what is compared stays open, all else that stands in a line is sealed."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principals import ancestors
from app.content_errors import invalid
from app.db.engine import Sessions, transaction
from app.db.vault import Vault
from app.directory.models import Organisation
from app.errors import Invalid
from app.organisations.imports.models import ImportLine, RememberedColumn, RosterImport
from app.organisations.service import next_ids
from content.errors import ContentError
from content.roster import (
    ORGANISATION_COLUMNS,
    RejectedLine,
    RosterEvent,
    RosterHeader,
    RosterLine,
    RosterOrganisation,
    SkippedLine,
)
from content.sandbox import stream_in_child
from content.text import compact, is_rare

# Lines that say themselves that they are not to be imported.
EXAMPLE = "example_line"
# A longer tree than any county's: beyond it the column of organisations is something else.
MOST_ORGANISATIONS = 10_000
# Where such an organisation is imported into, a file that names none means it.
HOLDS_PEOPLE = ("branch", "group")
KIND_TITLES = {"committee": "党委", "general_branch": "党总支", "branch": "党支部", "group": "党小组"}
LONGEST_NAME = 100
# Lines that are no person, such as totals: what stands in them is told instead of a reason.
SKIPPED = "skipped_line"
StagedLine = RosterLine | RosterOrganisation | RejectedLine | SkippedLine


class TooManyOrganisations(Invalid):
    """Of these there cannot be so many."""

    code = "too_many_organisations"
    detail = f"表中有超过 {MOST_ORGANISATIONS} 个党组织，请核对「所在党组织」列和「党组织」表。"


@dataclass
class Progress:
    """How far a running import has come, for its heartbeat."""

    total: int = 0
    done: int = 0


def name_key(name: str) -> str:
    """A name as it is compared: the first line of a member's search text."""
    return compact(name).lower()


def seal_place(line_id: int) -> str:
    """Where the texts of a line are sealed for."""
    return f"roster_lines:{line_id}:sealed"


async def options_for(
    session: AsyncSession, organisation_id: int | None, given: Mapping[str, str], today: str
) -> dict[str, object]:
    """How to read a file: what its columns were called before in the organisation and above, and what is `given`."""
    options: dict[str, object] = {"today": today, "columns": dict(given)}
    if organisation_id is None:
        return options
    root = await session.get_one(Organisation, organisation_id)
    remembered = await session.execute(
        select(RememberedColumn.title, RememberedColumn.field)
        .join(Organisation, Organisation.id == RememberedColumn.organisation_id)
        .where(Organisation.id.in_(ancestors(root.path)))
        .order_by(Organisation.path)
    )
    # The nearest organisation's word comes last.
    options["columns"] = {**dict(row for row in remembered), **given}
    if root.kind in HOLDS_PEOPLE:
        options["default_organisation"] = root.name
    return options


async def stage(
    sessions: Sessions, vault: Vault, import_id: int, data: bytes, options: Mapping[str, object], progress: Progress
) -> None:
    """Reads a file into lines of the import, each batch in a transaction of its own.

    Raises `Invalid` with what is wrong with the file, perhaps after some lines.
    """
    try:
        async with aclosing(stream_in_child("roster_lines", data, options)) as batches:
            async for events in batches:
                await _keep(sessions, vault, import_id, events, progress)
    except ContentError as error:
        raise invalid(error) from None
    progress.total = progress.done


async def _keep(
    sessions: Sessions, vault: Vault, import_id: int, events: Sequence[RosterEvent], progress: Progress
) -> None:
    header = next((event for event in events if isinstance(event, RosterHeader)), None)
    lines = [event for event in events if not isinstance(event, RosterHeader) and not _is_example(event)]
    async with transaction(sessions) as session:
        if header is not None:
            progress.total = header.lines
            record = await session.get_one(RosterImport, import_id)
            record.columns = {
                **record.columns,
                "read": [asdict(column) for column in header.columns],
                "ignored": list(header.ignored),
                "skipped_sheets": list(header.skipped_sheets),
            }
        ids = await next_ids(session, "roster_lines", len(lines))
        rows = await asyncio.to_thread(_rows, vault, import_id, lines, ids)
        if rows:
            await session.execute(insert(ImportLine.__table__), rows)  # type: ignore[arg-type]  # a Table, by the model
    progress.done += len(events) - (header is not None)


def _is_example(event: RosterEvent) -> bool:
    return isinstance(event, RejectedLine) and event.code == EXAMPLE


def _rows(
    vault: Vault,
    import_id: int,
    lines: Sequence[StagedLine],
    ids: Sequence[int],
) -> list[dict[str, object]]:
    blank = dict.fromkeys(_COMPARED) | {"import_id": import_id, "kind": None, "code": None, "tags": []}
    return [{**blank, "id": id_, **_row(vault, line, id_)} for line, id_ in zip(lines, ids, strict=True)]


_COMPARED = ("stage", "roster", "exempt", "exempt_reason", "birth_month", "joined_on", "phone_index")


def _row(vault: Vault, line: StagedLine, line_id: int) -> dict[str, object]:
    row: dict[str, object] = {"sheet": printable(line.sheet), "line": line.line, "readable": True, "status": "added"}
    sealed: dict[str, object]
    if isinstance(line, RosterLine):
        row |= _compared(vault, line)
        sealed = {"raw": line.raw, "phone": line.phone}
    elif isinstance(line, RosterOrganisation):
        row |= _named("", line.name, line.parent) | {"kind": line.kind}
        texts = (line.name, KIND_TITLES[line.kind], line.parent)
        sealed = {"raw": dict(zip(ORGANISATION_COLUMNS, texts, strict=True))}
    elif isinstance(line, SkippedLine):
        row |= _named("", "", "") | {"readable": False, "status": "skipped", "code": SKIPPED}
        sealed = {"raw": {}, "reason": line.text}
    else:
        of_tree = bool(line.raw.keys() & {*ORGANISATION_COLUMNS})
        row |= _named(line.raw.get("name", ""), line.raw.get("organisation", ""), line.raw.get("superior", ""))
        row |= {"readable": False, "status": "rejected", "code": line.code, "kind": "unknown" if of_tree else None}
        sealed = {"raw": line.raw, "reason": line.reason}
    return {**row, "sealed": vault.encrypt(json.dumps(sealed), seal_place(line_id))}


def _compared(vault: Vault, line: RosterLine) -> dict[str, object]:
    return {
        **_named(line.name, line.organisation, line.superior),
        "stage": line.stage,
        "roster": line.roster,
        "exempt": line.exempt,
        "exempt_reason": line.exempt_reason or None,
        "birth_month": line.birth_month or None,
        "joined_on": line.joined_on or None,
        "tags": list(line.tags),
        "phone_index": vault.digest("phone", line.phone) if line.phone else None,
    }


def _named(name: str, organisation: str, superior: str) -> dict[str, object]:
    name, organisation, superior = map(printable, (name, organisation, superior))
    return {"name": name, "name_key": name_key(name), "organisation": organisation, "superior": superior}


def printable(text: str) -> str:
    """The text without what a database or a reader cannot show."""
    return "".join(char for char in text if char.isprintable() or is_rare(char))[:LONGEST_NAME]
