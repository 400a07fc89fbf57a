"""Inserts issues, lessons, quizzes, progress and attempts straight into the tables, for tests of their figures."""

from dataclasses import dataclass, field
from datetime import date

from app.db.engine import transaction
from app.library.models import Issue, IssueLesson, Lesson, LessonVersion
from app.quizzes.models import Attempt, Quiz
from app.reading.models import ReadingProgress
from app.records.models import RecordedStudy
from app.schemas import monday_of
from tests.world import World

WEEK = "2026-W47"  # the week of the movable clock's beginning


@dataclass
class StudyIssue:
    """An issue with the ids of what belongs to it."""

    id: int
    organisation_id: int
    week: str
    required: list[int] = field(default_factory=list)
    optional: list[int] = field(default_factory=list)
    quiz: int | None = None

    @property
    def lessons(self) -> list[int]:
        """All lessons."""
        return self.required + self.optional


@dataclass
class Study:
    """Makes and studies issues; `author_id` writes everything."""

    world: World
    author_id: int

    @classmethod
    async def build(cls, world: World) -> "Study":
        """With an author of its own."""
        return cls(world, (await world.staff(("editor", 1))).id)

    async def lesson(self, organisation_id: int) -> int:
        """A published lesson; gives the id."""
        now = self.world.service.clock()
        texts = {"title": "课", "summary": "", "source": "来源", "article": "", "source_url": ""}
        async with transaction(self.world.service.sessions) as session:
            lesson = Lesson(
                organisation_id=organisation_id, author_id=self.author_id, changed_by=self.author_id, markdown="正文",
                html="<p>正文</p>",
                nodes=[], characters=2, created_at=now, updated_at=now, **texts,
            )  # fmt: skip
            session.add(lesson)
            await session.flush()
            version = LessonVersion(
                lesson_id=lesson.id, number=1, html="<p>正文</p>", nodes=[], characters=2, required_seconds=60,
                created_at=now, **texts,
            )  # fmt: skip
            session.add(version)
            await session.flush()
            lesson.current_version_id = version.id
            return lesson.id

    async def issue(
        self,
        organisation_id: int,
        *,
        week: str = WEEK,
        required: int = 1,
        optional: int = 0,
        shared: list[int] | None = None,
        quiz: bool = False,
        state: str = "published",
    ) -> StudyIssue:
        """An issue with new lessons, required and optional, and those of `shared` (required) as well."""
        now = self.world.service.clock()
        needed = [await self.lesson(organisation_id) for _ in range(required)] + (shared or [])
        further = [await self.lesson(organisation_id) for _ in range(optional)]
        async with transaction(self.world.service.sessions) as session:
            row = Issue(
                organisation_id=organisation_id, week=monday_of(week), title=f"学习{organisation_id}", summary="",
                state=state, author_id=self.author_id, published_at=now, created_at=now, updated_at=now,
            )  # fmt: skip
            session.add(row)
            await session.flush()
            session.add_all(
                IssueLesson(issue_id=row.id, lesson_id=lesson, position=position, required=lesson in needed)
                for position, lesson in enumerate(needed + further)
            )
            made = StudyIssue(row.id, organisation_id, week, needed, further)
            if quiz:
                test = Quiz(issue_id=row.id, title="测验", pass_mark=60, attempts_allowed=9, created_at=now)
                session.add(test)
                await session.flush()
                made.quiz = test.id
            return made

    async def read(self, member_id: int, *lessons: int, completed: bool = True) -> None:
        """The member reads lessons, to the end or not."""
        now = self.world.service.clock()
        async with transaction(self.world.service.sessions) as session:
            session.add_all(
                ReadingProgress(
                    member_id=member_id, lesson_id=lesson, position=1.0 if completed else 0.5, credited_ms=1000,
                    recent=[], started_at=now, heartbeat_at=now, completed_at=now if completed else None,
                )
                for lesson in lessons
            )  # fmt: skip

    async def attempt(self, member_id: int, quiz_id: int, score: int | None, number: int = 1) -> None:
        """An attempt of the member; without a score it is still open."""
        now = self.world.service.clock()
        async with transaction(self.world.service.sessions) as session:
            session.add(
                Attempt(
                    quiz_id=quiz_id, member_id=member_id, number=number, seed=0, question_ids=[], answers={},
                    started_at=now,
                    submitted_at=None if score is None else now, score=score,
                    passed=None if score is None else score >= 60,
                )
            )  # fmt: skip

    async def on_paper(self, member_id: int, issue_id: int, lesson_id: int, *, completes: bool = True) -> None:
        """Has a leader's record that the lesson was read on paper today."""
        now = self.world.service.clock()
        async with transaction(self.world.service.sessions) as session:
            session.add(
                RecordedStudy(
                    member_id=member_id, issue_id=issue_id, lesson_id=lesson_id, edition=1, way="paper",
                    studied_on=now.date(), completes=completes, recorded_by=self.author_id, recorded_at=now,
                )
            )  # fmt: skip


def monday(week: str = WEEK) -> date:
    """The Monday that the tables keep."""
    return monday_of(week)
