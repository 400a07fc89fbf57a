"""Organisations in which an editor may write."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principals import CurrentStaff, within
from app.directory.models import Organisation
from app.errors import NotFound


async def get_organisation(session: AsyncSession, staff: CurrentStaff, organisation_id: int) -> Organisation:
    """An organisation in the editor's reach; raises `NotFound`."""
    found = await session.scalar(
        select(Organisation).where(
            Organisation.id == organisation_id,
            within(Organisation.path, staff.paths("editor")),
            Organisation.archived_at.is_(None),
        )
    )
    if found is None:
        raise NotFound
    return found
