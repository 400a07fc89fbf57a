"""What the whole room needs of the tree of organisations."""

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principals import within
from app.directory.models import Organisation
from app.errors import NotFound
from app.organisations.locks import hold_tree

# Under which kinds a kind may stand.
PARENTS = {
    "committee": ("committee",),
    "general_branch": ("committee",),
    "branch": ("committee", "general_branch"),
    "group": ("branch",),
}


async def next_ids(session: AsyncSession, table: str, count: int) -> list[int]:
    """Takes `count` ids of a table ahead of its rows: paths and sealed columns hold the id of their row."""
    statement = text(
        "SELECT nextval(pg_get_serial_sequence(:table, 'id')) FROM generate_series(1, CAST(:count AS integer))"
    )
    return list(await session.scalars(statement, {"table": table, "count": count}))


async def find_organisation(
    session: AsyncSession, organisation_id: int, paths: list[str], *, lock: bool = False
) -> Organisation:
    """The organisation if it is under one of `paths`, else `NotFound`.

    `lock` holds it against others who lock it, and in its place in the tree.
    """
    if lock:
        await hold_tree(session)
    statement = select(Organisation).where(
        Organisation.id == organisation_id, within(Organisation.path, paths), Organisation.archived_at.is_(None)
    )
    if lock:
        # Not the full lock: rows that only refer to the organisation may still be inserted.
        statement = statement.with_for_update(key_share=True)
    found = await session.scalar(statement)
    if found is None:
        raise NotFound
    return found


def masked(phone: str) -> str:
    """A phone number as lists show it: `199****1234`."""
    return f"{phone[:3]}****{phone[-4:]}"
