"""NATS JetStream between planner and senders: references to batches cross it, and nothing depends on it.

Imported only with BUS_URL, because of the memory that FastStream takes.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import structlog
from faststream import AckPolicy
from faststream.nats import JStream, NatsBroker, PullSub
from nats.errors import Error as NatsError
from nats.js.api import AckPolicy as Acknowledge
from nats.js.api import ConsumerConfig, DiscardPolicy, RetentionPolicy, StreamConfig
from nats.js.errors import BadRequestError, NoStreamResponseError, NotFoundError, ServiceUnavailableError

from scheduler.bus import BusAway, Reference, Taken

log = structlog.get_logger()

STREAM = "zhijian_batches"
SUBJECT = "zhijian.batches"
CONSUMER = "zhijian_senders"
# A reference that was taken and not acknowledged comes again after so many seconds.
ACK_WAIT = 60
MAX_ACK_PENDING = 256
ANSWER_SECONDS = 5
RECONNECT_SECONDS = 1

MISSING = (NotFoundError, ServiceUnavailableError, NoStreamResponseError)


class Jetstream:
    """The connection to NATS, which comes and goes; while it is gone everything here raises `BusAway`."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._broker: NatsBroker | None = None
        self._subscriber: Any = None
        self._said_away = False

    async def publish(self, references: Sequence[Reference]) -> None:
        """Puts references into the stream, which is made where it is missing; one that waits there is replaced."""
        with self._answering() as broker:
            try:
                await self._publish(broker, references)
            except MISSING:
                await _declare(broker)
                await self._publish(broker, references)

    async def take(self, seconds: float) -> Taken | None:
        """The next reference, or None where none came within so many seconds."""
        with self._answering() as broker:
            if self._subscriber is None:
                self._subscriber = _subscriber(broker)
                await self._subscriber.start()
            try:
                message = await self._subscriber.get_one(timeout=seconds)
                if message is None:
                    # A consumer that is gone answers nothing, as one that has nothing.
                    await broker.connection.jetstream().consumer_info(STREAM, CONSUMER)
            except MISSING:
                # The stream or its consumer was wiped: both are made anew, and the reconciler fills it again.
                await self._leave()
                await _declare(broker)
                return None
            if message is None:
                return None
            reference = _read(await message.decode())
            if reference is None:
                log.warning("bus_message_refused", subject=message.raw_message.subject)
                await message.ack()
                return None

            async def done() -> None:
                with suppress(NatsError):  # then it comes again, which does no harm
                    await message.ack()

            return Taken(reference, done)

    async def connect_for_ever(self) -> None:
        """Connects, and again whenever NATS has closed the connection for good."""
        while True:
            closed = asyncio.Event()
            broker = self._new_broker(closed)
            try:
                await broker.start()
                self._broker = broker
                self._said_away = False
                log.info("bus_connected")
                await closed.wait()
            except (NatsError, OSError) as error:
                self._say_away(error)
            finally:
                self._broker = self._subscriber = None
            await asyncio.sleep(RECONNECT_SECONDS)

    async def close(self) -> None:
        """Ends the connection; what was taken and not acknowledged comes again to somebody."""
        with suppress(NatsError, OSError, TimeoutError):
            if self._broker is not None:
                await asyncio.wait_for(self._broker.connection.close(), ANSWER_SECONDS)

    def _new_broker(self, closed: asyncio.Event) -> NatsBroker:
        async def on_error(error: Exception) -> None:
            self._say_away(error)

        async def on_reconnected() -> None:
            self._said_away = False
            log.info("bus_connected")

        async def on_closed() -> None:
            closed.set()

        return NatsBroker(
            self._url,
            logger=None,
            max_reconnect_attempts=-1,
            reconnect_time_wait=RECONNECT_SECONDS,
            error_cb=on_error,
            reconnected_cb=on_reconnected,
            closed_cb=on_closed,
        )

    @staticmethod
    async def _publish(broker: NatsBroker, references: Sequence[Reference]) -> None:
        async def put(each: Reference) -> None:
            body = {"campaign": each.campaign_id, "batch_no": each.batch_no}
            subject = f"{SUBJECT}.{each.campaign_id}.{each.batch_no}"
            await broker.publish(body, subject, stream=STREAM, timeout=ANSWER_SECONDS)

        await asyncio.gather(*(put(each) for each in references))

    async def _leave(self) -> None:
        subscriber, self._subscriber = self._subscriber, None
        with suppress(NatsError):
            await subscriber.stop()

    @contextmanager
    def _answering(self) -> Iterator[NatsBroker]:
        """The broker while it is connected; raises `BusAway` for whatever NATS does not do. Says so once."""
        broker = self._broker
        if broker is None or not broker.connection.is_connected:
            raise BusAway
        try:
            yield broker
        except (NatsError, OSError, TimeoutError) as error:
            self._say_away(error)
            raise BusAway from error

    def _say_away(self, error: Exception) -> None:
        if not self._said_away:
            self._said_away = True
            log.warning("bus_away", error=type(error).__name__, advice="the batch rows are the bus meanwhile")


def _subscriber(broker: NatsBroker) -> Any:
    """The durable consumer that all senders share; without a handler: a sender takes one when it has room for it."""
    return broker.subscriber(
        f"{SUBJECT}.*.*",
        stream=JStream(STREAM, declare=False),
        durable=CONSUMER,
        pull_sub=PullSub(batch_size=1),
        config=ConsumerConfig(
            ack_policy=Acknowledge.EXPLICIT, ack_wait=ACK_WAIT, max_ack_pending=MAX_ACK_PENDING, filter_subjects=[]
        ),
        ack_policy=AckPolicy.MANUAL,
        persistent=False,
    )


async def _declare(broker: NatsBroker) -> None:
    """Makes the stream where there is none; one that the operator has made with other settings is left as it is."""
    wanted = StreamConfig(
        name=STREAM,
        subjects=[f"{SUBJECT}.*.*"],
        retention=RetentionPolicy.WORK_QUEUE,
        # One of each batch at most, so that the stream never holds more than there are batches to do.
        max_msgs_per_subject=1,
        discard=DiscardPolicy.OLD,
    )
    with suppress(BadRequestError):
        await broker.connection.jetstream().add_stream(wanted)
    log.info("bus_stream_ready")


def _read(body: object) -> Reference | None:
    """The reference in a message; None where it holds none."""
    if not isinstance(body, dict):
        return None
    campaign, batch_no = body.get("campaign"), body.get("batch_no")
    return Reference(campaign, batch_no) if type(campaign) is int and type(batch_no) is int else None


@asynccontextmanager
async def jetstream(url: str) -> AsyncIterator[Jetstream]:
    """The bus at this address, which need not be there yet."""
    bus = Jetstream(url)
    connecting = asyncio.create_task(bus.connect_for_ever())
    try:
        yield bus
    finally:
        await bus.close()
        connecting.cancel()
        await asyncio.gather(connecting, return_exceptions=True)
