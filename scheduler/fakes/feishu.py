"""A local fake of open.feishu.cn: ``python -m scheduler.fakes.feishu --port N [--host 127.0.0.1]``.

Control side, JSON each: POST /_control/app, /revoke, /fail, /clock, /reset; GET /_control/sent, /counts.
"""

import json
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from scheduler.fakes.control import Control, control_routes, platform_route
from scheduler.fakes.serving import serve
from scheduler.fakes.state import Refusal, State, answering, app_routes

MSG = {
    1500: "internal error",
    2200: "Internal Error",
    5000: "internal error",
    10002: "Create or send message fail.",
    10003: "invalid param",
    10014: "app secret invalid",
    10015: "app secret invalid",
    11101: "Open_id not exist.",
    11203: "Send employee ids permission denied.",
    11205: "App do not have bot.",
    11207: "App not usable.",
    11209: "No permission to send messages to users in this scope.",
    11210: "Tenant does not exist.",
    11223: "App unavailable or inactivated in the tenant.",
    11246: "Create message content fail.",
    11247: "Internal send message trigger rate limit.",
    11312: "Bot messages do not pass the audit.",
    230020: "This operation triggers the frequency limit.",
    99991400: "request trigger frequency limit",
    99991401: "ip is denied by app setting",
    99991403: "this month api quota is exceeded",
    99991661: "Missing access token for authorization. Please make a request with token attached.",
    99991662: "app not in use",
    99991663: "Invalid access token for authorization. Please make a request with token attached.",
    99991664: "invalid app token",
    99991665: "invalid tenant code",
    99991672: "Access denied. One of the following scopes is required: [im:message:send_multi_users].",
    99991673: "app unavailable",
}
THROTTLED = 99991400
GATEWAY = range(99990000, 100000000)
"""Codes of what the gateway finds before the service is asked."""

GROUPS = ("open_ids", "union_ids", "user_ids")
TOKEN_LIFE, TOKEN_OVERLAP = 7200, 1800
PEOPLE = 200
POST_BYTES = 30 * 1024
DAILY = 500_000


@dataclass
class App(State):
    """One application: who may use it, its tokens, how many messages a day it may send, and what arrived."""

    app_id: str = ""
    secret: str = ""
    people: list[str] = field(default_factory=list)
    daily: int = DAILY
    tokens: dict[str, float] = field(default_factory=dict)
    sent: list[dict[str, object]] = field(default_factory=list)


def create_app() -> Starlette:
    """Make the fake with an application that nobody has."""
    control, app = Control(), App()
    return Starlette(routes=[*_platform_routes(control, app), *app_routes(app), *control_routes(control, app.clear)])


def _refuse(code: int, msg: str | None = None) -> Response:
    """Answer as Feishu refuses: what the gateway finds is HTTP 400, what the service finds is 200.

    The order 429 is the other form of `THROTTLED`: the newer gateways answer that with its own HTTP status.
    """
    status = 429 if code == 429 else 400 if code in GATEWAY else 200
    code = THROTTLED if code == 429 else code
    headers = {"x-ogw-ratelimit-limit": "50", "x-ogw-ratelimit-reset": "3"} if code == THROTTLED else None
    answer = {"code": code, "msg": msg if msg is not None else MSG.get(code, "error"), "data": {}}
    return JSONResponse(answer, status, headers=headers)


def _platform_routes(control: Control, app: App) -> list[Route]:
    def token(request: Request, body: Mapping[str, object]) -> dict[str, object]:
        if not app.app_id or body.get("app_id") != app.app_id:
            raise Refusal(10003)
        if body.get("app_secret") != app.secret:
            raise Refusal(10014)
        now = control.now()
        fresh = [(value, end) for value, end in app.tokens.items() if now < end - TOKEN_OVERLAP]
        value, end = fresh[0] if fresh else (f"t-{secrets.token_hex(20)}", now + TOKEN_LIFE)
        app.tokens[value] = end
        return {"code": 0, "msg": "ok", "tenant_access_token": value, "expire": round(end - now)}

    def send(request: Request, body: Mapping[str, object]) -> dict[str, object]:
        _check_token(app, request, control.now())
        return {"code": 0, "msg": "ok", "data": _take(app, body, control.now())}

    table = (
        ("/open-apis/auth/v3/tenant_access_token/internal", token),
        ("/open-apis/message/v4/batch_send/", send),
    )
    return [
        platform_route(control, "POST", path, answering(call, _refuse, malformed=10003), _refuse)
        for path, call in table
    ]


def _check_token(app: App, request: Request, now: float) -> None:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme != "Bearer" or not value:
        raise Refusal(99991661)
    if now >= app.tokens.get(value, 0.0):
        raise Refusal(99991663)


def _take(app: App, body: Mapping[str, object], now: float) -> dict[str, object]:
    """Take one message; gives its number, and the ids that nobody has or who may not use the application."""
    named = {group: list(value) if isinstance(value := body.get(group), list) else [] for group in GROUPS}
    if not any(named.values()) or any(len(ids) > PEOPLE for ids in named.values()):
        raise Refusal(10003)
    content = body.get("content")
    if body.get("msg_type") != "post" or not isinstance(content, dict):
        raise Refusal(10003)
    if len(json.dumps(content, ensure_ascii=False).encode()) > POST_BYTES or not _shown(content):
        raise Refusal(11246)
    reached = [each for ids in named.values() for each in ids if each in app.people]
    today = sum(now - float(str(each["at"])) < 86400 for each in app.sent)
    if today + len(reached) > app.daily:
        raise Refusal(11247)
    app.sent += [{"person": each, "post": content["post"], "at": now} for each in reached]
    invalid = {f"invalid_{group}": [each for each in ids if each not in app.people] for group, ids in named.items()}
    return {"message_id": f"bm-{secrets.token_hex(16)}", "invalid_department_ids": [], **invalid}


def _shown(content: Mapping[str, object]) -> bool:
    """Whether it is a rich text in Chinese of which something can be seen, with tags that Feishu knows."""
    post = content.get("post")
    chinese = post.get("zh_cn") if isinstance(post, dict) else None
    lines = chinese.get("content") if isinstance(chinese, dict) else None
    parts = [part for line in lines for part in line] if isinstance(lines, list) else []
    return bool(parts) and all(
        part.get("tag") in ("text", "a") and part.get("text") and (part["tag"] == "text" or part.get("href"))
        for part in parts
    )


if __name__ == "__main__":
    serve(create_app(), sys.argv[1:])
