"""One access token for all callers of a process: fetched once, renewed ahead, dropped when it is dead."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.platforms.errors import PlatformConfigurationError, TransientError

REFRESH_AHEAD = timedelta(minutes=5)
"""In its last five minutes a platform gives a new token while the old one still works."""

LOOK_AGAIN = timedelta(seconds=10)
"""The pause between two tries to renew a token that still works."""

FORCED_APART = timedelta(seconds=30)
FORCED_A_DAY = 20


@dataclass(frozen=True)
class Token:
    """An access token and the moment from which the platform refuses it."""

    value: str = field(repr=False)
    expires_at: datetime


class TokenHolder:
    """The token that all callers share (WxJava's rules: lock, double check, compare and expire).

    ``fetch(force)`` asks the platform for a token; with ``force`` the platform must make a new one.
    """

    def __init__(self, fetch: Callable[[bool], Awaitable[Token]], now: Callable[[], datetime]) -> None:
        self._fetch = fetch
        self._now = now
        self._lock = asyncio.Lock()
        self._token: Token | None = None
        self._renew_at: datetime | None = None
        self._dead: str | None = None
        self._forced: deque[datetime] = deque(maxlen=FORCED_A_DAY)

    async def get(self) -> str:
        """Give a token that works, as far as is known.

        Raises what ``fetch`` raises, and PlatformConfigurationError when the platform only gives the dead one.
        """
        if (value := self._fresh()) is not None:
            return value
        async with self._lock:
            if (value := self._fresh()) is not None:  # another caller renewed it while this one waited
                return value
            return await self._renew()

    async def expire(self, value: str) -> None:
        """Drop the token because the platform refused ``value``; nothing happens if it is not the one held."""
        async with self._lock:
            if self._token is not None and self._token.value == value:
                self._dead = value
                self._token = None

    def _fresh(self) -> str | None:
        if self._token is None or self._renew_at is None or self._now() >= self._renew_at:
            return None
        return self._token.value

    async def _renew(self) -> str:
        try:
            token = await self._fetch(False)
        except TransientError:
            if self._token is None or self._now() >= self._token.expires_at:
                raise
            token = self._token  # renewing ahead has failed, and the old one still works
        if token.value == self._dead:
            token = await self._force()
        self._token = token
        # A platform whose clock is a little behind gives the old token again: wait before the next look.
        self._renew_at = min(max(token.expires_at - REFRESH_AHEAD, self._now() + LOOK_AGAIN), token.expires_at)
        return token.value

    async def _force(self) -> Token:
        now = self._now()
        if self._forced and now - self._forced[-1] < FORCED_APART:
            raise PlatformConfigurationError("token", "the token is dead, and a new one was forced just now")
        # 20 in any 24 hours are never more than 20 on one of the platform's days.
        if len(self._forced) == FORCED_A_DAY and now - self._forced[0] < timedelta(days=1):
            raise PlatformConfigurationError("token", "the token is dead, and the day's forced renewals are spent")
        self._forced.append(now)
        token = await self._fetch(True)
        if token.value == self._dead:
            raise PlatformConfigurationError("token", "the platform gives only a token that it refuses")
        return token
