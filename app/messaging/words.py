"""Campaigns and deliveries in the words of those who read about them; the codes beside them are for support."""

from collections.abc import Mapping
from datetime import datetime

from app.messaging.models import DeliveryState
from app.messaging.unreached import WORDS as UNREACHED
from app.schemas import week_words

STATES: Mapping[int, str] = {
    DeliveryState.PENDING: "waiting",
    DeliveryState.SENDING: "sending",
    DeliveryState.SENT: "sent",
    DeliveryState.FAILED: "failed",
    DeliveryState.UNKNOWN: "unknown",
    DeliveryState.EXPIRED: "expired",
    DeliveryState.PASSED_ON: "passed_on",
}

# What a state means for the one who was to be told; "paused" and "cancelled" are the campaign's doing.
STATE_WORDS: Mapping[str, str] = {
    "waiting": "等待发送",
    "paused": "已暂停，等待继续发送",
    "sending": "正在发送",
    "sent": "已发出",
    "failed": "没有送到",
    "unknown": "已提交，平台没有回复是否送到",
    "expired": "已过时限，没有再发",
    "cancelled": "本次发送已取消，没有发出",
    "passed_on": "这个渠道没有送到，改由下一个渠道发送",
}

DAILY_LIMIT = "daily_limit"
NOT_SHOWN = "not_shown"
# What became of a try; why a channel does not reach somebody is said on the leader's list alike.
REASON_WORDS: Mapping[str, str] = {
    **{reason: why for reason, (why, _) in UNREACHED.items()},
    "failed": "平台拒绝了这条消息",
    "gave_up": "平台多次没有接收，已停止重试",
    "retry": "平台暂时没有接收，稍后再试",
    "unknown": "平台没有回复是否送到",
    "owner_died": "发送时程序中断，不能确认是否送到",
    DAILY_LIMIT: "当天的通知数已到上限",
    NOT_SHOWN: "平台已接收，随后告知没有显示出来",
}
OTHER_REASON = "其他原因，请把原因代码告诉技术人员"


def reason_words(reason: str) -> str:
    """A reason in words."""
    return REASON_WORDS.get(reason, OTHER_REASON)


def shown_state(state: int, *, paused: bool, cancelled: bool) -> str:
    """The name of a delivery's state, as the state of its campaign has it understood."""
    if state == DeliveryState.PENDING and paused:
        return "paused"
    if state == DeliveryState.EXPIRED and cancelled:
        return "cancelled"
    return STATES[state]


def title_of(event: Mapping[str, object]) -> str:
    """What an event is about: its title, its days or its week; "" where it is about none of them, as a greeting."""
    if title := event.get("title"):
        return str(title)
    days = event.get("days")
    if isinstance(days, list):
        return "、".join(str(day["name"]) for day in days if isinstance(day, dict) and "name" in day)
    week = event.get("week")
    return f"{week_words(str(week))}的学习" if week else ""


def happens_at(event: Mapping[str, object]) -> datetime | None:
    """When the meeting of an event begins; None where it is about none."""
    starts = event.get("starts_at")
    return datetime.fromisoformat(str(starts)) if starts else None
