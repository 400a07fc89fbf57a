"""What fakes share whose calls are JSON: their state, its control side, and how a call is answered."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from scheduler.fakes.control import Handler, Refuse

Call = Callable[[Request, Mapping[str, object]], Mapping[str, object]]
"""One endpoint: the request and its JSON in, the JSON of a success out; raises `Refusal`."""


class Refusal(Exception):
    """A code to answer with; ``text`` where it is not the code's usual one."""

    def __init__(self, code: int | str, text: str | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.text = text


class State:
    """The base of a dataclass whose fields all have defaults: what one account of a platform knows."""

    def clear(self) -> None:
        """Forget everything."""
        for name, value in vars(type(self)()).items():
            setattr(self, name, value)


def answering(
    call: Call,
    refuse: Refuse,
    *,
    malformed: int,
    media_type: str = "application/json",
) -> Handler:
    """Turn a call into a handler: the JSON body in, the platform's JSON or refusal out; ``malformed`` is no object."""

    async def handler(request: Request) -> Response:
        try:
            body = json.loads(await request.body() or b"{}")
        except ValueError:
            body = None
        if not isinstance(body, dict):
            return refuse(malformed, None)
        try:
            answer = call(request, body)
        except Refusal as refusal:
            return refuse(refusal.code, refusal.text)
        return Response(json.dumps(answer, ensure_ascii=False), media_type=media_type)

    return handler


def set_up_route(path: str, state: State) -> Route:
    """Make the route by which an operator sets fields of the state."""

    async def set_up(request: Request) -> Response:
        for name, value in (await request.json()).items():
            setattr(state, name, value)
        return JSONResponse({})

    return Route(path, set_up, methods=["POST"])


def app_routes(app: Any) -> list[Route]:
    """Make the control side of one application with ``tokens`` and ``sent``: POST /app, /revoke; GET /sent."""

    async def revoke(request: Request) -> Response:
        app.tokens.clear()
        return JSONResponse({})

    async def sent(request: Request) -> Response:
        return JSONResponse(app.sent)

    return [
        set_up_route("/_control/app", app),
        Route("/_control/revoke", revoke, methods=["POST"]),
        Route("/_control/sent", sent),
    ]
