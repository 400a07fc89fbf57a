"""WeCom: a card or a text from the corporation's application, to up to 500 members a call."""

from collections.abc import Mapping, Sequence

from app.platforms.errors import PlatformConfigurationError, PlatformError
from app.platforms.texts import clip_bytes, lines_of
from app.platforms.wecom import (
    DESCRIPTION_BYTES,
    TEXT_BYTES,
    TITLE_BYTES,
    URL_BYTES,
    WecomClient,
    is_user_id,
)
from scheduler.adapters.base import AdapterKind, ChannelInfo, Envelope, Message, Outcome, Outside, Status
from scheduler.adapters.outcomes import outcome_of
from scheduler.adapters.settings import build_or_refuse, setting

BATCH = 500
BREAK = "<br>"
_MARKUP = str.maketrans("<>", "＜＞")
"""A card reads tags in its text, and a text reads links: what people write is shown as it is."""


class Wecom:
    """Sends through `cgi-bin/message/send`; who has the same message is in the same call."""

    def __init__(self, client: WecomClient) -> None:
        self._client = client

    async def send(self, envelopes: Sequence[Envelope]) -> Sequence[Outcome]:
        """One call for each different message; errcode 0 with `invaliduser` is success for the others."""
        outcomes: dict[int, Outcome] = {}
        for message, positions in _by_message(envelopes):
            addresses = {at: envelopes[at].address for at in positions if is_user_id(envelopes[at].address)}
            outcomes |= dict.fromkeys(positions, Outcome(Status.UNREACHABLE, "bad_address", "no id of a member"))
            if addresses:
                outcomes |= await self._send_one(message, addresses)
        return [outcomes[at] for at in range(len(envelopes))]

    async def _send_one(self, message: Message, addresses: Mapping[int, str]) -> dict[int, Outcome]:
        try:
            # Ids are the same in any case, and a family of two members may share one.
            users = list({address.lower(): address for address in addresses.values()}.values())
            unreached = await self._client.send(users, content_of(message))
        except PlatformError as error:
            return dict.fromkeys(addresses, outcome_of(error))
        refused = Outcome(Status.UNREACHABLE, "invaliduser", "WeCom knows no such member, or they have no licence")
        return {
            at: refused if address.lower() in unreached else Outcome(Status.SENT) for at, address in addresses.items()
        }


def content_of(message: Message) -> dict[str, object]:
    """A card where there is a link that fits, else a text; cut to the limits, which count bytes."""
    title = clip_bytes(lines_of(message.title).replace("\n", " ").translate(_MARKUP), TITLE_BYTES)
    body = lines_of(message.body).translate(_MARKUP)
    if message.link.startswith(("http://", "https://")) and len(message.link.encode("utf-8", "replace")) <= URL_BYTES:
        card = {"title": title, "description": _card_text(body), "url": message.link}
        return {"msgtype": "textcard", "textcard": card}
    return {"msgtype": "text", "text": {"content": clip_bytes(f"{title}\n{body}".rstrip(), TEXT_BYTES)}}


def _card_text(body: str) -> str:
    """The lines with the tag that breaks them in a card, as many as fit."""
    text = clip_bytes(body, DESCRIPTION_BYTES)
    while len(text.replace("\n", BREAK).encode()) > DESCRIPTION_BYTES:
        text = clip_bytes(text, len(text.encode()) - 1)
    return text.replace("\n", BREAK)


def _by_message(envelopes: Sequence[Envelope]) -> list[tuple[Message, list[int]]]:
    groups: list[tuple[Message, list[int]]] = []
    for at, envelope in enumerate(envelopes):
        known = next((positions for message, positions in groups if message == envelope.message), None)
        if known is None:
            groups.append((envelope.message, [at]))
        else:
            known.append(at)
    return groups


def build(channel: ChannelInfo, outside: Outside) -> Wecom:
    """The adapter of a WeCom channel; raises PlatformConfigurationError where the application's id is no number."""
    agent_id = setting(channel, "agent_id")
    if not agent_id.isascii() or not agent_id.isdigit():
        raise PlatformConfigurationError("bad_settings", "agent_id is not the number of an application")
    host, now = outside.hosts["wecom"], outside.now
    return Wecom(WecomClient(outside.http, host, channel.account, channel.secret, int(agent_id), now, outside.tokens))


WECOM = AdapterKind(build_or_refuse(build), address="channel", per_call=BATCH)
