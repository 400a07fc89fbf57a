"""WeChat service account: template messages to followers, who are known by the unionid of the mini-program."""

import asyncio
from collections.abc import Sequence

from app.platforms.errors import PlatformError
from app.platforms.rules import template_kind
from app.platforms.wechat_service import ServiceAccountClient
from scheduler.adapters.base import AdapterKind, ChannelInfo, Envelope, Outcome, Outside, Status
from scheduler.adapters.outcomes import bad_template, outcome_of
from scheduler.adapters.settings import setting
from scheduler.adapters.wechat_templates import channel_templates, fill_template

URL_LIMIT = 2048
"""Bytes; a longer link is left out, the message itself arrives."""


class WechatServiceAccount:
    """Sends through `cgi-bin/message/template/send`, with the channel's templates."""

    def __init__(self, channel: ChannelInfo, client: ServiceAccountClient) -> None:
        self._client = client
        self._templates = channel_templates(channel.config)
        self._mini_program = setting(channel, "miniprogram_appid")

    async def send(self, envelopes: Sequence[Envelope]) -> Sequence[Outcome]:
        """Sends them at the same time; each address is the openid at this account."""
        return await asyncio.gather(*(self._send_one(envelope) for envelope in envelopes))

    async def _send_one(self, envelope: Envelope) -> Outcome:
        message = envelope.message
        # A page of the mini-program needs one that is linked to the account: the setting says which.
        opens = (self._mini_program, message.page) if self._mini_program and message.page else None
        try:
            template = self._templates[template_kind(message.kind)]
            await self._client.send_template_message(
                envelope.address,
                str(template["template_id"]),
                fill_template(template, message),
                url=message.link if len(message.link.encode("utf-8", "replace")) <= URL_LIMIT else "",
                miniprogram=opens,
            )
        except PlatformError as error:
            return outcome_of(error)
        except (KeyError, ValueError) as error:
            return bad_template(error)
        return Outcome(Status.SENT)


def build(channel: ChannelInfo, outside: Outside) -> WechatServiceAccount:
    """The adapter of a service account's channel."""
    return WechatServiceAccount(channel, ServiceAccountClient(outside.access(channel, "wechat")))


WECHAT_SERVICE_ACCOUNT = AdapterKind(build, address="unionid", templated=True)
