"""A county's roster of 100,000 lines through the API: how long each step takes, and how the memory grows with it.

    python -m bench.roster_import [--lines 100000] [--branches 500]

Imports a tenth of the lines first and then all of them, each into a database and through a service process of its own.
Prints the seconds of each step at both sizes, and the peak RSS of the service as the ratio of the two: 1 means that
memory does not grow with the file. The bounds: 100,000 lines are read, checked and applied within two minutes
(fewer lines in as much less), and the larger file takes no more than MOST_GROWTH times the memory. Exits with 1 where
one is missed.
"""

import argparse
import asyncio
import base64
import os
import secrets
import tempfile
import time
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import psutil
from openpyxl import Workbook

from app.db.embedded import embedded_postgres
from app.db.migrate import migrate
from app.resources import open_service
from app.settings import Settings
from bench.hot_operations import free_port, process
from tests.world import World

SURNAMES = "王李张刘陈杨赵黄周吴徐孙马朱胡郭何林罗高"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰涛明超霞平刚桂安邦成德"
HEADER = (
    "序号",
    "姓名",
    "性别",
    "身份证号码",
    "所在党支部",
    "联系电话",
    "人员类别",
    "出生年月",
    "入党时间",
    "学历",
    "标签",
)
SECONDS_PER_LINE = 120 / 100_000
MOST_GROWTH = 1.5
STEPS = ("read and check", "apply", "the same again", "undo")


@dataclass
class Measured:
    """Seconds of each step, and the most memory that the service had, in bytes."""

    seconds: dict[str, float] = field(default_factory=dict)
    peak: int = 0


def workbook(lines: int, branches: int) -> bytes:
    """A made-up roster; the numbers are of a range that is not given out."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("党员花名册")
    sheet.append(["全县党员花名册"])
    sheet.append(HEADER)
    for number in range(lines):
        name = SURNAMES[number % 20] + GIVEN[number // 20 % 24] + GIVEN[number // 480 % 24]
        born = f"{1945 + number * 7 % 55}.{number % 12 + 1:02d}"
        card = f"510101{19450101 + number % 50}{number % 10000:04d}"
        branch = f"第{number * branches // lines + 1}党支部"
        phone = f"199{number:08d}"
        sheet.append([number + 1, name, "男", card, branch, phone, "正式党员", born, "2018.07", "大专", "青年、务工"])
    output = BytesIO()
    book.save(output)
    return output.getvalue()


class Desk:
    """An administrator of the top organisation of `tests.world`."""

    def __init__(self, client: httpx.AsyncClient, service: psutil.Process, measured: Measured) -> None:
        self.client, self.service, self.measured = client, service, measured

    async def step(self, name: str, method: str, path: str, **more: Any) -> dict[str, Any]:
        """One step to its end; stops the program where it is refused."""
        begun = time.monotonic()
        asking = asyncio.create_task(self.client.request(method, path, **more))
        while not asking.done():
            self.measured.peak = max(self.measured.peak, self.service.memory_info().rss)
            await asyncio.sleep(0.02)
        answer = await asking
        while True:
            self.measured.peak = max(self.measured.peak, self.service.memory_info().rss)
            if answer.status_code >= 300:
                raise SystemExit(f"{name}: {answer.text[:500]}")
            seen: dict[str, Any] = answer.json()
            if seen["state"] not in ("reading", "applying"):
                break
            await asyncio.sleep(0.1)
            answer = await self.client.get(f"/rosters/imports/{seen['id']}")
        self.measured.seconds[name] = time.monotonic() - begun
        return seen


async def run(desk: Desk, data: bytes, lines: int) -> None:
    """All steps of one file."""
    path = "/rosters/import?organisation_id=1&create_organisations=true"
    files = {"file": ("roster.xlsx", data)}
    seen = await desk.step(STEPS[0], "POST", f"{path}&dry_run=true", files=files)
    check(seen, "checked", added=lines, rejected_count=0, questions_count=0)
    applied = await desk.step(STEPS[1], "POST", f"/rosters/imports/{seen['id']}/application")
    check(applied, "applied", added=lines)
    again = await desk.step(STEPS[2], "POST", path, files=files)
    check(again, "applied", added=0, changed=0, unchanged=lines)
    undone = await desk.step(STEPS[3], "POST", f"/rosters/imports/{seen['id']}/undo")
    check(undone, "undone")


def check(seen: dict[str, Any], state: str, **counts: int) -> None:
    """Stops the program where the import did something else."""
    if seen["state"] != state or any(seen[name] != value for name, value in counts.items()):
        raise SystemExit(f"not {state} {counts}: {seen}")


async def measure(folder: Path, lines: int, branches: int) -> Measured:
    """Imports so many lines into an empty database."""
    keys = [base64.b64encode(secrets.token_bytes(32)).decode() for _ in range(2)]
    data = workbook(lines, branches)
    measured = Measured()
    async with embedded_postgres(folder / "var", f"bench_{lines}") as url:
        await asyncio.to_thread(migrate, url)
        values = {"DATABASE_URL": url, "signing_key": keys[0], "data_key": keys[1]}
        async with open_service(Settings.model_validate(values), url) as service:
            administrator = await (await World.build(service)).staff(("administrator", 1))
        port = free_port()
        environment = {
            **os.environ,
            "DATABASE_URL": url,
            "PORT": str(port),
            "ZHIJIAN_LOG_LEVEL": "warning",
            "ZHIJIAN_SIGNING_KEY": keys[0],
            "ZHIJIAN_DATA_KEY": keys[1],
        }
        with process(["-c", "from app.cli import main; main()", "api"], port, environment) as api:
            address = f"http://127.0.0.1:{port}/api/v1"
            async with httpx.AsyncClient(base_url=address, headers=administrator.auth, timeout=300) as client:
                await run(Desk(client, api, measured), data, lines)
    return measured


def report(small: Measured, large: Measured, lines: int) -> None:
    """Prints the steps and the ratios."""
    print(f"{'step':<16}{f'{lines // 10} lines':>16}{f'{lines} lines':>16}{'ratio':>8}")
    for name in STEPS:
        one, other = small.seconds[name], large.seconds[name]
        print(f"{name:<16}{one:>14.1f} s{other:>14.1f} s{other / one:>8.1f}")
    one, other = small.peak / 1024**2, large.peak / 1024**2
    print(f"{'peak RSS':<16}{one:>13.0f} MB{other:>13.0f} MB{other / one:>8.2f}")


def missed(small: Measured, large: Measured, lines: int) -> list[str]:
    """The bounds that do not hold."""
    taken, allowed = large.seconds[STEPS[0]] + large.seconds[STEPS[1]], lines * SECONDS_PER_LINE
    growth = large.peak / small.peak
    found = [f"{lines} lines took {taken:.0f} s, more than {allowed:.0f} s"] if taken > allowed else []
    return found + ([f"memory grew {growth:.2f} times, more than {MOST_GROWTH}"] if growth > MOST_GROWTH else [])


def main(options: argparse.Namespace) -> None:
    """Measures in a folder that is thrown away."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        folder.chmod(0o755)  # the embedded server, started by root, runs as another user
        small, large = (
            asyncio.run(measure(folder, count, options.branches)) for count in (options.lines // 10, options.lines)
        )
    report(small, large, options.lines)
    if misses := missed(small, large, options.lines):
        raise SystemExit("\n".join(misses))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A large roster through the API: seconds, and memory as a ratio")
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--branches", type=int, default=500)
    main(parser.parse_args())
