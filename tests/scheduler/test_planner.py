"""A campaign becomes batches: exactly its audience, on the channel that reaches each member best."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from app.db.engine import transaction
from app.directory.models import PrivacyNotice
from app.library.models import Issue
from app.messaging.models import BATCH_SIZE, Campaign, DeliveryState
from app.messaging.service import Audience
from app.reading.models import ReadingProgress
from scheduler.adapters.base import AdapterKind
from scheduler.adapters.console import CONSOLE
from scheduler.adapters.wechat_miniprogram import WECHAT_MINIPROGRAM
from scheduler.choosing import Allowance, Candidate, Recipient, choose
from scheduler.planner import plan_announced
from tests.scheduler.scene import CONFIG, Scene
from tests.scheduler.scripted import Scripted
from tests.scheduler.subjects import issue
from tests.world import APPID

ADAPTERS = {"console": CONSOLE, "wechat_miniprogram": WECHAT_MINIPROGRAM, "gateway": AdapterKind(Scripted().build)}


async def plan(scene: Scene, audience: Audience | None = None, page: int = 2000, kind: str = "weekly_issue") -> int:
    """Announces and plans; gives the campaign's id."""
    campaign_id = await scene.campaign(kind, state="planning", audience=audience)
    await plan_announced(scene.service.sessions, ADAPTERS, scene.service.clock(), page=page)
    return campaign_id


async def planned(scene: Scene, campaign_id: int) -> dict[int, list[int]]:
    """Channel → members."""
    found: dict[int, list[int]] = {}
    for row in await scene.batches(campaign_id):
        found.setdefault(row.channel_id, []).extend(row.members)
    return found


async def counted(scene: Scene, campaign_id: int) -> tuple[str, int, int]:
    async with transaction(scene.service.sessions) as session:
        row = await session.get_one(Campaign, campaign_id)
        return row.state, row.recipients, row.unreachable


async def test_an_audience_is_a_subtree_and_a_prefix_of_digits_is_not_one(scene: Scene) -> None:
    channel_id = await scene.channel("console")
    by_place = {place: await scene.world.member(place) for place in (1, 10, 11, 100, 101, 110)}
    await scene.channel("console", 2)
    by_place[20] = await scene.world.member(20)
    for path, places in (("/1/10/", (10, 100, 101)), ("/1/", (1, 10, 11, 100, 101, 110)), ("/1/10/100/", (100,))):
        campaign_id = await plan(scene, Audience(path=path))
        assert await planned(scene, campaign_id) == {channel_id: [by_place[place] for place in places]}


async def test_who_has_left_is_not_told(scene: Scene) -> None:
    channel_id = await scene.channel("console")
    await scene.world.member(100, archived_at=scene.service.clock())
    here = await scene.world.member(100)
    assert await planned(scene, await plan(scene)) == {channel_id: [here]}


async def test_a_meeting_is_told_to_exactly_the_floating_members_of_the_subtree(scene: Scene) -> None:
    channel_id = await scene.channel("console")
    floating = [await scene.world.member(place, roster="floating") for place in (10, 100)]
    for place, roster in ((100, "in_service"), (100, "no_post"), (110, "floating"), (1, "floating")):
        await scene.world.member(place, roster=roster)
    campaign_id = await plan(scene, Audience(path="/1/10/", floating_only=True), kind="meeting_notice")
    assert await planned(scene, campaign_id) == {channel_id: floating}


async def test_a_reminder_goes_to_those_who_have_not_finished_the_week(scene: Scene) -> None:
    service = scene.service
    channel_id = await scene.channel("console")
    _, (lesson_id,) = await issue(scene, "published", "三会一课")
    unread, finished = await scene.world.member(100), await scene.world.member(100)
    await scene.world.member(100, exempt_reason="年老体弱")
    now = service.clock()
    async with transaction(service.sessions) as session:
        session.add(
            ReadingProgress(
                member_id=finished,
                lesson_id=lesson_id,
                position=1,
                credited_ms=1,
                recent=[],
                started_at=now,
                heartbeat_at=now,
                completed_at=now,
            )
        )
    for week, expected in (("2026-W47", {channel_id: [unread]}), ("2026-W46", {})):
        campaign_id = await plan(scene, Audience("/1/", unfinished_week=week), kind="unfinished_reminder")
        assert await planned(scene, campaign_id) == expected


async def test_a_narrowed_issue_is_told_to_those_whom_it_means(scene: Scene) -> None:
    channel_id = await scene.channel("console")
    issue_id, _ = await issue(scene, "published", "三会一课")
    meant = await scene.world.member(100, stage="activist", tags=["农业"])
    for fields in ({"stage": "activist"}, {"tags": ["农业"]}, {"stage": "applicant", "tags": ["农业"]}):
        await scene.world.member(100, **fields)
    async with transaction(scene.service.sessions) as session:
        row = await session.get_one(Issue, issue_id)
        row.audience_stages, row.audience_tags = ["activist"], ["农业", "教育"]
    assert await planned(scene, await plan(scene, Audience("/1/", issue_id=issue_id))) == {channel_id: [meant]}
    campaign_id = await plan(scene, Audience("/1/", unfinished_week="2026-W47"), kind="unfinished_reminder")
    assert await planned(scene, campaign_id) == {channel_id: [meant]}


async def test_pages_miss_nobody_and_tell_nobody_twice(scene: Scene) -> None:
    channel_id = await scene.channel("console")
    members = [await scene.world.member((100, 101, 110)[number % 3]) for number in range(7)]
    for page in (1, 3, 7, 8):
        campaign_id = await plan(scene, page=page)
        assert await planned(scene, campaign_id) == {channel_id: members}
        assert [row.number for row in await scene.batches(campaign_id)] == list(range(1, -(-7 // page) + 1))
        assert await counted(scene, campaign_id) == ("sending", 7, 0)


async def test_a_batch_holds_at_most_500(scene: Scene) -> None:
    await scene.channel("console")
    async with transaction(scene.service.sessions) as session:
        await session.execute(
            text(
                "INSERT INTO members (organisation_id, name, stage, roster, created_at)"
                " SELECT 100, 'x', 'full_member', 'in_service', now() FROM generate_series(1, 1100)"
            )
        )
    rows = await scene.batches(await plan(scene))
    assert [len(row.members) for row in rows] == [BATCH_SIZE, BATCH_SIZE, 100]
    for row in rows:
        assert (row.first_member, row.last_member) == (row.members[0], row.members[-1])
        assert set(row.states) == {DeliveryState.PENDING}
        assert row.not_before == scene.service.clock()


async def test_who_has_a_subscription_hears_by_the_mini_program_and_the_others_by_the_console(scene: Scene) -> None:
    console = await scene.channel("console")
    wechat = await scene.channel("wechat_miniprogram", account=APPID, config=dict(CONFIG))
    able = await scene.follower("o-1", accepted=1)
    used_up = await scene.follower("o-2", accepted=0)
    unbound = await scene.world.member(100)
    assert await planned(scene, await plan(scene)) == {wechat: [able], console: [used_up, unbound]}


async def test_a_family_with_one_subscription_gets_one_message_there_and_the_second_elsewhere(scene: Scene) -> None:
    console = await scene.channel("console")
    wechat = await scene.channel("wechat_miniprogram", account=APPID, config=dict(CONFIG))
    first, second = await scene.follower("o-1", accepted=1), await scene.follower("o-1")
    assert await planned(scene, await plan(scene)) == {wechat: [first], console: [second]}


async def test_nobody_is_put_on_a_mini_program_that_has_no_template_for_this(scene: Scene) -> None:
    await scene.channel("wechat_miniprogram", account=APPID, config={})
    await scene.follower("o-1", accepted=1)
    campaign_id = await plan(scene)
    assert await planned(scene, campaign_id) == {}
    assert await counted(scene, campaign_id) == ("done", 0, 1)


@pytest.mark.parametrize("said", [None, "an older version"])
async def test_nothing_leaves_the_house_for_who_has_not_consented(scene: Scene, said: str | None) -> None:
    wechat = await scene.channel("wechat_miniprogram", account=APPID, config=dict(CONFIG))
    await scene.channel("gateway")
    silent = await scene.follower("o-1", accepted=1, consent_version=said)
    willing = await scene.follower("o-2", accepted=1)
    campaign_id = await plan(scene)
    assert await planned(scene, campaign_id) == {wechat: [willing]}
    assert await counted(scene, campaign_id) == ("sending", 1, 1)
    console = await scene.channel("console")
    assert await planned(scene, await plan(scene)) == {wechat: [willing], console: [silent]}


async def test_of_two_members_on_one_phone_each_is_told_by_their_own_word(scene: Scene) -> None:
    console = await scene.channel("console")
    wechat = await scene.channel("wechat_miniprogram", account=APPID, config=dict(CONFIG))
    willing = await scene.follower("o-1", accepted=3)
    silent = await scene.follower("o-1", consent_version=None)
    await scene.follower("o-1", notices_off=["weekly_issue"])
    assert await planned(scene, await plan(scene)) == {wechat: [willing], console: [silent]}


async def test_a_new_notice_asks_again_of_every_member_below_and_of_nobody_else(scene: Scene) -> None:
    console = await scene.channel("console")
    wechat = await scene.channel("wechat_miniprogram", account=APPID, config=dict(CONFIG))
    below, above = await scene.follower("o-1"), await scene.follower("o-2", organisation_id=1)
    async with transaction(scene.service.sessions) as session:
        session.add(
            PrivacyNotice(
                organisation_id=10,
                number=1,
                version="10-1",
                title="告知书",
                body="新",
                published_at=scene.service.clock(),
            )
        )
    assert await planned(scene, await plan(scene)) == {wechat: [above], console: [below]}


async def test_kinds_that_a_member_does_not_want_are_left_out_but_meetings_are_not(scene: Scene) -> None:
    channel_id = await scene.channel("console")
    every = ["weekly_issue", "unfinished_reminder", "meeting_notice"]
    quiet = await scene.world.member(100, notices_off=every)
    weekly_only = await scene.world.member(100, notices_off=["unfinished_reminder"])
    for kind, told in (("weekly_issue", [weekly_only]), ("meeting_notice", [quiet, weekly_only])):
        assert await planned(scene, await plan(scene, kind=kind)) == {channel_id: told}


async def test_a_member_whom_no_channel_reaches_is_counted(scene: Scene) -> None:
    channel_id = await scene.channel("console", 10)
    inside = await scene.world.member(100)
    await scene.world.member(110)
    campaign_id = await plan(scene)
    assert await planned(scene, campaign_id) == {channel_id: [inside]}
    assert await counted(scene, campaign_id) == ("sending", 1, 1)


async def test_a_channel_that_is_off_or_that_nobody_can_send_by_is_not_used(scene: Scene) -> None:
    await scene.channel("console", enabled=False)
    await scene.channel("pigeon")
    await scene.world.member(100)
    assert await counted(scene, await plan(scene)) == ("done", 0, 1)


async def test_a_stopped_channel_is_passed_over_unless_there_is_no_other_and_then_the_delivery_waits(
    scene: Scene,
) -> None:
    stopped = await scene.channel("console", 10, stopped_reason="40125")
    member = await scene.world.member(100)
    assert await planned(scene, await plan(scene)) == {stopped: [member]}
    running = await scene.channel("console", 1)
    assert await planned(scene, await plan(scene)) == {running: [member]}


async def test_an_empty_audience_is_done_at_once(scene: Scene) -> None:
    await scene.channel("console")
    assert await counted(scene, await plan(scene)) == ("done", 0, 0)


async def test_a_campaign_whose_batches_were_all_sent_before_its_planning_ended_is_done(scene: Scene) -> None:
    await scene.channel("console")
    members = [await scene.world.member(100) for _ in range(2)]
    campaign_id = await scene.campaign(state="planning")
    async with transaction(scene.service.sessions) as session:
        # As after the first of two pages, planned in an earlier look.
        campaign = await session.get_one(Campaign, campaign_id)
        campaign.planned_until, campaign.recipients = members[-1], 2
    channel_id = await scene.channel()
    await scene.batch(campaign_id, channel_id, members)
    await scene.send()
    await plan_announced(scene.service.sessions, ADAPTERS, scene.service.clock())
    assert await counted(scene, campaign_id) == ("done", 2, 0)


async def test_a_look_plans_no_more_than_its_pages_and_the_next_goes_on_after_them(scene: Scene) -> None:
    channel_id = await scene.channel("console")
    members = [await scene.world.member(100) for _ in range(5)]
    campaign_id, now = await scene.campaign(state="planning"), scene.service.clock()
    for pages, state, reached in ((2, "planning", 4), (1, "sending", 5)):
        assert await plan_announced(scene.service.sessions, ADAPTERS, now, page=2, most=2) == pages
        assert await counted(scene, campaign_id) == (state, reached, 0)
    assert await planned(scene, campaign_id) == {channel_id: members}


async def test_a_campaign_that_cannot_be_planned_does_not_hold_up_the_others(scene: Scene) -> None:
    await scene.channel("console")
    await scene.world.member(100)
    bad = await scene.campaign(state="planning")
    async with transaction(scene.service.sessions) as session:
        (await session.get_one(Campaign, bad)).audience = {}
    good = await plan(scene)
    assert await counted(scene, bad) == ("planning", 0, 0)
    assert await counted(scene, good) == ("sending", 1, 0)


async def test_a_database_that_is_away_is_said_and_not_taken_for_a_bad_campaign(scene: Scene) -> None:
    await scene.campaign(state="planning")
    async with transaction(scene.service.sessions) as session:
        await session.execute(text("ALTER TABLE campaigns RENAME TO gone"))
    with pytest.raises(Exception, match="campaigns"):
        await plan_announced(scene.service.sessions, ADAPTERS, datetime(2026, 11, 16, tzinfo=UTC))


# The choice of a channel, without a database

AT = Recipient(1, "/1/10/100/", "Asia/Shanghai", 5, APPID, consented=True)


def candidate(channel_id: int, organisation_id: int, adapter: str = "console", *, stopped: bool = False) -> Candidate:
    kind = ADAPTERS[adapter]
    account, template = (APPID, "t") if kind.subscribed else ("", None)
    return Candidate(channel_id, organisation_id, kind, account, template, stopped)


@pytest.mark.parametrize(
    ("candidates", "chosen"),
    [
        ([candidate(1, 1), candidate(2, 10)], 2),  # the nearest
        ([candidate(2, 10), candidate(1, 10)], 1),  # of two as near, the older
        ([candidate(1, 100), candidate(2, 1, "wechat_miniprogram")], 2),  # the last resort last
        ([candidate(1, 100), candidate(2, 1, "gateway")], 2),  # somebody else's adapter reaches everybody
        ([candidate(1, 1, "wechat_miniprogram"), candidate(2, 100, "wechat_miniprogram")], 2),
        ([candidate(1, 100, "wechat_miniprogram", stopped=True), candidate(2, 1)], 2),
        ([candidate(1, 100, "wechat_miniprogram", stopped=True), candidate(2, 1, stopped=True)], 1),
        ([candidate(1, 11), candidate(2, 101), candidate(3, 2)], None),  # siblings and strangers
        ([], None),
    ],
)
def test_the_best_channel_is_chosen(candidates: list[Candidate], chosen: int | None) -> None:
    found = choose(AT, candidates, {(5, "t"): 1})
    assert (found and found.channel_id) == chosen


@pytest.mark.parametrize(
    "recipient",
    [
        Recipient(1, "/1/10/100/", "Asia/Shanghai", None, None, consented=True),
        Recipient(1, "/1/10/100/", "Asia/Shanghai", 5, "wx-other", consented=True),
        AT,
    ],
)
def test_a_mini_program_is_only_for_those_bound_to_it_with_a_subscription(recipient: Recipient) -> None:
    balances: dict[Allowance, int] = {} if recipient is AT else {(5, "t"): 1}
    assert choose(recipient, [candidate(1, 1, "wechat_miniprogram")], balances) is None
