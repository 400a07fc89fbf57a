"""The wording of each kind of message."""

import pytest

from app.messaging.models import CAMPAIGN_KINDS
from app.messaging.render import local_time, render
from tests.scheduler.scene import ISSUE_EVENT, MEETING_EVENT

ABOUT_MEETINGS = [kind for kind in CAMPAIGN_KINDS if kind.startswith("meeting_")]

STANDING_EVENT = {
    "at": "2026-11-20T10:00:00+00:00",
    "days": [{"name": "七一", "words": "党的成立纪念日。"}, {"name": "建站纪念日", "words": ""}],
    "year": 2026,
    "article": "《条例》第二十条",
}


@pytest.mark.parametrize(
    ("moment", "timezone", "text"),
    [
        ("2026-11-23T00:00:00+00:00", "Asia/Shanghai", "2026年11月23日（周一）08:00（北京时间）"),
        ("2026-11-22T16:30:00+00:00", "Asia/Shanghai", "2026年11月23日（周一）00:30（北京时间）"),
        ("2026-11-22T15:59:00+00:00", "Asia/Shanghai", "2026年11月22日（周日）23:59（北京时间）"),
        ("2026-11-23T00:00:00+00:00", "Asia/Urumqi", "2026年11月23日（周一）06:00（UTC+06:00）"),
    ],
)
def test_a_moment_is_written_in_chinese_with_its_weekday_and_zone(moment: str, timezone: str, text: str) -> None:
    assert local_time(moment, timezone) == text


def test_a_weekly_issue_names_its_lessons_and_opens_its_page() -> None:
    message = render("weekly_issue", {**ISSUE_EVENT, "lessons": ["三会一课", "主题党日"]}, 7)
    assert message.title == "每周学习参考"
    assert "第四十七周" in message.body
    assert "三会一课；主题党日" in message.body
    assert message.page == "pages/issue/index?id=7"
    assert message.values == {
        "title": "第四十七周",
        "time": "2026年11月16日 08:00",
        "organisation": "示范镇党委",
        "note": "打开小程序即可阅读",
    }


@pytest.mark.parametrize("kind", [kind for kind in ABOUT_MEETINGS if kind != "meeting_cancelled"])
def test_a_meeting_is_told_with_its_time_its_link_its_code_and_its_password(kind: str) -> None:
    message = render(kind, MEETING_EVENT, 9)
    assert message.kind == kind
    assert message.body.splitlines() == [
        "东片党总支：党课「第四季度党课」",
        "时间：2026年11月17日（周二）10:00（北京时间）",
        "参加链接：https://meeting.example/j/1",
        "会议号：123-456-789",
        "入会密码：2468",
    ]
    assert message.link == "https://meeting.example/j/1"
    assert message.page == "pages/meeting/index?id=9"
    assert message.values["time"] == "2026年11月17日 10:00"


def test_a_meeting_without_code_and_password_has_no_lines_for_them() -> None:
    message = render("meeting_notice", {**MEETING_EVENT, "meeting_code": "", "meeting_password": None}, 9)
    assert "会议号" not in message.body
    assert "密码" not in message.body


def test_a_cancelled_meeting_gives_no_link_to_a_room_where_nobody_is() -> None:
    message = render("meeting_cancelled", MEETING_EVENT, 9)
    assert "已取消" in message.body
    assert "2026年11月17日（周二）10:00" in message.body
    assert message.link == ""
    for text in (message.body, *message.values.values()):
        assert "meeting.example" not in text
        assert "2468" not in text


def test_a_reminder_of_the_unfinished_names_the_week_and_blames_nobody() -> None:
    message = render("unfinished_reminder", {**ISSUE_EVENT, "at": "2026-11-20T10:00:00+00:00"}, 1)
    assert "示范镇党委" in message.body
    assert "2026年第47周的学习" in message.body
    assert message.values["time"] == "2026年11月20日 18:00"


def test_two_anniversaries_of_one_day_are_one_message() -> None:
    message = render("anniversary", {**ISSUE_EVENT, **STANDING_EVENT}, 1)
    assert message.title == "七一、建站纪念日"
    assert message.body == "今天是七一、建站纪念日。\n党的成立纪念日。\n—— 示范镇党委"


def test_a_greeting_asks_for_nothing_and_says_how_to_be_rid_of_it() -> None:
    body = render("joining_anniversary", {**ISSUE_EVENT, **STANDING_EVENT}, 1).body
    assert "不用回复" in body
    assert "可以在“我的”里关闭" in body
    assert not set("0123456789") & set(body), "no number of years: one wording is for all of a batch"


def test_a_reminder_of_hours_names_the_article_and_says_where_the_member_sees_what_is_missing() -> None:
    body = render("hours_reminder", {**ISSUE_EVENT, **STANDING_EVENT}, 1).body
    assert "2026 年的学时还没有学满（依据：《条例》第二十条）" in body
    assert "还差多少，在小程序“我的”里可以看到" in body


def test_every_kind_of_campaign_has_a_title_and_fills_all_that_a_template_may_show() -> None:
    for kind in CAMPAIGN_KINDS:
        event = MEETING_EVENT if kind in ABOUT_MEETINGS else {**ISSUE_EVENT, **STANDING_EVENT}
        message = render(kind, event, 1)
        assert message.title
        assert set(message.values) == {"title", "time", "organisation", "note"}
        assert all(message.values.values())
