"""One API process with a database of its own, an editor who talks to it, and what its memory does meanwhile."""

import asyncio
import base64
import os
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from app.db.embedded import embedded_postgres
from app.db.migrate import migrate
from app.resources import open_service
from app.settings import Settings
from bench.hot_operations import free_port, process
from tests.world import World


@dataclass
class Watched:
    """The service's process: the most memory that it and a child of it had in each step, in bytes, and seconds."""

    service: psutil.Process
    before: int = 0
    peak: dict[str, int] = field(default_factory=dict)
    child: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    async def step(self, name: str, work: Any) -> Any:
        """Does the work, looking at the memory all the time."""
        begun = time.monotonic()
        working = asyncio.create_task(work)
        while not working.done():
            self.peak[name] = max(self.peak.get(name, 0), self.service.memory_info().rss)
            for child in self.service.children(recursive=True):
                with suppress(psutil.NoSuchProcess):
                    self.child[name] = max(self.child.get(name, 0), child.memory_info().rss)
            await asyncio.wait({working}, timeout=0.01)
        self.seconds[name] = time.monotonic() - begun
        return await working


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[tuple[Watched, httpx.AsyncClient]]:
    """The service at rest, and an editor of organisation 1 as its client; everything is kept in the folder."""
    keys = [base64.b64encode(secrets.token_bytes(32)).decode() for _ in range(2)]
    folder.chmod(0o755)  # the embedded server, started by root, runs as another user
    async with embedded_postgres(folder / "var", "bench") as url:
        await asyncio.to_thread(migrate, url)
        values = {"DATABASE_URL": url, "signing_key": keys[0], "data_key": keys[1]}
        async with open_service(Settings.model_validate(values), url) as service:
            editor = await (await World.build(service)).staff(("editor", 1))
        port = free_port()
        environment = {
            **os.environ, "DATABASE_URL": url, "PORT": str(port), "ZHIJIAN_LOG_LEVEL": "warning",
            "ZHIJIAN_SIGNING_KEY": keys[0], "ZHIJIAN_DATA_KEY": keys[1], "ZHIJIAN_MEDIA": str(folder / "media"),
        }  # fmt: skip
        with process(["-c", "from app.cli import main; main()", "api"], port, environment) as api:
            at = f"http://127.0.0.1:{port}/api/v1"
            async with httpx.AsyncClient(base_url=at, headers=editor.auth, timeout=600) as client:
                (await client.get("/staff/me")).raise_for_status()
                yield Watched(api, before=api.memory_info().rss), client
