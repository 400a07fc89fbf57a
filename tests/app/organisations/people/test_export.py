"""The roster as a workbook: masked unless there is a reason, and fit to be imported again."""

from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from app.directory.models import ROSTERS, STAGES
from app.organisations.people import export
from content.roster import FIELD_TITLES, MEMBER_SHEET, RosterHeader, RosterLine
from content.roster.parse import parse_roster_lines
from content.tables import read_xlsx, sheet_names
from tests.app.organisations.people import audited, seal_phone, set_up
from tests.world import Person, World

HEADER = [*FIELD_TITLES.values(), "绑定"]


@pytest.fixture
async def leader(world: World) -> Person:
    return await world.staff(("leader", 10))


async def download(client: httpx.AsyncClient, staff: Person, **query: Any) -> tuple[bytes, str]:
    """The file and its name."""
    answer = await client.get("/members.xlsx", params=query, headers=staff.auth)
    assert answer.status_code == 200, answer.text
    return answer.content, unquote(answer.headers["content-disposition"].split("''")[1])


def rows(data: bytes) -> list[dict[str, str]]:
    """The lines of the sheet of members by the titles of their columns."""
    (_, header), *lines = read_xlsx(data, sheet=MEMBER_SHEET)
    assert header == HEADER
    return [dict(zip(header, cells, strict=True)) for _, cells in lines]


async def test_the_export_has_the_columns_of_the_template_with_masked_phones(
    client: httpx.AsyncClient, world: World, leader: Person
) -> None:
    member = await world.signed_in_member(
        100, name="张三", stage="probationary_member", roster="no_post", exempt_reason="年老体弱",
        birth_month="1985-10", joined_on="2010-07-01", tags=["青年", "务工"],
    )  # fmt: skip
    await seal_phone(world, member.id, "19912345678")
    await world.member(101, name="李四")
    await world.member(110, name="别处")
    data, name = await download(client, leader)
    first, second = rows(data)
    assert name == "党员名册.xlsx"
    assert first == {
        "姓名": "张三", "所在党组织": "一支部", "上级党组织": "东片党总支", "手机号": "199****5678",
        "人员类别": "预备党员", "名册": "无职", "免学": "是", "免学原因": "年老体弱", "出生年月": "1985-10",
        "入党时间": "2010-07-01", "标签": "青年、务工", "绑定": "已绑定",
    }  # fmt: skip
    assert second == {
        **dict.fromkeys(HEADER, ""), "姓名": "李四", "所在党组织": "二支部", "上级党组织": "东片党总支",
        "人员类别": "正式党员", "名册": "在职", "免学": "否", "绑定": "未绑定",
    }  # fmt: skip
    (entry,) = await audited(world, "members.exported")
    assert (entry.organisation_id, entry.detail) == (10, {"count": 2, "full": False, "reason": None})


async def test_whole_numbers_leave_only_for_a_reason_that_is_kept(
    client: httpx.AsyncClient, world: World, leader: Person
) -> None:
    member = await world.member(100, name="张三", tags=["青年"])
    await seal_phone(world, member, "19912345678")
    for query in ("full=true", "full=true&reason=%20"):
        refused = await client.get(f"/members.xlsx?{query}", headers=leader.auth)
        assert refused.status_code == 422
    assert refused.json()["code"] == "invalid_input"
    assert (await client.get("/members.xlsx?full=true", headers=leader.auth)).json()["code"] == "reason_needed"
    assert await audited(world, "members.exported") == []
    data, name = await download(client, leader, full=True, reason="上报县委组织部", organisation_id=100, tag="青年")
    assert ([row["手机号"] for row in rows(data)], name) == (["19912345678"], "一支部-党员名册.xlsx")
    (entry,) = await audited(world, "members.exported")
    assert (entry.organisation_id, entry.actor) == (100, f"account:{leader.id}")
    assert entry.detail == {"count": 1, "full": True, "reason": "上报县委组织部", "tag": "青年"}


async def test_the_filters_are_those_of_the_search(client: httpx.AsyncClient, world: World, leader: Person) -> None:
    await world.member(100, name="张三", stage="activist")
    await world.member(100, name="李四", stage="activist")
    await world.member(100, name="张五")
    data, _ = await download(client, leader, q="zhang", stage="activist")
    assert [row["姓名"] for row in rows(data)] == ["张三"]
    outside = await client.get("/members.xlsx?organisation_id=11", headers=leader.auth)
    assert outside.status_code == 404


async def test_too_many_people_are_asked_to_be_narrowed(
    client: httpx.AsyncClient, world: World, leader: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "MOST_ROWS", 2)
    for name in ("张三", "李四", "王五"):
        await world.member(100, name=name)
    answer = await client.get("/members.xlsx", headers=leader.auth)
    assert (answer.status_code, answer.json()["code"]) == (422, "too_many_rows")
    assert await audited(world, "members.exported") == []
    assert (await client.get("/members.xlsx?q=zhang", headers=leader.auth)).status_code == 200


async def test_made_up_people_are_marked_as_such(client: httpx.AsyncClient, world: World) -> None:
    await set_up(world, 101, practice=True)
    await world.member(101, name="张三")
    trainee = await world.staff(("leader", 101))
    for query, name in (({}, "演练-党员名册.xlsx"), ({"organisation_id": 101}, "演练-二支部-党员名册.xlsx")):
        data, told = await download(client, trainee, **query)
        assert told == name
        assert sheet_names(data) == ["演练", MEMBER_SHEET]
        assert [row["姓名"] for row in rows(data)] == ["张三"]


async def test_a_cell_is_never_a_formula(client: httpx.AsyncClient, world: World, leader: Person) -> None:
    await world.member(100, name="=1+1", tags=["+2"])
    data, _ = await download(client, leader)
    assert [(row["姓名"], row["标签"]) for row in rows(data)] == [("'=1+1", "'+2")]


async def test_a_full_export_is_read_by_the_import_as_it_was(
    client: httpx.AsyncClient, world: World, leader: Person
) -> None:
    stages = [stage for stage in STAGES for _ in range(len(ROSTERS))]
    rosters = ROSTERS * len(STAGES)
    for number, (stage, roster) in enumerate(zip(stages, rosters, strict=True)):
        member = await world.member(
            100, name="张王李赵钱孙周吴郑陈褚卫蒋沈韩"[number] + "三", stage=stage, roster=roster,
            exempt_reason="年老体弱" if number % 2 else None, tags=["青年", "务工"] if number % 3 else [],
            birth_month=f"1985-{number % 12 + 1:02d}", joined_on="2010-10" if number % 2 else "2010-10-01",
        )  # fmt: skip
        await seal_phone(world, member, f"199{number:08d}")
    full, _ = await download(client, leader, full=True, reason="核对")
    header, *lines = parse_roster_lines(full, {"today": "2026-11-16"})
    assert isinstance(header, RosterHeader)
    assert header.ignored == ("绑定",)
    read = [line for line in lines if isinstance(line, RosterLine)]
    assert len(read) == len(lines) == len(stages)
    expected = [
        (stage, roster, f"199{number:08d}") for number, (stage, roster) in enumerate(zip(stages, rosters, strict=True))
    ]
    assert [(line.stage, line.roster, line.phone) for line in read] == expected
    second = read[1]
    assert (second.organisation, second.superior, second.name) == ("一支部", "东片党总支", "王三")
    assert (second.exempt, second.exempt_reason, second.tags) == (True, "年老体弱", ("青年", "务工"))
    assert [line.birth_month for line in read[:12]] == [f"1985-{month:02d}" for month in range(1, 13)]
    assert {line.joined_on for line in read} == {"2010-10", "2010-10-01"}
    masked, _ = await download(client, leader)
    _, *said = parse_roster_lines(masked, {"today": "2026-11-16"})
    assert [line.phone for line in said if isinstance(line, RosterLine)] == [""] * len(lines), "a mask says nothing"
