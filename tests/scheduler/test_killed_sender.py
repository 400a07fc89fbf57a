"""`kill -9` of a sender in mid-batch, and another one that finishes its work: real processes and a real platform."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.clock import system_clock
from app.messaging.models import DeliveryState
from tests.conftest import DATA_KEY, SIGNING_KEY, MovableClock
from tests.scheduler.fakes.process import APPID, SECRET, SEND, FakeWechat
from tests.scheduler.scene import CALLS, CONFIG, Scene

PEOPLE = 200
ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-c", "from app.cli import main; main()", "sender"]


@asynccontextmanager
async def sender_process(environment: dict[str, str]) -> AsyncIterator[Process]:
    """`zhijian sender`, killed at the end if it still runs."""
    process = await asyncio.create_subprocess_exec(
        *COMMAND, env={**os.environ, **environment}, cwd=ROOT, stdout=DEVNULL, stderr=DEVNULL
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.fixture
def environment(database: str, wechat: FakeWechat, clock: MovableClock, tmp_path: Path) -> dict[str, str]:
    """The settings of a sender whose clock shows the test's hour: at night it would rest."""
    ahead = tmp_path / "clock"
    ahead.write_text(str((clock.now - system_clock()).total_seconds()))
    return {
        "DATABASE_URL": database,
        "ZHIJIAN_MODE": "test",
        "ZHIJIAN_SIGNING_KEY": SIGNING_KEY,
        "ZHIJIAN_DATA_KEY": DATA_KEY,
        "ZHIJIAN_WECHAT_API": wechat.base,
        "ZHIJIAN_SENDER_LEASE_SECONDS": "2",
        "ZHIJIAN_TEST_CLOCK": str(ahead),
        "ZHIJIAN_VAR": str(tmp_path / "var"),
    }


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Looks again and again, for a minute at most."""
    async with asyncio.timeout(60):
        while not await condition():
            await asyncio.sleep(0.02)


async def audience(scene: Scene, wechat: FakeWechat, kind: str, accepted: int) -> tuple[int, int]:
    """A batch of followers who accepted so many messages each; gives the ids of its campaign and of itself."""
    phones = [f"1380000{number:04}" for number in range(PEOPLE)]
    openids = await asyncio.gather(*(wechat.accept(phone, accepted) for phone in phones))
    members = await scene.followers(openids, appid=APPID, accepted=accepted)
    channel_id = await scene.channel("wechat_miniprogram", account=APPID, secret=SECRET, config=dict(CONFIG))
    campaign_id = await scene.campaign(kind)
    return campaign_id, await scene.batch(campaign_id, channel_id, members)


@pytest.mark.parametrize(
    ("kind", "accepted", "of_the_marked"),
    [
        ("weekly_issue", 2, DeliveryState.SENT),  # sent again, and the platform takes it again
        ("weekly_issue", 1, DeliveryState.UNKNOWN),  # sent again, and the platform says that it has had its message
        ("meeting_reminder", 2, DeliveryState.UNKNOWN),  # never sent again
    ],
)
async def test_a_killed_sender_loses_nobody_and_repeats_the_calls_in_hand_at_most(
    scene: Scene, wechat: FakeWechat, environment: dict[str, str], kind: str, accepted: int, of_the_marked: int
) -> None:
    campaign_id, batch_id = await audience(scene, wechat, kind, accepted)
    await wechat.fail(SEND, "slow", times=3 * CALLS, seconds=2.0)

    async def in_the_middle() -> bool:
        return await wechat.count(SEND) > 2 * CALLS

    async def done() -> bool:
        return await scene.campaign_state(campaign_id) == "done"

    async with sender_process(environment) as killed:
        await until(in_the_middle)
        await asyncio.sleep(0.5)  # by now all that is marked is with the platform, which takes its time
        killed.send_signal(signal.SIGKILL)
        await killed.wait()
    left = await scene.states(batch_id)
    marked = [at for at, state in enumerate(left) if state == DeliveryState.SENDING]
    assert 0 < len(marked) <= CALLS
    assert left.count(DeliveryState.PENDING) + left.count(DeliveryState.SENT) == PEOPLE - len(marked)
    assert DeliveryState.PENDING in left

    async with sender_process(environment) as second:
        await until(done)
        second.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(second.wait(), 60) == 0
    states = await scene.states(batch_id)
    assert {states[at] for at in marked} == {of_the_marked}
    assert {state for at, state in enumerate(states) if at not in marked} == {DeliveryState.SENT}
    heard = Counter(message["openid"] for message in await wechat.sent())
    assert len(heard) == PEOPLE  # the platform had all that was marked: it finished what it had taken
    repeated = sum(times - 1 for times in heard.values())
    assert repeated <= (CALLS if of_the_marked == DeliveryState.SENT else 0)


async def test_a_sender_that_is_told_to_stop_ends_its_calls_and_leaves_the_rest_to_the_next(
    scene: Scene, wechat: FakeWechat, environment: dict[str, str]
) -> None:
    _, batch_id = await audience(scene, wechat, "meeting_reminder", 1)
    await wechat.fail(SEND, "slow", times=PEOPLE, seconds=0.5)

    async def in_the_middle() -> bool:
        return await wechat.count(SEND) > CALLS

    async with sender_process(environment) as stopped:
        await until(in_the_middle)
        stopped.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(stopped.wait(), 60) == 0
    row = await scene.row(batch_id)
    assert set(row.states) == {DeliveryState.SENT, DeliveryState.PENDING}
    assert row.claimed_by is None
    assert len(await wechat.sent()) == row.states.count(DeliveryState.SENT)
