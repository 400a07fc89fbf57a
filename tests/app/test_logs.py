"""Logs are JSON, a line an event."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog

from app.logs import configure_logs


@contextmanager
def restored_logs() -> Iterator[None]:
    """Puts the logs of the test run back as they were."""
    root, access = logging.getLogger(), logging.getLogger("uvicorn.access")
    handlers, level, disabled = list(root.handlers), root.level, access.disabled
    clock_level = logging.getLogger("apscheduler").level
    try:
        yield
    finally:
        for handler in root.handlers:
            if handler not in handlers:
                handler.close()
        root.handlers[:] = handlers
        root.setLevel(level)
        access.disabled = disabled
        logging.getLogger("apscheduler").setLevel(clock_level)
        structlog.reset_defaults()
        structlog.contextvars.clear_contextvars()


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    with restored_logs():
        yield


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_an_event_is_a_line_of_json_with_its_time_and_what_it_belongs_to(tmp_path: Path) -> None:
    file = tmp_path / "made" / "on the way" / "log"
    configure_logs("info", file)
    structlog.contextvars.bind_contextvars(request_id="one")
    structlog.get_logger().info("published", issue_id=7, title="第一期\n第二行")
    (line,) = lines(file)
    at = line.pop("timestamp")
    assert at.endswith("Z")
    assert line == {
        "event": "published", "level": "info", "request_id": "one", "issue_id": 7, "title": "第一期\n第二行",
    }  # fmt: skip
    assert "第一期" in file.read_text(encoding="utf-8"), "readable as it stands"


def test_lines_of_libraries_take_the_same_way(tmp_path: Path) -> None:
    configure_logs("info", tmp_path / "log")
    logging.getLogger("some.library").warning("slow %s", "answer")
    (line,) = lines(tmp_path / "log")
    assert (line["event"], line["level"]) == ("slow answer", "warning")


def test_an_error_brings_its_traceback(tmp_path: Path) -> None:
    configure_logs("info", tmp_path / "log")
    try:
        raise RuntimeError("broken")
    except RuntimeError as error:
        structlog.get_logger().error("failed", exc_info=error)
        logging.getLogger("some.library").exception("failed too")
    assert all("RuntimeError: broken" in line["exception"] for line in lines(tmp_path / "log"))
    assert len(lines(tmp_path / "log")) == 2


def test_what_is_below_the_level_is_left_out(tmp_path: Path) -> None:
    configure_logs("warning", tmp_path / "log")
    structlog.get_logger().info("small")
    logging.getLogger("some.library").info("small")
    structlog.get_logger().warning("large")
    assert [line["event"] for line in lines(tmp_path / "log")] == ["large"]


def test_what_is_told_elsewhere_or_each_second_is_left_out(tmp_path: Path) -> None:
    configure_logs("debug", tmp_path / "log")
    logging.getLogger("uvicorn.access").info("GET /")
    logging.getLogger("apscheduler.scheduler").info("looked")
    logging.getLogger("apscheduler.scheduler").warning("late")
    assert [line["event"] for line in lines(tmp_path / "log")] == ["late"]


def test_text_that_is_no_unicode_spoils_no_line(tmp_path: Path) -> None:
    configure_logs("info", tmp_path / "log")
    structlog.get_logger().info("odd", text="a\ud800b")
    structlog.get_logger().info("next")
    assert [line["event"] for line in lines(tmp_path / "log")] == ["odd", "next"]


def test_without_a_file_it_is_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("info")
    structlog.get_logger().info("said")
    shown = capsys.readouterr()
    assert (json.loads(shown.err)["event"], shown.out) == ("said", "")
