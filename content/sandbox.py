"""Parse an uploaded file in a child process that can neither outlive, outgrow nor harm the service."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import fields, is_dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints
from weakref import WeakKeyDictionary

from content.addresses import AddressSheet
from content.documents.markdown import LessonDocument
from content.documents.pdf import PdfPages
from content.documents.result import ParsedDocument
from content.errors import ContentError
from content.questions.collect import QuestionSheet
from content.roster import RejectedLine, RosterHeader, RosterLine, RosterOrganisation, SkippedLine
from content.words import WordList

# What each task of content.sandbox_child returns, and the kinds of events that each of its streams consists of.
TASKS: dict[str, type[Any]] = {
    "markdown": LessonDocument,
    "html": ParsedDocument,
    "docx": ParsedDocument,
    "pptx": ParsedDocument,
    "pptx_pages": PdfPages,
    "picture": ParsedDocument,
    "pdf": ParsedDocument,
    "pdf_pages": PdfPages,
    "question_sheet": QuestionSheet,
    "questions": QuestionSheet,
    "word_list": WordList,
    "address_sheet": AddressSheet,
}
STREAMS: dict[str, tuple[type[Any], ...]] = {
    "roster_lines": (RosterHeader, RosterOrganisation, RosterLine, RejectedLine, SkippedLine)
}
SECONDS = 15.0
# Longer than their CPU seconds (LIMITS_OF_TASK), for they share the machine.
SECONDS_OF_TASK = {"docx": 40.0, "pptx": 40.0, "pptx_pages": 40.0, "pdf": 40.0, "pdf_pages": 40.0}
MAX_CHILDREN = 2
# Streams have slots of their own: one that waits for its reader must not keep a lesson waiting.
MAX_STREAMS = 2
MAX_OUTPUT_BYTES = 16 * 1024 * 1024
MAX_EVENT_BYTES = 1024 * 1024
BATCH = 1_000

_CHILD = "content.sandbox_child"
_ROOT = Path(__file__).resolve().parents[1]
# A child has no use for the secrets of the service's environment.
_KEPT_ENVIRONMENT = ("LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "PYTHONHOME", "PYTHONPATH", "SYSTEMROOT")
_Slots = WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore]
_slots: _Slots = WeakKeyDictionary()
_stream_slots: _Slots = WeakKeyDictionary()


async def parse_in_child(
    task: str, data: bytes, options: Mapping[str, object] | None = None, *, seconds: float | None = None
) -> Any:
    """Return what a task of TASKS makes of an uploaded file; at most two children of a loop run at a time.

    `options` are arguments of the task: `questions` takes `file_name`, `pdf_pages` and `pptx_pages` `first` and `last`.
    Raises the ContentError of the parser, or `document_too_complex` when the child dies, says too much, or takes
    longer than `seconds` (from its start; by default those of its task).
    """
    result_type = TASKS[task]
    slot = _slots.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(MAX_CHILDREN))
    async with slot:
        output = await _run_child(task, data, options or {}, seconds or SECONDS_OF_TASK.get(task, SECONDS))
    # A large roster takes long enough to decode that others should have their turn.
    return await asyncio.to_thread(_decode_outcome, output, result_type)


async def stream_in_child(
    task: str, data: bytes, options: Mapping[str, object], *, seconds: float = 90.0
) -> AsyncGenerator[list[Any], None]:
    """Yield the events of a task of STREAMS in batches of up to 1,000, while the child is still parsing.

    The pipe holds the child back when the reader is slow; `seconds` count only while the reader waits. Closing the
    generator (`async with aclosing(...)`) kills the child. Raises as `parse_in_child` does, perhaps after some batches.
    """
    kinds = {kind.__name__: kind for kind in STREAMS[task]}
    slot = _stream_slots.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(MAX_STREAMS))
    line = json.dumps(dict(options)).encode() + b"\n"
    async with slot, _child(task) as process:
        feeding = asyncio.create_task(_feed(process, line, data))
        try:
            async with aclosing(_read_batches(process, seconds)) as batches:
                async for lines in batches:
                    events, error = await asyncio.to_thread(_decode_events, lines, kinds)
                    if events:
                        yield events
                    if error is not None:
                        raise error
        finally:
            feeding.cancel()
            await asyncio.gather(feeding, return_exceptions=True)


async def _run_child(task: str, data: bytes, options: Mapping[str, object], seconds: float) -> bytearray:
    line = json.dumps(dict(options)).encode() + b"\n"
    async with _child(task) as process:
        try:
            async with asyncio.timeout(seconds):
                _, output = await asyncio.gather(_feed(process, line, data), _read_bounded(process))
                if await process.wait() != 0:
                    raise _too_complex()
                return output
        except TimeoutError:
            raise _too_complex() from None


@asynccontextmanager
async def _child(task: str) -> AsyncIterator[Process]:
    """Start the child; at the end nothing is left behind, also when the caller was cancelled."""
    environment = {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", _CHILD, task,
        stdin=PIPE, stdout=PIPE, stderr=DEVNULL, cwd=_ROOT, env=environment, start_new_session=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            # asyncio tells the end of a process once its pipes have ended: what is left in them must be read.
            await _drain(process)
            await process.wait()


async def _feed(process: Process, *parts: bytes) -> None:
    assert process.stdin is not None  # noqa: S101  # it was asked for: PIPE
    # A child that died has said all that there is to say by its return code.
    with suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.writelines(parts)
        await process.stdin.drain()
    process.stdin.close()


async def _read_bounded(process: Process) -> bytearray:
    assert process.stdout is not None  # noqa: S101  # it was asked for: PIPE
    output = bytearray()
    while chunk := await process.stdout.read(256 * 1024):
        output += chunk
        if len(output) > MAX_OUTPUT_BYTES:
            raise _too_complex()
    return output


async def _read_batches(process: Process, seconds: float) -> AsyncGenerator[list[bytes], None]:
    """Yield what the child says, up to BATCH lines at a time; `seconds` is how long may be spent waiting for it."""
    assert process.stdout is not None  # noqa: S101  # it was asked for: PIPE
    loop = asyncio.get_running_loop()
    lines: list[bytes] = []
    tail = b""
    while True:
        start = loop.time()
        try:
            async with asyncio.timeout(seconds):
                chunk = await process.stdout.read(256 * 1024)
                # It must end well, and with a whole line.
                died = not chunk and (await process.wait() != 0 or bool(tail))
        except TimeoutError:
            raise _too_complex() from None
        seconds -= loop.time() - start
        if died or len(tail) > MAX_EVENT_BYTES:
            raise _too_complex()
        *whole, tail = (tail + chunk).split(b"\n")
        lines += whole
        while len(lines) >= BATCH or (lines and not chunk):
            yield lines[:BATCH]
            del lines[:BATCH]
        if not chunk:
            return


async def _drain(process: Process) -> None:
    assert process.stdout is not None  # noqa: S101  # it was asked for: PIPE
    while await process.stdout.read(256 * 1024):
        pass


def _decode_outcome(output: bytearray, result_type: type[Any]) -> Any:
    line, _, blobs = output.partition(b"\n")
    outcome = json.loads(line)
    if "error" in outcome:
        raise _refusal(outcome["error"])
    return _decode(outcome["result"], result_type, BytesIO(blobs))


def _decode_events(lines: list[bytes], kinds: Mapping[str, type[Any]]) -> tuple[list[Any], ContentError | None]:
    """Return the events, and the refusal that ended them."""
    events: list[Any] = []
    for line in lines:
        name, value = json.loads(line)
        if name == "error":
            return events, _refusal(value)
        events.append(_decode(value, kinds[name], BytesIO()))
    return events, None


def _refusal(error: dict[str, Any]) -> ContentError:
    return ContentError(error["code"], error["detail"], line=error["line"])


def _decode(value: Any, kind: Any, blobs: BytesIO) -> Any:
    """Rebuild dataclasses, the tuples in them, and bytes, which follow in their order; all else is as JSON gives it."""
    if isinstance(kind, type) and is_dataclass(kind):
        types = _field_types(kind)
        return kind(**{name: _decode(value[name], types[name], blobs) for name in types})
    if get_origin(kind) is tuple:
        item_kind = get_args(kind)[0]
        return tuple(_decode(item, item_kind, blobs) for item in value)
    return blobs.read(value) if kind is bytes else value


@cache
def _field_types(kind: type[Any]) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


def _too_complex() -> ContentError:
    return ContentError("document_too_complex", "文件过于复杂或已损坏，无法解析。请简化后重新上传。")
