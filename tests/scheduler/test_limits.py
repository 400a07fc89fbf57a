"""A member hears so many notices a day, by their own clock: what is over waits, and a meeting never waits too long."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import select

from app.db.engine import transaction
from app.directory.models import OrganisationSetting
from app.messaging.models import DeliveryState, NoticeDay
from app.messaging.times import Night, get_nights
from app.platforms.models import Channel
from scheduler import claims, limits
from scheduler.adapters.base import Outcome, Status
from scheduler.claims import Claim, Note
from tests.scheduler.scene import Scene
from tests.scheduler.scripted import Scripted

NOON = datetime(2026, 11, 16, 4, tzinfo=UTC)  # in Beijing
BEIJING = Night("Asia/Shanghai", time(21), time(8), notices=2)
LIFE = timedelta(days=6)


def claim_of(members: Sequence[int], kind: str = "weekly_issue", night: Night = BEIJING) -> Claim:
    return Claim(
        batch_id=1, fence=1, campaign_id=1, kind=kind, subject_id=1, event={}, night=night,
        channel=Channel(), members=members, states=bytearray(len(members)), held_until=NOON,
    )  # fmt: skip


async def admit(
    scene: Scene, claim: Claim, now: datetime = NOON, life: timedelta = LIFE
) -> tuple[list[int], list[Note]]:
    async with transaction(scene.service.sessions) as session:
        return await limits.admit(session, claim, range(len(claim.members)), now + life, now)


async def give_back(scene: Scene, claim: Claim, positions: Sequence[int], marked_at: datetime = NOON) -> None:
    async with transaction(scene.service.sessions) as session:
        await limits.give_back(session, claim, dict.fromkeys(positions, marked_at), now=marked_at)


async def days(scene: Scene) -> dict[tuple[int, date], int]:
    async with transaction(scene.service.sessions) as session:
        return {(row.member_id, row.day): row.notices for row in await session.scalars(select(NoticeDay))}


async def test_who_has_had_their_notices_of_the_day_waits_until_the_next_morning(scene: Scene) -> None:
    claim = claim_of([await scene.world.member(100) for _ in range(2)])
    assert await admit(scene, claim_of(claim.members[:1])) == ([0], [])
    assert await admit(scene, claim) == ([0, 1], [])
    morning = datetime(2026, 11, 17, tzinfo=UTC)  # 8:00 in Beijing
    assert await admit(scene, claim) == ([1], [Note(0, "daily_limit", next_try_at=morning, tried=False)])
    assert claim.states[0] == DeliveryState.PENDING
    assert await days(scene) == {(member, date(2026, 11, 16)): 2 for member in claim.members}
    assert await admit(scene, claim, morning) == ([0, 1], [])


async def test_waiting_is_no_try(scene: Scene) -> None:
    batch_id = await scene.ready(1)
    claim = await claims.claim_batch(
        scene.service.sessions, "a sender", ["scripted"], scene.service.clock(), timedelta(minutes=1)
    )
    assert claim is not None
    async with transaction(scene.service.sessions) as session:
        for _ in range(claims.MAX_TRIES + 1):
            await claims.save(session, claim, [Note(0, "daily_limit", next_try_at=NOON, tried=False)], NOON)
    assert claim.may_try_again(0)
    assert await scene.notes(batch_id) == {1: ("daily_limit", None, 0)}
    assert claim.next_tries == {0: NOON}


@pytest.mark.parametrize(
    ("zone", "now", "same_day"),
    [
        ("Asia/Shanghai", datetime(2026, 11, 16, 15, 59, tzinfo=UTC), True),  # 23:59
        ("Asia/Shanghai", datetime(2026, 11, 16, 16, 1, tzinfo=UTC), False),  # past midnight there
        ("America/New_York", datetime(2026, 11, 16, 4, 59, tzinfo=UTC), True),  # 23:59 of the day before
        ("America/New_York", datetime(2026, 11, 16, 5, 1, tzinfo=UTC), False),
        ("Pacific/Kiritimati", datetime(2026, 11, 16, 10, 1, tzinfo=UTC), False),  # UTC+14
    ],
)
async def test_a_day_begins_at_midnight_where_the_member_is(
    scene: Scene, zone: str, now: datetime, same_day: bool
) -> None:
    claim = claim_of([await scene.world.member(100)], night=Night(zone, time(21), time(8), notices=1))
    assert (await admit(scene, claim))[0] == [0]
    assert (await admit(scene, claim, now))[0] == ([] if same_day else [0])


async def test_a_meeting_that_would_be_over_is_told_at_once_and_anything_else_expires(scene: Scene) -> None:
    members = [await scene.world.member(100)]
    for _ in range(BEIJING.notices):
        await admit(scene, claim_of(members))
    soon = timedelta(hours=4)
    meeting, issue = claim_of(members, "meeting_notice"), claim_of(members)
    assert await admit(scene, meeting, life=soon) == ([0], [])
    assert await admit(scene, issue, life=soon) == ([], [Note(0, "daily_limit", tried=False)])
    assert issue.states[0] == DeliveryState.EXPIRED
    assert (await admit(scene, meeting, life=LIFE))[0] == []  # this one can wait
    assert meeting.states[0] == DeliveryState.PENDING
    assert set((await days(scene)).values()) == {BEIJING.notices + 1}


async def test_what_may_have_arrived_stays_ambiguous_while_it_waits(scene: Scene) -> None:
    claim = claim_of([await scene.world.member(100)], night=Night("Asia/Shanghai", time(21), time(8), notices=1))
    await admit(scene, claim)
    claim.ambiguous.add(0)
    _, (note,) = await admit(scene, claim)
    assert note.reason in claims.AMBIGUOUS
    await admit(scene, claim, life=timedelta(hours=1))
    assert claim.states[0] == DeliveryState.UNKNOWN


async def test_what_did_not_go_is_not_counted_even_when_midnight_has_passed(scene: Scene) -> None:
    claim = claim_of([await scene.world.member(100) for _ in range(2)])
    await admit(scene, claim)
    await admit(scene, claim, NOON + timedelta(days=1))
    await give_back(scene, claim, [1])
    await give_back(scene, claim, [1])  # never below nothing
    today, tomorrow = date(2026, 11, 16), date(2026, 11, 17)
    first, second = claim.members
    assert await days(scene) == {(first, today): 1, (second, today): 0, (first, tomorrow): 1, (second, tomorrow): 1}


@pytest.mark.parametrize(
    ("outcome", "counted"), [(Status.SENT, 1), (Status.RETRY, 0), (Status.QUOTA, 0), (Status.UNREACHABLE, 0)]
)
async def test_only_what_went_out_counts_in_the_day(scene: Scene, outcome: Status, counted: int) -> None:
    member = await scene.world.member(100)
    await scene.batch(await scene.campaign(), await scene.channel(), [member])
    adapter = Scripted(rings=True, script=[Outcome(outcome)])
    await scene.send(adapter)
    assert adapter.members == [member]
    assert await days(scene) == {(member, date(2026, 11, 16)): counted}


async def test_many_senders_at_once_never_go_over_the_limit(scene: Scene) -> None:
    members = [await scene.world.member(100) for _ in range(5)]
    # In either order: none waits for the other for ever.
    orders = [members, members[::-1]] * 4
    found = await asyncio.wait_for(asyncio.gather(*(admit(scene, claim_of(order)) for order in orders)), 30)
    assert sum(len(go) for go, _ in found) == len(members) * BEIJING.notices
    assert set((await days(scene)).values()) == {BEIJING.notices}


async def test_who_gives_back_and_counts_others_locks_in_the_same_order_as_who_only_counts(scene: Scene) -> None:
    first, second = [await scene.world.member(100) for _ in range(2)]
    later, both = claim_of([second, first]), claim_of([first, second])
    await admit(scene, claim_of([second]))

    async def round_(locked: asyncio.Event) -> None:
        async with transaction(scene.service.sessions) as session:
            await limits.give_back(session, later, {0: NOON}, next_=[1], now=NOON)
            locked.set()
            await asyncio.sleep(0.2)  # in which the other, who wants both, comes as far as it can
            await limits.admit(session, later, [1], NOON + LIFE, NOON)

    locked = asyncio.Event()
    async with asyncio.TaskGroup() as both_run:
        both_run.create_task(round_(locked))
        await locked.wait()
        both_run.create_task(admit(scene, both))
    assert await days(scene) == {(first, date(2026, 11, 16)): 2, (second, date(2026, 11, 16)): 1}


async def test_the_nearest_organisation_says_how_many(scene: Scene) -> None:
    now = scene.service.clock()
    async with transaction(scene.service.sessions) as session:
        for place, value in ((1, 5), (10, 1)):
            session.add(OrganisationSetting(organisation_id=place, key="daily_notices", value=value, changed_at=now))
    async with transaction(scene.service.sessions) as session:
        nights = await get_nights(session, dict.fromkeys(("/1/10/100/", "/1/11/110/", "/2/"), "Asia/Shanghai"))
    assert {path: night.notices for path, night in nights.items()} == {"/1/10/100/": 1, "/1/11/110/": 5, "/2/": 3}


async def test_past_days_are_forgotten_and_those_that_count_are_not(scene: Scene) -> None:
    claim = claim_of([await scene.world.member(100)])
    await admit(scene, claim)
    for later, left in ((timedelta(days=2), 1), (timedelta(days=3), 0)):
        async with transaction(scene.service.sessions) as session:
            await limits.forget_days(session, NOON + later)
        assert len(await days(scene)) == left
