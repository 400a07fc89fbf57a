"""Who has the same message: platforms that take many members a call take one message a call."""

from collections.abc import Sequence

from scheduler.adapters.base import Envelope, Message


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
