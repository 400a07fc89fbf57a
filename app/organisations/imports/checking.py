"""What a roster would do: which organisation and which member each line means, and how many of each kind there are."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import CursorResult, any_, func, literal, select, text
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principals import ancestors, within
from app.directory.models import Organisation
from app.organisations.imports.errors import TargetArchived
from app.organisations.imports.matching import MATCH, PLAN, QUESTIONS, REASONS_JSON, USUAL_PLAN
from app.organisations.imports.models import ImportLine, RosterImport
from app.organisations.imports.places import Mention, Place, Places, SheetLine, Unfit, find_places, plan_sheet
from app.organisations.imports.reading import MOST_ORGANISATIONS, TooManyOrganisations
from app.organisations.people.reach import RESTORABLE

SETTLE_SHEET = text("""
UPDATE roster_lines line SET status = settled.status, code = settled.code, reason = settled.reason
FROM jsonb_to_recordset(CAST(:settled AS jsonb)) AS settled (id bigint, status text, code text, reason text)
WHERE line.id = settled.id
    AND (line.status, line.code, line.reason) IS DISTINCT FROM (settled.status, settled.code, settled.reason)
""")
# The people of the organisations that a file covers of whom it says nothing. They are shown, and never touched.
MISSING = """
FROM members member JOIN organisations organisation ON organisation.id = member.organisation_id
WHERE member.archived_at IS NULL
    AND member.organisation_id IN (
        SELECT organisation_id FROM roster_lines WHERE import_id = :import_id AND kind IS NULL
    )
    AND NOT EXISTS (SELECT FROM roster_lines line WHERE line.import_id = :import_id AND line.member_id = member.id)
    AND NOT EXISTS (
        SELECT FROM (
            SELECT unnest(candidates) AS id FROM roster_lines WHERE import_id = :import_id AND status = 'question'
        ) offered
        WHERE offered.id = member.id
    )
    AND NOT EXISTS (
        SELECT FROM roster_lines line
        WHERE line.import_id = :import_id AND NOT line.readable
            AND line.name_key = split_part(member.search_text, E'\\n', 2)
    )
"""
COUNT_MISSING = text(f"SELECT count(*) {MISSING}")


@dataclass(frozen=True)
class Checked:
    """What came of a check: the organisations to add, parents first; `differs` from what was found the last time.

    The record itself is not written here: its heartbeat must go on while the roster is being changed.
    """

    new: Sequence[Place]
    organisations: list[dict[str, object]]
    counts: dict[str, int]
    differs: bool

    def keep(self, record: RosterImport, now: datetime) -> None:
        """Has the record tell what was found."""
        record.counts, record.organisations, record.checked_at = self.counts, self.organisations, now


async def check_lines(session: AsyncSession, record: RosterImport, now: datetime) -> Checked:
    """Settles every line of the import anew; changes nothing of the roster.

    Raises `TargetArchived` or `TooManyOrganisations`.
    """
    root = await _root(session, record)
    places = await _places(session, root)
    sheet_differs = await _settle_sheet(session, record, places)
    found = find_places(await _mentions(session, record.id), places, create=record.create_organisations)
    for statement in PLAN:
        await session.execute(statement)
    values = {
        "import_id": record.id,
        "places": json.dumps([_place(mention, place) for mention, place in found.items()], ensure_ascii=False),
        "root": root.path if root else "",
        "restorable": now - RESTORABLE,
        "questions": list(QUESTIONS),
        "reasons": REASONS_JSON,
    }
    lines_differ = _changed(await session.execute(MATCH, values))
    counts = await _counts(session, record.id, len(places.new))
    for statement in USUAL_PLAN:
        await session.execute(statement)
    organisations = places.shown()
    differs = bool(sheet_differs or lines_differ or organisations != record.organisations)
    return Checked(places.new, organisations, counts, differs)


def _changed(result: object) -> int:
    assert isinstance(result, CursorResult)  # noqa: S101 - what an UPDATE gives
    return result.rowcount


async def _root(session: AsyncSession, record: RosterImport) -> Organisation | None:
    if record.organisation_id is None:
        return None
    root = await session.get_one(Organisation, record.organisation_id, populate_existing=True)
    if root.archived_at is not None:
        raise TargetArchived
    return root


async def _places(session: AsyncSession, root: Organisation | None) -> Places:
    columns = (
        Organisation.id,
        Organisation.parent_id,
        Organisation.path,
        Organisation.kind,
        Organisation.name,
        Organisation.timezone,
        Organisation.practice,
    )
    statement = select(*columns).where(Organisation.archived_at.is_(None)).order_by(Organisation.path)
    if root is None:
        return Places([Place(*row) for row in await session.execute(statement)], None)
    rows = await session.execute(statement.where(within(Organisation.path, [root.path])))
    above = select(Organisation.name).where(Organisation.id == any_(literal(ancestors(root.path)[:-1], ARRAY(BIGINT))))
    return Places([Place(*row) for row in rows], root.id, await session.scalars(above))


async def _settle_sheet(session: AsyncSession, record: RosterImport, places: Places) -> int:
    """Settles the lines of the sheet 党组织; how many differ from the last time."""
    columns = (ImportLine.id, ImportLine.organisation, ImportLine.kind, ImportLine.superior)
    rows = await session.execute(
        select(*columns)
        .where(ImportLine.import_id == record.id, ImportLine.kind.is_not(None), ImportLine.readable)
        .order_by(ImportLine.id)
        .limit(MOST_ORGANISATIONS + 1)
    )
    lines = [SheetLine(id_, name, kind or "", parent) for id_, name, kind, parent in rows]
    if len(lines) > MOST_ORGANISATIONS:
        raise TooManyOrganisations
    outcome = plan_sheet(lines, places, may_create=record.adds_organisations)
    settled = [_settled(line_id, found) for line_id, found in outcome.items()]
    return _changed(await session.execute(SETTLE_SHEET, {"settled": json.dumps(settled, ensure_ascii=False)}))


def _settled(line_id: int, found: Unfit | Place | None) -> dict[str, object]:
    if isinstance(found, Unfit):
        return {"id": line_id, "status": "rejected", "code": found.code, "reason": f"「党组织」表：{found.reason}"}
    return {"id": line_id, "status": "unchanged" if found is None else "added", "code": None, "reason": None}


async def _mentions(session: AsyncSession, import_id: int) -> list[Mention]:
    """The organisations that the lines name, each with its superior, in their order."""
    rows = await session.execute(
        select(ImportLine.organisation, ImportLine.superior)
        .where(ImportLine.import_id == import_id, ImportLine.kind.is_(None), ImportLine.readable)
        .group_by(ImportLine.organisation, ImportLine.superior)
        .order_by(func.min(ImportLine.id))
        .limit(MOST_ORGANISATIONS + 1)
    )
    mentions = [(name, superior) for name, superior in rows]
    if len(mentions) > MOST_ORGANISATIONS:
        raise TooManyOrganisations
    return mentions


def _place(mention: Mention, found: Place | Unfit) -> Mapping[str, object]:
    said = dict(zip(("organisation", "superior"), mention, strict=True))
    if isinstance(found, Unfit):
        return {**said, "code": found.code, "reason": found.reason}
    return {**said, "organisation_id": found.id, "practice": found.practice}


async def _counts(session: AsyncSession, import_id: int, organisations: int) -> dict[str, int]:
    counted = await session.execute(
        select(ImportLine.status, func.count())
        .where(ImportLine.import_id == import_id, ImportLine.kind.is_(None) | (ImportLine.status == "rejected"))
        .group_by(ImportLine.status)
    )
    found = dict(row for row in counted)
    return {
        "added": found.get("added", 0),
        "changed": found.get("changed", 0),
        "unchanged": found.get("unchanged", 0),
        "rejected": found.get("rejected", 0),
        "questions": found.get("question", 0),
        "skipped": found.get("skipped", 0),
        "missing": await session.scalar(COUNT_MISSING, {"import_id": import_id}) or 0,
        "organisations_added": organisations,
    }
