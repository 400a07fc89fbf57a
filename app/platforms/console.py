"""The console's inbox: what it was given, once for each delivery, with how often it was given."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.platforms.models import ConsoleMessage


async def put(
    session: AsyncSession, *, key: str, member_id: int, kind: str, title: str, body: str, link: str, now: datetime
) -> None:
    """Adds a message; a repeat of its key only counts."""
    statement = insert(ConsoleMessage).values(
        key=key, member_id=member_id, kind=kind, title=title, body=body, link=link, at=now, times=1
    )
    await session.execute(
        statement.on_conflict_do_update(index_elements=["key"], set_={"times": ConsoleMessage.times + 1})
    )


async def list_messages(session: AsyncSession, *, before: int | None, limit: int) -> list[ConsoleMessage]:
    """The newest messages first, older than the id `before`."""
    statement = select(ConsoleMessage).order_by(ConsoleMessage.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(ConsoleMessage.id < before)
    return list(await session.scalars(statement))
