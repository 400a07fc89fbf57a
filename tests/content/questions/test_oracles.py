"""Others read what we write, and we read what others read: gift-pegjs for GIFT, @citolab/qti-convert for QTI."""

import json
import os
import re
import shutil
import subprocess
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from content.questions.check import LETTERS, ParsedQuestion
from content.questions.gift import parse_gift
from content.questions.qti import parse_qti_item
from content.questions.read import parse_questions, write_questions
from tests.content.questions.corpus import corpus

ORACLES = Path(__file__).parents[2] / "oracles"
# Kind, stem, options and answer, without white space.
Understood = tuple[str, str, tuple[str, ...], tuple[str, ...]]


def ask(script: str, question: object) -> Any:
    """What the oracle says; where it is not installed the test is skipped, but fails in CI."""
    node = shutil.which("node")
    if node is None or not (ORACLES / "node_modules").is_dir():
        missing = pytest.fail if os.environ.get("CI") else pytest.skip
        missing("the oracles are not installed: install node and npm, then `make oracles`")
    done = subprocess.run(
        [node, script], cwd=ORACLES, input=json.dumps(question).encode(), capture_output=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    return json.loads(done.stdout)


def bare(text: str) -> str:
    return re.sub(r"\s", "", text)


def shape(question: ParsedQuestion) -> Understood:
    answer = tuple(map(bare, question.answer))
    return question.kind, bare(question.stem), tuple(map(bare, question.options)), answer


def without_place(questions: Sequence[ParsedQuestion]) -> list[ParsedQuestion]:
    return [replace(question, line=0, source="", difficulty=0, tags=()) for question in questions]


def test_the_corpus_has_more_than_200_questions_of_all_kinds() -> None:
    assert len(corpus()) > 200
    assert {question.kind for question in corpus()} == {"single", "multiple", "true_false", "fill_in", "ordering"}


def gift_shape(question: dict[str, Any]) -> Understood:
    """What gift-pegjs understood, in our words."""
    stem = bare(question["stem"]["text"])
    if question["type"] == "TF":
        return "true_false", stem, ("正确", "错误"), ("A" if question["isTrue"] else "B",)
    if question["type"] == "Matching":
        pairs = [(bare(pair["subquestion"]["text"]), int(pair["subanswer"])) for pair in question["matchPairs"]]
        order = sorted(range(len(pairs)), key=lambda place: pairs[place][1])
        return "ordering", stem, tuple(text for text, _ in pairs), tuple(LETTERS[place] for place in order)
    texts = tuple(bare(choice["text"]["text"]) for choice in question["choices"])
    if question["type"] == "Short":
        return "fill_in", stem, (), texts
    right = [choice["isCorrect"] for choice in question["choices"]]
    if any(right):
        return "single", stem, texts, (LETTERS[right.index(True)],)
    weights = [choice["weight"] or 0 for choice in question["choices"]]
    return "multiple", stem, texts, tuple(LETTERS[place] for place, weight in enumerate(weights) if weight > 0)


def test_gift_pegjs_understands_the_whole_corpus_as_we_mean_it() -> None:
    (said,) = ask("gift.mjs", [write_questions(corpus(), "gift").decode()])
    assert "error" not in said, said
    assert [gift_shape(question) for question in said["questions"]] == [shape(question) for question in corpus()]
    for question, ours in zip(said["questions"], corpus(), strict=True):
        assert bare((question["globalFeedback"] or {"text": ""})["text"]) == bare(ours.explanation)
        assert tuple(question["tags"] or ()) == ours.tags


SAMPLES = [
    "支部党员大会一般多久召开1次？{~每月 =每季度 ~每年}",
    "::第一题:: 支部党员大会一般多久召开1次？{\n~每月\n=每季度\n~每年\n}",
    "// 注释\n::Q1::[html]<p>党小组会一般<b>每月</b>召开1次。</p>{TRUE}",
    "党小组会一般每年召开1次。{F}",
    "党小组会一般每年召开1次。{FALSE#不对#对了####党小组会一般每月召开1次。}",
    "“三会一课”中的“三会”有{~%33.33333%支部党员大会 ~%33.33333%支部委员会会议 ~%33.33333%党小组会 ~%-100%职工大会}",
    "“一课”指什么？{=党课 =上党课}",
    "“一课”指什么？{党课}",
    "预备期为{=1 =一}年。",
    "党支部应当{~每周 =每月 ~每年}开展1次主题党日。",
    "一加一写作 1 + 1 \\= 2，冒号\\: 井号\\# 波浪\\~ 括号\\{\\} 反斜杠\\\\，对吗？{T}",
    "按先后排列：{=个人自评 -> 1 =民主测评 -> 3 =党员互评 -> 2}",
    "哪一项正确？{=%100%甲#好 ~%0%乙#再想想 ####说明}",
    "[markdown]**哪一项**正确？{=甲 ~乙}",
    "[moodle]哪一项正确？{=[plain]甲 ~[html]<i>乙</i>}",
    "// [id:7] [tag:党章] [tag:入党]\n哪一项正确？{=甲 ~乙}",
    "换行\\n之后，哪一项正确？{\n\t=甲\n\t~乙\n}",
    "说说你的体会。{}",
    "说说你的体会。{####写得具体些}",
    "党员每年集中学习培训一般不少于多少学时？{#32}",
    "大约是多少？{#3.14:0.01}",
    "大约是多少？{#=%100%3.1415:0 =%50%3:1}",
    "连一连：{=会议 -> 支部党员大会 =课 -> 党课}",
    "下面是几道选择题。",
]
REFUSED = {"Essay": "essay", "Numerical": "numeric", "Matching": "matching", "Description": "description"}


def test_of_any_gift_text_gift_pegjs_and_we_understand_the_same() -> None:
    for text, said in zip(SAMPLES, ask("gift.mjs", SAMPLES), strict=True):
        (theirs,) = said["questions"]
        sheet = parse_gift(text.encode())
        if sheet.rejected:
            assert [rejected.code for rejected in sheet.rejected] == [REFUSED[theirs["type"]]], text
            continue
        (ours,) = sheet.questions
        # It keeps HTML as it is written.
        expected = gift_shape(json.loads(re.sub("</?[a-z]+>", "", json.dumps(theirs))))
        assert shape(ours)[0] == expected[0], text
        # A blank: it has spaces around, which are no part of it here.
        assert shape(ours) == expected, text
        assert ours.tags == tuple(theirs["tags"] or ())


@pytest.mark.parametrize(
    "text", ["没有括完{=甲 ~乙", "多了一个}", "两处{T}答案{F}", "两题{T}\n相连{F}", "先说{多余 =甲 ~乙}"]
)
def test_what_gift_pegjs_cannot_read_we_refuse_by_its_line(text: str) -> None:
    (said,) = ask("gift.mjs", [text])
    assert "error" in said
    (rejected,) = parse_gift(f"\n\n{text}".encode()).rejected
    assert rejected.line == 3


def qti_shape(said: dict[str, Any]) -> Understood:
    """What the converter and cheerio understood, in our words."""
    stem, options = bare(said["stem"]), tuple(map(bare, said["options"]))
    if said["kind"] == "text":
        assert said["right"] == said["accepted"][:1]
        return "fill_in", stem, (), tuple(map(bare, said["accepted"]))
    kind = {"single": "single", "multiple": "multiple", "ordered": "ordering"}[said["cardinality"]]
    assert (said["kind"] == "order") == (kind == "ordering")
    if said["names"] == ["true", "false"]:
        kind = "true_false"
    return kind, stem, options, tuple(LETTERS[said["names"].index(name)] for name in said["right"])


def items(package: bytes) -> list[str]:
    with zipfile.ZipFile(BytesIO(package)) as archive:
        return [archive.read(name).decode() for name in sorted(archive.namelist()) if name.startswith("items/")]


@pytest.mark.timeout(300)
def test_the_qti_converter_understands_the_whole_corpus_as_we_mean_it(tmp_path: Path) -> None:
    version_2, version_3 = write_questions(corpus(), "qti21"), write_questions(corpus(), "qti3")
    (tmp_path / "two.zip").write_bytes(version_2)
    request = {
        "items": [*items(version_2), *items(version_3)],
        "package": str(tmp_path / "two.zip"),
        "converted": str(tmp_path / "three.zip"),
    }
    said = ask("qti.mjs", request)
    assert [qti_shape(each["understood"]) for each in said] == [shape(question) for question in corpus()] * 2
    assert [bare(each["understood"]["feedback"]) for each in said] == [bare(each.explanation) for each in corpus()] * 2
    # And back: what came out of the converter and of the transformer is to us what we wrote.
    back = [question for each in said for question in parse_qti_item(each["xml"].encode()).questions]
    assert without_place(back) == without_place(corpus()) * 2
    converted = parse_questions((tmp_path / "three.zip").read_bytes(), {"file_name": "three.zip"})
    assert [replace(question, line=0) for question in converted.questions] == list(corpus())
    assert (converted.rejected, converted.notes) == ((), ())
