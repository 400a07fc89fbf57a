"""WeChat mini-program: one subscription message for each time that the member tapped accept."""

from collections.abc import Mapping, Sequence

from app.platforms.errors import (
    PlatformConfigurationError,
    PlatformError,
    QuotaExceeded,
    TransientError,
    UnknownOutcome,
)
from app.platforms.wechat import WechatClient, clip_field
from scheduler.adapters.base import AdapterKind, ChannelInfo, Envelope, Message, Outcome, Outside, Status, template_kind

SUBSCRIPTION_SPENT = 43101

# Anything else that the platform refuses is final for this member and this message.
STATUSES: tuple[tuple[type[PlatformError], Status], ...] = (
    (TransientError, Status.RETRY),
    (UnknownOutcome, Status.UNKNOWN),
    (PlatformConfigurationError, Status.CHANNEL_DOWN),
    (QuotaExceeded, Status.QUOTA),
)


class WechatMiniprogram:
    """Sends through `cgi-bin/message/subscribe/send`, with the channel's templates."""

    def __init__(self, channel: ChannelInfo, client: WechatClient) -> None:
        self._client = client
        self._config = channel.config
        templates = channel.config.get("templates", {})
        self._templates: Mapping[str, Mapping[str, object]] = templates if isinstance(templates, dict) else {}

    async def send(self, envelopes: Sequence[Envelope]) -> Sequence[Outcome]:
        """Sends them one after the other."""
        return [await self._send_one(envelope) for envelope in envelopes]

    def _data(self, template: Mapping[str, object], message: Message) -> dict[str, str]:
        fields = template["fields"]
        mapping = fields if isinstance(fields, dict) else {}
        return {field: _fit(field, message.values.get(str(name), "")) for field, name in mapping.items()}

    async def _send_one(self, envelope: Envelope) -> Outcome:
        try:
            template = self._templates[template_kind(envelope.message.kind)]
            await self._client.send_subscribe_message(
                envelope.address,
                str(template["template_id"]),
                envelope.message.page,
                self._data(template, envelope.message),
                state=str(self._config.get("miniprogram_state", "formal")),
            )
        except PlatformError as error:
            status = next((status for kind_, status in STATUSES if isinstance(error, kind_)), Status.FAILED)
            return Outcome(status, str(error.code), error.message, error.code == SUBSCRIPTION_SPENT)
        except (KeyError, ValueError) as error:
            # The channel's own template settings do not fit what is sent: nobody can be reached until they are mended.
            return Outcome(Status.CHANNEL_DOWN, "bad_template", f"模板设置有误：{error}")
        return Outcome(Status.SENT)


def _fit(field: str, value: str) -> str:
    """The value as the field takes it: a `date` field has no room for the hour that a `time` field shows."""
    return clip_field(field, value.partition(" ")[0] if field.startswith("date") else value)


def build(channel: ChannelInfo, outside: Outside) -> WechatMiniprogram:
    """The adapter of a mini-program channel."""
    client = WechatClient(outside.http, outside.hosts["wechat"], channel.account, channel.secret, outside.now)
    return WechatMiniprogram(channel, client)


WECHAT_MINIPROGRAM = AdapterKind(build, address="wechat", subscribed=True)
