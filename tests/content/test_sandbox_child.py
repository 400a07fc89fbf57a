import io
import json
import os
import resource
import runpy
import subprocess
import sys

import pytest

from content import sandbox_child
from content.errors import ContentError
from content.questions.sheet import question_template
from content.roster import roster_template

LESSON = "---\ntitle: 标题\nsource: 《条例》\n---\n# 正文\n\n| a |\n|---|\n| ★ |\n".encode()


def test_a_result_travels_as_json() -> None:
    outcome = json.loads(sandbox_child.run_task(sandbox_child.load_task("markdown"), LESSON))
    assert outcome["result"]["title"] == "标题"


def test_a_refusal_travels_as_json() -> None:
    def refuse(_: bytes) -> None:
        raise ContentError("some_code", "原因", line=3)

    assert json.loads(sandbox_child.run_task(refuse, b"")) == {
        "error": {"code": "some_code", "detail": "原因", "line": 3}
    }


def test_the_whole_child_reads_stdin_and_writes_stdout_once_confined(monkeypatch: pytest.MonkeyPatch) -> None:
    output = io.StringIO()
    limits: dict[int, tuple[int, int]] = {}
    monkeypatch.setattr(sys, "argv", ["child", "markdown"])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(LESSON)))
    monkeypatch.setattr(sys, "stdout", output)
    monkeypatch.setattr(resource, "setrlimit", limits.__setitem__)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.delitem(sys.modules, "content.sandbox_child")
    runpy.run_module("content.sandbox_child", run_name="__main__")
    assert json.loads(output.getvalue())["result"]["source"] == "《条例》"
    assert resource.RLIMIT_AS in limits


@pytest.mark.parametrize(("user", "dropped"), [(0, ["groups", "gid", "uid"]), (1000, [])])
def test_root_becomes_nobody_groups_first(user: int, dropped: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    limits: dict[int, tuple[int, int]] = {}
    monkeypatch.setattr(resource, "getrlimit", lambda _: (0, resource.RLIM_INFINITY))
    monkeypatch.setattr(resource, "setrlimit", limits.__setitem__)
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr(os, "setgroups", lambda groups: calls.append("groups"))
    monkeypatch.setattr(os, "setgid", lambda gid: calls.append("gid"))
    monkeypatch.setattr(os, "setuid", lambda uid: calls.append("uid"))
    sandbox_child.confine()
    assert calls == dropped
    assert limits[resource.RLIMIT_AS] == (1024**3, 1024**3)
    assert limits[resource.RLIMIT_CPU] == (10, 10)
    assert limits[resource.RLIMIT_NPROC] == (0, 0)
    assert limits[resource.RLIMIT_FSIZE] == (0, 0)


def test_a_limit_is_never_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    limits: dict[int, tuple[int, int]] = {}
    monkeypatch.setattr(resource, "getrlimit", lambda _: (5, 5))
    monkeypatch.setattr(resource, "setrlimit", limits.__setitem__)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    sandbox_child.confine()
    assert limits[resource.RLIMIT_AS] == (5, 5)
    assert limits[resource.RLIMIT_NPROC] == (0, 0)


def run(code: str, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-c", code], input=data, capture_output=True, timeout=60, check=False)


@pytest.mark.parametrize(
    "attempt",
    ["os.fork()", "os.write(os.memfd_create('x'), b'x')", "bytearray(2 * 1024**3)", "os.setuid(0)"],
)
def test_a_confined_process_can_not(attempt: str) -> None:
    if attempt == "os.setuid(0)" and os.geteuid() != 0:
        pytest.skip("only root has this right to lose")
    code = f"import os\nfrom content.sandbox_child import confine\nconfine()\n{attempt}\nprint('done')"
    assert b"done" not in run(code).stdout


def test_a_confined_process_still_computes() -> None:
    assert run("from content.sandbox_child import confine\nconfine()\nprint('done')").stdout == b"done\n"


@pytest.mark.parametrize(
    ("task", "data"),
    [
        ("markdown", LESSON),
        ("markdown", b"x"),
        ("question_sheet", question_template()),
        ("roster", roster_template()),
        ("roster", b"PK\x03\x04"),
    ],
)
def test_a_task_imports_nothing_once_it_has_begun(task: str, data: bytes) -> None:
    code = (
        "import sys\nfrom content.sandbox_child import load_task, run_task\n"
        f"parse = load_task({task!r})\nbefore = set(sys.modules)\n"
        "run_task(parse, sys.stdin.buffer.read())\nprint(sorted(set(sys.modules) - before))"
    )
    assert run(code, data).stdout == b"[]\n"
