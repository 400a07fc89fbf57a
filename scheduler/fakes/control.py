"""What every fake platform shares: its own clock, counts of calls, and faults that a test orders.

All of it is reached under ``/_control/``, the side of a real operator or phone, which no client of ours calls.
"""

import asyncio
import time
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

MODES = frozenset({"errcode", "hang", "reset", "accept_then_reset", "cut_off", "slow"})
RESET = "zhijian.reset"
"""The key in the ASGI scope of the function that breaks the connection; serving.py puts it there."""

Handler = Callable[[Request], Awaitable[Response]]
Refuse = Callable[[Any, str | None], Response]


@dataclass
class Fault:
    """One order to misbehave: ``times`` calls of a path are answered by ``mode``."""

    mode: str
    times: int
    errcode: int | str  # no number where the platform is to answer with a code that cannot be read
    errmsg: str | None
    seconds: float


@dataclass
class Control:
    """The shared state of one fake process."""

    offset: float = 0.0
    counts: Counter[str] = field(default_factory=Counter)
    faults: defaultdict[str, deque[Fault]] = field(default_factory=lambda: defaultdict(deque))

    def now(self) -> float:
        """Give the fake's own time, in seconds since 1970."""
        return time.time() + self.offset

    def clear(self) -> None:
        """Forget everything."""
        self.offset = 0.0
        self.counts.clear()
        self.faults.clear()

    def next_fault(self, path: str) -> Fault | None:
        """Take one use of the oldest fault that is ordered for this path."""
        waiting = self.faults[path]
        if not waiting:
            return None
        waiting[0].times -= 1
        return waiting[0] if waiting[0].times > 0 else waiting.popleft()


def platform_route(control: Control, method: str, path: str, handler: Handler, refuse: Refuse) -> Route:
    """Make the route of one endpoint: counted, and subject to the ordered faults.

    ``refuse(errcode, errmsg)`` makes the platform's own form of an error; without errmsg, its usual text.
    """

    async def endpoint(request: Request) -> Response:
        return await faulty(control, path, request, handler, refuse)

    return Route(path, endpoint, methods=[method])


async def faulty(
    control: Control,
    path: str,
    request: Request,
    handler: Handler,
    refuse: Refuse,
) -> Response:
    """Count a call of ``path``, and answer it by the handler or by the fault that is ordered for it."""
    control.counts[path] += 1
    # Read before any fault, as a platform does that breaks down while it works on a request.
    await request.body()
    fault = control.next_fault(path)
    if fault is None:
        return await handler(request)
    if fault.mode == "errcode":
        return refuse(fault.errcode, fault.errmsg)
    if fault.mode == "hang":
        return await _disconnected(request)
    if fault.mode == "slow":
        await asyncio.sleep(fault.seconds)
        return await handler(request)
    if fault.mode.startswith("http_"):
        status = int(fault.mode.removeprefix("http_"))
        return PlainTextResponse(f"<html><h1>{status}</h1></html>", status, media_type="text/html")
    if fault.mode == "cut_off":
        answer = await handler(request)
        return Response(answer.body[:-1], answer.status_code, media_type=answer.media_type)
    if fault.mode == "accept_then_reset":
        await handler(request)
    request.scope[RESET]()
    return await _disconnected(request)


async def _disconnected(request: Request) -> Response:
    """Wait until the client is gone; the response that the framework wants then reaches nobody."""
    await request.receive()  # the body is read already, so that the next event is the end of the connection
    return Response()


def control_routes(control: Control, forget: Callable[[], None]) -> list[Route]:
    """Make the routes that every fake has; ``forget`` clears the platform's own state."""

    async def fail(request: Request) -> Response:
        order = await request.json()
        mode = order["mode"]
        if mode not in MODES and not (mode.startswith("http_") and mode[5:].isdigit()):
            return JSONResponse({"error": f"unknown mode {mode}"}, 400)
        control.faults[order["path"]].append(
            Fault(
                mode=mode,
                times=order.get("times", 1),
                errcode=order.get("errcode", -1),
                errmsg=order.get("errmsg"),
                seconds=order.get("seconds", 1.0),
            )
        )
        return JSONResponse({})

    async def clock(request: Request) -> Response:
        control.offset = float((await request.json())["offset_seconds"])
        return JSONResponse({"now": control.now()})

    async def counts(request: Request) -> Response:
        return JSONResponse(control.counts)

    async def reset(request: Request) -> Response:
        control.clear()
        forget()
        return JSONResponse({})

    return [
        Route("/_control/fail", fail, methods=["POST"]),
        Route("/_control/clock", clock, methods=["POST"]),
        Route("/_control/counts", counts),
        Route("/_control/reset", reset, methods=["POST"]),
    ]
