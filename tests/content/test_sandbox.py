import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from content import sandbox
from content.documents.markdown import parse_markdown
from content.errors import ContentError
from content.questions.read import parse_questions
from content.questions.sheet import parse_question_sheet, question_template
from content.sandbox import parse_in_child
from content.sandbox_child import TASKS

LESSON = "---\ntitle: 标题\nsource: 《条例》\n---\n正文 **重点**\n".encode()


@pytest.fixture
def child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], object]:
    """A function that puts code in the place of the child."""
    monkeypatch.setattr(sandbox, "_ROOT", tmp_path)
    monkeypatch.setattr(sandbox, "_CHILD", "stand_in")
    return (tmp_path / "stand_in.py").write_text


def children() -> list[psutil.Process]:
    return [process for process in psutil.Process().children() if "stand_in" in process.cmdline()]


async def test_each_task_gives_what_its_parser_gives() -> None:
    assert await parse_in_child("markdown", LESSON) == parse_markdown(LESSON)
    assert await parse_in_child("question_sheet", question_template()) == parse_question_sheet(question_template())


async def test_options_reach_the_child_before_the_file() -> None:
    file = "题干\nA. 甲\nB. 乙\nANSWER: B\n".encode()
    options = {"file_name": "三会一课\n.txt"}
    assert await parse_in_child("questions", file, options) == parse_questions(file, options)


def test_parent_and_child_know_the_same_tasks() -> None:
    assert set(sandbox.TASKS) == set(TASKS)


async def test_an_unknown_task_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(KeyError):
        await parse_in_child("os.system", b"")


async def test_a_refusal_comes_back_as_it_was_raised() -> None:
    with pytest.raises(ContentError) as caught:
        await parse_in_child("markdown", b"---\ntitle: a\nsource: [b]\n---\nc")
    assert (caught.value.code, caught.value.line) == ("yaml_too_deep", 3)
    assert caught.value.detail.startswith("第 3 行")


@pytest.mark.parametrize(
    "code",
    [
        "import os; os._exit(3)",
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
        "print('{\"result\": {}}'); raise MemoryError",
        "while True: print('x' * 100_000)",
    ],
    ids=["exits", "is killed", "fails after its answer", "says too much"],
)
@pytest.mark.timeout(60)
async def test_a_child_that_fails_is_a_clear_refusal(child: Callable[[str], object], code: str) -> None:
    child(code)
    with pytest.raises(ContentError) as caught:
        await parse_in_child("markdown", b"x" * 5_000_000)
    assert caught.value.code == "document_too_complex"
    assert caught.value.detail == "文件过于复杂或已损坏，无法解析。请简化后重新上传。"
    assert children() == []


async def test_a_child_that_takes_too_long_is_killed_while_others_are_served(child: Callable[[str], object]) -> None:
    child("import time; time.sleep(60)")
    beats = 0

    async def beat() -> None:
        nonlocal beats
        while True:
            await asyncio.sleep(0.02)
            beats += 1

    heart = asyncio.create_task(beat())
    start = time.monotonic()
    with pytest.raises(ContentError, match="document_too_complex"):
        await parse_in_child("markdown", b"x" * 5_000_000, seconds=1)
    heart.cancel()
    assert time.monotonic() - start < 10
    assert beats > 10
    assert children() == []


async def test_a_caller_that_gives_up_leaves_no_child_behind(child: Callable[[str], object]) -> None:
    child("import time; time.sleep(60)")
    parsing = asyncio.create_task(parse_in_child("markdown", b"x"))
    await asyncio.sleep(0.5)
    assert len(children()) == 1
    parsing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await parsing
    assert children() == []


async def test_at_most_two_children_run_at_a_time(child: Callable[[str], object]) -> None:
    child("import time; time.sleep(0.5); raise SystemExit(1)")
    most = 0

    async def watch() -> None:
        nonlocal most
        while True:
            most = max(most, len(children()))
            await asyncio.sleep(0.02)

    watching = asyncio.create_task(watch())
    outcomes = await asyncio.gather(*(parse_in_child("markdown", b"") for _ in range(4)), return_exceptions=True)
    watching.cancel()
    assert all(isinstance(outcome, ContentError) for outcome in outcomes)
    assert most == 2


async def test_a_child_knows_no_secrets_of_the_service(
    child: Callable[[str], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://secret")
    child("import os; raise SystemExit('DATABASE_URL' not in os.environ)")
    with pytest.raises(ContentError, match="document_too_complex"):
        await parse_in_child("markdown", b"")


@pytest.mark.timeout(60)
async def test_a_file_that_eats_cpu_is_stopped() -> None:
    with pytest.raises(ContentError, match="document_too_complex"):
        await parse_in_child("markdown", LESSON + b"- " * 250_000, seconds=0.2)


def test_each_event_loop_has_its_own_slots() -> None:
    for _ in range(2):
        assert asyncio.run(parse_in_child("markdown", LESSON)).title == "标题"
