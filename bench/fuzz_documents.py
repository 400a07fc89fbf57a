"""Fuzz the parsers of documents and questions: `make fuzz`, or `python -m bench.fuzz_documents --seconds 60 --seed 1`.

Valid files of each kind are damaged at random, in and outside of their zip parts, and parsed in the child. Each must be
refused with a ContentError or be parsed; of a lesson, sanitising must not change anything. The first that does not is
written to --keep, and the process ends with 1; the same seed makes the same files in the same order.
"""

import argparse
import asyncio
import random
import time
import zipfile
from collections import Counter
from io import BytesIO
from pathlib import Path
from typing import Any

from content.errors import ContentError
from content.questions.read import QuestionFormat, parse_questions, write_questions
from content.questions.sheet import question_template
from content.sandbox import MAX_CHILDREN, parse_in_child
from content.sanitize import sanitize_html
from content.tables import write_xlsx
from tests.content.documents.build_docx import official_docx, picture, rich_docx
from tests.content.documents.build_pdf import chinese_pdf, unembedded_pdf
from tests.content.documents.build_pptx import rich_pptx

MARKDOWN = (
    "---\ntitle: 标题\nsource: 出处\n---\n# 一\n\n| a | b |\n|---|--:|\n| 1 | [c](https://a.cn) |\n\n> - 1. `d`\n"
)
PAGE = (
    '<section style="text-align:center"><p>甲<b>乙</b><img data-src="https://a.cn/b" alt="图"></p></section>'
    "<table><tr><td colspan=2>a<ul><li>b</ul></td></tr></table><script>alert(1)</script><pre>c\nd</pre>"
)
AIKEN = "党的最高权力机关是什么？\nA. 全国代表大会\nB. 书记处\nANSWER: A\n"
CSV = "题型,题干,选项A,选项B,答案\n单选,一年有几个月？,十二,十,A\n".encode("gb18030")
# (task, options, a valid file)
Seeds = list[tuple[str, dict[str, object], bytes]]
INTERESTING = (
    b"\0",
    b"\xff" * 4,
    b"<",
    b">",
    b'"',
    b"&",
    b"-1",
    b"999999999",
    b"../",
    b"<!--",
    b"\x80\0\0\0",
    b"[" * 9,
)


def seeds() -> Seeds:
    """Return valid files of every kind."""
    pages: dict[str, object] = {"first": 1, "last": 2}
    found: Seeds = [("docx", {}, official_docx()), ("docx", {}, rich_docx()), ("pptx", {}, rich_pptx())]
    found += [("markdown", {}, MARKDOWN.encode()), ("html", {}, PAGE.encode()), ("html", {}, PAGE.encode("gb18030"))]
    for pdf in (chinese_pdf(2), unembedded_pdf("学习")):
        found += [("pdf", {}, pdf), ("pdf_pages", pages, pdf)]
    found.append(("pptx_pages", pages, rich_pptx()))
    found += question_files()
    found += [("picture", {}, picture(kind, (60, 40))) for kind in ("PNG", "JPEG", "WEBP", "GIF", "BMP")]
    return [*found, ("word_list", {}, write_xlsx({"a": [["词语", "级别"], ["内部消息", "敏感"]]}))]


def question_files() -> Seeds:
    """Return the questions of the template in every format that is written, and what is only read."""
    questions = parse_questions(question_template(), file_name="a.xlsx").questions
    formats: tuple[tuple[QuestionFormat, str], ...] = (
        ("xlsx", "a.xlsx"),
        ("gift", "a.gift"),
        ("qti21", "a.zip"),
        ("qti3", "a.zip"),
    )
    found: Seeds = [("questions", {"file_name": name}, write_questions(questions, kind)) for kind, name in formats]
    return [*found, ("questions", {"file_name": "a.txt"}, AIKEN.encode()), ("questions", {"file_name": "a.csv"}, CSV)]


def damaged(chance: random.Random, data: bytes) -> bytes:
    """Return the bytes with one to eight changes."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(changed) + 1)
        length = chance.choice((1, 1, 2, 4, 16, 200))
        piece = bytes(changed[chance.randrange(len(changed) + 1) :][:length])
        change = chance.choice((chance.randbytes(length), chance.choice(INTERESTING), b"", piece * 3))
        changed[at : at + chance.choice((0, length))] = change
    return bytes(changed)


def mutated(chance: random.Random, data: bytes) -> bytes:
    """Return a damaged file; of a zip file mostly one part is damaged, so that the archive is still read."""
    if not data.startswith(b"PK") or chance.random() < 0.2:
        return damaged(chance, data)
    output = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as source, zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as target:
        victim = chance.choice([name for name in source.namelist() if not name.startswith("docProps/")])
        for name in source.namelist():
            content = source.read(name)
            target.writestr(name, damaged(chance, content) if name == victim else content)
    return output.getvalue()


async def outcome(task: str, options: dict[str, object], data: bytes) -> str:
    """Return the code of the refusal, or "parsed"; raises AssertionError for a lesson that is not final."""
    try:
        found: Any = await parse_in_child(task, data, options)
    except ContentError as error:
        return error.code
    html = getattr(found, "html", "")
    assert sanitize_html(html) == html.replace("<pre>\n", "<pre>"), "sanitising changed the lesson"
    return "parsed"


async def fuzz(seconds: float, seed: int, keep: Path) -> int:
    """Fuzz for this long and print what came of it; returns 1 when something was neither refused nor final."""
    chance = random.Random(seed)
    valid = seeds()
    counts: Counter[str] = Counter()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        batch = [
            (task, options, mutated(chance, data)) for task, options, data in chance.choices(valid, k=MAX_CHILDREN)
        ]
        found = await asyncio.gather(*(outcome(*each) for each in batch), return_exceptions=True)
        for (task, _, data), result in zip(batch, found, strict=True):
            if isinstance(result, BaseException):
                keep.mkdir(parents=True, exist_ok=True)
                (keep / f"{task}-{seed}-{counts.total()}").write_bytes(data)
                print(f"{task}: {result!r}, kept in {keep}")
                return 1
            counts[f"{task} {result}"] += 1
    for name, count in sorted(counts.items()):
        print(f"{count:6} {name}")
    print(f"{counts.total():6} files, seed {seed}")
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, default=Path("var/fuzz"))
    given = parser.parse_args()
    raise SystemExit(asyncio.run(fuzz(given.seconds, given.seed, given.keep)))
