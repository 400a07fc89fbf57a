"""An account at a platform and the way to it: what every client is given."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import httpx

from app.platforms.asking import without
from app.platforms.errors import PlatformError
from app.platforms.tokens import Fetch, MemoryTokens, TokenHolder, TokenStore


@dataclass(frozen=True)
class Access:
    """``base`` is the API host with its scheme; ``account`` and ``secret`` are what the platform calls so.

    ``store`` keeps the access token, where the platform wants one: by default for this client alone.
    """

    http: httpx.AsyncClient
    base: str
    account: str
    secret: str = field(repr=False)
    now: Callable[[], datetime]
    store: TokenStore = field(default_factory=MemoryTokens)

    def url(self, path: str) -> str:
        """The address of a call."""
        return self.base.rstrip("/") + path

    def tokens(self, fetch: Fetch) -> TokenHolder:
        """The access token of the account, which ``fetch`` asks for."""
        return TokenHolder(fetch, self.now, self.store)

    def check(
        self,
        code: int,
        words: object,
        classes: Mapping[int, type[PlatformError]],
        *hidden: str,
        unknown: type[PlatformError] = PlatformError,
    ) -> None:
        """Raise the class of error that a code other than 0 stands for, with the platform's words.

        ``hidden`` stands in no message, nor does the secret; ``unknown`` is raised for a code without a class.
        """
        if code != 0:
            raise classes.get(code, unknown)(code, without(words, self.secret, *hidden))
