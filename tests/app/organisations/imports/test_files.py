"""What files say that are not our template, what of them is remembered, and how they come back corrected."""

import io
import json

import httpx
import openpyxl
import pytest
from sqlalchemy import select

from app.db.engine import transaction
from app.organisations.imports import reading
from app.organisations.imports.models import ImportLine
from content.tables import Value, write_xlsx
from tests.app.organisations.imports import Desk, counts, person, roster
from tests.app.organisations.people import members, seal_phone
from tests.world import World

ONE = "19900000001"


@pytest.fixture
async def desk(client: httpx.AsyncClient, world: World) -> Desk:
    """A leader of organisation 10."""
    return Desk(client, await world.staff(("leader", 10)))


def table(*rows: list[Value]) -> bytes:
    """A workbook of one sheet."""
    return write_xlsx({"花名册": rows})


async def test_columns_are_told_and_what_is_not_read_is_named(desk: Desk) -> None:
    data = table(["姓名", "所在支部", "手机", "身份证号码"], ["张三", "一支部", ONE, "510101199001010011"])
    seen = (await desk.upload(data, dry_run=True)).json()
    assert [(each["title"], each["field"]) for each in seen["columns"]] == [
        ("姓名", "name"), ("所在支部", "organisation"), ("手机", "phone"),
    ]  # fmt: skip
    assert seen["ignored_columns"] == ["身份证号码"]
    assert seen["columns"][0]["sheet"] == "花名册"


async def test_what_a_column_was_said_to_be_is_remembered_where_it_was_applied_and_below(
    desk: Desk, client: httpx.AsyncClient, world: World
) -> None:
    data = table(["姓名", "小组名", "呼叫"], ["张三", "一支部", ONE])
    given = json.dumps({"小组名": "organisation", "呼 叫": "phone"})
    missing = await desk.upload(data, dry_run=True)
    assert (missing.status_code, missing.json()["code"]) == (422, "missing_columns")
    assert (await desk.upload(data, columns=given, dry_run=True)).status_code == 200
    # A dry run teaches nothing.
    assert (await desk.upload(data, dry_run=True)).status_code == 422
    assert (await desk.upload(data, columns=given)).json()["added"] == 1
    for organisation in (10, 100):
        assert (await desk.upload(data, dry_run=True, organisation=organisation)).json()["unchanged"] == 1
    elsewhere = Desk(client, await world.staff(("leader", 11)), 11)
    assert (await elsewhere.upload(data, dry_run=True)).status_code == 422
    # The nearest word counts, and one that is given with the file counts most.
    ignored = json.dumps({"呼叫": "", "小组名": "organisation"})
    assert (await desk.upload(data, columns=ignored, organisation=100)).status_code == 201
    seen = (await desk.upload(data, dry_run=True, organisation=100)).json()
    assert seen["ignored_columns"] == ["呼叫"]
    assert (await desk.upload(data, dry_run=True)).json()["ignored_columns"] == []
    # What is remembered can be looked at, and forgotten where it was said.
    own = "/organisations/100/roster-columns"
    assert (await client.get(own, headers=desk.staff.auth)).json()["items"] == [
        {"title": "呼叫", "field": "", "inherited": False},
        {"title": "小组名", "field": "organisation", "inherited": False},
    ]
    for _ in range(2):
        gone = await client.delete(own, params={"title": "呼 叫"}, headers=desk.staff.auth)
        assert gone.status_code == 204
    assert (await client.get(own, headers=desk.staff.auth)).json()["items"][0] == {
        "title": "呼叫", "field": "phone", "inherited": True,
    }  # fmt: skip
    assert (await desk.upload(data, dry_run=True, organisation=100)).json()["ignored_columns"] == []
    assert (await client.get("/organisations/11/roster-columns", headers=desk.staff.auth)).status_code == 404


async def test_lines_that_are_no_person_are_counted_and_shown_and_sealed(desk: Desk, world: World) -> None:
    signed = f"填表人：李四 {ONE}"
    data = table(["入党时间", "姓名", "所在支部"], ["1999年7月", "张三（书记）", "一支部"], ["合计", "1 人"], [signed])
    seen = (await desk.upload(data, dry_run=True)).json()
    assert (seen["added"], seen["skipped_count"], seen["lines_total"]) == (1, 2, 3)
    assert seen["skipped"] == [
        {"line": 3, "sheet": "花名册", "text": "合计 1 人"},
        {"line": 4, "sheet": "花名册", "text": signed},
    ]
    assert [line["reason"] for line in await desk.lines(seen["id"], "skipped")] == ["合计 1 人", signed]
    async with transaction(world.service.sessions) as session:
        lines = list(await session.scalars(select(ImportLine)))
    assert ONE not in str([{name: value for name, value in vars(line).items() if name != "sealed"} for line in lines])
    assert (await desk.apply(seen["id"])).json()["skipped_count"] == 2
    assert len(await members(world)) == 1


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ("{", "bad_columns"), ("[]", "bad_columns"), ('{"a": 1}', "bad_columns"),
        ('{"a\\u0000": "name"}', "bad_columns"), ('{"a": "nothing"}', "unknown_field"),
        (json.dumps({f"列{number}": "" for number in range(201)}), "bad_columns"),
    ],
)  # fmt: skip
async def test_columns_that_cannot_be_understood_are_refused(desk: Desk, columns: str, code: str) -> None:
    answer = await desk.upload(roster(person("张三", "一支部")), columns=columns)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_a_branch_may_send_a_file_that_does_not_say_whose_people_it_lists(desk: Desk, world: World) -> None:
    data = table(["姓名", "手机"], ["张三", ONE])
    assert (await desk.upload(data)).json()["code"] == "missing_columns"
    assert (await desk.upload(data, organisation=100)).status_code == 201
    (member,) = await members(world)
    assert member.organisation_id == 100


@pytest.mark.parametrize("data", [b"%PDF-1.7 not a workbook", b"", b"\0\1\2"])
async def test_a_file_that_is_no_roster_is_refused_with_its_reason_and_leaves_no_lines(
    desk: Desk, world: World, data: bytes
) -> None:
    answer = await desk.upload(data, name="\0x\ud83d.xlsx".encode("utf-8", "replace").decode())
    assert answer.status_code == 422
    assert answer.json()["code"] not in ("invalid_input", "rejected_lines")
    (failed,) = (await desk.ask("GET", "/imports"))["items"]
    assert (failed["state"], failed["error_code"]) == ("failed", answer.json()["code"])
    assert failed["error_detail"] == answer.json()["detail"]


async def test_a_file_that_ends_badly_leaves_no_lines(
    desk: Desk, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.organisations.imports.checking.MOST_ORGANISATIONS", 1)
    answer = await desk.upload(roster(person("张三", "一支部"), person("李四", "二支部")))
    assert (answer.status_code, answer.json()["code"]) == (422, reading.TooManyOrganisations.code)
    async with world.service.sessions() as session:
        assert list(await session.scalars(select(ImportLine))) == []


async def test_the_template_with_its_examples_imports_nobody(desk: Desk, world: World) -> None:
    template = await desk.send("GET", "/template.xlsx")
    assert template.status_code == 200
    assert "filename*=UTF-8''%E5%85%9A" in template.headers["content-disposition"]
    done = await desk.upload(template.content)
    assert (done.status_code, counts(done.json())) == (201, (0, 0, 0, 0, 0, 0))


async def test_what_stands_in_a_line_is_sealed_but_for_what_is_compared(desk: Desk, world: World) -> None:
    await desk.check(person("张三", "一支部", ONE, birth_month="1985.07"), person("李四", "一支部", "1380013800"))
    async with transaction(world.service.sessions) as session:
        lines = list(await session.scalars(select(ImportLine).order_by(ImportLine.id)))
    for line in lines:
        columns = {name: value for name, value in vars(line).items() if name != "sealed"}
        assert ONE not in str(columns)
        assert "1380013800" not in str(columns)
        assert ONE.encode() not in line.sealed
    # What cannot be read is told to those who may see it.
    (refused,) = await desk.lines(1, "rejected")
    assert (refused["name"], refused["code"]) == ("李四", "invalid_phone")
    assert "1380013800" in refused["reason"]
    assert refused["changes"] == []


async def test_corrections_come_home_and_go_back_mended(desk: Desk, world: World) -> None:
    await world.member(100, name="王五", birth_month="1970-01")
    seen = await desk.check(
        person("张三", "一支部", ONE, stage="正式党员"),
        person("李四", "一支部", "12", roster="流动", birth_month="1985.10"),
        person("王五", "一支部", birth_month="1985.07"),
        person("赵六", "没有的支部"),
    )
    assert counts(seen) == (1, 0, 0, 2, 1, 0)
    answer = await desk.send("GET", f"/imports/{seen['id']}/corrections.xlsx")
    assert answer.headers["cache-control"] == "private, no-store"
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    sheet = book.worksheets[0]
    lines = [[str(cell) for cell in row if cell] for row in sheet.iter_rows(min_row=2, values_only=True)]
    # What is wrong comes first, and after it the whole roster.
    assert [line[0] for line in lines] == ["李四", "王五", "赵六", "张三"]
    assert [line[-2] for line in lines[:3]] == ["党员 第 3 行", "党员 第 4 行", "党员 第 5 行"]
    assert lines[3][-1] == "党员 第 2 行"
    for line, problem in zip(lines[:3], ("11 位手机号", "同名党员", "没有找到党组织「没有的支部」"), strict=True):
        assert problem in line[-1]
    # As it came it says the same again.
    again = (await desk.upload(answer.content, dry_run=True)).json()
    assert counts(again) == (1, 0, 0, 2, 1, 0)
    sheet["D2"], sheet["I3"], sheet["B4"] = "19900000002", "1970.01", "二支部"
    mended = io.BytesIO()
    book.save(mended)
    done = (await desk.upload(mended.getvalue())).json()
    assert counts(done) == (3, 0, 1, 0, 0, 0)
    found = {member.name: member for member in await members(world)}
    assert (found["李四"].roster, found["李四"].birth_month) == ("floating", "1985-10")
    assert found["赵六"].organisation_id == 101


async def test_corrections_hold_every_line_however_many_pages_they_are(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.organisations.imports.lines.PAGE", 2)
    seen = await desk.check(
        *(person(f"党员{number}", "一支部", "12" * (number in "丙庚")) for number in "甲乙丙丁戊己庚")
    )
    content = (await desk.send("GET", f"/imports/{seen['id']}/corrections.xlsx")).content
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    names = [row[0] for row in sheet.iter_rows(min_row=2, values_only=True)]
    assert names == [f"党员{number}" for number in "丙庚甲乙丁戊己"]


async def test_what_was_exported_without_whole_numbers_comes_back_and_changes_none(
    desk: Desk, client: httpx.AsyncClient, world: World
) -> None:
    await seal_phone(world, await world.member(100, name="张三"), ONE)
    answer = await client.get("/members.xlsx", params={"organisation_id": 10}, headers=desk.staff.auth)
    assert counts((await desk.upload(answer.content)).json()) == (0, 0, 1, 0, 0, 0)
    (member,) = await members(world)
    assert member.phone_index == world.service.vault.digest("phone", ONE)


async def test_a_refused_organisation_comes_home_as_well(client: httpx.AsyncClient, world: World) -> None:
    desk = Desk(client, await world.staff(("administrator", 10)))
    tree = [("甲党委", "党委", "一支部"), ("乙支部", "党委会", ""), ("一支部", "党支部", "")]
    answer = await desk.upload(roster(person("张三", "一支部"), organisations=tree), dry_run=True)
    seen = answer.json()
    assert sorted((each["sheet"], each["code"]) for each in seen["rejected"]) == [
        ("党组织", "invalid_kind"),
        ("党组织", "wrong_parent"),
    ]
    assert len(await desk.lines(seen["id"], "rejected")) == 2
    assert len(await desk.lines(seen["id"])) == 3
    book = openpyxl.load_workbook(
        io.BytesIO((await desk.send("GET", f"/imports/{seen['id']}/corrections.xlsx")).content)
    )
    rows = list(book["党组织"].iter_rows(min_row=2, max_col=3, values_only=True))
    # In the order of the file, for superiors come before their subordinates.
    assert rows == [("甲党委", "党委", "一支部"), ("乙支部", "党委会", None), ("一支部", "党支部", None)]


async def test_lines_are_paged_in_the_order_of_the_file(desk: Desk) -> None:
    seen = await desk.check(*(person(f"党员{number}", "一支部") for number in "甲乙丙丁戊"))
    names: list[str] = []
    cursor = ""
    for _ in range(3):
        page = await desk.ask("GET", f"/imports/{seen['id']}/lines?limit=2{cursor}")
        names += [line["name"] for line in page["items"]]
        cursor = f"&cursor={page['next']}"
    assert page["next"] is None
    assert names == [f"党员{number}" for number in "甲乙丙丁戊"]
