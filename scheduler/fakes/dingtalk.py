"""A local fake of oapi.dingtalk.com: ``python -m scheduler.fakes.dingtalk --port N [--host 127.0.0.1]``.

Control side, JSON each: POST /_control/app, /revoke, /fail, /clock, /reset; GET /_control/sent, /counts.
"""

import itertools
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

_BANNED = "请求都被暂时禁用了"
ERRMSG = {
    -1: "系统繁忙",
    33001: "无效的企业ID",
    33012: "无效的USERID",
    34014: "消息内容不符合要求",
    34016: "消息内容长度超过限制",
    40001: "获取access_token时Secret错误，或者access_token无效",
    40003: "不合法的UserID",
    40014: "不合法的access_token",
    40035: "不合法的参数",
    40056: "不合法的agentid",
    40089: "不合法的corpid或corpsecret",
    40096: "不合法的appkey或appsecret",
    42001: "access_token已过期",
    60011: "没有调用该接口的权限",
    60020: "访问ip不在白名单之中",
    **dict.fromkeys(range(90001, 90018), f"您的服务器调用钉钉开放平台该接口的{_BANNED}"),
    90018: f"您的服务器调用钉钉开放平台所有接口的{_BANNED}",
    143103: "企业单应用消息发送人次QPM超限",
    143104: "企业每分钟发送人次QPM超限",
    143105: "单应用给单人每日推送量超限",
    143106: "单应用给单人推送重复消息超限",
    143203: "ISV单应用发送给单企业人次QPM超限",
    143204: "ISV单应用发送给所有企业人次QPM超限",
    143205: "单应用给单人每日推送量超限",
    143206: "单应用给单人推送重复消息超限",
    1430000: "接受者为空",
    1430002: "包含违禁内容",
    1430003: "触发OAPI系统保护",
    1430004: "超级高管保护",
}
AUTHORISATION = frozenset({40014, 42001, 60011})
"""These come as 88, with the code in `sub_code`."""

OK = {"errcode": 0, "errmsg": "ok"}
TOKEN_LIFE = 7200
MEMBERS = 100
MESSAGE_BYTES = 2048
A_DAY = 500


@dataclass
class App(State):
    """One application: its members, tokens, tasks and what arrived; a task is undecided for `delay` seconds."""

    key: str = ""
    secret: str = ""
    agent_id: int = 0
    users: list[str] = field(default_factory=list)
    unreachable: list[str] = field(default_factory=list)
    repeats: bool = False
    delay: float = 0.0
    tokens: dict[str, float] = field(default_factory=dict)
    tasks: dict[int, dict[str, object]] = field(default_factory=dict)
    sent: list[dict[str, object]] = field(default_factory=list)


def create_app() -> Starlette:
    """Make the fake with an application that nobody has."""
    control, app = Control(), App()
    return Starlette(routes=[*_platform_routes(control, app), *app_routes(app), *control_routes(control, app.clear)])


def _refuse(errcode: int, errmsg: str | None = None) -> Response:
    """Answer as DingTalk refuses: HTTP 200, and what is about authorisation one level further down."""
    text = errmsg if errmsg is not None else ERRMSG.get(errcode, "error")
    request = {"request_id": secrets.token_hex(6)}
    if errcode in AUTHORISATION:
        shown = f"ding talk error[subcode={errcode},submsg={text}]"
        return JSONResponse({"errcode": 88, "sub_code": str(errcode), "sub_msg": text, "errmsg": shown, **request})
    return JSONResponse({"errcode": errcode, "errmsg": text, **request})


def _platform_routes(control: Control, app: App) -> list[Route]:
    numbers = itertools.count(256_271_667_526)

    def token(request: Request, body: Mapping[str, object]) -> dict[str, object]:
        query = request.query_params
        if not app.key or (query.get("appkey"), query.get("appsecret")) != (app.key, app.secret):
            raise Refusal(40089)
        for value, end in app.tokens.items():
            if control.now() < end:
                app.tokens[value] = control.now() + TOKEN_LIFE  # asking again renews it
                return {**OK, "access_token": value, "expires_in": TOKEN_LIFE}
        value = secrets.token_hex(16)
        app.tokens[value] = control.now() + TOKEN_LIFE
        return {**OK, "access_token": value, "expires_in": TOKEN_LIFE}

    def send(request: Request, body: Mapping[str, object]) -> dict[str, object]:
        _check_token(app, request, control.now())
        return {**OK, "task_id": _take(app, body, control.now(), next(numbers))}

    def result(request: Request, body: Mapping[str, object]) -> dict[str, object]:
        _check_token(app, request, control.now())
        task = app.tasks.get(int(str(body.get("task_id", 0))), {})
        decided = bool(task) and control.now() >= float(str(task["at"])) + app.delay
        return {**OK, "send_result": task["lists"] if decided else {}}

    table = (
        ("GET", "/gettoken", token),
        ("POST", "/topapi/message/corpconversation/asyncsend_v2", send),
        ("POST", "/topapi/message/corpconversation/getsendresult", result),
    )
    return [
        platform_route(control, method, path, answering(call, _refuse, malformed=40035), _refuse)
        for method, path, call in table
    ]


def _check_token(app: App, request: Request, now: float) -> None:
    end = app.tokens.get(request.query_params.get("access_token", ""))
    if end is None:
        raise Refusal(40014)
    if now >= end:
        raise Refusal(42001)


def _take(app: App, body: Mapping[str, object], now: float, number: int) -> int:
    """Take a notice, and decide on each member what the result will tell."""
    message = body.get("msg")
    if body.get("agent_id") != app.agent_id:
        raise Refusal(40056)
    users = [user for user in str(body.get("userid_list", "")).split(",") if user]
    if not users:
        raise Refusal(1430000)
    if len(users) > MEMBERS:
        raise Refusal(33012)
    content = message["text"]["content"] if isinstance(message, dict) and message.get("msgtype") == "text" else ""
    if not content.strip() or len(json.dumps(message, ensure_ascii=False).encode()) > MESSAGE_BYTES:
        raise Refusal(34016)
    lists: dict[str, list[object]] = {
        f"{name}_user_id_list": [] for name in ("invalid", "failed", "forbidden", "read", "unread")
    }
    lists["forbidden_list"] = []
    for user in users:
        _decide(app, user, content, now, lists)
    app.tasks[number] = {"at": now, "lists": lists}
    return number


def _decide(app: App, user: str, content: str, now: float, lists: dict[str, list[object]]) -> None:
    today = [each for each in app.sent if each["user"] == user and now - float(str(each["at"])) < 86400]
    if user not in app.users:
        lists["invalid_user_id_list"].append(user)
    elif user in app.unreachable:
        lists["failed_user_id_list"].append(user)
    elif not app.repeats and any(each["content"] == content for each in today):
        lists["forbidden_list"].append({"code": "143106", "count": 1, "userid": user})
    elif len(today) >= A_DAY:
        lists["forbidden_list"].append({"code": "143105", "count": A_DAY, "userid": user})
    else:
        lists["unread_user_id_list"].append(user)
        app.sent.append({"user": user, "content": content, "at": now})


if __name__ == "__main__":
    serve(create_app(), sys.argv[1:])
