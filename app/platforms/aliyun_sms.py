"""Short messages of Alibaba Cloud: one template, one number a call, and whether one was sent already.

Sources, on help.aliyun.com: document_detail/419273.html (SendSms), en/sms/developer-reference/
api-dysmsapi-2017-05-25-querysenddetails, document_detail/101346.html (codes), document_detail/59840.html (states of a
message), zh/document_detail/3041859.html (variables). SendSms knows no idempotency key: what may have been sent is
looked for by number, day and `OutId`.
"""

import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from datetime import timedelta
from zoneinfo import ZoneInfo

import httpx

from app.platforms.access import Access
from app.platforms.aliyun import authorization, canonical_query
from app.platforms.asking import ask, without
from app.platforms.errors import (
    ContentRejected,
    PlatformConfigurationError,
    PlatformError,
    QuotaExceeded,
    RecipientError,
    TransientError,
    UnknownOutcome,
)
from app.platforms.fields import EMPTY

VERSION = "2017-05-25"
ZONE = ZoneInfo("Asia/Shanghai")
PAGE, PAGES = 50, 4
"""Records of a number's day: 50 a page at most, and a number takes 50 messages a day of each template."""

VARIABLE_LIMIT = 35
"""Characters of one variable of a notice."""


_LIMITED = "isv.BUSINESS_LIMIT_CONTROL"
_PAUSES = {"分钟级": 60, "小时级": 3600}
"""Seconds until a number may be written to again, by the words of the refusal: 触发分钟级流控Permits:1."""

_CLASS_OF_CODE: dict[str, type[PlatformError]] = {
    **dict.fromkeys(
        (
            "isp.SYSTEM_ERROR", "isv.SYSTEM_ERROR", "Throttling", "Throttling.User", "Throttling.Api",
            "ServiceUnavailable",
        ),
        TransientError,
    ),
    # The second of two equal requests: a proxy has sent the first, and perhaps it arrived.
    **dict.fromkeys(("SignatureNonceUsed", "InternalError"), UnknownOutcome),
    **dict.fromkeys(("isv.MOBILE_NUMBER_ILLEGAL", "isv.MOBILE_SEND_LIMIT"), RecipientError),
    "isv.DAY_LIMIT_CONTROL": QuotaExceeded,
    **dict.fromkeys(
        (
            "isv.PARAM_LENGTH_LIMIT", "isv.PARAM_NOT_SUPPORT_URL", "isv.BLACK_KEY_CONTROL_LIMIT",
            "isv.SMS_CONTENT_ILLEGAL", "isv.TEMPLATE_PARAMS_ILLEGAL", "isv.INVALID_PARAMETERS",
        ),
        ContentRejected,
    ),
    **dict.fromkeys(
        (
            "isv.OUT_OF_SERVICE", "isv.AMOUNT_NOT_ENOUGH", "isv.MONTH_LIMIT_CONTROL", "isv.PRODUCT_UN_SUBSCRIPT",
            "isv.PRODUCT_UNSUBSCRIBE", "isv.ACCOUNT_NOT_EXISTS", "isv.ACCOUNT_ABNORMAL", "isv.SMS_TEMPLATE_ILLEGAL",
            "isv.SMS_SIGNATURE_ILLEGAL", "isv.SMS_SIGN_ILLEGAL", "isv.SIGN_STATE_ILLEGAL", "isv.INVALID_JSON_PARAM",
            "isv.SMS_SIGNATURE_SCENE_ILLEGAL", "isv.TEMPLATE_MISSING_PARAMETERS", "isv.EXTEND_CODE_ERROR",
            "isv.DOMESTIC_NUMBER_NOT_SUPPORTED", "isv.DENY_IP_RANGE", "isp.RAM_PERMISSION_DENY",
            "SignatureDoesNotMatch", "IncompleteSignature", "InvalidTimeStamp.Expired",
        ),
        PlatformConfigurationError,
    ),
}  # fmt: skip
_ACCOUNT_REFUSED = ("InvalidAccessKeyId", "Forbidden", "NoPermission")

_LINK = re.compile(r"(https?://|www\.)\S+|([A-Za-z0-9-]+\.)+[A-Za-z]{2,}([/:]\S*)?|\b\d{1,3}(\.\d{1,3}){3}\b")


class AliyunSmsClient:
    """One account at https://dysmsapi.aliyuncs.com: an AccessKey and its secret."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._host = httpx.URL(access.base).netloc.decode()

    async def send(self, number: str, sign_name: str, template: str, values: Mapping[str, str], key: str) -> None:
        """Send one message; `key` is kept with it as `OutId`.

        Raises the whole PlatformError family but BadLoginCode; the base class itself for a code that is not known.
        """
        parameters = {
            "PhoneNumbers": number,
            "SignName": sign_name,
            "TemplateCode": template,
            "TemplateParam": json.dumps(values, ensure_ascii=False, separators=(",", ":")),
            "OutId": key,
        }
        answer = await self._call("SendSms", parameters, delivers=True)
        self._check(answer, number)

    async def was_sent(self, number: str, key: str) -> bool:
        """Whether the platform has taken the message of this key, today or yesterday.

        Raises RecipientError where the carrier has failed to deliver it, and what asking raises.
        """
        today = self._access.now().astimezone(ZONE)
        for day in (today, today - timedelta(days=1)):
            for page in range(1, PAGES + 1):
                records = await self._records(number, f"{day:%Y%m%d}", page)
                for record in records:
                    if str(record.get("OutId", "")) != key:
                        continue
                    if str(record.get("SendStatus")) == "2":
                        raise RecipientError(str(record.get("ErrCode") or "carrier"), "the carrier did not deliver it")
                    return True
                if len(records) < PAGE:
                    break
        return False

    async def _records(self, number: str, day: str, page: int) -> list[Mapping[str, object]]:
        parameters = {"PhoneNumber": number, "SendDate": day, "PageSize": str(PAGE), "CurrentPage": str(page)}
        answer = await self._call("QuerySendDetails", parameters, delivers=False)
        self._check(answer, number)
        holder = answer.get("SmsSendDetailDTOs")
        found = holder.get("SmsSendDetailDTO") if isinstance(holder, dict) else None
        return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []

    async def _call(self, action: str, parameters: Mapping[str, str], *, delivers: bool) -> Mapping[str, object]:
        access, query = self._access, canonical_query(parameters)
        headers = {
            "content-type": "application/json",
            "host": self._host,
            "x-acs-action": action,
            "x-acs-content-sha256": hashlib.sha256(b"").hexdigest(),
            "x-acs-date": f"{access.now().astimezone(ZoneInfo('UTC')):%Y-%m-%dT%H:%M:%SZ}",
            "x-acs-signature-nonce": secrets.token_hex(16),
            "x-acs-version": VERSION,
        }
        headers["authorization"] = authorization(access.account, access.secret, "POST", "/", query, headers)
        url = access.url(f"/?{query}")
        return await ask(access.http, "POST", url, headers=headers, code="Code", words=True, delivers=delivers)

    def _check(self, answer: Mapping[str, object], number: str) -> None:
        code = str(answer.get("Code", "OK"))
        if code == "OK":
            return
        message = str(answer.get("Message", ""))
        shown = without(message, self._access.secret, number)
        kind = _CLASS_OF_CODE.get(code, PlatformError)
        if code == _LIMITED and "天级" not in message:
            raise TransientError(code, shown, next((_PAUSES[word] for word in _PAUSES if word in message), 0))
        if code == _LIMITED:
            kind = RecipientError  # 触发天级流控Permits:50 is of this number: another channel may reach them
        elif code.startswith(_ACCOUNT_REFUSED):
            kind = PlatformConfigurationError
        raise kind(code, shown)


def fit_variable(value: str) -> str:
    """A variable as the platform takes it: no link (refused as PARAM_NOT_SUPPORT_URL), no 【】, one line, cut."""
    text = _LINK.sub("", "".join(char if char.isprintable() else " " for char in value))
    text = " ".join(text.replace("【", "「").replace("】", "」").split())
    return (text if len(text) <= VARIABLE_LIMIT else text[: VARIABLE_LIMIT - 1] + "…") or EMPTY
