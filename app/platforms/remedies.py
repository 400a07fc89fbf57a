"""What a refusal means for who set the channel up: what to do about it, and the platform's own code for support."""

import re
from collections.abc import Mapping

# Several platforms give one code for a wrong account and a wrong secret.
_ACCOUNT = "平台不认这个账号或密钥，请在平台后台核对后重新填写"
_SECRET = "平台不认这个密钥，请在平台后台核对或重置后重新填写"  # noqa: S105 - words about a secret
_ADDRESS = "本系统的出口 IP 不在平台的白名单里，请在平台后台加上"
_APPLICATION = "AgentId 与这个应用的密钥不相符，请在平台后台核对后重新填写"
_RIGHT = "这个账号没有发送消息的权限，请在平台后台开通"
_OFF = "应用在平台上已停用或不可用，请在平台后台启用"
_TOKEN = "平台发的访问凭证反复失效，请检查是否另有程序在用同一账号获取凭证"  # noqa: S105 - words about a token
_EITHER = "密钥不对，或另有程序在用同一账号获取凭证：请先核对密钥，不要急于重置"
_TEMPLATE = "模板 ID 不对，请在平台后台复制后重新填写"
_OTHER = "平台不接受渠道的设置，请核对账号、密钥、IP 白名单和其他设置"

_WECHAT = {
    "40001": _EITHER,
    "40014": _TOKEN,
    "42001": _TOKEN,
    "40125": _SECRET,
    "40013": "AppID 不对，请在平台后台核对后重新填写",
    "40164": _ADDRESS,
    "48001": _RIGHT,
    "40037": _TEMPLATE,
    "41030": "通知要打开的小程序页面不存在，请先发布新版小程序",
    "43107": "这个账号的订阅消息能力已被平台停用，请登录平台后台查看通知",
    "1400001": "获取手机号的次数已用完，请在平台后台购买",
}
_REMEDIES: Mapping[str, Mapping[str, str]] = {
    "wechat_miniprogram": _WECHAT,
    "wechat_service_account": _WECHAT,
    "wecom": {
        "40001": _SECRET,
        "40014": _TOKEN,
        "42001": _TOKEN,
        "40013": "企业 ID（CorpID）不对，请在平台后台核对后重新填写",
        "40056": _APPLICATION,
        "301002": _APPLICATION,
        "48002": _RIGHT,
        "60020": _ADDRESS,
    },
    "dingtalk": {
        "33001": _ACCOUNT,
        "40001": _EITHER,
        "40014": _TOKEN,
        "42001": _TOKEN,
        "40089": _ACCOUNT,
        "40096": _ACCOUNT,
        "40056": _APPLICATION,
        "60011": _RIGHT,
        "60020": _ADDRESS,
    },
    "feishu": {
        "10014": _ACCOUNT,
        "10015": _ACCOUNT,
        "11203": _RIGHT,
        "11205": "应用没有启用机器人，请在平台后台启用",
        "11207": _OFF,
        "11209": "要通知的人不在应用的可用范围里，请在平台后台扩大范围",
        "11210": _ACCOUNT,
        "11223": _OFF,
        "99991401": _ADDRESS,
        "99991403": "本月的接口调用次数已用完，请在平台后台购买",
        "99991661": _TOKEN,
        "99991662": _OFF,
        "99991663": _TOKEN,
        "99991664": _TOKEN,
        "99991665": _TOKEN,
        "99991672": _RIGHT,
        "99991673": _OFF,
    },
    "sms_aliyun": {
        "InvalidAccessKeyId.NotFound": "AccessKey ID 不对，请在平台后台核对后重新填写",
        "SignatureDoesNotMatch": _SECRET,
        "Forbidden.RAM": _RIGHT,
        "NoPermission": _RIGHT,
        "isp.RAM_PERMISSION_DENY": _RIGHT,
        "isv.AMOUNT_NOT_ENOUGH": "短信账户余额不足，请在平台后台充值",
    },
    "email": {"535": "邮件服务器不接受登录账号或授权码，请核对后重新填写"},
}
_ANYWHERE = {
    "token": _TOKEN,
    "http_401": "对方拒绝访问，请核对密钥",
    "http_403": "对方拒绝访问，请核对密钥和 IP 白名单",
    "http_404": "对方没有这个地址，请核对接收地址",
}
_CHINESE = re.compile("[一-鿿]")
_LONGEST_DETAIL = 300


def refusal_words(adapter: str, code: str, detail: str) -> str:
    """A refusal in words, without a full stop: what to do, then the platform's code and text in brackets.

    What already speaks Chinese, as our own checks do, is said as it is.
    """
    text = detail.strip()[:_LONGEST_DETAIL]
    remedy = _REMEDIES.get(adapter, {}).get(code) or _ANYWHERE.get(code)
    if remedy is None and _CHINESE.search(text):
        return f"{text.rstrip('。')}（{code}）"
    return f"{remedy or _OTHER}（{f'{code} {text}'.rstrip()}）"
