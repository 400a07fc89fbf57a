"""WeCom: a card or a text from the corporation's application, to up to 1,000 members a call."""

from collections.abc import Mapping, Sequence

from app.platforms.errors import PlatformConfigurationError, PlatformError
from app.platforms.wecom import WecomClient, is_user_id
from app.platforms.wecom_content import wecom_content
from scheduler.adapters.base import AdapterKind, ChannelInfo, Envelope, Message, Outcome, Outside, Status
from scheduler.adapters.groups import send_in_groups
from scheduler.adapters.outcomes import outcome_of
from scheduler.adapters.settings import build_or_refuse, setting

MEMBERS = 1000
A_SECOND = 10_000 / 60
"""WeCom takes 10,000 a minute."""


class Wecom:
    """Sends through `cgi-bin/message/send`; who has the same message is in the same call."""

    def __init__(self, client: WecomClient) -> None:
        self._client = client

    async def send(self, envelopes: Sequence[Envelope]) -> Sequence[Outcome]:
        """One call for each different message; errcode 0 with `invaliduser` is success for the others."""
        return await send_in_groups(envelopes, is_user_id, self._send_one)

    async def _send_one(self, message: Message, named: Mapping[int, Envelope]) -> dict[int, Outcome]:
        # Ids are the same in any case, and a family of two members may share one.
        ids = {at: envelope.address.lower() for at, envelope in named.items()}
        users = list({envelope.address.lower(): envelope.address for envelope in named.values()}.values())
        try:
            unreached = await self._client.send(users, wecom_content(message.title, message.body, message.link))
        except PlatformError as error:
            return dict.fromkeys(named, outcome_of(error))
        refused = Outcome(Status.UNREACHABLE, "invaliduser", "WeCom knows no such member, or they have no licence")
        return {at: refused if each in unreached else Outcome(Status.SENT) for at, each in ids.items()}


def build(channel: ChannelInfo, outside: Outside) -> Wecom:
    """The adapter of a WeCom channel; raises PlatformConfigurationError where the application's id is no number."""
    agent_id = setting(channel, "agent_id")
    if not agent_id.isascii() or not agent_id.isdigit():
        raise PlatformConfigurationError("bad_settings", "应用的 agent_id 应为数字，请在企业微信管理后台查看后填写。")
    return Wecom(WecomClient(outside.access(channel, "wecom"), int(agent_id)))


WECOM = AdapterKind(build_or_refuse(build), address="channel", per_call=MEMBERS, rate=A_SECOND)
