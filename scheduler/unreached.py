"""Who could be told by no channel: the rows of the leader's list."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.messaging.models import Unreached


async def note_unreached(session: AsyncSession, campaign_id: int, reasons: Mapping[int, str], now: datetime) -> None:
    """Puts members, each with the reason, on the list; who is on it stays since then, for the newer reason."""
    if not reasons:
        return
    # In one order everywhere, so that no two senders wait for each other.
    rows = [
        {"member_id": member, "campaign_id": campaign_id, "reason": reasons[member], "at": now}
        for member in sorted(reasons)
    ]
    statement = insert(Unreached).values(rows)
    excluded = statement.excluded
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["member_id"],
            set_={"campaign_id": excluded.campaign_id, "reason": excluded.reason},
        )
    )


async def clear_reached(session: AsyncSession, sent: Sequence[int]) -> None:
    """Takes those whom a batch has reached off the list: once a batch, when it is done."""
    locked = (
        select(Unreached.member_id).where(Unreached.member_id.in_(sent)).order_by(Unreached.member_id).with_for_update()
    )
    await session.execute(
        delete(Unreached).where(Unreached.member_id.in_(locked)).execution_options(synchronize_session=False)
    )
