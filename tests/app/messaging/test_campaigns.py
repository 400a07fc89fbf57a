"""The subscription ledger, and what is told to many."""

from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select, update

from app.db.engine import transaction
from app.messaging.models import Campaign, SubscriptionBalance
from app.messaging.service import Audience, announce, end_campaigns
from app.resources import Service
from tests.scheduler.scene import ISSUE_EVENT, MEETING_EVENT
from tests.world import Person, World

LONG = timedelta(days=6)


@pytest.fixture
async def member(world: World) -> Person:
    """A bound member."""
    return await world.signed_in_member(100)


async def tap(client: httpx.AsyncClient, who: Person, accepted: bool, template: str = "t-1") -> int:
    answer = await client.post("/subscriptions", headers=who.auth, json={"template": template, "accepted": accepted})
    assert answer.status_code == 201
    assert answer.json()["template"] == template
    return int(answer.json()["balance"])


async def test_each_acceptance_is_one_message_more_and_a_refusal_none_at_all(
    client: httpx.AsyncClient, member: Person
) -> None:
    assert [await tap(client, member, accepted) for accepted in (False, True, True, True, False, True)] == [
        0, 1, 2, 3, 0, 1,
    ]  # fmt: skip


async def test_balances_are_apart_for_templates_and_people(
    client: httpx.AsyncClient, world: World, member: Person
) -> None:
    other = await world.signed_in_member(100)
    await tap(client, member, True)
    assert await tap(client, member, True, "t-2") == 1
    assert await tap(client, other, True) == 1
    assert await tap(client, member, True) == 2


async def test_a_balance_does_not_grow_for_ever(client: httpx.AsyncClient, service: Service, member: Person) -> None:
    await tap(client, member, True)
    async with transaction(service.sessions) as session:
        await session.execute(update(SubscriptionBalance).values(balance=999))
    assert [await tap(client, member, True) for _ in range(2)] == [1000, 1000]


@pytest.mark.parametrize(
    "body",
    [
        {"template": "t"}, {"template": "", "accepted": True}, {"template": "a b", "accepted": True},
        {"template": "t" * 65, "accepted": True}, {"template": "t", "accepted": True, "balance": 9},
    ],
)  # fmt: skip
async def test_what_is_no_tap_is_refused(client: httpx.AsyncClient, member: Person, body: dict[str, object]) -> None:
    assert (await client.post("/subscriptions", headers=member.auth, json=body)).status_code == 422


async def test_only_bound_members_have_balances(client: httpx.AsyncClient, world: World) -> None:
    body = {"template": "t", "accepted": True}
    stranger, staff = await world.unbound_wechat(), await world.staff(("administrator", 1))
    assert (await client.post("/subscriptions", headers=stranger.auth, json=body)).status_code == 409
    assert (await client.post("/subscriptions", headers=staff.auth, json=body)).status_code == 401


async def announced(service: Service, kind: str, subject_id: int, life: timedelta) -> int:
    now = service.clock()
    event = MEETING_EVENT if kind.startswith("meeting") else ISSUE_EVENT
    async with transaction(service.sessions) as session:
        campaign = announce(
            session, kind, organisation_id=10, subject_id=subject_id, event=dict(event),
            audience=Audience("/1/10/", unfinished_week="2026-W47"), expires_at=now + life, now=now,
        )  # fmt: skip
        await session.flush()
        return campaign.id


async def test_what_cannot_be_worded_is_not_announced(service: Service, world: World) -> None:
    async with transaction(service.sessions) as session:
        with pytest.raises(ValueError, match="isoformat"):
            announce(
                session, "unfinished_reminder", organisation_id=10, subject_id=10, event={"week": "2026-W47"},
                audience=Audience("/1/10/"), expires_at=service.clock() + LONG, now=service.clock(),
            )  # fmt: skip
        assert not session.new


async def test_what_is_announced_waits_for_the_planner(service: Service, world: World) -> None:
    campaign_id = await announced(service, "weekly_issue", 7, LONG)
    async with transaction(service.sessions) as session:
        campaign = await session.get_one(Campaign, campaign_id)
    assert (campaign.state, campaign.planned_until, campaign.recipients, campaign.unreachable) == ("planning", 0, 0, 0)
    assert (campaign.event, campaign.tick_id) == (ISSUE_EVENT, None)
    assert campaign.audience == {
        "path": "/1/10/",
        "floating_only": False,
        "unfinished_week": "2026-W47",
        "issue_id": None,
        "joined_at": None,
        "hours_year": None,
    }
    assert (campaign.created_at, campaign.expires_at) == (service.clock(), service.clock() + LONG)


async def test_what_is_no_longer_true_expires_at_once_and_nothing_else(service: Service, world: World) -> None:
    notice = await announced(service, "meeting_notice", 7, LONG)
    reminder = await announced(service, "meeting_reminder", 7, LONG)
    over = await announced(service, "meeting_notice", 7, -LONG)
    another_kind = await announced(service, "weekly_issue", 7, LONG)
    another_meeting = await announced(service, "meeting_notice", 8, LONG)
    now = service.clock()
    async with transaction(service.sessions) as session:
        await end_campaigns(session, ("meeting_notice", "meeting_reminder"), 7, now)
    async with transaction(service.sessions) as session:
        rows = await session.execute(select(Campaign.id, Campaign.expires_at))
        ends = {campaign_id: expires_at - now for campaign_id, expires_at in rows}
    assert ends == {
        notice: timedelta(0), reminder: timedelta(0), over: -LONG, another_kind: LONG, another_meeting: LONG,
    }  # fmt: skip
