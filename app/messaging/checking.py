"""Whether a platform accepts a channel's account and secret: asked for a token, which sends nothing to anybody."""

from collections.abc import Awaitable, Callable

from app.messaging.schemas import CheckOut
from app.platforms.dingtalk import DingtalkClient
from app.platforms.errors import PlatformError, TransientError
from app.platforms.feishu import FeishuClient
from app.platforms.models import Channel
from app.platforms.tokens import Fetch, MemoryTokens, TokenHolder
from app.platforms.wechat_account import WechatAccount
from app.platforms.wecom import WecomClient
from app.resources import Service

Check = Callable[[], Awaitable[None]]

NOT_CHECKED = "这种渠道不能单独检查，请发一条通知看看是否收到。"
ACCEPTED = "平台接受这个账号和密钥。"
AWAY = "暂时连不上平台，请稍后再试；一直连不上的，请系统管理人员检查网络和平台地址。"


async def check_account(service: Service, channel: Channel) -> CheckOut:
    """What the platform says; no transaction is open."""
    check = _check_of(service, channel)
    if check is None:
        return CheckOut(result="not_checked", detail=NOT_CHECKED)
    try:
        await check()
    except TransientError:
        return CheckOut(result="away", detail=AWAY)
    except PlatformError as error:
        detail = f"平台不接受：{error.code} {error.message}。请核对账号、密钥和平台后台的 IP 白名单。"
        return CheckOut(result="refused", detail=detail)
    return CheckOut(result="accepted", detail=ACCEPTED)


def secret_place(channel: Channel) -> str:
    """Where the secret of a channel is sealed for."""
    return f"channels:{channel.id}:secret"


def open_secret(service: Service, channel: Channel) -> str | None:
    """The secret of a channel, if it has one."""
    sealed = channel.secret_cipher
    return None if sealed is None else service.vault.decrypt(sealed, secret_place(channel))


def _check_of(service: Service, channel: Channel) -> Check | None:
    secret = open_secret(service, channel)
    if secret is None:
        return None
    hosts, http, now, account = service.settings.platform_hosts, service.http, service.clock, channel.account

    # What is asked for here is not kept: a token that others use stays theirs.
    def tokens(fetch: Fetch) -> TokenHolder:
        return TokenHolder(fetch, now, MemoryTokens())

    if channel.adapter in ("wechat_miniprogram", "wechat_service_account"):
        return WechatAccount(http, hosts["wechat"], account, secret, now, MemoryTokens()).check_secret
    if channel.adapter == "wecom":
        return WecomClient(http, hosts["wecom"], account, secret, 0, now, tokens).check_secret
    if channel.adapter == "dingtalk":
        return DingtalkClient(http, hosts["dingtalk"], account, secret, 0, now, tokens).check_secret
    if channel.adapter == "feishu":
        return FeishuClient(http, hosts["feishu"], account, secret, now, tokens).check_secret
    return None
