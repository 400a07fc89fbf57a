"""Where a case works: the fake's control side, the adapter under test, and an ear for secrets that leak."""

import logging
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import structlog

from app.platforms.http import outside_client
from app.platforms.tokens import MemoryTokens, Token
from scheduler.adapters.base import Adapter, ChannelInfo, Envelope, Message, Outcome, Outside, Status
from scheduler.adapters.conformance.platform import Fault, Platform

TIMEOUT = 0.6
ADDRESS_LENGTH = 5

MESSAGE = Message(
    kind="weekly_issue",
    title="每周学习参考",
    body="第四十七周\n内容：春耕。\n有空时打开小程序阅读即可，进度会自动保存。",
    link="https://study.example.cn/issues/7",
    page="pages/issue/index?id=7",
    values={
        "title": "第四十七周",
        "time": "2026年11月16日 10:00",
        "organisation": "东河镇党委",
        "note": "打开即可阅读",
    },
)


class Violation(AssertionError):
    """The adapter does something that the interface does not allow."""


def require(held: bool, what: str) -> None:
    """Raises `Violation` unless the condition held."""
    if not held:
        raise Violation(what)


class _Tokens(MemoryTokens):
    """Remembers every token that there was, to look for it where it must not be."""

    def __init__(self) -> None:
        super().__init__()
        self.values: set[str] = set()

    async def keep(self, renewer: UUID, token: Token | None, renew_at: datetime | None) -> None:
        self.values |= {token.value} if token is not None else set()
        await super().keep(renewer, token, renew_at)


@dataclass
class Desk:
    """One case's view of the fake at `base`; `console` has what was put there."""

    platform: Platform
    base: str
    http: httpx.AsyncClient
    outside_http: httpx.AsyncClient
    store: _Tokens = field(default_factory=_Tokens)
    console: list[Envelope] = field(default_factory=list)
    logged: list[str] = field(default_factory=list)
    addresses: set[str] = field(default_factory=set)

    async def order(self, what: str, **body: Any) -> Any:
        """An order at the fake's control side."""
        answer = await self.http.post(f"{self.base}/_control/{what}", json=body)
        require(answer.status_code == 200, f"the fake does not know the order {what}: {answer.text}")
        return answer.json()

    async def look(self, what: str, **query: str) -> Any:
        """What the fake's control side shows."""
        return (await self.http.get(f"{self.base}/_control/{what}", params=query)).json()

    async def fail(self, fault: Fault, times: int = 1) -> None:
        """Has the next calls go wrong."""
        order: dict[str, Any] = {"path": fault.path or self.platform.send, "mode": fault.mode, "times": times}
        await self.order("fail", **order, errcode=fault.errcode, errmsg=fault.errmsg)

    async def count(self, path: str) -> int:
        """How often the fake was called there."""
        return int((await self.look("counts")).get(path, 0))

    def adapter(self, *, base: str | None = None, **changes: Any) -> Adapter:
        """The adapter of the described channel, or of one that differs; `base` is another address of the platform."""
        at = self.base if base is None else base
        channel: ChannelInfo = replace(self.platform.channel(at), **changes)

        async def put_on_console(envelope: Envelope) -> None:
            self.console.append(envelope)

        hosts = self.platform.hosts(at)
        return self.platform.kind.build(
            channel, Outside(self.outside_http, lambda: datetime.now(UTC), hosts, put_on_console, self.store)
        )

    async def send(
        self, adapter: Adapter, addresses: Sequence[str], *messages: Message, first: int = 1
    ) -> Sequence[Outcome]:
        """Sends in one call, and checks what holds for every call: one message to all, or one to each.

        The members are numbered from `first`.
        """
        # Shorter ones are a part of many words.
        self.addresses |= {address for address in addresses if len(address) >= ADDRESS_LENGTH}
        said = messages if len(messages) == len(addresses) else (messages or (MESSAGE,)) * len(addresses)
        envelopes = [
            Envelope(f"1:{number}", number, address, message)
            for number, (address, message) in enumerate(zip(addresses, said, strict=True), start=first)
        ]
        try:
            outcomes = list(await adapter.send(envelopes))
        except Exception as error:
            raise Violation(f"send raised {error!r}; it raises nothing") from error
        require(len(outcomes) == len(envelopes), f"{len(outcomes)} outcomes for {len(envelopes)} envelopes")
        for outcome in outcomes:
            self._keeps_secrets(f"{outcome.code} {outcome.detail}", "an outcome")
            require(isinstance(outcome.status, Status), f"{outcome.status!r} is no Status")
        return outcomes

    def silent(self) -> None:
        """Checks that nothing was logged that must stay inside."""
        for line in self.logged:
            self._keeps_secrets(line, "the log")

    def _keeps_secrets(self, text: str, where: str) -> None:
        # What is hidden is left out of the complaint as well.
        require(not any(secret in text for secret in self.secrets), f"a secret or a token is in {where}")
        require(not any(address in text for address in self.addresses), f"the address of a person is in {where}")

    @property
    def secrets(self) -> set[str]:
        """What must be shown nowhere."""
        return {*self.store.values, self.platform.channel(self.base).secret} - {""}


class _Ear(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__(logging.DEBUG)
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(record.getMessage())


@asynccontextmanager
async def open_desk(platform: Platform, base: str) -> AsyncIterator[Desk]:
    """A desk whose ear is open; at the end nothing secret may have been heard."""
    async with httpx.AsyncClient() as http, outside_client(timeout=TIMEOUT, connections=100) as outside:
        desk = Desk(platform, base, http, outside)
        ear, root = _Ear(desk.logged), logging.getLogger()
        level = root.level
        root.addHandler(ear)
        root.setLevel(logging.DEBUG)
        try:
            with structlog.testing.capture_logs() as events:
                yield desk
            desk.logged += [repr(event) for event in events]
        finally:
            root.removeHandler(ear)
            root.setLevel(level)
        desk.silent()


def nowhere() -> str:
    """The address of a port at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"
