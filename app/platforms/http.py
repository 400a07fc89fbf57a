"""The HTTP client with which outside platforms are called."""

import logging
from collections.abc import AsyncIterator
from typing import cast

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

CONNECT_TIMEOUT = 5.0
"""Seconds for name look-up, connection and TLS; a platform that is up answers these at once."""

MAX_ANSWER = 1024 * 1024
"""Bytes of one answer; the largest that a platform gives is a picture of a mini-program code, below 200 kB."""

_NEVER_SENT = (
    aiohttp.ClientConnectorError,  # refused, no such host, TLS failed
    aiohttp.ConnectionTimeoutError,  # no connection in time, or none free in the pool
    aiohttp.InvalidURL,
    aiohttp.NonHttpUrlClientError,
)


def outside_client(*, connections: int = 50, timeout: float = 10.0) -> httpx.AsyncClient:
    """Make a client for outside platforms, with at most ``connections`` open and ``timeout`` seconds between bytes.

    Follows no redirects and reads at most ``MAX_ANSWER`` bytes. Its errors tell whether the request can have been
    read by the other side: ``httpx.ConnectError`` means never, ``httpx.ReadError`` and ``httpx.ReadTimeout`` perhaps.
    The caller closes it.
    """
    # httpx logs every URL at INFO, and WeChat wants its secret and its token there. The filter is added once however
    # often this runs.
    logging.getLogger("httpx").addFilter(_without_query)
    limits = httpx.Limits(max_connections=connections, keepalive_expiry=5.0)
    return httpx.AsyncClient(
        transport=_FaithfulTransport(AiohttpTransport(limits=limits)),
        # The pool's figure covers waiting for a free connection and making it (aiohttp has one limit for both).
        timeout=httpx.Timeout(timeout, connect=min(CONNECT_TIMEOUT, timeout), pool=timeout),
        follow_redirects=False,
        # Without compression the limit on what is received is also the limit on what is held.
        headers={"accept-encoding": "identity"},
    )


def _without_query(record: logging.LogRecord) -> bool:
    """Take the query from every URL of a log record; a filter of the ``httpx`` logger."""
    if isinstance(record.args, tuple):
        record.args = tuple(
            arg.copy_with(query=None, fragment=None) if isinstance(arg, httpx.URL) else arg for arg in record.args
        )
    return True


class _FaithfulTransport(httpx.AsyncBaseTransport):
    """The aiohttp transport with errors that can be told apart.

    httpx-aiohttp 0.2 reports a refused connection and one that broke after the request was written as the same
    ``httpx.ConnectTimeout``, and lets aiohttp's own errors through, whose text holds the URL. The difference
    decides whether a message may be sent again.
    """

    def __init__(self, inner: AiohttpTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            response = await self._inner.handle_async_request(request)
        except (httpx.TransportError, aiohttp.ClientError) as error:
            raise _faithful(error) from None
        # The inner transport has wrapped aiohttp's answer; only its body is wrapped once more.
        response.stream = _BoundedBody(cast(httpx.AsyncByteStream, response.stream))
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


class _BoundedBody(httpx.AsyncByteStream):
    def __init__(self, inner: httpx.AsyncByteStream) -> None:
        self._inner = inner

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        try:
            async for chunk in self._inner:
                size += len(chunk)
                if size > MAX_ANSWER:
                    raise httpx.ReadError("the answer is too large")
                yield chunk
        except (httpx.TransportError, aiohttp.ClientError) as error:
            raise _faithful(error) from None

    async def aclose(self) -> None:
        await self._inner.aclose()


def _faithful(error: Exception) -> httpx.TransportError:
    """Name an error by whether the request can have been sent, in words that hold no URL."""
    cause = error if isinstance(error, aiohttp.ClientError) else error.__cause__
    if isinstance(cause, _NEVER_SENT):
        return httpx.ConnectError("no connection was made")
    if isinstance(cause, TimeoutError):
        return httpx.ReadTimeout("no answer in time")
    return httpx.ReadError("the answer broke off")
