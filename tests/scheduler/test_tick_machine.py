"""Whatever the rhythm, the zone, the policy and the outages: each due time comes to one end, and once."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from app.db.engine import Sessions, transaction
from app.messaging.models import Campaign, Schedule, Tick
from app.messaging.times import PROMPT, next_due
from scheduler.tick import run_due
from tests.scheduler.scene import Scene

ZONES = ("Asia/Shanghai", "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia")
DAYS = st.sampled_from(["*", "mon", "fri", "mon-fri", "sat,sun"])
crons = st.builds("{} {} * * {}".format, st.integers(0, 59), st.integers(0, 23), DAYS)
# Seconds between two looks: the usual ones, restarts, and outages; the rest of a second is a process's own.
gaps = st.one_of(
    st.integers(60, 7200), st.integers(86400, 5 * 86400), st.sampled_from([1, 119, 120, 121, 3599, 3600, 3601])
)
# Around the changes of clocks in the north and in the south.
begins = st.sampled_from(
    [datetime(2026, 3, 6, tzinfo=UTC), datetime(2026, 3, 27, tzinfo=UTC), datetime(2026, 10, 23, 7, 59, tzinfo=UTC)]
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    cron=crons,
    zone=st.sampled_from(ZONES),
    policy=st.sampled_from(["send", "expire"]),
    late=st.sampled_from([0, 60, 3600, 86400, 7 * 86400]),
    begin=begins,
    steps=st.lists(gaps, min_size=1, max_size=12),
)
@example(  # several of each end, over a change of clocks
    cron="30 2 * * *",
    zone="Europe/Berlin",
    policy="send",
    late=3 * 86400,
    begin=datetime(2026, 3, 27, tzinfo=UTC),
    steps=[5 * 86400, 86400, 3600],
)
@example(
    cron="30 2 * * *",
    zone="Europe/Berlin",
    policy="expire",
    late=0,
    begin=datetime(2026, 10, 23, tzinfo=UTC),
    steps=[2400, 5, 115, 86400, 3 * 86400],
)
async def test_each_due_time_is_fired_or_expired_or_coalesced_once(
    scene: Scene, sessions: Sessions, cron: str, zone: str, policy: str, late: int, begin: datetime, steps: list[int]
) -> None:
    first = next_due(cron, zone, begin)
    assert first is not None
    async with transaction(sessions) as session:
        for table in (Campaign, Tick, Schedule):
            await session.execute(delete(table))
        session.add(
            Schedule(
                organisation_id=10, kind="unfinished_reminder", cron=cron, timezone=zone, own_zone=True,
                late_policy=policy, late_seconds=late, enabled=True, next_due_at=first, created_at=begin,
            )
        )  # fmt: skip
    looks = [begin]
    for step in steps:
        looks.append(looks[-1] + timedelta(seconds=step))
        await run_due(sessions, looks[-1])
    expected = _expected(cron, zone, looks, max(timedelta(seconds=late), PROMPT) if policy == "send" else PROMPT)
    async with transaction(sessions) as session:
        rows = await session.execute(select(Tick.due_at, Tick.outcome).order_by(Tick.due_at))
        assert [tuple(row) for row in rows] == expected
        campaigns = (await session.scalars(select(Campaign))).all()
        assert len(campaigns) == sum(outcome == "fired" for _, outcome in expected)
        assert len({each.tick_id for each in campaigns}) == len(campaigns)


def _expected(cron: str, zone: str, looks: list[datetime], bound: timedelta) -> list[tuple[datetime, str]]:
    """Said anew from the looks: what comes due between two of them is handled at the second."""
    found: list[tuple[datetime, str]] = []
    for before, now in pairwise(looks):
        dues = []
        due = next_due(cron, zone, before)
        while due is not None and due <= now:
            dues.append(due)
            due = next_due(cron, zone, due)
        for each in dues:
            told = "fired" if each == dues[-1] else "coalesced"
            found.append((each, told if now - each <= bound else "expired"))
    return found
