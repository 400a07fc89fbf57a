"""What can be set: types, defaults, and what to know before something is switched on."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import time
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter

from app.access.duties import SEPARATE_DUTIES as SEPARATE
from app.organisations.schemas import Timezone

# As it is kept and answered.
Value = bool | int | str
T = TypeVar("T")

NOT_THERE_YET = "该功能尚未提供，打开后目前没有任何效果。"
LIGHTEN = (
    "《整治形式主义为基层减负若干规定》和《政务移动互联网应用程序规范化管理办法》（国办函〔2026〕12号）要求：除特殊场景外，"
    "不得强制使用打卡签到、积分排名、统计在线时长等功能，也不得以此作为考核依据。打开前请确认确有必要，并由党员自愿使用。"
)


@dataclass(frozen=True)
class Key(Generic[T]):
    """A setting: `read` makes what is kept into what is used, and raises ValueError where it does not fit.

    With a `note` it has no effect yet, and the note says so.
    """

    name: str
    label: str
    default: Value
    read: Callable[[Value], T]
    fits: str
    warning: str | None = None
    note: str | None = None


_HOUR = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_zone: TypeAdapter[str] = TypeAdapter(Timezone)


def _timezone(value: Value) -> str:
    return _zone.validate_python(value, strict=True)


def _time_of_day(earliest: time, latest: time) -> Callable[[Value], time]:
    def read(value: Value) -> time:
        if not isinstance(value, str) or not _HOUR.fullmatch(value):
            raise ValueError(value)
        found = time.fromisoformat(value)
        if not earliest <= found <= latest:
            raise ValueError(value)
        return found

    return read


def _count(most: int, *, least: int = 1) -> Callable[[Value], int]:
    def read(value: Value) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ValueError(value)
        return value

    return read


_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def _line(value: Value) -> str:
    if not isinstance(value, str) or not value.strip() or _CONTROL.search(value):
        raise ValueError(value)
    return value


def _switch(value: Value) -> bool:
    if not isinstance(value, bool):
        raise ValueError(value)
    return value


def _light(name: str, label: str) -> Key[bool]:
    """A switch of a function that the rules on lightening the load restrict, and that does not exist yet."""
    return Key(name, label, False, _switch, "true 或 false", LIGHTEN, NOT_THERE_YET)


TIMEZONE = Key("timezone", "时区", "Asia/Shanghai", _timezone, "时区名称，例如 Asia/Shanghai")
# Bounded so that a night is always left, and always goes over midnight.
QUIET_FROM = Key(
    "quiet_from",
    "免打扰开始时间",
    "21:00",
    _time_of_day(time(18), time(23, 59)),
    "18:00 至 23:59 之间的时间，例如 21:00",
)
QUIET_UNTIL = Key(
    "quiet_until", "免打扰结束时间", "08:00", _time_of_day(time(5), time(12)), "05:00 至 12:00 之间的时间，例如 08:00"
)
DAILY_NOTICES = Key("daily_notices", "每人每天最多收到的通知数", 3, _count(20), "1 至 20 之间的整数")
REVIEWS_REQUIRED = Key("reviews_required", "发布前需要几位审核人通过", 1, _count(3), "1 至 3 之间的整数（3 即三审）")
SEPARATE_DUTIES = Key(
    SEPARATE,
    "三员分立",
    False,
    _switch,
    "true 或 false",
    "打开后，任职、重置密码、停用账号和审计日志由安全管理员办理，管理员不再办理；"
    "同一人不能兼任管理员、安全管理员、审计员中的两项。关闭须由安全管理员操作。",
)
# Study hours: the figures of the rule, and how what was done converts into them. Past hours keep what held then.
HOURS_A_YEAR = Key(
    "hours_a_year", "党员每年学时（《党员教育管理工作条例》第20条）", 32, _count(400), "1 至 400 之间的整数"
)
HOUR_RULES = Key("hour_rules", "学时规则版本", "条例2019-默认", _line, "一行文字，例如 条例2019-本县2026")
# The length of a lesson in schools.
HOUR_MINUTES = Key("hour_minutes", "一学时合多少分钟", 45, _count(120, least=10), "10 至 120 之间的整数")
# 8 a day and 4 a half-day are local custom.
HOURS_A_DAY = Key("hours_a_day", "集中学习一天最多计多少学时（半天减半）", 8, _count(24), "1 至 24 之间的整数")
QUIZ_MINUTES = Key(
    "quiz_minutes", "测验及格折合多少分钟学习", 0, _count(120, least=0), "0 至 120 之间的整数（0 即不计学时）"
)
PAPER_COMPLETES = Key("paper_completes", "纸质学习、送学上门计入完成", True, _switch, "true 或 false")
PAPER_HOURS = Key("paper_hours", "纸质学习、送学上门计入学时", True, _switch, "true 或 false")

ALL: tuple[Key[Any], ...] = (
    TIMEZONE,
    QUIET_FROM,
    QUIET_UNTIL,
    DAILY_NOTICES,
    REVIEWS_REQUIRED,
    SEPARATE_DUTIES,
    HOURS_A_YEAR,
    HOUR_RULES,
    HOUR_MINUTES,
    HOURS_A_DAY,
    QUIZ_MINUTES,
    PAPER_COMPLETES,
    PAPER_HOURS,
    _light("points", "积分"),
    _light("leaderboard", "排行榜"),
    _light("check_in", "打卡签到"),
    _light("show_time", "显示学习时长"),
)
KEYS = {key.name: key for key in ALL}
