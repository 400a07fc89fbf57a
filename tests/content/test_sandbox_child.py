import io
import json
import os
import resource
import runpy
import subprocess
import sys
from collections.abc import Callable
from datetime import date

import pytest

from content import sandbox_child
from content.errors import ContentError
from content.questions.check import check_question
from content.questions.read import write_questions
from content.questions.sheet import question_template
from content.roster import roster_template
from content.tables import write_xlsx
from tests.content.documents.build_docx import official_docx, picture, rich_docx
from tests.content.documents.build_pdf import chinese_pdf
from tests.content.documents.build_pptx import rich_pptx
from tests.content.rosters.build import BRANCH, HEADER, compound, text, xls, xlsx, zipped

QUESTIONS = [
    check_question("单选", "题干", ["甲", "乙"], "A", "解析", "《条例》", "3", "组织生活"),
    check_question("填空", "题干  二", [], "月|个月"),
    check_question("排序", "题干", ["丙", "丁"], "BA"),
]

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
    output = io.BytesIO()
    limits: dict[int, tuple[int, int]] = {}
    monkeypatch.setattr(sys, "argv", ["child", "markdown"])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"{}\n" + LESSON)))
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(output))
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


def test_a_roster_has_more_time_than_the_rest_and_no_more_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    limits: dict[int, tuple[int, int]] = {}
    monkeypatch.setattr(resource, "getrlimit", lambda _: (0, resource.RLIM_INFINITY))
    monkeypatch.setattr(resource, "setrlimit", limits.__setitem__)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    sandbox_child.confine("roster_lines")
    assert limits[resource.RLIMIT_CPU] == (60, 60)
    assert limits[resource.RLIMIT_AS] == (1024**3, 1024**3)
    assert limits[resource.RLIMIT_NPROC] == (0, 0)


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
        ("word_list", write_xlsx({"a": [["词语"], ["内部消息"]]})),
        ("html", '<meta charset="gbk"><p>学习'.encode("gbk")),
        ("html", "<p>学习".encode("utf-16")),
        ("docx", rich_docx()),
        ("docx", official_docx()),
        ("docx", b"PK"),
        ("pptx", rich_pptx()),
        ("pdf", chinese_pdf(2)),
        ("pdf", b"%PDF-1.7"),
        ("picture", picture("PNG")),
        ("picture", picture("JPEG", (3000, 2000))),
        ("picture", picture("WEBP")),
        ("picture", picture("GIF")),
        ("picture", picture("BMP")),
        ("picture", b"x"),
    ],
)
def test_a_task_imports_nothing_once_it_has_begun(task: str, data: bytes) -> None:
    code = (
        "import sys\nfrom content.sandbox_child import load_task, run_task\n"
        f"parse = load_task({task!r})\nbefore = set(sys.modules)\n"
        "run_task(parse, sys.stdin.buffer.read())\nprint(sorted(set(sys.modules) - before))"
    )
    assert run(code, data).stdout == b"[]\n"


@pytest.mark.parametrize("name", ["a.xlsx", "a.csv", "a.xls", "a.gift", "a.txt", "a.zip", "a.xml"])
@pytest.mark.parametrize(
    "data",
    [
        question_template(),
        write_questions(QUESTIONS, "gift"),
        write_questions(QUESTIONS, "qti21"),
        write_questions(QUESTIONS, "qti3"),
        "题干\nＡ、甲\nＢ、乙\n答案：Ａ".encode("gb18030"),
        "题型,题干,选项A,选项B,答案\n判断,题干,,,对".encode("gb18030"),
        b"<?xml version='1.0'?><assessmentItem/>",
        b"<!DOCTYPE a>",
        compound("EncryptedPackage")(),
    ],
    ids=["xlsx", "gift", "qti21", "qti3", "aiken", "csv", "item", "dtd", "encrypted"],
)
def test_reading_questions_imports_nothing_once_it_has_begun(name: str, data: bytes) -> None:
    code = (
        "import sys\nfrom content.sandbox_child import load_task, run_task\n"
        "parse = load_task('questions')\nbefore = set(sys.modules)\n"
        f"run_task(parse, sys.stdin.buffer.read(), {{'file_name': {name!r}}})\n"
        "print(sorted(set(sys.modules) - before))"
    )
    assert run(code, data).stdout == b"[]\n"


def test_drawing_pages_imports_nothing_once_it_has_begun() -> None:
    code = (
        "import sys\nfrom content.sandbox_child import load_task, run_task\n"
        "parse = load_task('pdf_pages')\nbefore = set(sys.modules)\n"
        "said = run_task(parse, sys.stdin.buffer.read(), {'first': 1, 'last': 2})\n"
        "print(sorted(set(sys.modules) - before), len(said) > 5000)"
    )
    assert run(code, chinese_pdf(2)).stdout == b"[] True\n"


def test_bytes_of_a_result_follow_the_json_that_counts_them() -> None:
    said = sandbox_child.run_task(sandbox_child.load_task("picture"), picture())
    line, _, blobs = said.partition(b"\n")
    assert json.loads(line)["result"]["pictures"][0]["data"] == len(blobs)
    assert blobs.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "build",
    [
        roster_template,
        xlsx([HEADER, ["张三", BRANCH, "#N/A"]]),
        xls([HEADER, ["张三", BRANCH, date(1985, 7, 3)]]),
        text(f"姓名,党支部\n张三,{BRANCH}", "gb18030"),
        text(f"姓名,党支部\n张三,{BRANCH}", "utf-16"),
        text(f"姓名,党支部\n张三,{BRANCH}", "utf-8-sig"),
        text('"x'),
        zipped(mimetype="application/vnd.oasis.opendocument.spreadsheet"),
        compound("EncryptedPackage"),
    ],
)
def test_a_stream_imports_nothing_once_it_has_begun(build: Callable[[], bytes]) -> None:
    code = (
        "import sys\nfrom content.sandbox_child import load_task, run_stream\n"
        "parse = load_task('roster_lines')\nbefore = set(sys.modules)\n"
        "said = list(run_stream(parse, sys.stdin.buffer.read()))\n"
        "print(sorted(set(sys.modules) - before), len(said) > 0)"
    )
    assert run(code, b'{"today": "2026-11-24"}\n' + build()).stdout == b"[] True\n"


def test_a_stream_is_a_line_of_json_an_event() -> None:
    said = sandbox_child.run_stream(
        sandbox_child.load_task("roster_lines"), b'{"today": "2026-11-24"}\n' + xlsx([HEADER, ["张三", BRANCH]])()
    )
    header, line = map(json.loads, said)
    assert (header[0], header[1]["columns"][0]) == (
        "RosterHeader",
        {"sheet": "Sheet1", "title": "姓名", "field": "name"},
    )
    assert (line[0], line[1]["name"], line[1]["raw"]) == (
        "RosterLine",
        "张三",
        {"name": "张三", "organisation": BRANCH},
    )


def test_a_stream_that_is_refused_ends_with_the_refusal() -> None:
    said = sandbox_child.run_stream(sandbox_child.load_task("roster_lines"), b'{"today": "2026-11-24"}\n')
    assert [json.loads(each) for each in said] == [
        ["error", {"code": "empty_file", "detail": "文件是空的，请检查后重新上传。", "line": None}]
    ]
