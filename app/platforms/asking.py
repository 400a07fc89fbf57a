"""One request to a platform that speaks JSON, and what it means when its answer cannot be read."""

import json
import re
from collections.abc import Mapping

import httpx

from app.platforms.errors import PlatformConfigurationError, PlatformError, TransientError, UnknownOutcome

MESSAGE_LIMIT = 200


async def ask(
    http: httpx.AsyncClient,
    method: str,
    url: str,
    *,
    query: Mapping[str, str] | None = None,
    body: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
    code: str = "errcode",
    delivers: bool = False,
) -> Mapping[str, object]:
    """Send one request and read its JSON object; ``code`` is the field in which the platform says how it went.

    ``delivers``: a lost answer is an UnknownOutcome, and success must be said by ``code``. Signing in, a phone number
    and a token deliver nothing to anyone: a lost answer to these is transient.
    """
    lost = UnknownOutcome if delivers else TransientError
    # The errors of httpx carry the request, and its URL the secret: "from None", and words of our own.
    try:
        # Serialised here: a body of bytes keeps Chinese readable, as WeChat wants it.
        content = None if body is None else json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        wanted = {"content-type": "application/json", **(headers or {})}
        response = await http.request(method, url, params=query, content=content, headers=wanted)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
        raise TransientError("connect", "no connection to the platform") from None
    except httpx.TimeoutException:
        raise lost("timeout", "the platform did not answer in time") from None
    except httpx.RequestError:
        raise lost("broken", "the connection broke before the answer was complete") from None
    answer = _json_object(response.content)
    # HTTP 200 is not delivery: a send is accepted only by what the platform says itself.
    if answer is None or (code not in answer and (delivers or response.status_code != 200)):
        raise _unreadable(response.status_code, lost)
    return answer


def error_code(answer: Mapping[str, object], key: str = "errcode") -> int:
    """Read the error code, 0 where it is absent; what is no number at all is an unknown error."""
    code = answer.get(key, 0)
    if isinstance(code, str) and re.fullmatch(r"-?[0-9]{1,9}", code):
        return int(code)
    return code if isinstance(code, int) else -999


def without(message: object, *secrets: str) -> str:
    """What a platform says, without the secrets that it repeats, and bounded."""
    text = str(message)
    for hidden in filter(None, secrets):
        text = text.replace(hidden, "***")
    return text[:MESSAGE_LIMIT]


def _json_object(content: bytes) -> Mapping[str, object] | None:
    # WeChat answers JSON as text/plain, so the content type says nothing.
    try:
        answer = json.loads(content)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None


def _unreadable(status: int, lost: type[PlatformError]) -> PlatformError:
    """Decide what an answer without the platform's JSON means.

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
