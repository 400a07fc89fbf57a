"""A local fake of qyapi.weixin.qq.com: ``python -m scheduler.fakes.wecom --port N [--host 127.0.0.1]``.

Control side, JSON each: POST /_control/corps, /revoke, /fail, /clock, /reset; GET /_control/sent, /dropped, /counts.
"""

import secrets
import sys
import time
from collections.abc import Mapping

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from scheduler.fakes.control import Control, control_routes, platform_route
from scheduler.fakes.serving import serve
from scheduler.fakes.state import Refusal, answering
from scheduler.fakes.wecom_corps import Corp, accept_message, app_token, corp_of_token

ERRMSG = {
    -1: "system busy",
    40001: "invalid credential",
    40013: "invalid corpid",
    40014: "invalid access_token",
    40033: "invalid charset",
    40056: "invalid agentid",
    40058: "invalid Request Parameter",
    42001: "access_token expired",
    44004: "content is empty",
    45002: "content size out of limit",
    45009: "api freq out of limit",
    45033: "api concurrent out of limit",
    48002: "api forbidden",
    60011: "no privilege to access/modify contact/party/agent",
    60020: "not allow to access from your ip",
    60111: "userid not found",
    81013: "user & party & tag all invalid",
    82001: "user & party & tag all empty",
    301002: "not allow operate another agent with this accesstoken",
}


def create_app() -> Starlette:
    """Make the fake with no corporations."""
    control = Control()
    corps: dict[str, Corp] = {}
    routes = [
        *_platform_routes(control, corps),
        *_operator_routes(corps),
        *control_routes(control, corps.clear),
    ]
    return Starlette(routes=routes)


def _refuse(errcode: int, errmsg: str | None = None) -> Response:
    """Answer as WeCom refuses: HTTP 200, the reason in ``errcode``, and where to read more."""
    text = errmsg if errmsg is not None else ERRMSG.get(errcode, "error")
    hint = f"{int(time.time())}{secrets.randbelow(10**14):014}"
    more = f"https://open.work.weixin.qq.com/devtool/query?e={errcode}"
    return JSONResponse(
        {"errcode": errcode, "errmsg": f"{text}, hint: [{hint}], from ip: 127.0.0.1, more info at {more}"}
    )


def _platform_routes(control: Control, corps: dict[str, Corp]) -> list[Route]:
    def token(request: Request, body: Mapping[str, object]) -> dict[str, object]:
        corp = corps.get(request.query_params.get("corpid", ""))
        if corp is None:
            raise Refusal(40013)
        issued, expires_in = app_token(corp, request.query_params.get("corpsecret", ""), control.now())
        return {"errcode": 0, "errmsg": "ok", "access_token": issued, "expires_in": expires_in}

    def send(request: Request, body: Mapping[str, object]) -> dict[str, object]:
        corp = corp_of_token(corps.values(), request.query_params.get("access_token", ""), control.now())
        invalid, unlicensed = accept_message(corp, body, control.now())
        answer: dict[str, object] = {"errcode": 0, "errmsg": "ok", "msgid": secrets.token_urlsafe(40)}
        if invalid:
            answer["invaliduser"] = "|".join(invalid)
        if unlicensed:
            answer["unlicenseduser"] = "|".join(unlicensed)
        return answer

    table = (("GET", "/cgi-bin/gettoken", token), ("POST", "/cgi-bin/message/send", send))
    return [
        platform_route(control, method, path, answering(call, _refuse, malformed=40033), _refuse)
        for method, path, call in table
    ]


def _operator_routes(corps: dict[str, Corp]) -> list[Route]:
    """Make the routes of an operator who sets a corporation up."""

    async def add(request: Request) -> Response:
        order = await request.json()
        corps[order["corpid"]] = Corp(
            order["corpid"],
            order["secret"],
            order["agentid"],
            {user.lower() for user in order["users"]},
            {user.lower() for user in order.get("unlicensed", [])},
        )
        return JSONResponse({})

    async def revoke(request: Request) -> Response:
        for corp in corps.values():
            corp.tokens.clear()
        return JSONResponse({})

    async def sent(request: Request) -> Response:
        return JSONResponse([message for corp in corps.values() for message in corp.sent])

    async def dropped(request: Request) -> Response:
        return JSONResponse([message for corp in corps.values() for message in corp.dropped])

    return [
        Route("/_control/corps", add, methods=["POST"]),
        Route("/_control/revoke", revoke, methods=["POST"]),
        Route("/_control/sent", sent),
        Route("/_control/dropped", dropped),
    ]


if __name__ == "__main__":
    serve(create_app(), sys.argv[1:])
