"""Whom a line never means: who is out of reach, archived or made up; and who is missing from a file."""

import httpx
import pytest

from app.db.engine import transaction
from app.directory.models import Member
from tests.app.organisations.imports import Desk, counts, known, person
from tests.app.organisations.people import later, members, set_up
from tests.world import World

ONE, OTHER = "19900000001", "19900000002"


@pytest.fixture
async def desk(client: httpx.AsyncClient, world: World) -> Desk:
    """A leader of organisation 10, and nobody on the roster yet."""
    return Desk(client, await world.staff(("leader", 10)))


async def test_nobody_is_taken_from_out_of_reach(desk: Desk, world: World) -> None:
    await known(world, 110, "张三", ONE, birth_month="1985-07")
    seen = await desk.check(person("张三", "一支部", ONE))
    assert [each["code"] for each in seen["rejected"]] == ["phone_elsewhere"]
    assert "三支部" not in str(seen)
    # That somebody is in another tree nobody is told.
    await known(world, 20, "王五", ONE)
    assert counts(await desk.check(person("王五", "一支部", ONE))) == (1, 0, 0, 0, 0, 0)
    # A number out of reach says nothing to another name, and a name and a month say nothing at all.
    others = person("李四", "一支部", ONE), person("张三", "二支部", OTHER, birth_month="1985.07")
    assert counts(await desk.bring_in(*others)) == (2, 0, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("line", "days", "refused"),
    [
        (person("张三", "二支部", ONE), 1, True),
        (person("张三", "二支部"), 1, False),
        (person("李四", "二支部", ONE), 1, False),
        # After 30 days they cannot be brought back, only entered anew.
        (person("张三", "二支部", ONE), 31, False),
    ],
)
async def test_who_was_archived_lately_is_to_be_brought_back_first(
    desk: Desk, world: World, line: dict[str, str], days: int, refused: bool
) -> None:
    await known(
        world, 100, "张三", ONE, birth_month="1985-07", archived_at=world.service.clock(), archive_reason="transferred"
    )
    await later(world, days=days)
    seen = await desk.check(line)
    assert [each["code"] for each in seen["rejected"]] == ["archived_member"] * refused
    assert all("转出" in each["reason"] for each in seen["rejected"])
    assert seen["added"] == (not refused)


async def test_an_archived_namesake_of_the_same_month_is_asked_about(desk: Desk, world: World) -> None:
    gone = await known(
        world, 101, "张三", ONE, birth_month="1985-07", archived_at=world.service.clock(), archive_reason="deceased"
    )
    seen = await desk.check(person("张三", "一支部", OTHER, birth_month="1985.07"))
    line = await desk.question(seen["id"])
    assert (line["code"], line["candidates"][0]["member_id"], line["candidates"][0]["archived"]) == (
        "archived_namesake", gone, True,
    )  # fmt: skip
    assert counts(await desk.answer(seen["id"], line["id"], gone)) == (0, 0, 0, 1, 0, 0)
    (refused,) = await desk.lines(seen["id"], "rejected")
    assert (refused["code"], "去世" in refused["reason"]) == ("archived_member", True)
    assert counts(await desk.answer(seen["id"], line["id"], None)) == (1, 0, 0, 0, 0, 0)
    assert (await desk.apply(seen["id"])).json()["added"] == 1


async def test_another_answer_does_not_bring_back_who_was_archived(desk: Desk, world: World) -> None:
    await known(world, 100, "张三", ONE, archived_at=world.service.clock(), archive_reason="transferred")
    wife = await known(world, 100, "李四", ONE)
    seen = await desk.check(person("张三", "一支部", ONE), person("李四", "一支部", ONE))
    line = await desk.question(seen["id"])
    assert counts(await desk.answer(seen["id"], line["id"], None)) == (0, 0, 1, 1, 0, 0)
    (refused,) = await desk.lines(seen["id"], "rejected")
    assert (refused["code"], "转出" in refused["reason"]) == ("archived_member", True)
    # The same file without the wife, who may have got the name of the husband.
    alone = await desk.check(person("张三", "一支部", ONE))
    line = await desk.question(alone["id"])
    assert counts(await desk.answer(alone["id"], line["id"], wife)) == (0, 1, 0, 0, 0, 0)


async def test_a_living_namesake_comes_before_an_archived_one(desk: Desk, world: World) -> None:
    gone = {"archived_at": world.service.clock(), "archive_reason": "duplicate"}
    await known(world, 100, "张三", ONE, **gone)
    await known(world, 100, "张三")
    assert counts(await desk.check(person("张三", "一支部", ONE))) == (0, 1, 0, 0, 0, 0)


async def test_made_up_people_are_not_mistaken_for_real_ones(desk: Desk, world: World) -> None:
    await known(world, 101, "张三", ONE, birth_month="1985-07")
    await set_up(world, 101, practice=True)
    assert counts(await desk.check(person("张三", "一支部", ONE, birth_month="1985.07"))) == (1, 0, 0, 0, 0, 0)
    assert counts(await desk.check(person("张三", "二支部", ONE, birth_month="1985.07"))) == (0, 0, 1, 0, 0, 0)


async def test_who_is_missing_from_the_file_is_shown_and_left_alone(desk: Desk, world: World) -> None:
    await known(world, 100, "张三")
    missing = await known(world, 100, "没在表里")
    await known(world, 100, "电话写错")
    asked = await known(world, 100, "要确认", birth_month="1970-01")
    await known(world, 101, "别的支部")
    seen = await desk.check(
        person("张三", "一支部"), person("电话写错", "一支部", "12"), person("要确认", "一支部", birth_month="1985.07")
    )
    assert seen["missing"] == 1
    shown = await desk.ask("GET", f"/imports/{seen['id']}/missing")
    assert [(each["id"], each["organisation"]) for each in shown["items"]] == [(missing, "一支部")]
    assert (await desk.question(seen["id"]))["candidates"][0]["member_id"] == asked
    before = await members(world)
    done = await desk.bring_in(person("张三", "一支部"), person("新来的", "一支部"))
    assert done["missing"] == 3
    async with transaction(world.service.sessions) as session:
        for member in before:
            found = await session.get_one(Member, member.id)
            assert (found.archived_at, found.organisation_id) == (None, member.organisation_id)
    assert (await desk.ask("GET", f"/imports/{done['id']}/missing?limit=2"))["next"] is not None
