"""A checked roster becomes part of the roster: all of it in one transaction, set by set."""

import asyncio
import json
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Text, TextClause, bindparam, insert, select, text
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT, BYTEA
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.db.vault import Vault
from app.directory.models import Organisation, OrganisationChange
from app.organisations.imports.checking import Checked
from app.organisations.imports.errors import RosterChanged
from app.organisations.imports.matching import NEW_VALUES
from app.organisations.imports.models import ImportLine, RememberedColumn, RosterImport
from app.organisations.imports.places import Place
from app.organisations.imports.reading import Progress, seal_place
from app.organisations.imports.snapshots import LEFT_AS, SNAPSHOT
from app.organisations.locks import lock_roster
from app.organisations.people.values import sealed_phone
from app.organisations.placing import place_members
from app.organisations.service import next_ids
from content.names import search_text
from content.text import compact

# One import changes the roster at a time, so that the same file applied twice at once adds nobody twice.
IMPORT_LOCK = "roster import"
TRY_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 2))")
BATCH = 1_000
# The audit log names so many members of one kind.
MOST_NAMED = 10_000

HOLD_PEOPLE = text("""
SELECT count(*) FROM (
    SELECT FROM members member JOIN organisations organisation ON organisation.id = member.organisation_id
    WHERE starts_with(organisation.path, :path) ORDER BY member.id FOR NO KEY UPDATE OF member
) held
""")
PLACE_LINES = text("""
UPDATE roster_lines SET organisation_id = (CAST(:ids AS bigint[]))[-organisation_id]
WHERE import_id = :import_id AND organisation_id < 0
""")
# Materialised, so that each line is numbered once, in the order of the file, however the two are joined.
NUMBER_ADDED = text("""
WITH numbered AS MATERIALIZED (
    SELECT id, nextval(pg_get_serial_sequence('members', 'id')) AS member_id
    FROM (
        SELECT id FROM roster_lines WHERE import_id = :import_id AND status = 'added' AND kind IS NULL ORDER BY id
    ) added
)
UPDATE roster_lines line SET member_id = numbered.member_id FROM numbered WHERE line.id = numbered.id
""")
VALUES = """
FROM unnest(:ids, :search_texts, :ciphers, :tails) AS value (line_id, search_text, phone_cipher, phone_tail)
"""
ARRAYS = (
    bindparam("ids", type_=ARRAY(BIGINT)),
    bindparam("search_texts", type_=ARRAY(Text)),
    bindparam("ciphers", type_=ARRAY(BYTEA)),
    bindparam("tails", type_=ARRAY(BYTEA)),
)
ADD = text(f"""
INSERT INTO members (id, organisation_id, name, search_text, phone_cipher, phone_index, phone_tail, stage, roster,
    exempt_reason, birth_month, joined_on, tags, created_at)
SELECT line.member_id, line.organisation_id, line.name, value.search_text, value.phone_cipher, line.phone_index,
    value.phone_tail, coalesce(line.stage, 'full_member'), coalesce(line.roster, 'in_service'),
    CASE WHEN line.exempt THEN line.exempt_reason END, line.birth_month, line.joined_on, line.tags,
    CAST(:now AS timestamptz)
{VALUES} JOIN roster_lines line ON line.id = value.line_id
""").bindparams(*ARRAYS)
KEEP_BEFORE = text(f"""
UPDATE roster_lines line SET before = {SNAPSHOT}
FROM members member WHERE member.id = line.member_id AND line.import_id = :import_id AND line.status = 'changed'
""")  # noqa: S608 - the constant above
CHANGE = text(f"""
UPDATE members member
SET {", ".join(f"{name} = {value}" for name, value in NEW_VALUES.items())}, search_text = value.search_text,
    phone_cipher = coalesce(value.phone_cipher, member.phone_cipher),
    phone_tail = coalesce(value.phone_tail, member.phone_tail), organisation_id = line.organisation_id
{VALUES} JOIN roster_lines line ON line.id = value.line_id
WHERE member.id = line.member_id
""").bindparams(*ARRAYS)  # noqa: S608 - the constants above
KEEP_AFTER = text(f"""
UPDATE roster_lines line SET left_as = {LEFT_AS}
FROM members member
WHERE member.id = line.member_id AND line.import_id = :import_id AND line.status IN ('added', 'changed')
    AND line.kind IS NULL
""")  # noqa: S608 - the constant above


async def hold_people(session: AsyncSession, organisation_id: int | None) -> None:
    """Until the end of the transaction nobody comes into the organisation or below it, and who is there stays the same.

    Without an organisation that is said of all of them. The tree is held.
    """
    tops = Organisation.parent_id.is_(None) if organisation_id is None else Organisation.id == organisation_id
    rows = await session.execute(select(Organisation.id, Organisation.path).where(tops).order_by(Organisation.id))
    for id_, path in rows.all():
        await lock_roster(session, id_)
        await session.execute(HOLD_PEOPLE, {"path": path})


async def try_lock(session: AsyncSession) -> bool:
    """Whether this transaction is now the one that changes the roster by an import."""
    return bool(await session.scalar(TRY_LOCK, {"name": IMPORT_LOCK}))


async def apply_lines(
    session: AsyncSession, vault: Vault, record: RosterImport, checked: Checked, progress: Progress, now: datetime
) -> None:
    """Adds and changes the members of lines that were checked under the locks, and adds the organisations.

    Nobody is deleted, and nobody is placed earlier than now. Raises `RosterChanged` or `TooEarly`.
    """
    progress.done = 0
    organisations = await _add_organisations(session, record, checked, now)
    await session.execute(NUMBER_ADDED, {"import_id": record.id})
    await session.execute(KEEP_BEFORE, {"import_id": record.id})
    for status, statement in (("added", ADD), ("changed", CHANGE)):
        await _write(session, vault, record.id, status, statement, progress, now)
    await session.execute(KEEP_AFTER, {"import_id": record.id})
    await _remember_columns(session, record)
    await record_applied(session, record, checked, organisations, now)
    progress.done = progress.total
    checked.keep(record, now)
    record.organisations = organisations
    record.state, record.applied_at = "applied", now
    record.lines_total = record.lines_done = progress.total


async def _add_organisations(
    session: AsyncSession, record: RosterImport, checked: Checked, now: datetime
) -> list[dict[str, object]]:
    """Adds what is new, parents first; the organisations as the record keeps them, with their ids."""
    ids = await next_ids(session, "organisations", len(checked.new))
    real = {-number: id_ for number, id_ in enumerate(ids, start=1)}
    rows = [_organisation(place, real) | {"created_at": now} for place in checked.new]
    if rows:
        try:
            await session.execute(insert(Organisation), rows)
        except IntegrityError:
            raise RosterChanged from None
        changes = [_creation(record, id_, place, now) for id_, place in zip(ids, checked.new, strict=True)]
        await session.execute(insert(OrganisationChange), changes)
        await session.execute(PLACE_LINES, {"import_id": record.id, "ids": ids})
    return [{**shown, "id": id_} for shown, id_ in zip(checked.organisations, ids, strict=True)]


def _organisation(place: Place, real: dict[int, int]) -> dict[str, object]:
    """The row of an organisation, with the ids that the numbers in its path stand for."""
    steps = [int(step) for step in place.path.strip("/").split("/")]
    return {
        "id": real[place.id],
        "parent_id": None if place.parent_id is None else real.get(place.parent_id, place.parent_id),
        "path": f"/{'/'.join(str(real.get(step, step)) for step in steps)}/",
        "kind": place.kind,
        "name": place.name,
        "timezone": place.timezone,
        "practice": place.practice,
    }


def _creation(record: RosterImport, organisation_id: int, place: Place, now: datetime) -> dict[str, object]:
    return {
        "organisation_id": organisation_id,
        "kind": "created",
        "effective_at": now,
        "recorded_at": now,
        "actor": record.applied_by or record.actor,
        "before": {},
        "after": {"name": place.name},
    }


async def _write(
    session: AsyncSession,
    vault: Vault,
    import_id: int,
    status: str,
    statement: TextClause,
    progress: Progress,
    now: datetime,
) -> None:
    """Writes the members of one status, a batch at a time, each with what only the program can make of a line."""
    after = 0
    while True:
        rows = await session.execute(
            select(ImportLine.id, ImportLine.member_id, ImportLine.name, ImportLine.sealed)
            .where(
                ImportLine.import_id == import_id,
                ImportLine.status == status,
                ImportLine.kind.is_(None),
                ImportLine.id > after,
            )
            .order_by(ImportLine.id)
            .limit(BATCH)
        )
        lines = [(id_, member_id or 0, name, sealed) for id_, member_id, name, sealed in rows]
        if not lines:
            return
        values = {**await asyncio.to_thread(_values, vault, lines), "now": now}
        await session.execute(statement, values)
        await place_members(session, [member_id for _, member_id, _, _ in lines], None, now)
        after = lines[-1][0]
        progress.done += len(lines)


def _values(vault: Vault, lines: Iterable[tuple[int, int, str, bytes]]) -> dict[str, list[object]]:
    values: dict[str, list[object]] = {"ids": [], "search_texts": [], "ciphers": [], "tails": []}
    for line_id, member_id, name, sealed in lines:
        phone = json.loads(vault.decrypt(sealed, seal_place(line_id)))["phone"]
        columns = sealed_phone(vault, member_id, phone or None)
        values["ids"].append(line_id)
        values["search_texts"].append(search_text(name))
        values["ciphers"].append(columns["phone_cipher"])
        values["tails"].append(columns["phone_tail"])
    return values


async def _remember_columns(session: AsyncSession, record: RosterImport) -> None:
    given = record.columns.get("given")
    if record.organisation_id is None or not isinstance(given, dict):
        return
    rows = [
        {"organisation_id": record.organisation_id, "title": compact(title), "field": field}
        for title, field in given.items()
    ]
    if rows:
        statement = upsert(RememberedColumn)
        remember = statement.on_conflict_do_update(
            index_elements=["organisation_id", "title"], set_={"field": statement.excluded.field}
        )
        await session.execute(remember, rows)


async def record_applied(
    session: AsyncSession,
    record: RosterImport,
    checked: Checked,
    organisations: Sequence[dict[str, object]],
    now: datetime,
) -> None:
    """The entry of the audit log: who was made exempt or changed can be asked about when the lines are gone."""
    touched = (
        select(ImportLine.member_id)
        .where(ImportLine.import_id == record.id, ImportLine.kind.is_(None))
        .order_by(ImportLine.id)
        .limit(MOST_NAMED)
    )
    changed = await session.scalars(touched.where(ImportLine.status == "changed"))
    exempt = await session.scalars(
        touched.where(ImportLine.status.in_(("added", "changed")), ImportLine.exempt.is_(True))
    )
    audit.record(
        session, record.applied_by or record.actor, "roster.imported", "roster_import", record.id,
        now=now, organisation_id=record.organisation_id, **checked.counts,
        organisations=[each["id"] for each in organisations],
        changed_members=list(changed), exempt_members=list(exempt),
    )  # fmt: skip
