"""An adapter whose answers a test writes."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from scheduler.adapters.base import AdapterKind, ChannelInfo, Envelope, Outcome, Outside, Status

SENT = Outcome(Status.SENT)


class Died(BaseException):
    """A sender dies in the middle: no handler of ours may catch it."""


def die_at_once() -> Callable[[Sequence[Envelope]], Awaitable[None]]:
    """What an adapter does `during` the call in which its sender dies."""

    async def die(envelopes: Sequence[Envelope]) -> None:
        raise Died

    return die


@dataclass
class Scripted:
    """An adapter as another package would bring it; it answers `script` in turn, or by member, and then SENT."""

    rings: bool = False
    # Not unless it is asked for: most scenes have made-up members, of whom there is no consent.
    outside: bool = False
    address: Literal["member", "wechat"] = "member"
    subscribed: bool = False
    script: list[Outcome] = field(default_factory=list)
    by_member: dict[int, Outcome] = field(default_factory=dict)
    during: Callable[[Sequence[Envelope]], Awaitable[None]] | None = None
    calls: list[list[Envelope]] = field(default_factory=list)
    per_call: int = 1
    rate: float | None = None

    @property
    def members(self) -> list[int]:
        """Everybody who was sent to, in order."""
        return [envelope.member_id for call in self.calls for envelope in call]

    async def send(self, envelopes: Sequence[Envelope]) -> Sequence[Outcome]:
        self.calls.append(list(envelopes))
        if self.during is not None:
            await self.during(envelopes)
        return [self._answer(envelope.member_id) for envelope in envelopes]

    def _answer(self, member_id: int) -> Outcome:
        return self.script.pop(0) if self.script else self.by_member.get(member_id, SENT)

    def build(self, channel: ChannelInfo, outside: Outside) -> "Scripted":
        """The one adapter, whatever the channel."""
        return self

    @property
    def kind(self) -> AdapterKind:
        """What the registry would hold."""
        return AdapterKind(
            self.build,
            rings=self.rings,
            outside=self.outside,
            address=self.address,
            subscribed=self.subscribed,
            per_call=self.per_call,
            rate=self.rate,
        )
