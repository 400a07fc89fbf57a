"""The progress of a campaign, live: server-sent events (HTML Living Standard, 9.2), each of them the whole state."""

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from app.access.principals import get_staff
from app.db.engine import is_away, transaction
from app.errors import Forbidden, ProductError, TooManyTries, Unavailable
from app.messaging.campaign_schemas import CampaignProgress
from app.messaging.campaigns import STEERERS, get_campaign
from app.messaging.progress import LOOK_SHARE
from app.resources import Service

LOOK_SECONDS = 2.0
# Well within the 60 s after which a proxy gives up on a silent answer.
HEARTBEAT_SECONDS = 15.0
RETRY_MILLISECONDS = 3000

# So many in a process, and of these so many of one account.
MOST_STREAMS = 100
MOST_OF_ONE = 5


class TooManyStreams(TooManyTries):
    """Each asks the database every two seconds: there is a bound."""

    code = "too_many_streams"
    detail = "同时打开的实时进度过多，请关闭其他正在看进度的页面后重试；也可以不看实时进度，手动刷新。"


@dataclass(frozen=True)
class Watch:
    """Who watches which campaign, looking every `look_seconds`, for `life_seconds` at most."""

    service: Service
    token: str
    campaign_id: int
    life_seconds: float
    look_seconds: float = LOOK_SECONDS
    heartbeat_seconds: float = HEARTBEAT_SECONDS


class EventStream(StreamingResponse):
    """An answer that gives back its place among the open streams whatever ends it."""

    media_type = "text/event-stream"

    def __init__(self, content: AsyncIterator[str], open_streams: Counter[int], account_id: int) -> None:
        # A proxy must neither collect the events nor keep them.
        super().__init__(content, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        self._open, self._account = open_streams, account_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers; the place was taken by `take_place`."""
        with _giving_back(self._open, self._account):
            await super().__call__(scope, receive, send)


def take_place(open_streams: Counter[int], account_id: int) -> None:
    """Counts one more stream of an account; raises `TooManyStreams`."""
    if open_streams.total() >= MOST_STREAMS or open_streams[account_id] >= MOST_OF_ONE:
        raise TooManyStreams
    open_streams[account_id] += 1


@contextlib.contextmanager
def _giving_back(open_streams: Counter[int], account_id: int) -> Iterator[None]:
    try:
        yield
    finally:
        open_streams[account_id] -= 1
        if not open_streams[account_id]:
            del open_streams[account_id]


async def events(watch: Watch) -> AsyncIterator[str]:
    """`progress` whenever it has changed, `over` when nothing is sent any more, `refused` where it may not go on.

    Nothing is held between two looks: each has a transaction of its own, in which the session and the reach are checked
    again. A comment keeps a silent stream alive. The stream ends after its life, and when the process stops.
    """
    loop = asyncio.get_running_loop()
    ends = loop.time() + watch.life_seconds
    said, said_at = "", loop.time()
    yield f"retry: {RETRY_MILLISECONDS}\n\n"
    while True:
        begun = loop.time()
        try:
            progress = await _look(watch)
        except Exception as error:
            yield _event("refused", _problem(error))
            return
        seen = progress.model_dump_json(exclude={"at"})
        if seen != said:
            yield _event("progress", progress.model_dump_json())
            said, said_at = seen, loop.time()
        elif loop.time() - said_at >= watch.heartbeat_seconds:
            yield ": \n\n"
            said_at = loop.time()
        if progress.over:
            yield _event("over", "{}")
            return
        pause = max(watch.look_seconds, LOOK_SHARE * (loop.time() - begun))
        if loop.time() >= ends or await _stopping(watch, min(pause, watch.heartbeat_seconds)):
            return


async def _look(watch: Watch) -> CampaignProgress:
    """The progress as the watcher may see it now; watching is no use of the session, which ends when it is idle."""
    service = watch.service
    async with transaction(service.sessions) as session:
        now = service.clock()
        staff = await get_staff(session, watch.token, now, watching=True)
        if not staff.holds(*STEERERS):
            raise Forbidden
        return await get_campaign(session, staff, watch.campaign_id, now)


async def _stopping(watch: Watch, pause: float) -> bool:
    """Waits so many seconds until the next look; True where the process stops meanwhile."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(watch.service.stopping.wait(), pause)
    return watch.service.stopping.is_set()


def _problem(error: Exception) -> str:
    """The error as the service tells it; raises what it does not know again."""
    if is_away(error):
        error = Unavailable()
    if not isinstance(error, ProductError):
        raise error
    return json.dumps({"code": error.shown_code, "detail": error.shown_detail}, ensure_ascii=False)


def _event(name: str, data: str) -> str:
    return f"event: {name}\ndata: {data}\n\n"
