"""The WeChat mini-program API: sign-in codes, phone numbers and subscription messages."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from app.platforms.access import Access
from app.platforms.errors import NotMainlandNumber, PlatformConfigurationError, TransientError
from app.platforms.wechat_account import WechatAccount


@dataclass(frozen=True)
class WechatIdentity:
    """Who a login code belongs to: ``openid`` within one mini-program, ``unionid`` across one owner's programs."""

    openid: str
    unionid: str | None


class WechatClient:
    """One mini-program account at https://api.weixin.qq.com."""

    def __init__(self, access: Access) -> None:
        self._account = WechatAccount(access)

    async def code_to_session(self, code: str) -> WechatIdentity:
        """Exchange the code of ``wx.login`` for the identity; the session key is dropped here.

        Raises BadLoginCode, PlatformConfigurationError, QuotaExceeded or TransientError. After a lost answer the code
        may be spent, so the phone fetches a new one for another try.
        """
        access = self._account.access
        query = {
            "appid": access.account,
            "secret": access.secret,
            "js_code": code,
            "grant_type": "authorization_code",
        }
        answer = await self._account.plain("GET", "/sns/jscode2session", query)
        openid, unionid = answer.get("openid"), answer.get("unionid")
        if not isinstance(openid, str) or not openid:
            raise TransientError("not_understood", "the sign-in answer holds no openid")
        return WechatIdentity(openid, unionid if isinstance(unionid, str) and unionid else None)

    async def send_subscribe_message(
        self, openid: str, template_id: str, page: str | None, data: Mapping[str, str], state: str = "formal"
    ) -> str | None:
        """Send one subscription message and give its msgid, or None where WeChat gave none.

        ``data`` is template field -> text, see ``clip_field``; ``state`` is developer, trial or formal.
        Raises the whole PlatformError family but BadLoginCode; RecipientError with code 43101 means that the member's
        balance for this template is zero.
        """
        body: dict[str, object] = {
            "touser": openid,
            "template_id": template_id,
            "data": {key: {"value": value} for key, value in data.items()},
            "miniprogram_state": state,
            "lang": "zh_CN",
        }
        if page:
            body["page"] = page
        path = "/cgi-bin/message/subscribe/send"
        answer = await self._account.business("POST", path, body=body, delivers=True, openid=openid)
        msgid = answer.get("msgid")
        return str(msgid) if isinstance(msgid, int | str) and msgid else None

    async def phone_number(self, code: str) -> str:
        """Exchange the code that a phone got by ``getPhoneNumber`` (not by ``wx.login``) for the 11 digits.

        Raises BadLoginCode, NotMainlandNumber, PlatformConfigurationError, QuotaExceeded or TransientError. A code
        works once, for 5 minutes: after a lost answer it may be spent, so the phone fetches a new one.
        """
        path = "/wxa/business/getuserphonenumber"
        answer = await self._account.business("POST", path, body={"code": code}, delivers=False)
        info = _object(answer, "phone_info")
        # The watermark says for which mini-program WeChat gave the number out.
        if _object(info, "watermark").get("appid") != self._account.access.account:
            raise PlatformConfigurationError("watermark", "the phone number was given to another mini-program")
        # Documented as text, shown in the example as a number, and both are met.
        if str(info.get("countryCode", "")) != "86":
            raise NotMainlandNumber("country", "the phone number has another country code than 86")
        number = info.get("purePhoneNumber")
        if not isinstance(number, str) or not re.fullmatch(r"1[0-9]{10}", number):
            raise TransientError("not_understood", "the answer holds no phone number")
        return number


def _object(answer: Mapping[str, object], key: str) -> Mapping[str, object]:
    value = answer.get(key)
    return value if isinstance(value, dict) else {}
