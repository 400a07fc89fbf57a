"""What the events of WeChat change: the ledger of subscriptions, and who follows a service account."""

import re
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.directory.models import WechatUser
from app.messaging import ledger
from app.messaging.callbacks import not_shown
from app.messaging.callbacks.opening import Callback
from app.messaging.callbacks.seen import moment_of
from app.platforms.callback_bodies import Value, maps_in, text_at

WORD = re.compile(r"[A-Za-z0-9_-]{1,64}")

MOST_ITEMS = 100
"""Of one event: a tap names at most five templates, and hundreds would take longer than the platform waits."""

# Where each event of the ledger has its list in XML; in JSON the list stands alone.
LISTS = {
    "subscribe_msg_popup_event": "SubscribeMsgPopupEvent",
    "subscribe_msg_change_event": "SubscribeMsgChangeEvent",
    "subscribe_msg_sent_event": "SubscribeMsgSentEvent",
}
EVENTS = {
    "wechat_miniprogram": tuple(LISTS),
    "wechat_service_account": ("subscribe", "unsubscribe", "templatesendjobfinish"),
}


def event_of(callback: Callback, body: Mapping[str, Value]) -> str | None:
    """The name of an event that changes something on this channel; None for anything else."""
    name = text_at(body, "Event").lower() if text_at(body, "MsgType") == "event" else ""
    known = name in EVENTS[callback.adapter] and WORD.fullmatch(text_at(body, "FromUserName"))
    return name if known else None


async def apply(session: AsyncSession, callback: Callback, event: str, body: dict[str, Value], now: datetime) -> None:
    """Does what the event says; it is known to be new."""
    openid = text_at(body, "FromUserName")
    if event in LISTS:
        # In one order, so that no two events of a person wait for each other.
        items = sorted(_items(body, event), key=lambda item: text_at(item, "TemplateId"))
        for item in items:
            await _move(session, callback, openid, event, item, moment_of(body, now), now)
        # The ledger before the deliveries: the order of docs/decisions/0022.
        for item in items:
            if _failed(event, item):
                code = text_at(item, "ErrorCode")
                await not_shown.note(session, callback, openid, text_at(item, "TemplateId"), code, now)
    elif event == "subscribe":
        # The unionid is not in the event: who looks for it finds the row without one.
        await _user(session, callback.account, openid, now)
    elif event == "unsubscribe":
        await session.execute(
            delete(WechatUser).where(WechatUser.appid == callback.account, WechatUser.openid == openid)
        )
    elif text_at(body, "Status") != "success":
        await not_shown.note(session, callback, openid, "", text_at(body, "Status"), now)


def _items(body: dict[str, Value], event: str) -> list[dict[str, Value]]:
    """The list of an event: alone, or in its own element, which some of the manuals' examples leave out.

    What comes after `MOST_ITEMS` is passed over for good: a refusal would only have it sent again.
    """
    outer = body.get(LISTS[event])
    inner = maps_in(outer)
    lists = [each["List"] for each in inner if "List" in each]
    found = [item for each in lists for item in maps_in(each)] if lists else inner
    items = (found or maps_in(body.get("List")))[:MOST_ITEMS]
    return [item for item in items if WORD.fullmatch(text_at(item, "TemplateId"))]


async def _move(
    session: AsyncSession,
    callback: Callback,
    openid: str,
    event: str,
    item: dict[str, Value],
    at: datetime,
    now: datetime,
) -> None:
    template, answer = text_at(item, "TemplateId"), text_at(item, "SubscribeStatusString")
    accepted = event == "subscribe_msg_popup_event" and answer == "accept"
    spent = _failed(event, item) and text_at(item, "ErrorCode") == not_shown.SUBSCRIPTION_SPENT
    if accepted:
        await ledger.accept(session, await _user(session, callback.account, openid, now), template, at, now)
    elif answer == "reject" or spent:
        await ledger.refuse(session, await _user(session, callback.account, openid, now), template, at, now)


def _failed(event: str, item: Mapping[str, Value]) -> bool:
    return event == "subscribe_msg_sent_event" and text_at(item, "ErrorCode") not in ("", "0")


async def _user(session: AsyncSession, appid: str, openid: str, now: datetime) -> int:
    """The WeChat user of an openid; new where the tap is told of before the sign-in."""
    values = {"appid": appid, "openid": openid, "created_at": now}
    await session.execute(insert(WechatUser).values(values).on_conflict_do_nothing())
    found = select(WechatUser.id).where(WechatUser.appid == appid, WechatUser.openid == openid)
    return (await session.scalars(found)).one()
