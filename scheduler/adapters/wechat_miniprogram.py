"""WeChat mini-program: one subscription message for each time that the member tapped accept."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from app.platforms.errors import PlatformError
from app.platforms.rules import template_kind
from app.platforms.wechat import WechatClient
from scheduler.adapters.base import AdapterKind, ChannelInfo, Envelope, Message, Outcome, Outside, Status
from scheduler.adapters.outcomes import bad_template, outcome_of
from scheduler.adapters.wechat_templates import channel_templates, fill_template

SUBSCRIPTION_SPENT = 43101


class WechatMiniprogram:
    """Sends through `cgi-bin/message/subscribe/send`, with the channel's templates."""

    def __init__(self, channel: ChannelInfo, client: WechatClient) -> None:
        self._client = client
        self._config = channel.config
        self._templates = channel_templates(channel.config)
        self._filled: tuple[Message, Mapping[str, str]] | None = None

    async def send(self, envelopes: Sequence[Envelope]) -> Sequence[Outcome]:
        """Sends them one after the other."""
        return [await self._send_one(envelope) for envelope in envelopes]

    async def _send_one(self, envelope: Envelope) -> Outcome:
        try:
            template = self._templates[template_kind(envelope.message.kind)]
            fields = self._fill(template, envelope.message)
            await self._client.send_subscribe_message(
                envelope.address,
                str(template["template_id"]),
                envelope.message.page,
                fields,
                state=str(self._config.get("miniprogram_state", "formal")),
            )
        except PlatformError as error:
            return replace(outcome_of(error), subscription_spent=error.code == SUBSCRIPTION_SPENT)
        except (KeyError, ValueError) as error:
            return bad_template(error)
        return Outcome(Status.SENT)

    def _fill(self, template: Mapping[str, object], message: Message) -> Mapping[str, str]:
        """The template with the message, filled once for all whom the message goes to."""
        if self._filled is None or self._filled[0] is not message:
            self._filled = message, fill_template(template, message)
        return self._filled[1]


def build(channel: ChannelInfo, outside: Outside) -> WechatMiniprogram:
    """The adapter of a mini-program channel."""
    return WechatMiniprogram(channel, WechatClient(outside.access(channel, "wechat")))


WECHAT_MINIPROGRAM = AdapterKind(build, address="wechat", subscribed=True)
