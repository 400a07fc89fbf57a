"""The fakes that adapters speak to, and the client that they speak with."""

from collections.abc import AsyncIterator, Iterator

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


@pytest.fixture(scope="session")
def webhook_base() -> Iterator[str]:
    with running("scheduler.fakes.webhook") as base:
        yield base


@pytest.fixture
async def receiver(webhook_base: str) -> AsyncIterator[Fake]:
    async with httpx.AsyncClient() as http:
        fake = Fake(webhook_base, http)
        await fake.order("reset")
        yield fake


@pytest.fixture(scope="session")
def mail_base() -> Iterator[str]:
    with running("scheduler.fakes.mail") as base:
        yield base


@pytest.fixture
async def house(mail_base: str) -> AsyncIterator[Fake]:
    """The mail server, empty."""
    async with httpx.AsyncClient() as http:
        fake = Fake(mail_base, http)
        await fake.order("reset")
        yield fake


@pytest.fixture(scope="session")
def aliyun_base() -> Iterator[str]:
    with running("scheduler.fakes.aliyun_sms") as base:
        yield base


@pytest.fixture
async def aliyun(aliyun_base: str) -> AsyncIterator[Fake]:
    async with httpx.AsyncClient() as http:
        fake = Fake(aliyun_base, http)
        await fake.order("reset")
        yield fake


@pytest.fixture(scope="session")
def dingtalk_base() -> Iterator[str]:
    with running("scheduler.fakes.dingtalk") as base:
        yield base


@pytest.fixture
async def dingtalk(dingtalk_base: str) -> AsyncIterator[Fake]:
    async with httpx.AsyncClient() as http:
        fake = Fake(dingtalk_base, http)
        await fake.order("reset")
        yield fake


@pytest.fixture(scope="session")
def feishu_base() -> Iterator[str]:
    with running("scheduler.fakes.feishu") as base:
        yield base


@pytest.fixture
async def feishu(feishu_base: str) -> AsyncIterator[Fake]:
    async with httpx.AsyncClient() as http:
        fake = Fake(feishu_base, http)
        await fake.order("reset")
        yield fake
