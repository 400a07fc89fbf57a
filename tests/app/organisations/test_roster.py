"""The import of a roster over the API: all of it or nothing."""

import asyncio

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, select, text

from app.access.models import AuditEntry
from app.db.engine import transaction
from app.directory.models import Member, Organisation
from app.organisations.matching import Place, Places, plan_organisations
from app.organisations.roster import RosterChanged, import_roster
from app.organisations.tree.service import create_root
from content.roster import Roster, RosterMember, RosterOrganisation
from tests.app.organisations.people import members, seal_phone, upload, workbook
from tests.world import TREE, World

EMPTY = {"added": 0, "changed": 0, "unchanged": 0, "organisations_added": 0, "rejected": []}


def rejected(answer: httpx.Response) -> list[tuple[int, str]]:
    assert answer.status_code == 422
    assert answer.json()["code"] == "rejected_lines"
    assert all(error["detail"] for error in answer.json()["errors"])
    return [(error["line"], error["code"]) for error in answer.json()["errors"]]


async def test_new_members_are_added_with_sealed_phones_and_the_same_file_again_changes_nothing(
    client: httpx.AsyncClient, world: World
) -> None:
    leader = await world.staff(("leader", 10))
    data = workbook(
        [
            ("张三", "一支部", "19900000001", "预备党员", "流动", "是", "年老体弱"),
            ("李四", "东片党总支"),
            ("李四", "二 支部"),
        ]
    )
    dry = await upload(client, leader, data, dry_run=True)
    assert (dry.status_code, dry.json()) == (200, {**EMPTY, "added": 3})
    assert await members(world) == []
    done = await upload(client, leader, data)
    assert (done.status_code, done.json()) == (201, {**EMPTY, "added": 3})
    zhang, *others = await members(world)
    assert (zhang.name, zhang.organisation_id, zhang.stage) == ("张三", 100, "probationary_member")
    assert (zhang.roster, zhang.exempt_reason) == ("floating", "年老体弱")
    assert zhang.phone_cipher is not None
    assert world.service.vault.decrypt(zhang.phone_cipher, f"members:{zhang.id}:phone") == "19900000001"
    assert zhang.phone_index == world.service.vault.digest("phone", "19900000001")
    assert [(member.organisation_id, member.stage, member.roster, member.phone_index) for member in others] == [
        (10, "full_member", "in_service", None), (101, "full_member", "in_service", None),
    ]  # fmt: skip
    again = await upload(client, leader, data)
    assert (again.status_code, again.json()) == (201, {**EMPTY, "unchanged": 3})
    async with world.service.sessions() as session:
        entries = list(await session.scalars(select(AuditEntry).order_by(AuditEntry.id)))
    assert [(entry.action, entry.organisation_id, entry.detail["added"]) for entry in entries] == [
        ("roster.imported", 10, 3), ("roster.imported", 10, 0),
    ]  # fmt: skip
    # Who was made exempt can be asked about later: they are in no denominator any more.
    assert [(entry.detail["exempt_members"], entry.detail["changed_members"]) for entry in entries] == [
        ([zhang.id], []), ([], []),
    ]  # fmt: skip


async def test_a_phone_of_another_name_is_asked_about_and_renames_nobody(
    client: httpx.AsyncClient, world: World
) -> None:
    leader = await world.staff(("leader", 10))
    husband = await world.member(100, name="夫甲")
    await seal_phone(world, husband, "19900000001")
    answer = await upload(client, leader, workbook([("妻乙", "一支部", "19900000001")]))
    assert rejected(answer) == [(2, "phone_of_another")]
    assert [member.name for member in await members(world)] == ["夫甲"]


async def test_a_member_is_found_by_phone_and_updated_even_into_another_branch(
    client: httpx.AsyncClient, world: World
) -> None:
    leader = await world.staff(("leader", 10))
    known, untouched = await world.member(100, name="张三"), await world.member(100, name="没在表里")
    await seal_phone(world, known, "19900000001")
    answer = await upload(client, leader, workbook([("张　三", "二支部", "19900000001", "", "流动")]))
    assert answer.json() == {**EMPTY, "changed": 1}
    found, other = await members(world)
    assert (found.id, found.name, found.organisation_id, found.roster) == (known, "张三", 101, "floating")
    assert found.phone_cipher is not None
    assert (other.id, other.name, other.archived_at) == (untouched, "没在表里", None)


async def test_a_member_is_found_by_name_in_the_branch_and_keeps_a_phone_that_the_sheet_omits(
    client: httpx.AsyncClient, world: World
) -> None:
    leader = await world.staff(("leader", 10))
    with_phone, without = await world.member(100, name="张三"), await world.member(101, name="张三")
    await seal_phone(world, with_phone, "19900000001")
    data = workbook([("张 三", "一支部", "", "积极分子"), ("张三", "二支部", "19900000002")])
    assert (await upload(client, leader, data)).json() == {**EMPTY, "changed": 2}
    first, second = await members(world)
    digest = world.service.vault.digest
    assert (first.stage, first.phone_index) == ("activist", digest("phone", "19900000001"))
    assert (second.id, second.phone_index) == (without, digest("phone", "19900000002"))
    assert second.phone_cipher is not None
    assert world.service.vault.decrypt(second.phone_cipher, f"members:{without}:phone") == "19900000002"


async def test_a_namesake_with_another_phone_is_another_person_when_the_first_is_in_the_sheet(
    client: httpx.AsyncClient, world: World
) -> None:
    leader = await world.staff(("leader", 10))
    await seal_phone(world, await world.member(100, name="张三"), "19900000001")
    data = workbook([("张三", "一支部", "19900000001"), ("张三", "一支部", "19900000002")])
    assert (await upload(client, leader, data)).json() == {**EMPTY, "added": 1, "unchanged": 1}
    assert (await upload(client, leader, data)).json() == {**EMPTY, "unchanged": 2}


async def test_what_cannot_be_told_apart_is_rejected_and_nothing_is_half_imported(
    client: httpx.AsyncClient, world: World
) -> None:
    admin = await world.staff(("administrator", 1))
    await world.member(100, name="张三")
    for _ in range(2):
        await world.member(101, name="李四")
    await client.post("/organisations", json={"parent_id": 11, "name": "一支部", "kind": "branch"}, headers=admin.auth)
    lines = [
        ("王五", "三支部"),
        ("张三", "一支部", "19900000001"),  # two branches have this name
        ("李四", "二支部"),  # two members have this name
        ("赵六", "没有的支部"),
        ("钱七", "三支部", "12"),
    ]
    codes = [(3, "ambiguous_organisation"), (4, "ambiguous_name"), (5, "unknown_organisation"), (6, "invalid_phone")]
    assert rejected(await upload(client, admin, workbook(lines), 1)) == codes
    dry = (await upload(client, admin, workbook(lines), 1, dry_run=True)).json()
    assert (dry["added"], [(bad["line"], bad["code"]) for bad in dry["rejected"]]) == (1, codes)
    assert all(bad["reason"] for bad in dry["rejected"])
    assert len(await members(world)) == 3
    twins = workbook([("张三", "一支部", "19900000001"), ("张三", "一支部", "19900000002")])
    assert rejected(await upload(client, admin, twins, 10)) == [(2, "ambiguous_name"), (3, "ambiguous_name")]


async def test_nobody_is_taken_from_out_of_reach(client: httpx.AsyncClient, world: World) -> None:
    leader = await world.staff(("leader", 10))
    outside = await world.member(110, name="张三")
    await seal_phone(world, outside, "19900000001")
    data = workbook([("张三", "一支部", "19900000001"), ("李四", "三支部"), ("王五", "示范镇党委")])
    answer = await upload(client, leader, data)
    assert rejected(answer) == [(2, "phone_elsewhere"), (3, "unknown_organisation"), (4, "unknown_organisation")]
    assert answer.json()["errors"][0]["detail"] == "该手机号已登记在其他党组织"
    (still,) = await members(world)
    assert still.organisation_id == 110


async def test_the_phone_of_an_archived_member_is_free_again(client: httpx.AsyncClient, world: World) -> None:
    leader = await world.staff(("leader", 10))
    gone = await world.member(110)
    await seal_phone(world, gone, "19900000001")
    async with transaction(world.service.sessions) as session:
        (await session.get_one(Member, gone)).archived_at = world.service.clock()
    answer = await upload(client, leader, workbook([("张三", "一支部", "19900000001")]))
    assert answer.json() == {**EMPTY, "added": 1}


@pytest.mark.parametrize(("organisation", "status"), [(1, 404), (11, 404), (2, 404), (100, 201)])
async def test_an_import_stays_within_reach(
    client: httpx.AsyncClient, world: World, organisation: int, status: int
) -> None:
    leader = await world.staff(("leader", 10), ("editor", 1))
    assert (await upload(client, leader, workbook([("张三", "一支部")]), organisation)).status_code == status


async def test_only_leaders_and_administrators_import(client: httpx.AsyncClient, world: World) -> None:
    editor = await world.staff(("editor", 10), ("reviewer", 10))
    assert (await upload(client, editor, workbook([("张三", "一支部")]))).status_code == 403
    assert (await client.get("/rosters/template.xlsx", headers=editor.auth)).status_code == 403


async def test_an_administrator_adds_organisations_parents_first(client: httpx.AsyncClient, world: World) -> None:
    admin = await world.staff(("administrator", 10))
    organisations = [("东片党总支", "党总支", ""), ("五支部", "党支部", "东片党总支"), ("第一小组", "党小组", "五支部")]
    data = workbook([("张三", "第一小组"), ("李四", "五支部")], organisations)
    assert (await upload(client, admin, data)).json() == {**EMPTY, "added": 2, "organisations_added": 2}
    async with world.service.sessions() as session:
        branch = await session.scalar(select(Organisation).where(Organisation.name == "五支部"))
        group = await session.scalar(select(Organisation).where(Organisation.name == "第一小组"))
    assert branch is not None
    assert group is not None
    assert branch.path == f"/1/10/{branch.id}/"
    assert group.path == f"{branch.path}{group.id}/"
    assert [member.organisation_id for member in await members(world)] == [group.id, branch.id]
    assert (await upload(client, admin, data)).json() == {**EMPTY, "unchanged": 2}


async def test_organisations_that_do_not_fit_the_tree_are_rejected(client: httpx.AsyncClient, world: World) -> None:
    admin = await world.staff(("administrator", 1))
    await client.post("/organisations", json={"parent_id": 11, "name": "一支部", "kind": "branch"}, headers=admin.auth)
    organisations = [
        ("甲组", "党小组", "还没写"),
        ("还没写", "党支部", "西片党总支"),
        ("乙组", "党小组", "一支部"),
        ("丙总支", "党总支", "东片党总支"),
        ("丁党委", "党委", ""),
        ("二支部", "党小组", "东片党总支"),
    ]
    answer = await upload(client, admin, workbook([("张三", "三支部")], organisations), 1)
    assert rejected(answer) == [
        (2, "unknown_parent"), (4, "ambiguous_parent"), (5, "wrong_parent"), (7, "kind_differs"),
    ]  # fmt: skip
    assert all("「党组织」表" in error["detail"] for error in answer.json()["errors"])


async def test_a_leader_adds_no_organisation_but_may_leave_known_ones_in_the_sheet(
    client: httpx.AsyncClient, world: World
) -> None:
    leader = await world.staff(("leader", 10), ("administrator", 100))
    known = [("东片党总支", "党总支", ""), ("一支部", "党支部", "东片党总支")]
    assert (await upload(client, leader, workbook([("张三", "一支部")], known))).status_code == 201
    new = [*known, ("五支部", "党支部", "东片党总支")]
    answer = await upload(client, leader, workbook([("张三", "一支部")], new))
    assert rejected(answer) == [(4, "organisations_not_allowed")]


async def test_a_file_that_is_no_workbook_is_refused_with_its_reason(client: httpx.AsyncClient, world: World) -> None:
    leader = await world.staff(("leader", 10))
    answer = await upload(client, leader, b"%PDF-1.7 not a workbook")
    assert answer.status_code == 422
    assert answer.json()["code"] not in ("invalid_input", "rejected_lines")
    missing = await client.post("/rosters/import?organisation_id=10", headers=leader.auth)
    assert missing.status_code == 422


async def test_the_template_is_a_workbook_that_the_import_reads(client: httpx.AsyncClient, world: World) -> None:
    admin = await world.staff(("administrator", 1))
    template = await client.get("/rosters/template.xlsx", headers=admin.auth)
    assert template.status_code == 200
    assert "filename*=UTF-8''%E5%85%9A" in template.headers["content-disposition"]
    assert (await upload(client, admin, template.content, 1)).status_code == 201


async def test_the_top_of_a_sheet_stands_under_the_organisation_that_it_is_imported_into_once(
    client: httpx.AsyncClient, world: World
) -> None:
    admin = await world.staff(("administrator", 1))
    data = workbook([("张三", "新村支部")], [("新村党委", "党委", ""), ("新村支部", "党支部", "新村党委")])
    assert (await upload(client, admin, data, 1)).json()["organisations_added"] == 2
    again = await upload(client, admin, data, 1)
    assert again.json() == {**EMPTY, "unchanged": 1}
    listed = (await client.get("/organisations", headers=admin.auth)).json()["items"]
    assert next(each["parent_id"] for each in listed if each["name"] == "新村党委") == 1


async def test_a_retried_import_is_answered_from_the_first(client: httpx.AsyncClient, world: World) -> None:
    leader = await world.staff(("leader", 10))
    request = client.build_request(
        "POST",
        "/rosters/import?organisation_id=10",
        files={"file": ("roster.xlsx", workbook([("张三", "一支部")]))},
        headers={**leader.auth, "Idempotency-Key": "once"},
    )
    body = await request.aread()
    answers = [await client.post(request.url, content=body, headers=dict(request.headers)) for _ in range(2)]
    assert [answer.json() for answer in answers] == [{**EMPTY, "added": 1}] * 2
    assert answers[1].headers["idempotency-replayed"] == "true"


def sheet(*lines: tuple[str, str, str]) -> Roster:
    return Roster(
        (),
        tuple(
            RosterMember(number, name, organisation, phone, "full_member", "in_service", False, "")
            for number, (name, organisation, phone) in enumerate(lines, start=2)
        ),
        (),
    )


async def test_the_first_set_up_makes_the_tree_from_the_sheet(world: World) -> None:
    roster = Roster(
        (RosterOrganisation(2, "新镇党委", "committee", ""), RosterOrganisation(3, "新支部", "branch", "新镇党委")),
        sheet(("张三", "新支部", "19900000001")).members,
        (),
    )
    service = world.service
    for added in (1, 0):
        async with transaction(service.sessions) as session:
            report = await import_roster(
                session, service.vault, roster, root_path=None, may_create_organisations=True, actor="system",
                now=service.clock(), dry_run=False,
            )  # fmt: skip
        assert (report.added, report.organisations_added, report.unchanged) == (added, 2 * added, 1 - added)
    async with service.sessions() as session:
        top = await session.scalar(select(Organisation).where(Organisation.name == "新镇党委"))
    assert top is not None
    assert (top.parent_id, top.path) == (None, f"/{top.id}/")


async def test_four_hundred_lines_take_a_handful_of_statements(world: World) -> None:
    service = world.service
    roster = sheet(*((f"党员{number:03d}", "一支部", f"199{number:08d}") for number in range(400)))
    async with transaction(service.sessions) as session:
        count = 0

        def note(*_: object) -> None:
            nonlocal count
            count += 1

        engine = session.get_bind()
        event.listen(engine, "before_cursor_execute", note)
        report = await import_roster(
            session, service.vault, roster, root_path="/1/10/", may_create_organisations=False, actor="account:1",
            now=service.clock(), dry_run=False,
        )  # fmt: skip
        event.remove(engine, "before_cursor_execute", note)
    assert report.added == 400
    assert count <= 10


async def test_two_imports_of_one_file_at_once_add_everybody_once(client: httpx.AsyncClient, world: World) -> None:
    leader = await world.staff(("leader", 10))
    data = workbook([("张三", "一支部"), ("李四", "二支部")])
    answers = await asyncio.gather(*(upload(client, leader, data) for _ in range(3)))
    assert sorted(answer.json()["added"] for answer in answers) == [0, 0, 2]
    assert len(await members(world)) == 2


async def test_an_organisation_that_appears_during_the_import_is_a_conflict(world: World) -> None:
    service = world.service
    roster = Roster((RosterOrganisation(2, "新镇党委", "committee", ""),), (), ())

    async def run_import() -> None:
        async with transaction(service.sessions) as session:
            await import_roster(
                session, service.vault, roster, root_path=None, may_create_organisations=True, actor="system",
                now=service.clock(), dry_run=False,
            )  # fmt: skip

    async with transaction(service.sessions) as session:
        await create_root(session, "新镇党委", service.clock())
        importing = asyncio.create_task(run_import())
        # The import is past its look at the tree once it waits for the name that this transaction holds.
        await somebody_waits_for_a_lock(world)
    with pytest.raises(RosterChanged):
        await importing


async def somebody_waits_for_a_lock(world: World) -> None:
    blocked = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    async with asyncio.timeout(20):
        while True:
            async with world.service.sessions() as session:
                if await session.scalar(blocked):
                    return


names = st.sampled_from(["甲", "乙", "丙", "一支部", "东片党总支", "示范镇党委"])
kinds = st.sampled_from(["committee", "general_branch", "branch", "group"])
lines = st.lists(st.builds(RosterOrganisation, st.integers(2, 99), names, kinds, st.just("") | names), max_size=8)


@given(lines)
def test_every_planned_organisation_stands_right_below_its_parent(given_lines: list[RosterOrganisation]) -> None:
    places = Places(Place(id_, parent, path, kind, name, "Asia/Shanghai") for id_, parent, path, kind, name in TREE[:1])
    ids = list(range(1000, 1000 + len(given_lines)))
    new, refused = plan_organisations(given_lines, places, ids, root_path="/1/", may_create=True)
    known = {1: "/1/"}
    for place in new:
        assert place.parent_id in known
        assert place.path == f"{known[place.parent_id]}{place.id}/"
        known[place.id] = place.path
    siblings = [(place.parent_id, place.name) for place in places.all]
    assert len(set(siblings)) == len(siblings)
    assert len(new) + len(refused) <= len(given_lines)
