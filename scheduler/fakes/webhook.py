"""A local receiver of webhooks: ``python -m scheduler.fakes.webhook --port N [--host 127.0.0.1]``.

It takes notices at POST /notices and checks them as a receiver does that follows the Standard Webhooks specification.
Control side, JSON each: POST /_control/receiver, /fail, /clock, /reset; GET /_control/sent, /counts.
"""

import base64
import hmac
import json
import sys
from collections import Counter
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from scheduler.fakes.control import Control, control_routes, platform_route
from scheduler.fakes.serving import serve
from scheduler.fakes.state import State

TOLERANCE = 300
"""Seconds that a timestamp may be off."""


@dataclass
class Receiver(State):
    """What the receiver knows and has taken: `times` counts every notice by its id, `sent` holds each once."""

    secret: bytes = b""
    members: set[int] | None = None
    longest: int = 1_000_000
    retry_after: str = "7"  # seconds, said with 429 and 503
    times: Counter[str] = field(default_factory=Counter)
    sent: list[dict[str, object]] = field(default_factory=list)


def create_app() -> Starlette:
    """Make a receiver that has no secret yet, and so refuses everything."""
    control, receiver = Control(), Receiver()

    def refuse(status: int, reason: str | None = None) -> Response:
        answer = JSONResponse({"error": reason or "refused"}, status)
        if status in (429, 503):
            answer.raw_headers.append((b"retry-after", receiver.retry_after.encode()))
        return answer

    async def notices(request: Request) -> Response:
        content = await request.body()
        if not _signed(receiver.secret, request, content, control.now()):
            return refuse(401, "bad signature")
        if len(content) > receiver.longest:
            return refuse(413)
        notice = json.loads(content)
        if receiver.members is not None and notice["data"]["member_id"] not in receiver.members:
            return refuse(422, "no such member")
        key = request.headers["webhook-id"]
        receiver.times[key] += 1
        if receiver.times[key] == 1:
            receiver.sent.append({"id": key, **notice})
        return JSONResponse({"ok": True}, 202)

    return Starlette(
        routes=[
            platform_route(control, "POST", "/notices", notices, refuse),
            *_receiver_routes(receiver),
            *control_routes(control, receiver.clear),
        ]
    )


def _signed(secret: bytes, request: Request, content: bytes, now: float) -> bool:
    key, timestamp = request.headers.get("webhook-id", ""), request.headers.get("webhook-timestamp", "")
    if not secret or not key or not timestamp.isdigit() or abs(int(timestamp) - now) > TOLERANCE:
        return False
    digest = base64.b64encode(hmac.digest(secret, f"{key}.{timestamp}.".encode() + content, "sha256"))
    given = request.headers.get("webhook-signature", "").split(" ")
    return any(hmac.compare_digest(each.encode(), b"v1," + digest) for each in given)


def _receiver_routes(receiver: Receiver) -> list[Route]:
    async def set_up(request: Request) -> Response:
        order = await request.json()
        receiver.secret = base64.b64decode(order["secret"].removeprefix("whsec_"))
        receiver.members = set(order["members"]) if "members" in order else None
        receiver.longest = order.get("longest", receiver.longest)
        receiver.retry_after = order.get("retry_after", receiver.retry_after)
        return JSONResponse({})

    async def sent(request: Request) -> Response:
        return JSONResponse([{**notice, "times": receiver.times[str(notice["id"])]} for notice in receiver.sent])

    return [Route("/_control/receiver", set_up, methods=["POST"]), Route("/_control/sent", sent)]


if __name__ == "__main__":
    serve(create_app(), sys.argv[1:])
