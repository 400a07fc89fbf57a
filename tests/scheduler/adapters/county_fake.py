"""A fake of the county's gateway, as its package in `docs/adapters.md` brings one: `python -m county_fake --port N`."""

import sys

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from scheduler.fakes.control import Control, control_routes, platform_route
from scheduler.fakes.serving import serve

KEY, TITLE, TEXT = "county-key-0001", 50, 500
REFUSED, BAD_NOTICE = 3, 7


def create_app() -> Starlette:
    """Make the fake with nothing delivered."""
    control = Control()
    notices: dict[str, dict[str, object]] = {}

    def refuse(code: int, text: str | None = None) -> Response:
        return JSONResponse({"code": code, "text": text or "refused"})

    async def take(request: Request) -> Response:
        notice = await request.json()
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return refuse(REFUSED)
        if not 0 < len(notice["title"]) <= TITLE or not 0 < len(notice["text"]) <= TEXT:
            return refuse(BAD_NOTICE)
        notices.setdefault(str(notice["id"]), notice)  # one that comes again changes nothing
        return JSONResponse({"code": 0})

    async def sent(request: Request) -> Response:
        return JSONResponse(list(notices.values()))

    return Starlette(
        routes=[
            platform_route(control, "POST", "/notices", take, refuse),
            *control_routes(control, notices.clear),
            Route("/_control/sent", sent),
        ]
    )


if __name__ == "__main__":
    serve(create_app(), sys.argv[1:])
