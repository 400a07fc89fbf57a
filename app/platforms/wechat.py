"""The WeChat mini-program API: sign-in codes, phone numbers and subscription messages.

Facts and classes of errors: docs of api.weixin.qq.com, as kept in the design note on messaging platforms. Errors come
as HTTP 200 with ``errcode``; a message has no idempotency key.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx

from app.platforms.errors import (
    BadLoginCode,
    ContentRejected,
    NotMainlandNumber,
    PlatformConfigurationError,
    PlatformError,
    QuotaExceeded,
    RecipientError,
    TransientError,
    UnknownOutcome,
)
from app.platforms.tokens import Token, TokenHolder

EMPTY = "—"
"""Stands in a template field that has nothing to say: WeChat refuses an empty value (47003)."""

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


@dataclass(frozen=True)
class WechatIdentity:
    """Who a login code belongs to: ``openid`` within one mini-program, ``unionid`` across one owner's programs."""

    openid: str
    unionid: str | None


class WechatClient:
    """One mini-program account; ``base`` is the API host with its scheme (https://api.weixin.qq.com)."""

    def __init__(
        self, http: httpx.AsyncClient, base: str, appid: str, secret: str, now: Callable[[], datetime]
    ) -> None:
        self._http = http
        self._base = base.rstrip("/")
        self._appid = appid
        self._secret = secret
        self._now = now
        self._tokens = TokenHolder(self._fetch_token, now)

    async def code_to_session(self, code: str) -> WechatIdentity:
        """Exchange the code of ``wx.login`` for the identity; the session key is dropped here.

        Raises BadLoginCode, PlatformConfigurationError, QuotaExceeded or TransientError. After a lost answer the code
        may be spent, so the phone fetches a new one for another try.
        """
        query = {"appid": self._appid, "secret": self._secret, "js_code": code, "grant_type": "authorization_code"}
        answer = await self._exchange("GET", "/sns/jscode2session", query=query)
        self._check(answer)
        openid, unionid = answer.get("openid"), answer.get("unionid")
        if not isinstance(openid, str) or not openid:
            raise TransientError("not_understood", "the sign-in answer holds no openid")
        return WechatIdentity(openid, unionid if isinstance(unionid, str) and unionid else None)

    async def send_subscribe_message(
        self, openid: str, template_id: str, page: str | None, data: Mapping[str, str], state: str = "formal"
    ) -> str | None:
        """Send one subscription message and give its msgid, or None where WeChat gave none.

        ``data`` is template field -> text, see ``clip_field``; ``state`` is developer, trial or formal.
        Raises the whole PlatformError family but BadLoginCode; RecipientError with code 43101 means that the member's
        balance for this template is zero.
        """
        body: dict[str, object] = {
            "touser": openid,
            "template_id": template_id,
            "data": {key: {"value": value} for key, value in data.items()},
            "miniprogram_state": state,
            "lang": "zh_CN",
        }
        if page:
            body["page"] = page
        answer = await self._business("/cgi-bin/message/subscribe/send", body, delivers=True)
        msgid = answer.get("msgid")
        return str(msgid) if isinstance(msgid, int | str) and msgid else None

    async def phone_number(self, code: str) -> str:
        """Exchange the code that a phone got by ``getPhoneNumber`` (not by ``wx.login``) for the 11 digits.

        Raises BadLoginCode, NotMainlandNumber, PlatformConfigurationError, QuotaExceeded or TransientError. A code
        works once, for 5 minutes: after a lost answer it may be spent, so the phone fetches a new one.
        """
        answer = await self._business("/wxa/business/getuserphonenumber", {"code": code}, delivers=False)
        info = _object(answer, "phone_info")
        # The watermark says for which mini-program WeChat gave the number out.
        if _object(info, "watermark").get("appid") != self._appid:
            raise PlatformConfigurationError("watermark", "the phone number was given to another mini-program")
        # Documented as text, shown in the example as a number, and both are met.
        if str(info.get("countryCode", "")) != "86":
            raise NotMainlandNumber("country", "the phone number has another country code than 86")
        number = info.get("purePhoneNumber")
        if not isinstance(number, str) or not re.fullmatch(r"1[0-9]{10}", number):
            raise TransientError("not_understood", "the answer holds no phone number")
        return number

    async def _business(self, path: str, body: Mapping[str, object], *, delivers: bool) -> Mapping[str, object]:
        """Call with the shared token; a refused token is renewed, and the call replayed exactly once."""
        token = await self._tokens.get()
        answer = await self._exchange("POST", path, query={"access_token": token}, body=body, delivers=delivers)
        if _errcode(answer) in STALE_TOKEN:
            await self._tokens.expire(token)
            token = await self._tokens.get()
            answer = await self._exchange("POST", path, query={"access_token": token}, body=body, delivers=delivers)
            if _errcode(answer) in STALE_TOKEN:
                await self._tokens.expire(token)
        self._check(answer, token)
        return answer

    async def _fetch_token(self, force: bool) -> Token:
        body = {"grant_type": "client_credential", "appid": self._appid, "secret": self._secret, "force_refresh": force}
        answer = await self._exchange("POST", "/cgi-bin/stable_token", body=body)
        self._check(answer)
        value, seconds = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(value, str) or not value or not isinstance(seconds, int):
            raise TransientError("not_understood", "the token answer holds no token")
        return Token(value, self._now() + timedelta(seconds=seconds))

    async def _exchange(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
        delivers: bool = False,
    ) -> Mapping[str, object]:
        """Send one request and read its JSON object; ``delivers`` makes a lost answer an UnknownOutcome.

        Signing in, a phone number and a token deliver nothing to anyone: a lost answer to these is transient.
        """
        lost = UnknownOutcome if delivers else TransientError
        # The errors of httpx carry the request, and its URL the secret: "from None", and words of our own.
        try:
            # Serialised here: a body of bytes keeps Chinese readable, as WeChat wants it.
            content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
            response = await self._http.request(
                method,
                self._base + path,
                params=query,
                content=content,
                headers={"content-type": "application/json"},
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            raise TransientError("connect", "no connection to the platform") from None
        except httpx.TimeoutException:
            raise lost("timeout", "the platform did not answer in time") from None
        except httpx.RequestError:
            raise lost("broken", "the connection broke before the answer was complete") from None
        answer = _json_object(response.content)
        # HTTP 200 is not delivery: a send is accepted only by an errcode of 0.
        if answer is None or ("errcode" not in answer and (delivers or response.status_code != 200)):
            raise _unreadable(response.status_code, lost)
        return answer

    def _check(self, answer: Mapping[str, object], token: str = "") -> None:
        """Raise the class of error that the answer's errcode stands for."""
        code = _errcode(answer)
        if code == 0:
            return
        message = str(answer.get("errmsg", ""))
        for hidden in filter(None, (self._secret, token)):
            message = message.replace(hidden, "***")
        raise _CLASS_OF_CODE.get(code, PlatformError)(code, message[:200])


def _json_object(content: bytes) -> Mapping[str, object] | None:
    # jscode2session answers JSON as text/plain, so the content type says nothing.
    try:
        answer = json.loads(content)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None


def _object(answer: Mapping[str, object], key: str) -> Mapping[str, object]:
    value = answer.get(key)
    return value if isinstance(value, dict) else {}


def _errcode(answer: Mapping[str, object]) -> int:
    """Read the errcode, 0 where it is absent; what is no number at all is an unknown error."""
    code = answer.get("errcode", 0)
    if isinstance(code, str) and re.fullmatch(r"-?[0-9]{1,9}", code):
        return int(code)
    return code if isinstance(code, int) else -999


def _unreadable(status: int, lost: type[PlatformError]) -> PlatformError:
    """Decide what an answer without WeChat's JSON means.

    503, 429 and 408 say that the server did not take the request (RFC 9110, 15.6.4 and 15.5.9; RFC 6585, 4). Other
    3xx and 4xx come from a wrong host or a filter on the way out, and no waiting helps. 502 and 504 come from a gateway
    that had passed the request on and lost the answer, so that they are as unknown as a read time-out; so is 500,
    and HTTP 200 with something else than JSON.
    """
    code, message = f"http_{status}", f"HTTP {status} without an answer of the platform"
    if status in (408, 429, 503):
        return TransientError(code, message)
    if 300 <= status < 500:
        return PlatformConfigurationError(code, message)
    return lost(code, message)


@dataclass(frozen=True)
class _Field:
    """A type of template field: what it holds, its limit in code points, and whether a long text may be cut."""

    pattern: str
    limit: int
    cut: bool = False


_HAN = r"\u3007\u3400-\u9fff\U00020000-\U0003fffd"  # with the rare characters that names are written in
# A number, a time or a telephone number that is cut says something else, and is refused instead.
_FIELDS = {
    "thing": _Field(r".+", 20, cut=True),
    "number": _Field(r"[+-]?[0-9]+(\.[0-9]+)?", 32),
    "letter": _Field(r"[A-Za-z]+", 32, cut=True),
    "symbol": _Field(r"[^\w\s]+", 5, cut=True),
    "character_string": _Field(r"[ -~]+", 32, cut=True),
    "time": _Field(r"([0-9]{4}年[0-9]{1,2}月[0-9]{1,2}日 )?[0-9]{1,2}:[0-9]{2}", 17),
    "date": _Field(r"[0-9]{4}年[0-9]{1,2}月[0-9]{1,2}日", 11),
    "phrase": _Field(rf"[{_HAN}]+", 5, cut=True),
    "phone_number": _Field(r"[0-9 ()+-]+", 17),
    # Letters only may be 20; with any Chinese, or the dot of 阿依古丽·买买提, 10.
    "name": _Field(r"[A-Za-z .'-]+", 20, cut=True),
    "name in Chinese": _Field(rf"[A-Za-z .'·{_HAN}-]+", 10, cut=True),
}


def clip_field(key: str, value: str) -> str:
    """Make ``value`` fit the template field ``key`` (as "thing3"), by the limits in code points that WeChat sets.

    Control characters go, a line break becomes a space, a long text is cut, and an empty one becomes "—" where the
    type can hold that. Raises ValueError for an unknown type, and for a value that the type can not hold.
    """
    named = re.fullmatch(r"([a-z_]+)[0-9]+", key)
    kind = named[1] if named else ""
    text = _visible(value)
    if kind == "name" and not text.isascii():
        kind = "name in Chinese"
    if kind not in _FIELDS:
        raise ValueError(f"unknown type of template field: {key}")
    if kind in ("thing", "symbol"):
        text = text or EMPTY
    field = _FIELDS[kind]
    if not re.fullmatch(field.pattern, text):
        raise ValueError(f"the value does not suit the template field {key}")
    if len(text) <= field.limit:
        return text
    if not field.cut:
        raise ValueError(f"the value is too long for the template field {key}")
    return text[: field.limit - 1] + "…" if kind == "thing" else text[: field.limit].rstrip()


def _visible(value: str) -> str:
    """Drop what can not be seen: control and format characters, lone surrogates, and runs of white space."""
    spaced = "".join(" " if char.isspace() else char for char in value)
    return " ".join("".join(char for char in spaced if unicodedata.category(char) not in ("Cc", "Cf", "Cs")).split())
