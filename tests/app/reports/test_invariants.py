"""The figures of small random worlds are those of a slow model in plain Python."""

import itertools
from dataclasses import dataclass
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import RowMapping, select, text

from app.db.engine import transaction
from app.directory.models import Member
from app.reports import queries
from tests.study import Study, StudyIssue, monday
from tests.world import TREE, World

PATHS = {id_: path for id_, _, path, _, _ in TREE}
# Half a tenth is lost by rounding; the database divides with 16 digits.
TENTH = Fraction(1, 20) + Fraction(1, 10**9)
PLACES = st.sampled_from(sorted(PATHS))


@dataclass
class Plan:
    """A member to be: what they read (by chance) and scored."""

    place: int
    exempt: bool
    reads: list[bool | None]  # per lesson: completed, begun or not at all
    scores: list[list[int]]  # per quiz


@dataclass
class IssuePlan:
    """An issue to be."""

    place: int
    required: int
    optional: int
    quiz: bool
    published: bool


members = st.builds(
    Plan,
    PLACES,
    st.sampled_from([False, False, True]),
    st.lists(st.sampled_from([True, True, False, None]), min_size=12, max_size=12),
    st.lists(st.lists(st.integers(0, 100), max_size=2), min_size=4, max_size=4),
)
issues = st.lists(
    st.builds(
        IssuePlan,
        PLACES,
        st.integers(0, 2),
        st.integers(0, 1),
        st.booleans(),
        st.sampled_from([True, True, True, False]),
    ),
    max_size=4,
    unique_by=lambda plan: plan.place,
)


@dataclass
class Model:
    """What should be said of one member."""

    due: bool
    started: bool
    completed: bool
    quiz_passed: bool
    score: Fraction | None


def judge(plan: Plan, made: list[tuple[IssuePlan, StudyIssue]]) -> Model:
    """The rules, as the specification has them."""
    lessons = [lesson for _, issue in made for lesson in issue.lessons]
    quizzes = [issue.quiz for _, issue in made if issue.quiz is not None]
    read = dict(zip(lessons, plan.reads, strict=False))
    scores = dict(zip(quizzes, plan.scores, strict=False))
    mine = [issue for wish, issue in made if wish.published and PATHS[plan.place].startswith(PATHS[wish.place])]
    best = [max(scores[issue.quiz]) for issue in mine if issue.quiz is not None and scores[issue.quiz]]
    tests = [issue.quiz for issue in mine if issue.quiz is not None]
    return Model(
        due=bool(mine) and not plan.exempt,
        started=any(read[lesson] is not None for issue in mine for lesson in issue.lessons),
        completed=bool(mine) and all(read[lesson] for issue in mine for lesson in issue.required),
        quiz_passed=bool(tests) and all(any(score >= 60 for score in scores[test]) for test in tests),
        score=Fraction(sum(best), len(best)) if best else None,
    )


async def realise(
    study: Study, plans: list[Plan], wishes: list[IssuePlan]
) -> tuple[list[int], list[tuple[IssuePlan, StudyIssue]]]:
    """Writes the plan to the tables."""
    world = study.world
    async with transaction(world.service.sessions) as session:
        await session.execute(text("TRUNCATE members, issues, lessons CASCADE"))
    made = [
        (
            wish,
            await study.issue(
                wish.place, required=wish.required, optional=wish.optional, quiz=wish.quiz,
                state="published" if wish.published else "withdrawn",
            ),
        )
        for wish in wishes
    ]  # fmt: skip
    lessons = [lesson for _, issue in made for lesson in issue.lessons]
    quizzes = [issue.quiz for _, issue in made if issue.quiz is not None]
    ids = []
    for plan in plans:
        member = await world.member(plan.place, exempt_reason="病" if plan.exempt else None)
        ids.append(member)
        for lesson, read in zip(lessons, plan.reads, strict=False):
            if read is not None:
                await study.read(member, lesson, completed=read)
        for quiz, scores in zip(quizzes, plan.scores, strict=False):
            for number, score in enumerate(scores, start=1):
                await study.attempt(member, quiz, score, number)
    return ids, made


def check_figures(row: RowMapping, models: list[Model]) -> None:
    due = [model for model in models if model.due]
    counted = {name: row[name] for name in ("due", "started", "completed", "quiz_passed")}
    assert counted == {
        "due": len(due),
        "started": sum(model.started for model in due),
        "completed": sum(model.completed for model in due),
        "quiz_passed": sum(model.quiz_passed for model in due),
    }
    scores = [model.score for model in due if model.score is not None]
    average = row["average_score"]
    assert (average is None) == (not scores)
    if scores:
        assert abs(Fraction(average) - sum(scores, Fraction()) / len(scores)) <= TENTH
        assert Fraction(average) * 10 == int(average * 10)


@pytest.fixture
async def study(world: World) -> Study:
    return await Study.build(world)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plans=st.lists(members, max_size=5), wishes=issues, root=PLACES)
async def test_the_figures_are_those_of_the_slow_model(
    study: Study, plans: list[Plan], wishes: list[IssuePlan], root: int
) -> None:
    ids, made = await realise(study, plans, wishes)
    model = {member: (plan, judge(plan, made)) for member, plan in zip(ids, plans, strict=True)}
    path = PATHS[root]
    below = {member: known for member, known in model.items() if PATHS[known[0].place].startswith(path)}
    async with study.world.service.sessions() as session:
        counted = await queries.count_completion(session, path, monday())
        listed = await queries.list_study(session, path, monday(), after=None, limit=None)
        left = set(await session.scalars(select(Member.id).where(queries.unfinished(monday()))))
    (total,) = [row for row in counted if row["total"]]
    check_figures(total, [judged for _, judged in below.values()])
    groups = {
        branch: [judged for _, judged in group]
        for branch, group in itertools.groupby(
            sorted(below.values(), key=lambda known: branch_of(known[0], path) or ""),
            lambda known: branch_of(known[0], path),
        )
    }
    assert {row["child"] for row in counted if not row["total"]} == set(groups)
    for row in counted:
        if not row["total"]:
            check_figures(row, groups[row["child"]])
    assert [row["member_id"] for row in listed] == sorted(below, key=lambda id_: (PATHS[below[id_][0].place], id_))
    for row in listed:
        judged = below[row["member_id"]][1]
        assert (row["due"], row["started"], row["completed"], row["quiz_passed"]) == (
            judged.due, judged.started, judged.completed, judged.quiz_passed,
        )  # fmt: skip
    assert left == {member for member, (_, judged) in model.items() if judged.due and not judged.completed}


def branch_of(plan: Plan, path: str) -> str | None:
    """The child of the organisation at `path` that the member belongs to."""
    return PATHS[plan.place].removeprefix(path).split("/")[0] or None
