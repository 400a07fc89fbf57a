"""Any fake platform as its operator sees it."""

from dataclasses import dataclass
from typing import Any

import httpx


@dataclass
class Fake:
    """The control side of a fake at `base`."""

    base: str
    http: httpx.AsyncClient

    async def order(self, what: str, **body: Any) -> Any:
        answer = await self.http.post(f"{self.base}/_control/{what}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def fail(self, path: str, mode: str, times: int = 1, **more: Any) -> None:
        await self.order("fail", path=path, mode=mode, times=times, **more)

    async def sent(self) -> list[dict[str, Any]]:
        return list((await self.http.get(f"{self.base}/_control/sent")).json())

    async def count(self, path: str) -> int:
        return int((await self.http.get(f"{self.base}/_control/counts")).json().get(path, 0))
