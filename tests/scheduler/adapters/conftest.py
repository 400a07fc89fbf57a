"""The fakes that adapters speak to, and the client that they speak with."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from app.platforms.http import outside_client
from tests.scheduler.fakes.fake import Fake
from tests.scheduler.fakes.process import running


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
