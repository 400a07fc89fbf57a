"""The suite finds what an adapter does wrong: each kind of mistake is caught by the case that is meant for it."""

import asyncio
import logging
import sys
from collections.abc import Sequence
from dataclasses import replace

import pytest

from scheduler.adapters.base import Adapter, AdapterKind, ChannelInfo, Envelope, Outcome, Outside, Status
from scheduler.adapters.conformance import Platform, Violation, cases
from scheduler.adapters.conformance.desk import MESSAGE
from scheduler.adapters.wechat_miniprogram import WECHAT_MINIPROGRAM, build
from tests.scheduler.adapters.platforms import CONSOLE_PLATFORM, MINIPROGRAM


class Wrong:
    """The mini-program's adapter with a mistake in it."""

    def __init__(self, inner: Adapter, secret: str) -> None:
        self._inner, self._secret = inner, secret

    async def send(self, envelopes: Sequence[Envelope]) -> Sequence[Outcome]:
        return await self._inner.send(envelopes)


class Raises(Wrong):
    async def send(self, envelopes: Sequence[Envelope]) -> Sequence[Outcome]:
        raise KeyError(envelopes[0].address)


class ForgetsOne(Wrong):
    async def send(self, envelopes: Sequence[Envelope]) -> Sequence[Outcome]:
        return (await super().send(envelopes))[1:]


class SendsAgain(Wrong):
    async def send(self, envelopes: Sequence[Envelope]) -> Sequence[Outcome]:
        outcomes = await super().send(envelopes)
        return await super().send(envelopes) if outcomes[0].status is Status.UNKNOWN else outcomes


class SendsTwice(Wrong):
    async def send(self, envelopes: Sequence[Envelope]) -> Sequence[Outcome]:
        await super().send(envelopes)
        return await super().send(envelopes)


class ClaimsSuccess(Wrong):
    async def send(self, envelopes: Sequence[Envelope]) -> Sequence[Outcome]:
        await super().send(envelopes)
        return [Outcome(Status.SENT)] * len(envelopes)


class TellsTheSecret(Wrong):
    async def send(self, envelopes: Sequence[Envelope]) -> Sequence[Outcome]:
        return [replace(each, detail=self._secret) for each in await super().send(envelopes)]


class LogsTheSecret(Wrong):
    async def send(self, envelopes: Sequence[Envelope]) -> Sequence[Outcome]:
        logging.getLogger("careless").info("calling with %s", self._secret)
        return await super().send(envelopes)


class TellsWhom(Wrong):
    async def send(self, envelopes: Sequence[Envelope]) -> Sequence[Outcome]:
        return [replace(each, detail=f"to {envelopes[0].address}") for each in await super().send(envelopes)]


class SaysTheSame(Wrong):
    async def send(self, envelopes: Sequence[Envelope]) -> Sequence[Outcome]:
        return await super().send([replace(each, message=MESSAGE) for each in envelopes])


class KeepsTheSubscription(Wrong):
    async def send(self, envelopes: Sequence[Envelope]) -> Sequence[Outcome]:
        return [replace(each, subscription_spent=False) for each in await super().send(envelopes)]


def platform_with(mistake: type[Wrong]) -> Platform:
    def wrong(channel: ChannelInfo, outside: Outside) -> Adapter:
        return mistake(build(channel, outside), channel.secret)

    return replace(MINIPROGRAM, kind=AdapterKind(wrong, address="wechat", subscribed=True))


@pytest.mark.parametrize(
    ("mistake", "case", "complaint"),
    [
        (Raises, "success", "it raises nothing"),
        (ForgetsOne, "success", "0 outcomes for 1 envelopes"),
        (SendsTwice, "success", "delivered to"),
        (SendsAgain, "unknown_after_accept_then_reset", "expected unknown|sent again by the adapter"),
        (ClaimsSuccess, "retry_after_http_503", "expected retry"),
        (ClaimsSuccess, "connection_refused", "expected retry"),
        (ClaimsSuccess, "stranger", "expected unreachable"),
        (ClaimsSuccess, "token_dead", "expected channel_down"),
        (SendsTwice, "token_refused_with_42001", "calls: a refused token"),
        (TellsTheSecret, "success", "in an outcome"),
        (LogsTheSecret, "success", "in the log"),
        (TellsWhom, "success", "the address of a person"),
        (SaysTheSame, "own_words", "the member who should read"),
        (KeepsTheSubscription, "unreachable_after_43101", "subscription_spent is {False}"),
    ],
)
async def test_a_mistake_is_found(wechat_base: str, mistake: type[Wrong], case: str, complaint: str) -> None:
    (chosen,) = (each for each in cases(platform_with(mistake)) if each.name == case)
    with pytest.raises(Violation, match=complaint) as caught:
        await chosen.check(wechat_base)
    assert "a-secret-that-stays-secret" not in str(caught.value)


async def test_a_token_that_each_adapter_fetches_for_itself_is_found(wechat_base: str) -> None:
    def apart(channel: ChannelInfo, outside: Outside) -> Adapter:
        return build(channel, Outside(outside.http, outside.now, outside.hosts, outside.put_on_console))

    kind = replace(WECHAT_MINIPROGRAM, build=apart)
    (chosen,) = (each for each in cases(replace(MINIPROGRAM, kind=kind)) if each.name == "token_shared")
    with pytest.raises(Violation, match="each sender fetches its own"):
        await chosen.check(wechat_base)


def test_what_a_platform_lacks_must_be_said() -> None:
    with pytest.raises(ValueError, match="partial"):
        cases(replace(MINIPROGRAM, lacks={}))
    with pytest.raises(ValueError, match="spent"):
        cases(replace(MINIPROGRAM, spent=()))
    with pytest.raises(ValueError, match="quota"):
        cases(replace(MINIPROGRAM, faults={**MINIPROGRAM.faults, Status.QUOTA: ()}))
    with pytest.raises(ValueError, match="token"):
        cases(replace(CONSOLE_PLATFORM, lacks={k: v for k, v in CONSOLE_PLATFORM.lacks.items() if k != "token"}))


def test_what_is_described_cannot_be_lacking_and_no_feature_is_invented() -> None:
    with pytest.raises(ValueError, match="token"):
        cases(replace(MINIPROGRAM, lacks={**MINIPROGRAM.lacks, "token": "no"}))
    with pytest.raises(ValueError, match="wings"):
        cases(replace(MINIPROGRAM, lacks={**MINIPROGRAM.lacks, "wings": "no"}))


async def test_the_suite_needs_no_test_framework() -> None:
    code = "import sys, scheduler.adapters.conformance; print('pytest' in sys.modules)"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    assert out.decode().strip() == "False"
