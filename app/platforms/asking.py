"""One request to a platform that speaks JSON, and what it means when its answer cannot be read."""

import json
import re
from collections.abc import Mapping

import httpx

from app.platforms.calls import call, unreadable, wait_in
from app.platforms.errors import TransientError, UnknownOutcome

MESSAGE_LIMIT = 200
WORD_LENGTH = 8
HIDDEN = "***"
UNKNOWN_ERROR = -999
"""Stands for a code within an answer that is no number."""


async def ask(
    http: httpx.AsyncClient,
    method: str,
    url: str,
    *,
    query: Mapping[str, str] | None = None,
    body: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
    code: str = "errcode",
    words: bool = False,
    throttled: tuple[int, str] | None = None,
    delivers: bool = False,
) -> Mapping[str, object]:
    """Send one request and read its JSON object; ``code`` is the field in which the platform says how it went.

    ``words``: the code is a word and not a number; what is neither is an answer that cannot be read.
    ``throttled``: its code for too many calls, beside HTTP 429, and the header that says for how many seconds.
    ``delivers``: a lost answer is an UnknownOutcome, and success must be said by ``code``. Signing in, a phone number
    and a token deliver nothing to anyone: a lost answer to these is transient.
    """
    lost = UnknownOutcome if delivers else TransientError
    # Serialised here: a body of bytes keeps Chinese readable, as WeChat wants it.
    content = None if body is None else json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
    wanted = {"content-type": "application/json", **(headers or {})}
    response = await call(http, method, url, lost=lost, query=query, content=content, headers=wanted)
    answer = _json_object(response.content)
    if throttled is not None and (response.status_code == 429 or error_code(answer or {}, code) == throttled[0]):
        after = wait_in(response, throttled[1])
        raise TransientError(throttled[0], "the platform wants to be asked later", after)
    # HTTP 200 is not delivery: a send is accepted, and refused, only by what the platform says itself.
    may_be_absent = not delivers and response.status_code == 200
    if answer is None or not (_is_code(answer[code], words=words) if code in answer else may_be_absent):
        raise unreadable(response.status_code, lost)
    return answer


def error_code(answer: Mapping[str, object], key: str = "errcode") -> int:
    """Read the error code, 0 where it is absent; what is no number at all is an unknown error."""
    code = answer.get(key, 0)
    return int(str(code)) if _is_code(code) else UNKNOWN_ERROR


def _is_code(code: object, *, words: bool = False) -> bool:
    """Whether it can be an error code; numbers arrive as text as well."""
    if words:
        return isinstance(code, str) and code != ""
    return re.fullmatch(r"-?[0-9]{1,9}", str(code)) is not None


def without(message: object, *hidden: str) -> str:
    """What a platform says, without the secrets and the people that it repeats in any case, and bounded."""
    text = str(message)
    lowered = text.lower()
    for each in filter(None, hidden):
        if each.lower() in lowered:
            # The id of a person may be as short as a part of any word.
            pattern = re.escape(each) if len(each) >= WORD_LENGTH else rf"\b{re.escape(each)}\b"
            text = re.sub(pattern, HIDDEN, text, flags=re.IGNORECASE | re.ASCII)
    return text[:MESSAGE_LIMIT]


def _json_object(content: bytes) -> Mapping[str, object] | None:
    # WeChat answers JSON as text/plain, so the content type says nothing.
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None
