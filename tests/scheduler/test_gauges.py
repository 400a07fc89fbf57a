"""The figures of the database, as Prometheus reads them."""

from datetime import timedelta
from math import isnan

from prometheus_client import REGISTRY

from app.db.engine import transaction
from app.messaging.models import CAMPAIGN_KINDS, Batch, Campaign, DeliveryState, Schedule
from scheduler import gauges
from scheduler.gauges import refresh
from tests.app.messaging.sent import sent_batch
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


async def test_failures_on_their_way_are_counted_by_reason_in_words_of_ours_only(
    scene: Scene, clock: MovableClock
) -> None:
    channel, campaign, meeting = await scene.channel(), await scene.campaign(), await scene.campaign("meeting_notice")
    failed, sent = DeliveryState.FAILED, DeliveryState.SENT
    states = {1: failed, 2: failed, 3: failed, 4: failed, 5: DeliveryState.PASSED_ON, 6: sent, 7: failed}
    told = dict.fromkeys((1, 2, 6), ("failed", "40003"))
    more = {3: ("a platform's own words", "1"), 4: ("some other words", "2"), 5: ("not_bound", None)}
    first = await sent_batch(scene, campaign, channel, states, {**told, **more, 7: ("not_bound", None)})
    await sent_batch(scene, campaign, channel, {8: failed}, {8: ("failed", "-1")}, number=2)
    await sent_batch(scene, meeting, channel, {1: failed}, {1: ("gave_up", None)})
    await refresh(scene.service.sessions, clock())
    shown = [value("failures_open", kind="weekly_issue", reason=each) for each in ("failed", "other", "not_bound")]
    assert shown == [3, 2, 1]
    assert value("failures_open", kind="meeting_notice", reason="gave_up") == 1
    (family,) = gauges.FAILURES.collect()
    assert len(family.samples) == 4
    async with transaction(scene.service.sessions) as session:
        row = await session.get_one(Batch, first)
        (await session.get_one(Campaign, row.campaign_id)).state = "done"
    await refresh(scene.service.sessions, clock())
    assert value("failures_open", kind="weekly_issue", reason="failed") is None


async def test_the_remaining_time_is_that_of_the_slowest_campaign_of_which_anything_can_be_said(
    scene: Scene, clock: MovableClock
) -> None:
    channel, pending, sent = await scene.channel(), DeliveryState.PENDING, DeliveryState.SENT
    slow, fast, paused = await scene.campaign(), await scene.campaign(), await scene.campaign()
    clock.move(seconds=60)
    await refresh(scene.service.sessions, clock())
    assert value("remaining_seconds", kind="weekly_issue") == 0, "nothing is left of a campaign without batches"
    for campaign in (slow, fast, paused):
        await scene.batch(campaign, channel, [1, 2, 3, 4])
    await refresh(scene.service.sessions, clock())
    assert isnan(value("remaining_seconds", kind="weekly_issue") or 0)
    await sent_batch(scene, slow, channel, {5: sent}, number=2)
    await sent_batch(scene, fast, channel, {5: sent, 6: sent}, number=2)
    await sent_batch(scene, paused, channel, {5: sent, 6: pending}, number=2)
    async with transaction(scene.service.sessions) as session:
        (await session.get_one(Campaign, paused)).paused_at = clock()
    await refresh(scene.service.sessions, clock())
    # One a minute, and four are left.
    assert value("remaining_seconds", kind="weekly_issue") == 240
    assert value("remaining_seconds", kind="anniversary") == 0


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
