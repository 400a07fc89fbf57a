"""Limits on guessing, over all processes: tries are counted before the secret is looked at."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.directory.models import SignInTry
from app.errors import TooManyTries

TRIES = 10
TRY_WINDOW = timedelta(minutes=5)


async def check_tries(session: AsyncSession, keys: Sequence[str], now: datetime) -> None:
    """Counts this try under each key; raises `TooManyTries` beyond 10 in 5 minutes. The caller commits it alone."""
    for key in sorted(keys):
        # One at a time for a key: parallel guesses cannot all see the same count.
        await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 1))))
        await session.execute(delete(SignInTry).where(SignInTry.key == key, SignInTry.at <= now - TRY_WINDOW))
        count = await session.scalar(select(func.count()).where(SignInTry.key == key))
        if (count or 0) >= TRIES:
            raise TooManyTries(retry_after=int(TRY_WINDOW.total_seconds()))
        session.add(SignInTry(key=key, at=now))
    await session.flush()


async def forget_tries(session: AsyncSession, keys: Sequence[str]) -> None:
    """After a success the tries that led to it no longer count."""
    await session.execute(delete(SignInTry).where(SignInTry.key.in_(keys)))


async def forget_latest_try(session: AsyncSession, key: str) -> None:
    """After a success its own try no longer counts; the failures of others from the same address still do."""
    latest = select(func.max(SignInTry.id)).where(SignInTry.key == key).scalar_subquery()
    await session.execute(delete(SignInTry).where(SignInTry.id == latest))
