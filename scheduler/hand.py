"""A claim in hand: its calls in flight, and what they have brought in since its last round."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog

from scheduler.adapters.base import Adapter, AdapterKind, Envelope, Message, Outcome, Status
from scheduler.addresses import Address
from scheduler.claims import Claim
from scheduler.rates import Rate

log = structlog.get_logger()

# Outcomes gather so that a round is worth its transaction: until three calls of four are back, or for so long.
GATHER_SECONDS = 0.05

Call = tuple[Sequence[int], Sequence[Envelope]]


@dataclass(eq=False)
class Hand:
    """A claim in hand. A call takes a slot from its mark until its outcome is committed."""

    claim: Claim
    kind: AdapterKind
    adapter: Adapter
    subscription: str | None  # the template of which each message uses up one
    rate: Rate | None
    slots: int = 0
    hungry: bool = True  # there is more to mark than there are slots for
    closed: bool = False  # nothing more is marked: what is in flight is waited for, and the claim released
    rest_until: datetime | None = None
    dry_until: float = 0.0  # by the loop's clock: before that the channel's rate leaves nothing
    message: Message | None = None
    sending: dict[int, Address] = field(default_factory=dict)  # marked, and not recorded
    marked_at: dict[int, datetime] = field(default_factory=dict)
    behind: dict[int, int] = field(default_factory=dict)  # position -> the WeChat user whom another message goes to
    outcomes: dict[int, Outcome] = field(default_factory=dict)  # come in, and not recorded
    arrived: int = 0  # the calls that brought them
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    _calls: set["asyncio.Task[Mapping[int, Outcome]]"] = field(default_factory=set)
    _failure: BaseException | None = None

    @property
    def dry(self) -> bool:
        """Whether the channel's rate leaves nothing now."""
        return asyncio.get_running_loop().time() < self.dry_until

    @property
    def dry_seconds(self) -> float:
        """How long to wait for the channel's rate; without end where it is not what is waited for."""
        left = self.dry_until - asyncio.get_running_loop().time()
        return left if left > 0 else float("inf")

    @property
    def many(self) -> bool:
        """Whether a call takes many envelopes: then there is one call at a time."""
        return self.kind.per_call > 1

    @property
    def takes_slots(self) -> bool:
        """Whether another call may be begun, if there is anybody to send to."""
        return not (self.dry or (self.many and self.in_flight))

    @property
    def in_flight(self) -> bool:
        """Whether a call is under way."""
        return bool(self._calls)

    @property
    def gathers(self) -> bool:
        """Whether a round is worth more in a moment: something has come in, and most calls are still out."""
        return 0 < self.arrived < 3 * len(self._calls)

    def ready(self, now: datetime, most: int) -> list[int]:
        """The first positions that may be marked now, whatever the slots and the rate allow."""
        if self.closed:
            return []
        ready = self.claim.ready(now, most + len(self.behind))
        return [at for at in ready if at not in self.behind][:most]

    def dry_for(self, seconds: float) -> None:
        """Marks nothing for so long: the channel's rate leaves nothing before."""
        self.dry_until = asyncio.get_running_loop().time() + seconds

    def let_by(self, user: int) -> None:
        """Lets those come next who stand behind a message to this WeChat user."""
        if self.behind:
            self.behind = {at: before for at, before in self.behind.items() if before != user}

    def collect(self) -> dict[int, Outcome]:
        """What has come in since the last round; raises what no adapter should have let through."""
        if self._failure is not None:
            raise self._failure
        outcomes, self.outcomes, self.arrived = self.outcomes, {}, 0
        return outcomes

    def remember(self) -> Callable[[], None]:
        """What undoes a round that was not committed; what has come in, before it or meanwhile, is kept."""
        claim, sending, marked_at, behind = self.claim, dict(self.sending), dict(self.marked_at), dict(self.behind)
        before = replace(
            claim,
            states=bytearray(claim.states),
            next_tries=dict(claim.next_tries),
            tries=dict(claim.tries),
            ambiguous=set(claim.ambiguous),
        )
        outcomes, arrived = self.outcomes, self.arrived

        def undo() -> None:
            self.claim, self.sending, self.marked_at, self.behind = before, sending, marked_at, behind
            self.outcomes = {**outcomes, **self.outcomes}
            self.arrived += arrived

        return undo

    def start(self, calls: Sequence[Call]) -> None:
        """Makes the calls whose marks are committed, and counts the slots anew."""
        for positions, envelopes in calls:
            task = asyncio.create_task(self._call(positions, envelopes))
            self._calls.add(task)
            task.add_done_callback(self._done)
        self.slots = len(self._calls) + self.arrived

    async def wait(self, seconds: float) -> None:
        """Waits until a round is worth it, but no longer than so many seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.wake.wait()

    async def drop(self) -> None:
        """Ends what is still in flight, of which nothing more can be recorded."""
        for task in self._calls:
            task.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)
        self.slots = 0

    async def _call(self, positions: Sequence[int], envelopes: Sequence[Envelope]) -> Mapping[int, Outcome]:
        try:
            outcomes = await self.adapter.send(envelopes)
            return dict(zip(positions, outcomes, strict=True))
        except Exception as error:
            # Nobody knows how far it came before it broke its word.
            log.error("adapter_failed", channel=self.claim.channel.id, exc_info=error)
            return dict.fromkeys(positions, Outcome(Status.UNKNOWN, "adapter_failed"))

    def _done(self, task: "asyncio.Task[Mapping[int, Outcome]]") -> None:
        self._calls.discard(task)
        if task.cancelled():
            return
        self._failure = self._failure or task.exception()
        if self._failure is None:
            self.outcomes.update(task.result())
        self.arrived += 1
        if self._failure or self.arrived == 1 or not self.gathers:
            self.wake.set()
