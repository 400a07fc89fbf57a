"""What a refusal means for who set the channel up: what to do about it, and the platform's own code for support."""

from collections.abc import Mapping

_SECRET = "平台不认这个密钥，请在平台后台核对或重置后重新填写"  # noqa: S105 - words about a secret
_ADDRESS = "本系统的出口 IP 不在平台的白名单里，请在平台后台加上"
_APPLICATION = "AgentId 与这个应用的密钥不相符，请在平台后台核对后重新填写"
_RIGHT = "这个账号没有发送消息的权限，请在平台后台开通"
_OFF = "应用在平台上已停用或不可用，请在平台后台启用"
_TOKEN = "平台发的访问凭证反复失效，请检查是否另有程序在用同一账号获取凭证"  # noqa: S105 - words about a token
_TEMPLATE = "模板 ID 不对，请在平台后台复制后重新填写"

_WECHAT = {
    "40001": _SECRET,
    "40125": _SECRET,
    "40013": "AppID 不对，请在平台后台核对后重新填写",
    "40164": _ADDRESS,
    "48001": _RIGHT,
    "40037": _TEMPLATE,
    "41030": "通知要打开的小程序页面不存在，请先发布新版小程序",
    "43107": "这个账号的订阅消息能力已被平台停用，请登录平台后台查看通知",
}
_REMEDIES: Mapping[str, Mapping[str, str]] = {
    "wechat_miniprogram": _WECHAT,
    "wechat_service_account": _WECHAT,
    "wecom": {
        "40001": _SECRET,
        "40013": "企业 ID（CorpID）不对，请在平台后台核对后重新填写",
        "40056": _APPLICATION,
        "301002": _APPLICATION,
        "48002": _RIGHT,
        "60020": _ADDRESS,
    },
    "dingtalk": {
        "40001": _SECRET,
        "40089": _SECRET,
        "40096": _SECRET,
        "40056": _APPLICATION,
        "60011": _RIGHT,
        "60020": _ADDRESS,
    },
    "feishu": {
        "10014": _SECRET,
        "10015": _SECRET,
        "11205": "应用没有启用机器人，请在平台后台启用",
        "11207": _OFF,
        "11223": _OFF,
        "99991401": _ADDRESS,
        "99991403": "本月的接口调用次数已用完，请在平台后台购买后保存渠道",
        "99991662": _OFF,
        "99991672": _RIGHT,
        "99991673": _OFF,
    },
    "sms_aliyun": {"SignatureDoesNotMatch": _SECRET, "InvalidAccessKeyId.NotFound": _SECRET, "Forbidden.RAM": _RIGHT},
    "email": {"535": "邮件服务器不接受登录账号或授权码，请核对后重新填写"},
}
_OTHER = "平台不接受渠道的设置，请核对账号、密钥和模板"


def refusal_words(adapter: str, code: str, detail: str) -> str:
    """A refusal in words, without a full stop: what to do, then the platform's code and text in brackets.

    What already speaks Chinese, as our own checks do, is said as it is.
    """
    remedy = _REMEDIES.get(adapter, {}).get(code) or (_TOKEN if code == "token" else None)
    if remedy is None and not detail.isascii():
        return f"{detail.rstrip('。')}（{code}）"
    return f"{remedy or _OTHER}（{code} {detail}）"
