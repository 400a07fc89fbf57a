"""A call that comes again changes nothing: which have been taken in, and until when they are forgotten."""

import json
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.vault import Vault
from app.platforms.callback_bodies import Value, text_at
from app.platforms.models import CallbackEvent, Channel

# Platforms send again within a minute; the rest of it is for a call that somebody caught and sends later.
KEPT = timedelta(days=7)


def moment_of(body: dict[str, Value], now: datetime) -> datetime:
    """When the platform says that it happened; `now` where it does not say."""
    seconds = text_at(body, "CreateTime")
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) <= 10):
        return now
    return datetime.fromtimestamp(int(seconds), UTC)


async def is_first(session: AsyncSession, vault: Vault, channel_id: int, body: dict[str, Value], now: datetime) -> bool:
    """Notes the message, in the transaction of its effect; False where it was taken in before, or may have been.

    It is known by its content, as a repeat is encrypted anew: by MsgId where it has one, else by all that it says.
    """
    told = {"MsgId": body["MsgId"]} if body.get("MsgId") else body
    at = moment_of(body, now)
    # Kept from the later of the two, so that what is forgotten is never later than `callbacks_forgotten`.
    values = {"channel_id": channel_id, "digest": _digest(vault, told), "at": max(at, now)}
    noted = await session.scalar(
        insert(CallbackEvent).values(values).on_conflict_do_nothing().returning(CallbackEvent.channel_id)
    )
    if noted is None:
        return False
    forgotten = await session.scalar(select(Channel.callbacks_forgotten).where(Channel.id == channel_id))
    return forgotten is None or at > forgotten


async def forget_calls(session: AsyncSession, now: datetime) -> None:
    """Deletes what was kept long enough, and notes for each channel until when its calls are forgotten."""
    gone = (
        delete(CallbackEvent)
        .where(CallbackEvent.at < now - KEPT)
        .returning(CallbackEvent.channel_id, CallbackEvent.at)
        .cte("gone")
    )
    last = select(gone.c.channel_id, func.max(gone.c.at).label("at")).group_by(gone.c.channel_id).subquery()
    await session.execute(
        update(Channel)
        .where(Channel.id == last.c.channel_id)
        .values(callbacks_forgotten=func.greatest(Channel.callbacks_forgotten, last.c.at))
        .execution_options(synchronize_session=False)
    )


def _digest(vault: Vault, told: Value) -> bytes:
    return vault.digest("callback", json.dumps(told, sort_keys=True))
