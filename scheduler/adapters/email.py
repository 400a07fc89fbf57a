"""Mail: a letter a delivery, through the organisation's own account at a mail server that the operator allows."""

from collections.abc import Sequence
from typing import Literal

from app.platforms.errors import PlatformConfigurationError
from app.platforms.hosts import require_allowed
from app.platforms.mail import Letter, MailServer, deliver, valid_address
from scheduler.adapters.base import AdapterKind, ChannelInfo, Envelope, Outcome, Outside, Status
from scheduler.adapters.outcomes import outcome_of
from scheduler.adapters.settings import build_or_refuse, setting

LETTERS = 20
"""How many letters one connection takes; NetEase's servers end one that carries many (450 MI:DMC)."""

TIMEOUT = 10.0


class Email:
    """Sends letters one after the other over one connection."""

    def __init__(self, server: MailServer, outside: Outside) -> None:
        self._server = server
        self._outside = outside

    async def send(self, envelopes: Sequence[Envelope]) -> Sequence[Outcome]:
        """Sends each envelope as a letter of its own: nobody sees who else got it."""
        letters = [
            Letter(each.key, each.address, each.message.title, each.message.body, each.message.link)
            for each in envelopes
        ]
        errors = await deliver(self._server, letters, self._outside.now())
        return [Outcome(Status.SENT) if error is None else outcome_of(error) for error in errors]


def build(channel: ChannelInfo, outside: Outside) -> Email:
    """The adapter of a mail channel; raises PlatformConfigurationError."""
    host, port = setting(channel, "host"), setting(channel, "port", "465")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise PlatformConfigurationError("bad_settings", "邮件服务器的 host 或 port 填写有误，请重新填写。")
    require_allowed(host, int(port), outside.hosts["email"], "ZHIJIAN_MAIL_HOSTS")
    sender = setting(channel, "sender", channel.account)
    if not valid_address(sender):
        raise PlatformConfigurationError("bad_sender", "发件人地址（sender）不是有效的邮箱地址，请重新填写。")
    timeout = outside.http.timeout.read or TIMEOUT
    server = MailServer(
        host,
        int(port),
        _security(setting(channel, "security", "tls")),
        channel.account,
        channel.secret,
        sender,
        setting(channel, "sender_name"),
        timeout,
    )
    return Email(server, outside)


def _security(text: str) -> Literal["tls", "starttls"]:
    if text == "tls":
        return "tls"
    if text == "starttls":
        return "starttls"
    raise PlatformConfigurationError("bad_settings", "加密方式（security）应为 tls 或 starttls，请重新填写。")


EMAIL = AdapterKind(build_or_refuse(build), address="channel", per_call=LETTERS)
