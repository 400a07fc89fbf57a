"""A week that is over stays with who earned it where, whatever becomes of the tree and of the people in it."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from content.tables import read_xlsx
from tests.conftest import MovableClock
from tests.study import WEEK, Study
from tests.world import Person, World

VIEWS = (1, 10, 11, 100, 101, 110)
NEXT = "2026-W48"
Change = Callable[[httpx.AsyncClient, Person, dict[str, int]], Awaitable[httpx.Response]]


def post(path: str, **body: object) -> Change:
    """Posts a body, in which names of people stand for their ids."""

    async def change(client: httpx.AsyncClient, admin: Person, people: dict[str, int]) -> httpx.Response:
        named = {
            key: [people[name] for name in value] if isinstance(value, list) else value for key, value in body.items()
        }
        return await client.post(path.format(**people), json=named, headers=admin.auth)

    return change


CHANGES: dict[str, tuple[Change, ...]] = {
    "a branch moves": (post("/organisations/100/move", parent_id=11),),
    "a superior moves": (post("/organisations/11/move", parent_id=2),),
    "a branch moves on": (
        post("/organisations/100/move", parent_id=11),
        post("/organisations/100/move", parent_id=2),
    ),
    "a branch moves and comes back": (
        post("/organisations/100/move", parent_id=11),
        post("/organisations/100/move", parent_id=10),
    ),
    "a branch is merged": (post("/organisations/100/merger", into_id=110),),
    "a superior is merged": (post("/organisations/10/merger", into_id=11),),
    "a branch is split": (post("/organisations/100/split", name="新支部", member_ids=["one", "two"]),),
    "a member moves": (post("/members/{one}/moves", organisation_id=110),),
    "a member dies": (post("/members/{one}/archive", reason="deceased"),),
    "an emptied branch is archived": (
        post("/members/{sole}/moves", organisation_id=101),
        post("/organisations/110/archive", reason="dissolved"),
    ),
    "a new branch is created": (post("/organisations", parent_id=10, name="新支部", kind="branch"),),
    "a merged branch comes back": (
        post("/organisations/100/merger", into_id=110),
        post("/organisations/100/restoration"),
    ),
}

ARCHIVED = {"a branch is merged": {100}, "a superior is merged": {10}, "an emptied branch is archived": {110}}


async def study_a_week(world: World, clock: MovableClock) -> dict[str, int]:
    """Everybody has a week behind them that tells them apart; it is Tuesday of the next. Gives who is who."""
    study = await Study.build(world)
    issues = [await study.issue(place, quiz=place == 1) for place in (1, 10, 100, 110)]
    people = {name: await world.member(place) for name, place in (
        ("one", 100), ("two", 100), ("three", 100), ("own", 10), ("beside", 101), ("sole", 110),
    )}  # fmt: skip
    top, _, branch, other = issues
    await study.read(people["one"], *(lesson for issue in issues[:3] for lesson in issue.required))
    await study.read(people["two"], *branch.required)
    await study.read(people["own"], *top.required)
    await study.read(people["sole"], *top.required, *other.required)
    assert top.quiz is not None
    for score, name in enumerate(people, start=70):
        await study.attempt(people[name], top.quiz, score)
    clock.move(days=8)
    await study.issue(100, week=NEXT)
    return people


async def view(client: httpx.AsyncClient, leader: Person, organisation: int, week: str, by: str) -> httpx.Response:
    return await client.get(
        f"/organisations/{organisation}/completion", params={"week": week, "by": by}, headers=leader.auth
    )


async def views(client: httpx.AsyncClient, leader: Person, week: str = WEEK) -> dict[tuple[int, str], Any]:
    """The whole answers of every organisation that can be looked at."""
    found = {}
    for organisation in VIEWS:
        for by in ("organisation", "member"):
            answer = await view(client, leader, organisation, week, by)
            if answer.status_code == 200:
                found[organisation, by] = answer.json()
    return found


@pytest.mark.parametrize("what", CHANGES)
async def test_a_week_that_is_over_stays_as_it_was(
    client: httpx.AsyncClient, world: World, clock: MovableClock, what: str
) -> None:
    people = await study_a_week(world, clock)
    admin = await world.staff(("administrator", 1), ("administrator", 2), ("leader", 1), ("leader", 2))
    before = await views(client, admin)
    totals = before[1, "organisation"]["totals"]
    assert (totals["due"], totals["started"], totals["average_score"]) == (6, 4, 72.5)
    assert len(before) == 2 * len(VIEWS)
    for change in CHANGES[what]:
        clock.move(minutes=1)
        assert (await change(client, admin, people)).status_code in (200, 201)
    after = await views(client, admin)
    assert after == {key: seen for key, seen in before.items() if key in after}
    # What is archived is not looked at for itself any more; everything else is.
    assert {place for place, _ in before.keys() - after.keys()} == ARCHIVED.get(what, set())


async def rows(client: httpx.AsyncClient, leader: Person, organisation: int, week: str) -> dict[int, int]:
    """How many are due in each row."""
    answer = await view(client, leader, organisation, week, "organisation")
    assert answer.status_code == 200
    return {row["organisation_id"]: row["due"] for row in answer.json()["items"]}


async def test_the_running_week_follows_the_tree_at_once(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    people = await study_a_week(world, clock)
    admin = await world.staff(("administrator", 1), ("leader", 1))
    assert await rows(client, admin, 10, NEXT) == {10: 0, 100: 3, 101: 0}
    assert await rows(client, admin, 11, NEXT) == {110: 0}
    clock.move(minutes=1)
    await CHANGES["a branch moves"][0](client, admin, people)
    assert await rows(client, admin, 10, NEXT) == {10: 0, 101: 0}
    assert await rows(client, admin, 11, NEXT) == {100: 3, 110: 0}
    clock.move(minutes=1)
    await CHANGES["a branch is merged"][0](client, admin, people)
    assert await rows(client, admin, 11, NEXT) == {110: 0}  # the issue of 100 no longer applies to them
    assert await rows(client, admin, 10, WEEK) == {10: 1, 100: 3, 101: 1}


async def test_the_old_superior_sees_a_row_for_what_has_left_and_not_into_it(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    people = await study_a_week(world, clock)
    admin = await world.staff(("administrator", 1))
    leader = await world.staff(("leader", 10))
    clock.move(minutes=1)
    await CHANGES["a branch moves"][0](client, admin, people)
    seen = (await view(client, leader, 10, WEEK, "organisation")).json()
    assert [(row["organisation_id"], row["organisation"], row["due"]) for row in seen["items"]] == [
        (10, "本级", 1), (100, "一支部", 3), (101, "二支部", 1),
    ]  # fmt: skip
    assert [issue["organisation"] for issue in seen["issues"]] == ["示范镇党委", "东片党总支", "一支部"]
    assert (await view(client, leader, 100, WEEK, "organisation")).status_code == 404
    new = await world.staff(("leader", 11))
    assert (await view(client, new, 100, WEEK, "organisation")).json()["totals"]["due"] == 3
    assert await rows(client, new, 11, WEEK) == {110: 1}


async def test_a_change_that_is_recorded_late_moves_the_weeks_since_and_no_others(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    people = await study_a_week(world, clock)
    clock.move(weeks=1)
    admin = await world.staff(("administrator", 1), ("leader", 1))
    before = await views(client, admin)
    assert await rows(client, admin, 10, NEXT) == {10: 0, 100: 3, 101: 0}
    late = post("/organisations/100/move", parent_id=11, effective_on="2026-11-25")
    assert (await late(client, admin, people)).status_code == 200
    assert await rows(client, admin, 10, NEXT) == {10: 0, 101: 0}
    assert await rows(client, admin, 11, NEXT) == {100: 3, 110: 0}
    assert await views(client, admin) == before
    assert (await view(client, admin, 100, NEXT, "organisation")).json()["totals"]["due"] == 3


async def test_the_workbook_of_a_past_week_has_the_same_rows_as_the_screen(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    people = await study_a_week(world, clock)
    admin = await world.staff(("administrator", 1), ("leader", 1))
    clock.move(minutes=1)
    await CHANGES["a branch is merged"][0](client, admin, people)
    answer = await client.get(f"/organisations/10/completion.xlsx?week={WEEK}", headers=admin.auth)
    assert answer.status_code == 200
    by_organisation = [row for _, row in read_xlsx(answer.content, sheet="按组织")[1:]]
    assert [(row[0], row[1], row[2]) for row in by_organisation] == [
        ("10", "本级", "1"), ("100", "一支部", "3"), ("101", "二支部", "1"),
    ]  # fmt: skip
    assert len(read_xlsx(answer.content, sheet="按党员")) == 1 + 5
