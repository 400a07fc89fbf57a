"""A week that is over never changes, whatever corrections come: only the members' own late study adds to it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from app.access.principals import CurrentMember, CurrentStaff, HeldPost
from app.db.engine import transaction
from app.directory.models import Member
from app.library.lessons import lock_lesson
from app.library.versions import freeze
from app.reading.credit import Beat
from app.reading.queries import list_issues
from app.reading.service import record_progress
from app.reports import queries
from app.reports.service import get_completion
from tests.conftest import MovableClock
from tests.study import WEEK, Study, monday
from tests.world import World

READERS = 2
# What happens: a correction (substantive or not), or a reader begins or finishes.
steps = st.lists(
    st.one_of(
        st.tuples(st.just("correct"), st.booleans()),
        st.tuples(st.sampled_from(["begin", "finish"]), st.integers(0, READERS - 1)),
    ),
    max_size=6,
)


@dataclass
class Model:
    """The edition that there is, and which each reader has completed."""

    edition: int = 1
    done: list[set[int]] = field(default_factory=lambda: [set() for _ in range(READERS)])

    def count(self, asked: int) -> int:
        """How many have done what a week asks."""
        return sum(any(edition >= asked for edition in each) for each in self.done)


class Play:
    """A lesson of one issue, and its readers."""

    def __init__(self, world: World, clock: MovableClock, lesson: int, readers: list[CurrentMember]) -> None:
        self.world, self.clock, self.lesson, self.readers = world, clock, lesson, readers
        self.model, self.count = Model(), 0

    async def step(self, what: str, which: int) -> None:
        self.clock.move(seconds=1)
        self.count += 1
        if what == "correct":
            async with transaction(self.world.service.sessions) as session:
                lesson = await lock_lesson(session, self.lesson)
                lesson.title = f"第{self.count}稿"
                await freeze(session, lesson, self.clock.now, note="更正", substantive=bool(which))
            self.model.edition += bool(which)
            return
        # From the top: whoever has only begun is never done, however long they have been away since.
        await self.beat(which, 0.0)
        if what == "finish":
            self.clock.move(seconds=60)
            await self.beat(which, 1.0)
            self.model.done[which].add(self.model.edition)

    async def beat(self, which: int, position: float) -> None:
        self.count += 1
        async with transaction(self.world.service.sessions) as session:
            reader = self.readers[which]
            await record_progress(session, reader, self.lesson, Beat(position, self.count), self.clock.now)

    async def figures(self) -> set[int]:
        """How many have completed the week: as leaders, as the reminders, and as the members themselves have it."""
        staff = CurrentStaff(1, 1, "", (HeldPost("leader", 1, "/1/"),))
        now = self.clock.now
        async with self.world.service.sessions() as session:
            seen = await get_completion(session, staff, 1, WEEK, by_member=False, after=None, limit=1, now=now)
            at = queries.counted_at(WEEK, "Asia/Shanghai", now)
            left = await session.scalars(select(Member.id).where(queries.unfinished(monday(), at)))
            lists = [await list_issues(session, reader, now, after=None, limit=1) for reader in self.readers]
            own = sum(issue.completed for (issue,) in lists)
            return {seen.totals.completed, READERS - len(left.all()), own}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(during=steps, afterwards=steps)
async def test_each_week_asks_for_the_edition_that_there_was_at_its_end(
    world: World, clock: MovableClock, during: list[tuple[str, int]], afterwards: list[tuple[str, int]]
) -> None:
    clock.now = datetime(2026, 11, 16, 2, 0, tzinfo=UTC)
    async with transaction(world.service.sessions) as session:
        await session.execute(text("TRUNCATE members, issues, lessons CASCADE"))
    study = await Study.build(world)
    issue = await study.issue(1)
    ids = [await world.member(100) for _ in range(READERS)]
    readers = [CurrentMember(1, 1, "", id_, 100, "/1/10/100/", "Asia/Shanghai", False) for id_ in ids]
    play = Play(world, clock, issue.required[0], readers)
    for what, which in during:
        await play.step(what, which)
        assert await play.figures() == {play.model.count(play.model.edition)}
    asked, figures = play.model.edition, await play.figures()
    clock.now = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)  # the first moment of the next week
    assert await play.figures() == figures
    for what, which in afterwards:
        before = await play.figures()
        await play.step(what, which)
        assert await play.figures() == {play.model.count(asked)}
        if what != "finish":
            assert await play.figures() == before
