"""What one member was told: in plain words for the member, and in full for those who help."""

from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text, update

from app.access.models import AuditEntry
from app.db.engine import transaction
from app.messaging.models import Campaign, DeliveryState
from app.messaging.words import REASON_WORDS, STATE_WORDS, STATES
from app.resources import Service
from tests.app.messaging.sent import sent_batch
from tests.scheduler.scene import Scene
from tests.world import Person, World

PENDING, SENT, FAILED, EXPIRED, PASSED_ON = (
    DeliveryState.PENDING,
    DeliveryState.SENT,
    DeliveryState.FAILED,
    DeliveryState.EXPIRED,
    DeliveryState.PASSED_ON,
)


@pytest.fixture
async def member(world: World) -> Person:
    """A member of a branch of the committee, whose id others come before and after."""
    async with transaction(world.service.sessions) as session:
        await session.execute(text("SELECT setval(pg_get_serial_sequence('members', 'id'), 100)"))
    return await world.signed_in_member(100)


@pytest.fixture
async def leader(world: World) -> Person:
    """The leader of the member's general branch."""
    return await world.staff(("leader", 10))


async def mine(client: httpx.AsyncClient, who: Person, query: str = "") -> dict[str, Any]:
    answer = await client.get(f"/me/notices{query}", headers=who.auth)
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def helped(client: httpx.AsyncClient, who: Person, member_id: int, query: str = "") -> dict[str, Any]:
    answer = await client.get(f"/members/{member_id}/notices{query}", headers=who.auth)
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def test_a_member_sees_what_came_through_which_channel_and_no_code_of_a_platform(
    client: httpx.AsyncClient, scene: Scene, member: Person
) -> None:
    channel_id = await scene.channel(name="微信小程序")
    issue, meeting = await scene.campaign(), await scene.campaign("meeting_notice")
    others = member.id + 1
    await sent_batch(scene, issue, channel_id, {member.id: SENT, others: SENT})
    notes = {member.id: ("failed", "47003"), others: ("failed", "40003")}
    await sent_batch(scene, meeting, channel_id, {member.id: FAILED, others: FAILED}, notes)
    shown = await mine(client, member)
    assert shown == {
        "items": [
            {
                "campaign_id": meeting, "kind": "meeting_notice", "title": "第四季度党课",
                "happens_at": "2026-11-17T02:00:00Z", "organisation": "示范镇党委", "channel": "微信小程序",
                "state": "failed", "words": "没有送到", "reason": "平台拒绝了这条消息",
                "announced_at": "2026-11-16T02:00:00Z", "finished_at": "2026-11-16T02:00:00Z",
            },
            {
                "campaign_id": issue, "kind": "weekly_issue", "title": "第四十七周", "happens_at": None,
                "organisation": "示范镇党委", "channel": "微信小程序",
                "state": "sent", "words": "已发出", "reason": None,
                "announced_at": "2026-11-16T02:00:00Z", "finished_at": "2026-11-16T02:00:00Z",
            },
        ],
        "next": None,
    }  # fmt: skip


async def test_support_sees_the_chain_of_channels_with_reasons_codes_and_tries(
    client: httpx.AsyncClient, scene: Scene, member: Person, leader: Person, service: Service
) -> None:
    campaign_id = await scene.campaign()
    wechat, console = await scene.channel(name="微信"), await scene.channel(organisation_id=10, name="消息页")
    first = await sent_batch(
        scene, campaign_id, wechat, {member.id: PASSED_ON}, {member.id: ("no_subscription", "43101")}
    )
    second = await sent_batch(scene, campaign_id, console, {member.id: SENT}, number=2)
    (notice,) = (await helped(client, leader, member.id))["items"]
    assert [(each["batch_id"], each["channel"], each["state"]) for each in notice["chain"]] == [
        (first, "微信", "passed_on"),
        (second, "消息页", "sent"),
    ]
    assert [(each["reason"], each["code"], each["tries"]) for each in notice["chain"]] == [
        ("no_subscription", "43101", 1),
        (None, None, 0),
    ]
    assert notice["chain"][0]["reason_words"] == "微信通知的次数用完了"
    # The member is told once, through the last channel.
    (own,) = (await mine(client, member))["items"]
    assert (own["channel"], own["state"], own["reason"]) == ("消息页", "sent", None)
    async with transaction(service.sessions) as session:
        entry = await session.scalar(select(AuditEntry).where(AuditEntry.action == "member.notices_viewed"))
        assert entry is not None
        assert (entry.object_id, entry.organisation_id, entry.detail) == (member.id, 100, {"notices": 1})


@pytest.mark.parametrize(
    ("state", "reason"),
    [(PENDING, "当天的通知数已到上限"), (EXPIRED, "当天的通知数已到上限"), (SENT, None)],
)
async def test_what_waited_for_another_day_says_so_until_it_is_sent(
    client: httpx.AsyncClient, scene: Scene, member: Person, leader: Person, state: int, reason: str | None
) -> None:
    notes = {member.id: ("daily_limit", None)}
    await sent_batch(scene, await scene.campaign(), await scene.channel(), {member.id: state}, notes)
    (own,) = (await mine(client, member))["items"]
    assert own["reason"] == reason
    (notice,) = (await helped(client, leader, member.id))["items"]
    assert notice["chain"][0]["reason_words"] == reason


@pytest.mark.parametrize(
    ("campaign", "state", "shown"),
    [
        ({"paused_at": True}, PENDING, "paused"),
        ({"cancelled_at": True}, EXPIRED, "cancelled"),
        ({}, EXPIRED, "expired"),
        ({"paused_at": True}, SENT, "sent"),
        ({"cancelled_at": True}, SENT, "sent"),
    ],
)
async def test_what_was_held_or_called_off_says_so(
    client: httpx.AsyncClient, scene: Scene, member: Person, campaign: dict[str, bool], state: int, shown: str
) -> None:
    campaign_id = await scene.campaign()
    await sent_batch(scene, campaign_id, await scene.channel(), {member.id: state}, open_still=state == PENDING)
    async with transaction(scene.service.sessions) as session:
        values = dict.fromkeys(campaign, scene.service.clock())
        await session.execute(update(Campaign).values(recipients=1, **values))
    (notice,) = (await mine(client, member))["items"]
    assert (notice["state"], notice["words"]) == (shown, STATE_WORDS[shown])


async def test_dry_runs_are_nobodys_notices(
    client: httpx.AsyncClient, scene: Scene, member: Person, leader: Person
) -> None:
    await sent_batch(scene, await scene.campaign(), await scene.channel(), {member.id: PENDING})
    async with transaction(scene.service.sessions) as session:
        await session.execute(update(Campaign).values(dry_run=True))
    assert (await mine(client, member))["items"] == []
    assert (await helped(client, leader, member.id))["items"] == []


batches = st.lists(st.sets(st.integers(1, 30), min_size=1, max_size=6), min_size=1, max_size=6)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(packed=batches, limit=st.integers(1, 3))
async def test_pages_hold_each_notice_of_the_member_once_and_nobody_elses(
    client: httpx.AsyncClient, scene: Scene, member: Person, leader: Person, packed: list[set[int]], limit: int
) -> None:
    async with transaction(scene.service.sessions) as session:
        await session.execute(text("TRUNCATE campaigns, channels CASCADE"))
    channel_id = await scene.channel()
    expected = []
    for ids in packed:
        campaign_id = await scene.campaign()
        # Around the member's own id, so that the range of a batch often holds it where the batch does not.
        members = {member.id - 15 + each for each in ids}
        await sent_batch(scene, campaign_id, channel_id, {each: each % len(STATES) for each in members})
        if member.id in members:
            expected.append((campaign_id, member.id % len(STATES)))
    for read in (mine, lambda c, who, query: helped(c, leader, who.id, query)):
        found: list[int] = []
        cursor = ""
        while True:
            shown = await read(client, member, f"?limit={limit}{cursor}")
            found += [each["campaign_id"] for each in shown["items"]]
            if shown["next"] is None:
                break
            cursor = f"&cursor={shown['next']}"
        assert found == [campaign_id for campaign_id, _ in reversed(expected)]
    states = [each["state"] for each in (await mine(client, member))["items"]]
    assert states == [STATES[state] for _, state in reversed(expected)]


async def test_another_branch_leader_finds_nobody(client: httpx.AsyncClient, member: Person, world: World) -> None:
    other = await world.staff(("leader", 11))
    assert (await client.get(f"/members/{member.id}/notices", headers=other.auth)).status_code == 404


def test_every_state_has_words_and_no_words_hold_a_code() -> None:
    assert set(STATES.values()) <= set(STATE_WORDS)
    assert all(
        not any(letter.isascii() for letter in words) for words in [*STATE_WORDS.values(), *REASON_WORDS.values()]
    )
