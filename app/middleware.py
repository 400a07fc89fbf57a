"""What surrounds every request: a request id, a JSON log line, metrics, and a bound on the body (pure ASGI)."""

import hashlib
import re
import time
import uuid

import structlog
from prometheus_client import Counter, Histogram
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import TooLarge
from app.library.assets.schemas import PIECE_TYPE
from app.problems import of_product_error, of_unexpected

log = structlog.get_logger()

JSON_LIMIT = 1024 * 1024
UPLOAD_LIMIT = 20 * 1024 * 1024
# A piece of a media file: its route hands it on as it arrives, and nothing holds it whole.
CHUNK_LIMIT = 16 * 1024 * 1024
# RFC 2046, 5.1.1: at most 70 characters.
BOUNDARY = re.compile(rb'^multipart/.*;\s*boundary="?([^";\s]{1,70})', re.IGNORECASE)
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
PREFIX = "/api/v1"
EVENT_STREAM = b"text/event-stream; charset=utf-8"

REQUESTS = Counter("zhijian_http_requests_total", "Requests answered", ["method", "route", "status"])
SECONDS = Histogram("zhijian_http_request_seconds", "Time to answer", ["method", "route"])


def route_of(scope: Scope) -> str:
    """The template of the matched route, such as `/api/v1/lessons/{lesson_id}`."""
    path = str(getattr(scope.get("route"), "path_format", "unmatched"))
    # FastAPI leaves a route of an included router under its own path: the prefix of the inclusion is put back.
    bare = scope["path"].startswith(f"{PREFIX}/") and not path.startswith((PREFIX, "unmatched"))
    return PREFIX + path if bare else path


class Surround:
    """Request id, log line and metrics."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
        request_id = given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        begun = time.perf_counter()
        status = 500
        started = False
        opened: float | None = None

        async def answer(message: Message) -> None:
            nonlocal status, started, opened
            if message["type"] == "http.response.start":
                status, started = message["status"], True
                if (b"content-type", EVENT_STREAM) in message["headers"]:
                    opened = time.perf_counter()
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            await send(message)

        try:
            await self.app(scope, receive, answer)
        except Exception as error:  # the last place where an error can still become an answer
            if started:
                raise
            await of_unexpected(error, scope["path"])(scope, receive, answer)
        finally:
            spent = time.perf_counter() - begun
            route = route_of(scope)
            method = scope["method"] if scope["method"] in METHODS else "other"  # each label is kept for ever
            REQUESTS.labels(method, route, status).inc()
            # A stream is answered when it opens; how long somebody watches says nothing about the service.
            SECONDS.labels(method, route).observe(spent if opened is None else opened - begun)
            log.info("request", method=scope["method"], route=route, status=status, ms=round(spent * 1000, 1))


class BodyDigest:
    """SHA-256 of a body as it arrives, without the boundary of a form: that is another one at each try."""

    def __init__(self, content_type: bytes) -> None:
        found = BOUNDARY.search(content_type)
        self._boundary = found[1] if found else b""
        self._sha256 = hashlib.sha256()
        self._tail = b""  # may be the beginning of a boundary that the next chunk goes on with

    def update(self, chunk: bytes) -> None:
        """Takes the next chunk."""
        if not self._boundary:
            self._sha256.update(chunk)
            return
        text = (self._tail + chunk).replace(self._boundary, b"")
        cut = max(len(text) - len(self._boundary) + 1, 0)
        self._sha256.update(text[:cut])
        self._tail = text[cut:]

    def hexdigest(self) -> str:
        """The digest of what has arrived."""
        whole = self._sha256.copy()
        whole.update(self._tail)
        return whole.hexdigest()


def _limit_of(content_type: bytes) -> int:
    if content_type.startswith(b"multipart/"):
        return UPLOAD_LIMIT
    return CHUNK_LIMIT if content_type.split(b";")[0].strip() == PIECE_TYPE.encode() else JSON_LIMIT


class BodyLimit:
    """Refuses bodies over the limit, declared or counted, and offers the digest of what was read."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        content_type = headers.get(b"content-type", b"")
        limit = _limit_of(content_type.lower())
        declared = headers.get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > limit:
            await of_product_error(TooLarge())(scope, receive, send)
            return
        digest = BodyDigest(content_type)
        size = 0
        scope["body_sha256"] = digest.hexdigest

        async def count() -> Message:
            nonlocal size
            message = await receive()
            if message["type"] == "http.request":
                size += len(message.get("body", b""))
                digest.update(message.get("body", b""))
                if size > limit:
                    raise HTTPException(413)
            return message

        await self.app(scope, count, send)
