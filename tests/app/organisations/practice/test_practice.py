"""Practice organisations: everything works in them, and nothing of them is counted or seen elsewhere."""

from datetime import timedelta

import httpx
import pytest
from sqlalchemy import func, select

from app.access.models import KeptAnswer
from app.db.engine import transaction
from app.directory.models import Account, Member, Organisation, Placement
from app.messaging.models import Campaign, Schedule
from app.organisations.practice.service import MEMBERS, ROLES, Password, PracticeExists, create_practice
from tests.app.organisations.posts.offices import appoint, post_of
from tests.app.organisations.tree.test_races import in_order, staff_of
from tests.study import WEEK, Study
from tests.world import Person, World


async def practise(client: httpx.AsyncClient, admin: Person, organisation: int, **more: object) -> httpx.Response:
    return await client.post(f"/organisations/{organisation}/practice", json=more, headers=admin.auth)


async def sign_in(client: httpx.AsyncClient, login: str, password: str) -> httpx.Response:
    return await client.post("/sessions/password", json={"login": login, "password": password})


async def signed_in(client: httpx.AsyncClient, made: dict[str, object], role: str) -> Person:
    """The training account of this role."""
    accounts = made["accounts"]
    assert isinstance(accounts, list)
    (account,) = [each for each in accounts if each["role"] == role]
    session = await sign_in(client, account["login"], account["password"])
    assert session.status_code == 201, session.text
    return Person(account["account_id"], session.json()["token"])


async def test_a_committee_gets_a_committee_with_a_branch_people_and_accounts(
    client: httpx.AsyncClient, world: World
) -> None:
    admin = await world.staff(("administrator", 1))
    answer = await practise(client, admin, 1)
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    made = answer.json()
    top, branch = made["organisation"], made["branch"]
    assert (top["name"], top["kind"], branch["kind"], made["members"]) == ("演练党委", "committee", "branch", 8)
    leader, editor = await signed_in(client, made, "leader"), await signed_in(client, made, "editor")
    listed = (await client.get(f"/organisations/{branch['id']}/members", headers=leader.auth)).json()["items"]
    assert [each["name"] for each in listed] == list(MEMBERS)
    assert (await client.get(f"/organisations/{top['id']}/members", headers=leader.auth)).status_code == 404
    assert (await client.get("/desk/issues", headers=editor.auth)).status_code == 200
    async with world.service.sessions() as session:
        flags = dict((await session.execute(select(Organisation.id, Organisation.practice))).all())
    assert {id_ for id_, practice in flags.items() if practice} == {top["id"], branch["id"]}
    child = {"parent_id": top["id"], "name": "又一个", "kind": "branch"}
    below = (await client.post("/organisations", json=child, headers=admin.auth)).json()["id"]
    async with world.service.sessions() as session:
        assert (await session.get_one(Organisation, below)).practice, "what is created below is practice too"


async def test_passwords_are_kept_nowhere(client: httpx.AsyncClient, world: World) -> None:
    admin = await world.staff(("administrator", 10))
    headers = {**admin.auth, "Idempotency-Key": "one"}
    made = (await client.post("/organisations/10/practice", json={}, headers=headers)).json()
    again = await client.post("/organisations/10/practice", json={}, headers=headers)
    assert (again.status_code, again.json()["code"]) == (409, "practice_exists")
    log = (await client.get("/audit", headers=admin.auth)).text
    async with world.service.sessions() as session:
        kept = [str(row) for row in await session.scalars(select(KeptAnswer.answer))]
        hashes = list(await session.scalars(select(Account.password_hash)))
    for account in made["accounts"]:
        assert len(account["password"]) >= 10
        assert not [text for text in (log, *kept, *hashes) if account["password"] in text]


@pytest.mark.parametrize(("under", "status", "kind"), [(1, 201, "committee"), (10, 201, "branch"), (100, 409, "")])
async def test_it_is_of_a_kind_that_may_stand_there(
    client: httpx.AsyncClient, world: World, under: int, status: int, kind: str
) -> None:
    admin = await world.staff(("administrator", 1))
    answer = await practise(client, admin, under, name="练习用")
    assert answer.status_code == status
    if status == 201:
        assert (answer.json()["organisation"]["kind"], answer.json()["organisation"]["name"]) == (kind, "练习用")
        assert (answer.json()["branch"] == answer.json()["organisation"]) is (kind == "branch")
        inside = await practise(client, admin, answer.json()["organisation"]["id"])
        assert (inside.status_code, inside.json()["code"]) == (409, "practice_boundary")
    else:
        assert answer.json()["code"] == "wrong_parent"


async def test_of_two_that_are_asked_for_at_once_the_second_waits_and_is_refused(world: World) -> None:
    admin = await staff_of(world, ("administrator", 10))
    passwords = {role: Password("-", "-") for role in ROLES}
    now = world.service.clock()
    with pytest.raises(PracticeExists):
        await in_order(
            world.service.sessions,
            lambda session: create_practice(session, admin, 10, "演练一", passwords, now),
            lambda session: create_practice(session, admin, 10, "演练二", passwords, now),
        )


async def test_there_is_one_at_a_time_and_after_its_end_another(client: httpx.AsyncClient, world: World) -> None:
    admin = await world.staff(("administrator", 10))
    assert (await practise(client, admin, 10)).status_code == 201
    again = await practise(client, admin, 10, name="演练二")
    assert (again.status_code, again.json()["code"]) == (409, "practice_exists")
    ended = await client.delete("/organisations/10/practice", headers=admin.auth)
    assert ended.status_code == 204
    assert (await practise(client, admin, 10)).status_code == 201
    assert (await practise(client, admin, 11)).status_code == 404


async def test_ending_it_archives_all_of_it(client: httpx.AsyncClient, world: World) -> None:
    admin = await world.staff(("administrator", 1))
    nothing = await client.delete("/organisations/1/practice", headers=admin.auth)
    assert nothing.status_code == 404
    made = (await practise(client, admin, 1)).json()
    top, branch = made["organisation"]["id"], made["branch"]["id"]
    leader = await signed_in(client, made, "leader")
    real = await world.staff(("leader", 100), ("leader", branch))
    outsider = await world.member(100)
    async with world.service.sessions() as session:
        member_id = (await session.scalars(select(Member.id).where(Member.organisation_id == branch).limit(1))).one()
    phone = await world.sign_in_member(member_id)
    reminder = {"organisation_id": top, "kind": "unfinished_reminder", "cron": "0 9 * * fri"}
    assert (await client.post("/schedules", json=reminder, headers=admin.auth)).status_code == 201
    assert (await client.delete("/organisations/1/practice", headers=admin.auth)).status_code == 204
    assert (await client.get("/staff/me", headers=leader.auth)).status_code == 401
    assert (await client.get("/me", headers=phone.auth)).status_code == 401
    posts = (await client.get("/staff/me", headers=real.auth)).json()["posts"]
    assert [post["organisation_id"] for post in posts] == [100]
    async with world.service.sessions() as session:
        left = await session.scalars(
            select(Organisation.id).where(Organisation.practice, Organisation.archived_at.is_(None))
        )
        assert left.all() == []
        living = await session.scalars(select(Member.id).where(Member.archived_at.is_(None)))
        assert living.all() == [outsider]
        standing = await session.scalars(select(Placement.member_id).where(Placement.until_at.is_(None)))
        assert standing.all() == [outsider]
        assert (await session.scalars(select(Schedule.enabled))).all() == [False]
    refused = await sign_in(client, made["accounts"][0]["login"], made["accounts"][0]["password"])
    assert refused.status_code == 401


async def test_a_training_account_holds_posts_in_practice_only_and_a_real_one_may_practise(
    client: httpx.AsyncClient, world: World
) -> None:
    admin = await world.staff(("administrator", 1))
    made = (await practise(client, admin, 1)).json()
    trainee = made["accounts"][0]["account_id"]
    refused = await appoint(client, admin, trainee, organisation_id=100)
    assert (refused.status_code, refused.json()["code"]) == (409, "practice_boundary")
    inside = await appoint(client, admin, trainee, organisation_id=made["organisation"]["id"], role="editor")
    assert inside.status_code == 201
    real = await world.staff(("leader", 100))
    assert (await appoint(client, admin, real.id, organisation_id=made["branch"]["id"])).status_code == 201


async def test_only_the_console_is_set_up_there(client: httpx.AsyncClient, world: World) -> None:
    admin = await world.staff(("administrator", 1))
    branch = (await practise(client, admin, 1)).json()["branch"]["id"]
    wechat = {
        "organisation_id": branch, "adapter": "wechat_miniprogram", "name": "小程序", "account": "wx-practice",
        "secret": "0123456789abcdef",
    }  # fmt: skip
    refused = await client.post("/channels", json=wechat, headers=admin.auth)
    assert (refused.status_code, refused.json()["code"]) == (409, "practice_boundary")
    console = {"organisation_id": branch, "adapter": "console", "name": "消息页"}
    assert (await client.post("/channels", json=console, headers=admin.auth)).status_code == 201


async def test_members_and_organisations_do_not_cross_the_boundary(client: httpx.AsyncClient, world: World) -> None:
    admin = await world.staff(("administrator", 1))
    made = (await practise(client, admin, 1)).json()
    top, branch = made["organisation"]["id"], made["branch"]["id"]
    async with world.service.sessions() as session:
        ids = list(await session.scalars(select(Member.id).where(Member.organisation_id == branch).limit(1)))
    for path, body in (
        (f"/organisations/{top}/move", {"parent_id": 10}),
        (f"/organisations/{branch}/merger", {"into_id": 100}),
        (f"/organisations/{top}/split", {"name": "新", "kind": "committee", "member_ids": ids}),
        (f"/members/{ids[0]}/moves", {"organisation_id": 100}),
    ):
        refused = await client.post(path, json=body, headers=admin.auth)
        assert (refused.status_code, refused.json()["code"]) == (409, "practice_boundary"), path


async def test_figures_and_reminders_of_a_real_organisation_do_not_count_those_who_practise(
    client: httpx.AsyncClient, world: World
) -> None:
    admin, leader = await world.staff(("administrator", 1)), await world.staff(("leader", 1))
    study = await Study.build(world)
    issue = await study.issue(1, required=1)
    made = (await practise(client, admin, 1)).json()
    trainee = await signed_in(client, made, "leader")
    nobody = await client.post("/organisations/1/nudges", json={"week": "2026-W47"}, headers=leader.auth)
    assert (nobody.status_code, nobody.json()["code"]) == (409, "nobody_unfinished")
    await world.member(100)
    shown = (await client.get("/organisations/1/completion?week=2026-W47", headers=leader.auth)).json()
    assert shown["totals"]["due"] == 1
    assert made["organisation"]["id"] not in [item["organisation_id"] for item in shown["items"]]
    nudged = await client.post("/organisations/1/nudges", json={"week": "2026-W47"}, headers=leader.auth)
    assert nudged.json()["unfinished"] == 1
    branch = made["branch"]["id"]
    own = await client.get(f"/organisations/{branch}/completion?week=2026-W47", headers=trainee.auth)
    assert own.json()["totals"]["due"] == len(MEMBERS), "in their own figures they count"
    practised = await client.post(f"/organisations/{branch}/nudges", json={"week": "2026-W47"}, headers=trainee.auth)
    assert practised.json()["unfinished"] == len(MEMBERS)
    async with world.service.sessions() as session:
        assert await session.scalar(select(func.count()).select_from(Campaign)) == 2
        member_id = (await session.scalars(select(Member.id).where(Member.organisation_id == branch).limit(1))).one()
    async with transaction(world.service.sessions) as session:
        (await session.get_one(Member, member_id)).consent_version = "shipped-1"
    phone = await world.sign_in_member(member_id)
    issues = (await client.get("/issues", headers=phone.auth)).json()["items"]
    assert [each["id"] for each in issues] == [issue.id], "what a real organisation publishes is there to be read"


async def test_it_is_in_no_list_figure_or_print_of_real_people(client: httpx.AsyncClient, world: World) -> None:
    admin = await world.staff(("administrator", 1), ("leader", 1))
    real = await world.member(100)
    made = (await practise(client, admin, 1)).json()
    trainee = await signed_in(client, made, "leader")
    at = f"/organisations/{made['branch']['id']}"
    meeting = {
        "organisation_id": made["branch"]["id"], "kind": "members_meeting", "title": "演练会议",
        "starts_at": (world.service.clock() + timedelta(days=2)).isoformat(),
        "ends_at": (world.service.clock() + timedelta(days=2, hours=1)).isoformat(),
        "join_link": "https://meeting.example.cn/1",
    }  # fmt: skip
    called = await client.post("/meetings", json=meeting, headers=trainee.auth)
    assert called.status_code == 201, called.text
    study = await Study.build(world)
    lesson = await study.lesson(made["organisation"]["id"])
    await study.issue(made["organisation"]["id"], week=WEEK, required=0, shared=[lesson])

    slips = (await client.get("/organisations/1/binding-slips", headers=admin.auth)).json()
    assert [each["member_id"] for each in slips["items"]] == [real]
    drawn = (await client.post("/organisations/1/binding-slips", json={}, headers=admin.auth)).json()
    assert [each["member_id"] for each in drawn["items"]] == [real]
    assert (await client.get("/organisations/1/consents", headers=admin.auth)).json()["not_bound"] == 1
    assert (await client.get("/organisations/1/meetings", headers=admin.auth)).json()["items"] == []
    completion = f"/completion?week={WEEK}"
    assert (await client.get(f"/organisations/1{completion}", headers=admin.auth)).json()["issues"] == []
    post = await post_of(world, admin, "leader")
    matters = (await client.get(f"/posts/{post}/open-matters", headers=admin.auth)).json()["items"]
    assert {each["kind"]: each["count"] for each in matters} == {"binding_slips": 1}

    assert len((await client.get(f"{at}/binding-slips", headers=trainee.auth)).json()["items"]) == len(MEMBERS)
    assert len((await client.get(f"{at}/meetings", headers=trainee.auth)).json()["items"]) == 1
    assert len((await client.get(f"{at}{completion}", headers=trainee.auth)).json()["issues"]) == 1


async def test_one_that_has_ended_does_not_come_back_beside_another(client: httpx.AsyncClient, world: World) -> None:
    admin = await world.staff(("administrator", 1))
    old = (await practise(client, admin, 1)).json()["organisation"]["id"]
    assert (await client.delete("/organisations/1/practice", headers=admin.auth)).status_code == 204
    assert (await practise(client, admin, 1, name="新的演练")).status_code == 201
    back = await client.post(f"/organisations/{old}/restoration", headers=admin.auth)
    assert (back.status_code, back.json()["code"]) == (409, "practice_exists")
