"""The fakes that adapters speak to, and the client that they speak with."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from app.platforms.http import outside_client
from scheduler.fakes.running import running
from tests.scheduler.fakes.fake import Fake


@pytest.fixture
async def patient() -> AsyncIterator[httpx.AsyncClient]:
    """An adapter's client, which waits for an answer for 0.6 seconds."""
    async with outside_client(timeout=0.6) as client:
        yield client


def base_of(module: str) -> Any:
    """A fixture: the address of the one process of a fake."""

    @pytest.fixture(scope="session")
    def base() -> Iterator[str]:
        with running(f"scheduler.fakes.{module}") as address:
            yield address

    return base


def emptied(base: str) -> Any:
    """A fixture: the control side of the fake whose address is the fixture of this name, emptied."""

    @pytest.fixture
    async def fake(request: pytest.FixtureRequest) -> AsyncIterator[Fake]:
        async with httpx.AsyncClient() as http:
            found = Fake(request.getfixturevalue(base), http)
            await found.order("reset")
            yield found

    return fake


webhook_base, mail_base, aliyun_base = base_of("webhook"), base_of("mail"), base_of("aliyun_sms")
dingtalk_base, feishu_base, wecom_base = base_of("dingtalk"), base_of("feishu"), base_of("wecom")
receiver, house, aliyun = emptied("webhook_base"), emptied("mail_base"), emptied("aliyun_base")
dingtalk, feishu = emptied("dingtalk_base"), emptied("feishu_base")
