"""Whether a platform accepts a channel's account and secret: asked for a token, which sends nothing to anybody."""

from app.messaging.schemas import CheckOut
from app.platforms.access import Access
from app.platforms.dingtalk import DingtalkClient
from app.platforms.errors import PlatformConfigurationError, PlatformError, TransientError
from app.platforms.feishu import FeishuClient
from app.platforms.models import Channel
from app.platforms.remedies import refusal_words
from app.platforms.secrets import open_secret
from app.platforms.tokens import Fetch
from app.platforms.wechat_account import WechatAccount
from app.platforms.wecom import WecomClient
from app.resources import Service

NOT_CHECKED = "这种渠道不能单独检查，请发一条通知看看是否收到。"
ACCEPTED = "平台接受这个账号和密钥。"
AWAY = "暂时连不上平台，请稍后再试；一直连不上的，请系统管理人员检查网络和平台地址。"


async def check_account(service: Service, channel: Channel) -> CheckOut:
    """What the platform says; no transaction is open."""
    fetch = _fetch_of(service, channel)
    if fetch is None:
        return CheckOut(result="not_checked", detail=NOT_CHECKED)
    try:
        await fetch(False)
    except TransientError:
        return CheckOut(result="away", detail=AWAY)
    except PlatformError as error:
        words = refusal_words(channel.adapter, str(error.code), error.message)
        if not isinstance(error, PlatformConfigurationError):
            words = f"平台暂时没有受理，请稍后再试（{error.code} {error.message}）"
        return CheckOut(result="refused", detail=f"{words}。")
    return CheckOut(result="accepted", detail=ACCEPTED)


def _fetch_of(service: Service, channel: Channel) -> Fetch | None:
    """What asks the platform of this channel for a token; None where it knows none."""
    secret = open_secret(service.vault, channel)
    if secret is None:
        return None

    def at(platform: str) -> Access:
        # What is asked for here is not kept: a token that others use stays theirs.
        host = service.settings.platform_hosts[platform]
        return Access(service.http, host, channel.account, secret, service.clock)

    if channel.adapter in ("wechat_miniprogram", "wechat_service_account"):
        return WechatAccount(at("wechat")).fetch_token
    if channel.adapter == "wecom":
        return WecomClient(at("wecom"), 0).fetch_token
    if channel.adapter == "dingtalk":
        return DingtalkClient(at("dingtalk"), 0).fetch_token
    if channel.adapter == "feishu":
        return FeishuClient(at("feishu")).fetch_token
    return None
