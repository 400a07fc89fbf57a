"""The token of a channel in the database: sealed, and renewed under a lease."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cryptography.exceptions import InvalidTag
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.engine import Sessions, is_away, transaction
from app.db.vault import Vault
from app.platforms.errors import TransientError
from app.platforms.models import PlatformToken
from app.platforms.tokens import FORCED_A_DAY, LEASE, Kept, Token, digest_of, fresh_token


@dataclass(frozen=True)
class DatabaseTokens:
    """The `TokenStore` of one channel; raises TransientError where the database is away: nothing was sent then."""

    sessions: Sessions
    vault: Vault
    channel_id: int

    async def take(self, renewer: UUID, now: datetime) -> Kept:
        """See `TokenStore`; a lease that has run out is anybody's."""
        async with self._row() as row:
            token = self._opened(row)
            kept = Kept(token, row.renew_at, row.dead_digest, tuple(row.forced_at))
            if fresh_token(kept, now) is not None:
                return kept
            if row.renewing_until is not None and now < row.renewing_until and row.renewer != renewer:
                return Kept(kept.token, kept.renew_at, kept.dead_digest, kept.forced_at, renewing=True)
            row.renewing_until, row.renewer = now + LEASE, renewer
            return kept

    async def force(self, renewer: UUID, now: datetime) -> None:
        """See `TokenStore`."""
        async with self._row() as row:
            row.forced_at = [*row.forced_at, now][-FORCED_A_DAY:]

    async def keep(self, renewer: UUID, token: Token | None, renew_at: datetime | None) -> None:
        """See `TokenStore`; a token that died while it was fetched is not kept."""
        async with self._row() as row:
            if row.renewer != renewer:
                return
            row.renewing_until, row.renewer = None, None
            if token is None or digest_of(token.value) == row.dead_digest:
                row.cipher, row.expires_at, row.renew_at = None, None, None
            else:
                row.cipher = self.vault.encrypt(token.value, self._place)
                row.expires_at, row.renew_at = token.expires_at, renew_at

    async def expire(self, value: str) -> None:
        """See `TokenStore`."""
        async with self._row() as row:
            token = self._opened(row)
            if token is not None and token.value == value:
                row.dead_digest = digest_of(value)
                row.cipher, row.expires_at, row.renew_at = None, None, None

    @property
    def _place(self) -> str:
        return f"platform_tokens:{self.channel_id}:token"

    def _opened(self, row: PlatformToken) -> Token | None:
        if row.cipher is None or row.expires_at is None:
            return None
        try:
            return Token(self.vault.decrypt(row.cipher, self._place), row.expires_at)
        except InvalidTag:  # sealed with a key that is no longer used: fetched anew
            return None

    @asynccontextmanager
    async def _row(self) -> AsyncIterator[PlatformToken]:
        """The row, locked for a transaction as short as the block; made where there is none."""
        try:
            async with transaction(self.sessions) as session:
                row = await _locked(session, self.channel_id)
                if row is None:
                    made = insert(PlatformToken).values(channel_id=self.channel_id).on_conflict_do_nothing()
                    await session.execute(made)
                    row = await _locked(session, self.channel_id)
                if row is None:
                    raise TransientError("token", "the channel is gone")
                yield row
        except Exception as error:
            if not is_away(error):
                raise
            raise TransientError("database", "the database is away") from None


async def _locked(session: AsyncSession, channel_id: int) -> PlatformToken | None:
    found: PlatformToken | None = await session.scalar(
        select(PlatformToken).where(PlatformToken.channel_id == channel_id).with_for_update()
    )
    return found


async def forget_token(session: AsyncSession, channel_id: int) -> None:
    """Drops the token of a channel whose secret has changed; the forced renewals of the day still count."""
    row = await _locked(session, channel_id)
    if row is not None:
        row.cipher, row.expires_at, row.renew_at, row.dead_digest = None, None, None, None
        row.renewing_until, row.renewer = None, None
