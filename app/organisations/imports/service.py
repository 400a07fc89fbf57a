"""The records of imports: begun, found, listed, and told."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principals import CurrentStaff, within
from app.db.vault import Vault
from app.directory.models import Organisation
from app.errors import Forbidden, NotFound
from app.organisations.imports.errors import (
    ImportExpired,
    ImportInterrupted,
    NotChecked,
    TooManyImports,
)
from app.organisations.imports.models import ImportLine, RosterImport
from app.organisations.imports.reading import printable
from app.organisations.imports.schemas import ImportOut, ImportSummary
from app.organisations.imports.telling import SHOWN_REJECTED, check_ready, list_rejected, list_skipped
from app.organisations.people.reach import KEEPERS

# What stands in lines is kept no longer than it can be of use.
KEPT = timedelta(days=30)
# A process that is at it is heard of far more often.
SILENT = timedelta(seconds=60)
RUNNING = ("reading", "applying")
MOST_RUNNING = 3


@dataclass(frozen=True)
class Order:
    """What is to be imported where, by whom, and how far: a dry run ends with the check.

    `columns` is title -> field of `content.roster.FIELDS` or "", as the caller wants it.
    """

    data: bytes
    file_name: str
    organisation_id: int | None
    account_id: int | None
    actor: str
    # Whether the sheet 党组织 may add organisations, and whether names in the lines may.
    adds_organisations: bool
    create_organisations: bool
    dry_run: bool
    columns: Mapping[str, str] = field(default_factory=dict)

    def digest(self) -> bytes:
        """What tells one order from another."""
        asked = [
            self.organisation_id, self.actor, self.adds_organisations, self.create_organisations, self.dry_run,
            sorted(self.columns.items()), hashlib.sha256(self.data).hexdigest(),
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(asked).encode()).digest()


async def begin_import(session: AsyncSession, order: Order, now: datetime) -> tuple[int, bool]:
    """The id of the record of an order, and whether it is new: the same while the first is running is the first.

    Raises `TooManyImports`.
    """
    digest = order.digest()
    # One account begins one import after the other.
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(order.actor, 4))))
    running = (
        await session.execute(
            select(RosterImport.id, RosterImport.digest).where(
                RosterImport.actor == order.actor,
                RosterImport.state.in_(RUNNING),
                RosterImport.heartbeat_at > now - SILENT,
            )
        )
    ).all()
    for id_, of_running in running:
        if of_running == digest:
            return id_, False
    if len(running) >= MOST_RUNNING:
        raise TooManyImports
    await forget_old_lines(session, now)
    record = RosterImport(
        organisation_id=order.organisation_id,
        account_id=order.account_id,
        actor=order.actor,
        file_name=printable(order.file_name),
        digest=digest,
        state="reading",
        adds_organisations=order.adds_organisations,
        create_organisations=order.create_organisations,
        columns={"given": dict(order.columns)},
        counts={},
        organisations=[],
        created_at=now,
        heartbeat_at=now,
    )
    session.add(record)
    await session.flush()
    return record.id, True


async def forget_old_lines(session: AsyncSession, now: datetime) -> None:
    """Deletes the lines of imports that can be neither applied nor undone any more."""
    used = func.greatest(RosterImport.heartbeat_at, func.coalesce(RosterImport.applied_at, RosterImport.created_at))
    old = select(RosterImport.id).where(used < now - KEPT)
    await session.execute(delete(ImportLine).where(ImportLine.import_id.in_(old)))


async def only_top(session: AsyncSession) -> int | None:
    """The organisation above all others, or None where there are several trees, or none."""
    tops = await session.scalars(
        select(Organisation.id).where(Organisation.parent_id.is_(None), Organisation.archived_at.is_(None)).limit(2)
    )
    found = tops.all()
    return found[0] if len(found) == 1 else None


async def find_import(
    session: AsyncSession, staff: CurrentStaff, import_id: int, *, lock: bool = False
) -> RosterImport:
    """An import into an organisation in reach; raises `NotFound`."""
    statement = (
        select(RosterImport)
        .join(Organisation, Organisation.id == RosterImport.organisation_id)
        .where(RosterImport.id == import_id, within(Organisation.path, staff.paths(*KEEPERS)))
        .execution_options(populate_existing=True)
    )
    if lock:
        statement = statement.with_for_update(of=RosterImport)
    record = await session.scalar(statement)
    if record is None:
        raise NotFound
    return record


async def list_imports(
    session: AsyncSession, staff: CurrentStaff, organisation_id: int | None, *, before: int | None, limit: int
) -> list[RosterImport]:
    """Imports into organisations in reach, or into one of them, newest first; one more than `limit` if there are more.

    Raises `NotFound` for an organisation out of reach.
    """
    reach = within(Organisation.path, staff.paths(*KEEPERS))
    if organisation_id is not None:
        found = await session.scalar(select(Organisation.id).where(Organisation.id == organisation_id, reach))
        if found is None:
            raise NotFound
        reach = Organisation.id == organisation_id
    statement = (
        select(RosterImport)
        .join(Organisation, Organisation.id == RosterImport.organisation_id)
        .where(reach)
        .order_by(RosterImport.id.desc())
        .limit(limit + 1)
    )
    if before is not None:
        statement = statement.where(RosterImport.id < before)
    return list(await session.scalars(statement))


async def check_may_create(session: AsyncSession, staff: CurrentStaff, record: RosterImport) -> None:
    """Raises `Forbidden` where the import adds organisations, or has added some, and the caller may not."""
    if not record.organisations:
        return
    path = await session.scalar(select(Organisation.path).where(Organisation.id == record.organisation_id))
    if not any((path or "").startswith(reach) for reach in staff.paths("administrator")):
        raise Forbidden


async def claim(session: AsyncSession, vault: Vault, record: RosterImport, actor: str, now: datetime) -> bool:
    """Takes a checked import to apply it; False where that is done or being done already.

    Raises what `check_open` does, `RejectedLines` or `QuestionsOpen`.
    """
    if state_of(record, now) in ("applying", "applied"):
        return False
    check_open(record, now)
    await check_ready(session, vault, record.id)
    await session.execute(
        update(RosterImport)
        .where(RosterImport.id == record.id)
        .values(state="applying", applied_by=actor, heartbeat_at=now, lines_done=0, error_code=None, error_detail=None)
    )
    return True


def check_open(record: RosterImport, now: datetime) -> None:
    """Raises `NotChecked` or `ImportExpired` unless an import is there to be answered about and applied."""
    if state_of(record, now) != "checked":
        raise NotChecked
    if record.created_at < now - KEPT:
        raise ImportExpired


def state_of(record: RosterImport, now: datetime) -> str:
    """The state as it is shown: what has not been heard of for long has failed, or is checked as it was before."""
    silent = record.state in RUNNING and record.heartbeat_at <= now - SILENT
    if not silent:
        return record.state
    return "failed" if record.checked_at is None else "checked"


def interruption(record: RosterImport) -> str:
    """What is told of an import whose process is gone."""
    return ImportInterrupted.detail if record.checked_at is None else ImportInterrupted.detail_of_checked


def summary(record: RosterImport, now: datetime) -> ImportSummary:
    """An import in a list."""
    return ImportSummary(**_told(record, now))


async def describe(session: AsyncSession, vault: Vault, import_id: int, now: datetime) -> ImportOut:
    """An import with the first lines that it cannot take."""
    record = await session.get_one(RosterImport, import_id, populate_existing=True)
    rejected = await list_rejected(session, vault, import_id) if record.counts.get("rejected") else []
    columns: dict[str, Any] = record.columns
    return ImportOut(
        **_told(record, now),
        rejected=rejected,
        skipped=await list_skipped(session, vault, import_id) if record.counts.get("skipped") else [],
        organisations=record.organisations[:SHOWN_REJECTED],
        columns=columns.get("read", []),
        ignored_columns=columns.get("ignored", []),
        skipped_sheets=columns.get("skipped_sheets", []),
    )


def _told(record: RosterImport, now: datetime) -> dict[str, Any]:
    counts = record.counts
    state = state_of(record, now)
    interrupted = state != record.state
    return {
        "id": record.id,
        "organisation_id": record.organisation_id,
        "file_name": record.file_name,
        "state": state,
        "added": counts.get("added", 0),
        "changed": counts.get("changed", 0),
        "unchanged": counts.get("unchanged", 0),
        "missing": counts.get("missing", 0),
        "organisations_added": counts.get("organisations_added", 0),
        "rejected_count": counts.get("rejected", 0),
        "questions_count": counts.get("questions", 0),
        "skipped_count": counts.get("skipped", 0),
        "lines_done": record.lines_done,
        "lines_total": record.lines_total,
        "error_code": ImportInterrupted.code if interrupted else record.error_code,
        "error_detail": interruption(record) if interrupted else record.error_detail,
        "created_at": record.created_at,
        "checked_at": record.checked_at,
        "applied_at": record.applied_at,
        "undone_at": record.undone_at,
    }
