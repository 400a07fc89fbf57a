"""How far a campaign has come: counted in the database as a Python loop would count it."""

from collections import Counter
from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text, update

from app.db.engine import transaction
from app.directory.models import Organisation
from app.messaging.models import Campaign, DeliveryState
from app.messaging.words import STATES
from app.resources import Service
from tests.app.messaging.sent import sent_batch
from tests.conftest import MovableClock
from tests.scheduler.scene import Scene
from tests.world import Person, World

PENDING, SENDING, SENT, FAILED = (
    DeliveryState.PENDING,
    DeliveryState.SENDING,
    DeliveryState.SENT,
    DeliveryState.FAILED,
)
# Also 10 to 13, 30 and the like: a state must not be found across the border of two bytes.
batches = st.lists(st.lists(st.sampled_from(sorted(STATES)), min_size=1, max_size=40), max_size=4)
REASONS = ("not_bound", "no_subscription", "failed")


@pytest.fixture
async def leader(world: World) -> Person:
    """A leader of the committee that announces the campaigns of a scene."""
    return await world.staff(("leader", 1))


async def ask(client: httpx.AsyncClient, who: Person, campaign_id: int) -> dict[str, Any]:
    answer = await client.get(f"/campaigns/{campaign_id}", headers=who.auth)
    assert answer.status_code == 200, answer.text
    progress: dict[str, Any] = answer.json()
    return progress


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(packed=batches, data=st.data())
async def test_the_counts_are_those_of_the_deliveries_one_by_one(
    client: httpx.AsyncClient, scene: Scene, leader: Person, packed: list[list[int]], data: st.DataObject
) -> None:
    async with transaction(scene.service.sessions) as session:
        await session.execute(text("TRUNCATE campaigns, channels CASCADE"))
    campaign_id, other = await scene.campaign(), await scene.campaign()
    channels = [await scene.channel(), await scene.channel(organisation_id=10)]
    await sent_batch(scene, other, channels[0], {1: SENT, 2: FAILED}, {2: ("failed", "1")})
    expected: list[Counter[str]] = [Counter(), Counter()]
    failures: Counter[str] = Counter()
    for number, states in enumerate(packed, 1):
        through = number % 2
        # Whoever failed has a reason; one who did not may have met something on the way.
        noted = {
            member: data.draw(st.sampled_from(REASONS))
            for member, state in enumerate(states, 1)
            if state == FAILED or data.draw(st.integers(0, 4)) == 0
        }
        notes = {member: (reason, None) for member, reason in noted.items()}
        await sent_batch(scene, campaign_id, channels[through], dict(enumerate(states, 1)), notes, number=number)
        expected[through].update(STATES[state] for state in states)
        failures.update(noted[member] for member, state in enumerate(states, 1) if state == FAILED)
    progress = await ask(client, leader, campaign_id)
    total = expected[0] + expected[1]
    assert {name: progress[name] for name in STATES.values()} == {name: total[name] for name in STATES.values()}
    assert progress["planned"] == sum(progress[name] for name in STATES.values()) == sum(map(len, packed))
    assert {each["reason"]: each["count"] for each in progress["failures"]} == dict(failures)
    for channel_id, counted in zip(channels, expected, strict=True):
        (shown,) = [each for each in progress["channels"] if each["channel_id"] == channel_id] or [{}]
        assert {name: shown.get(name, 0) for name in STATES.values()} == {n: counted[n] for n in STATES.values()}


async def test_who_was_passed_on_to_the_next_channel_is_one_recipient(
    client: httpx.AsyncClient, scene: Scene, leader: Person, service: Service
) -> None:
    campaign_id = await scene.campaign()
    first, second = await scene.channel(), await scene.channel(organisation_id=10)
    await sent_batch(
        scene, campaign_id, first, {1: SENT, 2: DeliveryState.PASSED_ON}, {2: ("no_subscription", "43101")}
    )
    await sent_batch(scene, campaign_id, second, {2: SENT}, number=2)
    async with transaction(service.sessions) as session:
        await session.execute(update(Campaign).values(recipients=2, unreachable=1))
    progress = await ask(client, leader, campaign_id)
    assert (progress["recipients"], progress["unreachable"]) == (2, 1)
    assert (progress["planned"], progress["passed_on"], progress["sent"]) == (3, 1, 2)
    assert progress["failures"] == []


async def test_failures_come_with_their_reason_in_words_and_the_code_of_the_platform(
    client: httpx.AsyncClient, scene: Scene, leader: Person
) -> None:
    campaign_id = await scene.campaign()
    notes = {1: ("failed", "40003"), 2: ("failed", "40003"), 3: ("not_bound", None), 4: ("made_up", None)}
    await sent_batch(scene, campaign_id, await scene.channel(), dict.fromkeys(range(1, 5), FAILED), notes)
    assert (await ask(client, leader, campaign_id))["failures"] == [
        {"reason": "failed", "words": "平台拒绝了这条消息", "code": "40003", "count": 2},
        {"reason": "made_up", "words": "其他原因，请把原因代码告诉技术人员", "code": None, "count": 1},
        {"reason": "not_bound", "words": "没有绑定微信", "code": None, "count": 1},
    ]


@pytest.mark.parametrize(
    ("channel", "state", "words"),
    [
        ({}, "running", ""),
        ({"stopped_reason": "40001 invalid"}, "stopped", "渠道“渠道”的设置有误，已自动停下：40001 invalid。"),
        ({"enabled": False}, "disabled", "渠道“渠道”已停用"),
    ],
)
async def test_a_channel_that_does_not_go_on_is_named(
    client: httpx.AsyncClient, scene: Scene, leader: Person, channel: dict[str, Any], state: str, words: str
) -> None:
    campaign_id = await scene.campaign()
    await sent_batch(scene, campaign_id, await scene.channel(**channel), {1: SENT, 2: PENDING}, open_still=True)
    (shown,) = (await ask(client, leader, campaign_id))["channels"]
    assert shown["state"] == state
    assert shown["words"].startswith(words)
    assert bool(shown["words"]) == bool(words)


async def test_a_channel_that_rests_says_until_when(
    client: httpx.AsyncClient, scene: Scene, leader: Person, clock: MovableClock
) -> None:
    campaign_id = await scene.campaign()
    until = clock() + timedelta(minutes=15)
    await scene.batch(campaign_id, await scene.channel(rests_until=until), [1])
    (shown,) = (await ask(client, leader, campaign_id))["channels"]
    assert (shown["state"], shown["until"]) == ("resting", "2026-11-16T02:15:00Z")
    clock.move(minutes=15)
    (shown,) = (await ask(client, leader, campaign_id))["channels"]
    assert (shown["state"], shown["until"]) == ("running", None)


async def test_the_remaining_time_is_estimated_from_what_has_ended_of_late(
    client: httpx.AsyncClient, scene: Scene, leader: Person, clock: MovableClock
) -> None:
    campaign_id, channel_id = await scene.campaign(), await scene.channel()
    await scene.batch(campaign_id, channel_id, [1, 2, 3, 4], 1)
    clock.move(seconds=60)
    assert (await ask(client, leader, campaign_id))["remaining_seconds"] is None
    await sent_batch(scene, campaign_id, channel_id, {5: SENT, 6: SENT}, number=2)
    # Two a minute, and four are left.
    assert (await ask(client, leader, campaign_id))["remaining_seconds"] == 120
    clock.move(minutes=10)
    assert (await ask(client, leader, campaign_id))["remaining_seconds"] is None
    await sent_batch(scene, campaign_id, channel_id, {7: SENT}, number=3)
    assert (await ask(client, leader, campaign_id))["remaining_seconds"] == 1200
    # What waits for the morning waits first.
    await scene.batch(campaign_id, channel_id, [8], 4)
    async with transaction(scene.service.sessions) as session:
        await session.execute(
            text("UPDATE batches SET not_before = :at WHERE done_at IS NULL"), {"at": clock() + timedelta(hours=1)}
        )
    assert (await ask(client, leader, campaign_id))["remaining_seconds"] == 3600 + 1500


async def test_it_never_takes_longer_than_until_the_end_of_the_campaign(
    client: httpx.AsyncClient, scene: Scene, leader: Person, clock: MovableClock
) -> None:
    campaign_id, channel_id = await scene.campaign(expires_in=timedelta(minutes=2)), await scene.channel()
    await scene.batch(campaign_id, channel_id, list(range(1, 100)), 1)
    clock.move(seconds=60)
    await sent_batch(scene, campaign_id, channel_id, {100: SENT}, number=2)
    assert (await ask(client, leader, campaign_id))["remaining_seconds"] == 60


async def test_a_practice_is_listed_only_where_it_is_asked_for(
    client: httpx.AsyncClient, scene: Scene, leader: Person, service: Service
) -> None:
    real, practised = await scene.campaign(), await scene.campaign()
    async with transaction(service.sessions) as session:
        (await session.get_one(Campaign, practised)).organisation_id = 101
        await session.execute(update(Organisation).where(Organisation.id == 101).values(practice=True))
    for query, expected in (("", [real]), ("?organisation_id=101", [practised]), ("?organisation_id=10", [])):
        listed = (await client.get(f"/campaigns{query}", headers=leader.auth)).json()
        assert [each["id"] for each in listed["items"]] == expected
    assert (await client.get("/campaigns?organisation_id=2", headers=leader.auth)).status_code == 404


async def test_the_list_shows_the_newest_first_and_no_dry_run(
    client: httpx.AsyncClient, scene: Scene, leader: Person, service: Service
) -> None:
    ids = [await scene.campaign(), await scene.campaign("meeting_notice"), await scene.campaign()]
    dry = await scene.campaign()
    async with transaction(service.sessions) as session:
        (await session.get_one(Campaign, dry)).dry_run = True
    first = (await client.get("/campaigns?limit=2", headers=leader.auth)).json()
    assert [each["id"] for each in first["items"]] == [ids[2], ids[1]]
    assert (first["items"][1]["title"], first["items"][1]["state"]) == ("第四季度党课", "sending")
    second = (await client.get(f"/campaigns?limit=2&cursor={first['next']}", headers=leader.auth)).json()
    assert [each["id"] for each in second["items"]] == [ids[0]]
    assert second["next"] is None
    assert (await client.get(f"/campaigns/{dry}", headers=leader.auth)).status_code == 404
    assert (await client.post(f"/campaigns/{dry}/cancellation", headers=leader.auth)).status_code == 404
