"""Work of this process that goes on when the request that began it has been answered."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field


@dataclass
class Background:
    """The running tasks by the id of what they work on; each handles its own errors."""

    tasks: dict[int, asyncio.Task[None]] = field(default_factory=dict)

    def start(self, key: int, work: Coroutine[None, None, None]) -> None:
        """Begins to work."""
        task = asyncio.create_task(work)
        self.tasks[key] = task
        task.add_done_callback(lambda _: self.tasks.pop(key, None))

    async def wait(self, key: int, seconds: float) -> None:
        """Waits for work that runs here, but no longer than `seconds`; it goes on after that."""
        if key in self.tasks:
            await asyncio.wait({self.tasks[key]}, timeout=seconds)

    async def stop(self) -> None:
        """Cancels what runs, and waits until it has ended."""
        running = list(self.tasks.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
