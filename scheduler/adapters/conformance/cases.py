"""The cases: each is a sentence of what an adapter does, checked against the fake."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from scheduler.adapters.base import Adapter, Message, Outcome, Status
from scheduler.adapters.conformance.desk import MESSAGE, Desk, nowhere, open_desk, require
from scheduler.adapters.conformance.platform import Fault, Platform, TokenRules, undeclared

WRONG_SECRET = "not-the-secret-0123456789"  # noqa: S105  # a wrong one
TOKEN_CALLS_WHEN_DEAD = 5
"""Two sends with a token that stays dead: one fetch to begin with, one again, one by force, and one each later."""

Run = Callable[[Platform, Desk], Awaitable[None]]

ODD = "\x00一\x1b[31m\u202e\u200b\r\n\t二\ufeff😀"
TEXTS: Mapping[str, Message] = {
    "very_long": replace(
        MESSAGE,
        title="学" * 3000,
        body="习\n" * 3000,
        link="https://study.example.cn/" + "a" * 3000,
        values={**MESSAGE.values, **dict.fromkeys(("title", "organisation", "note"), "长" * 3000)},
    ),
    "control_characters": replace(
        MESSAGE,
        title=ODD,
        body=ODD,
        values={**MESSAGE.values, **dict.fromkeys(("title", "organisation", "note"), ODD)},
    ),
    "empty": replace(
        MESSAGE,
        title="",
        body="",
        link="",
        page="",
        values={**MESSAGE.values, **dict.fromkeys(("title", "organisation", "note"), "")},
    ),
}


@dataclass(frozen=True)
class Case:
    """One case of one platform."""

    name: str
    platform: Platform
    run: Run

    def __str__(self) -> str:
        return self.name

    async def check(self, base: str) -> None:
        """Runs it against the fake at `base`; raises `Violation` where the adapter does not conform."""
        async with open_desk(self.platform, base) as desk:
            await self.run(self.platform, desk)


def cases(platform: Platform) -> list[Case]:
    """All cases that the platform must pass; raises ValueError where a feature is neither described nor lacking."""
    if wrong := undeclared(platform):
        raise ValueError(f"describe these or give the reason in `lacks`, not both: {', '.join(wrong)}")
    return [Case(name, platform, run) for name, run in _all(platform)]


def _all(platform: Platform) -> Iterator[tuple[str, Run]]:
    yield "success", _success
    yield "full_call", _full_call
    yield "own_words", _own_words
    yield "parallel_calls", _parallel_calls
    for name, message in TEXTS.items():
        yield f"text_{name}", partial(_text, message)
    yield from _fault_cases(platform)
    if platform.stranger is not None:
        yield "stranger", _stranger
        if platform.kind.per_call > 1:
            yield "partial_success", _partial
    if "connection" not in platform.lacks:
        yield "connection_refused", _connection_refused
    for number, config in enumerate(platform.bad_configs, start=1):
        yield f"bad_config_{number}", partial(_bad_config, config)
    if "secret" not in platform.lacks:
        yield "wrong_secret", _wrong_secret
        yield "secret_repeated_by_the_platform", _secret_repeated
    if platform.token is not None:
        yield from _token_cases(platform.token)


def _fault_cases(platform: Platform) -> Iterator[tuple[str, Run]]:
    for status, faults in platform.faults.items():
        for fault in faults:
            yield f"{status.value}_after_{fault}", partial(_fault, fault, status)
    for fault in platform.throttled:
        yield f"throttled_by_{fault}", partial(_fault, fault, Status.RETRY)


def _token_cases(token: TokenRules) -> Iterator[tuple[str, Run]]:
    for code in token.refused:
        yield f"token_refused_with_{code}", partial(_token_refused, token, code)
    yield "token_dead", partial(_token_dead, token)
    yield "token_shared", partial(_token_shared, token)
    yield "token_lost", partial(_token_lost, token)
    yield "token_not_given", partial(_token_not_given, token)


async def _members(platform: Platform, desk: Desk, count: int) -> Sequence[str]:
    addresses = await platform.set_up(desk, count)
    require(len(addresses) == count, f"set_up gave {len(addresses)} addresses for {count} members")
    return addresses


def _few(platform: Platform) -> int:
    return min(platform.kind.per_call, 3)


def _all_are(outcomes: Sequence[Outcome], status: Status) -> None:
    for outcome in outcomes:
        require(outcome.status is status, f"expected {status}, and it is {outcome}")


async def _arrived(platform: Platform, desk: Desk, addresses: Sequence[str]) -> None:
    # Where the platform has no addresses, members are known by the number that the desk gave them.
    expected = sorted(address or str(number) for number, address in enumerate(addresses, start=1))
    found = sorted(await platform.delivered(desk))
    require(found == expected, f"delivered to {found[:10]} and not to {expected[:10]}")


async def _success(platform: Platform, desk: Desk) -> None:
    addresses = await _members(platform, desk, _few(platform))
    _all_are(await desk.send(desk.adapter(), addresses), Status.SENT)
    await _arrived(platform, desk, addresses)


async def _full_call(platform: Platform, desk: Desk) -> None:
    addresses = await _members(platform, desk, platform.kind.per_call)
    _all_are(await desk.send(desk.adapter(), addresses), Status.SENT)
    await _arrived(platform, desk, addresses)


async def _own_words(platform: Platform, desk: Desk) -> None:
    """Each member gets what is meant for them, also where others in the same call get something else."""
    addresses, adapter = await _members(platform, desk, 2), desk.adapter()
    words = ("春耕备耕", "秋收冬藏")
    messages = [replace(MESSAGE, title=word, body=word, values={**MESSAGE.values, "title": word}) for word in words]
    if platform.kind.per_call > 1:
        _all_are(await desk.send(adapter, addresses, *messages), Status.SENT)
    else:
        for number, (address, message) in enumerate(zip(addresses, messages, strict=True), start=1):
            _all_are(await desk.send(adapter, [address], message, first=number), Status.SENT)
    said = dict(zip(await platform.delivered(desk), await platform.texts(desk), strict=True))
    for number, (address, word) in enumerate(zip(addresses, words, strict=True), start=1):
        found = [each for each in words if each in said.get(address or str(number), "")]
        require(found == [word], f"the member who should read {word} reads {found}")


async def _parallel_calls(platform: Platform, desk: Desk) -> None:
    addresses = await _members(platform, desk, 8)
    adapter = desk.adapter()
    calls = (desk.send(adapter, [address], first=number) for number, address in enumerate(addresses, start=1))
    for outcomes in await asyncio.gather(*calls):
        _all_are(outcomes, Status.SENT)
    await _arrived(platform, desk, addresses)
    if platform.token is not None:
        require(await desk.count(platform.token.path) == 1, "calls at the same time fetched more than one token")


async def _text(message: Message, platform: Platform, desk: Desk) -> None:
    """Whatever the text is, it is made to fit: the platform takes it."""
    addresses = await _members(platform, desk, 1)
    _all_are(await desk.send(desk.adapter(), addresses, message), Status.SENT)
    await _arrived(platform, desk, addresses)


async def _fault(fault: Fault, status: Status, platform: Platform, desk: Desk) -> None:
    addresses = await _members(platform, desk, min(platform.kind.per_call, 2) if platform.together else 1)
    await desk.fail(fault)
    outcomes = await desk.send(desk.adapter(), addresses)
    _all_are(outcomes, status)
    spent = {outcome.subscription_spent for outcome in outcomes}
    require(spent == {fault in platform.spent}, f"subscription_spent is {spent} after {fault}")
    if status is Status.UNKNOWN:
        require(await desk.count(platform.send) == 1, "what may have arrived was sent again by the adapter itself")
    elif await platform.delivered(desk):
        raise ValueError(f"the fake delivers although it was told to fail by {fault}")


async def _stranger(platform: Platform, desk: Desk) -> None:
    await _members(platform, desk, 1)
    (outcome,) = await desk.send(desk.adapter(), [platform.stranger or ""])
    _all_are([outcome], Status.UNREACHABLE)


async def _partial(platform: Platform, desk: Desk) -> None:
    first, last = await _members(platform, desk, 2)
    outcomes = await desk.send(desk.adapter(), [first, platform.stranger or "", last])
    statuses = [outcome.status for outcome in outcomes]
    require(statuses == [Status.SENT, Status.UNREACHABLE, Status.SENT], f"the order or the statuses differ: {statuses}")
    await _arrived(platform, desk, [first, last])


async def _connection_refused(platform: Platform, desk: Desk) -> None:
    addresses = await _members(platform, desk, _few(platform))
    _all_are(await desk.send(desk.adapter(base=nowhere()), addresses), Status.RETRY)


async def _bad_config(config: Mapping[str, object], platform: Platform, desk: Desk) -> None:
    addresses = await _members(platform, desk, 1)
    try:
        adapter: Adapter = desk.adapter(config=config)
    except Exception:
        return  # the sender stops the channel
    _all_are(await desk.send(adapter, addresses), Status.CHANNEL_DOWN)
    require(not await platform.delivered(desk), "something was sent with settings that do not fit")


async def _wrong_secret(platform: Platform, desk: Desk) -> None:
    addresses = await _members(platform, desk, 1)
    (outcome,) = await desk.send(desk.adapter(secret=WRONG_SECRET), addresses)
    _all_are([outcome], Status.CHANNEL_DOWN)
    require(WRONG_SECRET not in f"{outcome.code} {outcome.detail}", "the secret is in the outcome")


async def _secret_repeated(platform: Platform, desk: Desk) -> None:
    """A platform that quotes the secret, the token and whom it was for: `Desk.send` looks at what is handed on."""
    (address,) = await _members(platform, desk, 1)
    adapter = desk.adapter()
    await desk.send(adapter, [address])
    faults = [fault for each in platform.faults.values() for fault in each if fault.mode == "errcode"]
    for fault in faults[:3]:
        quoted = " ".join(sorted({*desk.secrets, *desk.addresses}))
        await desk.fail(replace(fault, errmsg=f"refused: {quoted}"))
        await desk.send(adapter, [address])


async def _token_refused(token: TokenRules, code: int, platform: Platform, desk: Desk) -> None:
    (address,) = await _members(platform, desk, 1)
    adapter = desk.adapter()
    _all_are(await desk.send(adapter, [address]), Status.SENT)
    await token.revoke(desk)
    before = await desk.count(platform.send)
    await desk.fail(Fault("errcode", code))
    # Another message: there are platforms that drop one that comes again.
    other = replace(MESSAGE, title="又一条", body="又一条", values={**MESSAGE.values, "title": "又一条"})
    _all_are(await desk.send(adapter, [address], other), Status.SENT)
    calls = await desk.count(platform.send) - before
    require(calls == 2, f"{calls} calls: a refused token is renewed, and the call replayed exactly once")
    require(len(await platform.delivered(desk)) == 2, "the replay delivered something else than one message")


async def _token_dead(token: TokenRules, platform: Platform, desk: Desk) -> None:
    (address,) = await _members(platform, desk, 1)
    adapter = desk.adapter()
    await desk.fail(Fault("errcode", token.refused[0]), times=100)
    for _ in range(2):
        _all_are(await desk.send(adapter, [address]), Status.CHANNEL_DOWN)
    require(await desk.count(platform.send) <= 4, "a call is replayed at most once")
    calls = await desk.count(token.path)
    require(calls <= TOKEN_CALLS_WHEN_DEAD, f"{calls} calls for a token: a dead one is forced once, then given up")


async def _token_shared(token: TokenRules, platform: Platform, desk: Desk) -> None:
    addresses = await _members(platform, desk, 2)
    for address in addresses:
        _all_are(await desk.send(desk.adapter(), [address]), Status.SENT)
    require(await desk.count(token.path) == 1, "the token is not taken from `Outside`: each sender fetches its own")


async def _token_lost(token: TokenRules, platform: Platform, desk: Desk) -> None:
    (address,) = await _members(platform, desk, 1)
    for fault in (Fault("hang"), Fault("http_502"), Fault("cut_off"), Fault("errcode", "none")):
        await desk.fail(replace(fault, path=token.path))
        _all_are(await desk.send(desk.adapter(), [address]), Status.RETRY)
    require(not await platform.delivered(desk), "something was sent without a token")


async def _token_not_given(token: TokenRules, platform: Platform, desk: Desk) -> None:
    """A reason that nobody knows is about the account, for nothing was sent: it costs no delivery."""
    (address,) = await _members(platform, desk, 1)
    await desk.fail(Fault("errcode", 99999, path=token.path))
    (outcome,) = await desk.send(desk.adapter(), [address])
    require(outcome.status in (Status.CHANNEL_DOWN, Status.RETRY), f"no token was given, and it is {outcome}")
