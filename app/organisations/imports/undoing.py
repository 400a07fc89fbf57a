"""An applied import is taken back as a whole, as long as nothing stands on it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Column, ColumnElement, Select, SQLColumnExpression, any_, delete, literal, select, text, union
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import CurrentStaff
from app.db.base import Base
from app.directory.models import BindingSlip, Member, Organisation, OrganisationChange, Placement
from app.organisations.imports.applying import BATCH, try_lock
from app.organisations.imports.errors import AnotherImport, ImportInUse, NotApplied, UndoExpired
from app.organisations.imports.models import ImportLine, RosterImport
from app.organisations.imports.service import KEPT, check_may_create, find_import
from app.organisations.imports.snapshots import LEFT_AS, RESTORED
from app.organisations.locks import lock_tree
from app.organisations.tree.changes import record_change

NAMED = 20
# What is deleted along with an added member; whatever else refers to one stands in the way.
GOES_ALONG = frozenset({"placements", "binding_slips"})
# What refers to an organisation without anybody being in it.
TRACES = frozenset(
    {"organisations", "organisation_changes", "audit_log", "roster_imports", "roster_columns", "placements"}
)
# The row of the member is held until the end, so that nothing changes behind the comparison.
CHANGED_SINCE = text(f"""
WITH held AS MATERIALIZED (
    SELECT member.* FROM members member
    WHERE member.id IN (
        SELECT member_id FROM roster_lines
        WHERE import_id = :import_id AND status IN ('added', 'changed') AND kind IS NULL
    )
    ORDER BY member.id FOR UPDATE
)
SELECT line.member_id FROM roster_lines line LEFT JOIN held member ON member.id = line.member_id
WHERE line.import_id = :import_id AND line.status IN ('added', 'changed') AND line.kind IS NULL
    AND (member.id IS NULL OR line.left_as IS DISTINCT FROM {LEFT_AS})
ORDER BY line.member_id LIMIT :limit
""")  # noqa: S608 - the constant of .snapshots
TOUCHED_LATER = text("""
SELECT DISTINCT line.member_id FROM roster_lines line
JOIN roster_lines later ON later.member_id = line.member_id AND later.status IN ('added', 'changed')
JOIN roster_imports import ON import.id = later.import_id AND import.state = 'applied' AND import.id <> :import_id
WHERE line.import_id = :import_id AND line.status IN ('added', 'changed') AND line.kind IS NULL
    AND (import.applied_at, import.id) > (CAST(:applied_at AS timestamptz), :import_id)
ORDER BY line.member_id LIMIT :limit
""")
# Messages name their members in arrays, to which no foreign key leads.
TOLD = text("""
SELECT DISTINCT told.member_id FROM batches batch CROSS JOIN unnest(batch.members) AS told (member_id)
WHERE batch.last_member >= (SELECT min(member_id) FROM roster_lines WHERE import_id = :import_id AND status = 'added')
    AND told.member_id IN (SELECT member_id FROM roster_lines WHERE import_id = :import_id AND status = 'added')
ORDER BY told.member_id LIMIT :limit
""")
# Where the members came from is gone or stands elsewhere: they cannot simply go back.
NOWHERE_TO_GO = text("""
SELECT line.member_id FROM roster_lines line
JOIN organisations organisation ON organisation.id = CAST(line.before ->> 'organisation_id' AS bigint)
JOIN members member ON member.id = line.member_id AND member.organisation_id <> organisation.id
WHERE line.import_id = :import_id AND line.status = 'changed' AND (
    organisation.archived_at IS NOT NULL
    OR NOT EXISTS (
        SELECT FROM jsonb_to_recordset(line.before -> 'placements') AS place (path text, until_at timestamptz)
        WHERE place.until_at IS NULL AND place.path = organisation.path
    )
)
ORDER BY line.member_id LIMIT :limit
""")
RESTORE = text(f"""
UPDATE members member SET {", ".join(f"{name} = {value}" for name, value in RESTORED.items())}
FROM roster_lines line
WHERE line.member_id = member.id AND line.import_id = :import_id AND line.status = 'changed'
""")  # noqa: S608 - the constant of .snapshots
MOVED = text("""
SELECT line.member_id FROM roster_lines line
WHERE line.import_id = :import_id AND line.status = 'changed' AND line.before -> 'placements' <> (
    SELECT coalesce(jsonb_agg(to_jsonb(place) ORDER BY place.id), '[]') FROM placements place
    WHERE place.member_id = line.member_id
)
""")
PLACE_AGAIN = text("""
INSERT INTO placements (id, member_id, organisation_id, path, from_at, until_at)
SELECT place.id, place.member_id, place.organisation_id, place.path, place.from_at, place.until_at
FROM roster_lines line CROSS JOIN LATERAL jsonb_to_recordset(line.before -> 'placements') AS place (
    id bigint, member_id bigint, organisation_id bigint, path text, from_at timestamptz, until_at timestamptz
)
WHERE line.import_id = :import_id AND line.status = 'changed' AND line.member_id = ANY(CAST(:ids AS bigint[]))
""")
# Where they stood at the end of a week that is over is what its figures say.
MOVED_AND_COUNTED = text("""
SELECT line.member_id FROM roster_lines line
JOIN members member ON member.id = line.member_id
WHERE line.import_id = :import_id AND line.status = 'changed'
    AND CAST(line.before ->> 'organisation_id' AS bigint) <> member.organisation_id
    AND EXISTS (
        SELECT FROM organisations organisation
        WHERE organisation.id IN (member.organisation_id, CAST(line.before ->> 'organisation_id' AS bigint))
            AND date_trunc('week', CAST(:applied_at AS timestamptz) AT TIME ZONE organisation.timezone)
                < date_trunc('week', CAST(:now AS timestamptz) AT TIME ZONE organisation.timezone)
    )
ORDER BY line.member_id LIMIT :limit
""")
IN_THE_WAY = {
    "newer_import": TOUCHED_LATER,
    "changed_since": CHANGED_SINCE,
    "told": TOLD,
    "nowhere_to_go": NOWHERE_TO_GO,
    "moved_and_counted": MOVED_AND_COUNTED,
}
WHY = {
    "changed_since": "导入之后又被修改、转移或归档",
    "newer_import": "又被之后的一次导入修改，请先撤销那一次",
    "in_use": "已经绑定微信、开始学习，或有其他记录",
    "told": "已经收到过消息",
    "nowhere_to_go": "原来所在的党组织已撤销或已调整",
    "moved_and_counted": "已按新的党组织计入过完成情况，请改为逐人转回",
}


async def undo_import(session: AsyncSession, staff: CurrentStaff, import_id: int, now: datetime) -> None:
    """Takes an import back: added members are gone, changed ones as before, organisations that it added too if empty.

    The same again changes nothing. Raises `NotFound`, `Forbidden`, `NotApplied`, `UndoExpired`, `AnotherImport` or
    `ImportInUse`, which names who stands in the way.
    """
    if not await try_lock(session):
        raise AnotherImport
    await lock_tree(session)
    record = await find_import(session, staff, import_id, lock=True)
    await check_may_create(session, staff, record)
    if record.state == "undone":
        return
    if record.state != "applied":
        raise NotApplied
    if (record.applied_at or record.created_at) < now - KEPT:
        raise UndoExpired
    await _check_free(session, record, now)
    added = list(await session.scalars(_added(import_id)))
    try:
        async with session.begin_nested():
            await _delete(session, added)
    except IntegrityError:
        # Somebody was quicker than the look before.
        raise ImportInUse from None
    await session.execute(RESTORE, {"import_id": import_id})
    moved = list(await session.scalars(MOVED, {"import_id": import_id}))
    await session.execute(delete(Placement).where(_is_one_of(Placement.member_id, moved)))
    await session.execute(PLACE_AGAIN, {"import_id": import_id, "ids": moved})
    removed = await _remove_organisations(session, staff, record, now)
    record.organisations = [{**each, "stays": each["id"] not in removed} for each in record.organisations]
    record.state, record.undone_at = "undone", now
    audit.record(
        session, staff.actor, "roster.undone", "roster_import", import_id,
        now=now, organisation_id=record.organisation_id,
        added=record.counts.get("added", 0), changed=record.counts.get("changed", 0),
        organisations_removed=len(removed),
    )  # fmt: skip


async def _check_free(session: AsyncSession, record: RosterImport, now: datetime) -> None:
    """Raises `ImportInUse`, naming the first who stand in the way."""
    values = {"import_id": record.id, "applied_at": record.applied_at, "now": now, "limit": NAMED}
    reasons: dict[int, str] = {}
    for code, statement in IN_THE_WAY.items():
        wanted = {name: values[name] for name in statement.compile().params}
        for member_id in await session.scalars(statement, wanted):
            reasons.setdefault(member_id, code)
    added = _added(record.id)
    used = select(BindingSlip.member_id).where(BindingSlip.used_at.is_not(None), BindingSlip.member_id.in_(added))
    referring = [select(column).where(column.in_(added)) for column in _columns_to("members.id", GOES_ALONG)]
    for member_id in await session.scalars(union(used, *referring).limit(NAMED)):
        reasons.setdefault(member_id, "in_use")
    if reasons:
        raise ImportInUse(errors=await _named(session, reasons))


def _added(import_id: int) -> Select[int | None]:
    of_import = ImportLine.import_id == import_id, ImportLine.status == "added", ImportLine.kind.is_(None)
    return select(ImportLine.member_id).where(*of_import).order_by(ImportLine.member_id)


def _columns_to(target: str, but: frozenset[str]) -> list[Column[int]]:
    """The columns of all tables, but for those named, that refer to `target`."""
    return [
        key.parent
        for table in Base.metadata.sorted_tables
        if table.name not in but
        for key in table.foreign_keys
        if key.target_fullname == target
    ]


def _is_one_of(
    column: SQLColumnExpression[int] | SQLColumnExpression[int | None], ids: Sequence[int | None]
) -> ColumnElement[bool]:
    return column == any_(literal(list(ids), ARRAY(BIGINT)))


async def _named(session: AsyncSession, reasons: dict[int, str]) -> list[dict[str, object]]:
    ids = sorted(reasons)[:NAMED]
    rows = await session.execute(
        select(Member.id, Member.name, Organisation.name)
        .join(Organisation, Organisation.id == Member.organisation_id)
        .where(_is_one_of(Member.id, ids))
        .order_by(Member.id)
    )
    return [
        {
            "member_id": member_id,
            "name": name,
            "organisation": organisation,
            "code": reasons[member_id],
            "detail": f"「{organisation}」的{name}{WHY[reasons[member_id]]}",
        }
        for member_id, name, organisation in rows
    ]


async def _delete(session: AsyncSession, ids: Sequence[int | None]) -> None:
    """Deletes members with their places and the slips that nobody has used; raises `IntegrityError`."""
    for start in range(0, len(ids), BATCH):
        some = ids[start : start + BATCH]
        unused = _is_one_of(BindingSlip.member_id, some), BindingSlip.used_at.is_(None)
        await session.execute(delete(BindingSlip).where(*unused))
        await session.execute(delete(Placement).where(_is_one_of(Placement.member_id, some)))
        await session.execute(delete(Member).where(_is_one_of(Member.id, some)))


async def _remove_organisations(
    session: AsyncSession, staff: CurrentStaff, record: RosterImport, now: datetime
) -> set[int]:
    """Takes the organisations that the import has added out of the tree, but for those in use; gives their ids.

    Where only the history knows of them they are deleted, else archived.
    """
    ids = [int(str(each["id"])) for each in record.organisations]
    referring = [select(column).where(_is_one_of(column, ids)) for column in _columns_to("organisations.id", TRACES)]
    children = select(Organisation.parent_id).where(
        _is_one_of(Organisation.parent_id, ids), ~_is_one_of(Organisation.id, ids), Organisation.archived_at.is_(None)
    )
    kept = set(await session.scalars(union(children, *referring)))
    found = await session.scalars(
        select(Organisation)
        .where(_is_one_of(Organisation.id, ids), Organisation.archived_at.is_(None))
        .order_by(Organisation.path.desc())
    )
    removed: dict[int, Organisation] = {}
    # Subordinates come before their superiors.
    for organisation in found:
        if organisation.id in kept:
            kept.add(organisation.parent_id)
        else:
            removed[organisation.id] = organisation
    try:
        async with session.begin_nested():
            of_them = _is_one_of(OrganisationChange.organisation_id, [*removed])
            await session.execute(delete(OrganisationChange).where(of_them))
            await session.execute(delete(Organisation).where(_is_one_of(Organisation.id, [*removed])))
    except IntegrityError:
        for organisation in removed.values():
            organisation.archived_at, organisation.archive_reason = now, "other"
            record_change(session, staff.actor, organisation, "archived", at=now, now=now, after={"reason": "other"})
    return set(removed)
