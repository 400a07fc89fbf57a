"""The WeCom API: an application's messages to members, up to 1,000 a call."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

import httpx

from app.platforms.asking import ask, error_code, without
from app.platforms.errors import (
    ContentRejected,
    PlatformConfigurationError,
    PlatformError,
    RecipientError,
    TransientError,
)
from app.platforms.tokens import Fetch, Token, TokenHolder, call_with_token, token_of

DUPLICATE_CHECK_SECONDS = 4 * 3600
"""For so long WeCom drops the same message to the same member: a batch whose answer was lost can be sent again."""

STALE_TOKEN = frozenset({40014, 42001})
ALL_INVALID = 81013

_CLASS_OF_CODE: dict[int, type[PlatformError]] = {
    **dict.fromkeys((-1, 45009, 45033), TransientError),
    # 40001: the secret is wrong, at gettoken. 40013: the corpid. 60020: our address is not among the trusted ones.
    **dict.fromkeys((*STALE_TOKEN, 40001, 40013, 40056, 48002, 301002, 60020), PlatformConfigurationError),
    **dict.fromkeys((ALL_INVALID, 60011, 60111, 82001), RecipientError),
    **dict.fromkeys((40033, 40058, 44004, 45002), ContentRejected),
}

_USER_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}")


def is_user_id(text: str) -> bool:
    """Whether it names one member: never `@all`, and never two joined by `|`."""
    return _USER_ID.fullmatch(text) is not None


class WecomClient:
    """One application of a corporation; ``base`` is the API host with its scheme (https://qyapi.weixin.qq.com)."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        base: str,
        corp_id: str,
        secret: str,
        agent_id: int,
        now: Callable[[], datetime],
        tokens: Callable[[Fetch], TokenHolder],
    ) -> None:
        self._http = http
        self._base = base.rstrip("/")
        self._corp_id = corp_id
        self._secret = secret
        self._agent_id = agent_id
        self._now = now
        self._tokens = tokens(self._fetch_token)

    async def send(self, user_ids: Sequence[str], content: Mapping[str, object]) -> Collection[str]:
        """Send one message to up to 1,000 members; gives the ids, in lower case, whom WeCom does not reach.

        ``content`` has ``msgtype`` and its part. Raises the PlatformError family; RecipientError where nobody is
        reached.
        """
        body = {
            "touser": "|".join(user_ids),
            "agentid": self._agent_id,
            **content,
            "enable_duplicate_check": 1,
            "duplicate_check_interval": DUPLICATE_CHECK_SECONDS,
        }

        async def call(token: str) -> Mapping[str, object]:
            url, query = self._base + "/cgi-bin/message/send", {"access_token": token}
            return await ask(self._http, "POST", url, query=query, body=body, delivers=True)

        answer, token = await call_with_token(self._tokens, call, lambda each: error_code(each) in STALE_TOKEN)
        self._check(answer, token, *user_ids)
        # errcode 0 is success for all others than these.
        return {user for field in ("invaliduser", "unlicenseduser") for user in _listed(answer.get(field))}

    async def check_secret(self) -> None:
        """Ask for a token and drop it; raises the PlatformError family. Nothing is sent to anybody."""
        await self._fetch_token(False)

    async def _fetch_token(self, force: bool) -> Token:
        # WeCom has no force: it gives a new token once it has ended the old one itself.
        query = {"corpid": self._corp_id, "corpsecret": self._secret}
        answer = await ask(self._http, "GET", self._base + "/cgi-bin/gettoken", query=query)
        self._check(answer)
        return token_of(answer, self._now())

    def _check(self, answer: Mapping[str, object], *hidden: str) -> None:
        code = error_code(answer)
        if code != 0:
            message = without(answer.get("errmsg", ""), self._secret, *hidden)
            raise _CLASS_OF_CODE.get(code, PlatformError)(code, message)


def _listed(value: object) -> list[str]:
    return value.lower().split("|") if isinstance(value, str) and value else []
