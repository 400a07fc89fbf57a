"""What columns of rosters were said to be: told, so that nobody wonders, and forgotten."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import CurrentStaff, ancestors
from app.directory.models import Organisation
from app.organisations.imports.models import RememberedColumn
from app.organisations.imports.schemas import RememberedColumnOut
from app.organisations.people.reach import KEEPERS
from app.organisations.service import find_organisation
from content.text import compact


async def list_columns(session: AsyncSession, staff: CurrentStaff, organisation_id: int) -> list[RememberedColumnOut]:
    """What holds for the next roster of an organisation, by title; the nearest word counts. Raises `NotFound`."""
    organisation = await find_organisation(session, organisation_id, staff.paths(*KEEPERS))
    rows = await session.execute(
        select(RememberedColumn.title, RememberedColumn.field, RememberedColumn.organisation_id)
        .join(Organisation, Organisation.id == RememberedColumn.organisation_id)
        .where(Organisation.id.in_(ancestors(organisation.path)))
        .order_by(Organisation.path)
    )
    found = {
        title: RememberedColumnOut(title=title, field=field, inherited=of != organisation_id)
        for title, field, of in rows
    }
    return sorted(found.values(), key=lambda column: column.title)


async def forget_column(
    session: AsyncSession, staff: CurrentStaff, organisation_id: int, title: str, now: datetime
) -> None:
    """Has the organisation say nothing of a column any more; the same again changes nothing. Raises `NotFound`."""
    await find_organisation(session, organisation_id, staff.paths(*KEEPERS))
    key = compact(title)
    await session.execute(
        delete(RememberedColumn).where(
            RememberedColumn.organisation_id == organisation_id, RememberedColumn.title == key
        )
    )
    audit.record(
        session, staff.actor, "roster.column_forgotten", "organisation", organisation_id,
        now=now, organisation_id=organisation_id, title=key,
    )  # fmt: skip
