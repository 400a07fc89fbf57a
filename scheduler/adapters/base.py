"""What every adapter offers, and the words in which it says how a delivery went."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal, Protocol

import httpx

from app.platforms.access import Access
from app.platforms.installed import Setup
from app.platforms.message import Message as Message
from app.platforms.rules import template_id
from app.platforms.tokens import Fetch, MemoryTokens, TokenHolder, TokenStore

Address = Literal["member", "wechat", "unionid", "phone", "channel"]


@dataclass(frozen=True)
class Envelope:
    """A message to one member: `key` names the delivery and stays the same when it is tried again.

    `again`: an earlier try may have arrived; a platform that can be asked is asked before it is sent once more.
    """

    key: str
    member_id: int
    address: str
    message: Message
    again: bool = False


class Status(StrEnum):
    """How a delivery went, normalised over all platforms."""

    SENT = "sent"
    FAILED = "failed"  # for good: another channel would not help, as with words that a platform refuses
    UNREACHABLE = "unreachable"  # this account does not reach this member: the next channel may
    RETRY = "retry"  # certainly not delivered: try again with backoff
    UNKNOWN = "unknown"  # written, then no answer: it may have arrived
    CHANNEL_DOWN = "channel_down"  # the account or its settings are wrong: stop the channel, keep the deliveries
    QUOTA = "quota"  # the day's quota is spent: go on tomorrow


@dataclass(frozen=True)
class Outcome:
    """The status of one envelope, with the platform's own code and words."""

    status: Status
    code: str = ""
    detail: str = ""
    subscription_spent: bool = False  # the platform says that the member's subscription is used up
    retry_after: int = 0  # seconds for which the platform wants to be left alone before another try


@dataclass(frozen=True)
class ChannelInfo:
    """The channel that an adapter speaks for: its account, opened secret and settings."""

    id: int
    account: str
    secret: str = field(repr=False)
    config: Mapping[str, object]


@dataclass(frozen=True)
class Outside:
    """What an adapter may use to reach out: an HTTP client, the time, hosts by platform, and the console's inbox.

    `hosts` has the addresses that the operator has set, with their scheme: `wechat`, `wecom`, `dingtalk` and so on; for
    `webhook` and `email` the hosts, separated by commas, among which an administrator may choose.
    `token_store` keeps the access token of the channel that the adapter is built for; senders share it.
    """

    http: httpx.AsyncClient
    now: Callable[[], datetime]
    hosts: Mapping[str, str]
    put_on_console: Callable[[Envelope], Awaitable[None]]
    token_store: TokenStore = field(default_factory=MemoryTokens)

    def access(self, channel: ChannelInfo, platform: str) -> Access:
        """What a client of ours is given: the channel's account at the host of this platform."""
        return Access(self.http, self.hosts[platform], channel.account, channel.secret, self.now, self.token_store)

    def tokens(self, fetch: Fetch) -> TokenHolder:
        """The access token of the channel, which all senders share; `fetch(force)` asks the platform for one."""
        return TokenHolder(fetch, self.now, self.token_store)


class Adapter(Protocol):
    """Sends messages of one channel; its calls overlap."""

    async def send(self, envelopes: Sequence[Envelope]) -> Sequence[Outcome]:
        """Sends each envelope once and gives an outcome for each, in order; raises nothing.

        It gets one envelope where the kind says no other `per_call`, and many such calls run at the same time.
        """
        ...


@dataclass(frozen=True)
class Refusing:
    """Stands for a channel whose settings cannot work: it sends nothing and says why, which stops the channel."""

    outcome: Outcome

    async def send(self, envelopes: Sequence[Envelope]) -> Sequence[Outcome]:
        """The same reason for each."""
        return [self.outcome] * len(envelopes)


@dataclass(frozen=True)
class AdapterKind:
    """What an entry point names: how to build an adapter for a channel, and what its platform is like.

    `rings`: it disturbs people, so quiet hours and the daily limit apply. `address`: what `Envelope.address` holds: the
    openid at the channel's mini-program ("wechat"), the openid at the channel's account of who has the same unionid
    ("unionid"), the phone number ("phone"), the id that was registered for the channel ("channel"), or nothing
    ("member"). `templated`: a message needs a template of the channel; `subscribed`: it uses up one subscription of
    the member to that as well. `last_resort`: used for those whom no other channel reaches. `outside`: what is sent
    leaves the house: only for those who have consented, and for nobody who practises. `per_call`: how many envelopes
    one `send` takes. `rate`: deliveries a second that the platform allows as a rule; a channel may set its own.
    """

    build: Callable[[ChannelInfo, Outside], Adapter]
    rings: bool = True
    address: Address = "member"
    templated: bool = False
    subscribed: bool = False
    last_resort: bool = False
    outside: bool = True
    per_call: int = 1
    rate: float | None = None

    @property
    def templates(self) -> bool:
        """Whether a message needs a template of the channel."""
        return self.templated or self.subscribed

    def refusal(self, setup: Setup) -> tuple[str, str] | None:
        """Code and words of why a channel cannot work with these settings, None where it can; raises what `build` does.

        The API asks when a channel is set up: it imports no adapter.
        """

        async def nowhere(envelope: Envelope) -> None:
            raise NotImplementedError("nothing is sent by what is only built")

        channel = ChannelInfo(0, setup.account, setup.secret, setup.config)
        adapter = self.build(channel, Outside(setup.http, setup.now, setup.hosts, nowhere))
        return (adapter.outcome.code, adapter.outcome.detail) if isinstance(adapter, Refusing) else None

    def template(self, config: Mapping[str, object], kind: str) -> str | None:
        """The channel's template for a kind of campaign, where a message needs one; None where there is none."""
        return template_id(config, kind) if self.templates else None
