"""What a test says of an adapter and its platform, so that the suite knows what to ask of them."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from scheduler.adapters.base import AdapterKind, ChannelInfo, Status

if TYPE_CHECKING:
    from scheduler.adapters.conformance.desk import Desk


@dataclass(frozen=True)
class Fault:
    """How the next call goes wrong: a mode of `scheduler.fakes.control`, at `path` (else the path that delivers)."""

    mode: str
    errcode: int | str = -1
    errmsg: str | None = None
    path: str | None = None

    def __str__(self) -> str:
        what = str(self.errcode) if self.mode == "errcode" else self.mode
        return f"{what} at {self.path}" if self.path else what


UNREADABLE = tuple(Fault(mode) for mode in ("hang", "reset", "accept_then_reset", "cut_off", "http_200", "http_502"))
"""Over HTTP: the request was written, and no answer came that could be read. All of these are `UNKNOWN`."""

NOT_SENT = (Fault("http_503"), Fault("http_429"))
"""Over HTTP: the server says that it did not take the request. Both are `RETRY`."""


def refusals(*errcodes: int | str) -> tuple[Fault, ...]:
    """The platform answers with each of these codes and its usual text; one that is no number cannot be read."""
    return tuple(Fault("errcode", errcode) for errcode in errcodes)


@dataclass(frozen=True)
class TokenRules:
    """A platform whose calls need an access token.

    `path`: where it is fetched. `refused`: the codes that say that it is dead. `revoke` makes the platform refuse the
    present one, and give another from then on.
    """

    path: str
    refused: Sequence[int]
    revoke: Callable[["Desk"], Awaitable[None]]


async def sent_texts(desk: "Desk") -> Sequence[str]:
    """All that the fake shows of each message that it has taken."""
    return [json.dumps(each, ensure_ascii=False) for each in await desk.look("sent")]


@dataclass(frozen=True)
class Platform:
    """An adapter, its fake, and what the platform knows.

    `send`: the path that delivers, as the fake counts it. `channel` and `hosts` are made from the address of the fake.
    `set_up(desk, count)` empties the fake and gives the addresses of so many members who can be reached at least ten
    times each; "" each where `AdapterKind.address` is "member". `delivered(desk)`: the address, or the member's id as
    text where there is none, once for each message that the fake has taken; `texts(desk)`: what these say, in the same
    order.
    `faults`: what the fake is told to do, by the status that must come of it. `throttled`: those of `RETRY` that say
    "too many". `spent`: those of `UNREACHABLE` that say that a subscription is used up. `together`: one call of the
    platform takes all envelopes of a `send`, so that a fault is of all of them. `stranger`: an address that the
    platform refuses. `bad_configs`: settings that the adapter must refuse, when it is built or as `CHANNEL_DOWN`.
    `lacks`: each feature that the platform does not have, with the reason; what is neither described nor lacking is
    an error.
    """

    kind: AdapterKind
    send: str
    channel: Callable[[str], ChannelInfo]
    hosts: Callable[[str], Mapping[str, str]]
    set_up: Callable[["Desk", int], Awaitable[Sequence[str]]]
    delivered: Callable[["Desk"], Awaitable[Sequence[str]]]
    faults: Mapping[Status, Sequence[Fault]] = field(default_factory=dict)
    texts: Callable[["Desk"], Awaitable[Sequence[str]]] = sent_texts
    throttled: Sequence[Fault] = ()
    spent: Sequence[Fault] = ()
    together: bool = True
    stranger: str | None = None
    token: TokenRules | None = None
    bad_configs: Sequence[Mapping[str, object]] = ()
    lacks: Mapping[str, str] = field(default_factory=dict)


def undeclared(platform: Platform) -> list[str]:
    """The features that are neither described nor lacking, and those that are both."""
    described = {
        "connection": "connection" not in platform.lacks,
        "throttled": bool(platform.throttled),
        "retry": bool(platform.faults.get(Status.RETRY)),
        "unknown": bool(platform.faults.get(Status.UNKNOWN)),
        "failed": bool(platform.faults.get(Status.FAILED)),
        "channel_down": bool(platform.faults.get(Status.CHANNEL_DOWN)),
        "quota": bool(platform.faults.get(Status.QUOTA)),
        "unreachable": bool(platform.faults.get(Status.UNREACHABLE)) or platform.stranger is not None,
        "partial": platform.kind.per_call > 1 and platform.stranger is not None,
        "secret": bool(platform.channel("http://127.0.0.1:1").secret),
        "token": platform.token is not None,
        "settings": bool(platform.bad_configs),
    }
    unknown = [name for name in platform.lacks if name not in described]
    if platform.kind.subscribed != bool(platform.spent):
        unknown.append("spent")
    return unknown + [name for name, known in described.items() if known == (name in platform.lacks)]
