"""Short messages of Alibaba Cloud, with the templates of the channel."""

import asyncio
import re
from collections.abc import Sequence

from app.platforms.aliyun_sms import AliyunSmsClient, fit_variable
from app.platforms.errors import PlatformConfigurationError, PlatformError, RecipientError
from app.platforms.fields import filling
from app.platforms.rules import template_kind
from scheduler.adapters.base import AdapterKind, ChannelInfo, Envelope, Outcome, Outside, Status
from scheduler.adapters.outcomes import bad_template, outcome_of
from scheduler.adapters.settings import build_or_refuse, setting
from scheduler.adapters.wechat_templates import channel_templates

_MOBILE = re.compile(r"1[3-9][0-9]{9}")


class AliyunSms:
    """Sends one message a number, and asks first where one may have gone out already."""

    def __init__(self, channel: ChannelInfo, client: AliyunSmsClient) -> None:
        self._client = client
        self._sign_name = setting(channel, "sign_name")
        self._templates = channel_templates(channel.config)

    async def send(self, envelopes: Sequence[Envelope]) -> Sequence[Outcome]:
        """Sends them at the same time."""
        return await asyncio.gather(*map(self._send_one, envelopes))

    async def _send_one(self, envelope: Envelope) -> Outcome:
        number = envelope.address
        try:
            template = self._templates[template_kind(envelope.message.kind)]
            code, fields = str(template["template_id"]), template["fields"]
            if not isinstance(fields, dict):
                raise ValueError("no fields")
            values = {
                name: fit_variable(filling(str(source), envelope.message.values)) for name, source in fields.items()
            }
        except (KeyError, ValueError) as error:
            return bad_template(error)
        try:
            if not _MOBILE.fullmatch(number):
                raise RecipientError("bad_number", "not a mobile number of the mainland")
            if not envelope.again or not await self._client.was_sent(number, envelope.key):
                await self._client.send(number, self._sign_name, code, values, envelope.key)
        except PlatformError as error:
            return outcome_of(error)
        return Outcome(Status.SENT)


def build(channel: ChannelInfo, outside: Outside) -> AliyunSms:
    """The adapter of a channel; raises PlatformConfigurationError."""
    if not setting(channel, "sign_name") or not channel.account or not channel.secret:
        raise PlatformConfigurationError("bad_settings", "AccessKey、密钥或短信签名（sign_name）没有填写，请补充。")
    return AliyunSms(channel, AliyunSmsClient(outside.access(channel, "aliyun_sms")))


SMS_ALIYUN = AdapterKind(build_or_refuse(build), address="phone", templated=True)
