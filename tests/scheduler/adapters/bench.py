"""What the tests of adapters share: an adapter of a channel, and envelopes for it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import httpx

from app.messaging.render import render
from scheduler.adapters.base import Adapter, AdapterKind, ChannelInfo, Envelope, Message, Outcome, Outside
from tests.scheduler.scene import ISSUE_EVENT, MEETING_EVENT

ISSUE = render("weekly_issue", ISSUE_EVENT, 7)
MEETING = render("meeting_notice", MEETING_EVENT, 8)


async def no_console(envelope: Envelope) -> None:
    raise AssertionError("an outside platform writes to no console")


def adapter_of(
    kind: AdapterKind,
    http: httpx.AsyncClient,
    hosts: Mapping[str, str],
    *,
    account: str = "",
    secret: str = "",
    config: Mapping[str, object] | None = None,
) -> Adapter:
    """The adapter of a channel, which reads the real clock as the fakes do."""
    outside = Outside(http, lambda: datetime.now(UTC), hosts, no_console)
    return kind.build(ChannelInfo(1, account, secret, config or {}), outside)


def envelope(address: str = "", number: int = 1, message: Message = ISSUE, *, again: bool = False) -> Envelope:
    return Envelope(f"9:{number}", number, address, message, again)


async def one(adapter: Adapter, address: str = "", message: Message = ISSUE, *, again: bool = False) -> Outcome:
    (outcome,) = await adapter.send([envelope(address, message=message, again=again)])
    return outcome


async def several(adapter: Adapter, addresses: Sequence[str], message: Message = ISSUE) -> Sequence[Outcome]:
    """One delivery to each address, numbered from 1."""
    return await adapter.send([envelope(each, number, message) for number, each in enumerate(addresses, 1)])
