"""The calendar shows gaps, and a plan fills them with drafts ahead: each week once, and never over an issue."""

import asyncio
from datetime import date, timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from app.db.engine import transaction
from app.directory.models import Organisation
from app.library.models import Issue
from app.library.plans import columns_of, lock_behind, make_drafts, occurrences, title_of
from app.resources import Service
from tests.app.library.desk import MONDAY, make_issue, make_lesson
from tests.conftest import MovableClock
from tests.world import Person, World

COLUMNS = [{"title": "时政要闻", "weeks": "every"}, {"title": "党课", "weeks": "first"}]


@given(st.dates(date(2020, 1, 1), date(2040, 1, 1)))
def test_each_month_has_each_named_monday_once(day: date) -> None:
    first = day.replace(day=1)
    mondays = [
        first + timedelta(days=number)
        for number in range(31)
        if (first + timedelta(days=number)).month == first.month and (first + timedelta(days=number)).weekday() == 0
    ]
    for number, name in enumerate(("first", "second", "third", "fourth")):
        assert [monday for monday in mondays if name in occurrences(monday)] == [mondays[number]]
    assert [monday for monday in mondays if "last" in occurrences(monday)] == [mondays[-1]]
    assert all("every" in occurrences(monday) for monday in mondays)


def test_a_title_names_the_week_that_it_is_for() -> None:
    assert title_of("{year}年{month}月第{week}周学习", date(2026, 12, 28)) == "2026年12月第53周学习"
    assert title_of("{year}年{month}月第{week}周学习", date(2024, 12, 30)) == "2025年1月第1周学习"
    assert columns_of(COLUMNS, date(2026, 12, 7)) == ("时政要闻", "党课")
    assert columns_of(COLUMNS, date(2026, 12, 14)) == ("时政要闻",)


async def plan(client: httpx.AsyncClient, editor: Person, **more: object) -> httpx.Response:
    body = {"organisation_id": 10, "title": "第{week}周学习", "columns": COLUMNS, "ahead_weeks": 3, **more}
    return await client.post("/plans", headers=editor.auth, json=body)


async def look(service: Service) -> int | None:
    async with transaction(service.sessions) as session:
        plan = await lock_behind(session, service.clock())
        return None if plan is None else await make_drafts(session, plan, service.clock())


async def drafts(service: Service) -> list[tuple[date, str, str]]:
    async with service.sessions() as session:
        found = await session.execute(select(Issue.week, Issue.state, Issue.title).order_by(Issue.week, Issue.id))
        return [(row.week, row.state, row.title) for row in found]


async def test_drafts_are_made_ahead_once_and_shown_on_the_desk(
    client: httpx.AsyncClient, world: World, service: Service, clock: MovableClock
) -> None:
    editor = await world.staff(("editor", 10))
    made = (await plan(client, editor)).json()
    assert made["planned_until"] == "2026-W47"
    looks = await asyncio.gather(*(look(service) for _ in range(4)))
    assert sorted(looks, key=str) == [3, None, None, None]
    assert [week for week, *_ in await drafts(service)] == [MONDAY + timedelta(weeks=number) for number in (1, 2, 3)]
    rows = (await client.get("/desk/issues?planned=true", headers=editor.auth)).json()["items"]
    assert [(row["week"], row["title"], row["plan_id"]) for row in rows] == [
        ("2026-W50", "第50周学习", made["id"]),
        ("2026-W49", "第49周学习", made["id"]),
        ("2026-W48", "第48周学习", made["id"]),
    ]
    draft = (await client.get(f"/desk/issues/{rows[0]['id']}", headers=editor.auth)).json()
    assert (draft["outline"], draft["lessons"]) == (["时政要闻", "党课"], [])
    nothing = await client.post(f"/issues/{draft['id']}/transitions", headers=editor.auth, json={"to": "in_review"})
    assert nothing.json()["code"] == "no_lessons"
    clock.move(days=7)
    assert await look(service) == 1


async def test_a_plan_never_makes_a_draft_over_an_issue_nor_one_that_was_taken_away(
    client: httpx.AsyncClient, world: World, service: Service, clock: MovableClock
) -> None:
    editor = await world.staff(("editor", 10))
    mine = await make_issue(
        service, 10, editor.id, [await make_lesson(service, 10, editor.id)], week=MONDAY + timedelta(weeks=2)
    )
    await plan(client, editor)
    assert await look(service) == 2
    async with transaction(service.sessions) as session:
        await session.execute(update(Issue).where(Issue.id != mine).values(state="withdrawn"))
    assert await look(service) is None
    clock.move(days=7)
    assert await look(service) == 1
    assert [state for _, state, _ in await drafts(service)] == ["withdrawn", "draft", "withdrawn", "draft"]


async def test_a_plan_with_other_columns_fills_the_weeks_that_had_none(
    client: httpx.AsyncClient, world: World, service: Service
) -> None:
    editor = await world.staff(("editor", 10))
    monthly = [{"title": "党课", "weeks": "first"}]
    made = (await plan(client, editor, columns=monthly)).json()["id"]
    assert await look(service) == 1  # of December: 2026-W50
    async with transaction(service.sessions) as session:
        await session.execute(update(Issue).values(state="withdrawn"))
    renamed = await client.patch(f"/plans/{made}", headers=editor.auth, json={"title": "{week}"})
    assert (renamed.json()["planned_until"], await look(service)) == ("2026-W50", None)
    same = await client.patch(f"/plans/{made}", headers=editor.auth, json={"columns": monthly})
    assert (same.json()["planned_until"], await look(service)) == ("2026-W50", None)
    changed = await client.patch(f"/plans/{made}", headers=editor.auth, json={"columns": COLUMNS})
    assert (changed.json()["planned_until"], await look(service)) == ("2026-W47", 2)
    # What was made and taken away stays away.
    assert [(week, state) for week, state, _ in await drafts(service)] == [
        (MONDAY + timedelta(weeks=1), "draft"),
        (MONDAY + timedelta(weeks=2), "draft"),
        (MONDAY + timedelta(weeks=3), "withdrawn"),
    ]


async def test_a_plan_that_is_off_or_of_an_archived_organisation_makes_nothing(
    client: httpx.AsyncClient, world: World, service: Service, clock: MovableClock
) -> None:
    editor = await world.staff(("editor", 10))
    made = (await plan(client, editor, enabled=False)).json()["id"]
    assert await look(service) is None
    on = await client.patch(f"/plans/{made}", headers=editor.auth, json={"enabled": True})
    assert on.json()["revision"] == 2
    async with transaction(service.sessions) as session:
        await session.execute(update(Organisation).where(Organisation.id == 10).values(archived_at=clock.now))
    assert await look(service) is None
    async with transaction(service.sessions) as session:
        await session.execute(update(Organisation).where(Organisation.id == 10).values(archived_at=None))
    clock.move(days=70)  # nobody looked: what was missed is over
    assert await look(service) == 4
    assert (await drafts(service))[0][0] == MONDAY + timedelta(weeks=10)


@pytest.mark.parametrize("title", ["{day}日", "{week", "week}", "{}", "{{week}}"])
async def test_a_title_names_nothing_that_a_week_does_not_have(
    client: httpx.AsyncClient, world: World, title: str
) -> None:
    refused = await plan(client, await world.staff(("editor", 10)), title=title)
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_pattern")


async def test_an_organisation_has_one_plan(client: httpx.AsyncClient, world: World) -> None:
    editor = await world.staff(("editor", 10))
    assert (await plan(client, editor)).status_code == 201
    assert (await plan(client, editor)).json()["code"] == "plan_exists"


async def test_the_calendar_shows_what_reaches_the_organisation_and_where_nothing_does(
    client: httpx.AsyncClient, world: World, service: Service
) -> None:
    editor = await world.staff(("editor", 10))
    lesson = await make_lesson(service, 10, editor.id)
    above = await make_lesson(service, 1, editor.id)
    own = await make_issue(service, 10, editor.id, [lesson])
    published = await make_issue(service, 1, editor.id, [above], state="published")
    await make_issue(service, 1, editor.id, [above], week=MONDAY + timedelta(weeks=1))  # a draft from above
    await make_issue(service, 11, editor.id, [above], week=MONDAY + timedelta(weeks=1), state="published")
    await make_issue(service, 10, editor.id, [lesson], week=MONDAY + timedelta(weeks=1), state="withdrawn")
    url = "/desk/calendar?organisation_id=10"
    shown = (await client.get(f"{url}&from=2026-W46&to=2026-W48", headers=editor.auth)).json()
    assert [(week["week"], week["gap"], [each["id"] for each in week["issues"]]) for week in shown["weeks"]] == [
        ("2026-W46", True, []), ("2026-W47", False, [own, published]), ("2026-W48", True, []),
    ]  # fmt: skip
    assert [(each["own"], each["organisation"]) for each in shown["weeks"][1]["issues"]] == [
        (True, "东片党总支"),
        (False, "示范镇党委"),
    ]
    assert [each["narrowed"] for each in shown["weeks"][1]["issues"]] == [False, False]
    weeks = (await client.get(url, headers=editor.auth)).json()["weeks"]
    assert (weeks[0]["week"], weeks[-1]["week"], len(weeks)) == ("2026-W43", "2027-W07", 18)
    for bounds in ("from=2026-W48&to=2026-W47", "from=2026-W01&to=2029-W01"):
        refused = await client.get(f"{url}&{bounds}", headers=editor.auth)
        assert (refused.status_code, refused.json()["code"]) == (422, "bad_weeks")


async def test_a_week_with_an_issue_for_some_only_is_a_gap_for_the_others(
    client: httpx.AsyncClient, world: World, service: Service
) -> None:
    editor = await world.staff(("editor", 10))
    lesson = await make_lesson(service, 1, editor.id)
    above = await make_issue(service, 1, editor.id, [lesson], state="published")
    async with transaction(service.sessions) as session:
        await session.execute(update(Issue).values(audience_stages=["activist"]))
    url = "/desk/calendar?organisation_id=10&from=2026-W47&to=2026-W47"
    (week,) = (await client.get(url, headers=editor.auth)).json()["weeks"]
    assert [(each["id"], each["narrowed"]) for each in week["issues"]] == [(above, True)]
    assert week["gap"] is True
    await make_issue(service, 10, editor.id, [lesson])
    (week,) = (await client.get(url, headers=editor.auth)).json()["weeks"]
    assert week["gap"] is False
