"""Starts a fake platform as a process of its own, for tests of ours and of other packages."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def running(module: str, *arguments: str) -> Iterator[str]:
    """Run ``python -m module`` on a free port until the block ends; gives the base URL that it announces.

    Raises RuntimeError when the process says something else than ``listening on http://…`` first.
    """
    command = [sys.executable, "-m", module, "--port", "0", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603  # the caller's own fake
        try:
            line = process.stdout.readline() if process.stdout is not None else ""
            if not line.startswith("listening on http://"):
                raise RuntimeError(f"{module} did not start: {line!r}")
            yield line.removeprefix("listening on ").strip()
        finally:
            process.terminate()
            process.wait(10)
