"""The figures of the database, as Prometheus reads them."""

from datetime import timedelta

from prometheus_client import REGISTRY

from app.db.engine import transaction
from app.messaging.models import CAMPAIGN_KINDS, Batch, Campaign, DeliveryState, Schedule
from scheduler import gauges
from scheduler.gauges import refresh
from tests.conftest import MovableClock
from tests.scheduler.scene import Scene


def value(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(f"zhijian_{name}", labels)


async def test_open_campaigns_are_counted_by_kind_and_state(scene: Scene, clock: MovableClock) -> None:
    await scene.campaign()
    await scene.campaign(state="done")
    paused, dry = await scene.campaign("meeting_notice"), await scene.campaign()
    async with transaction(scene.service.sessions) as session:
        (await session.get_one(Campaign, paused)).paused_at = clock()
        (await session.get_one(Campaign, dry)).dry_run = True
    await refresh(scene.service.sessions, clock())
    assert value("campaigns_open", kind="weekly_issue", state="sending") == 1
    assert value("campaigns_open", kind="meeting_notice", state="paused") == 1
    assert value("campaigns_open", kind="meeting_notice", state="sending") == 0
    # As many series as there are kinds and states, whatever is announced.
    (family,) = gauges.CAMPAIGNS.collect()
    assert len(family.samples) == len(CAMPAIGN_KINDS) * len(gauges.STATES)
    async with transaction(scene.service.sessions) as session:
        (await session.get_one(Campaign, paused)).state = "done"
    await refresh(scene.service.sessions, clock())
    assert value("campaigns_open", kind="meeting_notice", state="paused") == 0


async def test_deliveries_on_their_way_are_counted_by_kind_and_state(scene: Scene, clock: MovableClock) -> None:
    channel, open_, done = await scene.channel(), await scene.campaign(), await scene.campaign()
    first = await scene.batch(open_, channel, [1, 2, 3])
    for campaign, members in ((await scene.campaign("meeting_notice"), [1]), (done, [5])):
        await scene.batch(campaign, channel, members)
    async with transaction(scene.service.sessions) as session:
        (await session.get_one(Batch, first)).states = bytes(
            [DeliveryState.SENT, DeliveryState.PENDING, DeliveryState.FAILED]
        )
        (await session.get_one(Campaign, done)).state = "done"
    await refresh(scene.service.sessions, clock())
    assert [value("deliveries_open", kind="weekly_issue", state=state) for state in ("sent", "waiting", "failed")] == [
        1
    ] * 3
    assert value("deliveries_open", kind="weekly_issue", state="unknown") == 0
    assert value("deliveries_open", kind="meeting_notice", state="waiting") == 1
    async with transaction(scene.service.sessions) as session:
        (await session.get_one(Campaign, open_)).state = "done"
    await refresh(scene.service.sessions, clock())
    assert value("deliveries_open", kind="weekly_issue", state="sent") == 0


async def test_the_lag_is_that_of_what_could_be_sent_now(scene: Scene, clock: MovableClock) -> None:
    await refresh(scene.service.sessions, clock())
    assert value("oldest_due_batch_seconds") == 0
    stopped = await scene.channel(stopped_reason="40001")
    await scene.batch(await scene.campaign(), stopped, [1])
    clock.move(seconds=60)
    resting = await scene.channel(organisation_id=10, rests_until=clock() + timedelta(hours=1))
    await scene.batch(await scene.campaign(), resting, [2])
    await scene.batch(await scene.campaign(), await scene.channel(organisation_id=11), [3])
    clock.move(seconds=30)
    await refresh(scene.service.sessions, clock())
    assert value("oldest_due_batch_seconds") == 30
    assert value("channels_stopped", adapter="scripted") == 1
    assert value("channels_resting", adapter="scripted") == 1
    assert value("gauges_refreshed_timestamp_seconds") == clock().timestamp()


async def test_a_due_time_that_nobody_fires_shows_as_lag(scene: Scene, clock: MovableClock) -> None:
    await refresh(scene.service.sessions, clock())
    assert value("tick_lag_seconds") == 0
    async with transaction(scene.service.sessions) as session:
        for seconds, enabled in ((40, True), (90, False), (-40, True)):
            session.add(
                Schedule(
                    organisation_id=1, kind="unfinished_reminder", cron="0 9 * * fri", timezone="Asia/Shanghai",
                    late_policy="expire", late_seconds=60, enabled=enabled,
                    next_due_at=clock() - timedelta(seconds=seconds), created_at=clock(),
                )
            )  # fmt: skip
    await refresh(scene.service.sessions, clock())
    assert value("tick_lag_seconds") == 40
