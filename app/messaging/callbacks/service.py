"""A call of a platform from its bytes to its effect: looked up, opened with no transaction open, taken in once."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.engine import transaction
from app.messaging.callbacks import wechat, wecom
from app.messaging.callbacks.opening import (
    Callback,
    find_callbacks,
    open_wechat,
    open_wechat_check,
    open_wecom,
    open_wecom_check,
)
from app.messaging.callbacks.schemas import CallQuery, CheckQuery
from app.messaging.callbacks.seen import is_first
from app.messaging.callbacks.settings import WECHAT, WECOM
from app.platforms.models import Channel
from app.resources import Service

TAKEN, REPEATED, IGNORED = "taken", "repeated", "ignored"


async def check_wechat(service: Service, appid: str, call: CheckQuery) -> str:
    """What WeChat wants back when an operator enters our address; raises what `open_wechat_check` does."""
    callback, echo = open_wechat_check(await _callbacks(service, WECHAT, appid), call)
    await _note_called(service, callback)
    return echo


async def check_wecom(service: Service, corpid: str, call: CheckQuery) -> str:
    """What WeCom wants back when an operator enters our address; raises what `open_wecom_check` does."""
    callback, echo = open_wecom_check(await _callbacks(service, WECOM, corpid), call)
    await _note_called(service, callback)
    return echo


async def take_wechat(service: Service, appid: str, call: CallQuery, raw: bytes) -> str:
    """Does what an event says, once: `taken`, `repeated` or `ignored`. Raises what `open_wechat` does."""
    opened = open_wechat(await _callbacks(service, WECHAT, appid), call, raw)
    await _note_called(service, opened.callback)
    event = wechat.event_of(opened.callback, opened.body)
    if event is None:
        return IGNORED
    now = service.clock()
    async with transaction(service.sessions) as session:
        if not await is_first(session, service.vault, opened.callback.channel_id, opened.body, now):
            return REPEATED
        await wechat.apply(session, opened.callback, event, opened.body, now)
    return TAKEN


async def take_wecom(service: Service, corpid: str, call: CallQuery, raw: bytes) -> str:
    """Does what an event says, once: `taken`, `repeated` or `ignored`. Raises what `open_wecom` does."""
    opened = open_wecom(await _callbacks(service, WECOM, corpid), call, raw)
    await _note_called(service, opened.callback)
    event = wecom.event_of(opened.body)
    if event is None:
        return IGNORED
    async with transaction(service.sessions) as session:
        if not await is_first(session, service.vault, opened.callback.channel_id, opened.body, service.clock()):
            return REPEATED
        await wecom.apply(session, service.vault, opened.callback, event, opened.body)
    return TAKEN


async def _callbacks(service: Service, adapters: Sequence[str], account: str) -> Sequence[Callback]:
    async with transaction(service.sessions) as session:
        return await find_callbacks(session, service.vault, adapters, account)


async def _note_called(service: Service, callback: Callback) -> None:
    """The first call shows that the platform has our address and the same token."""
    if callback.checked:
        return
    async with transaction(service.sessions) as session:
        await _first_call(session, callback.channel_id, service.clock())


async def _first_call(session: AsyncSession, channel_id: int, now: datetime) -> None:
    first = update(Channel).where(Channel.id == channel_id, Channel.callback_checked_at.is_(None))
    await session.execute(first.values(callback_checked_at=now))
