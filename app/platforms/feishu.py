"""The Feishu API: a message of an application to up to 200 people a call.

Sources: open.feishu.cn, document/server-docs/im-v1/batch_message/send-messages-in-batches (200 ids, `invalid_*` lists,
11247 after 500,000 a day), auth-v3/auth/tenant_access_token_internal (two hours; a new token in the last 30 minutes),
api-call-guide/frequency-control (429, or 400 with 99991400) and the general error codes. A batch has no
idempotency key.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from app.platforms.access import Access
from app.platforms.asking import ask, error_code
from app.platforms.errors import (
    ContentRejected,
    PlatformConfigurationError,
    PlatformError,
    QuotaExceeded,
    RecipientError,
    TransientError,
    UnknownOutcome,
)
from app.platforms.texts import clip_bytes, lines_of
from app.platforms.tokens import Token, call_with_token, token_of

PEOPLE = 200
TITLE_BYTES, BODY_BYTES, LINK_BYTES = 200, 12_000, 2000
"""A rich text of 30 kB is taken; line breaks and quotes take two bytes each in JSON."""

SEND = "/open-apis/message/v4/batch_send/"
TOKEN = "/open-apis/auth/v3/tenant_access_token/internal"  # noqa: S105  # a path

THROTTLED = 99991400, "x-ogw-ratelimit-reset"

STALE_TOKEN = frozenset({99991661, 99991663, 99991664, 99991665})

_CLASS_OF_CODE: dict[int, type[PlatformError]] = {
    230020: TransientError,
    # An error inside of Feishu: nothing is said about how far it came.
    **dict.fromkeys((1500, 2200, 5000), UnknownOutcome),
    # 10003 and 10014: the id or the secret, at the token. 99991403: the month's calls, which an administrator buys.
    # 99991401: our address. 99991662 and 99991672: the application is off, or lacks the right.
    **dict.fromkeys(
        (
            *STALE_TOKEN, 10014, 10015, 11203, 11205, 11207, 11209, 11210, 11223,
            99991401, 99991403, 99991662, 99991672, 99991673,
        ),
        PlatformConfigurationError,
    ),
    11101: RecipientError,
    **dict.fromkeys((10002, 10003, 11246, 11312), ContentRejected),
    11247: QuotaExceeded,
}  # fmt: skip

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def is_person_id(text: str) -> bool:
    """Whether it can be an open id, a union id or a user id."""
    return _ID.fullmatch(text) is not None


class FeishuClient:
    """One application at https://open.feishu.cn."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._tokens = access.tokens(self.fetch_token)

    async def send(self, ids: Sequence[str], post: Mapping[str, object]) -> Collection[str]:
        """Send one rich text to up to 200 people; gives the ids that Feishu does not reach.

        Raises the PlatformError family for the call as a whole.
        """
        body: dict[str, object] = {"msg_type": "post", "content": {"post": post}}
        for each in ids:
            group = body.setdefault(_group(each), [])
            if isinstance(group, list):
                group.append(each)

        async def call(token: str) -> Mapping[str, object]:
            headers = {"authorization": f"Bearer {token}", "content-type": "application/json; charset=utf-8"}
            http, url = self._access.http, self._access.url(SEND)
            return await ask(
                http, "POST", url, body=body, headers=headers, code="code", throttled=THROTTLED, delivers=True
            )

        answer, token = await call_with_token(self._tokens, call, lambda each: error_code(each, "code") in STALE_TOKEN)
        self._access.check(error_code(answer, "code"), answer.get("msg", ""), _CLASS_OF_CODE, token, *ids)
        data = answer.get("data")
        lists = data if isinstance(data, dict) else {}
        named = (lists.get(f"invalid_{group}") for group in ("open_ids", "union_ids", "user_ids"))
        return {str(each) for ids in named if isinstance(ids, list) for each in ids}

    async def fetch_token(self, force: bool) -> Token:
        """Ask for the token; raises the PlatformError family."""
        # There is no force: Feishu gives the same token until its last 30 minutes.
        access = self._access
        body = {"app_id": access.account, "app_secret": access.secret}
        answer = await ask(access.http, "POST", access.url(TOKEN), body=body, code="code", throttled=THROTTLED)
        # Whatever else is refused here is about the application.
        access.check(error_code(answer, "code"), answer.get("msg", ""), {}, unknown=PlatformConfigurationError)
        return token_of(answer, access.now(), name="tenant_access_token", life="expire")


def _group(each: str) -> str:
    return "open_ids" if each.startswith("ou_") else "union_ids" if each.startswith("on_") else "user_ids"


def feishu_post(title: str, body: str, link: str) -> dict[str, Any]:
    """The rich text of a message in Chinese: what people write is shown as it is, and an address can be tapped."""
    lines: list[list[dict[str, str]]] = [[{"tag": "text", "text": clip_bytes(lines_of(body), BODY_BYTES)}]]
    if link.startswith(("https://", "http://")) and len(link.encode("utf-8", "replace")) <= LINK_BYTES:
        lines.append([{"tag": "a", "text": link, "href": link}])
    shown = clip_bytes(lines_of(title).replace("\n", " "), TITLE_BYTES)
    return {"zh_cn": {"title": shown, "content": lines}}
