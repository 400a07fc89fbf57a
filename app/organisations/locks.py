"""The one lock over the tree: paths do not change under whoever reads them to write what follows from them.

It comes before every lock on a row of an organisation, a member or a post, so that nobody waits in a circle.
"""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

TREE_LOCK = "tree of organisations"

HOLD = text("SELECT pg_advisory_xact_lock_shared(hashtextextended(:name, 3))")
LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 3))")


async def hold_tree(session: AsyncSession) -> None:
    """Keeps the tree as it is until the end of the transaction: any number may hold it at once."""
    await session.execute(HOLD, {"name": TREE_LOCK})


async def lock_tree(session: AsyncSession) -> None:
    """For who changes the tree, first of all: waits until nobody holds it, then nobody else does."""
    await session.execute(LOCK, {"name": TREE_LOCK})
