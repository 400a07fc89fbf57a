"""An account at WeChat, a mini-program's or a service account's: its token, its calls and its classes of errors.

Facts: docs of api.weixin.qq.com, as kept in the design note on messaging platforms. Errors come as HTTP 200 with
``errcode``; a message has no idempotency key.
"""

from collections.abc import Mapping

from app.platforms.access import Access
from app.platforms.asking import ask, error_code
from app.platforms.errors import (
    BadLoginCode,
    ContentRejected,
    PlatformConfigurationError,
    PlatformError,
    QuotaExceeded,
    RecipientError,
    TransientError,
)
from app.platforms.tokens import Token, call_with_token, token_of

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
    """One account at https://api.weixin.qq.com."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self._tokens = access.tokens(self.fetch_token)

    async def plain(self, method: str, path: str, query: Mapping[str, str]) -> Mapping[str, object]:
        """Call without a token; raises the class of error that the answer's errcode stands for."""
        answer = await ask(self.access.http, method, self.access.url(path), query=query)
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
            asked, url = {**(query or {}), "access_token": token}, self.access.url(path)
            return await ask(self.access.http, method, url, query=asked, body=body, delivers=delivers)

        answer, token = await call_with_token(self._tokens, call, lambda each: error_code(each) in STALE_TOKEN)
        self._check(answer, token, openid)
        return answer

    async def fetch_token(self, force: bool) -> Token:
        """Ask for the token, with ``force`` for a new one; raises the PlatformError family."""
        access = self.access
        body = {
            "grant_type": "client_credential",
            "appid": access.account,
            "secret": access.secret,
            "force_refresh": force,
        }
        answer = await ask(access.http, "POST", access.url("/cgi-bin/stable_token"), body=body)
        self._check(answer, unknown=PlatformConfigurationError)
        return token_of(answer, access.now())

    def _check(self, answer: Mapping[str, object], *hidden: str, unknown: type[PlatformError] = PlatformError) -> None:
        self.access.check(error_code(answer), answer.get("errmsg", ""), _CLASS_OF_CODE, *hidden, unknown=unknown)
