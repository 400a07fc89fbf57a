"""A leader reads who is reached by nothing, why, and what helps; nobody else's members are among them."""

import httpx

from app.db.engine import transaction
from app.messaging.models import Unreached
from app.messaging.service import Audience, announce
from app.messaging.unreached import UNKNOWN, WORDS
from tests.scheduler.scene import MEETING_EVENT
from tests.world import World


async def put(world: World, member_id: int, reason: str) -> None:
    now = world.service.clock()
    async with transaction(world.service.sessions) as session:
        campaign = announce(
            session,
            "meeting_notice",
            organisation_id=1,
            subject_id=1,
            event=dict(MEETING_EVENT),
            audience=Audience("/1/"),
            expires_at=now,
            now=now,
        )
        await session.flush()
        session.add(Unreached(member_id=member_id, campaign_id=campaign.id, reason=reason, at=now))


async def test_a_leader_sees_why_since_when_and_what_helps(client: httpx.AsyncClient, world: World) -> None:
    leader = await world.staff(("leader", 10))
    here, below = await world.member(10, name="王小明"), await world.member(100)
    for member_id, reason in (
        (here, "not_bound"),
        (below, "something new"),
        (await world.member(110), "not_bound"),
        (await world.member(100, archived_at=world.service.clock()), "not_bound"),
    ):
        await put(world, member_id, reason)
    first = (await client.get("/organisations/10/unreached?limit=1", headers=leader.auth)).json()
    assert first["items"] == [
        {
            "id": here, "name": "王小明", "organisation_id": 10, "organisation": "东片党总支", "kind": "meeting_notice",
            "reason": "not_bound", "why": WORDS["not_bound"][0], "advice": WORDS["not_bound"][1],
            "since": world.service.clock().isoformat().replace("+00:00", "Z"),
        }
    ]  # fmt: skip
    rest = (await client.get(f"/organisations/10/unreached?cursor={first['next']}", headers=leader.auth)).json()
    assert [(each["id"], each["why"], each["advice"]) for each in rest["items"]] == [(below, *UNKNOWN)]
    assert rest["next"] is None


async def test_a_leader_sees_nobody_of_another_branch(client: httpx.AsyncClient, world: World) -> None:
    leader = await world.staff(("leader", 100))
    await put(world, await world.member(101), "not_bound")
    assert (await client.get("/organisations/100/unreached", headers=leader.auth)).json()["items"] == []
    for place in (101, 10, 1, 2):
        assert (await client.get(f"/organisations/{place}/unreached", headers=leader.auth)).status_code == 404
