"""An account at WeChat, a mini-program's or a service account's: its token, its calls and its classes of errors.

Facts: docs of api.weixin.qq.com, as kept in the design note on messaging platforms. Errors come as HTTP 200 with
``errcode``; a message has no idempotency key.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

import httpx

from app.platforms.asking import ask, error_code, without
from app.platforms.errors import (
    BadLoginCode,
    ContentRejected,
    PlatformConfigurationError,
    PlatformError,
    QuotaExceeded,
    RecipientError,
    TransientError,
)
from app.platforms.tokens import Token, TokenHolder, TokenStore, call_with_token, token_of

STALE_TOKEN = frozenset({40001, 40014, 42001})

_CLASS_OF_CODE: dict[int, type[PlatformError]] = {
    **dict.fromkeys((-1, 45011, 43108), TransientError),
    # The token's own codes arrive here from the token endpoint, or after the one replay with a new token.
    **dict.fromkeys((*STALE_TOKEN, 40125, 40013, 40164, 48001, 40037, 41030, 43107), PlatformConfigurationError),
    # Phone numbers are prepaid: none is left. Documented for the phone's side only, so no server is known to say it.
    1400001: PlatformConfigurationError,
    **dict.fromkeys((40003, 43101, 43004, 40226), RecipientError),
    **dict.fromkeys((40029, 40163), BadLoginCode),
    **dict.fromkeys((47003, 40249), ContentRejected),
    45009: QuotaExceeded,
}


class WechatAccount:
    """One account; ``base`` is the API host with its scheme (https://api.weixin.qq.com)."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        base: str,
        appid: str,
        secret: str,
        now: Callable[[], datetime],
        store: TokenStore,
    ) -> None:
        self.appid = appid
        self.secret = secret
        self._http = http
        self._base = base.rstrip("/")
        self._now = now
        self._tokens = TokenHolder(self._fetch_token, now, store)

    async def plain(self, method: str, path: str, query: Mapping[str, str]) -> Mapping[str, object]:
        """Call without a token; raises the class of error that the answer's errcode stands for."""
        answer = await ask(self._http, method, self._base + path, query=query)
        self._check(answer)
        return answer

    async def business(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
        delivers: bool,
        openid: str = "",
    ) -> Mapping[str, object]:
        """Call with the shared token; a refused token is renewed, and the call replayed exactly once.

        ``openid``: whom the call is about, so that no error names them.
        """

        async def call(token: str) -> Mapping[str, object]:
            asked = {**(query or {}), "access_token": token}
            return await ask(self._http, method, self._base + path, query=asked, body=body, delivers=delivers)

        answer, token = await call_with_token(self._tokens, call, lambda each: error_code(each) in STALE_TOKEN)
        self._check(answer, token, openid)
        return answer

    async def check_secret(self) -> None:
        """Ask for a token and drop it; raises the PlatformError family. Nothing is sent to anybody."""
        await self._fetch_token(False)

    async def _fetch_token(self, force: bool) -> Token:
        body = {"grant_type": "client_credential", "appid": self.appid, "secret": self.secret, "force_refresh": force}
        answer = await ask(self._http, "POST", self._base + "/cgi-bin/stable_token", body=body)
        self._check(answer)
        return token_of(answer, self._now())

    def _check(self, answer: Mapping[str, object], *hidden: str) -> None:
        code = error_code(answer)
        if code != 0:
            message = without(answer.get("errmsg", ""), self.secret, *hidden)
            raise _CLASS_OF_CODE.get(code, PlatformError)(code, message)
