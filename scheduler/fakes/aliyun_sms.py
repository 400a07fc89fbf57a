"""A local fake of dysmsapi.aliyuncs.com: ``python -m scheduler.fakes.aliyun_sms --port N [--host 127.0.0.1]``.

Control side, JSON each: POST /_control/account, /fail (paths SendSms, QuerySendDetails; errmsg is the code and the
text), /clock, /reset; GET /_control/sent, /counts.
"""

import hashlib
import hmac
import itertools
import json
import re
import secrets
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, quote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from scheduler.fakes.control import Control, control_routes, faulty
from scheduler.fakes.serving import serve
from scheduler.fakes.state import Refusal, State, set_up_route

TEXTS = {
    "isp.SYSTEM_ERROR": "系统错误",
    "isv.SYSTEM_ERROR": "系统错误",
    "isp.RAM_PERMISSION_DENY": "RAM权限不足",
    "isv.OUT_OF_SERVICE": "业务停机",
    "isv.PRODUCT_UN_SUBSCRIPT": "未开通云通信产品的阿里云客户",
    "isv.PRODUCT_UNSUBSCRIBE": "产品未开通",
    "isv.ACCOUNT_NOT_EXISTS": "账户不存在",
    "isv.ACCOUNT_ABNORMAL": "账户异常",
    "isv.SMS_SIGN_ILLEGAL": "签名禁止使用",
    "isv.SIGN_STATE_ILLEGAL": "签名不可用",
    "isv.SMS_SIGNATURE_SCENE_ILLEGAL": "签名的适用场景与短信类型不匹配",
    "isv.INVALID_PARAMETERS": "参数格式不正确",
    "isv.TEMPLATE_PARAMS_ILLEGAL": "模板变量里包含非法关键字",
    "isv.BLACK_KEY_CONTROL_LIMIT": "变量中传入疑似违规信息",
    "isv.SMS_CONTENT_ILLEGAL": "短信内容包含禁止发送内容",
    "isv.MOBILE_SEND_LIMIT": "单日最大发送量的限制",
    "isv.BUSINESS_LIMIT_CONTROL": "触发小时级流控Permits:5",
    "isv.DAY_LIMIT_CONTROL": "触发日发送限额",
    "isv.MONTH_LIMIT_CONTROL": "触发月发送限额",
    "isv.EXTEND_CODE_ERROR": "扩展码使用错误，相同的扩展码不可用于多个签名",
    "isv.DOMESTIC_NUMBER_NOT_SUPPORTED": "国际/港澳台消息模板不支持发送境内号码",
    "isv.DENY_IP_RANGE": "源IP地址所在的地区被禁用",
    "Throttling": "Request was denied due to request throttling.",
    "Throttling.User": "Request was denied due to user flow control.",
    "Throttling.Api": "Request was denied due to api flow control.",
    "ServiceUnavailable": "The request has failed due to a temporary failure of the server.",
    "InternalError": "The request processing has failed due to some unknown error.",
    "IncompleteSignature": "The request signature does not conform to Aliyun standards.",
    "isv.MOBILE_NUMBER_ILLEGAL": "无效号码",
    "isv.SMS_SIGNATURE_ILLEGAL": "该账号下找不到对应签名",
    "isv.SMS_TEMPLATE_ILLEGAL": "该账号下找不到对应模板",
    "isv.TEMPLATE_MISSING_PARAMETERS": "模板变量缺少对应参数值",
    "isv.PARAM_NOT_SUPPORT_URL": "变量不支持传入URL",
    "isv.PARAM_LENGTH_LIMIT": "参数超出长度限制",
    "isv.INVALID_JSON_PARAM": "参数格式错误，请传入json字符串",
    "isv.AMOUNT_NOT_ENOUGH": "账户余额不足",
    "SignatureDoesNotMatch": "Specified signature is not matched with our calculation.",
    "InvalidAccessKeyId.NotFound": "Specified access key is not found.",
    "SignatureNonceUsed": "Specified signature nonce was used already.",
    "InvalidTimeStamp.Expired": "Specified time stamp or date value is expired.",
}
A_DAY = 50
"""Notices of one signature and template that a number takes in 24 hours."""

VARIABLE = 35
TOLERANCE = 900
BEIJING = timedelta(hours=8)


@dataclass
class Account(State):
    """One account: signatures, templates with their variables, what it may still pay for, and what it has sent."""

    key_id: str = ""
    secret: str = ""
    signs: list[str] = field(default_factory=list)
    templates: dict[str, list[str]] = field(default_factory=dict)
    balance: int = 100_000
    a_minute: int = 100
    switched_off: list[str] = field(default_factory=list)
    nonces: set[str] = field(default_factory=set)
    sent: list[dict[str, str]] = field(default_factory=list)


def create_app() -> Starlette:
    """Make the fake with an account that nobody has."""
    control, account = Control(), Account()
    numbers = itertools.count(1)

    def send(query: Mapping[str, str], now: float) -> dict[str, object]:
        return {"BizId": _take(account, query, now, next(numbers))}

    def details(query: Mapping[str, str], now: float) -> dict[str, object]:
        return _details(account, query)

    actions: dict[str, Callable[[Mapping[str, str], float], dict[str, object]]] = {
        "SendSms": send,
        "QuerySendDetails": details,
    }

    async def answered(request: Request) -> Response:
        try:
            _check_signature(account, request, control.now())
            answer = actions[request.headers["x-acs-action"]](request.query_params, control.now())
        except Refusal as refusal:
            # What the gateway refuses is no 200; what the service refuses is.
            code = str(refusal.code)
            return _refusal(code, refusal.text, 200 if code.startswith("is") else 400)
        return JSONResponse({"Code": "OK", "Message": "OK", "RequestId": _request_id(), **answer})

    async def call(request: Request) -> Response:
        # One path for all: the action is in a header, and names the faults.
        return await faulty(control, request.headers.get("x-acs-action", ""), request, answered, _refuse)

    return Starlette(
        routes=[Route("/", call, methods=["POST"]), *_account_routes(account), *control_routes(control, account.clear)]
    )


def _refuse(errcode: int, errmsg: str | None = None) -> Response:
    """Answer as the platform refuses; the order's text is the code and, after a blank, the platform's words."""
    code, _, text = (errmsg or "isp.SYSTEM_ERROR").partition(" ")
    return _refusal(code, text, 200)


def _refusal(code: str, text: str | None, status: int) -> Response:
    message = text or TEXTS.get(code, "error")
    return JSONResponse({"Code": code, "Message": message, "RequestId": _request_id()}, status)


def _request_id() -> str:
    return secrets.token_hex(16).upper()


def _check_signature(account: Account, request: Request, now: float) -> None:
    """Refuse a request that its account did not sign, is old, or was seen before."""
    headers = request.headers
    given = re.fullmatch(
        r"ACS3-HMAC-SHA256 Credential=([^,]+),SignedHeaders=([^,]+),Signature=([0-9a-f]{64})",
        headers.get("authorization", ""),
    )
    if given is None or not account.key_id or given[1] != account.key_id:
        raise Refusal("InvalidAccessKeyId.NotFound")
    names = given[2].split(";")
    must = {name for name in headers if name.startswith("x-acs-")} | {"host", "content-type"} & set(headers)
    query = "&".join(
        f"{quote(name, safe='')}={quote(value, safe='')}"
        for name, value in sorted(parse_qsl(request.url.query, keep_blank_values=True))
    )
    lines = "".join(f"{name}:{headers[name]}\n" for name in names if name in headers)
    request_text = "\n".join(("POST", "/", query, lines, given[2], headers.get("x-acs-content-sha256", "")))
    signed = f"ACS3-HMAC-SHA256\n{hashlib.sha256(request_text.encode()).hexdigest()}"
    right = hmac.new(account.secret.encode(), signed.encode(), hashlib.sha256).hexdigest()
    if not must <= set(names) or not hmac.compare_digest(right, given[3]):
        raise Refusal("SignatureDoesNotMatch")
    at = datetime.strptime(headers["x-acs-date"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    if abs(at.timestamp() - now) > TOLERANCE:
        raise Refusal("InvalidTimeStamp.Expired")
    if headers["x-acs-signature-nonce"] in account.nonces:
        raise Refusal("SignatureNonceUsed")
    account.nonces.add(headers["x-acs-signature-nonce"])


def _take(account: Account, query: Mapping[str, str], now: float, number: int) -> str:
    """Take one message and give its receipt."""
    phone, template = query.get("PhoneNumbers", ""), query.get("TemplateCode", "")
    if not re.fullmatch(r"1[3-9][0-9]{9}", phone):
        raise Refusal("isv.MOBILE_NUMBER_ILLEGAL")
    if query.get("SignName") not in account.signs:
        raise Refusal("isv.SMS_SIGNATURE_ILLEGAL")
    if template not in account.templates:
        raise Refusal("isv.SMS_TEMPLATE_ILLEGAL")
    values = _checked_values(account.templates[template], query.get("TemplateParam", ""))
    if account.balance < 1:
        raise Refusal("isv.AMOUNT_NOT_ENOUGH")
    same = phone, query["SignName"], template
    alike = [each for each in account.sent if (each["phone"], each["sign"], each["template"]) == same]
    if sum(now - float(each["at"]) < 60 for each in alike) >= account.a_minute:
        raise Refusal("isv.BUSINESS_LIMIT_CONTROL", f"触发分钟级流控Permits:{account.a_minute}")
    if sum(now - float(each["at"]) < 86400 for each in alike) >= A_DAY:
        raise Refusal("isv.BUSINESS_LIMIT_CONTROL", f"触发天级流控Permits:{A_DAY}")
    account.balance -= 1
    receipt = f"{900619746936498440 + number}^0"
    account.sent.append(
        {
            "phone": phone,
            "sign": query["SignName"],
            "template": template,
            "values": json.dumps(values, ensure_ascii=False),
            "out_id": query.get("OutId", ""),
            "biz_id": receipt,
            "at": str(now),
        }
    )
    return receipt


def _checked_values(names: list[str], text: str) -> dict[str, str]:
    try:
        values = json.loads(text)
    except ValueError:
        values = None
    if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
        raise Refusal("isv.INVALID_JSON_PARAM")
    for name in names:
        if not values.get(name):
            raise Refusal("isv.TEMPLATE_MISSING_PARAMETERS")
        if len(values[name]) > VARIABLE:
            raise Refusal("isv.PARAM_LENGTH_LIMIT")
        if re.search(r"https?://|www\.|[a-z0-9]\.(cn|com|net|org)\b", values[name], re.IGNORECASE):
            raise Refusal("isv.PARAM_NOT_SUPPORT_URL")
    return values


def _details(account: Account, query: Mapping[str, str]) -> dict[str, object]:
    """The records of a number's day in China, the newest first."""
    found = []
    for each in reversed(account.sent):
        at = datetime.fromtimestamp(float(each["at"]), UTC) + BEIJING
        if each["phone"] != query.get("PhoneNumber") or f"{at:%Y%m%d}" != query.get("SendDate"):
            continue
        failed = each["phone"] in account.switched_off
        found.append(
            {
                "PhoneNum": each["phone"],
                "SendStatus": 2 if failed else 3,
                "ErrCode": "MK:0001" if failed else "DELIVERED",
                "TemplateCode": each["template"],
                "SendDate": f"{at:%Y-%m-%d %H:%M:%S}",
                "OutId": each["out_id"],
            }
        )
    size, page = int(query["PageSize"]), int(query["CurrentPage"])
    shown = found[(page - 1) * size : page * size]
    return {"TotalCount": str(len(found)), "SmsSendDetailDTOs": {"SmsSendDetailDTO": shown}}


def _account_routes(account: Account) -> list[Route]:
    async def sent(request: Request) -> Response:
        times = Counter(each["out_id"] for each in account.sent)
        return JSONResponse(
            [{**each, "values": json.loads(each["values"]), "times": times[each["out_id"]]} for each in account.sent]
        )

    return [set_up_route("/_control/account", account), Route("/_control/sent", sent)]


if __name__ == "__main__":
    serve(create_app(), sys.argv[1:])
