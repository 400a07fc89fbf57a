"""The control side of the fake WeChat: what an operator enters in the console, and what people tap on their phones."""

import asyncio

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from scheduler.fakes.callbacks import Called, tell_of_tap
from scheduler.fakes.control import Control
from scheduler.fakes.wechat_accounts import DAILY_QUOTA, Account, log_in, openid_of, share_number
from scheduler.fakes.wechat_service import DAILY_QUOTA as SERVICE_QUOTA
from scheduler.fakes.wechat_service import TEMPLATES, follow


def phone_routes(control: Control, accounts: dict[str, Account]) -> list[Route]:
    """Make the routes of an operator who sets an account up, and of members' phones."""

    async def apps(request: Request) -> Response:
        order = await request.json()
        if order.get("service") and len(order["templates"]) > TEMPLATES:
            return JSONResponse({"error": f"a service account has at most {TEMPLATES} templates"}, 400)
        account = accounts.setdefault(order["appid"], Account(order["appid"], "", {}))
        account.linked = order.get("linked", [])
        account.secret = order["secret"]
        account.templates = order["templates"]
        for name in ("tokens_a_minute", "tokens_a_day", "pages", "msgid"):
            if name in order:
                setattr(account, name, order[name])
        account.daily_quota = order.get("daily_quota", SERVICE_QUOTA if order.get("service") else DAILY_QUOTA)
        return JSONResponse({})

    async def login(request: Request) -> Response:
        order = await request.json()
        code, openid = log_in(accounts[order["appid"]], order["phone"], order.get("unionid"), control.now())
        return JSONResponse({"code": code, "openid": openid})

    async def number(request: Request) -> Response:
        order = await request.json()
        account, country_code = accounts[order["appid"]], order.get("country_code", 86)
        code, openid = share_number(account, order["phone"], order["number"], country_code, control.now())
        return JSONResponse({"code": code, "openid": openid})

    async def sent(request: Request) -> Response:
        wanted = request.query_params.get("appid")
        chosen = [account for account in accounts.values() if wanted in (None, account.appid)]
        return JSONResponse([message for account in chosen for message in account.sent])

    return [
        Route("/_control/apps", apps, methods=["POST"]),
        Route("/_control/login", login, methods=["POST"]),
        Route("/_control/number", number, methods=["POST"]),
        Route("/_control/sent", sent),
    ]


def tap_routes(control: Control, accounts: dict[str, Account]) -> list[Route]:
    """Make the routes of what people tap, of which the address that an operator has entered is told."""

    async def accept(request: Request) -> Response:
        order = await request.json()
        account = accounts[order["appid"]]
        key = openid_of(account, order["phone"]), order["template_id"]
        account.balances[key] += 1
        tries = await tell_of_tap(account.called, *key, "accept", control.now())
        return JSONResponse({"openid": key[0], "balance": account.balances[key], "tries": tries})

    async def reject(request: Request) -> Response:
        order = await request.json()
        account = accounts[order["appid"]]
        key = openid_of(account, order["phone"]), order["template_id"]
        account.balances[key] = 0
        tries = await tell_of_tap(account.called, *key, "reject", control.now(), settings=order.get("settings", False))
        return JSONResponse({"openid": key[0], "tries": tries})

    async def callback(request: Request) -> Response:
        order = await request.json()
        called = Called(**order)
        if not await called.check():
            return JSONResponse({"error": "the address did not answer with the echo"}, 400)
        accounts[called.appid].called = called
        return JSONResponse({})

    async def results(request: Request) -> Response:
        """Ordered: what the next messages come to. Asked for: how often each was told, once all are."""
        if request.method == "POST":
            order = await request.json()
            accounts[order["appid"]].results += order["results"]
            return JSONResponse({})
        called = accounts[request.query_params["appid"]].called
        return JSONResponse(await asyncio.gather(*called.telling) if called is not None else [])

    async def balances(request: Request) -> Response:
        account = accounts[request.query_params["appid"]]
        template = request.query_params["template_id"]
        return JSONResponse({openid: number for (openid, each), number in account.balances.items() if each == template})

    async def following(request: Request) -> Response:
        order = await request.json()
        account = accounts[order["appid"]]
        openid = follow(account, order["phone"], order.get("unionid"))
        if request.url.path.endswith("/unfollow"):
            account.followers.discard(openid)
        event = "unsubscribe" if openid not in account.followers else "subscribe"
        tries = await account.called.tell(openid, event, control.now()) if account.called else 0
        return JSONResponse({"openid": openid, "tries": tries})

    return [
        Route("/_control/callback", callback, methods=["POST"]),
        Route("/_control/accept", accept, methods=["POST"]),
        Route("/_control/reject", reject, methods=["POST"]),
        Route("/_control/balances", balances),
        Route("/_control/results", results, methods=["GET", "POST"]),
        Route("/_control/follow", following, methods=["POST"]),
        Route("/_control/unfollow", following, methods=["POST"]),
    ]
