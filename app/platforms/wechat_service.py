"""The API of a WeChat service account: template messages, and who of its followers is who."""

from collections.abc import Mapping

from app.platforms.access import Access
from app.platforms.wechat_account import WechatAccount


class ServiceAccountClient:
    """One service account at https://api.weixin.qq.com."""

    def __init__(self, access: Access) -> None:
        self._account = WechatAccount(access)

    async def send_template_message(
        self,
        openid: str,
        template_id: str,
        data: Mapping[str, str],
        *,
        url: str = "",
        miniprogram: tuple[str, str] | None = None,
    ) -> None:
        """Send one template message; ``miniprogram`` is (appid, page) of what it opens, ``url`` where it cannot.

        Raises the whole PlatformError family but BadLoginCode; RecipientError with code 43004 means that the person
        does not follow the account.
        """
        body: dict[str, object] = {
            "touser": openid,
            "template_id": template_id,
            "data": {key: {"value": value} for key, value in data.items()},
        }
        if url:
            body["url"] = url
        if miniprogram is not None:
            body["miniprogram"] = dict(zip(("appid", "pagepath"), miniprogram, strict=True))
        path = "/cgi-bin/message/template/send"
        await self._account.business("POST", path, body=body, delivers=True, openid=openid)

    async def unionid(self, openid: str) -> str | None:
        """The unionid of a follower; None where the person follows no more or the account has no open platform.

        Raises RecipientError, PlatformConfigurationError, QuotaExceeded or TransientError.
        """
        query = {"openid": openid, "lang": "zh_CN"}
        answer = await self._account.business("GET", "/cgi-bin/user/info", query=query, delivers=False, openid=openid)
        unionid = answer.get("unionid")
        return unionid if isinstance(unionid, str) and unionid else None
