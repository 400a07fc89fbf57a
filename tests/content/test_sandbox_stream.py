import asyncio
import time
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import psutil
import pytest

from content import sandbox
from content.errors import ContentError
from content.roster import RosterHeader, RosterLine, RosterOptions, SkippedLine
from content.roster.parse import parse_roster_lines
from content.sandbox import BATCH, stream_in_child
from content.sandbox_child import STREAMS
from tests.content.rosters.build import BRANCH, HEADER, TODAY, inline, text, xls, xlsx, xlsx_of_xml

TREE = [["名称", "类别", "上级"], ["镇党委", "党委"]]
OPTIONS: RosterOptions = {"today": TODAY, "columns": {"单位": "organisation"}, "default_organisation": "示范支部"}
SAY = """import json, sys
def say(line, size=0): print(json.dumps(["SkippedLine", {"line": line, "sheet": "", "text": "x" * size}]))
def refuse(): print(json.dumps(["error", {"code": "a", "detail": "b", "line": 9}]))
"""


@pytest.fixture
def child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], object]:
    """A function that puts code in the place of the child."""
    monkeypatch.setattr(sandbox, "_ROOT", tmp_path)
    monkeypatch.setattr(sandbox, "_CHILD", "stand_in")
    return lambda code: (tmp_path / "stand_in.py").write_text(SAY + code)


def children() -> list[psutil.Process]:
    return [process for process in psutil.Process().children() if "stand_in" in process.cmdline()]


async def batches(data: bytes = b"x", *, seconds: float = 30.0) -> list[list[Any]]:
    async with aclosing(stream_in_child("roster_lines", data, {**OPTIONS}, seconds=seconds)) as found:
        return [batch async for batch in found]


async def events(data: bytes) -> list[Any]:
    return [event for batch in await batches(data) for event in batch]


def test_parent_and_child_know_the_same_streams() -> None:
    assert set(sandbox.STREAMS) == set(STREAMS)


async def test_an_unknown_stream_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(KeyError):
        await anext(stream_in_child("os.system", b"", {}))


@pytest.mark.parametrize(
    "build",
    [
        xlsx({"党员": [HEADER, ["张𠮷", BRANCH], ["", BRANCH], ["合计"]], "党组织": TREE}),
        xls([["姓名", "单位"], ["张三", BRANCH]]),
        text("姓名,手机\n张三,\n李四,19900000001\n", "gb18030"),
        text("姓名;手机\n张三;\n", "utf-16"),
    ],
)
async def test_each_format_gives_what_its_parser_gives(build: Callable[[], bytes]) -> None:
    data = build()
    assert await events(data) == list(parse_roster_lines(data, OPTIONS))


async def test_the_first_lines_are_there_while_the_child_is_still_parsing() -> None:
    rows = "".join(f"张三,支部{number},\n" for number in range(30_000))
    sizes: list[int] = []
    async with aclosing(stream_in_child("roster_lines", f"姓名,党支部,手机\n{rows}".encode(), {**OPTIONS})) as found:
        async for batch in found:
            if not sizes:
                assert isinstance(batch[0], RosterHeader)
                assert isinstance(batch[1], RosterLine)
                assert [process for process in psutil.Process().children() if "roster_lines" in process.cmdline()]
            sizes.append(len(batch))
    assert max(sizes) == BATCH
    assert sum(sizes) == 30_001


async def test_a_refusal_comes_after_what_was_read_before_it(child: Callable[[str], object]) -> None:
    child("for line in range(1500): say(line)\nrefuse()")
    found = stream_in_child("roster_lines", b"x", {**OPTIONS})
    assert [len(await anext(found)), len(await anext(found))] == [1000, 500]
    with pytest.raises(ContentError) as caught:
        await anext(found)
    assert (caught.value.code, caught.value.detail, caught.value.line) == ("a", "b", 9)


async def test_a_refusal_of_the_file_comes_back_as_it_was_raised() -> None:
    with pytest.raises(ContentError) as caught:
        await events(b"%PDF-1.7")
    assert caught.value.code == "unsupported_format"


@pytest.mark.parametrize(
    "code",
    [
        "import os; os._exit(3)",
        "say(1); sys.stdout.flush(); import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
        "say(1); print('[', end='')",
        "while True: print('x' * 100_000, end='')",
    ],
    ids=["exits", "is killed", "breaks off", "says no line"],
)
@pytest.mark.timeout(60)
async def test_a_child_that_fails_is_a_clear_refusal(child: Callable[[str], object], code: str) -> None:
    child(code)
    with pytest.raises(ContentError) as caught:
        await batches(b"x" * 5_000_000)
    assert caught.value.code == "document_too_complex"
    assert children() == []


@pytest.mark.parametrize("pause", [60, 0.2], ids=["falls silent", "says a little now and then"])
async def test_a_child_that_takes_too_long_is_killed(child: Callable[[str], object], pause: float) -> None:
    child(f"import time\nfor line in range(1200): say(line); sys.stdout.flush(); time.sleep({pause})")
    start = time.monotonic()
    with pytest.raises(ContentError, match="document_too_complex"):
        await batches(seconds=1.5)
    assert time.monotonic() - start < 20
    assert children() == []


async def test_a_slow_reader_holds_the_child_back_and_is_not_punished(
    child: Callable[[str], object], tmp_path: Path
) -> None:
    child(
        "for line in range(20_000):\n"
        "    say(line, 500)\n"
        f"    if line % 100 == 0: open({str(tmp_path / 'said')!r}, 'w').write(str(line))"
    )
    seen = 0
    async with aclosing(stream_in_child("roster_lines", b"x", {**OPTIONS}, seconds=5)) as found:
        async for batch in found:
            if not seen:
                await asyncio.sleep(6)
                assert int((tmp_path / "said").read_text()) < 5_000
            seen += len(batch)
    assert seen == 20_000


async def test_closing_the_stream_kills_the_child(child: Callable[[str], object]) -> None:
    child("line = 0\nwhile True:\n    line += 1\n    say(line)")
    async with aclosing(stream_in_child("roster_lines", b"x", {**OPTIONS})) as found:
        assert await anext(found) == [SkippedLine(line, "", "") for line in range(1, 1001)]
        assert len(children()) == 1
    assert children() == []


async def test_a_caller_that_gives_up_leaves_no_child_behind(child: Callable[[str], object]) -> None:
    child("import time; time.sleep(60)")
    reading = asyncio.create_task(batches())
    while not children():
        await asyncio.sleep(0.05)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert children() == []


async def test_at_most_two_streams_are_open_at_a_time_and_lessons_need_not_wait_for_them(
    child: Callable[[str], object],
) -> None:
    child("if sys.argv[1] == 'markdown': raise SystemExit(1)\nimport time; time.sleep(2); refuse()")
    waiting = [asyncio.create_task(batches()) for _ in range(3)]
    while len(children()) < 2:
        await asyncio.sleep(0.02)
    with pytest.raises(ContentError, match="document_too_complex"):
        await sandbox.parse_in_child("markdown", b"")
    assert not any(task.done() for task in waiting)
    most = 0
    while not all(task.done() for task in waiting):
        most = max(most, len(children()))
        await asyncio.sleep(0.02)
    assert most == 2
    assert [str(outcome) for outcome in await asyncio.gather(*waiting, return_exceptions=True)] == ["('a', 'b')"] * 3


@pytest.mark.timeout(60)
async def test_a_sheet_whose_cells_contradict_its_rows_ends_as_a_refusal() -> None:
    # Its rows say that it is small; the reader believes the cells, and asks for more memory than there is.
    data = xlsx_of_xml(f'<row r="1">{inline("A1", "姓名")}</row><row r="2">{inline("XFD1048576", "x")}</row>')()
    with pytest.raises(ContentError):
        await events(data)


async def test_options_travel_with_the_file() -> None:
    found = await events(xlsx([["姓名", "单位"], ["张三", BRANCH]])())
    assert [line.organisation for line in found if isinstance(line, RosterLine)] == [BRANCH]
    found = await events(xlsx([["姓名"], ["张三"]])())
    assert [line.organisation for line in found if isinstance(line, RosterLine)] == ["示范支部"]
