"""The WeCom API: an application's messages to members, up to 1,000 a call."""

import re
from collections.abc import Collection, Mapping, Sequence

from app.platforms.access import Access
from app.platforms.asking import ask, error_code
from app.platforms.errors import (
    ContentRejected,
    PlatformConfigurationError,
    PlatformError,
    RecipientError,
    TransientError,
)
from app.platforms.tokens import Token, call_with_token, token_of

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
    """One application of a corporation at https://qyapi.weixin.qq.com."""

    def __init__(self, access: Access, agent_id: int) -> None:
        self._access = access
        self._agent_id = agent_id
        self._tokens = access.tokens(self.fetch_token)

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
            url, query = self._access.url("/cgi-bin/message/send"), {"access_token": token}
            return await ask(self._access.http, "POST", url, query=query, body=body, delivers=True)

        answer, token = await call_with_token(self._tokens, call, lambda each: error_code(each) in STALE_TOKEN)
        self._check(answer, token, *user_ids)
        # errcode 0 is success for all others than these.
        return {user for field in ("invaliduser", "unlicenseduser") for user in _listed(answer.get(field))}

    async def fetch_token(self, force: bool) -> Token:
        """Ask for the token; raises the PlatformError family."""
        # WeCom has no force: it gives a new token once it has ended the old one itself.
        access = self._access
        query = {"corpid": access.account, "corpsecret": access.secret}
        answer = await ask(access.http, "GET", access.url("/cgi-bin/gettoken"), query=query)
        self._check(answer, unknown=PlatformConfigurationError)
        return token_of(answer, access.now())

    def _check(self, answer: Mapping[str, object], *hidden: str, unknown: type[PlatformError] = PlatformError) -> None:
        self._access.check(error_code(answer), answer.get("errmsg", ""), _CLASS_OF_CODE, *hidden, unknown=unknown)


def _listed(value: object) -> list[str]:
    return value.lower().split("|") if isinstance(value, str) and value else []
