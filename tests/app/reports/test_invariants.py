"""The figures of small random worlds are those of a slow model in plain Python."""

import itertools
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import RowMapping, select, text

from app.access.principals import CurrentStaff, HeldPost
from app.db.engine import transaction
from app.directory.models import Member
from app.errors import Conflict
from app.organisations.placing import displace_members, place_members
from app.organisations.tree.moving import move_organisation
from app.organisations.tree.schemas import OrganisationMoveIn
from app.reports import queries
from app.reports.schemas import OrganisationRow
from app.reports.service import get_completion
from tests.conftest import MovableClock
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
    papers: list[bool | None]  # per lesson: recorded as read on paper, where that counts or not, or not at all
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
    st.lists(st.sampled_from([False, True, None]), min_size=12, max_size=12),
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
    recorded: bool
    quiz_passed: bool
    score: Fraction | None


def judge(plan: Plan, made: list[tuple[IssuePlan, StudyIssue]]) -> Model:
    """The rules, as the specification has them."""
    lessons = [lesson for _, issue in made for lesson in issue.lessons]
    quizzes = [issue.quiz for _, issue in made if issue.quiz is not None]
    read = dict(zip(lessons, plan.reads, strict=False))
    papers = dict(zip(lessons, plan.papers, strict=False))
    scores = dict(zip(quizzes, plan.scores, strict=False))
    mine = [issue for wish, issue in made if wish.published and PATHS[plan.place].startswith(PATHS[wish.place])]
    best = [max(scores[issue.quiz]) for issue in mine if issue.quiz is not None and scores[issue.quiz]]
    tests = [issue.quiz for issue in mine if issue.quiz is not None]
    return Model(
        due=bool(mine) and not plan.exempt,
        started=any(read[lesson] is not None or papers[lesson] for issue in mine for lesson in issue.lessons),
        completed=bool(mine) and all(read[lesson] or papers[lesson] for issue in mine for lesson in issue.required),
        recorded=any(papers[lesson] and not read[lesson] for issue in mine for lesson in issue.required),
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
    placed = [(issue.id, lesson) for _, issue in made for lesson in issue.lessons]
    quizzes = [issue.quiz for _, issue in made if issue.quiz is not None]
    ids = []
    for plan in plans:
        member = await world.member(plan.place, exempt_reason="病" if plan.exempt else None)
        ids.append(member)
        for lesson, read in zip(lessons, plan.reads, strict=False):
            if read is not None:
                await study.read(member, lesson, completed=read)
        for (issue_id, lesson), counts in zip(placed, plan.papers, strict=False):
            if counts is not None:
                await study.on_paper(member, issue_id, lesson, completes=counts)
        for quiz, scores in zip(quizzes, plan.scores, strict=False):
            for number, score in enumerate(scores, start=1):
                await study.attempt(member, quiz, score, number)
    return ids, made


def check_figures(row: RowMapping, models: list[Model]) -> None:
    due = [model for model in models if model.due]
    counted = {name: row[name] for name in ("due", "started", "completed", "recorded", "quiz_passed")}
    assert counted == {
        "due": len(due),
        "started": sum(model.started for model in due),
        "completed": sum(model.completed for model in due),
        "recorded": sum(model.completed and model.recorded for model in due),
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
        seen = queries.Standpoint(path, False, monday(), study.world.service.clock())
        counted = await queries.count_completion(session, seen)
        listed = await queries.list_study(session, seen, after=None, limit=None)
        left = set(
            await session.scalars(select(Member.id).where(queries.unfinished(monday(), study.world.service.clock())))
        )
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


WEEKS = ("2026-W46", "2026-W47", "2026-W48")
BRANCHES = st.sampled_from([100, 101, 110, 20])


@dataclass
class Itinerary:
    """Where a member is in each week (None: not on the roster any more), and which weeks' lessons they have read."""

    places: list[int | None]
    reads: list[bool]


# Who is archived stays so; restoring is the business of another model.
itineraries = st.builds(
    lambda first, later, reads: Itinerary([first, *itertools.takewhile(bool, later), None, None][:3], reads),
    BRANCHES,
    st.lists(st.one_of(st.none(), BRANCHES), min_size=2, max_size=2),
    st.lists(st.booleans(), min_size=3, max_size=3),
)
tree_moves = st.lists(
    st.one_of(
        st.tuples(BRANCHES, st.sampled_from([1, 2, 10, 11])),
        st.tuples(st.sampled_from([10, 11]), st.sampled_from([1, 2])),
    ),
    max_size=3,
)


# A row of the figures and the name of one of them.
Row = tuple[int, str]


def path_in(parents: dict[int, int | None], place: int) -> str:
    """The path of a place in a tree of the model."""
    parent = parents[place]
    return f"{path_in(parents, parent) if parent else '/'}{place}/"


async def reset(world: World) -> None:
    """The tree and the roster as they were at first."""
    async with transaction(world.service.sessions) as session:
        await session.execute(text("TRUNCATE members, issues, lessons, organisation_changes CASCADE"))
        for id_, parent, path, _, _ in TREE:
            values = {"id": id_, "parent": parent, "path": path}
            await session.execute(
                text("UPDATE organisations SET parent_id = :parent, path = :path WHERE id = :id"), values
            )


async def move_everybody(world: World, clock: MovableClock, ids: list[int], plans: list[Itinerary], week: int) -> None:
    """Has the members go where they are in the week, in the tree as it is now."""
    for member, plan in zip(ids, plans, strict=True):
        place = plan.places[week]
        async with transaction(world.service.sessions) as session:
            if place is not None:
                await place_members(session, [member], place, clock.now)
            elif plan.places[week - 1] is not None:
                await displace_members(session, [member], clock.now)
                (await session.get_one(Member, member)).archived_at = clock.now


def rows_of(plans: list[Itinerary], week: int, tree: dict[int, int | None], publisher: int, root: int) -> Counter[Row]:
    """Who is due and who has completed in each row as the model has it, without zeros; row 0 is the total."""
    rows: Counter[Row] = Counter()
    for plan in plans:
        place = plan.places[week]
        path = path_in(tree, place) if place is not None else ""
        if f"/{root}/" in path and f"/{publisher}/" in path:
            below = [int(part) for part in path.split(f"/{root}/")[1].split("/") if part]
            for row in (0, below[0] if below else root):
                rows[row, "due"] += 1
                rows[row, "completed"] += plan.reads[week]
    return +rows


async def seen_rows(world: World, staff: CurrentStaff, root: int, week: str) -> Counter[Row]:
    """The same as the product has it."""
    async with world.service.sessions() as session:
        seen = await get_completion(
            session, staff, root, week, by_member=False, after=None, limit=1, now=world.service.clock()
        )
    figures = [
        (0, seen.totals),
        *((row.organisation_id, row) for row in seen.items if isinstance(row, OrganisationRow)),
    ]
    return +Counter({(row, name): getattr(of, name) for row, of in figures for name in ("due", "completed")})


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    plans=st.lists(itineraries, max_size=4),
    publishers=st.lists(PLACES, min_size=3, max_size=3),
    moves=st.lists(tree_moves, min_size=2, max_size=2),
)
async def test_each_week_is_counted_in_the_tree_in_which_it_ended(
    study: Study,
    clock: MovableClock,
    plans: list[Itinerary],
    publishers: list[int],
    moves: list[list[tuple[int, int]]],
) -> None:
    world, clock.now = study.world, datetime(2026, 11, 9, 2, tzinfo=UTC)
    await reset(world)
    parents: dict[int, int | None] = {id_: parent for id_, parent, *_ in TREE}
    staff = CurrentStaff(
        1, 1, "", tuple(HeldPost(role, top, f"/{top}/") for role in ("leader", "administrator") for top in (1, 2))
    )
    issues = [await study.issue(place, week=week) for place, week in zip(publishers, WEEKS, strict=True)]
    ids = []
    for plan in plans:
        assert plan.places[0] is not None
        ids.append(await world.member(plan.places[0]))
        await study.read(ids[-1], *(issue.required[0] for issue, read in zip(issues, plan.reads, strict=True) if read))
    trees = [dict(parents)]
    for week in (1, 2):
        clock.move(days=7)
        for organisation, parent in moves[week - 1]:
            with suppress(Conflict):
                async with transaction(world.service.sessions) as session:
                    body = OrganisationMoveIn(parent_id=parent)
                    await move_organisation(session, staff, organisation, body, clock.move(hours=1))
                parents[organisation] = parent
        await move_everybody(world, clock, ids, plans, week)
        trees.append(dict(parents))
    for week, name in enumerate(WEEKS):
        for root in parents:
            expected = rows_of(plans, week, trees[week], publishers[week], root)
            assert await seen_rows(world, staff, root, name) == expected, (name, root)
