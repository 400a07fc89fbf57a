"""DingTalk: a work notice from the organisation's application, to up to 100 members a call."""

from collections.abc import Mapping, Sequence

from app.platforms.dingtalk import A_SECOND, MEMBERS, REPEATED, DingtalkClient, dingtalk_text, is_user_id
from app.platforms.errors import PlatformConfigurationError, PlatformError
from scheduler.adapters.base import AdapterKind, ChannelInfo, Envelope, Message, Outcome, Outside, Status
from scheduler.adapters.groups import send_in_groups
from scheduler.adapters.outcomes import outcome_of
from scheduler.adapters.settings import build_or_refuse, setting


class Dingtalk:
    """Sends through `asyncsend_v2`; who has the same message is in the same call."""

    def __init__(self, client: DingtalkClient) -> None:
        self._client = client

    async def send(self, envelopes: Sequence[Envelope]) -> Sequence[Outcome]:
        """One call for each different message; who is held back or unknown has an outcome of their own."""
        return await send_in_groups(envelopes, is_user_id, self._send_one)

    async def _send_one(self, message: Message, named: Mapping[int, Envelope]) -> dict[int, Outcome]:
        users = list(dict.fromkeys(envelope.address for envelope in named.values()))
        try:
            refused = await self._client.send(users, dingtalk_text(message.title, message.body, message.link))
        except PlatformError as error:
            return dict.fromkeys(named, outcome_of(error))
        return {at: _outcome(envelope, refused.get(envelope.address)) for at, envelope in named.items()}


def _outcome(envelope: Envelope, refusal: PlatformError | None) -> Outcome:
    # DingTalk shows a member the same words once a day: what was perhaps sent before has arrived, then.
    if refusal is None or (envelope.again and refusal.code in REPEATED):
        return Outcome(Status.SENT)
    return outcome_of(refusal)


def build(channel: ChannelInfo, outside: Outside) -> Dingtalk:
    """The adapter of a DingTalk channel; raises PlatformConfigurationError."""
    agent_id = setting(channel, "agent_id")
    if not agent_id.isascii() or not agent_id.isdigit():
        raise PlatformConfigurationError("bad_settings", "应用的 agent_id 应为数字，请在钉钉开放平台查看后填写。")
    return Dingtalk(DingtalkClient(outside.access(channel, "dingtalk"), int(agent_id)))


DINGTALK = AdapterKind(build_or_refuse(build), address="channel", per_call=MEMBERS, rate=A_SECOND)
