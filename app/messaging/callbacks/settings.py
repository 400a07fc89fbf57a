"""What a channel needs to be called by its platform: a token, a key, and which calls it takes."""

import json

from app.db.vault import Vault
from app.errors import Invalid
from app.messaging.schemas import CallbackFields
from app.platforms.models import Channel

WECHAT = ("wechat_miniprogram", "wechat_service_account")
WECOM = ("wecom",)


class CallbackUnsupported(Invalid):
    """Platforms of this kind do not call us."""

    code = "callback_unsupported"
    detail = "这种渠道没有平台回调，不需要填写令牌和密钥。"


class CallbackNeedsToken(Invalid):
    """A key or a mode alone; what is set is set as a whole."""

    code = "callback_needs_token"
    detail = "请同时填写令牌（Token）；更换时令牌、密钥和方式要一起填写。"


class CallbackNeedsKey(Invalid):
    """Encrypted calls cannot be opened without a key."""

    code = "callback_needs_key"
    detail = "请填写 43 位的 EncodingAESKey；只有微信的明文方式不需要，企业微信一律需要。"


def place_of(channel_id: int) -> str:
    """Where the token and the key of a channel are sealed for."""
    return f"channels:{channel_id}:callback"


def set_callback(vault: Vault, channel: Channel, given: CallbackFields) -> None:
    """Seals what was given for a stored channel, or strikes it off; nothing given changes nothing.

    Raises `CallbackUnsupported`, `CallbackNeedsToken` or `CallbackNeedsKey`.
    """
    token, key, mode = given.callback_token, given.callback_key, given.callback_mode
    if token is None and key is None and mode is None:
        return
    if channel.adapter not in WECHAT + WECOM or not channel.account:
        raise CallbackUnsupported
    channel.callback_checked_at = None
    if mode == "off":
        channel.callback_cipher = None
        return
    if token is None:
        raise CallbackNeedsToken
    mode = mode or "safe"
    if key is None and (mode != "plain" or channel.adapter in WECOM):
        raise CallbackNeedsKey
    # A key that plain calls have no use for is not kept.
    secrets = {"token": token, "key": "" if mode == "plain" else key, "mode": mode}
    if channel.adapter in WECOM:
        secrets |= {"key": key, "mode": "safe"}
    channel.callback_cipher = vault.encrypt(json.dumps(secrets), place_of(channel.id))


def callback_url(channel: Channel, public_url: str) -> str | None:
    """The address to paste into the platform's console; None where it does not call, or ours is not set."""
    if not public_url or not channel.account or channel.adapter not in WECHAT + WECOM:
        return None
    platform = "wecom" if channel.adapter in WECOM else "wechat"
    return f"{public_url.rstrip('/')}/api/v1/callbacks/{platform}/{channel.account}"
