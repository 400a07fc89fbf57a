"""What a delivery costs a sender beside the HTTP call itself, as a ratio of CPU within one run.

    python -m bench.sender_cpu [--deliveries 2000] [--rounds 3]

One gateway process that takes everything, and in alternating rounds: a process that only calls it with the client of
the adapters, and `zhijian sender`, which delivers a campaign through it; each has 20 calls in hand. Prints, by adapter,
the CPU of the sender a delivery over that of the bare client a call, the median of the rounds. Exits with 1 where a
ratio is above MOST_RATIO.
"""

import argparse
import asyncio
import base64
import json
import os
import secrets
import statistics
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from sqlalchemy import text, update

from app.clock import system_clock
from app.db.embedded import embedded_postgres
from app.db.engine import transaction
from app.db.migrate import migrate
from app.directory.models import Organisation
from app.messaging.models import BATCH_SIZE
from app.platforms.http import outside_client
from app.resources import open_service
from app.settings import Settings
from scheduler.bus import announce_batches
from tests.scheduler.scene import CALLS, CONFIG, Scene
from tests.world import World

MOST_RATIO = 1.5
PATIENCE = 120  # seconds for a campaign
LATENCY = 0.01  # seconds, as of a platform in the same country
ANSWER = json.dumps({"errcode": 0, "errmsg": "ok", "access_token": "token", "expires_in": 7200}).encode()
HEAD = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(ANSWER)}\r\n\r\n".encode()
SEND = "/cgi-bin/message/subscribe/send?access_token=token"
# What the mini-program's adapter sends, nearly.
BODY = json.dumps(
    {
        "touser": "o" * 28,
        "template_id": "weekly-issue",
        "data": {"thing1": {"value": "第四十七周"}, "date2": {"value": "2026年11月16日"}, "thing3": {"value": "阅读"}},
        "miniprogram_state": "formal",
        "lang": "zh_CN",
        "page": "pages/issue/index?id=7",
    },
    ensure_ascii=False,
).encode()
APPID = "wx-bench"
SECRET = "whsec_" + base64.b64encode(b"bench-sender-cpu-secret-32-bytes").decode()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Takes everything on a connection."""
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).lower().split(b"\r\n")
            await reader.readexactly(next((int(line[15:]) for line in head if line.startswith(b"content-length:")), 0))
            await asyncio.sleep(LATENCY)
            writer.write(HEAD + ANSWER)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def gateway() -> None:
    """Prints its address and serves until it is killed."""
    server = await asyncio.start_server(_answer, "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


async def bare(address: str) -> None:
    """Makes as many calls as each line of its input says, and answers with a line when they are done."""
    async with outside_client() as http:

        async def work(count: int) -> None:
            for _ in range(count):
                headers = {"content-type": "application/json"}
                response = await http.post(address + SEND, content=BODY, headers=headers)
                assert json.loads(response.content)["errcode"] == 0

        while line := await asyncio.to_thread(sys.stdin.readline):
            await asyncio.gather(*(work(int(line) // CALLS) for _ in range(CALLS)))
            print("done", flush=True)


@asynccontextmanager
async def process(*arguments: str, **more: str) -> AsyncIterator[tuple[Process, psutil.Process]]:
    """A Python process, killed at the end."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdin=PIPE, stdout=PIPE, env={**os.environ, **more}
    )
    try:
        yield child, psutil.Process(child.pid)
    finally:
        child.kill()
        await child.wait()


async def line_of(child: Process) -> str:
    """The next line that a process prints."""
    assert child.stdout is not None
    return (await child.stdout.readline()).decode().strip()


def cpu(measured: psutil.Process) -> float:
    """Seconds that a process has computed so far."""
    times = measured.cpu_times()
    return float(times.user + times.system)


@dataclass
class Bench:
    """The two that are compared, and the scene whose members are told."""

    scene: Scene
    client: tuple[Process, psutil.Process]
    sender: psutil.Process
    channels: dict[str, int]

    async def call(self, calls: int) -> float:
        """CPU seconds a call of the bare client."""
        child, measured = self.client
        begun = cpu(measured)
        assert child.stdin is not None
        child.stdin.write(f"{calls}\n".encode())
        await line_of(child)
        return (cpu(measured) - begun) / calls

    async def deliver(self, adapter: str, members: Sequence[int]) -> float:
        """CPU seconds a delivery of the sender."""
        campaign_id = await self.scene.campaign()
        begun = cpu(self.sender)
        for number, first in enumerate(range(0, len(members), BATCH_SIZE), 1):
            some = members[first : first + BATCH_SIZE]
            await self.scene.batch(campaign_id, self.channels[adapter], some, number)
        async with transaction(self.scene.service.sessions) as session:
            await announce_batches(session)
        async with asyncio.timeout(PATIENCE):
            while await self.scene.campaign_state(campaign_id) != "done":  # noqa: ASYNC110 - it is another process
                await asyncio.sleep(0.1)
        return (cpu(self.sender) - begun) / len(members)


@asynccontextmanager
async def bench(folder: Path) -> AsyncIterator[Bench]:
    """A database, the gateway, the bare client and a sender."""
    keys = [base64.b64encode(secrets.token_bytes(32)).decode() for _ in range(2)]
    folder.chmod(0o755)  # the embedded server, started by root, runs as another user
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(embedded_postgres(folder / "var", "bench"))
        await asyncio.to_thread(migrate, url)
        serving, _ = await stack.enter_async_context(process("-m", "bench.sender_cpu", "--gateway"))
        address = await line_of(serving)
        environment = {
            "DATABASE_URL": url,
            "ZHIJIAN_MODE": "test",
            "ZHIJIAN_SIGNING_KEY": keys[0],
            "ZHIJIAN_DATA_KEY": keys[1],
            "ZHIJIAN_WECHAT_API": address,
            "ZHIJIAN_VAR": str(folder),
        }
        settings = {name.removeprefix("ZHIJIAN_").lower(): value for name, value in environment.items()}
        settings["DATABASE_URL"] = url
        service = await stack.enter_async_context(open_service(Settings.model_validate(settings), url))
        scene = Scene(service, await World.build(service))
        async with transaction(service.sessions) as session:
            # Where it is noon now, so that nothing rests.
            zone = f"Etc/GMT{system_clock().hour - 12:+d}"
            await session.execute(update(Organisation).values(timezone=zone))
        channels = {
            "webhook": await scene.channel(
                "webhook", secret=SECRET, config={"settings": {"url": f"{address}/notices"}}
            ),
            "wechat_miniprogram": await scene.channel(
                "wechat_miniprogram", account=APPID, secret="bench", config=dict(CONFIG)
            ),
        }
        client = await stack.enter_async_context(process("-m", "bench.sender_cpu", "--bare", address))
        command = ("-c", "from app.cli import main; main()", "sender")
        _, sender = await stack.enter_async_context(process(*command, **environment))
        yield Bench(scene, client, sender, channels)


async def compare(here: Bench, rounds: int, deliveries: int) -> dict[str, float]:
    """By adapter, the median ratio; the first round only warms up."""
    ratios: dict[str, list[float]] = {adapter: [] for adapter in here.channels}
    for number in range(rounds + 1):
        for adapter in here.channels:
            # Others each time: nobody gets more notices a day than the limit.
            names = [f"{adapter}-{number}-{each}" for each in range(deliveries)]
            members = await here.scene.followers(names, accepted=1, appid=APPID)
            async with transaction(here.scene.service.sessions) as session:
                await session.execute(text("ANALYZE"))
            alone = await here.call(deliveries)
            ratio = await here.deliver(adapter, members) / alone
            if number:
                ratios[adapter].append(ratio)
    return {adapter: statistics.median(found) for adapter, found in ratios.items()}


async def run(rounds: int, deliveries: int) -> int:
    """Prints the ratios; gives the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        async with bench(Path(folder)) as here:
            ratios = await compare(here, rounds, deliveries)
    for adapter, ratio in ratios.items():
        verdict = "ok" if ratio <= MOST_RATIO else f"above {MOST_RATIO}"
        print(f"{adapter}: a delivery costs the sender {ratio:.2f} times the CPU of a bare call ({verdict})")
    return int(max(ratios.values()) > MOST_RATIO)


def main() -> int:
    """Reads the arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--deliveries", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--gateway", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--bare", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.gateway:
        asyncio.run(gateway())
    elif given.bare:
        asyncio.run(bare(given.bare))
    else:
        return asyncio.run(run(given.rounds, given.deliveries))
    return 0


if __name__ == "__main__":
    sys.exit(main())
