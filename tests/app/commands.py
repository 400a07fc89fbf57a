"""Runs the commands as an operator types them, and reads what they say."""

import json
import subprocess

from sqlalchemy import text

from app.db.engine import Sessions, transaction
from tests.journeys.program import ROOT, ZHIJIAN, Program

PASSWORD = "correct horse battery"
SET_UP = ("setup", "--organisation", "示范县委", "--login", "root")


def run(program: Program, *arguments: str, typed: str = "", **changes: str | None) -> subprocess.CompletedProcess[str]:
    """A command to its end, with other settings where some are given (None: not set at all)."""
    environment = {name: value for name, value in {**program.environment, **changes}.items() if value is not None}
    return subprocess.run(
        [*ZHIJIAN, *arguments],
        cwd=ROOT, env=environment, input=typed, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def refused(done: subprocess.CompletedProcess[str], *said: str) -> None:
    """The command failed, and its operator reads why without a traceback."""
    assert done.returncode == 1, done.stdout + done.stderr
    for words in said:
        assert words in done.stderr
    assert "Traceback" not in done.stderr


def accepted(done: subprocess.CompletedProcess[str]) -> list[str]:
    """The command's output."""
    assert done.returncode == 0, done.stdout + done.stderr
    logged = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    assert {line["level"] for line in logged} <= {"info", "warning"}
    return done.stdout.splitlines()


async def counts(sessions: Sessions) -> dict[str, int]:
    """How many rows there are of what is imported."""
    tables = ("organisations", "members", "issues", "lessons", "questions", "quizzes")
    async with transaction(sessions) as session:
        return {table: await session.scalar(text(f"SELECT count(*) FROM {table}")) or 0 for table in tables}
