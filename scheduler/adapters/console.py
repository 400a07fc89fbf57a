"""The console: messages appear on a page. It needs no account and disturbs nobody."""

from collections.abc import Sequence

import structlog

from scheduler.adapters.base import AdapterKind, ChannelInfo, Envelope, Outcome, Outside, Status

log = structlog.get_logger()


class Console:
    """Puts each message into the inbox."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside

    async def send(self, envelopes: Sequence[Envelope]) -> Sequence[Outcome]:
        """Writes each message; the inbox counts a repeated key instead of showing it twice."""
        for envelope in envelopes:
            await self._outside.put_on_console(envelope)
            # Not its words: these may be a meeting's password, or a member's own anniversary.
            log.info("console_message", key=envelope.key, kind=envelope.message.kind)
        return [Outcome(Status.SENT)] * len(envelopes)


def build(channel: ChannelInfo, outside: Outside) -> Console:
    """The adapter of a console channel."""
    return Console(outside)


# One call puts several, one after the other: they share the connections of the sender itself.
CONSOLE = AdapterKind(build, rings=False, last_resort=True, outside=False, per_call=20)
