"""A local fake of api.weixin.qq.com: ``python -m scheduler.fakes.wechat --port N [--host 127.0.0.1]``.

Mini-programs and service accounts. Control side, JSON each: POST /_control/apps, /callback, /login, /number, /accept,
/reject, /follow, /unfollow, /results, /fail, /clock, /reset; GET /_control/sent, /balances, /results, /counts.
"""

import itertools
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
from scheduler.fakes.state import Call, Refusal, answering
from scheduler.fakes.wechat_accounts import (
    Account,
    accept_message,
    check_token,
    redeem_code,
    redeem_phone_code,
    stable_token,
)
from scheduler.fakes.wechat_control import phone_routes, tap_routes
from scheduler.fakes.wechat_service import accept_template_message, user_info

ERRMSG = {
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest",
    40002: "invalid grant_type",
    40003: "invalid openid",
    40013: "invalid appid",
    40014: "invalid access_token",
    40029: "invalid code,",
    40037: "invalid template_id",
    40125: "invalid appsecret,",
    40163: "code been used,",
    40164: "invalid ip 127.0.0.1 ipv6 ::ffff:127.0.0.1, not in whitelist",
    40226: "code blocked",
    40249: "invalid message content",
    41030: "invalid page",
    42001: "access_token expired",
    43004: "require subscribe",
    43101: "user refuse to accept the msg",
    43107: "subscribe message capability banned",
    43108: "concurrent message sending error",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit, must slower, retry next minute",
    47001: "data format error",
    47003: "argument invalid! data.thing1.value invalid",
    48001: "api unauthorized",
    1400001: "balance is not enough",
}


REFUSED = "43101"
"""The result that says that the member wants no message of this template any more."""


def create_app() -> Starlette:
    """Make the fake with no accounts."""
    control = Control()
    accounts: dict[str, Account] = {}
    routes = [
        *_sign_in_routes(control, accounts),
        *_business_routes(control, accounts),
        *phone_routes(control, accounts),
        *tap_routes(control, accounts),
        *control_routes(control, accounts.clear),
    ]
    return Starlette(routes=routes)


def _refuse(errcode: int, errmsg: str | None = None) -> Response:
    """Answer as WeChat refuses: HTTP 200, the reason in ``errcode``."""
    text = errmsg if errmsg is not None else ERRMSG.get(errcode, "error")
    rid = f"{int(time.time()):x}-{secrets.token_hex(4)}-{secrets.token_hex(4)}"
    return JSONResponse({"errcode": errcode, "errmsg": f"{text} rid: {rid}"})


def _endpoint(control: Control, method: str, path: str, call: Call) -> Route:
    # WeChat labels its JSON as plain text.
    handler = answering(call, _refuse, malformed=47001, media_type="text/plain")
    return platform_route(control, method, path, handler, _refuse)


def _sign_in_routes(control: Control, accounts: dict[str, Account]) -> list[Route]:
    """Make the routes that are called with an appid and a secret."""

    def jscode2session(request: Request, body: Mapping[str, object]) -> dict[str, object]:
        query = request.query_params
        account = _account(accounts, query.get("appid"), query.get("secret"))
        if query.get("grant_type") != "authorization_code":
            raise Refusal(40002)
        # No errcode on success: that is how WeChat answers here.
        return {**redeem_code(account, query.get("js_code", ""), control.now())}

    def token(request: Request, body: Mapping[str, object]) -> dict[str, object]:
        account = _account(accounts, body.get("appid"), body.get("secret"))
        if body.get("grant_type") != "client_credential":
            raise Refusal(40002)
        now = control.now()
        issued = stable_token(account, body.get("force_refresh") is True, now)
        return {"access_token": issued.value, "expires_in": round(issued.expires_at - now)}

    return [
        _endpoint(control, "GET", "/sns/jscode2session", jscode2session),
        _endpoint(control, "POST", "/cgi-bin/stable_token", token),
    ]


def _business_routes(control: Control, accounts: dict[str, Account]) -> list[Route]:
    """Make the routes that are called with a token."""
    msgids = itertools.count(2_000_000_000_000_000_001)

    def asking(request: Request) -> Account:
        return _account_of_token(accounts, request.query_params.get("access_token", ""), control.now())

    def send(request: Request, body: Mapping[str, object]) -> dict[str, object]:
        account = asking(request)
        accept_message(account, body, control.now())
        return _accepted(account, body, next(msgids), str(body["template_id"]), control.now())

    def phone_number(request: Request, body: Mapping[str, object]) -> dict[str, object]:
        account = asking(request)
        code = body.get("code")
        if not isinstance(code, str):
            raise Refusal(47001)
        return {"errcode": 0, "errmsg": "ok", "phone_info": redeem_phone_code(account, code, control.now())}

    def template_send(request: Request, body: Mapping[str, object]) -> dict[str, object]:
        account = asking(request)
        accept_template_message(account, body, control.now())
        return _accepted(account, body, next(msgids), "", control.now())

    def info(request: Request, body: Mapping[str, object]) -> dict[str, object]:
        return user_info(asking(request), request.query_params.get("openid", ""))

    return [
        _endpoint(control, "POST", "/cgi-bin/message/template/send", template_send),
        _endpoint(control, "GET", "/cgi-bin/user/info", info),
        _endpoint(control, "POST", "/cgi-bin/message/subscribe/send", send),
        _endpoint(control, "POST", "/wxa/business/getuserphonenumber", phone_number),
    ]


def _accepted(
    account: Account, message: Mapping[str, object], msgid: int, template: str, now: float
) -> dict[str, object]:
    """The answer to a message that was taken, of whose result the address is told later."""
    result = account.results.pop(0) if account.results else ""
    if template and result == REFUSED:
        account.balances[str(message["touser"]), template] = 0
    if account.called is not None:
        account.called.tell_of_result(str(message["touser"]), msgid, result, template, now)
    answer: dict[str, object] = {"errcode": 0, "errmsg": "ok"}
    if account.msgid != "none":
        answer["msgid"] = msgid if account.msgid == "number" else str(msgid)
    return answer


def _account(accounts: dict[str, Account], appid: object, secret: object) -> Account:
    account = accounts.get(str(appid))
    if account is None:
        raise Refusal(40013)
    if secret != account.secret:
        raise Refusal(40125)
    return account


def _account_of_token(accounts: dict[str, Account], value: str, now: float) -> Account:
    for account in accounts.values():
        for token in reversed(account.tokens):
            if token.value == value:
                check_token(token, now)
                return account
    raise Refusal(40014)


if __name__ == "__main__":
    serve(create_app(), sys.argv[1:])
