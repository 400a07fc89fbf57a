"""The one lock over the tree: paths do not change under whoever reads them to write what follows from them.

It comes before every lock on a row of an organisation, a member or a post, so that nobody waits in a circle; after it
and the row of an organisation comes that over the roster of each organisation, and then the rows of members.
A request waits for PATIENCE, and is told then (409, `app.problems`) that somebody is at it: a large roster may take a
minute, and who waits holds a connection.
"""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

TREE_LOCK = "tree of organisations"

PATIENCE = "3s"
WAIT = text("SELECT set_config('lock_timeout', :patience, true)")
HOLD = text("SELECT pg_advisory_xact_lock_shared(hashtextextended(:name, 3))")
LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 3))")


# The key of an organisation's roster, by its id.
HOLD_ROSTER = text("""
SELECT pg_advisory_xact_lock_shared(hashtextextended('roster of ' || id, 3))
FROM unnest(CAST(string_to_array(btrim(:path, '/'), '/') AS bigint[])) WITH ORDINALITY AS step (id, depth)
ORDER BY depth
""")
LOCK_ROSTER = text("SELECT pg_advisory_xact_lock(hashtextextended('roster of ' || CAST(:id AS bigint), 3))")


async def hold_tree(session: AsyncSession) -> None:
    """For a request: keeps the tree as it is until the end of the transaction; any number may hold it at once."""
    await session.execute(WAIT, {"patience": PATIENCE})
    await keep_tree(session)


async def keep_tree(session: AsyncSession) -> None:
    """As `hold_tree`, for who may wait as long as it takes, or waits no longer than is set already."""
    await session.execute(HOLD, {"name": TREE_LOCK})


async def lock_tree(session: AsyncSession) -> None:
    """For who changes the tree, first of all: waits until nobody holds it, then nobody else does."""
    await session.execute(WAIT, {"patience": PATIENCE})
    await session.execute(LOCK, {"name": TREE_LOCK})


async def hold_roster(session: AsyncSession, path: str) -> None:
    """For who puts somebody into the organisation at `path`, which is held, before looking who is there already.

    Waits for a roster that is being imported into it or above it.
    """
    await session.execute(HOLD_ROSTER, {"path": path})


async def lock_roster(session: AsyncSession, organisation_id: int) -> None:
    """For an import: nobody else puts anybody into the organisation or below it until the end of the transaction."""
    await session.execute(LOCK_ROSTER, {"id": organisation_id})
