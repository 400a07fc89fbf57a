"""From a call to its message: whose callback it is, whether the platform signed it, and what is inside."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.vault import Vault
from app.errors import BadRequest, Forbidden, NotFound
from app.messaging.callbacks.schemas import CallQuery, CheckQuery
from app.messaging.callbacks.settings import place_of
from app.platforms.callback_bodies import MalformedBody, Value, read_body, text_at
from app.platforms.callback_crypto import BadCipher, WrongReceiver, decrypt, is_signed, key_of
from app.platforms.models import Channel


class NoCallbacks(NotFound):
    """No channel of this account takes calls: unknown, or not set up; the two are not told apart."""

    code = "no_callbacks"
    detail = "这个账号没有设置平台回调，请核对回调地址，并在渠道中填写令牌。"


class WrongSignature(Forbidden):
    """Not signed with our token."""

    code = "wrong_signature"
    detail = "签名不对。请核对平台后台的令牌（Token）与渠道中填写的是否一致。"


class WrongAccount(Forbidden):
    """Encrypted for another account, or with another key."""

    code = "wrong_account"
    detail = "消息不是发给这个账号的，或密钥不对。请核对 EncodingAESKey 和回调地址。"


class NotEncrypted(Forbidden):
    """A plain call where only encrypted ones are taken."""

    code = "not_encrypted"
    detail = "这个渠道只接收加密的消息，请在平台后台选择安全模式。"


class MalformedCall(BadRequest):
    """Neither the XML nor the JSON of the platform."""

    code = "malformed_call"
    detail = "消息不是平台规定的 XML 或 JSON 格式。"


@dataclass(frozen=True)
class Callback:
    """The side of a channel that is called; `key` is empty where its calls come plain."""

    channel_id: int
    adapter: str
    account: str
    checked: bool
    mode: str
    token: str = field(repr=False)
    key: str = field(repr=False)


@dataclass(frozen=True)
class Opened:
    """A message that the platform has signed, and the callback that it came to."""

    callback: Callback
    body: dict[str, Value]


async def find_callbacks(
    session: AsyncSession, vault: Vault, adapters: Sequence[str], account: str
) -> Sequence[Callback]:
    """What takes the calls of an account; raises `NoCallbacks`. A channel that is off still keeps its books."""
    rows = await session.scalars(
        select(Channel)
        .where(Channel.adapter.in_(adapters), Channel.account == account, Channel.callback_cipher.is_not(None))
        .order_by(Channel.id)
    )
    found = [_opened(vault, channel) for channel in rows]
    if not found:
        raise NoCallbacks
    return found


def _opened(vault: Vault, channel: Channel) -> Callback:
    secrets = json.loads(vault.decrypt(channel.callback_cipher or b"", place_of(channel.id)))
    return Callback(
        channel_id=channel.id,
        adapter=channel.adapter,
        account=channel.account,
        checked=channel.callback_checked_at is not None,
        **secrets,
    )


def open_wechat_check(callbacks: Sequence[Callback], call: CheckQuery) -> tuple[Callback, str]:
    """The text that WeChat wants back; raises `WrongSignature`."""
    return _plainly_signed(callbacks, call), call.echostr


def open_wechat(callbacks: Sequence[Callback], call: CallQuery, raw: bytes) -> Opened:
    """The message of a call of WeChat, plain or encrypted.

    Raises `MalformedCall`, `WrongSignature`, `WrongAccount`, and `NotEncrypted` where only encrypted ones are taken.
    """
    if call.msg_signature or call.encrypt_type == "aes":
        body = _read(raw)
        callback = _signed(callbacks, call, text_at(body, "Encrypt"))
        return Opened(callback, _read(_inside(callback, text_at(body, "Encrypt"), callback.account)))
    callback = _plainly_signed(callbacks, call)
    if callback.mode == "safe":
        raise NotEncrypted
    return Opened(callback, _read(raw))


def open_wecom_check(callbacks: Sequence[Callback], call: CheckQuery) -> tuple[Callback, str]:
    """The text inside `echostr`, which WeCom wants back; raises `WrongSignature`, `WrongAccount`, `MalformedCall`."""
    # A plus sign that nobody has escaped arrives as a space, and base64 has none.
    sealed = call.echostr.replace(" ", "+")
    callback = _signed(callbacks, call, sealed)
    try:
        return callback, _inside(callback, sealed, callback.account, "").decode()
    except UnicodeDecodeError:
        raise MalformedCall from None


def open_wecom(callbacks: Sequence[Callback], call: CallQuery, raw: bytes) -> Opened:
    """The message of a call of WeCom: always encrypted, in XML, or in JSON from its robots.

    Robots are of no corporation: what they send names nobody as its receiver. Raises as `open_wechat`.
    """
    body = _read(raw)
    robot = text_at(body, "encrypt")
    sealed = robot or text_at(body, "Encrypt")
    callback = _signed(callbacks, call, sealed)
    receivers = (callback.account, "") if robot else (callback.account,)
    return Opened(callback, _read(_inside(callback, sealed, *receivers)))


def _plainly_signed(callbacks: Sequence[Callback], call: CallQuery) -> Callback:
    for callback in callbacks:
        if is_signed(call.signature, callback.token, call.timestamp, call.nonce):
            return callback
    raise WrongSignature


def _signed(callbacks: Sequence[Callback], call: CallQuery, sealed: str) -> Callback:
    for callback in callbacks:
        if callback.key and is_signed(call.msg_signature, callback.token, call.timestamp, call.nonce, sealed):
            return callback
    raise WrongSignature


def _inside(callback: Callback, sealed: str, *receivers: str) -> bytes:
    try:
        return decrypt(key_of(callback.key), sealed, *receivers)
    except (BadCipher, WrongReceiver):
        raise WrongAccount from None


def _read(raw: bytes) -> dict[str, Value]:
    try:
        return read_body(raw)
    except MalformedBody:
        raise MalformedCall from None
