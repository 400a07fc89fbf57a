"""Members who leave the roster, and come back within 30 days as if nothing had been."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import select, update

from app.db.engine import transaction
from app.directory.models import Binding, BindingRequest, BindingSlip, Session, WechatUser
from app.identity.service import open_wechat_session
from app.messaging.models import Batch
from app.messaging.service import Audience, announce
from app.platforms.models import Channel
from scheduler.adapters.console import CONSOLE
from scheduler.planner import plan_announced
from tests.app.access.staff import open_phone
from tests.app.organisations.people import audited, later, members, places, seal_phone, set_up
from tests.scheduler.scene import ISSUE_EVENT
from tests.study import WEEK, Study
from tests.world import APPID, Person, World

Act = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture
async def leader(world: World) -> Person:
    return await world.staff(("leader", 10))


@pytest.fixture
def act(client: httpx.AsyncClient, leader: Person) -> Act:
    """Archives or restores, as the leader unless another is given."""

    async def send(what: str, member_id: int, by: Person | None = None, **body: object) -> httpx.Response:
        return await client.post(f"/members/{member_id}/{what}", json=body, headers=(by or leader).auth)

    return send


async def test_who_is_archived_is_out_at_once_and_cannot_come_in_again(
    client: httpx.AsyncClient, world: World, act: Act
) -> None:
    member = await world.signed_in_member(100, name="张三")
    answer = await act("archive", member.id, reason="deceased")
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["archive_reason"], told["bound"]) == ("deceased", True)
    assert datetime.fromisoformat(told["restorable_until"]) == world.service.clock() + timedelta(days=30)
    assert (await client.get("/me", headers=member.auth)).status_code == 401
    async with transaction(world.service.sessions) as session:
        token, _, bound = await open_wechat_session(session, APPID, f"openid-{member.id}", None, world.service.clock())
    assert bound == []
    me = await client.get("/me", headers=Person(member.id, token).auth)
    assert (me.status_code, me.json()["code"]) == (409, "not_bound")
    (entry,) = await audited(world, "member.archived")
    assert (entry.organisation_id, entry.detail["reason"]) == (100, "deceased")


async def test_a_session_that_slipped_through_is_of_no_use(client: httpx.AsyncClient, world: World, act: Act) -> None:
    member = await world.signed_in_member(100)
    await act("archive", member.id, reason="removed")
    async with transaction(world.service.sessions) as session:
        await session.execute(update(Session).where(Session.member_id == member.id).values(revoked_at=None))
    assert (await client.get("/me", headers=member.auth)).json()["code"] == "not_bound"


async def test_a_family_phone_goes_on_with_the_other_member(client: httpx.AsyncClient, world: World, act: Act) -> None:
    member, other = await world.signed_in_member(100), await world.member(100, name="家人")
    async with transaction(world.service.sessions) as session:
        user = (await session.scalars(select(WechatUser))).one()
        session.add(Binding(wechat_user_id=user.id, member_id=other, created_at=world.service.clock()))
    await act("archive", member.id, reason="other")
    again = await open_phone(world.service, f"openid-{member.id}")
    assert again.id == other
    me = (await client.get("/me", headers=again.auth)).json()
    assert [each["member_id"] for each in me["members"]] == [other]


async def test_slips_are_void_and_requests_refused(
    client: httpx.AsyncClient, world: World, act: Act, leader: Person
) -> None:
    member, stranger = await world.member(100), await world.unbound_wechat()
    slips = await client.post("/organisations/100/binding-slips", json={}, headers=leader.auth)
    (slip,) = slips.json()["items"]
    async with transaction(world.service.sessions) as session:
        session.add(
            BindingRequest(
                wechat_user_id=stranger.id, member_id=member, reason="shared_phone", state="open",
                created_at=world.service.clock(),
            )
        )  # fmt: skip
    await act("archive", member, reason="transferred")
    async with world.service.sessions() as session:
        request = (await session.scalars(select(BindingRequest))).one()
        kept = (await session.scalars(select(BindingSlip))).one()
    assert (request.state, request.decided_by, request.decided_at) == ("refused", leader.id, world.service.clock())
    assert kept.voided_at == world.service.clock()
    await act("restoration", member)
    used = await client.post("/me/binding", json={"invite_code": slip["invite_code"]}, headers=stranger.auth)
    assert used.json()["code"] == "wrong_invite_code"


async def test_no_notice_is_planned_for_who_is_archived(world: World, act: Act) -> None:
    gone, there = await world.member(100), await world.member(100)
    await act("archive", gone, reason="removed")
    now = world.service.clock()
    async with transaction(world.service.sessions) as session:
        session.add(
            Channel(
                organisation_id=10,
                adapter="console",
                name="消息页",
                account="-",
                config={},
                enabled=True,
                created_at=now,
            )
        )
        announce(
            session, "weekly_issue", organisation_id=10, subject_id=1, event=dict(ISSUE_EVENT),
            audience=Audience(path="/1/10/"), expires_at=now + timedelta(days=1), now=now,
        )  # fmt: skip
    await plan_announced(world.service.sessions, {"console": CONSOLE}, now)
    async with world.service.sessions() as session:
        assert [batch.members for batch in await session.scalars(select(Batch))] == [[there]]


async def test_the_place_ends_on_the_day_that_is_given(world: World, act: Act) -> None:
    member = await world.member(100)
    await later(world, days=5)
    answer = await act("archive", member, reason="transferred", effective_on="2026-11-18")
    assert answer.status_code == 200
    (place,) = await places(world, member)
    assert place.until_at == datetime(2026, 11, 17, 16, tzinfo=UTC)
    assert (await members(world))[0].archived_at == world.service.clock()
    early, late = await world.member(100), await world.member(100)
    assert (await act("archive", early, reason="other", effective_on="2026-11-16")).json()["code"] == "date_too_early"
    assert (await act("archive", late, reason="other", effective_on="2026-11-22")).json()["code"] == "date_in_future"


async def test_the_same_again_is_harmless_and_another_reason_is_not(world: World, act: Act) -> None:
    member = await world.member(100)
    await later(world, hours=1)
    first = await act("archive", member, reason="removed")
    await later(world, hours=1)
    assert (await act("archive", member, reason="removed")).json() == first.json()
    again = await act("archive", member, reason="deceased")
    assert (again.status_code, again.json()["code"]) == (409, "already_archived")
    assert len(await audited(world, "member.archived")) == 1


async def test_an_unknown_reason_is_refused(world: World, act: Act) -> None:
    answer = await act("archive", await world.member(100), reason="bored")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")


async def test_who_was_archived_by_mistake_comes_back_without_a_gap(
    client: httpx.AsyncClient, world: World, act: Act, leader: Person
) -> None:
    study = await Study.build(world)
    member = await world.signed_in_member(100, name="张三", tags=["青年"])
    await seal_phone(world, member.id, "19912345678")
    issue = await study.issue(10)
    await study.read(member.id, *issue.required)
    await later(world, days=8)
    path = f"/organisations/10/completion?week={WEEK}&by=member"
    before = (await client.get(path, headers=leader.auth)).json()
    seen = (await client.get(f"/members/{member.id}", headers=leader.auth)).json()
    await act("archive", member.id, reason="deceased", effective_on="2026-11-17")
    assert (await client.get(path, headers=leader.auth)).json()["items"] == []
    await later(world, days=29, hours=23)
    restored = await act("restoration", member.id)
    assert (restored.status_code, restored.json()) == (200, seen)
    assert (await client.get(path, headers=leader.auth)).json() == before
    (place,) = await places(world, member.id)
    assert place.until_at is None
    again = await open_phone(world.service, f"openid-{member.id}")
    assert (await client.get("/me", headers=again.auth)).json()["name"] == "张三"
    (entry,) = await audited(world, "member.restored")
    assert entry.object_id == member.id


async def test_after_thirty_days_the_leader_sees_nobody_and_the_administrator_is_told(
    client: httpx.AsyncClient, world: World, act: Act, leader: Person
) -> None:
    admin = await world.staff(("administrator", 10))
    member = await world.member(100, name="张三")
    await later(world, hours=1)
    await act("archive", member, reason="transferred")
    list_of = "/members?state=archived"
    await later(world, days=29, hours=23)
    for staff in (leader, admin):
        listed = (await client.get(list_of, headers=staff.auth)).json()["items"]
        assert [(each["id"], each["archive_reason"]) for each in listed] == [(member, "transferred")]
        assert (await client.get("/members", headers=staff.auth)).json()["items"] == []
    await later(world, hours=1)
    assert (await client.get(list_of, headers=leader.auth)).json()["items"] == []
    assert (await client.get(f"/members/{member}", headers=leader.auth)).status_code == 404
    assert (await act("restoration", member)).status_code == 404
    assert [each["id"] for each in (await client.get(list_of, headers=admin.auth)).json()["items"]] == [member]
    answer = await act("restoration", member, admin)
    assert (answer.status_code, answer.json()["code"]) == (409, "too_late_to_restore")
    assert "重新添加" in answer.json()["detail"]


async def test_who_is_not_archived_is_not_restored(world: World, act: Act) -> None:
    answer = await act("restoration", await world.member(100))
    assert (answer.status_code, answer.json()["code"]) == (409, "not_archived")


async def test_an_organisation_that_is_gone_is_replaced_by_another(world: World, act: Act) -> None:
    member = await world.member(100)
    await later(world, days=1)
    left = world.service.clock()
    await act("archive", member, reason="other")
    await set_up(world, 100, archived_at=world.service.clock())
    await later(world, days=1)
    refused = await act("restoration", member)
    assert (refused.status_code, refused.json()["code"]) == (409, "organisation_archived")
    assert (await act("restoration", member, organisation_id=110)).status_code == 404
    answer = await act("restoration", member, organisation_id=101)
    assert (answer.status_code, answer.json()["organisation"]) == (200, "二支部")
    assert [(place.organisation_id, place.from_at, place.until_at) for place in await places(world, member)] == [
        (100, left - timedelta(days=1), left),
        (101, left, None),
    ]


async def test_a_practice_organisation_takes_no_real_member_back(world: World, act: Act) -> None:
    member = await world.member(100, archived_at=world.service.clock(), archive_reason="other")
    await set_up(world, 101, practice=True)
    answer = await act("restoration", member, organisation_id=101)
    assert (answer.status_code, answer.json()["code"]) == (409, "practice_boundary")


async def test_who_was_archived_the_moment_they_came_has_a_place_again(world: World, act: Act) -> None:
    member = await world.member(100)
    await act("archive", member, reason="duplicate")
    assert await places(world, member) == []
    assert (await act("restoration", member)).status_code == 200
    assert [(place.organisation_id, place.until_at) for place in await places(world, member)] == [(100, None)]


async def test_a_restoration_asks_about_who_came_meanwhile_and_does_not_mind_them(
    client: httpx.AsyncClient, world: World, act: Act
) -> None:
    member = await world.signed_in_member(100, name="张三", birth_month="1985-07")
    await act("archive", member.id, reason="duplicate")
    twin = await world.member(100, name="张三", birth_month="1985-07")
    async with transaction(world.service.sessions) as session:
        user = (await session.scalars(select(WechatUser).where(WechatUser.openid == f"openid-{member.id}"))).one()
        session.add(Binding(wechat_user_id=user.id, member_id=twin, created_at=world.service.clock()))
    asked = await act("restoration", member.id)
    assert (asked.status_code, asked.json()["code"]) == (409, "possible_duplicate")
    assert [each["member_id"] for each in asked.json()["errors"]] == [twin]
    assert (await act("restoration", member.id, allow_duplicate=True)).status_code == 200
    again = await open_phone(world.service, f"openid-{member.id}")
    me = (await client.get("/me", headers=again.auth)).json()
    assert {each["member_id"] for each in me["members"]} == {member.id, twin}


async def test_who_comes_back_into_what_was_founded_meanwhile_is_there_since_then(
    client: httpx.AsyncClient, world: World, act: Act
) -> None:
    member = await world.member(100, name="张三")
    await later(world, days=1)
    await act("archive", member, reason="other")
    await later(world, days=1)
    admin = await world.staff(("administrator", 10))
    body = {"parent_id": 10, "name": "新支部", "kind": "branch"}
    new = (await client.post("/organisations", json=body, headers=admin.auth)).json()["id"]
    founded = world.service.clock()
    await later(world, days=1)
    assert (await act("restoration", member, organisation_id=new)).status_code == 200
    assert [(each.organisation_id, each.from_at) for each in await places(world, member)][1] == (new, founded)
