"""The child process that parses one uploaded file: `python -m content.sandbox_child TASK`, stdin to JSON on stdout.

A line of JSON with options comes before the file. A task says one line of JSON, and after it the bytes that its result
holds, for which the JSON has their number; a stream (see STREAMS) says one line of JSON an event.

It is a module of its own so that the child imports nothing that the task does not need.
"""

import importlib
import json
import os
import resource
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from content.errors import ContentError

TASKS = {
    "markdown": ("content.documents.markdown", "parse_markdown"),
    "html": ("content.documents.html", "parse_html"),
    "docx": ("content.documents.docx", "parse_docx"),
    "pptx": ("content.documents.pptx", "parse_pptx"),
    "pptx_pages": ("content.documents.pptx_pages", "render_slides"),
    "picture": ("content.documents.pictures", "parse_picture"),
    "pdf": ("content.documents.pdf_read", "parse_pdf"),
    "pdf_pages": ("content.documents.pdf_read", "render_pages"),
    "word_list": ("content.words", "parse_word_list"),
    "address_sheet": ("content.addresses", "parse_address_sheet"),
    "question_sheet": ("content.questions.sheet", "parse_question_sheet"),
    "questions": ("content.questions.read", "parse_questions"),
}
STREAMS = {
    "roster_lines": ("content.roster.parse", "parse_roster_lines"),
}
# Imported on first use deep in the libraries, when the child may no longer be allowed to read them.
_LATE_MODULES = (
    "encodings.cp437", "encodings.utf_16", "encodings.utf_16_le", "encodings.utf_8_sig", "encodings.gb18030",
    "encodings.latin_1", "encodings.ascii",
)  # fmt: skip
_NOBODY = 65534

# (limit, value): bytes, CPU seconds, open files, processes.
LIMITS = (
    (resource.RLIMIT_AS, 1024**3),
    (resource.RLIMIT_CPU, 10),
    (resource.RLIMIT_FSIZE, 0),
    (resource.RLIMIT_NOFILE, 16),
    (resource.RLIMIT_CORE, 0),
    (resource.RLIMIT_NPROC, 0),
)
# What a task has instead: a county's roster has 100,000 lines; a document may have dozens of photographs.
LIMITS_OF_TASK = {
    "roster_lines": {resource.RLIMIT_CPU: 60},
    "docx": {resource.RLIMIT_CPU: 20},
    "pptx": {resource.RLIMIT_CPU: 20},
    "pptx_pages": {resource.RLIMIT_CPU: 20},
    "pdf": {resource.RLIMIT_CPU: 20},
    "pdf_pages": {resource.RLIMIT_CPU: 20},
}


def load_task(name: str) -> Callable[..., Any]:
    """Import and return the function of a task or a stream; it imports nothing more when it is called."""
    for module in _LATE_MODULES:
        importlib.import_module(module)
    module, function = (TASKS | STREAMS)[name]
    parse: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return parse


def run_task(parse: Callable[..., Any], data: bytes, options: Mapping[str, Any] | None = None) -> bytes:
    """Return the outcome as JSON: {"result": ...} or {"error": {"code", "detail", "line"}}, then the bytes in it."""
    blobs: list[bytes] = []

    def counted(blob: bytes) -> int:
        blobs.append(blob)
        return len(blob)

    try:
        outcome: dict[str, Any] = {"result": asdict(parse(data, **(options or {})))}
    except ContentError as error:
        outcome = {"error": {"code": error.code, "detail": error.detail, "line": error.line}}
    line = json.dumps(outcome, default=counted).encode() + b"\n"
    return b"".join([line, *blobs])


def run_stream(parse: Callable[[bytes, Any], Iterable[Any]], data: bytes) -> Iterator[str]:
    """Yield each event as a line of JSON: [name of its class, its fields], at the end ["error", {...}] if refused."""
    options, _, file = data.partition(b"\n")
    try:
        for event in parse(file, json.loads(options)):
            yield json.dumps([type(event).__name__, vars(event)], default=vars) + "\n"
    except ContentError as error:
        yield json.dumps(["error", {"code": error.code, "detail": error.detail, "line": error.line}]) + "\n"


def confine(task: str = "") -> None:
    """Give up, for good, what a parser does not need: see LIMITS; and root becomes nobody, whom RLIMIT_NPROC binds."""
    limits = dict(LIMITS) | LIMITS_OF_TASK.get(task, {})
    for limit, value in limits.items():
        _, allowed = resource.getrlimit(limit)
        bound = value if allowed == resource.RLIM_INFINITY else min(value, allowed)
        resource.setrlimit(limit, (bound, bound))
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(_NOBODY)
        os.setuid(_NOBODY)


def main() -> None:
    """Parse what stdin holds; the rights go before the first byte is read."""
    task = sys.argv[1]
    parse = load_task(task)
    confine(task)
    if task in STREAMS:
        sys.stdout.writelines(run_stream(parse, sys.stdin.buffer.read()))
    else:
        options = json.loads(sys.stdin.buffer.readline())
        sys.stdout.buffer.write(run_task(parse, sys.stdin.buffer.read(), options))


if __name__ == "__main__":
    main()
