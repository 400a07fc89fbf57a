"""One process that serves any of the three parts: API, scheduler, sender."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager

import structlog
import uvicorn
from prometheus_client import start_http_server

from app.resources import Service
from app.web import create_app
from scheduler.adapters.registry import load_adapters
from scheduler.bus import Bus, listen
from scheduler.clock import ticking
from scheduler.followers import naming_followers
from scheduler.reconciler import publish_for_ever
from scheduler.sender import Sender, send_for_ever

log = structlog.get_logger()

# Longer than the longest request, so that what has begun is finished.
GRACE_SECONDS = 185


class PortTaken(Exception):
    """Another program listens there already."""


class Server(uvicorn.Server):
    """uvicorn without signal handlers of its own: the process stops all its parts together."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leaves the signals alone."""
        yield


@asynccontextmanager
async def _until_end(work: Coroutine[object, object, object]) -> AsyncIterator[None]:
    """Does something beside the block, and stops it at the block's end."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def _sending(service: Service, bus: Bus | None, wake: asyncio.Event) -> AsyncIterator[None]:
    stopping = asyncio.Event()
    sender = Sender(service, load_adapters(), bus)
    sending = asyncio.create_task(send_for_ever(sender, wake, stopping))
    try:
        yield
    finally:
        stopping.set()
        wake.set()
        await sending


@asynccontextmanager
async def _bus(service: Service) -> AsyncIterator[Bus | None]:
    """NATS where it is set; its client is imported only then, because of the memory that it takes."""
    if not service.settings.bus_url:
        yield None
        return
    from scheduler.jetstream import jetstream

    async with jetstream(service.settings.bus_url) as bus:
        yield bus


@asynccontextmanager
async def _pushing(service: Service, database_url: str, *, clock: bool, sender: bool) -> AsyncIterator[None]:
    """Scheduler and sender, whichever were chosen, with what wakes them."""
    direct = service.settings.database_direct_url or database_url
    async with AsyncExitStack() as stack:
        bus = await stack.enter_async_context(_bus(service))
        if clock:
            await stack.enter_async_context(ticking(service.sessions, service.media, service.clock))
        if clock and bus is not None:
            wake = asyncio.Event()
            publishing = publish_for_ever(service.sessions, bus, load_adapters(), service.clock, wake)
            await stack.enter_async_context(_until_end(listen(direct, wake)))
            await stack.enter_async_context(_until_end(publishing))
        if sender:
            wake = asyncio.Event()
            await stack.enter_async_context(_until_end(listen(direct, wake)))
            await stack.enter_async_context(_sending(service, bus, wake))
        yield


async def serve(
    service: Service,
    database_url: str,
    *,
    api: bool,
    clock: bool,
    sender: bool,
    ready: Callable[[int], None] = lambda port: None,
) -> None:
    """Serves the chosen parts until SIGINT or SIGTERM, then lets each finish what it has in hand.

    `ready` is called with the port once everything runs.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    _show_metrics(service.settings.metrics_port)
    async with AsyncExitStack() as stack:
        if clock or sender:
            await stack.enter_async_context(_pushing(service, database_url, clock=clock, sender=sender))
        if clock:
            await stack.enter_async_context(naming_followers(service))
        port = 0
        if api:
            port = await stack.enter_async_context(_answering(service, stop))
        log.info("serving", api=api, scheduler=clock, sender=sender, port=port)
        ready(port)
        await stop.wait()
    log.info("stopped")


def _show_metrics(port: int | None) -> None:
    """Answers Prometheus on a port of its own, if it has one, until the process ends. Raises `PortTaken`."""
    if port is not None:
        try:
            start_http_server(port)
        except OSError as error:
            raise PortTaken(f"ZHIJIAN_METRICS_PORT {port}") from error


@asynccontextmanager
async def _answering(service: Service, stop: asyncio.Event) -> AsyncIterator[int]:
    """Answers HTTP; yields the port, which the system chooses where 0 is asked for. Raises `PortTaken`."""
    settings = service.settings
    try:
        listening = socket.create_server((settings.host, settings.port), backlog=2048)
    except OSError as error:
        raise PortTaken(f"{settings.host}:{settings.port}") from error
    config = uvicorn.Config(
        create_app(service),
        log_config=None,
        access_log=False,
        proxy_headers=True,
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_graceful_shutdown=GRACE_SECONDS,
        server_header=False,
    )
    server = Server(config)
    answering = asyncio.create_task(server.serve(sockets=[listening]))
    answering.add_done_callback(lambda _: stop.set())
    while not server.started and not answering.done():  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    try:
        yield listening.getsockname()[1]
    finally:
        service.stopping.set()  # a stream would hold the process up for the whole grace
        server.should_exit = True
        await answering
