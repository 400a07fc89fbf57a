"""Which member a line means, what is asked where that is not sure, and what each answer does."""

import httpx
import pytest

from tests.app.organisations.imports import Desk, counts, known, person
from tests.app.organisations.people import later, members, places
from tests.world import World

ONE, OTHER = "19900000001", "19900000002"


@pytest.fixture
async def desk(client: httpx.AsyncClient, world: World) -> Desk:
    """A leader of organisation 10, and nobody on the roster yet."""
    return Desk(client, await world.staff(("leader", 10)))


async def organisations(world: World) -> dict[str, list[int]]:
    """Name -> the organisations in which people of this name are."""
    found: dict[str, list[int]] = {}
    for member in await members(world):
        found.setdefault(member.name, []).append(member.organisation_id)
    return found


async def test_the_same_phone_and_name_is_the_same_person_who_moves_with_the_file(desk: Desk, world: World) -> None:
    member_id = await known(world, 100, "张三", ONE)
    await later(world, hours=1)
    seen = await desk.check(person("张 三", "二支部", ONE, roster="流动"))
    (line,) = await desk.lines(seen["id"], "changed")
    assert [(each["label"], each["before"], each["after"]) for each in line["changes"]] == [
        ("所在党组织", "一支部", "二支部"),
        ("名册", "在职", "流动"),
    ]
    assert (await desk.apply(seen["id"])).json()["changed"] == 1
    assert [(each.organisation_id, each.until_at is None) for each in await places(world, member_id)] == [
        (100, False),
        (101, True),
    ]
    (line,) = await desk.lines(seen["id"], "changed")
    assert [each["before"] for each in line["changes"]] == ["一支部", "在职"]


async def test_another_phone_beside_the_name_alone_is_asked_about(desk: Desk, world: World) -> None:
    member_id = await known(world, 100, "张三", ONE)
    for line in (person("张三", "一支部", OTHER), person("张三", "一支部", OTHER, birth_month="1985.07")):
        question = await desk.question((await desk.check(line))["id"])
        assert (question["code"], question["candidates"][0]["member_id"]) == ("same_name", member_id)
    # Where one of the two says nothing of a phone, nothing is against it.
    assert counts(await desk.check(person("张三", "一支部", birth_month="1985.07"))) == (0, 1, 0, 0, 0, 0)


async def test_a_name_and_month_in_the_branch_are_the_same_person_who_gets_the_phone(desk: Desk, world: World) -> None:
    member_id = await known(world, 100, "张三", ONE, birth_month="1985-07")
    seen = await desk.check(person("张三", "一支部", OTHER, birth_month="1985.07"))
    (line,) = await desk.lines(seen["id"], "changed")
    assert line["changes"] == [{"field": "phone", "label": "手机号", "before": "199****0001", "after": "199****0002"}]
    await desk.apply(seen["id"])
    (member,) = await members(world)
    assert member.phone_cipher is not None
    vault = world.service.vault
    assert vault.decrypt(member.phone_cipher, f"members:{member_id}:phone") == OTHER
    assert member.phone_index == vault.digest("phone", OTHER)
    assert member.phone_tail == vault.digest("phone tail", "0002")


async def test_empty_cells_say_nothing(desk: Desk, world: World) -> None:
    fields = {
        "stage": "probationary_member", "roster": "floating", "exempt_reason": "年老体弱", "birth_month": "1950-02",
        "joined_on": "1980-07-01", "tags": ["青年"],
    }  # fmt: skip
    await known(world, 100, "张三", ONE, **fields)
    assert counts(await desk.bring_in(person("张三", "一支部"))) == (0, 0, 1, 0, 0, 0)
    # A month says nothing new about a day in it; 否 says that nobody is exempt any more.
    assert counts(await desk.bring_in(person("张三", "一支部", joined_on="1980.07"))) == (0, 0, 1, 0, 0, 0)
    assert counts(await desk.bring_in(person("张三", "一支部", exempt="否"))) == (0, 1, 0, 0, 0, 0)
    (member,) = await members(world)
    kept = {name: getattr(member, name) for name in fields}
    assert kept == {**fields, "exempt_reason": None}
    assert member.phone_index is not None


async def test_a_new_member_is_in_service_and_full_unless_the_file_says_otherwise(desk: Desk, world: World) -> None:
    await desk.bring_in(
        person("张三", "一支部"),
        person("李四", "一支部", ONE, stage="预备党员", roster="流动", exempt="是", exempt_reason="年老体弱",
               birth_month="1985.07", joined_on="2010-07-01", tags="青年、务工"),
    )  # fmt: skip
    plain, full = await members(world)
    assert (plain.stage, plain.roster, plain.exempt_reason, plain.tags) == ("full_member", "in_service", None, [])
    assert (plain.phone_cipher, plain.phone_index, plain.phone_tail) == (None, None, None)
    assert (full.stage, full.roster, full.exempt_reason) == ("probationary_member", "floating", "年老体弱")
    assert (full.birth_month, full.joined_on, full.tags) == ("1985-07", "2010-07-01", ["青年", "务工"])
    assert full.search_text.split() == ["李四", "lisi", "ls"]
    assert [(each.organisation_id, each.path) for each in await places(world, full.id)] == [(100, "/1/10/100/")]


# --- phone_of_another --------------------------------------------------------------------------------------------


async def test_a_phone_of_another_name_is_asked_about_and_a_family_may_share_it(desk: Desk, world: World) -> None:
    husband = await known(world, 101, "夫甲", ONE, birth_month="1970-01")
    seen = await desk.check(person("妻乙", "一支部", ONE))
    assert counts(seen) == (0, 0, 0, 0, 1, 0)
    line = await desk.question(seen["id"])
    assert line["code"] == "phone_of_another"
    assert line["candidates"] == [
        {"member_id": husband, "name": "夫甲", "organisation": "二支部", "birth_month": "1970-01",
         "phone_masked": "199****0001", "archived": False}
    ]  # fmt: skip
    assert counts(await desk.answer(seen["id"], line["id"], None)) == (1, 0, 0, 0, 0, 0)
    await desk.apply(seen["id"])
    both = await members(world)
    assert [member.name for member in both] == ["夫甲", "妻乙"]
    assert len({member.phone_index for member in both}) == 1
    # Once it is known that they share it, nobody asks again.
    assert counts(await desk.check(person("妻乙", "一支部", ONE), person("夫甲", "二支部", ONE)))[2:5] == (2, 0, 0)


async def test_a_phone_of_another_name_may_be_that_person_renamed(desk: Desk, world: World) -> None:
    member_id = await known(world, 100, "张叁", ONE)
    seen = await desk.check(person("张三", "一支部", ONE))
    line = await desk.question(seen["id"])
    assert counts(await desk.answer(seen["id"], line["id"], member_id)) == (0, 1, 0, 0, 0, 0)
    await desk.apply(seen["id"])
    (member,) = await members(world)
    assert (member.id, member.name, member.search_text.split()[0]) == (member_id, "张三", "张三")


async def test_a_shared_phone_goes_to_the_person_whom_the_name_means(desk: Desk, world: World) -> None:
    await known(world, 101, "夫甲", ONE)
    wife = await known(world, 100, "妻乙")
    seen = await desk.check(person("妻乙", "一支部", ONE))
    line = await desk.question(seen["id"])
    assert {each["name"] for each in line["candidates"]} == {"夫甲", "妻乙"}
    assert counts(await desk.answer(seen["id"], line["id"], None)) == (0, 1, 0, 0, 0, 0)
    await desk.apply(seen["id"])
    found = {member.id: member.phone_index for member in await members(world)}
    assert len(found) == 2
    assert found[wife] is not None


# --- same_name ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("two", [True, False])
async def test_namesakes_or_contradicting_months_are_asked_about(desk: Desk, world: World, two: bool) -> None:
    first = await known(world, 100, "张三", birth_month=None if two else "1970-01")
    if two:
        await known(world, 100, "张三")
    seen = await desk.check(person("张三", "一支部", birth_month="1985.07"))
    line = await desk.question(seen["id"])
    assert line["code"] == "same_name"
    assert first in [each["member_id"] for each in line["candidates"]]
    assert counts(await desk.answer(seen["id"], line["id"], first)) == (0, 1, 0, 0, 0, 0)
    # The mind may be changed.
    assert counts(await desk.answer(seen["id"], line["id"], None)) == (1, 0, 0, 0, 0, 0)
    await desk.apply(seen["id"])
    assert len(await members(world)) == 2 + two
    assert counts(await desk.check(person("张三", "一支部", birth_month="1985.07"))) == (0, 0, 1, 0, 0, 0)


async def test_two_lines_of_a_name_that_one_member_has_are_asked_about(desk: Desk, world: World) -> None:
    member_id = await known(world, 100, "张三")
    lines = person("张三", "一支部", ONE), person("张三", "一支部", OTHER)
    seen = await desk.check(*lines)
    assert counts(seen) == (0, 0, 0, 0, 2, 0)
    one, other = await desk.lines(seen["id"], "question")
    await desk.answer(seen["id"], one["id"], member_id)
    assert counts(await desk.answer(seen["id"], other["id"], None)) == (1, 1, 0, 0, 0, 0)
    await desk.apply(seen["id"])
    assert counts(await desk.check(*lines)) == (0, 0, 2, 0, 0, 0)


async def test_a_member_whom_another_line_means_by_phone_is_not_meant_by_a_name(desk: Desk, world: World) -> None:
    await known(world, 100, "张三", ONE)
    lines = person("张三", "一支部", ONE), person("张三", "一支部", OTHER)
    assert counts(await desk.bring_in(*lines)) == (1, 0, 1, 0, 0, 0)
    assert counts(await desk.bring_in(*lines)) == (0, 0, 2, 0, 0, 0)


async def test_the_month_of_birth_tells_namesakes_apart(desk: Desk, world: World) -> None:
    await known(world, 100, "张三", birth_month="1970-01")
    await known(world, 100, "张三", birth_month="1985-07")
    assert counts(await desk.check(person("张三", "一支部", ONE, birth_month="1985.07"))) == (0, 1, 0, 0, 0, 0)


# --- same_name_and_birth -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("same", [True, False])
async def test_the_same_name_and_month_in_another_branch_is_asked_about(desk: Desk, world: World, same: bool) -> None:
    member_id = await known(world, 101, "张三", birth_month="1985-07")
    seen = await desk.check(person("张三", "一支部", birth_month="1985.07"))
    line = await desk.question(seen["id"])
    assert (line["code"], [each["member_id"] for each in line["candidates"]]) == ("same_name_and_birth", [member_id])
    answered = await desk.answer(seen["id"], line["id"], member_id if same else None)
    assert counts(answered) == (not same, same, 0, 0, 0, 0)
    await desk.apply(seen["id"])
    assert await organisations(world) == {"张三": [100] if same else [101, 100]}
    again = person("张三", "一支部", birth_month="1985.07")
    assert counts(await desk.check(again)) == (0, 0, 1, 0, 0, 0)


async def test_who_is_in_the_file_where_they_are_is_nobody_elses_candidate(desk: Desk, world: World) -> None:
    await known(world, 101, "张三", birth_month="1985-07")
    lines = person("张三", "一支部", birth_month="1985.07"), person("张三", "二支部", birth_month="1985.07")
    assert counts(await desk.check(*lines)) == (1, 0, 1, 0, 0, 0)


async def test_a_namesake_in_the_branch_hides_nobody_in_another(desk: Desk, world: World) -> None:
    here = await known(world, 100, "张三", birth_month="1970-01")
    real = await known(world, 101, "张三", birth_month="1985-07")
    seen = await desk.check(person("张三", "一支部", birth_month="1985.07"))
    line = await desk.question(seen["id"])
    assert (line["code"], [each["member_id"] for each in line["candidates"]]) == ("same_name", [here, real])
    answered = await desk.answer(seen["id"], line["id"], None)
    # Who is nobody's candidate any more is missing from the file; so is nobody from a branch that is not in it.
    assert (answered["added"], answered["missing"]) == (1, 1)
    assert counts(await desk.answer(seen["id"], line["id"], real)) == (0, 1, 0, 0, 0, 0)


# --- same_person_in_file -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "asked"),
    [
        (person("张三", "一支部", ONE, birth_month="1985.7"), person("张三", "一支部", OTHER, birth_month="1985.7"), 1),
        (person("张三", "一支部", birth_month="1985.07"), person("张三", "二支部", birth_month="1985.07"), 1),
        (person("张三", "一支部", ONE), person("张三", "一支部"), 1),
        (person("张三", "一支部", birth_month="1985.07"), person("张三", "一支部", ONE), 1),
        (person("张三", "一支部", ONE), person("张三", "一支部", OTHER, birth_month="1985.07"), 0),
        (person("张三", "一支部", ONE, birth_month="1970.01"), person("张三", "一支部", birth_month="1985.07"), 0),
        (person("张三", "一支部", ONE), person("张三", "二支部"), 0),
        (person("张三", "一支部", ONE), person("李四", "一支部"), 0),
    ],
)
async def test_one_person_twice_in_a_file_is_asked_about_at_the_later_line(
    desk: Desk, first: dict[str, str], second: dict[str, str], asked: int
) -> None:
    for lines in ((first, second), (second, first)):
        seen = await desk.check(*lines)
        assert counts(seen) == (2 - asked, 0, 0, 0, asked, 0)
        for line in await desk.lines(seen["id"], "question"):
            assert (line["line"], line["code"], line["candidates"]) == (3, "same_person_in_file", [])
            assert "第 2 行" in line["reason"]
            assert counts(await desk.answer(seen["id"], line["id"], None)) == (2, 0, 0, 0, 0, 0)


async def test_lines_that_the_roster_tells_apart_are_not_asked_about(desk: Desk, world: World) -> None:
    await known(world, 100, "张三", ONE, birth_month="1985-07")
    await known(world, 101, "张三", OTHER, birth_month="1985-07")
    lines = person("张三", "一支部", ONE, birth_month="1985.07"), person("张三", "二支部", birth_month="1985.07")
    assert counts(await desk.check(*lines)) == (0, 0, 2, 0, 0, 0)


# --- shared_phone, same_member_twice -----------------------------------------------------------------------------


async def test_two_lines_with_one_phone_are_asked_about_at_the_later(desk: Desk, world: World) -> None:
    lines = person("夫甲", "一支部", ONE), person("妻乙", "二支部", ONE)
    seen = await desk.check(*lines)
    assert counts(seen) == (1, 0, 0, 0, 1, 0)
    line = await desk.question(seen["id"])
    assert (line["line"], line["code"], line["candidates"]) == (3, "shared_phone", [])
    assert counts(await desk.answer(seen["id"], line["id"], None)) == (2, 0, 0, 0, 0, 0)
    await desk.apply(seen["id"])
    assert len({member.phone_index for member in await members(world)}) == 1
    assert counts(await desk.check(*lines)) == (0, 0, 2, 0, 0, 0)


async def test_two_lines_that_mean_one_member_leave_the_answered_one_out(desk: Desk, world: World) -> None:
    member_id = await known(world, 101, "张叁", ONE, birth_month="1985-07")
    seen = await desk.check(person("张三", "一支部", ONE), person("张叁", "二支部"))
    line = await desk.question(seen["id"])
    assert counts(await desk.answer(seen["id"], line["id"], member_id)) == (0, 0, 1, 1, 0, 0)
    (twice,) = await desk.lines(seen["id"], "rejected")
    assert (twice["id"], twice["code"]) == (line["id"], "same_member_twice")
    assert "第 3 行" in twice["reason"]
    assert counts(await desk.answer(seen["id"], line["id"], None)) == (1, 0, 1, 0, 0, 0)


async def test_the_same_person_twice_in_a_file_is_refused_at_the_later(desk: Desk, world: World) -> None:
    seen = await desk.check(person("张三", "一支部", ONE), person("张三", "二支部", ONE))
    assert [(each["line"], each["code"]) for each in seen["rejected"]] == [(3, "duplicate_line")]
