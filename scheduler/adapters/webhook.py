"""Webhook: one signed POST a delivery, to an address that the operator allows."""

import asyncio
from collections.abc import Sequence

from app.platforms.errors import PlatformError
from app.platforms.webhook import WebhookClient
from scheduler.adapters.base import AdapterKind, ChannelInfo, Envelope, Outcome, Outside, Status
from scheduler.adapters.outcomes import outcome_of
from scheduler.adapters.settings import build_or_refuse, setting


class Webhook:
    """Sends each delivery under its key, by which the receiver knows one that comes again."""

    def __init__(self, client: WebhookClient) -> None:
        self._client = client

    async def send(self, envelopes: Sequence[Envelope]) -> Sequence[Outcome]:
        """Sends them at the same time."""
        if len(envelopes) == 1:
            return [await self._send_one(envelopes[0])]
        return await asyncio.gather(*map(self._send_one, envelopes))

    async def _send_one(self, envelope: Envelope) -> Outcome:
        message = envelope.message
        data = {
            "member_id": envelope.member_id,
            "title": message.title,
            "body": message.body,
            "link": message.link,
            "page": message.page,
            "values": dict(message.values),
        }
        try:
            await self._client.deliver(envelope.key, {"type": f"notice.{message.kind}", "data": data})
        except PlatformError as error:
            return outcome_of(error)
        return Outcome(Status.SENT)


def build(channel: ChannelInfo, outside: Outside) -> Webhook:
    """The adapter of a webhook channel; raises PlatformConfigurationError."""
    url, allowed = setting(channel, "url"), outside.hosts["webhook"]
    return Webhook(WebhookClient(outside.http, url, channel.secret, allowed, outside.now))


WEBHOOK = AdapterKind(build_or_refuse(build))
