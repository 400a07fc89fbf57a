"""One HTTP call of a platform, with errors that say whether it can have arrived."""

from collections.abc import Mapping
from urllib.parse import urlencode

import httpx

from app.platforms.errors import PlatformConfigurationError, PlatformError, TransientError

Lost = type[PlatformError]


async def call(
    http: httpx.AsyncClient,
    method: str,
    url: str,
    *,
    lost: Lost,
    query: Mapping[str, str] | None = None,
    content: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> httpx.Response:
    """Send one request and read its answer, whatever its HTTP status.

    Raises TransientError where no connection was made, and `lost` (UnknownOutcome for what delivers, TransientError for
    what only asks) where the request was written and the answer did not come. The text holds no URL.
    """
    # The errors of httpx carry the request, and its URL perhaps a secret: "from None", and words of our own.
    try:
        # Put together here: httpx takes an address apart three times where it is given a query apart.
        full = f"{url}?{urlencode(query)}" if query else url
        return await http.request(method, full, content=content, headers=headers)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
        raise TransientError("connect", "no connection to the platform") from None
    except httpx.TimeoutException:
        raise lost("timeout", "the platform did not answer in time") from None
    except httpx.RequestError:
        raise lost("broken", "the connection broke before the answer was complete") from None


LONGEST_WAIT = 3600
"""Seconds of a wait that a platform names and that are believed."""


def wait_in(response: httpx.Response, header: str) -> int:
    """The seconds that a header such as Retry-After says, 0 where it says none; a date is not read."""
    text = response.headers.get(header, "")
    return min(int(text), LONGEST_WAIT) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def unreadable(status: int, lost: Lost) -> PlatformError:
    """Decide what an answer without the platform's own error code means, by its HTTP status.

    503, 429 and 408 say that the server did not take the request (RFC 9110, 15.6.4 and 15.5.9; RFC 6585, 4). Other
    3xx and 4xx come from a wrong host or a filter on the way out, and no waiting helps. 502 and 504 come from a gateway
    that had passed the request on and lost the answer, so that they are as unknown as a read time-out; so is 500,
    and HTTP 200 with something else than JSON.
    """
    code, message = f"http_{status}", f"对方只回了 HTTP {status}，没有说明原因"
    if status in (408, 429, 503):
        return TransientError(code, message)
    if 300 <= status < 500:
        return PlatformConfigurationError(code, message)
    return lost(code, message)
