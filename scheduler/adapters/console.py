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
        return [await self._put(envelope) for envelope in envelopes]

    async def _put(self, envelope: Envelope) -> Outcome:
        try:
            await self._outside.put_on_console(envelope)
        except Exception as error:
            # It may have been written all the same: then the inbox knows the key.
            log.warning("console_away", key=envelope.key, error=type(error).__name__)
            return Outcome(Status.RETRY, "console_away")
        # Not its words: these may be a meeting's password, or a member's own anniversary.
        log.info("console_message", key=envelope.key, kind=envelope.message.kind)
        return Outcome(Status.SENT)


def build(channel: ChannelInfo, outside: Outside) -> Console:
    """The adapter of a console channel."""
    return Console(outside)


# One call puts several, one after the other: they share the connections of the sender itself.
CONSOLE = AdapterKind(build, rings=False, last_resort=True, outside=False, per_call=20)
