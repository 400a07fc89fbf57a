"""How the pages write weeks, times and rhythms: their own module, run by Node.js."""

import json
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.library.rules import next_publishing
from app.pages.files import ASSETS
from app.schemas import monday_of

NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(NODE is None, reason="needs Node.js")


def said(expression: str) -> Any:
    """The value of an expression over the functions of `format.js`."""
    assert NODE is not None
    script = f"{(ASSETS / 'format.js').read_text()}\nconsole.log(JSON.stringify({expression}));"
    done = subprocess.run([NODE, "--input-type=module"], input=script.encode(), capture_output=True, check=True)
    return json.loads(done.stdout)


def test_a_week_is_written_by_its_days() -> None:
    weeks = {
        "2026-W48": "11月23日—29日",
        "2026-W49": "11月30日—12月6日",
        "2026-W53": "2026年12月28日—2027年1月3日",
        "2026-W01": "2025年12月29日—2026年1月4日",
        "2027-W01": "2027年1月4日—10日",
    }
    now = "Date.parse('2026-11-24T00:00:00Z')"
    assert said(f"{json.dumps(list(weeks))}.map((week) => weekText(week, {now}))") == list(weeks.values())


def test_a_rhythm_is_written_in_words_where_it_is_simple() -> None:
    rhythms = {
        "0 15 * * fri": "每周五 15:00",
        "5 8 * * mon,wed": "每周一、三 08:05",
        "30 19 * * *": "每天 19:30",
        "0 9 1 * *": "每月 1 日 09:00",
        "*/5 * * * *": "定期 */5 * * * *",
        "0 9 1 1 *": "定期 0 9 1 1 *",
        "0 9 * * mon-fri": "定期 0 9 * * mon-fri",
    }
    assert said(f"{json.dumps(list(rhythms))}.map(cronText)") == list(rhythms.values())


def test_a_greeting_says_whose_day_it_waits_for_and_not_when_it_is_looked() -> None:
    due = {"cron": "0 9 * * *", "next_due_at": "2026-11-24T01:00:00Z"}
    kinds = ("unfinished_reminder", "hours_reminder", "anniversary", "joining_anniversary")
    rows = [*({**due, "kind": kind} for kind in kinds), {**due, "kind": "anniversary", "cron": None}]
    reminder, hours, day, joining, once = said(f"{json.dumps(rows)}.map(comingText)")
    assert reminder == hours == once
    assert reminder.startswith("下次 ")
    assert "下次" not in day + joining
    assert "纪念日" in day
    assert "政治生日" in joining


BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
MOMENTS = st.lists(st.tuples(st.integers(0, 3 * 365 * 86_400), st.integers(-3, 60)), min_size=50, max_size=50)


@settings(max_examples=5, deadline=None)
@given(MOMENTS)
def test_the_page_promises_the_time_at_which_the_service_publishes(moments: list[tuple[int, int]]) -> None:
    asked, expected = [], []
    for seconds, ahead in moments:
        now = BEGIN + timedelta(seconds=seconds)
        year, week, _ = (now + timedelta(weeks=ahead)).astimezone(ZoneInfo("Asia/Shanghai")).isocalendar()
        name = f"{year}-W{week:02}"
        asked.append([name, int(now.timestamp() * 1000)])
        expected.append(next_publishing("Asia/Shanghai", now, monday_of(name)).timestamp() * 1000)
    assert said(f"{json.dumps(asked)}.map(([week, now]) => publishing(week, now).getTime())") == expected
