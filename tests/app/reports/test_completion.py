"""The figures of a week over the API: what counts, for whom, and who may see it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from app.access.models import AuditEntry
from app.db.engine import transaction
from app.directory.models import Member, Organisation
from app.messaging.models import Campaign, Schedule, Tick
from app.messaging.render import render
from app.messaging.service import Audience, announce
from app.reports.queries import unfinished
from content.tables import read_xlsx
from tests.conftest import MovableClock
from tests.study import WEEK, Study, monday
from tests.world import Person, World


async def completion(
    client: httpx.AsyncClient, leader: Person, organisation: int = 10, **query: object
) -> dict[str, Any]:
    params: dict[str, Any] = {"week": WEEK, **query}
    answer = await client.get(f"/organisations/{organisation}/completion", params=params, headers=leader.auth)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def figures(row: dict[str, Any]) -> tuple[int, int, int, int, float | None]:
    return row["due"], row["started"], row["completed"], row["quiz_passed"], row["average_score"]


async def test_a_member_of_a_branch_studies_the_issues_of_all_levels_above(
    client: httpx.AsyncClient, world: World
) -> None:
    study, leader = await Study.build(world), await world.staff(("leader", 10))
    top, own = await study.issue(1, required=2, optional=1, quiz=True), await study.issue(100, quiz=True)
    await study.issue(11)
    done, half, none = [await world.member(100) for _ in range(3)]
    elsewhere = await world.member(101)
    await study.read(done, *top.required, *own.required)
    await study.read(half, top.optional[0])
    await study.read(half, top.required[0], completed=False)
    await study.read(elsewhere, *top.required)
    assert top.quiz is not None
    assert own.quiz is not None
    await study.attempt(done, top.quiz, 50, 1)
    await study.attempt(done, top.quiz, 81, 2)
    await study.attempt(done, top.quiz, None, 3)
    await study.attempt(done, own.quiz, 60)
    await study.attempt(half, top.quiz, 59)
    await study.attempt(elsewhere, top.quiz, 100)
    answer = await completion(client, leader)
    assert answer["issues"] == [
        {"id": top.id, "title": "学习1", "organisation": "示范镇党委"},
        {"id": own.id, "title": "学习100", "organisation": "一支部"},
    ]
    # (70.5 + 59 + 100) / 3: the best of each quiz, then the mean of a member, then of the members.
    assert figures(answer["totals"]) == (4, 3, 2, 2, 76.5)
    assert [(row["organisation_id"], figures(row)) for row in answer["items"]] == [
        (100, (3, 2, 1, 1, 64.8)), (101, (1, 1, 1, 1, 100.0)),
    ]  # fmt: skip
    rows = (await completion(client, leader, by="member"))["items"]
    assert [row["member_id"] for row in rows] == [done, half, none, elsewhere]
    assert rows[1] == {
        "member_id": half, "name": "党员4", "organisation": "一支部", "due": True, "started": True, "completed": False,
        "quiz_passed": False, "lessons_completed": 0, "lessons_recorded": 0, "lessons_required": 3,
        "best_score": 59.0,
    }  # fmt: skip
    assert [(row["lessons_completed"], row["lessons_required"], row["best_score"]) for row in rows] == [
        (3, 3, 70.5), (0, 3, 59.0), (0, 3, None), (2, 2, 100.0),
    ]  # fmt: skip


async def test_exempt_members_are_listed_and_never_counted(client: httpx.AsyncClient, world: World) -> None:
    study, leader = await Study.build(world), await world.staff(("leader", 10))
    issue = await study.issue(10, quiz=True)
    exempt, due = await world.member(10, exempt_reason="年老体弱"), await world.member(10)
    await study.read(exempt, *issue.required)
    assert issue.quiz is not None
    await study.attempt(exempt, issue.quiz, 100)
    await world.member(100, archived_at=world.service.clock())
    answer = await completion(client, leader)
    assert figures(answer["totals"]) == (1, 0, 0, 0, None)
    rows = (await completion(client, leader, by="member"))["items"]
    assert [(row["member_id"], row["due"], row["completed"]) for row in rows] == [
        (exempt, False, True), (due, True, False),
    ]  # fmt: skip


@pytest.mark.parametrize("state", ["draft", "in_review", "scheduled", "withdrawn"])
async def test_only_published_issues_of_that_week_count(client: httpx.AsyncClient, world: World, state: str) -> None:
    study, leader = await Study.build(world), await world.staff(("leader", 10))
    member = await world.member(100, created_at=world.service.clock() - timedelta(weeks=1))
    hidden = await study.issue(10, state=state)
    other = await study.issue(10, week="2026-W46")
    await study.read(member, *hidden.lessons, *other.lessons)
    answer = await completion(client, leader)
    assert (answer["issues"], figures(answer["totals"])) == ([], (0, 0, 0, 0, None))
    (row,) = (await completion(client, leader, by="member"))["items"]
    assert (row["due"], row["started"], row["completed"], row["lessons_required"]) == (False, False, False, 0)
    assert (await completion(client, leader, week="2026-W46"))["totals"]["completed"] == 1


async def test_a_week_before_a_member_came_to_the_roster_does_not_count_them(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    study, leader = await Study.build(world), await world.staff(("leader", 10))
    issue = await study.issue(10, week="2026-W46")
    member = await world.member(100)
    await study.read(member, *issue.lessons)
    sunday_night = clock.now - timedelta(hours=10, microseconds=1)
    before = await world.member(100, created_at=sunday_night)
    answer = await completion(client, leader, week="2026-W46")
    assert figures(answer["totals"]) == (1, 0, 0, 0, None)
    (row,) = (await completion(client, leader, week="2026-W46", by="member"))["items"]
    assert row["member_id"] == before


async def test_an_issue_without_required_lessons_leaves_nothing_to_do(client: httpx.AsyncClient, world: World) -> None:
    study, leader = await Study.build(world), await world.staff(("leader", 10))
    await study.issue(10, required=0, optional=1)
    await world.member(100)
    assert figures((await completion(client, leader))["totals"]) == (1, 0, 1, 0, None)


async def test_a_lesson_in_two_issues_of_the_week_counts_once(client: httpx.AsyncClient, world: World) -> None:
    study, leader = await Study.build(world), await world.staff(("leader", 10))
    top = await study.issue(1)
    await study.issue(100, required=0, shared=top.required)
    member = await world.member(100)
    await study.read(member, *top.required)
    (row,) = (await completion(client, leader, by="member"))["items"]
    assert (row["lessons_completed"], row["lessons_required"], row["completed"]) == (1, 1, True)


async def test_a_prefix_of_the_number_is_not_a_prefix_of_the_path(client: httpx.AsyncClient, world: World) -> None:
    study = await Study.build(world)
    async with transaction(world.service.sessions) as session:
        now = world.service.clock()
        session.add(Organisation(id=12, parent_id=None, path="/12/", kind="committee", name="别树", created_at=now))
        await session.flush()
        session.add(Organisation(id=1100, parent_id=12, path="/12/1100/", kind="branch", name="别支", created_at=now))
    await study.issue(1)
    await study.issue(10)
    await world.member(1100)
    member = await world.member(100)
    assert (await completion(client, await world.staff(("leader", 12)), 12))["totals"]["due"] == 0
    top = await completion(client, await world.staff(("leader", 1)), 1)
    assert top["totals"]["due"] == 1
    rows = (await completion(client, await world.staff(("leader", 1)), 1, by="member"))["items"]
    assert [row["member_id"] for row in rows] == [member]


async def test_rows_by_organisation_name_all_children_and_the_own_members(
    client: httpx.AsyncClient, world: World
) -> None:
    study, leader = await Study.build(world), await world.staff(("leader", 1))
    await study.issue(1)
    await world.member(100)
    assert [(row["organisation_id"], row["organisation"], row["due"]) for row in (
        await completion(client, leader, 1)
    )["items"]] == [(10, "东片党总支", 1), (11, "西片党总支", 0)]  # fmt: skip
    await world.member(1)
    assert [(row["organisation_id"], row["organisation"], row["due"]) for row in (
        await completion(client, leader, 1)
    )["items"]] == [(1, "本级", 1), (10, "东片党总支", 1), (11, "西片党总支", 0)]  # fmt: skip
    leaf = await completion(client, leader, 110)
    assert (leaf["items"], leaf["next"]) == ([], None)


async def test_members_are_paged_in_the_order_of_the_tree(client: httpx.AsyncClient, world: World) -> None:
    leader = await world.staff(("leader", 1))
    placed = [(await world.member(organisation), organisation) for organisation in (110, 101, 1, 100, 10, 100)]
    seen: list[int] = []
    following: str | None = None
    while not seen or following is not None:
        more = {"cursor": following} if following else {}
        answer = await completion(client, leader, 1, by="member", limit=2, **more)
        assert len(answer["items"]) <= 2
        seen += [row["member_id"] for row in answer["items"]]
        following = answer["next"]
    order = {1: 0, 10: 1, 100: 2, 101: 3, 110: 4}
    assert seen == [member for member, _ in sorted(placed, key=lambda pair: (order[pair[1]], pair[0]))]


@pytest.mark.parametrize("path", ["completion", "completion.xlsx"])
@pytest.mark.parametrize("organisation", [1, 11, 110, 2, 999])
async def test_a_leader_sees_the_own_subtree_only(
    client: httpx.AsyncClient, world: World, path: str, organisation: int
) -> None:
    leader = await world.staff(("leader", 10), ("administrator", 1), ("editor", 1))
    assert (await client.get(f"/organisations/{organisation}/{path}", headers=leader.auth)).status_code == 404
    other = await world.staff(("administrator", 1), ("editor", 1), ("reviewer", 1))
    assert (await client.get(f"/organisations/10/{path}", headers=other.auth)).status_code == 403
    member = await world.signed_in_member(100)
    assert (await client.get(f"/organisations/100/{path}", headers=member.auth)).status_code == 401


@pytest.mark.parametrize("query", ["week=2025-W53", "week=2026-47", "by=score", "limit=0", "cursor=0", "sort=score"])
async def test_a_question_that_makes_no_sense_is_refused(client: httpx.AsyncClient, world: World, query: str) -> None:
    leader = await world.staff(("leader", 10))
    answer = await client.get(f"/organisations/10/completion?{query}", headers=leader.auth)
    assert answer.status_code == 422


@pytest.mark.parametrize(("zone", "week"), [("Asia/Shanghai", "2026-W48"), ("UTC", "2026-W47")])
async def test_this_week_is_that_of_the_organisations_zone(
    client: httpx.AsyncClient, world: World, clock: MovableClock, zone: str, week: str
) -> None:
    async with transaction(world.service.sessions) as session:
        await session.execute(update(Organisation).where(Organisation.id == 10).values(timezone=zone))
    clock.now = datetime(2026, 11, 22, 17, tzinfo=UTC)
    leader = await world.staff(("leader", 10))
    answer = await client.get("/organisations/10/completion", headers=leader.auth)
    assert answer.json()["week"] == week


async def test_the_workbook_has_the_rows_of_the_screens_and_is_on_record(
    client: httpx.AsyncClient, world: World
) -> None:
    study, leader = await Study.build(world), await world.staff(("leader", 10))
    issue = await study.issue(1, quiz=True)
    members = [await world.member(organisation, name=name) for organisation, name in ((10, "=1+1"), (100, "李四"))]
    await world.member(101, exempt_reason="病")
    await study.read(members[1], *issue.required)
    assert issue.quiz is not None
    await study.attempt(members[1], issue.quiz, 88)
    answer = await client.get(f"/organisations/10/completion.xlsx?week={WEEK}", headers=leader.auth)
    assert answer.status_code == 200
    disposition = answer.headers["content-disposition"]
    assert disposition.startswith("attachment; filename=\"completion-10-2026-W47.xlsx\"; filename*=UTF-8''%E4%B8%9C")
    by_organisation, by_member = await completion(client, leader), await completion(client, leader, by="member")
    assert read_xlsx(answer.content, sheet="汇总")[1][1] == [
        "10", "东片党总支", WEEK, "学习1（示范镇党委）", *cells(by_organisation["totals"]),
    ]  # fmt: skip
    assert [row for _, row in read_xlsx(answer.content, sheet="按组织")[1:]] == [
        [str(row["organisation_id"]), row["organisation"], *cells(row)] for row in by_organisation["items"]
    ]
    assert [row for _, row in read_xlsx(answer.content, sheet="按党员")[1:]] == [
        [
            str(row["member_id"]), row["name"].replace("=", "'="), row["organisation"],
            *("是" if row[key] else "否" for key in ("due", "started", "completed", "quiz_passed")),
            *(str(row[f"lessons_{name}"]) for name in ("completed", "recorded", "required")), number(row["best_score"]),
        ]
        for row in by_member["items"]
    ]  # fmt: skip
    async with world.service.sessions() as session:
        viewed = await session.scalars(select(AuditEntry).where(AuditEntry.action == "completion.viewed"))
        assert [entry.detail["members"] for entry in viewed] == [len(by_member["items"])], "names were shown"
        entry = await session.scalar(select(AuditEntry).where(AuditEntry.action == "completion.exported"))
    assert entry is not None
    assert (entry.actor, entry.object_id, entry.detail) == (
        f"account:{leader.id}", 10, {"week": WEEK, "members": 3},
    )  # fmt: skip


def number(value: float | None) -> str:
    return "" if value is None else format(value, "g")


def cells(row: dict[str, Any]) -> list[str]:
    due, started, completed, *rest = [number(value) for value in figures(row)]
    return [due, started, completed, str(row["recorded"]), *rest]


async def nudge(client: httpx.AsyncClient, leader: Person, organisation: int = 10, week: str = WEEK) -> httpx.Response:
    return await client.post(f"/organisations/{organisation}/nudges", json={"week": week}, headers=leader.auth)


async def test_a_nudge_reminds_those_who_have_not_finished_once_a_day(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    study, leader = await Study.build(world), await world.staff(("leader", 10))
    issue = await study.issue(1)
    done, _ = await world.member(100), await world.member(100)
    await world.member(110)
    await study.read(done, *issue.required)
    answer = await nudge(client, leader)
    assert answer.status_code == 201
    async with world.service.sessions() as session:
        (campaign,) = await session.scalars(select(Campaign))
    assert answer.json() == {"id": campaign.id, "organisation_id": 10, "week": WEEK, "unfinished": 1}
    assert (campaign.kind, campaign.subject_id, campaign.event) == (
        "unfinished_reminder", 10,
        {"week": WEEK, "organisation": "东片党总支", "at": clock.now.isoformat(), "timezone": "Asia/Shanghai"},
    )  # fmt: skip
    assert "东片党总支提醒" in render(campaign.kind, campaign.event, campaign.subject_id).body
    assert campaign.audience == {
        "path": "/1/10/",
        "floating_only": False,
        "unfinished_week": WEEK,
        "issue_id": None,
        "joined_at": None,
        "hours_year": None,
    }
    assert campaign.expires_at == clock.now + timedelta(hours=24)
    again = await nudge(client, leader)
    assert (again.status_code, again.json()["code"]) == (409, "nudged_today")
    assert (await nudge(client, leader, 100)).status_code == 201
    clock.now = datetime(2026, 11, 16, 16, 0, tzinfo=UTC)  # midnight in Shanghai
    assert (await nudge(client, await world.staff(("leader", 10)))).status_code == 201


async def test_a_standing_reminder_does_not_use_up_the_nudge_of_the_day(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    study, leader = await Study.build(world), await world.staff(("leader", 10))
    await study.issue(10)
    await world.member(10)
    async with transaction(world.service.sessions) as session:
        schedule = Schedule(
            organisation_id=10, kind="unfinished_reminder", cron="0 8 * * fri", timezone="Asia/Shanghai",
            late_policy="expire", late_seconds=60, enabled=True, created_at=clock.now,
        )  # fmt: skip
        session.add(schedule)
        await session.flush()
        tick = Tick(schedule_id=schedule.id, due_at=clock.now, fired_at=clock.now, outcome="fired")
        session.add(tick)
        await session.flush()
        announce(
            session, "unfinished_reminder", organisation_id=10, subject_id=10,
            event={"week": WEEK, "at": clock.now.isoformat(), "timezone": "Asia/Shanghai"}, audience=Audience("/1/10/"),
            expires_at=clock.now, now=clock.now, tick_id=tick.id,
        )  # fmt: skip
    assert (await nudge(client, leader)).status_code == 201


async def test_nobody_is_nudged_where_nobody_is_unfinished_or_in_reach(client: httpx.AsyncClient, world: World) -> None:
    study, leader = await Study.build(world), await world.staff(("leader", 10))
    await study.issue(1)
    await world.member(10, exempt_reason="年老体弱")
    nobody = await nudge(client, leader)
    assert (nobody.status_code, nobody.json()["code"]) == (409, "nobody_unfinished")
    assert (await nudge(client, leader, 11)).status_code == 404
    assert (await nudge(client, leader, week="2025-W53")).status_code == 422
    assert (await nudge(client, await world.staff(("administrator", 1)))).status_code == 403


async def test_the_unfinished_are_those_with_a_required_lesson_left(world: World) -> None:
    study = await Study.build(world)
    issue = await study.issue(10, required=2)
    done, half, started, untouched = [await world.member(100) for _ in range(4)]
    await world.member(100, exempt_reason="病")
    await world.member(100, archived_at=world.service.clock())
    await world.member(11)
    await study.read(done, *issue.required)
    await study.read(half, issue.required[0])
    await study.read(started, *issue.required, completed=False)
    async with world.service.sessions() as session:
        statement = select(Member.id).where(unfinished(monday(), world.service.clock())).order_by(Member.id)
        assert list(await session.scalars(statement)) == [half, started, untouched]
        joined = statement.join(Organisation, Organisation.id == Member.organisation_id)
        assert list(await session.scalars(joined)) == [half, started, untouched]
        assert (
            list(await session.scalars(select(Member.id).where(unfinished(monday("2026-W46"), world.service.clock()))))
            == []
        )
