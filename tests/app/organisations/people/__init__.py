"""Phones and workbooks for the tests of this room."""

from collections.abc import Sequence
from datetime import datetime

import httpx
from sqlalchemy import select, update

from app.access.models import AuditEntry
from app.db.engine import transaction
from app.directory.models import Member, Organisation, Placement, Session
from content.demo.make import COLUMNS
from content.roster import MEMBER_SHEET, ORGANISATION_COLUMNS, ORGANISATION_SHEET
from content.tables import Value, write_xlsx
from tests.conftest import MovableClock
from tests.world import Person, World

MemberLine = tuple[str, ...]  # name, organisation, then phone, stage, roster, exempt, reason as far as they matter


async def seal_phone(world: World, member_id: int, phone: str) -> None:
    """Gives a member a phone number, as an import does."""
    async with transaction(world.service.sessions) as session:
        member = await session.get_one(Member, member_id)
        member.phone_cipher = world.service.vault.encrypt(phone, f"members:{member_id}:phone")
        member.phone_index = world.service.vault.digest("phone", phone)
        member.phone_tail = world.service.vault.digest("phone tail", phone[-4:])


def _rows(header: Sequence[str], lines: Sequence[Sequence[str]]) -> list[list[Value]]:
    rows: list[list[Value]] = [[*header]]
    rows += [[*line] for line in lines]
    return rows


def workbook(members: Sequence[MemberLine], organisations: Sequence[tuple[str, str, str]] = ()) -> bytes:
    """A roster to upload; organisations are (name, kind, parent)."""
    sheets = {MEMBER_SHEET: _rows(COLUMNS, members)}
    if organisations:
        sheets[ORGANISATION_SHEET] = _rows(ORGANISATION_COLUMNS, organisations)
    return write_xlsx(sheets)


async def upload(
    client: httpx.AsyncClient,
    staff: Person,
    data: bytes,
    organisation: int = 10,
    *,
    dry_run: bool = False,
    **headers: str,
) -> httpx.Response:
    """Sends a workbook to the import."""
    return await client.post(
        f"/rosters/import?organisation_id={organisation}&dry_run={str(dry_run).lower()}",
        files={"file": ("roster.xlsx", data, "application/octet-stream")},
        headers={**staff.auth, **headers},
    )


async def members(world: World) -> list[Member]:
    """All members by id."""
    async with world.service.sessions() as session:
        return list(await session.scalars(select(Member).order_by(Member.id)))


async def audited(world: World, action: str) -> list[AuditEntry]:
    """The entries of one action, in their order."""
    async with world.service.sessions() as session:
        found = select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id)
        return list(await session.scalars(found))


async def places(world: World, member_id: int) -> list[Placement]:
    """Where a member stood, in the order of time."""
    async with world.service.sessions() as session:
        found = select(Placement).where(Placement.member_id == member_id).order_by(Placement.from_at)
        return list(await session.scalars(found))


async def set_up(world: World, organisation_id: int, **fields: object) -> None:
    """Changes an organisation as the tests need it."""
    async with transaction(world.service.sessions) as session:
        await session.execute(update(Organisation).where(Organisation.id == organisation_id).values(**fields))


async def later(world: World, **by: float) -> datetime:
    """Moves the clock on, with everybody still signed in who is."""
    clock = world.service.clock
    assert isinstance(clock, MovableClock)
    now = clock.move(**by)
    async with transaction(world.service.sessions) as session:
        await session.execute(update(Session).where(Session.revoked_at.is_(None)).values(seen_at=now))
    return now
