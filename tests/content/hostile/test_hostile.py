"""Every hostile file against every parser: a clear refusal or a harmless lesson, and the service goes on."""

import asyncio
import os
import re
from collections.abc import Callable
from typing import Any

import psutil
import pytest

from content.documents.kinds import kind_of
from content.documents.pdf import PAGE_TASKS
from content.errors import ContentError
from content.sandbox import TASKS, parse_in_child
from content.sanitize import sanitize_html
from tests.content.hostile.images import IMAGES
from tests.content.hostile.packages import SHEETS, SLIDES, WORD
from tests.content.hostile.pages import LESSONS, PAGES
from tests.content.hostile.pdfs import PDFS

CORPUS = {**WORD, **SLIDES, **SHEETS, **PAGES, **LESSONS, **PDFS, **IMAGES}
PARSERS = sorted(set(TASKS) - {*PAGE_TASKS.values(), "question_sheet"})
FIRST_PAGE = {"first": 1, "last": 1}
ACTIVE = re.compile(
    r"""<(?:script|style|svg|iframe|form|input|base|meta)|href="javascript:|\son\w+="|src="(?!/api/v1/assets/)""", re.I
)


async def outcome(task: str, data: bytes, seconds: float | None = None) -> str:
    """The code of the refusal, or "" for a lesson, which must be harmless."""
    try:
        found: Any = await parse_in_child(task, data, seconds=seconds)
        if task in PAGE_TASKS:
            await parse_in_child(PAGE_TASKS[task], data, FIRST_PAGE, seconds=seconds)
    except ContentError as error:
        return error.code if re.fullmatch("[a-z0-9_]+", error.code) and len(error.detail) > 10 else repr(error)
    html = getattr(found, "html", "")
    assert not ACTIVE.search(html), html
    assert sanitize_html(html) == html.replace("<pre>\n", "<pre>")
    return ""


async def heartbeat(beats: list[float]) -> None:
    """Note how long the loop kept others waiting."""
    loop = asyncio.get_running_loop()
    while True:
        start = loop.time()
        await asyncio.sleep(0.02)
        beats.append(loop.time() - start)


def test_the_corpus_has_more_than_fifty_kinds() -> None:
    assert len(CORPUS) == sum(map(len, (WORD, SLIDES, SHEETS, PAGES, LESSONS, PDFS, IMAGES)))
    assert len(CORPUS) > 140
    assert len({code for _, _, code in CORPUS.values()}) > 25


@pytest.mark.parametrize(("name", "build", "code"), CORPUS.values(), ids=list(CORPUS))
@pytest.mark.timeout(120)
async def test_a_hostile_file_is_refused_or_made_harmless(name: str, build: Callable[[], bytes], code: str) -> None:
    data = build()
    assert len(data) <= 20 * 1024 * 1024
    beats: list[float] = []
    heart = asyncio.create_task(heartbeat(beats))
    try:
        task = "word_list" if name.endswith(".xlsx") else kind_of(data, name)
        # What would need minutes need not be waited for: the child is stopped sooner.
        found = await outcome(task, data, 8.0 if code.endswith("document_too_complex") else None)
    except ContentError as error:
        found = error.code
    await asyncio.sleep(0.05)
    heart.cancel()
    assert found in code.split("|")
    assert max(beats) < 2
    assert not [
        child for child in psutil.Process(os.getpid()).children() if "sandbox_child" in " ".join(child.cmdline())
    ]


@pytest.mark.parametrize("task", PARSERS)
@pytest.mark.timeout(600)
async def test_a_parser_takes_the_files_of_all_others(task: str) -> None:
    own = {
        "docx": WORD,
        "pptx": SLIDES,
        "word_list": SHEETS,
        "html": PAGES,
        "markdown": LESSONS,
        "pdf": PDFS,
        "picture": IMAGES,
        "questions": SHEETS,
        "address_sheet": {},  # the sheets above have met the parser of word lists only
    }[task]
    # One of each kind of refusal is enough here: each file has met its own parser above.
    others = {code: build for _, build, code in CORPUS.values() if build not in [case[1] for case in own.values()]}
    for build in others.values():
        await outcome(task, build())
