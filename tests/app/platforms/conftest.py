"""One fake WeChat process for the run, emptied for each test."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from scheduler.fakes.running import running
from tests.scheduler.fakes.process import FakeWechat


@pytest.fixture(scope="session")
def wechat_base() -> Iterator[str]:
    with running("scheduler.fakes.wechat") as base:
        yield base


@pytest.fixture
async def wechat(wechat_base: str) -> AsyncIterator[FakeWechat]:
    async with httpx.AsyncClient() as http:
        fake = FakeWechat(wechat_base, http)
        await fake.set_up()
        yield fake
