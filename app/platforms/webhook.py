"""A signed webhook: one notice is one POST of JSON to an address of the operator's choice.

Signed as the Standard Webhooks specification 1.0.0 has it (github.com/standard-webhooks/standard-webhooks,
spec/standard-webhooks.md): HMAC-SHA256 over `{id}.{timestamp}.{body}`, the secret in base64 after `whsec_`.
"""

import base64
import binascii
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import datetime

import httpx

from app.platforms.calls import call, unreadable, wait_in
from app.platforms.errors import (
    ContentRejected,
    PlatformConfigurationError,
    RecipientError,
    TransientError,
    UnknownOutcome,
)
from app.platforms.hosts import is_loopback, require_allowed

MIN_SECRET, MAX_SECRET = 24, 64
"""Bytes of the signing secret, by the specification."""

REFUSED = frozenset({400, 406, 409, 411, 413, 415, 451})
"""This notice is refused, and another one may not be."""

NO_SUCH_MEMBER = 422
"""Agreed with receivers: they know no such member, and another channel may."""


class WebhookClient:
    """One receiver; raises PlatformConfigurationError where its address or its secret cannot be used.

    `allowed` are the hosts that the operator allows, see `require_allowed`.
    """

    def __init__(
        self, http: httpx.AsyncClient, url: str, secret: str, allowed: str, now: Callable[[], datetime]
    ) -> None:
        self._http = http
        self._url = _checked(url, allowed)
        self._secret = _secret(secret)
        self._now = now

    async def deliver(self, key: str, body: Mapping[str, object]) -> None:
        """Post one notice; `key` names it, and is the same when it is sent again.

        Raises RecipientError, ContentRejected, TransientError, UnknownOutcome or PlatformConfigurationError.
        """
        content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        timestamp = str(int(self._now().timestamp()))
        headers = {
            "content-type": "application/json",
            "webhook-id": key,
            "webhook-timestamp": timestamp,
            "webhook-signature": sign(self._secret, key, timestamp, content),
        }
        response = await call(self._http, "POST", self._url, lost=UnknownOutcome, content=content, headers=headers)
        status = response.status_code
        if 200 <= status < 300:
            return
        if status == NO_SUCH_MEMBER:
            raise RecipientError(f"http_{status}", "the receiver knows no such member")
        if status in REFUSED:
            raise ContentRejected(f"http_{status}", "the receiver refuses this notice")
        if status in (429, 503):
            after = wait_in(response, "retry-after")
            raise TransientError(f"http_{status}", "the receiver wants to be asked later", after)
        # 401, 403, 404, 410 and redirections: the address or the secret is wrong, for every member.
        raise unreadable(status, UnknownOutcome)


def sign(secret: bytes, key: str, timestamp: str, content: bytes) -> str:
    """The value of the header `webhook-signature`."""
    digest = hmac.digest(secret, f"{key}.{timestamp}.".encode() + content, "sha256")
    return f"v1,{base64.b64encode(digest).decode()}"


def _secret(text: str) -> bytes:
    try:
        secret = base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if not MIN_SECRET <= len(secret) <= MAX_SECRET:
        raise PlatformConfigurationError(
            "bad_secret", f"签名密钥应为 whsec_ 加 {MIN_SECRET} 至 {MAX_SECRET} 字节随机数的 base64，请重新填写。"
        )
    return secret


def _checked(url: str, allowed: str) -> str:
    """The address, once its scheme, its host and its form are known to be allowed."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        raise PlatformConfigurationError("bad_url", "推送地址（url）不是有效的网址，请重新填写。") from None
    if parsed.scheme not in ("https", "http") or not parsed.host or parsed.userinfo or parsed.fragment:
        raise PlatformConfigurationError("bad_url", "推送地址（url）应为不含用户名的 https 网址，请重新填写。")
    require_allowed(
        parsed.host, parsed.port or (443 if parsed.scheme == "https" else 80), allowed, "ZHIJIAN_WEBHOOK_HOSTS"
    )
    if parsed.scheme == "http" and not is_loopback(parsed.host):
        raise PlatformConfigurationError("bad_url", "推送地址（url）必须使用 https，请重新填写。")
    return str(parsed)
