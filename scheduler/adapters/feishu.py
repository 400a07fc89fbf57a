"""Feishu: a rich text from the organisation's application, to up to 200 people a call."""

from collections.abc import Mapping, Sequence

from app.platforms.errors import PlatformConfigurationError, PlatformError
from app.platforms.feishu import PEOPLE, FeishuClient, feishu_post, is_person_id
from scheduler.adapters.base import AdapterKind, ChannelInfo, Envelope, Message, Outcome, Outside, Status
from scheduler.adapters.groups import send_in_groups
from scheduler.adapters.outcomes import outcome_of
from scheduler.adapters.settings import build_or_refuse


class Feishu:
    """Sends through `message/v4/batch_send`; who has the same message is in the same call."""

    def __init__(self, client: FeishuClient) -> None:
        self._client = client

    async def send(self, envelopes: Sequence[Envelope]) -> Sequence[Outcome]:
        """One call for each different message; code 0 with `invalid_…_ids` is success for the others."""
        return await send_in_groups(envelopes, is_person_id, self._send_one)

    async def _send_one(self, message: Message, named: Mapping[int, Envelope]) -> dict[int, Outcome]:
        ids = {at: envelope.address for at, envelope in named.items()}
        post = feishu_post(message.title, message.body, message.link)
        try:
            invalid = await self._client.send(list(dict.fromkeys(ids.values())), post)
        except PlatformError as error:
            return dict.fromkeys(ids, outcome_of(error))
        refused = Outcome(Status.UNREACHABLE, "invalid_id", "Feishu knows no such person, or they may not use it")
        return {at: refused if each in invalid else Outcome(Status.SENT) for at, each in ids.items()}


def build(channel: ChannelInfo, outside: Outside) -> Feishu:
    """The adapter of a Feishu channel; raises PlatformConfigurationError."""
    if not channel.account or not channel.secret:
        raise PlatformConfigurationError("bad_settings", "App ID 或 App Secret 没有填写，请补充。")
    return Feishu(FeishuClient(outside.access(channel, "feishu")))


FEISHU = AdapterKind(build_or_refuse(build), address="channel", per_call=PEOPLE)
