"""The child process that parses one uploaded file: `python -m content.sandbox_child TASK`, stdin to JSON on stdout.

It is a module of its own so that the child imports nothing that the task does not need.
"""

import importlib
import json
import os
import resource
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from content.errors import ContentError

TASKS = {
    "markdown": ("content.documents.markdown", "parse_markdown"),
    "question_sheet": ("content.questions.sheet", "parse_question_sheet"),
    "roster": ("content.roster", "parse_roster"),
}
# Imported on first use deep in the libraries, when the child may no longer be allowed to read them.
_LATE_MODULES = ("encodings.cp437", "encodings.utf_16", "encodings.utf_8_sig", "encodings.latin_1", "encodings.ascii")
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


def load_task(name: str) -> Callable[[bytes], Any]:
    """Import and return the function of a task; it imports nothing more when it is called."""
    for module in _LATE_MODULES:
        importlib.import_module(module)
    module, function = TASKS[name]
    parse: Callable[[bytes], Any] = getattr(importlib.import_module(module), function)
    return parse


def run_task(parse: Callable[[bytes], Any], data: bytes) -> str:
    """Return the outcome as JSON: {"result": ...} or {"error": {"code", "detail", "line"}}."""
    try:
        outcome: dict[str, Any] = {"result": asdict(parse(data))}
    except ContentError as error:
        outcome = {"error": {"code": error.code, "detail": error.detail, "line": error.line}}
    return json.dumps(outcome)


def confine() -> None:
    """Give up, for good, what a parser does not need: see LIMITS; and root becomes nobody, whom RLIMIT_NPROC binds."""
    for limit, value in LIMITS:
        _, allowed = resource.getrlimit(limit)
        bound = value if allowed == resource.RLIM_INFINITY else min(value, allowed)
        resource.setrlimit(limit, (bound, bound))
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(_NOBODY)
        os.setuid(_NOBODY)


def main() -> None:
    """Parse what stdin holds; the rights go before the first byte is read."""
    parse = load_task(sys.argv[1])
    confine()
    sys.stdout.write(run_task(parse, sys.stdin.buffer.read()))


if __name__ == "__main__":
    main()
