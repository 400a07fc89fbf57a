"""An example of each kind of notice, for the preview of a channel: worded as real ones, and as long as they may be."""

from collections.abc import Mapping
from types import MappingProxyType

from app.messaging.render import render
from app.platforms.message import Message

_ANY: dict[str, object] = {
    "organisation": "示例县示例镇示例村党总支部委员会第一党支部",
    "timezone": "Asia/Shanghai",
    "at": "2026-11-23T00:00:00+00:00",
}


def _sample(kind: str, **event: object) -> Message:
    return render(kind, {**_ANY, **event}, 1)


SAMPLES: Mapping[str, Message] = MappingProxyType(
    {
        "weekly_issue": _sample(
            "weekly_issue",
            title="第四十八周学习参考：秋冬农事与基层治理经验交流",
            lessons=["秋冬田间管理", "议事会怎么开"],
            published_at=_ANY["at"],
        ),
        "meeting": _sample(
            "meeting_notice",
            kind_name="党员大会",
            title="讨论下半年工作",
            starts_at="2026-11-27T11:30:00+00:00",
            join_link="https://meeting.example.cn/j/123456",
            meeting_code="123 456 789",
        ),
        "unfinished_reminder": _sample("unfinished_reminder", week="2026-W48"),
        "anniversary": _sample("anniversary", days=[{"name": "七一建党纪念日", "words": "7月1日是党的成立纪念日。"}]),
        "joining_anniversary": _sample("joining_anniversary"),
        "hours_reminder": _sample("hours_reminder", year=2026, article="《中国共产党党员教育管理工作条例》第二十条"),
    }
)
