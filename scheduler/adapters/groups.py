"""Who has the same message: platforms that take many members a call take one message a call."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from scheduler.adapters.base import Envelope, Message, Outcome, Status

SendOne = Callable[[Message, Mapping[int, Envelope]], Awaitable[Mapping[int, Outcome]]]
"""One call with one message: the envelopes by their position, and what became of each."""


async def send_in_groups(
    envelopes: Sequence[Envelope], is_address: Callable[[str], bool], send_one: SendOne
) -> Sequence[Outcome]:
    """One call for each different message; whoever has no address that can be one is not called for."""
    outcomes: dict[int, Outcome] = {}
    for message, positions in by_message(envelopes):
        named = {at: envelopes[at] for at in positions if is_address(envelopes[at].address)}
        outcomes |= dict.fromkeys(positions, Outcome(Status.UNREACHABLE, "bad_address", "no id of a member"))
        if named:
            outcomes |= await send_one(message, named)
    return [outcomes[at] for at in range(len(envelopes))]


def by_message(envelopes: Sequence[Envelope]) -> list[tuple[Message, list[int]]]:
    """Each different message with the positions of its envelopes."""
    groups: list[tuple[Message, list[int]]] = []
    for at, envelope in enumerate(envelopes):
        known = next((positions for message, positions in groups if message == envelope.message), None)
        if known is None:
            groups.append((envelope.message, [at]))
        else:
            known.append(at)
    return groups
