"""How questions do, over first attempts of enough people."""

from datetime import timedelta
from statistics import correlation

import httpx
import pytest
from sqlalchemy import update

from app.db.engine import transaction
from app.directory.models import Organisation
from app.resources import Service
from tests.app.library.desk import MONDAY
from tests.app.quizzes.exam import ALL, ORDERING, RIGHT_TEXTS, Exam, make_quiz
from tests.world import Person, World

KINDS = ("single", "multiple", "true_false", "fill_in", "ordering")


@pytest.fixture
async def exam(client: httpx.AsyncClient, world: World, service: Service) -> Exam:
    """A shuffled quiz with a question of each kind."""
    return await Exam.build(client, world, service, rows=[*ALL, ORDERING], attempts=2, shuffle_options=True)


async def answer(exam: Exam, who: Person, right: tuple[str, ...], **texts: list[str]) -> None:
    """An attempt with these kinds right, and other texts where they are given."""
    attempt = (await exam.open(who)).json()
    chosen = {**{kind: RIGHT_TEXTS[kind] for kind in right}, **texts}
    own = Exam(exam.client, exam.service, who, exam.issue, exam.quiz)
    if chosen:
        assert (await own.choose(attempt, chosen)).status_code == 200
    assert (await own.submit(attempt["id"])).status_code == 200


async def figures(exam: Exam, who: Person) -> dict[str, dict[str, object]]:
    found = await exam.client.get(f"/desk/quizzes/{exam.quiz}/statistics", headers=who.auth)
    assert found.status_code == 200, found.text
    return {each["question"]["kind"]: each for each in found.json()["items"]}


async def test_first_attempts_are_counted_by_question(exam: Exam, world: World) -> None:
    editor = await world.staff(("editor", 10))
    people = [await world.signed_in_member(where) for where in (100, 101, 10) for _ in range(4)]
    rights = [KINDS[: place % 6] for place in range(12)]
    for person, right in zip(people, rights, strict=True):
        wrong = {} if "single" in right else {"single": ["每月"]}
        await answer(exam, person, right, **wrong)
    await answer(exam, people[0], KINDS)  # a second attempt
    shown = await figures(exam, editor)
    assert set(shown) == set(KINDS)
    for place, kind in enumerate(KINDS):
        each = shown[kind]
        corrects = [float(kind in right) for right in rights]
        others = [len(right) - float(kind in right) for right in rights]
        assert (each["respondents"], each["respondents_needed"]) == (12, 10)
        assert each["share_correct"] == round(sum(corrects) / 12, 3)
        assert each["discrimination"] == pytest.approx(correlation(corrects, others), abs=0.001)
        assert each["unanswered"] == (0 if kind == "single" else 2 * (place + 1))
    assert shown["single"]["options"] == [
        {"letter": "A", "chosen": 2},
        {"letter": "B", "chosen": 10},
        {"letter": "C", "chosen": 0},
        {"letter": "D", "chosen": 0},
    ]
    assert [each["chosen"] for each in shown["multiple"]["options"]] == [8, 8, 8, 0]  # type: ignore[attr-defined]  # JSON
    assert (shown["fill_in"]["options"], shown["ordering"]["options"]) == ([], [])
    single = shown["single"]["question"]["id"]  # type: ignore[index]  # JSON
    alone = await exam.client.get(f"/questions/{single}/statistics", headers=editor.auth)
    assert alone.json() == shown["single"]


async def test_few_people_are_not_told_apart(exam: Exam, world: World) -> None:
    editor = await world.staff(("editor", 10))
    for _ in range(9):
        await answer(exam, await world.signed_in_member(100), ("single",))
    each = (await figures(exam, editor))["single"]
    assert each["respondents"] == 9
    hidden = ("share_correct", "discrimination", "options", "unanswered")
    assert [each[name] for name in hidden] == [None] * 4
    await answer(exam, await world.signed_in_member(100), ("single",))
    each = (await figures(exam, editor))["single"]
    # All had it right: that tells nobody from anybody.
    assert (each["share_correct"], each["discrimination"]) == (1.0, None)


async def test_practice_organisations_and_open_attempts_are_not_counted(
    exam: Exam, world: World, service: Service
) -> None:
    editor = await world.staff(("editor", 10))
    for _ in range(10):
        await answer(exam, await world.signed_in_member(100), KINDS)
    for _ in range(5):
        await answer(exam, await world.signed_in_member(101), ())
    await exam.open(await world.signed_in_member(100))
    assert (await figures(exam, editor))["single"]["respondents"] == 15
    async with transaction(service.sessions) as session:
        await session.execute(update(Organisation).where(Organisation.id == 101).values(practice=True))
    each = (await figures(exam, editor))["single"]
    assert (each["respondents"], each["share_correct"]) == (10, 1.0)


async def test_figures_are_for_the_desk_in_reach(exam: Exam, world: World, service: Service) -> None:
    await exam.open()
    question_id = (await exam.open()).json()["questions"][0]["id"]
    paths = (f"/desk/quizzes/{exam.quiz}/statistics", f"/questions/{question_id}/statistics")
    for role, where, status in (("editor", 10, 200), ("reviewer", 1, 200), ("editor", 11, 404), ("editor", 100, 404)):
        person = await world.staff((role, where))
        answers = [await exam.client.get(path, headers=person.auth) for path in paths]
        assert [each.status_code for each in answers] == [status, status], (role, where)


async def test_a_question_is_counted_over_all_its_quizzes(
    exam: Exam, client: httpx.AsyncClient, world: World, service: Service
) -> None:
    editor = await world.staff(("editor", 10))
    drawn_issue = await make_quiz(
        service, 10, editor.id, week=MONDAY + timedelta(weeks=1), rows=[], draw=[{"count": 5}]
    )
    people = [await world.signed_in_member(100) for _ in range(10)]
    quiz = (await client.get(f"/issues/{drawn_issue}/quiz", headers=people[0].auth)).json()
    other = Exam(client, service, people[0], drawn_issue, quiz["id"])
    for place, person in enumerate(people):
        await answer(exam if place % 2 else other, person, ("single",) if place % 2 else ())
    single = (await figures(exam, editor))["single"]
    assert single["respondents"] == 5
    path = f"/questions/{single['question']['id']}/statistics"  # type: ignore[index]  # JSON
    both = (await client.get(path, headers=editor.auth)).json()
    assert (both["respondents"], both["share_correct"]) == (10, 0.5)
