"""An example of each kind of notice, for the preview of a channel; long where real ones may be."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Sample:
    """What a notice of a kind may say."""

    title: str
    body: str
    link: str
    values: Mapping[str, str]


def _sample(title: str, body: str, note: str, *, named: str, link: str = "") -> Sample:
    values = {
        "title": named,
        "time": "2026年11月23日 08:00",
        "organisation": "示例县示例镇示例村党总支部委员会第一党支部",
        "note": note,
    }
    return Sample(title, body, link, values)


SAMPLES: Mapping[str, Sample] = {
    "weekly_issue": _sample(
        "每周学习参考",
        "第四十八周学习参考：秋冬农事与基层治理\n内容：秋冬田间管理；议事会怎么开。\n有空时打开小程序阅读即可，进度会自动保存。",
        "打开小程序即可阅读",
        named="第四十八周学习参考：秋冬农事与基层治理经验交流",
    ),
    "meeting": _sample(
        "组织生活通知",
        "示例村第一党支部：党员大会「讨论下半年工作」\n时间：2026年11月27日（周五）19:30（北京时间）\n"
        "参加链接：https://meeting.example.cn/j/123456\n会议号：123 456 789",
        "点开查看参加链接",
        named="讨论下半年工作",
        link="https://meeting.example.cn/j/123456",
    ),
    "unfinished_reminder": _sample(
        "学习提醒",
        "示例村第一党支部提醒：2026-W48 的学习还没有完成，方便时打开小程序继续即可。如有困难，请告诉支部。",
        "方便时继续即可",
        named="2026-W48 每周学习参考",
    ),
    "anniversary": _sample("建党纪念日", "今天是建党纪念日。\n—— 示例村第一党支部", "今天是纪念日", named="建党纪念日"),
    "joining_anniversary": _sample(
        "政治生日快乐",
        "今天是您的政治生日，也就是您入党的日子。感谢您一路同行，祝您一切顺利。\n—— 示例村第一党支部",
        "一句问候，不用回复",
        named="政治生日快乐",
    ),
    "hours_reminder": _sample(
        "2026 年学时提醒",
        "示例村第一党支部提醒：您 2026 年的学时还没有学满。方便时学一点即可。如有困难，请告诉支部。",
        "方便时学一点即可",
        named="2026 年学时提醒",
    ),
}
