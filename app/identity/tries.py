"""Limits on guessing, over all processes: tries are counted before the secret is looked at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.directory.models import SignInTry
from app.errors import TooManyTries


@dataclass(frozen=True)
class Limit:
    """At most so many tries within a time."""

    tries: int
    window: timedelta


MINUTES, DAY = timedelta(minutes=5), timedelta(days=1)
PASSWORD = (Limit(10, MINUTES),)
# A county that has handed out 2,000 slips has 2,000 living codes among 10^8: a guess hits one with 0.002 %. In a day a
# WeChat account thus finds one with at most 0.06 %, and everybody behind one address together, whatever accounts they
# have, with at most 0.09 %: under one in a thousand. It grows with the addresses and the (real-name) accounts at hand.
# So that an office may bind in a day by its one address: what succeeds, and codes that were once handed out, count for
# nothing there. By phone nothing is guessed; the limits keep the platform from being asked, and paid, in vain.
BINDING = (Limit(10, MINUTES), Limit(30, DAY))
BINDING_ADDRESS = (Limit(45, DAY),)
PHONE_ADDRESS = (Limit(100, MINUTES),)
# Nothing is guessed by a code of WeChat's either. A town's phones may share one address of their carrier.
WECHAT_ADDRESS = (Limit(600, MINUTES),)


async def check_tries(session: AsyncSession, keys: Mapping[str, Sequence[Limit]], now: datetime) -> None:
    """Counts this try under each key; raises `TooManyTries` beyond one of its limits. The caller commits it alone."""
    for key in sorted(keys):
        # One at a time for a key: parallel guesses cannot all see the same count.
        await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 1))))
        oldest = now - max(limit.window for limit in keys[key])
        await session.execute(delete(SignInTry).where(SignInTry.key == key, SignInTry.at <= oldest))
        for limit in keys[key]:
            recent = select(SignInTry.at).where(SignInTry.key == key, SignInTry.at > now - limit.window)
            # The try with which the limit was reached: once it is out of the window there is room again.
            reached = await session.scalar(recent.order_by(SignInTry.at.desc()).offset(limit.tries - 1).limit(1))
            if reached is not None:
                raise TooManyTries(retry_after=ceil((reached + limit.window - now).total_seconds()))
        session.add(SignInTry(key=key, at=now))
    await session.flush()


async def forget_tries(session: AsyncSession, keys: Sequence[str]) -> None:
    """After a success the tries that led to it no longer count."""
    await session.execute(delete(SignInTry).where(SignInTry.key.in_(keys)))


async def forget_latest_try(session: AsyncSession, key: str) -> None:
    """Its own try no longer counts, as after a success; the failures of others from the same address still do."""
    latest = select(func.max(SignInTry.id)).where(SignInTry.key == key).scalar_subquery()
    await session.execute(delete(SignInTry).where(SignInTry.id == latest))
