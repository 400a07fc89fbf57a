"""Imports from the command line, in this process: which week, whose lessons, and all of it or nothing."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from app.access.models import AuditEntry
from app.db.engine import transaction
from app.directory.models import Account, Member, Organisation
from app.errors import Invalid, NotFound, ProductError
from app.importing import AlreadySetUp, NoAuthor, Report, import_path, next_week, set_up
from app.library.models import Issue
from app.organisations.imports.models import RosterImport
from app.organisations.tree.service import create_root
from app.quizzes.models import Question
from app.resources import Service
from content.questions.sheet import question_template
from content.roster import ORGANISATION_COLUMNS, roster_template
from content.tables import write_xlsx
from tests.conftest import MovableClock
from tests.world import World

# Hypothesis wants bounds without a zone, and adds it.
FROM, TO = (datetime(year, 1, 1, tzinfo=UTC).replace(tzinfo=None) for year in (2020, 2035))
PASSWORD = "correct horse battery"
HEADER = ["题型", "题干", "选项A", "选项B", "答案"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two weekly issues of a lesson each."""
    sample = next((Path(__file__).parents[2] / "content" / "library").glob("*/01-*.md"))
    for name in ("01-one", "02-two"):
        (tmp_path / "issues" / name).mkdir(parents=True)
        (tmp_path / "issues" / name / "issue.yaml").write_text(f"title: {name}\n")
        (tmp_path / "issues" / name / "01-a.md").write_bytes(sample.read_bytes())
    return tmp_path / "issues"


async def bring_in(
    service: Service, path: Path, *, organisation_id: int | None = None, login: str | None = "editor",
    week: str | None = None, dry_run: bool = False,
) -> Report:  # fmt: skip
    return await import_path(service, path, organisation_id=organisation_id, login=login, week=week, dry_run=dry_run)


async def weeks(service: Service) -> list[tuple[int, date]]:
    async with transaction(service.sessions) as session:
        rows = await session.execute(select(Issue.organisation_id, Issue.week).order_by(Issue.week))
        return [(organisation_id, week) for organisation_id, week in rows]


async def count(service: Service, table: type[Member] | type[Question] | type[Organisation]) -> int:
    async with transaction(service.sessions) as session:
        return await session.scalar(select(func.count()).select_from(table)) or 0


async def test_issues_begin_next_week_at_the_top_where_nothing_else_is_said(
    service: Service, world: World, folder: Path
) -> None:
    await world.staff(("editor", 1), login="editor")
    report = await bring_in(service, folder)
    assert report == Report(["01-one：1 篇资料", "02-two：1 篇资料", "导入完成。"], True)
    assert await weeks(service) == [(1, date(2026, 11, 23)), (1, date(2026, 11, 30))]


async def test_issues_go_to_the_week_and_the_organisation_that_are_said(
    service: Service, world: World, folder: Path
) -> None:
    await world.staff(("editor", 1), login="editor")
    await bring_in(service, folder, organisation_id=10, week="2026-W53")
    assert await weeks(service) == [(10, date(2026, 12, 28)), (10, date(2027, 1, 4))]


@pytest.mark.parametrize("week", ["2025-W53", "2026-W54", "2026-W0", "2026", "next", "", "2026-W1-W2"])
@pytest.mark.parametrize("dry_run", [True, False])
async def test_a_week_that_there_is_not_is_refused(
    service: Service, world: World, folder: Path, week: str, dry_run: bool
) -> None:
    await world.staff(("editor", 1), login="editor")
    with pytest.raises(Invalid) as refusal:
        await bring_in(service, folder, week=week, dry_run=dry_run)
    assert refusal.value.shown_code == "no_such_week"
    assert f"「{week}」" in refusal.value.shown_detail


async def test_lessons_and_questions_need_an_author_who_may_sign_in(
    service: Service, world: World, clock: MovableClock, folder: Path, tmp_path: Path
) -> None:
    editor = await world.staff(("editor", 1), login="editor")
    sheet = tmp_path / "questions.xlsx"
    sheet.write_bytes(question_template())
    for path in (folder, sheet):
        for login in (None, "nobody", ""):
            with pytest.raises(NoAuthor):
                await bring_in(service, path, login=login)
    async with transaction(service.sessions) as session:
        await session.execute(update(Account).where(Account.id == editor.id).values(disabled_at=clock.now))
    with pytest.raises(NoAuthor):
        await bring_in(service, folder)
    assert await weeks(service) == []


async def test_an_organisation_that_there_is_not_is_refused(
    service: Service, world: World, folder: Path, tmp_path: Path
) -> None:
    await world.staff(("editor", 1), login="editor")
    for name, data in (("questions.xlsx", question_template()), ("roster.xlsx", roster_template())):
        (tmp_path / name).write_bytes(data)
    for path in (folder, tmp_path / "questions.xlsx", tmp_path / "roster.xlsx"):
        with pytest.raises(NotFound):
            await bring_in(service, path, organisation_id=999)


async def test_questions_go_to_the_bank_of_the_organisation(service: Service, world: World, tmp_path: Path) -> None:
    await world.staff(("editor", 1), login="editor")
    sheet = tmp_path / "questions.xlsx"
    sheet.write_bytes(question_template())
    assert await bring_in(service, sheet, dry_run=True) == Report(
        ["试题 5 道", "以上为试运行结果，没有导入任何内容。"], True
    )
    assert await count(service, Question) == 0
    assert (await bring_in(service, sheet, organisation_id=10)).accepted
    async with transaction(service.sessions) as session:
        assert set(await session.scalars(select(Question.organisation_id))) == {10}


async def test_what_of_a_question_sheet_is_not_kept_is_said(service: Service, world: World, tmp_path: Path) -> None:
    await world.staff(("editor", 1), login="editor")
    sheet = tmp_path / "questions.xlsx"
    sheet.write_bytes(write_xlsx({"试题": [[*HEADER, "分值"], ["单选", "多久一次？", "每月", "每季度", "B", 5]]}))
    report = await bring_in(service, sheet)
    assert (report.accepted, "「分值」不在模板里" in report.lines[1]) == (True, True)


async def test_a_bad_question_keeps_the_sheet_out(service: Service, world: World, tmp_path: Path) -> None:
    await world.staff(("editor", 1), login="editor")
    sheet = tmp_path / "questions.xlsx"
    good, bad = ["单选", "多久一次？", "每月", "每季度", "B"], ["单选", "多少人？", "三人", "七人", "C"]
    sheet.write_bytes(write_xlsx({"试题": [[*HEADER], [*good], [*bad]]}))
    report = await bring_in(service, sheet)
    assert not report.accepted
    assert report.lines[1].startswith("第 3 行：")
    assert report.lines[-1] == "以上内容需要修改，本次没有导入任何内容。"
    assert await count(service, Question) == 0


async def test_a_roster_may_be_kept_to_a_subtree(service: Service, world: World, tmp_path: Path) -> None:
    file = tmp_path / "roster.xlsx"
    header = ["姓名", "所在党组织"]
    file.write_bytes(write_xlsx({"党员": [[*header], ["张三", "一支部"]]}))
    assert (await bring_in(service, file, organisation_id=10)).accepted
    assert await count(service, Member) == 1
    file.write_bytes(write_xlsx({"党员": [[*header], ["李四", "三支部"]]}))
    report = await bring_in(service, file, organisation_id=10)
    assert not report.accepted
    assert report.lines[1].startswith("「党员」第 2 行：")
    assert await count(service, Member) == 1


@pytest.mark.parametrize("is_first", [True, False])
async def test_a_roster_for_the_whole_tree_is_seen_by_who_administers_its_top(
    service: Service, tmp_path: Path, is_first: bool
) -> None:
    if not is_first:
        async with transaction(service.sessions) as session:
            await create_root(session, "示范县委", service.clock())
    file = tmp_path / "roster.xlsx"
    tree = [[*ORGANISATION_COLUMNS], ["示范县委", "党委", ""], ["一支部", "党支部", "示范县委"]]
    people = [["姓名", "所在党组织"], ["张三", "一支部"]]
    file.write_bytes(write_xlsx({"党员": [[*row] for row in people], "党组织": [[*row] for row in tree]}))
    assert (await bring_in(service, file)).accepted
    async with service.sessions() as session:
        top = await session.scalar(select(Organisation.id).where(Organisation.parent_id.is_(None)))
        assert await session.scalar(select(RosterImport.organisation_id)) == top


async def test_a_roster_that_needs_an_answer_is_left_to_the_pages(
    service: Service, world: World, tmp_path: Path
) -> None:
    await world.member(100, name="张三", birth_month="1970-01")
    file = tmp_path / "roster.xlsx"
    rows = [["姓名", "所在党组织", "出生年月"], ["张三", "一支部", "1985.07"], ["李四", "一支部", ""]]
    file.write_bytes(write_xlsx({"党员": [[*row] for row in rows]}))
    report = await bring_in(service, file, organisation_id=10)
    assert not report.accepted
    assert report.lines[1].startswith("另有 1 行需要确认")
    assert report.lines[-1] == "以上内容需要修改，本次没有导入任何内容。"
    assert await count(service, Member) == 1


async def test_of_many_bad_lines_the_first_are_named(service: Service, world: World, tmp_path: Path) -> None:
    file = tmp_path / "roster.xlsx"
    rows = [["姓名", "所在党组织"], *([f"党员{chr(0x4E00 + number)}", "无此支部"] for number in range(201))]
    file.write_bytes(write_xlsx({"党员": [[*row] for row in rows]}))
    report = await bring_in(service, file, organisation_id=10)
    assert (len(report.lines), report.lines[-2]) == (203, "……共 201 行不能导入")


async def test_what_is_neither_is_refused(service: Service, world: World, tmp_path: Path) -> None:
    for number, data in enumerate((b"", b"text", write_xlsx({"表": [["甲"], ["一"]]}))):
        file = tmp_path / f"{number}.xlsx"
        file.write_bytes(data)
        with pytest.raises(ProductError):
            await bring_in(service, file)


async def test_set_up_is_done_once_and_is_on_record(service: Service) -> None:
    await set_up(service, "示范县委", "root", "管理员", PASSWORD)
    with pytest.raises(AlreadySetUp):
        await set_up(service, "另一个", "other", "管理员", PASSWORD)
    async with transaction(service.sessions) as session:
        actors = set(await session.scalars(select(AuditEntry.actor)))
    assert actors == {"system"}
    assert await count(service, Organisation) == 1


async def test_set_up_is_no_way_into_a_system_that_has_accounts(service: Service, world: World) -> None:
    await world.staff(("leader", 100))
    with pytest.raises(AlreadySetUp):
        await set_up(service, "另一个", "other", "管理员", PASSWORD)


@given(
    st.datetimes(
        min_value=datetime(2020, 1, 1, tzinfo=UTC).replace(tzinfo=None),
        max_value=datetime(2035, 1, 1, tzinfo=UTC).replace(tzinfo=None),
        timezones=st.just(UTC),
    ),
    st.sampled_from(["Asia/Shanghai", "UTC", "America/New_York", "Pacific/Apia"]),
)
def test_next_week_begins_on_a_monday_that_lies_ahead(now: datetime, timezone: str) -> None:
    monday = next_week(timezone, now)
    assert monday.weekday() == 0
    assert timedelta(1) <= monday - now.astimezone(ZoneInfo(timezone)).date() <= timedelta(days=7)


def test_next_week_is_that_of_the_organisations_zone() -> None:
    sunday_evening = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)  # Monday 0:00 in Shanghai
    assert next_week("UTC", sunday_evening) == date(2026, 11, 23)
    assert next_week("Asia/Shanghai", sunday_evening) == date(2026, 11, 30)
