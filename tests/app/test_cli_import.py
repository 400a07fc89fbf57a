"""`zhijian setup` and `zhijian import`: all of it or nothing."""

import io
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import select, text

from app.db.engine import Sessions, transaction
from app.directory.models import Account, Organisation
from app.identity.passwords import matches
from content.demo.make import COLUMNS
from content.questions.sheet import question_template
from content.roster import ORGANISATION_COLUMNS, roster_template
from content.tables import Value, write_xlsx
from tests.app.commands import PASSWORD, SET_UP, accepted, counts, refused, run
from tests.journeys.program import Program, installed


@pytest.fixture
def program(database: str, tmp_path: Path) -> Iterator[Program]:
    """An installation on a fresh, migrated database; no platform is there."""
    with installed(database, tmp_path, "http://127.0.0.1:1") as started:
        yield started


async def test_set_up_makes_the_first_administrator_once(program: Program, sessions: Sessions) -> None:
    done = run(program, *SET_UP, "--name", "系统管理员", typed=f"{PASSWORD}\n")
    accepted(done)
    assert PASSWORD not in done.stdout + done.stderr
    async with transaction(sessions) as session:
        account = (await session.scalars(select(Account))).one()
        organisation = (await session.scalars(select(Organisation))).one()
        posts = (await session.execute(text("SELECT role, organisation_id, until_at FROM posts"))).all()
    assert (account.login, account.name, organisation.name) == ("root", "系统管理员", "示范县委")
    assert await matches(account.password_hash, PASSWORD)
    assert [tuple(post) for post in posts] == [("administrator", organisation.id, None)]
    again = run(program, "setup", "--organisation", "另一个", "--login", "other", typed=f"{PASSWORD}\n")
    refused(again, "已经初始化")
    assert (await counts(sessions))["organisations"] == 1


@pytest.mark.parametrize(
    ("password", "said"), [("short", "10"), ("root-is-the-password", "过于简单"), ("a" * 20, "过于简单")]
)
async def test_a_weak_password_is_refused(program: Program, sessions: Sessions, password: str, said: str) -> None:
    refused(run(program, *SET_UP, typed=f"{password}\n"), said)
    assert (await counts(sessions))["organisations"] == 0


async def test_the_sample_library_is_rehearsed_and_then_imported(program: Program, sessions: Sessions) -> None:
    accepted(run(program, *SET_UP, typed=f"{PASSWORD}\n"))
    before = await counts(sessions)
    rehearsal = accepted(run(program, "import", "content/library", "--login", "root", "--dry-run"))
    assert "没有导入" in rehearsal[-1]
    assert await counts(sessions) == before
    refused(run(program, "import", "content/library"), "--login")
    refused(run(program, "import", "content/library", "--login", "root", "--week", "2025-W53"), "2025-W53")
    refused(run(program, "import", "content/library", "--login", "root", "--organisation", "99"), "--organisation")
    assert await counts(sessions) == before
    done = accepted(run(program, "import", "content/library", "--login", "root", "--week", "2026-W53"))
    assert done[:-1] == rehearsal[:-1]
    after = await counts(sessions)
    assert after["issues"] == len(done) - 1
    async with transaction(sessions) as session:
        weeks = list(await session.scalars(text("SELECT week FROM issues ORDER BY week")))
    assert [str(week) for week in weeks][:2] == ["2026-12-28", "2027-01-04"]
    twice = run(program, "import", "content/library", "--login", "root", "--week", "2026-W53")
    assert twice.returncode == 1
    assert "Traceback" not in twice.stderr
    assert await counts(sessions) == after


async def test_a_folder_with_a_problem_is_named_and_kept_out(
    program: Program, sessions: Sessions, tmp_path: Path
) -> None:
    accepted(run(program, *SET_UP, typed=f"{PASSWORD}\n"))
    folder = tmp_path / "issues" / "01-one"
    folder.mkdir(parents=True)
    (folder / "issue.yaml").write_text("title: 一期\n")
    (folder / "01-a.md").write_text("no front matter")
    for more in ((), ("--dry-run",)):
        done = run(program, "import", str(folder.parent), "--login", "root", *more)
        assert done.returncode == 1
        assert "01-one/01-a.md" in done.stdout
        assert "没有导入任何内容" in done.stdout
    assert (await counts(sessions))["lessons"] == 0
    (tmp_path / "nothing").mkdir()
    refused(run(program, "import", str(tmp_path / "nothing"), "--login", "root"), "没有任何一期学习")


async def test_a_roster_is_rehearsed_and_then_imported(program: Program, sessions: Sessions, tmp_path: Path) -> None:
    file = tmp_path / "roster.xlsx"
    # The template, filled in: what it has as examples is never imported.
    book = openpyxl.load_workbook(io.BytesIO(roster_template()))
    for sheet in book.worksheets[:2]:
        for row in sheet.iter_rows(min_row=2):
            for cell in row:
                cell.value = str(cell.value).replace("示例", "实") if cell.value else None
    book.save(file)
    (rehearsed, closing) = accepted(run(program, "import", str(file), "--dry-run"))
    assert "新增党组织 3 个；党员新增 3 人" in rehearsed
    assert "没有导入" in closing
    assert (await counts(sessions))["members"] == 0
    assert accepted(run(program, "import", str(file))) == [rehearsed, "导入完成。"]
    (again, _) = accepted(run(program, "import", str(file)))
    assert "新增党组织 0 个；党员新增 0 人，变更 0 人，未变 3 人" in again
    found = await counts(sessions)
    assert (found["organisations"], found["members"]) == (3, 3)


async def test_bad_lines_of_a_roster_are_numbered_and_nothing_is_stored(
    program: Program, sessions: Sessions, tmp_path: Path
) -> None:
    file = tmp_path / "roster.xlsx"
    members: list[list[Value]] = [
        [*COLUMNS],
        ["张三", "东党支部", "19900000001", "", "", "", ""],
        ["李四", "东党支部", "12", "", "", "", ""],
        ["王五", "别处党支部", "", "", "", "", ""],
    ]
    organisations: list[list[Value]] = [[*ORGANISATION_COLUMNS], ["东党支部", "党支部", ""]]
    file.write_bytes(write_xlsx({"党员": members, "党组织": organisations}))
    done = run(program, "import", str(file))
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert [line.split("：")[0] for line in lines[1:-1]] == ["「党员」第 3 行", "「党员」第 4 行"]
    assert "需要修改，本次没有导入任何内容" in lines[-1]
    found = await counts(sessions)
    assert (found["organisations"], found["members"]) == (0, 0)


async def test_a_question_sheet_is_rehearsed_and_then_imported(
    program: Program, sessions: Sessions, tmp_path: Path
) -> None:
    accepted(run(program, *SET_UP, typed=f"{PASSWORD}\n"))
    file = tmp_path / "questions.xlsx"
    file.write_bytes(question_template())
    refused(run(program, "import", str(file)), "--login")
    assert accepted(run(program, "import", str(file), "--login", "root", "--dry-run"))[0] == "试题 5 道"
    assert (await counts(sessions))["questions"] == 0
    assert accepted(run(program, "import", str(file), "--login", "root")) == ["试题 5 道", "导入完成。"]
    assert (await counts(sessions))["questions"] == 5


async def test_what_is_no_sheet_is_refused(program: Program, tmp_path: Path) -> None:
    other = tmp_path / "other.xlsx"
    other.write_bytes(write_xlsx({"表": [["甲", "乙"], ["一", "二"]]}))
    text_file = tmp_path / "text.xlsx"
    text_file.write_text("姓名,所在党组织\n")
    for file in (other, text_file):
        refused(run(program, "import", str(file)))
    assert run(program, "import", str(tmp_path / "missing.xlsx")).returncode == 2
