"""An event becomes a message: all the wording is here."""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from zoneinfo import ZoneInfo

from app.platforms.message import Message
from app.schemas import week_words

WEEKDAYS = "一二三四五六日"
# A member who floats abroad reads these, too: a time without its zone would mislead.
BEIJING = frozenset({"Asia/Shanghai", "Asia/Chongqing", "Asia/Harbin", "PRC"})
MEETING_TITLES = {
    "meeting_notice": "组织生活通知",
    "meeting_reminder": "组织生活提醒",
    "meeting_changed": "组织生活变更通知",
    "meeting_cancelled": "组织生活取消通知",
}


def _text(event: Mapping[str, object], name: str) -> str:
    return str(event.get(name) or "")


def local_time(moment: str, timezone: str) -> str:
    """An ISO moment as people write it, with its zone: 2026年11月23日（周一）08:00（北京时间）."""
    local = datetime.fromisoformat(moment).astimezone(ZoneInfo(timezone))
    zone = "北京时间" if timezone in BEIJING else f"UTC{local.isoformat()[-6:]}"
    return f"{local.year}年{local.month}月{local.day}日（周{WEEKDAYS[local.weekday()]}）{local:%H:%M}（{zone}）"


def _template_time(moment: str, timezone: str) -> str:
    """A moment in the form that WeChat's `time` field takes: 2026年11月23日 08:00."""
    local = datetime.fromisoformat(moment).astimezone(ZoneInfo(timezone))
    return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}"


def _weekly_issue(event: Mapping[str, object], subject_id: int) -> Message:
    lessons = event.get("lessons")
    titles = "；".join(str(title) for title in lessons) if isinstance(lessons, list) else ""
    title = _text(event, "title")
    body = f"{title}\n内容：{titles}。\n有空时打开小程序阅读即可，进度会自动保存。"
    return Message(
        kind="weekly_issue",
        title="每周学习参考",
        body=body,
        link="",
        page=f"pages/issue/index?id={subject_id}",
        values={
            "title": title,
            "time": _template_time(_text(event, "published_at"), _text(event, "timezone")),
            "organisation": _text(event, "organisation"),
            "note": "打开小程序即可阅读",
        },
    )


def _meeting(kind: str, event: Mapping[str, object], subject_id: int) -> Message:
    timezone = _text(event, "timezone")
    starts = local_time(_text(event, "starts_at"), timezone)
    what = f"{_text(event, 'kind_name')}「{_text(event, 'title')}」"
    lines = [f"{_text(event, 'organisation')}：{what}", f"时间：{starts}"]
    cancelled = kind == "meeting_cancelled"
    if cancelled:
        lines.append("本次会议已取消，无需参加。")
    else:
        lines.append(f"参加链接：{_text(event, 'join_link')}")
        lines += [f"会议号：{_text(event, 'meeting_code')}"] if event.get("meeting_code") else []
        lines += [f"入会密码：{_text(event, 'meeting_password')}"] if event.get("meeting_password") else []
    return Message(
        kind=kind,
        title=MEETING_TITLES[kind],
        body="\n".join(lines),
        link="" if cancelled else _text(event, "join_link"),
        page=f"pages/meeting/index?id={subject_id}",
        values={
            "title": _text(event, "title"),
            "time": _template_time(_text(event, "starts_at"), timezone),
            "organisation": _text(event, "organisation"),
            "note": "会议已取消" if cancelled else "点开查看参加链接",
        },
    )


def _unfinished(event: Mapping[str, object]) -> Message:
    week = week_words(_text(event, "week"))
    organisation = _text(event, "organisation")
    return Message(
        kind="unfinished_reminder",
        title="学习提醒",
        body=f"{organisation}提醒：{week}的学习还没有完成，方便时打开小程序继续即可。如有困难，请告诉支部。",
        link="",
        page="pages/index/index",
        values={
            "title": f"{week}每周学习参考",
            "time": _template_time(_text(event, "at"), _text(event, "timezone")),
            "organisation": organisation,
            "note": "方便时继续即可",
        },
    )


def _greeting(kind: str, event: Mapping[str, object], title: str, lines: list[str], note: str) -> Message:
    return Message(
        kind=kind,
        title=title,
        body="\n".join(line for line in lines if line),
        link="",
        page="pages/index/index",
        values={
            "title": title,
            "time": _template_time(_text(event, "at"), _text(event, "timezone")),
            "organisation": _text(event, "organisation"),
            "note": note,
        },
    )


def _anniversary(event: Mapping[str, object]) -> Message:
    days = event.get("days")
    kept = [day for day in days if isinstance(day, dict)] if isinstance(days, list) else []
    names = "、".join(str(day["name"]) for day in kept)
    lines = [f"今天是{names}。", *(str(day["words"]) for day in kept), f"—— {_text(event, 'organisation')}"]
    return _greeting("anniversary", event, names, lines, "今天是纪念日")


def _joining_anniversary(event: Mapping[str, object]) -> Message:
    lines = [
        "今天是您的政治生日，也就是您入党的日子。感谢您一路同行，祝您一切顺利。",
        "这是一句问候，不用回复。不想收到的话，可以在“我的”里关闭。",
        f"—— {_text(event, 'organisation')}",
    ]
    return _greeting("joining_anniversary", event, "政治生日快乐", lines, "一句问候，不用回复")


def _hours_reminder(event: Mapping[str, object]) -> Message:
    # One wording for all of a batch: how much is missing stands where the member sees it alone.
    year = _text(event, "year")
    lines = [
        f"{_text(event, 'organisation')}提醒：您 {year} 年的学时还没有学满（依据：{_text(event, 'article')}）。",
        "还差多少，在小程序“我的”里可以看到；方便时学一点即可。如有困难，请告诉支部。",
    ]
    return _greeting("hours_reminder", event, f"{year} 年学时提醒", lines, "方便时学一点即可")


def render(kind: str, event: Mapping[str, object], subject_id: int) -> Message:
    """The message of a campaign of this kind."""
    if kind == "weekly_issue":
        return _weekly_issue(event, subject_id)
    if kind in MEETING_TITLES:
        return _meeting(kind, event, subject_id)
    return STANDING[kind](event)


STANDING: Mapping[str, Callable[[Mapping[str, object]], Message]] = MappingProxyType(
    {
        "unfinished_reminder": _unfinished,
        "anniversary": _anniversary,
        "joining_anniversary": _joining_anniversary,
        "hours_reminder": _hours_reminder,
    }
)
