"""One access token of an account for all processes: fetched once, renewed ahead, dropped when it is dead."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, TypeVar
from uuid import UUID, uuid4

from app.platforms.errors import PlatformConfigurationError, TransientError

REFRESH_AHEAD = timedelta(minutes=5)
"""In its last five minutes a platform gives a new token while the old one still works."""

LOOK_AGAIN = timedelta(seconds=10)
"""The pause between two tries to renew a token that still works."""

FORCED_APART = timedelta(seconds=30)
FORCED_A_DAY = 20

LEASE = timedelta(seconds=60)
"""How long one process may renew; two calls of a platform with their time-outs take half of it."""

Answer = TypeVar("Answer")

WAIT_SECONDS = 10.0
POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Token:
    """An access token and the moment from which the platform refuses it."""

    value: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True)
class Kept:
    """What is kept of an account's token; `renewing`: another process asks the platform at this moment."""

    token: Token | None = None
    renew_at: datetime | None = None
    dead_digest: bytes | None = None
    forced_at: Sequence[datetime] = ()
    renewing: bool = False


class TokenStore(Protocol):
    """Where all processes keep the token of one account. No method asks a platform; each is one short transaction."""

    async def take(self, renewer: UUID, now: datetime) -> Kept:
        """Gives what is kept, and the lease to the renewer where the token is to be renewed and nobody else does."""
        ...

    async def force(self, renewer: UUID, now: datetime) -> None:
        """Notes a forced renewal before it is asked for, so that one whose answer is lost counts."""
        ...

    async def keep(self, renewer: UUID, token: Token | None, renew_at: datetime | None) -> None:
        """Ends the lease with a token that is not dead, or none; does nothing where the lease is another's by now."""
        ...

    async def expire(self, value: str) -> None:
        """Drops the token that the platform refused, if it is the one that is kept."""
        ...


Fetch = Callable[[bool], Awaitable[Token]]
"""Asks the platform for a token; with True the platform must make a new one."""


def digest_of(value: str) -> bytes:
    """What is remembered of a token that is dead."""
    return hashlib.sha256(value.encode()).digest()


def token_of(
    answer: Mapping[str, object], now: datetime, *, name: str = "access_token", life: str = "expires_in"
) -> Token:
    """The token of a platform's answer, whose life is in seconds; raises TransientError where it holds none."""
    value, seconds = answer.get(name), answer.get(life)
    if not isinstance(value, str) or not value or not isinstance(seconds, int):
        raise TransientError("not_understood", "the token answer holds no token")
    return Token(value, now + timedelta(seconds=seconds))


def fresh_token(kept: Kept, now: datetime) -> Token | None:
    """The token that is kept, unless it is time to renew it."""
    return kept.token if kept.renew_at is not None and now < kept.renew_at else None


class TokenHolder:
    """The token that all callers share (WxJava's rules: lock, double check, compare and expire).

    What this process has seen last answers without the store, until it is time to renew it.
    """

    def __init__(self, fetch: Fetch, now: Callable[[], datetime], store: TokenStore) -> None:
        self._fetch = fetch
        self._now = now
        self._store = store
        self._lock = asyncio.Lock()
        self._seen = Kept()

    async def get(self) -> str:
        """Give a token that works, as far as is known.

        Raises what ``fetch`` raises, and PlatformConfigurationError when the platform only gives the dead one.
        """
        if (token := fresh_token(self._seen, self._now())) is not None:
            return token.value
        async with self._lock:
            if (token := fresh_token(self._seen, self._now())) is None:
                token = await self._shared()
            return token.value

    async def expire(self, value: str) -> None:
        """Drop the token because the platform refused ``value``; nothing happens if it is not the one held."""
        async with self._lock:
            if self._seen.token is not None and self._seen.token.value == value:
                self._seen = Kept()
                await self._store.expire(value)

    async def _shared(self) -> Token:
        """The token of all processes, renewed by this one where it is time and no other does."""
        renewer = uuid4()
        for _ in range(int(WAIT_SECONDS / POLL_SECONDS)):
            now = self._now()
            kept = await self._store.take(renewer, now)
            token = fresh_token(kept, now)
            if token is None and not kept.renewing:
                return await self._renew(kept, renewer)
            if token is None and kept.token is not None and now < kept.token.expires_at:
                # Another process renews ahead: this one goes on with what still works, and looks again.
                token = kept.token
                kept = Kept(token, min(now + LOOK_AGAIN, token.expires_at))
            if token is not None:
                self._seen = kept
                return token
            await asyncio.sleep(POLL_SECONDS)
        raise TransientError("token", "another process has been renewing the token for too long")

    async def _renew(self, kept: Kept, renewer: UUID) -> Token:
        token, renew_at = kept.token, kept.renew_at
        try:
            token = await self._new(kept, renewer)
            # A platform whose clock is a little behind gives the old token again: wait before the next look.
            now = self._now()
            renew_at = min(max(token.expires_at - REFRESH_AHEAD, now + LOOK_AGAIN), token.expires_at)
            self._seen = Kept(token, renew_at)
        finally:
            # Shielded: a caller that gives up must not leave the lease behind.
            await asyncio.shield(self._store.keep(renewer, token, renew_at))
        return token

    async def _new(self, kept: Kept, renewer: UUID) -> Token:
        try:
            token = await self._fetch(False)
        except TransientError:
            if kept.token is None or self._now() >= kept.token.expires_at:
                raise
            return kept.token  # renewing ahead has failed, and the old one still works
        if digest_of(token.value) != kept.dead_digest:
            return token
        _check_budget(kept.forced_at, self._now())
        await self._store.force(renewer, self._now())
        token = await self._fetch(True)
        if digest_of(token.value) == kept.dead_digest:
            raise PlatformConfigurationError("token", "the platform gives only a token that it refuses")
        return token


async def call_with_token(
    tokens: TokenHolder, call: Callable[[str], Awaitable[Answer]], refused: Callable[[Answer], bool]
) -> tuple[Answer, str]:
    """Call with the shared token; a refused one is renewed, and the call replayed exactly once.

    Gives the answer, and the token that it was called with so that it can be hidden in what is shown.
    """
    token = await tokens.get()
    answer = await call(token)
    if refused(answer):
        await tokens.expire(token)
        token = await tokens.get()
        answer = await call(token)
        if refused(answer):
            await tokens.expire(token)
    return answer, token


def _check_budget(forced_at: Sequence[datetime], now: datetime) -> None:
    if forced_at and now - forced_at[-1] < FORCED_APART:
        raise PlatformConfigurationError("token", "the token is dead, and a new one was forced just now")
    # 20 in any 24 hours are never more than 20 on one of the platform's days.
    if len(forced_at) >= FORCED_A_DAY and now - forced_at[-FORCED_A_DAY] < timedelta(days=1):
        raise PlatformConfigurationError("token", "the token is dead, and the day's forced renewals are spent")


class MemoryTokens:
    """A store for one process alone: for tests and tools; senders share one in the database."""

    def __init__(self) -> None:
        self._kept = Kept()
        self._renewer: UUID | None = None

    async def take(self, renewer: UUID, now: datetime) -> Kept:
        """See `TokenStore`; a lease does not run out here, for who holds it cannot die alone."""
        if fresh_token(self._kept, now) is None and self._renewer is None:
            self._renewer = renewer
        return Kept(
            self._kept.token,
            self._kept.renew_at,
            self._kept.dead_digest,
            self._kept.forced_at,
            self._renewer not in (None, renewer),
        )

    async def force(self, renewer: UUID, now: datetime) -> None:
        """See `TokenStore`."""
        forced_at = (*self._kept.forced_at, now)[-FORCED_A_DAY:]
        self._kept = Kept(self._kept.token, self._kept.renew_at, self._kept.dead_digest, forced_at)

    async def keep(self, renewer: UUID, token: Token | None, renew_at: datetime | None) -> None:
        """See `TokenStore`."""
        if self._renewer == renewer:
            dead = token is not None and digest_of(token.value) == self._kept.dead_digest
            found = (None, None) if dead else (token, renew_at)
            self._kept = Kept(*found, self._kept.dead_digest, self._kept.forced_at)
            self._renewer = None

    async def expire(self, value: str) -> None:
        """See `TokenStore`."""
        if self._kept.token is not None and self._kept.token.value == value:
            self._kept = Kept(None, None, digest_of(value), self._kept.forced_at)
